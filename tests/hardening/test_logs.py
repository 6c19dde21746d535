"""The log: the fields that are allowed and nothing else, however it is tried."""

import ast
import json
import logging
import stat
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import logs
from api.logs import FIELDS, GIVEN, JsonLines, line_of
from custody.database import StorageFull
from tests.web.front import PASSWORD, Front, number_of

ROOT = Path(__file__).resolve().parents[2]
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
MARKERS = ("高原站选址报告", "XSECRETTITLE", "XSEARCHTERM", "XPASSWORDX", "XTOKENX", "YS-2099-", PASSWORD)


@contextmanager
def logged(file: Path) -> Iterator[None]:
    """The log of the process set up as the server sets it up; put back afterwards."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    logs.set_up(file)
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in before[0]:
                handler.close()
        logging.captureWarnings(False)
        logging.raiseExceptions = True
        root.handlers, root.level = before[0], before[1]
        sys.excepthook, threading.excepthook, sys.unraisablehook = before[2:]
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def lines(file: Path) -> list[dict[str, object]]:
    """Every line, which is JSON of allowed fields in ASCII."""
    raw = file.read_bytes()
    assert raw.isascii()
    found = [json.loads(line) for line in raw.decode("ascii").splitlines()]
    assert all(set(line) <= set(FIELDS) for line in found)
    assert all(FIELDS[name].fullmatch(str(value)) for line in found for name, value in line.items())
    return found


def test_a_day_of_pages_errors_and_searches_leaves_no_word_of_them(front: Front, tmp_path: Path) -> None:
    """Titles, terms, passwords, tokens and typed paths go in at every door; each line is looked through."""
    file = tmp_path / "server.log"
    with logged(file):
        carrier = front.archive.carrier(title="高原站选址报告 XSECRETTITLE")
        clerk = front.signed_in("clerk")
        clerk.get(f"/carriers/{carrier}")
        clerk.get("/carriers?q=XSEARCHTERM")
        clerk.send("/search", q="XSECRETTITLE")
        clerk.get('/XSEARCHTERM/%0d%0a{"level":"info"}')
        clerk.get("/people/XSEARCHTERM")
        clerk.http.request("XTOKENX", "/me")
        clerk.get("/reports/carriers.xlsx")
        clerk.send(f"/carriers/{carrier}/borrow", q="XSEARCHTERM", holder="1", holder_password="XPASSWORDX")
        clerk.call("/carriers/search", q="XSEARCHTERM")
        clerk.call("/acts/borrow", title="XSECRETTITLE", holder="XSEARCHTERM")
        nobody = front.browser()
        nobody.sign_in(number_of("chen"), "XPASSWORDX")
        nobody.sign_in("XSEARCHTERM", "XPASSWORDX")
        nobody.http.post("/api/v1/intake", content=b"{}", headers={"Authorization": "Bearer XTOKENX"})
        nobody.http.get("/me", headers={"Cookie": "custody_session=XTOKENX"})
    found = lines(file)
    text = file.read_text(encoding="ascii")
    assert [marker for marker in MARKERS if marker in text or json.dumps(marker)[1:-1] in text] == []
    routes = {line.get("route") for line in found}
    assert {"/carriers/{identifier}", "/search", "/people/{identifier}", "none"} <= routes
    assert {line["method"] for line in found if line["event"] == "request"} == {"GET", "POST", "other"}
    assert any(line.get("person") for line in found)
    assert [line for line in found if line.get("route") == "none" and line["status"] != 404] == []


def test_what_breaks_is_found_by_its_number_and_says_where_but_not_what(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "server.log"
    browser = front.signed_in("clerk")

    def broken(*_: object) -> None:
        raise ValueError("XSECRETTITLE")

    def full(*_: object) -> None:
        raise StorageFull("XSECRETTITLE")

    with logged(file):
        monkeypatch.setattr("api.sessions.SignIn.session", broken)
        page = browser.get("/me").text
        monkeypatch.setattr("api.sessions.SignIn.session", full)
        assert browser.get("/me").status_code == 503
    found = lines(file)
    failed, answered, stored, _again = found
    assert (failed["event"], failed["error"], answered["status"]) == ("failed", "ValueError", 500)
    assert str(failed["request"]) in page
    assert failed["request"] == answered["request"]
    assert "tests/hardening/test_logs.py:" in str(failed["where"])
    assert (stored["event"], stored["error"]) == ("storage_full", "StorageFull")
    assert "XSECRETTITLE" not in file.read_text(encoding="ascii")


def test_libraries_warnings_and_broken_threads_go_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "server.log"

    def breaks() -> None:
        raise RuntimeError("XSECRETTITLE")

    with logged(file):
        logging.getLogger("uvicorn.error").warning("XSECRETTITLE %s", "XTOKENX")
        logging.getLogger("sqlalchemy.engine").error("SELECT 'XSECRETTITLE'")
        warnings.showwarning(UserWarning("XSECRETTITLE"), UserWarning, "XSECRETTITLE.py", 1)
        thread = threading.Thread(target=breaks)
        thread.start()
        thread.join()
        sys.excepthook(ValueError, ValueError("XSECRETTITLE"), None)
        logging.getLogger("api.x").error("a record of %d", "no number")
    found = lines(file)
    assert [line["event"] for line in found] == ["log", "log", "log", "broke", "broke", "log"]
    assert [line.get("error") for line in found] == [None, None, None, "RuntimeError", "ValueError", None]
    assert str(found[0]["where"]).startswith("uvicorn.error:")
    assert "XSECRETTITLE" not in file.read_text(encoding="ascii")


@given(st.dictionaries(st.sampled_from(sorted({*GIVEN, "title", "detail"})), st.text() | st.integers() | st.none()))
def test_whatever_a_call_gives_a_line_stays_a_line_of_allowed_fields(extra: dict[str, object]) -> None:
    record = logging.makeLogRecord({"name": "api.x", "msg": "said", "levelname": "INFO", "args": ()} | extra)
    text = JsonLines().format(record)
    assert text.isascii()
    assert text.isprintable()
    kept = json.loads(text)
    assert kept == line_of(record)
    assert all(FIELDS[name].fullmatch(str(value)) for name, value in kept.items())


def test_the_file_is_the_servers_alone_and_turns_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES_MAX", 2_000)
    monkeypatch.setattr(logs, "FILES_KEPT", 2)
    file = tmp_path / "server.log"
    with logged(file):
        for _ in range(100):
            logging.getLogger("api.x").info("said")
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["server.log", "server.log.1", "server.log.2"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert all(path.stat().st_size <= 2_000 for path in files)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls on a module's logger."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = node.func.value
            if isinstance(on, ast.Name) and on.id in ("log", "_log", "_LOG", "logger") and node.func.attr in METHODS:
                yield node


def test_every_call_of_ours_says_constant_words() -> None:
    """Words are kept as they stand in the call: a call that puts values into them would let anything through."""
    found = []
    for package in logs.OURS:
        for path in (ROOT / package).rglob("*.py"):
            for call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
                first = call.args[1 if call.func.attr == "log" else 0]  # type: ignore[attr-defined]
                if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                    found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert found == []
