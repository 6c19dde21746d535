"""What a tag itself says against the books: two chips under one number, and a tag taken off that is heard elsewhere.

Both are events: a person closes them, whatever happens after.
"""

from dataclasses import dataclass

from custody.values import Instant
from reconcile.checks.cases import BELIEVED, BooksSay, Spot, Thresholds, Verdict, agrees
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import books_say, rule


@dataclass(frozen=True, slots=True)
class ChipCase:
    """A carrier's tag that was heard with another chip's number than the one it was bound with."""

    epc: str
    carrier: int
    books: BooksSay
    bound_tid: str
    heard_tid: str
    reads: int
    first_at: Instant
    heard_at: Instant
    place: Spot | None = None
    reader: str = ""
    antenna: int = 0


def tag_disagrees(case: ChipCase) -> Verdict | None:
    """An EPC is copied with a cheap device, the chip's number is not: somewhere there are two of this tag."""
    if case.bound_tid == case.heard_tid:
        return None
    radio = {
        "epc": case.epc,
        "place": case.place.code if case.place else None,
        "strength": "",
        "since_at": case.first_at,
        "heard_at": case.heard_at,
        "reader": case.reader,
        "antenna": case.antenna,
        "reads": case.reads,
        "strongest_dbm": None,
    }
    params = {"epc": case.epc, "bound": case.bound_tid, "heard": case.heard_tid}
    return Verdict(
        kind="tag_disagrees",
        about=f"epc:{case.epc}",
        happened_at=case.first_at,
        evidence={
            "clause": KINDS["tag_disagrees"].clause,
            "rule": rule("tag_disagrees", params),
            "books": books_say(case.books),
            "chips": {"bound": case.bound_tid, "heard": case.heard_tid},
            "radio": radio,
        },
        carrier=case.carrier,
        epc=case.epc,
        reader=case.reader or None,
        place=case.place.id if case.place else None,
        unit=case.books.unit,
        rank=case.books.rank,
    )


@dataclass(frozen=True, slots=True)
class RetiredCase:
    """A tag that was taken off a carrier which the house still has, and that was heard after that.

    `heard_at`: last; `first_at`, `reads`: since it was taken off and its grace, or since a person settled the last one.
    """

    epc: str
    carrier: int
    books: BooksSay
    place: Spot | None
    strength: str
    reads: int
    first_at: Instant
    heard_at: Instant
    home: Spot | None = None
    reader: str = ""
    antenna: int = 0
    strongest_dbm: float | None = None


def retired_tag(case: RetiredCase, _now: Instant, limits: Thresholds) -> Verdict | None:
    """Where the carrier is, or belongs, an old label in a waste bin is no matter; anywhere else somebody has it."""
    if case.place is None or case.strength not in BELIEVED or case.reads < limits.unknown_reads_min:
        return None
    where = [spot for spot in (case.books.place, case.home) if spot is not None]
    if case.place.kind != "portal" and any(agrees(case.place, spot) for spot in where):
        return None
    return Verdict(
        kind="retired_tag",
        about=f"epc:{case.epc}",
        happened_at=case.first_at,
        evidence={
            "clause": KINDS["retired_tag"].clause,
            "rule": rule("retired_tag", {"epc": case.epc, "place": case.place.code}),
            "books": books_say(case.books),
            "radio": {
                "epc": case.epc,
                "place": case.place.code,
                "strength": case.strength,
                "since_at": case.first_at,
                "heard_at": case.heard_at,
                "reader": case.reader,
                "antenna": case.antenna,
                "reads": case.reads,
                "strongest_dbm": case.strongest_dbm,
            },
        },
        carrier=case.carrier,
        epc=case.epc,
        reader=case.reader or None,
        place=case.place.id,
        unit=case.books.unit,
        rank=case.books.rank,
    )
