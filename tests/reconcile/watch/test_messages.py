"""Messages by a relay that refuses, delays and drops: each goes out, is known again when twice, or is given up."""

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.certificates import issue, make_authority
from api.letters import worded
from custody import clock
from custody.store import accounts
from custody.values import DAY
from reconcile.calendar import EVERY_DAY, Calendar, Hours, china
from reconcile.digests import Digest, Figure
from reconcile.messages import BACK_OFF_SECONDS, LEASE_SECONDS, Post, queue_digests, queue_trial
from reconcile.smtp import Later, MailInvalid, Relay, inside, open_session, relay_from
from reconcile.store import messages as store
from reconcile.store import notices
from reconcile.store.messages import MESSAGE
from reconcile.store.notices import Telling
from tests.builders import NOW, PEOPLE, SCHEME
from tests.reconcile.findings.scene import Scene
from tests.reconcile.watch.relay import RelayServer

DIGEST = Digest(0, (Figure("overdue", "overdue_loan", 2, 3), Figure("new", "", 1)))
AWAKE = Hours(quiet_from=0, quiet_until=0)


def relay_to(server: RelayServer, **changes: Any) -> Relay:
    """The configuration that reaches a server."""
    plain: dict[str, Any] = {"port": server.port, "security": "none", "timeout_seconds": 5.0}
    return Relay("localhost", "custody@archive.lan", ("archive.lan",), **(plain | changes))


def a_post(
    scene: Scene, relay: Relay, owner: str = "one", hours: Hours = AWAKE, calendar: Calendar = EVERY_DAY
) -> Post:
    """A server's post."""
    here: Any = lambda _host, _port: ["127.0.0.1"]  # noqa: E731
    words = partial(worded, SCHEME)
    return Post(scene.database, SCHEME, relay, words, scene.clock, owner, calendar, hours, here)


def queued(scene: Scene, *people: str, hours: Hours = AWAKE) -> None:
    """Messages of the day wait for these people, who have accounts and addresses."""
    with scene.database.writing() as connection:
        for who in people:
            store.set_address(connection, PEOPLE[who], f"{who}@archive.lan", scene.now)
        made = [Digest(PEOPLE[who], DIGEST.figures) for who in people]
        queue_digests(connection, made, SCHEME, EVERY_DAY, hours, scene.now)


def rows(scene: Scene) -> list[Any]:
    """Every message, in the order in which they were queued."""
    with scene.database.reading() as connection:
        return list(connection.execute(select(MESSAGE).order_by(MESSAGE.c.id)))


def outcomes(scene: Scene) -> list[tuple[str, int, str]]:
    """What became of each message: outcome, tries, what went wrong."""
    return [(row.outcome, row.tries, row.said) for row in rows(scene)]


def told(scene: Scene, who: str) -> list[str]:
    """Kinds of somebody's notices."""
    return [one.kind for one in scene.inbox(who)]


def test_a_message_goes_out_once_in_the_language_of_who_gets_it(scene: Scene, server: RelayServer) -> None:
    with scene.database.writing() as connection:
        accounts.set_language(connection, PEOPLE["manager"], "en")
    queued(scene, "clerk", "manager")
    queued(scene, "clerk", "manager")
    post = a_post(scene, relay_to(server))
    assert (post.run(scene.now), post.run(scene.now)) == ("sent 2, later 0, failed 0", "nothing")
    clerk, manager = server.taken
    assert (clerk["To"], manager["To"]) == ("clerk@archive.lan", "manager@archive.lan")
    assert server.envelopes[0] == ("FROM:<custody@archive.lan>", ["TO:<clerk@archive.lan>"])
    assert "2 项逾期" in clerk["Subject"]
    assert "2 overdue" in manager["Subject"]
    assert "Overdue: 2 (the longest 3 days)" in manager.get_content()
    assert clerk["Auto-Submitted"] == "auto-generated"
    assert clerk["Message-ID"].endswith(f"@{SCHEME.ledger_origin}>")
    assert clerk["Message-ID"] != manager["Message-ID"]
    assert server.sessions == 1


