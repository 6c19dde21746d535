"""Every answer carries the policy; nothing leaves the own origin."""

import logging
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.headers import HEADERS
from api.main import TelemetryConfigured, refuse_telemetry
from api.web.render import STATIC
from tests.web.front import Front

TEMPLATES = STATIC.parent / "templates"
DRAWN = [*TEMPLATES.rglob("*.html"), *STATIC.rglob("*.css"), *STATIC.rglob("*.js"), *STATIC.rglob("*.svg")]
ADDRESSES = (
    "/",
    "/sign-in",
    "/nothing-here",
    "/carriers/1",
    "/api/v1/health",
    "/api/v1/carriers",
    "/api/v1/openapi.json",
    "/static/css/base.css",
    "/static/nothing.css",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_headers_are_on_every_answer(front: Front, address: str) -> None:
    for browser in (front.browser(), front.signed_in("clerk")):
        answer = browser.get(address)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)


def test_static_files_named_by_their_content_may_be_kept(front: Front) -> None:
    page = front.browser().get("/sign-in").text
    address = re.search(r"/static/css/tokens\.css\?v=\w+", page)
    assert address
    assert "immutable" in front.browser().get(address[0]).headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/me", "/api/v1/places"])
def test_when_the_application_breaks_the_answer_has_the_headers_and_no_reason(
    front: Front, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    browser = front.signed_in("clerk")

    def broken(*_: object) -> None:
        raise RuntimeError("远山三号总体方案")

    monkeypatch.setattr("api.sessions.SignIn.session", broken)
    with caplog.at_level(logging.ERROR):
        answer = browser.get(address)
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "远山三号" not in answer.text
    number = re.search(r"\b[0-9A-F]{8}\b", answer.text)
    assert number
    assert number[0] in caplog.text


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: str(path.relative_to(STATIC.parent)))
def test_nothing_inline_and_no_other_host_in_what_is_drawn(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    hosts = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)) - {"http://www.w3.org"}
    assert not hosts
    if path.suffix == ".html":
        assert not re.search(r"\sstyle\s*=|<style|\son(?!e\s*=)[a-z]+\s*=|javascript:", text)
        assert all("src=" in script for script in re.findall(r"<script[^>]*>", text))


def test_telemetry_of_the_environment_is_refused() -> None:
    refuse_telemetry({"PATH": "/bin"})
    with pytest.raises(TelemetryConfigured, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        refuse_telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})


def test_the_application_starts_and_stops_what_runs_beside_it(front: Front) -> None:
    steps: list[str] = []
    front.watch.start = lambda: steps.append("start")  # type: ignore[method-assign]
    front.watch.stop = lambda: steps.append("stop")  # type: ignore[method-assign]
    with TestClient(front.app) as client:
        assert client.get("/api/v1/health").json() == {"status": "ok", "ready": True}
        assert steps == ["start"]
    assert steps == ["start", "stop"]
