"""Files on their way in: in the data folder under a random name, for an hour, only for the person who brought them.

Beside each file lies a note of how far it is (`new`, `judged`, `unreadable`, `entering`, `entered`), and once it was
judged what that said: a head, and every error in a line of its own, so that however many they are a page reads a few.
"""

import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from api.web.visit import Visit
from api.workbook import Plan, RowError, RowNote, Workbook
from custody.rules import NotFound
from custody.values import SECOND, Instant

KEPT_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}")
_ENDINGS = (".xlsx", ".json", ".judged", ".errors")


@dataclass(slots=True)
class Brought:
    """A file waiting for its confirmation, and the note about it. `chosen`: sheet -> column -> field."""

    name: str
    path: Path
    person: int
    until: Instant
    state: str = "new"
    chosen: dict[str, dict[int, str]] = field(default_factory=dict)
    used: str = ""
    """The name of the kept mapping that was used."""
    said: dict[str, Any] = field(default_factory=dict)
    """What came of it: acts and carriers; or the code and blanks of why it cannot be read."""

    @property
    def data(self) -> bytes:
        """The file."""
        return self.path.with_suffix(".xlsx").read_bytes()

    def note(self) -> None:
        """Write the note."""
        chosen = {sheet: {str(at): name for at, name in columns.items()} for sheet, columns in self.chosen.items()}
        kept = {
            "person": self.person,
            "until": self.until,
            "state": self.state,
            "used": self.used,
            "said": self.said,
            "chosen": chosen,
        }
        _write(self.path.with_suffix(".json"), json.dumps(kept, ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class Judged:
    """What a dry run said: the head of it."""

    counts: Mapping[str, int]
    notes: tuple[RowNote, ...]
    sheets: tuple[Mapping[str, Any], ...]
    kinds: Mapping[str, int]
    """Kinds of error, and how many there are of each."""

    @property
    def wrong(self) -> int:
        """How many errors."""
        return sum(self.kinds.values())

    @property
    def new(self) -> int:
        """How much there is to enter."""
        return sum(self.counts.get(key, 0) for key in ("units", "places", "persons", "carriers"))


def folder(visit: Visit) -> Path:
    """Where files wait; nobody but the server's own account may look."""
    path = visit.services.data / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    with _new(path) as out:
        out.write(data)
    path.with_name(f"{path.name}.new").replace(path)


def _new(path: Path) -> Any:
    fresh = path.with_name(f"{path.name}.new")
    return os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def forget_old(visit: Visit) -> None:
    """Take away what nobody confirmed in time."""
    for note in folder(visit).glob("*.json"):
        if json.loads(note.read_text(encoding="utf-8"))["until"] <= visit.now:
            _remove(note)


def _remove(path: Path) -> None:
    for ending in _ENDINGS:
        path.with_suffix(ending).unlink(missing_ok=True)


def bring(visit: Visit, data: bytes) -> Brought:
    """Keep a file for its confirmation."""
    forget_old(visit)
    name = secrets.token_hex(16)
    path = folder(visit) / name
    _write(path.with_suffix(".xlsx"), data)
    found = Brought(name, path, visit.subject.person, visit.now + KEPT_SECONDS * SECOND)
    found.note()
    return found


def brought(visit: Visit, name: str) -> Brought:
    """The waiting file of this name, of this person. Raises NotFound."""
    path = folder(visit) / name
    note = path.with_suffix(".json")
    if not _NAME.fullmatch(name) or not note.exists():
        raise NotFound
    kept = json.loads(note.read_text(encoding="utf-8"))
    if kept["person"] != visit.subject.person or kept["until"] <= visit.now:
        raise NotFound
    chosen = {sheet: {int(at): one for at, one in columns.items()} for sheet, columns in kept["chosen"].items()}
    return Brought(name, path, kept["person"], kept["until"], kept["state"], chosen, kept["used"], kept["said"])


def forget(waiting: Brought) -> None:
    """The file has done its service."""
    _remove(waiting.path)


def kind_of(error: RowError) -> str:
    """What an error is counted as: its code, or that of the rule that objects."""
    return str(error.params["refusal"]) if error.code == "refused" else error.code


def keep_judgement(waiting: Brought, workbook: Workbook, plan: Plan) -> None:
    """Write down what the dry run said."""
    kinds: Counter[str] = Counter()
    path = waiting.path.with_suffix(".errors")
    with _new(path) as out:
        for error in plan.errors:
            kinds[kind_of(error)] += 1
            out.write(json.dumps(asdict(error), ensure_ascii=False).encode() + b"\n")
    path.with_name(f"{path.name}.new").replace(path)
    head = {
        "counts": dict(plan.counts),
        "kinds": dict(kinds.most_common()),
        "notes": [asdict(note) for note in plan.notes],
        "sheets": [asdict(sheet) for sheet in workbook.sheets],
    }
    _write(waiting.path.with_suffix(".judged"), json.dumps(head, ensure_ascii=False).encode())


def judgement(waiting: Brought) -> Judged | None:
    """What the last dry run said; None where there was none."""
    path = waiting.path.with_suffix(".judged")
    if not path.exists():
        return None
    head = json.loads(path.read_text(encoding="utf-8"))
    notes = tuple(RowNote(**note) for note in head["notes"])
    return Judged(head["counts"], notes, tuple(head["sheets"]), head["kinds"])


def errors_of(waiting: Brought, kind: str = "") -> Iterator[RowError]:
    """Every error, or those of a kind, in order."""
    path = waiting.path.with_suffix(".errors")
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            error = RowError(**json.loads(line))
            if not kind or kind_of(error) == kind:
                yield error


def firsts(errors: Iterable[RowError], kinds: Iterable[str]) -> dict[str, RowError]:
    """The first error of each kind."""
    wanted, found = set(kinds), dict[str, RowError]()
    for error in errors:
        if (kind := kind_of(error)) in wanted:
            found[kind] = error
            wanted.discard(kind)
            if not wanted:
                break
    return found