def test_who_has_no_address_or_no_account_any_more_gets_nothing(scene: Scene, server: RelayServer) -> None:
    queued(scene, "clerk", "manager")
    with scene.database.writing() as connection:
        store.set_address(connection, PEOPLE["clerk"], "", scene.now)
        store.set_address(connection, PEOPLE["manager"], "manager@elsewhere.example", scene.now)
        queue_trial(connection, PEOPLE["sun"], SCHEME, scene.now)
    a_post(scene, relay_to(server)).run(scene.now)
    assert {row.outcome for row in rows(scene)} == {"no_address"}
    assert server.taken == []


@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [
        ("RCPT", "550 nobody of that name", ("refused", 1, "550")),
        ("MESSAGE", "554 not this", ("refused", 1, "554")),
        ("RCPT", "450 mailbox busy", ("", 1, "450")),
        ("MESSAGE", "451 later", ("", 1, "451")),
        ("DATA", "452 no room", ("", 1, "452")),
        ("MAIL", "550 who are you", ("", 1, "550")),
        ("CONNECT", "554 no service", ("", 1, "554")),
    ],
)
def test_what_the_relay_will_never_take_is_given_up_and_the_rest_is_tried_again(
    scene: Scene, server: RelayServer, verb: str, answer: str, outcome: tuple[str, int, str]
) -> None:
    queued(scene, "clerk")
    post = a_post(scene, relay_to(server))
    server.answers(verb, answer)
    post.run(scene.now)
    assert outcomes(scene) == [outcome]
    assert told(scene, "admin") == (["mail_failing"] if outcome[0] else [])
    server.goes_well()
    scene.wait(BACK_OFF_SECONDS[0] - 1)
    post.run(scene.now)
    assert server.taken == []
    scene.wait(2)
    post.run(scene.now)
    assert len(server.taken) == (0 if outcome[0] else 1)


def test_one_that_is_refused_does_not_hold_up_the_others(scene: Scene, server: RelayServer) -> None:
    queued(scene, "clerk", "manager", "secrecy")
    server.answers_once("RCPT", "550 nobody", "450 later")
    assert a_post(scene, relay_to(server)).run(scene.now) == "sent 1, later 1, failed 1"
    assert [row.outcome for row in rows(scene)] == ["refused", "", "sent"]


def test_a_connection_that_breaks_after_the_message_was_taken_sends_it_again_and_one_can_tell(
    scene: Scene, server: RelayServer
) -> None:
    queued(scene, "clerk")
    server.drops_after_data = 1
    post = a_post(scene, relay_to(server))
    post.run(scene.now)
    assert outcomes(scene) == [("", 1, "broken_off")]
    scene.wait(BACK_OFF_SECONDS[0] + 1)
    post.run(scene.now)
    assert outcomes(scene) == [("sent", 2, "")]
    first, again = server.taken
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Date"] == again["Date"]


def test_a_relay_that_is_away_is_waited_for_days_and_the_administrator_hears_of_it(
    scene: Scene, server: RelayServer
) -> None:
    queued(scene, "clerk")
    server.answers("CONNECT", "421 closed")
    post = a_post(scene, relay_to(server))
    for _ in range(20):
        post.run(scene.now)
        scene.wait(3_600 * 4)
    assert outcomes(scene) == [("", 20, "421")]
    assert set(told(scene, "admin")) == {"mail_failing"}
    scene.ticking.days(3)
    post.run(scene.now)
    assert outcomes(scene) == [("given_up", 21, "421")]


def test_one_message_that_is_never_taken_is_given_up_after_its_tries(scene: Scene, server: RelayServer) -> None:
    queued(scene, "clerk")
    server.answers("RCPT", "450 busy")
    post = a_post(scene, relay_to(server))
    tries = SCHEME.number("mail_tries_max")
    for _ in range(tries + 2):
        post.run(scene.now)
        scene.wait(BACK_OFF_SECONDS[-1] + 1)
    assert outcomes(scene) == [("given_up", tries, "450")]


