"""Workbooks made beside the pages: in the data folder under a random name, for an hour, only for whoever asked.

Beside each file lies a note of what it is, who may fetch it, and once it is whole whose particulars are in it. A file
that the server was at when it ended is not there; it is asked for again.
"""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from starlette.responses import RedirectResponse, Response

from api.web.visit import Visit
from api.web.working import Cancelled, Work, works_of
from custody.access import Subject
from custody.rules import NotFound
from custody.values import SECOND, Instant

AT_ONCE_ROWS = 5_000
"""A list of no more rows is written while one waits."""
KEPT_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}")
_ENDINGS = (".xlsx", ".part", ".new", ".json")
Told = Callable[[int], None]
Write = Callable[[BinaryIO, Told], tuple[int, Sequence[int]]]
"""Writes the workbook; gives its rows, and whose particulars are in it. It tells how many rows there are so far."""


@dataclass(slots=True)
class Made:
    """A workbook that is being made (`making`), lies ready (`ready`), or came to nothing (`failed`)."""

    name: str
    path: Path
    person: int
    rights: str
    until: Instant
    report: str
    filters: Mapping[str, str]
    address: str
    """Where it was asked for."""
    state: str = "making"
    rows: int = 0
    carriers: tuple[int, ...] = ()

    @property
    def file(self) -> Path:
        """The workbook."""
        return self.path.with_suffix(".xlsx")

    def note(self) -> None:
        """Write the note, whole or not at all."""
        kept = {
            "person": self.person,
            "rights": self.rights,
            "until": self.until,
            "report": self.report,
            "filters": dict(self.filters),
            "address": self.address,
            "state": self.state,
            "rows": self.rows,
            "carriers": list(self.carriers),
        }
        fresh = self.path.with_suffix(".new")
        with _private(fresh) as out:
            out.write(json.dumps(kept, ensure_ascii=False).encode())
        fresh.replace(self.path.with_suffix(".json"))


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b")


def rights_of(subject: Subject) -> str:
    """What a subject may see, as a digest: a file that was made under other rights is not given any more."""
    said = [
        sorted(f"{grant.role} {grant.unit}" for grant in subject.grants),
        subject.clearance_rank,
        sorted(subject.principals),
        None if subject.reach is None else sorted(subject.reach),
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _folder(visit: Visit) -> Path:
    path = visit.services.data / "made"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _forget_old(visit: Visit) -> None:
    for note in _folder(visit).glob("*.json"):
        if json.loads(note.read_text(encoding="utf-8"))["until"] <= visit.now:
            _remove(note)


def _remove(path: Path) -> None:
    for ending in _ENDINGS:
        path.with_suffix(ending).unlink(missing_ok=True)


def begin(visit: Visit, report: str, filters: Mapping[str, str], write: Write) -> Response:
    """Make a workbook beside the pages; the answer leads to the page that says how far it is."""
    _forget_old(visit)
    name, url = secrets.token_hex(16), visit.request.url
    address = f"{url.path}?{url.query}" if url.query else url.path
    until = visit.now + KEPT_SECONDS * SECOND
    one = Made(
        name, _folder(visit) / name, visit.subject.person, rights_of(visit.subject), until, report, filters, address
    )
    one.note()
    works_of(visit.request.app).begin(name, lambda work: _make(one, write, work))
    return RedirectResponse(f"/exports/made/{name}", status_code=303)


def _make(one: Made, write: Write, work: Work) -> None:
    part = one.path.with_suffix(".part")
    try:
        with _private(part) as out:
            rows, carriers = write(out, lambda done: work.told("writing", done, 0))
        part.replace(one.file)
        one.state, one.rows, one.carriers = "ready", rows, tuple(carriers)
    except Cancelled:
        _remove(one.path)
        raise
    finally:
        part.unlink(missing_ok=True)
        if one.state == "ready":
            one.note()


def made(visit: Visit, name: str) -> Made:
    """The workbook of this name that the visitor asked for, under the rights that he still has. Raises NotFound."""
    path = _folder(visit) / name
    note = path.with_suffix(".json")
    if not _NAME.fullmatch(name) or not note.exists():
        raise NotFound
    kept = json.loads(note.read_text(encoding="utf-8"))
    if kept["until"] <= visit.now:
        _remove(path)
        raise NotFound
    if kept["person"] != visit.subject.person or kept["rights"] != rights_of(visit.subject):
        raise NotFound
    return Made(name, path, **(kept | {"carriers": tuple(kept["carriers"])}))


def forget(one: Made) -> None:
    """It is not wanted any more."""
    _remove(one.path)
