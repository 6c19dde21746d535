"""The server's log: one JSON object a line, of the fields in `FIELDS` and of nothing else.

A field that is not listed, or whose value does not look as its row says, is dropped. Words come only from the product's
own calls, where they are constants; what a library or an exception says is dropped, and only where it was said and of
which class it was is kept. So neither titles nor passwords nor terms of a search can get into a line, and no line can
be forged: values hold no controls, and JSON is written in ASCII. Times are UTC.
Source: OWASP ASVS 5.0, 16.2.1 to 16.2.5, 16.4.1.
"""

import json
import logging
import os
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
FIELDS: Mapping[str, re.Pattern[str]] = {
    "time": re.compile(r"[0-9T:.Z-]{27}"),
    "level": re.compile(r"debug|info|warning|error|critical"),
    "event": _CODE,
    "said": re.compile(r"[^\x00-\x1f\x7f]{1,200}"),
    "request": re.compile(r"[0-9A-F]{8}"),
    "method": re.compile(r"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|other"),
    "route": re.compile(r"/[a-z0-9_/{}.-]{0,99}|none"),
    "status": re.compile(r"[1-5][0-9]{2}"),
    "ms": _NUMBER,
    "person": _NUMBER,
    "address": re.compile(r"[0-9A-Fa-f.:]{2,45}|testclient"),
    "device": re.compile(r"[A-Za-z0-9._-]{1,64}"),
    "job": _CODE,
    "error": re.compile(r"[A-Za-z_][\w.]{0,99}", re.ASCII),
    "where": re.compile(r"[\w./<>: -]{1,400}", re.ASCII),
}
"""Field -> what it looks like. `said`: the constant words of one of the product's own calls, blanks unfilled;
`route`: the route's template, never the address; `person`: the identifier; `error`: the exception's class; `where`:
the lines of code, innermost last."""
GIVEN = frozenset({"event", "request", "method", "route", "status", "ms", "person", "address", "device", "job"})
"""Fields that a call may give as `extra`."""
OURS = ("api", "custody", "reconcile", "readers")
FRAMES_MAX = 6
FILE_BYTES_MAX, FILES_KEPT = 50_000_000, 10
_ROOT = Path(__file__).resolve().parents[1]
_log = logging.getLogger(__name__)


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def _where(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    if error is None or error.__traceback__ is None:
        return f"{record.name}:{record.lineno}"
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return " ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames)


def _short(path: str) -> str:
    """A file's path without what says where the product is installed."""
    try:
        return Path(path).relative_to(_ROOT).as_posix()
    except ValueError:
        return "/".join(Path(path).parts[-2:])


def line_of(record: logging.LogRecord) -> dict[str, str | int]:
    """The fields of a record that may be kept."""
    found: dict[str, object] = {name: getattr(record, name, None) for name in GIVEN}
    found["time"], found["level"] = _stamp(record.created), record.levelname.lower()
    found["event"] = found["event"] or "log"
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        found["error"] = type(error).__name__
    if _ours(record.name) and isinstance(record.msg, str):
        found["said"] = record.msg
    if error is not None or found["event"] == "log":
        found["where"] = _where(record)
    return {name: value for name in FIELDS if (value := _fit(name, found.get(name))) is not None}


def _fit(name: str, value: object) -> str | int | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value if FIELDS[name].fullmatch(str(value)) else None


class JsonLines(logging.Formatter):
    """A record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return json.dumps(line_of(record), ensure_ascii=True, separators=(",", ":"))


class _Quiet(logging.Handler):
    """What a handler cannot write is lost in silence: the words of the failure would hold the record."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing."""


class _Stderr(_Quiet, logging.StreamHandler[Any]):
    """Standard error, which systemd keeps in its journal."""


class _File(_Quiet, RotatingFileHandler):
    """A file of the server's own, readable by nobody else."""

    def _open(self) -> Any:
        return os.fdopen(os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", 1, "ascii")


def set_up(file: Path | None = None, level: int = logging.INFO) -> None:
    """Send everything that is logged in this process, libraries and broken threads included, into the log.

    `file`: kept in eleven pieces of 50 MB; None: standard error. Raises OSError where the file cannot be opened.
    """
    handler: logging.Handler = (
        _Stderr(sys.stderr) if file is None else _File(file, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT)
    )
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "alembic", "apscheduler", "asyncio"):
        # Whatever handlers of their own they have would write past this one.
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
        theirs.setLevel(logging.NOTSET)
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    sys.excepthook = _broke
    threading.excepthook = lambda one: _broke(one.exc_type, one.exc_value, one.exc_traceback)
    sys.unraisablehook = lambda one: _broke(one.exc_type, one.exc_value, one.exc_traceback)


def _broke(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
    if error is not None:
        _log.critical("a thread or the process broke", exc_info=(kind, error, at), extra={"event": "broke"})


def request_number(scope: Scope) -> str:
    """The number under which the log has a request; made where there is none yet."""
    state: dict[str, Any] = scope.setdefault("state", {})
    number: str = state.setdefault("request_number", secrets.token_hex(4).upper())
    return number


class Logged:
    """A line for every answered request, when it has ended; none for static files that were found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number, begun, status = request_number(scope), time.monotonic(), 500

        async def noticing(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noticing)
        finally:
            route = route_of(scope)
            if route != "/static" or status >= 400:
                visit = scope["state"].get("visit")
                fields = {
                    "event": "request",
                    "request": number,
                    "method": scope["method"] if FIELDS["method"].fullmatch(scope["method"]) else "other",
                    "route": route,
                    "status": status,
                    "ms": round((time.monotonic() - begun) * 1000),
                    "person": None if visit is None else visit.subject.person,
                    "address": scope["client"][0] if scope.get("client") else None,
                    "device": scope["state"].get("device"),
                }
                _log.info("answered", extra=fields)


def route_of(scope: Scope) -> str:
    """The template of the route that a request took; `none` where it took none. Never the address itself."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return "/static" if scope["path"].startswith("/static/") else "none"