def test_at_night_only_what_is_to_be_done_at_once_goes_out(scene: Scene, server: RelayServer) -> None:
    # Given a relay at which today's notices are sent by themselves too, and a Friday night
    post = a_post(scene, relay_to(server, at_once=1), hours=Hours(), calendar=china())
    queued(scene, "clerk", "manager", hours=Hours())
    post.run(scene.now)
    assert len(server.taken) == 2
    scene.wait(10 * 3_600)
    # When something urgent, something for today and something for the week are told
    with scene.database.writing() as connection:
        for who, kind in (("clerk", "emergency"), ("manager", "recalled"), ("secrecy", "due_soon")):
            store.set_address(connection, PEOPLE[who], f"{who}@archive.lan", scene.now)
            notices.tell(connection, [Telling(PEOPLE[who], kind, about=f"{kind}:1")], scene.now)
    post.run(scene.now)
    # Then the first goes out at once, the second on Monday morning, the third with the day's message
    assert [one["To"] for one in server.taken[2:]] == ["clerk@archive.lan"]
    scene.ticking.days(2)
    post.run(scene.now)
    assert len(server.taken) == 3
    scene.wait(14 * 3_600)
    post.run(scene.now)
    assert [one["To"] for one in server.taken[3:]] == ["manager@archive.lan"]


def test_what_was_told_before_there_was_a_relay_is_no_news(scene: Scene, server: RelayServer) -> None:
    with scene.database.writing() as connection:
        store.set_address(connection, PEOPLE["clerk"], "clerk@archive.lan", scene.now)
        notices.tell(connection, [Telling(PEOPLE["clerk"], "emergency", about="emergency:1")], scene.now)
    a_post(scene, relay_to(server)).run(scene.now)
    assert rows(scene) == []


def test_several_servers_share_the_queue_and_a_dead_ones_messages_are_taken_over(
    scene: Scene, server: RelayServer
) -> None:
    people = ("clerk", "manager", "secrecy", "admin")
    queued(scene, *people)
    # A server claimed one and died
    with scene.database.writing() as connection:
        assert store.claim_next(connection, "dead", scene.now, LEASE_SECONDS) is not None
    posts = [a_post(scene, relay_to(server), owner) for owner in ("one", "two", "three")]
    threads = [threading.Thread(target=post.send_due) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.taken) == 3
    scene.wait(LEASE_SECONDS + 1)
    posts[0].send_due()
    assert sorted(one["To"] for one in server.taken) == sorted(f"{who}@archive.lan" for who in people)
    assert len({one["Message-ID"] for one in server.taken}) == 4


def test_an_owner_that_lost_its_lease_changes_nothing(scene: Scene) -> None:
    queued(scene, "clerk")
    with scene.database.writing() as connection:
        slow = store.claim_next(connection, "slow", scene.now, LEASE_SECONDS)
        assert slow is not None
        scene.wait(LEASE_SECONDS + 1)
        quick = store.claim_next(connection, "quick", scene.now, LEASE_SECONDS)
        assert quick is not None
        assert not store.settle(connection, slow.id, "slow", scene.now, "sent")
        assert not store.put_back(connection, slow.id, "slow", scene.now, "450")
        assert store.settle(connection, quick.id, "quick", scene.now, "sent")


def test_the_queue_is_bounded_and_that_it_is_full_is_said(scene: Scene) -> None:
    with scene.database.writing() as connection:
        kept, left = store.queue(
            connection, [store.Wanted(n, "digest:x", 2, "[]", NOW) for n in range(10)], "here", NOW, 7
        )
    assert (kept, left, len(rows(scene))) == (7, 3, 7)
    with scene.database.writing() as connection:
        connection.execute(update(MESSAGE).values(done_at=NOW, outcome="sent"))
        assert store.prune_messages(connection, NOW + DAY) == 7


