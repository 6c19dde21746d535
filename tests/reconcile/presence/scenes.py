"""Scenes written as text, a sighting a line, and batches as a daemon posts them."""

from collections.abc import Iterable, Sequence

from custody.values import SECOND
from reconcile.intake import (
    CoverageRecord,
    IntakeBatch,
    LossRecord,
    ReportRecord,
    SightingRecord,
)
from reconcile.presence import Ear, Heard, Settings, Site
from tests.builders import NOW, epc_of

T0 = NOW
HOME, NEXT, ROOM, FAR, INSIDE, OUTSIDE, GATE = 1, 2, 3, 4, 21, 22, 23
EARS = {
    ("cabinet", 1): Ear(HOME),
    ("cabinet", 2): Ear(NEXT),
    ("room", 1): Ear(ROOM),
    ("far", 1): Ear(FAR),
    ("gate", 1): Ear(GATE, "inside"),
    ("gate", 2): Ear(GATE, "outside"),
}
NAMES = {
    "home": ("cabinet", 1),
    "next": ("cabinet", 2),
    "room": ("room", 1),
    "far": ("far", 1),
    "inside": ("gate", 1),
    "outside": ("gate", 2),
    "stray": ("unknown", 7),
}
PLACES = {"home": HOME, "next": NEXT, "room": ROOM, "far": FAR, "in": INSIDE, "out": OUTSIDE, "-": None}
SITE = Site(EARS, {GATE: (INSIDE, OUTSIDE)})
SETTINGS = Settings()


def at(seconds: float) -> int:
    """The instant so many seconds after the scene began."""
    return T0 + round(seconds * SECOND)


def scene(text: str) -> list[Heard]:
    """Sightings: `from to where reads dBm`, one a line (or separated by `;`); dBm may be `-`."""
    return [_heard(*line.split()) for line in text.replace(";", "\n").splitlines() if line.strip()]


def _heard(first: str, last: str, where: str, reads: str, dbm: str) -> Heard:
    reader, antenna = NAMES[where]
    ear = EARS.get((reader, antenna))
    strength = None if dbm == "-" else float(dbm)
    return Heard(
        at(float(first)),
        at(float(last)),
        int(reads),
        strength,
        strength,
        reader,
        antenna,
        None if ear is None else ear.place,
        "" if ear is None else ear.side,
        at(float(last)),
    )


def still(where: str, since: float, until: float, dbm: float = -55, period: float = 10, reads: int = 20) -> str:
    """A tag lying still: a sighting each period, as the daemon's smoothing gives them."""
    lines = []
    start = since
    while start < until:
        end = min(start + period, until)
        lines.append(f"{start} {end} {where} {reads} {dbm}")
        start = end
    return "\n".join(lines)


def sighting(
    sequence: int, *, epc: str | None = None, reader: str = "shelf", antenna: int = 1, **more: object
) -> SightingRecord:
    """A sighting as posted; `first`, `last` and `received` are seconds of the scene."""
    first = float(more.get("first", 0))  # type: ignore[arg-type]
    last = float(more.get("last", first + 1))  # type: ignore[arg-type]
    dbm = float(more.get("dbm", -55.0))  # type: ignore[arg-type]
    reads = int(more.get("reads", 5))  # type: ignore[call-overload]
    return SightingRecord(
        sequence, epc or epc_of(1), None, reader, antenna, at(first), at(last), reads, dbm, dbm, at(last)
    )


def coverage(sequence: int, since: float, through: float, reader: str = "shelf", antenna: int = 1) -> CoverageRecord:
    """Listening from … through, in seconds of the scene."""
    return CoverageRecord(sequence, reader, antenna, at(since), at(through))


def report(sequence: int, state: str, when: float, reader: str = "shelf", **more: object) -> ReportRecord:
    """A reader's report at so many seconds of the scene."""
    return ReportRecord(
        sequence,
        reader,
        state,
        at(when),
        str(more.get("detail", "")),
        more.get("model"),  # type: ignore[arg-type]
        more.get("firmware"),  # type: ignore[arg-type]
        more.get("clock_offset_us"),  # type: ignore[arg-type]
    )


Record = SightingRecord | CoverageRecord | ReportRecord | LossRecord


def batch(records: Iterable[Record], boot: str = "00" * 16, daemon: str = "edge-1") -> IntakeBatch:
    """A delivery of these records."""
    ordered = sorted(records, key=lambda record: record.sequence)

    def of(kind: type) -> tuple[Record, ...]:
        return tuple(record for record in ordered if isinstance(record, kind))

    return IntakeBatch(
        daemon,
        boot,
        of(SightingRecord),  # type: ignore[arg-type]
        of(CoverageRecord),  # type: ignore[arg-type]
        of(ReportRecord),  # type: ignore[arg-type]
        of(LossRecord),  # type: ignore[arg-type]
    )


def numbered(records: Sequence[Record], start: int = 1) -> list[Record]:
    """The records with sequences from `start` on."""
    return [record._replace(sequence=number) for number, record in enumerate(records, start)]
