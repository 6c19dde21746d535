"""Everything that can be asked of the application, with what is seen, what is hidden and what is not there.

The addresses are made from the application's own routes: a route whose blanks nobody knows how to fill fails.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi.routing import APIRoute
from sqlalchemy import select

import reconcile.store.case_tables as ct
from api import rest, web
from api.acts import ACTS, acts_on
from custody.store import schema as t
from reconcile.store import tables as rt
from tests.trust.worlds import SEEN, TAKEN, TAKEN_EPC, VARIANTS, World

Sort = Literal["", "seen", "hidden", "absent"]
ABSENT, ABSENT_NUMBER = 987_654, "ZZ-2026-9876"


@dataclass(frozen=True, slots=True)
class Asked:
    """One address. `route`: the path it was made from; `sort`: what it names; `name`: the identifier in it."""

    route: str
    address: str
    sort: Sort = ""
    name: str = ""

    @property
    def unnamed(self) -> str:
        """The address without the identifier: what a hidden and an absent thing have in common."""
        return self.address.replace(self.name, "#", 1) if self.name else self.address


@dataclass(frozen=True)
class Things:
    """Identifiers by what they name: those that lookers may know of, and those that they may not."""

    carriers: tuple[list[int], list[int]]
    matters: tuple[dict[str, int], dict[str, int]]
    findings: tuple[list[str], list[str]]
    acts: tuple[list[str], list[str]]
    rounds: list[str]
    readers: list[str]
    cases: tuple[list[str], list[str]] = ([], [])


def things(world: World) -> Things:
    """What there is in a world."""
    seen, unseen = world.carriers(SEEN.mark), world.carriers(world.hidden.flavour.mark)
    taken = world.carriers(TAKEN)
    m = t.MATTER.c
    with world.database.reading() as connection:
        rows = connection.execute(select(m.id, m.kind, m.unit, m.level).order_by(m.id)).all()
        hidden_matters = {r.kind: r.id for r in rows if r.level in ("secret", "top_secret")}
        seen_matters = {r.kind: r.id for r in rows if r.id not in hidden_matters.values() and r.level == "confidential"}
        c = t.CARRIER.c
        carriers = {row.id: row.status for row in connection.execute(select(c.id, c.status))}
        f = rt.FindingRow.__table__.c  # type: ignore[attr-defined]
        found = connection.execute(select(f.number, f.kind, f.carrier, f.matter).order_by(f.number)).all()
        e = t.ENTRY.c
        acts = connection.execute(select(e.act, e.carrier, e.matter).distinct().order_by(e.act)).all()
    known = set(unseen) | set(taken)
    out = {r.id for r in rows if r.level in ("secret", "top_secret")}
    hidden_findings = {r.number: r.kind for r in found if r.carrier in known or r.matter in out}
    hidden_acts = {r.act for r in acts if r.carrier in known or r.matter in out}
    seen_acts = {r.act for r in acts if r.carrier in seen or r.matter in seen_matters.values()} - hidden_acts
    return Things(
        carriers=(sorted({*_one_each(seen, carriers), *world.ids["bound"]}), [*taken, *_one_each(unseen, carriers)]),
        matters=(seen_matters, hidden_matters),
        findings=(
            _one_each([r.number for r in found if r.number not in hidden_findings], {r.number: r.kind for r in found}),
            _one_each(list(hidden_findings), hidden_findings),
        ),
        acts=(_one_a_kind(seen_acts), _one_a_kind(hidden_acts)),
        rounds=[world.ids["round_clerk"], world.ids["round_looker"]],
        readers=["reader-5-place"],
        cases=_cases(world, set(hidden_findings)),
    )


def _cases(world: World, hidden: Collection[str]) -> tuple[list[str], list[str]]:
    """Cases with two findings that lookers may know of, and those without."""
    m = ct.CaseMemberRow.__table__.c  # type: ignore[attr-defined]
    with world.database.reading() as connection:
        members = connection.execute(select(m.case_number, m.finding).where(m.case_number != "")).all()
    seen: dict[str, int] = {row.case_number: 0 for row in members}
    for row in members:
        seen[row.case_number] += row.finding not in hidden
    return sorted(one for one, n in seen.items() if n > 1), sorted(one for one, n in seen.items() if n < 2)


def _one_a_kind(acts: Collection[str]) -> list[str]:
    """The last act of each series."""
    return _one_each(sorted(acts), {one: one.split("-")[0] for one in acts})


def _one_each(several: Sequence[Any], sorts: Mapping[Any, Any]) -> list[Any]:
    """The last of each sort."""
    found: dict[Any, Any] = {}
    for one in several:
        found[sorts[one]] = one
    return sorted(found.values())


def routes() -> list[APIRoute]:
    """Every route of the application."""
    return [one for router in (*web.ROUTERS, *rest.ROUTERS) for one in router.routes if isinstance(one, APIRoute)]


def _keys(on: str) -> list[str]:
    return sorted({act.key for act in ACTS if act.on == on})


def _sorted(seen: Sequence[Any], hidden: Sequence[Any], absent: Any) -> list[tuple[Sort, str]]:
    return [*(("seen", str(one)) for one in seen), *(("hidden", str(one)) for one in hidden), ("absent", str(absent))]


Blanks = Mapping[str, Callable[[Things], list[tuple[Sort, str]]]]
CARRIER_ACTS = ("borrow", "return", "shelve", "move", "missing", "found", "bind", "retire")
BLANKS: Blanks = {
    "carriers/{identifier}": lambda known: _sorted(*known.carriers, ABSENT),
    "matters/{identifier}": lambda known: _sorted(
        list(known.matters[0].values()), list(known.matters[1].values()), ABSENT
    ),
    "meetings/{identifier}": lambda known: _sorted(
        [known.matters[0]["meeting"]], [known.matters[1]["meeting"], known.matters[1]["transfer"]], ABSENT
    ),
    "rooms/{identifier}": lambda _known: [("", "3"), ("", "7"), ("absent", str(ABSENT))],
    "weighing/{identifier}": lambda known: _sorted(
        [known.matters[0]["destruction"]] if "destruction" in known.matters[0] else [],
        [known.matters[1]["destruction"]] if "destruction" in known.matters[1] else [],
        ABSENT,
    ),
    "places/{identifier}": lambda _known: [("", "4"), ("", "5"), ("", "7"), ("absent", str(ABSENT))],
    "places/{identifier}/plan": lambda _known: [("", "3"), ("absent", str(ABSENT))],
    "labels/{kind}": lambda _known: [("", "places"), ("", "carriers"), ("absent", "seats"), ("absent", "nothing")],
    "portals/{identifier}": lambda _known: [("", "10"), ("absent", "4"), ("absent", str(ABSENT))],
    "portals/{identifier}/trials": lambda _known: [("", "10"), ("absent", "4"), ("absent", str(ABSENT))],
    "people/{identifier}": lambda _known: [("", "4"), ("", "14"), ("", "15"), ("absent", str(ABSENT))],
    "organisations/{identifier}": lambda _known: [("", "1"), ("absent", str(ABSENT))],
    "findings/{number}": lambda known: _sorted(*known.findings, ABSENT_NUMBER),
    "cases/{number}": lambda known: _sorted(*known.cases, ABSENT_NUMBER),
    "acts/{number}": lambda known: _sorted(*known.acts, ABSENT_NUMBER),
    "commissioning/{number}": lambda _known: [("absent", "PQ-2026-9876")],
    "rounds/{number}": lambda known: _sorted(known.rounds[1:], known.rounds[:1], ABSENT_NUMBER),
    "readers/{name}": lambda known: [*(("", name) for name in known.readers), ("absent", "nobody")],
    "devices/{name}": lambda _known: [("", "edge-0"), ("absent", "nobody")],
    "desk/{reader}": lambda _known: [("", "desk-1"), ("absent", "nobody")],
    "ledger/checkpoints/{size}": lambda _known: [("", "1"), ("absent", str(ABSENT))],
    "handhelds/draft/{name}": lambda _known: [("absent", "0" * 32)],
    "handhelds/{number}": lambda _known: [("absent", "HU-2026-9876")],
    "help/{topic}": lambda _known: [("", "sweep"), ("", "carrier"), ("absent", "nothing")],
    "reports/deliveries/{number}": lambda _known: [("absent", str(ABSENT))],
    "import/past/{number}": lambda _known: [("absent", str(ABSENT))],
    "import/{name}": lambda _known: [("absent", "0" * 32)],
    "entering/{name}": lambda _known: [("absent", "0" * 32)],
    "exports/made/{name}": lambda _known: [("absent", "0" * 32)],
    "accounts/{person}": lambda _known: [("", "4"), ("", "15"), ("absent", str(ABSENT))],
    "accounts/requests/{number}": lambda _known: [("absent", str(ABSENT))],
    "emergency/{number}": lambda _known: [("absent", str(ABSENT))],
    "business/new/{key}": lambda _known: [("", key) for key in _keys("house")] + [("absent", "nothing")],
}
QUERIES: Mapping[str, Sequence[str]] = {
    "/carriers": (
        *(f"level={code}" for code in ("secret", "top_secret", "confidential")),
        *("status=on_loan", "place=4", "place=6", "holder=4", "holder=14", "unit=4", "kind=disc"),
        *("overdue=1", "origin=copied"),
    ),
    "/api/v1/carriers": ("level=secret", "status=on_loan", "place=5", "holder=4", "unit=4", "limit=1"),
    "/findings": (
        *("state=all", "each=1", "age=7", "unit=4", "owner=1", "kind=misplaced", "kind=missing", "place=5"),
        "view=history",
    ),
    "/api/v1/findings": ("state=all", "kind=overdue"),
    "/cases": ("state=all", "state=closed", "incidents=1"),
    "/api/v1/cases": ("state=all", "incidents=true"),
    "/business": ("kind=transfer", "kind=meeting", "status=asked", "over=1"),
    "/api/v1/business": ("kind=transfer",),
    "/balance": ("by=title", "by=level", "by=origin", "at=10", "at_day=2026-11-21", "since=20"),
    "/balance/carriers": ("by=unit&group=4", "by=level&group=secret", "by=unit&group=1"),
    "/balance.xlsx": ("by=title",),
    "/regulations/cases": tuple(
        f"clause={clause}" for clause in ("c.5", "c.1&means=record", "b.1&means=record", "g.5&means=refuse")
    ),
    "/people": ("q=1004", "q=chen"),
    "/people/{identifier}": (),
    "/review": ("stage=due",),
    "/registers/incoming": ("stage=called_back",),
    "/registers/outgoing": ("stage=ended",),
    "/readers/{name}": ("before=1-1", "before=x"),
    "/readers/{name}/test": (f"tag={TAKEN_EPC}",),
    "/reports/overdue": ("unit=4", "person=4"),
    "/reports/overdue.xlsx": ("unit=4",),
    "/reports/carriers.xlsx": ("level=secret",),
    "/reports/findings.xlsx": ("state=all",),
    "/rounds": ("state=signed", "place=4"),
    "/rounds/{number}/lines": ("bucket=present", "bucket=unknown", "bucket=ghost"),
    "/acts/{number}/form": ("print=1", "part=2"),
    "/places": ("print=1",),
    "/labels/{kind}": ("place=4", "place=6", "place=987654"),
    "/undertakings": ("view=all",),
    "/entries": ("place=7",),
}  # fmt: skip
"""Questions by route, most of them about what only hidden things have."""
NOT_ASKED: Mapping[str, str] = {
    "/events": "an answer without end: asked in a test of its own",
}
"""Routes that are not asked here, and why."""


def everything(known: Things) -> list[Asked]:
    """Every GET route with every sort of thing. Raises KeyError for a blank that nobody knows how to fill."""
    found: list[Asked] = []
    for route in routes():
        if "GET" in route.methods and route.path not in NOT_ASKED:
            found += _of(route.path, known)
    return found


def _of(path: str, known: Things) -> Iterator[Asked]:
    if path == "/reports/round.xlsx":
        for sort, number in BLANKS["rounds/{number}"](known):
            yield Asked(path, f"{path}?round={number}", sort, number)
        return
    bare = path.removeprefix("/api/v1")
    blank = re.search(r"\{\w+\}", bare)
    if blank is None:
        yield Asked(path, path)
        for query in QUERIES.get(path, ()):
            yield Asked(path, f"{path}?{query}")
        return
    filled = bare[1 : blank.end()]
    for sort, name in BLANKS[filled](known):
        there = path.replace(blank[0], name, 1).replace("/files/{identifier}", "/files/1")
        if "{key}" in there:
            for key in _keys_of(filled, name, sort, known):
                yield Asked(path, there.replace("{key}", key), sort, name)
            continue
        yield Asked(path, there, sort, name)
        for query in QUERIES.get(path, ()):
            yield Asked(path, f"{there}?{query}", sort, name)


def _keys_of(filled: str, name: str, sort: Sort, known: Things) -> Iterator[str]:
    on = filled.split("/")[0].removesuffix("s")
    if on == "matter":
        yield from _keys_of_matter(name, sort, known)
    else:
        yield from _keys(on)
        if on == "carrier":
            yield from CARRIER_ACTS


def _keys_of_matter(name: str, sort: Sort, known: Things) -> Iterator[str]:
    of = next((kind for those in known.matters for kind, one in those.items() if str(one) == name), None)
    kinds = [of] if of else list(known.matters[1])
    yield from sorted({act.key for kind in kinds for act in acts_on("matter", kind)})


SEARCHED = (
    *("远山", "散件", "占号", "明", "甲", "由", TAKEN, TAKEN_EPC, "陈国栋", "1004", "会议材料"),
    *(one.flavour.number("YS-2026-00003") for one in VARIANTS),
    *(one.flavour.epc(f"3414F4A2{3:016X}") for one in VARIANTS),
)
"""Words, numbers and tags, most of which are of hidden carriers alone, in one world or in both."""