# TLS, with an authority of the house's own.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the house's authority and a certificate for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    made = make_authority("archive", [], clock.now())
    _write(folder, made, "ca")
    _write(folder, issue(made, ["localhost"], "server", 3, clock.now()), "relay")
    _write(folder, make_authority("another", [], clock.now()), "other")
    return folder


def _write(folder: Path, made: Any, name: str) -> None:
    (folder / f"{name}.pem").write_bytes(made.certificate)
    (folder / f"{name}.key").write_bytes(made.key)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_connection_is_encrypted_and_the_relay_known_by_the_houses_authority(
    scene: Scene, authority: Path, security: str
) -> None:
    pair = (authority / "relay.pem", authority / "relay.key")
    (authority / "word").write_text("open sesame\n", encoding="utf-8")
    with RelayServer(pair, at_once=security == "tls") as server:
        queued(scene, "clerk")
        known = {"security": security, "user": "custody", "password_file": authority / "word"}
        post = a_post(scene, relay_to(server, ca=authority / "other.pem", **known))
        assert post.run(scene.now).endswith("relay: certificate")
        assert server.taken == []
        scene.wait(BACK_OFF_SECONDS[0] + 1)
        post = a_post(scene, relay_to(server, ca=authority / "ca.pem", **known))
        assert post.run(scene.now) == "sent 1, later 0, failed 0"
        assert server.encrypted == [True]
        assert len(server.signed_in) == 1


def test_a_relay_that_offers_no_starttls_gets_nothing(scene: Scene, server: RelayServer, authority: Path) -> None:
    queued(scene, "clerk")
    post = a_post(scene, relay_to(server, security="starttls", ca=authority / "ca.pem"))
    assert post.run(scene.now).endswith("relay: no_starttls")
    assert server.taken == []


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        *((one, True) for one in ("127.0.0.1", "10.4.5.6", "192.168.1.2", "fd00::1", "fe80::1%eth0")),
        *((one, False) for one in ("8.8.8.8", "2001:4860:4860::8888", "0.0.0.0")),
    ],
)
def test_only_addresses_inside_the_house_are_spoken_to(server: RelayServer, address: str, is_inside: bool) -> None:
    assert inside(address) is is_inside
    if not is_inside:
        # One of several is enough: which of them would be used is a matter of chance.
        with pytest.raises(Later, match="not_inside"):
            open_session(relay_to(server), lambda _host, _port: ["127.0.0.1", address])
    assert server.sessions == 0


def test_addresses_are_of_the_houses_own_domains_and_nothing_else(server: RelayServer) -> None:
    relay = relay_to(server)
    assert relay.takes("chen.guodong@archive.lan")
    for wrong in (
        *("", "chen", "chen@evil.example", "chen@archive.lan.evil.example", "chen@x.archive.lan"),
        *("a b@archive.lan", "chen@archive.lan\r\nRCPT TO:<x@y>", "<chen@archive.lan>", "陈@archive.lan"),
    ):
        assert not relay.takes(wrong), wrong


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"host": ""}, "mail.host must be"),
        ({"sender": "nobody"}, "mail.sender must be"),
        ({"domains": []}, "mail.domains must be"),
        ({"port": 0}, "mail.port must be"),
        ({"security": "ssl"}, "mail.security must be one of starttls, tls, none"),
        ({"at_once": 2}, "mail.at_once must be 0"),
        ({"user": "u", "security": "none", "password_file": "p"}, "a password is not sent over a network unprotected"),
        ({"user": "u"}, "belong together"),
        ({"hots": "x"}, "mail.hots is not known"),
    ],
)
def test_a_section_that_is_wrong_is_refused(changes: dict[str, Any], what: str, tmp_path: Path) -> None:
    section = {"host": "relay.lan", "sender": "custody@archive.lan", "domains": ["archive.lan"]}
    assert relay_from(section, tmp_path) is not None
    assert relay_from(None, tmp_path) is None
    with pytest.raises(MailInvalid, match=what):
        relay_from(section | changes, tmp_path)
