"""What is sent: acts on hidden and absent things alike, and acts on seen things that run into what is hidden."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import openpyxl

from api.acts import keys_on
from api.acts.model import Act, Field
from api.rest.business import ADDRESSES
from tests.builders import epc_of
from tests.trust.asking import ABSENT, BLANKS, SEARCHED, Sort, Things, things
from tests.trust.worlds import SCANNED, TAKEN, TAKEN_EPC, World

PLAIN: Mapping[str, Any] = {
    "text": "文字",
    "area": "文字",
    "number": 1,
    "check": True,
    "day": "2026-12-01",
    "moment": "2026-12-01T10:00",
    "person": "1004",
    "persons": ["1004"],
    "place": "B1-01-1",
    "unit": "PLAN",
    "organisation": 1,
    "level": "confidential",
    "period": {"kind": "maximum"},
    "scope": ["all"],
    "file": "0" * 64,
    "choices": [],
}
"""An answer for each kind of field."""


@dataclass(frozen=True)
class Sent:
    """One request that changes something, or tries to. `json` is for machines, `form` from a page."""

    address: str
    json: Any = None
    form: Mapping[str, Any] | None = None
    sort: Sort = ""
    name: str = ""
    files: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unnamed(self) -> str:
        """What a hidden and an absent thing have in common."""
        return self.address.replace(self.name, "#", 1) if self.name else self.address


def body(act: Act, carriers: list[Any]) -> dict[str, Any]:
    """Answers to everything that an act asks."""
    return {one.name: _answer(one, carriers) for one in act.fields} | {"password": ""}


def _answer(one: Field, carriers: list[Any]) -> Any:
    if one.kind in ("carriers", "lines"):
        return carriers
    if one.kind == "rows":
        return [{column.name: _answer(column, carriers) for column in one.columns}]
    if one.kind == "choice":
        return one.options[0] if isinstance(one.options, tuple) and one.options else "other"
    return PLAIN[one.kind]


def on_what_is_not_seen(known: Things) -> Iterator[Sent]:
    """Every act of the table on hidden things and on absent ones, by the interface and by the page."""
    for on in ("carrier", "matter"):
        blank = f"{on}s/{{identifier}}"
        for key, acts in keys_on(on).items():
            for sort, name in BLANKS[blank](known):
                if sort == "seen" or (on == "matter" and not _fits(name, sort, acts, known)):
                    continue
                path = ADDRESSES[on].format(key=key).replace("{{", "{").replace("}}", "}").format(identifier=name)
                yield Sent(f"/api/v1{path}", json=body(acts[0], [name_of(name)]), sort=sort, name=name)
                yield Sent(path, form={"carrier": name}, sort=sort, name=name)
    yield from _acts(known)


def _fits(name: str, sort: Sort, acts: tuple[Act, ...], known: Things) -> bool:
    kind = next((kind for kind, one in known.matters[1].items() if str(one) == name), None)
    return sort == "absent" or any(act.kind in ("", kind) for act in acts)


def name_of(name: str) -> Any:
    """An identifier as JSON has it."""
    return int(name) if name.isdecimal() else name


def conflicts(world: World) -> Iterator[Sent]:
    """Acts on what is seen that run into what is hidden."""
    fresh = iter(range(500, 600))
    known = things(world)
    hidden = known.carriers[1]
    for number, epc in ((TAKEN, None), (TAKEN, epc_of(next(fresh))), ("NEW-1", TAKEN_EPC), ("NEW-2", epc_of(77))):
        told = {"origin": "legacy", "control_number": number, "title": "新登", "level": "confidential", "unit": 3}
        yield Sent("/api/v1/acts/take-in", json=told | {"scope": ["all"], "epc": epc, "place": 5, "copies": 3})
        yield Sent("/take-in", form=told | {"copy_number": "1", "copies": "3", "epc": epc or "", "kind": "document"})
    for at, former in enumerate((hidden[0], hidden[3], ABSENT)):
        told = {
            "origin": "received",
            "control_number": f"NEW-{3 + at}",
            "title": "再来",
            "level": "confidential",
            "unit": 3,
        }
        more = {"scope": ["all"], "former": former, "issuer": "部机关", "issuer_number": "1"}
        yield Sent("/api/v1/acts/take-in", json=told | more)
    for who in (4, 14, 5, 10, 15):
        for carrier in world.ids["bound"] + world.ids["free"]:
            asked = {"carriers": [carrier], "holder": who, "due_on": "2026-12-10"}
            yield Sent("/api/v1/acts/borrow", json=asked | {"holder_password": "x"})
    for carrier in (*world.ids["bound"], *hidden[:4], ABSENT):
        sort: Sort = "" if carrier in world.ids["bound"] else "absent" if carrier == ABSENT else "hidden"
        told = {"sort": sort, "name": str(carrier)}
        yield Sent("/api/v1/acts/move", json={"carriers": [carrier], "place": 6}, **told)
        yield Sent("/api/v1/acts/shelve", json={"carriers": [carrier], "place": 6}, **told)
        yield Sent("/api/v1/acts/return", json={"items": [{"carrier": carrier, "place": 5}]}, **told)
        yield Sent("/api/v1/acts/missing", json={"carrier": carrier, "circumstances": "未见"}, **told)
        yield Sent("/api/v1/acts/found", json={"carrier": carrier, "place": 5}, **told)
    yield from _business(known)


def _business(known: Things) -> Iterator[Sent]:
    """Business opened over hidden carriers, by identifier, number and tag."""
    for key, acts in keys_on("house").items():
        for named in (known.carriers[1][0], known.carriers[1][5], ABSENT, TAKEN, SCANNED[1], SCANNED[2]):
            if any(one.kind in ("carriers", "rows") for one in acts[0].fields) or named == TAKEN:
                asked = body(acts[0], [named])
                asked |= {name: TAKEN for name in ("control_number", "title_number", "number") if name in asked}
                yield Sent(f"/api/v1/business/{key}", json=asked)
    for where in (5, 6, 4):
        for rating in ("secret", "confidential", "internal"):
            yield Sent(f"/api/v1/places/{where}/change", json={"name": "一层", "rating": rating, "storage": True})


def codes(world: World) -> Iterator[Sent]:
    """Codes at the desk, in a sweep, in the search box, in a workbook."""
    several = [*SCANNED, TAKEN_EPC, TAKEN, *SEARCHED]
    number = world.ids["round_looker"]
    for mode in ("borrow", "return"):
        yield Sent("/desk", form={"mode": mode, "scan": "\n".join(several), "holder": "4"})
    for do in ("scan", "borrow", "return"):
        on_it = {"codes": "\n".join(several), "holder": "4", "since": "0", "place": "B1-01-1"}
        yield Sent("/desk/desk-1", form=on_it | {"do": do})
    for at, code in enumerate(several):
        yield Sent(f"/api/v1/rounds/{number}/scans", json={"scans": [{"event": f"again-{at}", "code": code}]})
        told = {"event": f"shelf-{at}", "code": code}
        yield Sent(f"/api/v1/rounds/{number}/events", json={"events": [told]})
        yield Sent("/search", form={"q": code})
        yield Sent("/api/v1/carriers/search", json={"text": code})
        yield Sent("/registers/incoming", form={"q": code})
        yield Sent("/balance/find", form={"q": code})
    yield Sent("/api/v1/persons/search", json={"text": "1004"})
    export = "\n".join(["EPC,Timestamp", *(f"{epc},2026-11-19 10:00:00" for epc in several if len(epc) == 24)])
    yield Sent("/handhelds", form={}, files={"reads": ("a.csv", export.encode(), "text/csv")})
    yield Sent("/import", form={}, files={"workbook": ("a.xlsx", workbook(), "application/octet-stream")})


def _acts(known: Things) -> Iterator[Sent]:
    """What is done about acts, findings and sweeps that are not seen."""
    for sort, number in BLANKS["acts/{number}"](known):
        if sort != "seen":
            yield Sent(f"/api/v1/acts/{number}/undo", json={"reason": "误"}, sort=sort, name=number)
            yield Sent(f"/acts/{number}/undo", form={"reason": "误"}, sort=sort, name=number)
            yield Sent(f"/acts/{number}/form/printed", form={"part": "1"}, sort=sort, name=number)
    for sort, number in BLANKS["findings/{number}"](known):
        if sort != "seen":
            for what in ("acknowledge", "explain", "settle"):
                told = {"note": "知", "resolution": "found", "reason": "知"}
                yield Sent(f"/findings/{number}/{what}", form=told, sort=sort, name=number)
                yield Sent(f"/api/v1/findings/{number}/{what}", json=told, sort=sort, name=number)
    yield from _cases(known)
    for sort, number in BLANKS["rounds/{number}"](known):
        if sort != "seen":
            said = {"event": "e", "places": [5], "device": "", "place": 5, "yes": True, "scans": []}
            shelf = {"events": [{"event": "e", "code": TAKEN_EPC}], "device": ""}
            for what in ("events", "handed"):
                yield Sent(f"/api/v1/rounds/{number}/{what}", json=shelf, sort=sort, name=number)
            for what in ("scans", "undo", "feed", "pause", "resume", "counted", "walk", "walked"):
                yield Sent(f"/api/v1/rounds/{number}/{what}", json=said, sort=sort, name=number)
            for what in ("lines", "walked", "counted", "recount", "pause", "deal"):
                yield Sent(
                    f"/rounds/{number}/{what}",
                    form={"bucket": "missing", "deal": f"logged {TAKEN_EPC}"},
                    sort=sort,
                    name=number,
                )


def _cases(known: Things) -> Iterator[Sent]:
    """What is done about cases that are not seen, and with findings that are not."""
    for sort, number in BLANKS["cases/{number}"](known):
        if sort != "seen":
            for what in ("acknowledge", "note", "step", "settle", "assign"):
                told = {"note": "知", "resolution": "other", "reason": "知", "step": "search_place", "mark": "done"}
                yield Sent(f"/cases/{number}/{what}", form=told | {"owner": "1"}, sort=sort, name=number)
                yield Sent(f"/api/v1/cases/{number}/{what}", json=told | {"owner": 1}, sort=sort, name=number)
    for sort, number in BLANKS["findings/{number}"](known):
        if sort != "seen":
            told = {"findings": [number], "note": "知"}
            yield Sent("/findings", form={"finding": number, "do": "new_case"}, sort=sort, name=number)
            yield Sent("/api/v1/cases", json=told, sort=sort, name=number)


def workbook() -> bytes:
    """A ledger to be judged: rows with numbers and tags that are hidden carriers'."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "载体"
    sheet.append(["编号", "标题", "密级", "保密期限", "种类", "责任单位", "存放地点", "标签", "使用范围"])
    for number, epc in ((TAKEN, epc_of(960)), ("WS-1", TAKEN_EPC), ("WS-2", epc_of(961))):
        sheet.append([number, "选址报告", "秘密", "10年", "文件", "PLAN", "B1-01-1", epc, "全体"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
