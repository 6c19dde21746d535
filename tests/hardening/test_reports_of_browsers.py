"""What a browser held back is told to the system administrator, and cannot be used to write anything else."""

import json
from typing import Any

import pytest

from api.headers import HEADERS, REPORTS
from api.web.system import KIND, REPORTS_A_DAY, Held, read_reports, template_of
from custody.store import audit
from tests.web.front import Browser, Front, words

PAGES = ("/carriers/{identifier}", "/carriers/{identifier}/{key}", "/carriers/{identifier}/descent", "/me")
OLD, NEW = "application/csp-report", "application/reports+json"


def old(**changed: Any) -> dict[str, Any]:
    """A report as `report-uri` sends it."""
    body = {
        "document-uri": "http://testserver/carriers/7?titles=hide&q=XSECRET",
        "effective-directive": "script-src-elem",
        "blocked-uri": "inline",
        "line-number": 12,
        "script-sample": "XSECRET",
    }
    return {"csp-report": body | changed}


def sent(browser: Browser, document: Any, media: str = OLD, **headers: str) -> int:
    """The status with which a report is answered."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = browser.http.post(REPORTS, content=content, headers={"content-type": media, **headers})
    return int(found.status_code)


def kept(front: Front) -> list[dict[str, Any]]:
    """What the audit log has of them, the newest first."""
    with front.archive.books.database.reading() as connection:
        return [dict(one.detail) for one in audit.events(connection, kinds=(KIND,), limit=500)]


def test_the_policy_names_where_reports_go() -> None:
    assert HEADERS["Content-Security-Policy"].endswith(f"report-uri {REPORTS}")


def test_both_kinds_of_report_are_kept_once_a_day_without_a_word_of_theirs(front: Front) -> None:
    browser = front.browser()
    new = [
        {
            "type": "csp-violation",
            "body": {
                "documentURL": "http://testserver/me",
                "effectiveDirective": "img-src",
                "blockedURL": "http://evil/x",
            },
        },
        {"type": "deprecation", "body": {}},
    ]
    assert [sent(browser, old()), sent(browser, old()), sent(browser, new, NEW)] == [204, 204, 204]
    assert kept(front) == [
        {"directive": "img-src", "blocked": "other", "page": "/me", "line": 0},
        {"directive": "script-src-elem", "blocked": "inline", "page": "/carriers/{identifier}", "line": 12},
    ]
    front.clock.days(1.1)
    assert sent(browser, old()) == 204
    assert len(kept(front)) == 3
    page = front.signed_in("admin").get("/system").text
    assert "/carriers/{identifier}" in words(page)
    assert "XSECRET" not in page


def test_a_flood_is_bounded_and_says_nothing_new(front: Front) -> None:
    browser = front.browser()
    for number in range(REPORTS_A_DAY + 20):
        assert sent(browser, old(**{"line-number": number})) == 204
    assert len(kept(front)) == REPORTS_A_DAY


@pytest.mark.parametrize(
    ("document", "media", "status"),
    [
        (b"", OLD, 400),
        (b"{", OLD, 400),
        (b"\xff", OLD, 400),
        (b"[" * 60_000, OLD, 400),
        ([], NEW, 400),
        ({"csp-report": 7}, OLD, 400),
        (7, NEW, 400),
        (old(), "application/json", 415),
        (old(), "text/plain", 415),
        (b"x" * 70_000, OLD, 413),
    ],
)
def test_what_is_no_report_is_not_taken(front: Front, document: Any, media: str, status: int) -> None:
    assert sent(front.browser(), document, media) == status
    assert kept(front) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_cannot_report(front: Front, site: str) -> None:
    assert sent(front.browser(), old(), **{"Sec-Fetch-Site": site}) == 403
    assert kept(front) == []


def test_hostile_reports_become_codes() -> None:
    found = read_reports(
        [
            {
                "type": "csp-violation",
                "body": {"effectiveDirective": "<script>", "blockedURL": "chrome-extension://x/y"},
            },
            {"type": "csp-violation", "body": {"documentURL": "http://[", "blockedURL": 7, "lineNumber": True}},
            {
                "type": "csp-violation",
                "body": {"violated-directive": "style-src 'self'", "blocked-uri": "http://us/a.css"},
            },
        ],
        "us",
        PAGES,
    )
    assert found == [
        Held("other", "extension", "other", 0),
        Held("other", "other", "other", 0),
        Held("style-src", "own", "other", 0),
    ]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/carriers/7", "/carriers/{identifier}"),
        ("/carriers/7/descent", "/carriers/{identifier}/descent"),
        ("/carriers/7/borrow", "/carriers/{identifier}/{key}"),
        ("/carriers/7/borrow/more", "other"),
        ("/XSECRET", "other"),
        ("", "other"),
    ],
)
def test_an_address_becomes_its_template(path: str, template: str) -> None:
    assert template_of(path, PAGES) == template
