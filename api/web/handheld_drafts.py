"""A handheld's file between its upload and its confirmation: its rows in the data folder, for an hour, for one person.

The file is read once; what waits are its rows as texts, a line each, and beside them a note of what was said of them.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from api.web.visit import Visit
from api.workbook.reads import read_sheet
from custody.rules import NotFound
from custody.values import SECOND, Instant
from readers.handheld import Layout, Said, Table, Understood, read_text, recognise, understand, with_roles

KEPT_SECONDS = 3600
NAME_CHARACTERS_MAX = 80
_NAME = re.compile(r"[0-9a-f]{32}")
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Draft:
    """What waits, and what the person said of it. `roles`: of each column, empty where nobody changed any;
    `swept`: local day and time, ISO; `clock_seconds`: how far the handheld's clock was ahead.
    """

    name: str
    person: int
    until: Instant
    file: str
    key: str
    encoding: str
    separator: str
    device: str = ""
    roles: tuple[str, ...] = ()
    zone: str = ""
    day_first: str = ""
    swept: str = ""
    clock_seconds: int = 0
    round: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """A draft as it is understood now."""

    draft: Draft
    table: Table
    layout: Layout
    said: Said
    understood: Understood
    needs: frozenset[str] = field(default_factory=frozenset)
    """What has still to be said: `swept`, `day_first`."""


def _folder(visit: Visit) -> Path:
    path = visit.services.data / "handhelds"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _forget_old(visit: Visit) -> None:
    for note in _folder(visit).glob("*.json"):
        try:
            over = json.loads(note.read_text(encoding="utf-8"))["until"] <= visit.now
        except (OSError, ValueError, KeyError, TypeError):
            over = True  # cut off in writing, or taken away meanwhile
        if over:
            _remove(note)


def _remove(note: Path) -> None:
    note.with_suffix(".rows").unlink(missing_ok=True)
    note.unlink(missing_ok=True)


def bring(visit: Visit, data: bytes, file: str) -> str:
    """Read a file and keep its rows; gives the draft's name. Raises FileUnreadable, WorkbookUnreadable."""
    table = read_sheet(data) if data.startswith(_ZIP) else read_text(data)
    _forget_old(visit)
    name = secrets.token_hex(16)
    draft = Draft(
        name=name,
        person=visit.subject.person,
        until=visit.now + KEPT_SECONDS * SECOND,
        file="".join(ch for ch in file if ch.isprintable())[-NAME_CHARACTERS_MAX:],
        key=hashlib.sha256(data).hexdigest(),
        encoding=table.encoding,
        separator=table.separator,
    )
    rows = _folder(visit) / f"{name}.rows"
    rows.touch(mode=0o600)
    with rows.open("w", encoding="utf-8") as kept:
        kept.writelines(json.dumps([number, *cells], ensure_ascii=False) + "\n" for number, cells in table.rows)
    keep(visit, draft)
    return name


def keep(visit: Visit, draft: Draft) -> None:
    """Write the note of a draft."""
    note = _folder(visit) / f"{draft.name}.json"
    note.touch(mode=0o600)
    note.write_text(json.dumps(asdict(draft), ensure_ascii=False), encoding="utf-8")


def forget(visit: Visit, name: str) -> None:
    """The draft has done its service, or is thrown away."""
    if _NAME.fullmatch(name):
        _remove(_folder(visit) / f"{name}.json")


def draft_of(visit: Visit, name: str) -> Draft:
    """The waiting draft of this name, of this person. Raises NotFound."""
    note = _folder(visit) / f"{name}.json"
    if not _NAME.fullmatch(name) or not note.exists():
        raise NotFound
    kept = json.loads(note.read_text(encoding="utf-8"))
    draft = Draft(**(kept | {"roles": tuple(kept["roles"])}))
    if draft.person != visit.subject.person or draft.until <= visit.now:
        raise NotFound
    return draft


def _rows(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    with path.open(encoding="utf-8") as kept:
        for line in kept:
            number, *cells = json.loads(line)
            yield number, tuple(cells)


def looked(visit: Visit, draft: Draft) -> Looked:
    """The draft understood as it is said to be."""
    path = _folder(visit) / f"{draft.name}.rows"
    if not path.exists():
        raise NotFound
    table = Table(list(_rows(path)), draft.encoding, draft.separator)
    layout = recognise(table)
    if draft.roles:
        layout = with_roles(layout, table, draft.roles)
    zone = zone_of(draft.zone, visit.services.scheme.timezone)
    local = _local(draft.swept)
    said = Said(
        now=visit.now,
        zone=zone,
        swept_at=None if local is None else _instant(local, zone),
        day=None if local is None else local.date(),
        day_first={"day": True, "month": False}.get(draft.day_first),
        clock_us=draft.clock_seconds * SECOND,
    )
    understood = understand(table, layout, said)
    needs = set()
    if any(row.code in ("time_unsaid", "time_day") for row in understood.refused):
        needs.add("swept")
    if layout.orders_days and said.day_first is None:
        needs.add("day_first")
    return Looked(draft, table, layout, said, understood, frozenset(needs))


def zone_of(text: str, default: str) -> tzinfo:
    """A zone as the form names it: empty for the organisation's, `UTC`, or `+08:00`."""
    if text == "UTC":
        return timezone.utc  # noqa: UP017 - beside the others
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", text)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        return ZoneInfo(default)
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))


def _local(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _instant(local: datetime, zone: tzinfo) -> Instant:
    return int(local.replace(tzinfo=zone).timestamp()) * SECOND


def said_of(draft: Draft, given: Mapping[str, str], roles: tuple[str, ...]) -> Draft:
    """The draft with what a form says of it; what cannot be is left unsaid."""
    seconds = given.get("clock", "").removeprefix("+")
    plain = seconds.removeprefix("-")
    clock = int(seconds) if plain.isdecimal() and plain.isascii() and len(plain) <= 9 else 0
    swept = given.get("swept", "")
    return replace(
        draft,
        device=given.get("device", "")[:NAME_CHARACTERS_MAX],
        roles=roles,
        zone=given.get("zone", "")[:6],
        day_first=given.get("day_first", "")[:5],
        swept=swept[:19] if _local(swept) else "",
        clock_seconds=clock,
        round=given.get("round", "")[:40],
    )
