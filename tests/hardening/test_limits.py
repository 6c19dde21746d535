"""How much may be asked: buckets, who stands before which, and the answer to who asks for too much."""

from dataclasses import dataclass, replace

import pytest

from api.installation import InstallationError, read_configuration
from api.limits import RATES, Limits, LimitsInvalid, Rate, kind_of, limits_from
from tests.web.front import Front, words

FEW = {kind: Rate(60, 5) for kind in RATES}


@dataclass
class Seconds:
    """A clock that goes on when it is told to."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


def few(now: Seconds, **more: int) -> Limits:
    """Five at once, one a second; an address twice as much."""
    return Limits(FEW, 2, now, **more)


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    now = Seconds()
    limits = few(now)
    assert [limits.take("page", "a") for _ in range(5)] == [0.0] * 5
    assert limits.take("page", "a") == pytest.approx(1.0)
    assert limits.take("page", "b") == 0.0
    now.at += 1.0
    assert limits.take("page", "a") == 0.0
    assert limits.take("page", "a") == pytest.approx(1.0)
    now.at += 3_600
    assert [limits.take("page", "a") for _ in range(6)][-2:] == [0.0, pytest.approx(1.0)]


def test_whoever_invents_cookies_has_the_bucket_of_his_address_against_him() -> None:
    limits = few(Seconds())
    waits = [limits.wait("page", f"invented-{number}", "10.0.0.9") for number in range(30)]
    assert waits.count(0.0) == 10
    assert limits.wait("page", "honest", "10.0.0.8") == 0.0


def test_a_known_device_is_not_held_up_by_strangers_at_its_address() -> None:
    limits = few(Seconds())
    assert limits.wait("intake", "device", "10.0.0.9") == 0.0
    limits.met("device", taken=True)
    for number in range(30):
        if not limits.wait("intake", f"stranger-{number}", "10.0.0.9"):
            limits.met(f"stranger-{number}", taken=False)
    assert limits.wait("intake", "stranger-1", "10.0.0.9") > 0
    assert [limits.wait("intake", "device", "10.0.0.9") for _ in range(4)] == [0.0] * 4
    assert limits.wait("intake", "device", "10.0.0.9") > 0
    limits.met("device", taken=False)
    assert limits.wait("intake", "device", "10.0.0.9") > 0


def test_what_is_kept_is_bounded_and_the_busy_are_not_forgotten() -> None:
    limits = few(Seconds(), buckets_max=100)
    for number in range(1_000):
        limits.wait("page", f"s{number}", "10.0.0.9")
        limits.take("rest", f"t{number}")
    assert len(limits._full_at) == 100
    assert limits.wait("page", "another", "10.0.0.9") > 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/static/css/base.css", "static"),
        ("/overview", "page"),
        ("/carriers/7", "page"),
        ("/search", "search"),
        ("/desk", "search"),
        ("/rounds/QD-1/scan", "search"),
        ("/balance.xlsx", "export"),
        ("/acts/JY-1/form", "export"),
        ("/api/v1/carriers", "rest"),
        ("/api/v1/carriers/search", "search"),
        ("/api/v1/intake", "intake"),
        ("/api/v1/handheld/reads", "intake"),
        ("/csp-report", "report"),
    ],
)
def test_the_kind_of_a_route(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def limited(front: Front, limits: Limits) -> None:
    front.app.state.services = replace(front.app.state.services, limits=limits)


def test_too_much_is_answered_in_words_and_nothing_is_done(front: Front) -> None:
    now = Seconds()
    browser, program = front.signed_in("clerk"), front.program("manager")
    limited(front, few(now))
    for _ in range(5):
        assert browser.get("/me").status_code == 200
    answer = browser.get("/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "Please wait" in words(answer.text)
    assert "1 s" in words(answer.text)
    assert "Content-Security-Policy" in answer.headers
    # Another kind of route, and another session, have buckets of their own.
    assert browser.get("/static/css/base.css").status_code == 200
    for _ in range(5):
        assert program.http.get("/api/v1/places").status_code == 200
    refused = program.http.get("/api/v1/places")
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:custody:problem:too_many")
    now.at += 1.0
    assert browser.get("/me").status_code == 200


def test_an_intake_of_the_defaults_takes_a_late_burst(front: Front) -> None:
    """A daemon that was cut off for a day brings 1,000 batches at once."""
    limits = Limits(now=Seconds())
    assert not any(limits.wait("intake", "device", "10.0.0.9") for _ in range(1_000))
    assert front.app.state.services.limits is None


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("addresses = 0", "limits.addresses"),
        ("pages = {per_minute = 1, burst = 1}", "limits.pages is not known"),
        ("page = 7", "limits.page must be"),
        ("page = {per_minute = 7}", "limits.page must be"),
        ("page = {per_minute = true, burst = 1}", "limits.page.per_minute"),
    ],
)
def test_a_wrong_limit_is_named(section: str, said: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data")
    (folder / "custody.toml").write_text(f"[limits]\n{section}\n", encoding="utf-8")
    with pytest.raises(InstallationError, match=said):
        read_configuration(folder)


def test_limits_are_configured() -> None:
    found = limits_from({"addresses": 3, "page": {"per_minute": 7, "burst": 2}})
    assert (found.addresses, found.rates["page"], found.rates["rest"]) == (3, Rate(7, 2), RATES["rest"])
    with pytest.raises(LimitsInvalid):
        limits_from({"page": {"per_minute": 7, "burst": 2, "more": 1}})
