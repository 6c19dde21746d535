"""The last read before a destruction is signed: scan by scan, until what was read equals the list (clause g.5).

Counted is what was scanned, heard or ticked since anything about the batch last changed: what was read before its bag
was opened again is not the last read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.acts.codes import resolve
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.entries import Fact
from custody.entries.destruction import WeighedIn
from custody.matters import Line
from custody.matters.destruction import KEY, OPEN_LINES, WEIGHED, list_hash
from custody.rules import NotFound
from custody.store import queries
from custody.values import Instant
from reconcile.store import counts
from reconcile.store.counts import CountScan

STEP = "weigh"
STATUSES = frozenset({"set_apart", "received"})


@dataclass(frozen=True, slots=True)
class Read:
    """What was read so far of a batch. `by_eye`: ticked, and read by nothing else; `over`: read, and on no list."""

    lines: tuple[Line, ...]
    since: Instant
    met: tuple[int, ...]
    by_eye: tuple[int, ...]
    over: tuple[int, ...]
    unknown: tuple[str, ...]
    scans: tuple[CountScan, ...]

    @property
    def short(self) -> tuple[int, ...]:
        """On the list, and not met."""
        there = {*self.met, *self.by_eye}
        return tuple(line.carrier for line in self.lines if line.carrier not in there)

    @property
    def equal(self) -> bool:
        """Whether what was read is the list."""
        return bool(self.lines) and not self.short and not self.over and not self.unknown

    @property
    def reasons(self) -> str:
        """Why what was ticked could not be read."""
        said = (one.reason for one in self.scans if one.carrier in self.by_eye and one.means == "eye")
        return "; ".join(dict.fromkeys(reason for reason in said if reason))


def read_of(ground: Ground) -> Read:
    """What was read of a batch since it was touched last. Nothing is hidden from the verdict."""
    matter = ground.the_matter
    with ground.services.database.reading() as connection:
        lines = queries.all_lines(connection, matter.id, OPEN_LINES)
        since = max((line.at for line in lines), default=matter.opened_at)
        deviations = [one.at for one in matter.body.deviations]
        since = max([since, *deviations])
        scans = counts.scans_since(connection, matter.id, STEP, since)
    listed = {line.carrier for line in lines}
    read = {one.carrier for one in scans if one.means != "eye"}
    ticked = {one.carrier for one in scans if one.means == "eye"}
    return Read(
        lines=tuple(lines),
        since=since,
        met=tuple(sorted(one for one in read if one in listed)),
        by_eye=tuple(sorted(one for one in ticked - read if one in listed)),
        over=tuple(sorted(one for one in (read | ticked) - listed if one is not None)),
        unknown=tuple(dict.fromkeys(one.code for one in scans if one.carrier is None)),
        scans=tuple(scans),
    )


def scan(ground: Ground, events: Sequence[tuple[str, str]]) -> None:
    """Keep scans: each the device's own event and a code."""
    with ground.reading() as connection:
        known = {code: resolve(connection, ground.subject, code) for _event, code in events}
    found = [
        CountScan(event, code, "scan", item.id if (item := known[code]) else None, ground.now, ground.subject.person)
        for event, code in events
    ]
    with ground.services.database.writing() as connection:
        counts.add(connection, ground.the_matter.id, STEP, found)


def tick(ground: Ground, event: str, carriers: Sequence[int], reason: str) -> None:
    """Seen by eye, though the tag did not answer."""
    found = [
        CountScan(f"{event}:{carrier}", "", "eye", carrier, ground.now, ground.subject.person, reason)
        for carrier in carriers
    ]
    with ground.services.database.writing() as connection:
        counts.add(connection, ground.the_matter.id, STEP, found)


def take_heard(ground: Ground, place: int) -> int:
    """Count what the antennas at a place heard of the list since the batch was touched last; gives how many."""
    read = read_of(ground)
    with ground.services.database.writing() as connection:
        heard = counts.heard_under(connection, read.short, place, read.since)
        found = [
            # One row a carrier and stretch: heard again it is the same.
            CountScan(f"reader:{read.since}:{carrier}", epc, "reader", carrier, at, ground.subject.person)
            for carrier, (at, epc) in heard.items()
        ]
        counts.add(connection, ground.the_matter.id, STEP, found)
    return len(found)


def undo(ground: Ground) -> CountScan | None:
    """Take back the newest scan; None where there is none."""
    since = read_of(ground).since
    with ground.services.database.writing() as connection:
        return counts.undo_newest(connection, ground.the_matter.id, STEP, ground.subject.person, ground.now, since)


def _supervisors(values: Values) -> tuple[int, ...]:
    named = (values.get("supervisor_1"), values.get("supervisor_2"))
    return tuple(one for one in named if one is not None)


def weighing(ground: Ground, values: Values) -> list[Fact]:
    """What was read, as it is signed; where it differs from the list the rules say how."""
    read = read_of(ground)
    if read.unknown:
        raise Unfit("place", "destruction.weigh.unknown_do")
    listed = (*read.met, *read.by_eye, *read.over)
    times = [one.at for one in read.scans] or [ground.now]
    return [
        WeighedIn(
            matter=ground.the_matter.id,
            carriers=tuple(sorted(listed)),
            by_eye=read.by_eye,
            items=len(listed),
            list_hash=list_hash(listed),
            first_at=min(times),
            last_at=min(max(times), ground.now),
            place=values["place"],
            reason=read.reasons,
            supervisors=_supervisors(values) if read.by_eye else (),
        )
    ]


def supervisors_sign(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """Both supervisors sign where something was seen by eye alone."""
    if not read_of(ground).by_eye:
        return ()
    found = []
    for name in ("supervisor_1", "supervisor_2"):
        person = values.get(name)
        if person is None or person != ground.person.id:
            found.append(Cosigner(f"ask.{name}", person))
    return found


def _probe(ground: Ground) -> Fact | None:
    """Offered once what was read is the list; until then the page of the reading is where one goes on."""
    if ground.the_matter.body.weighing is not None or not ground.the_matter.count(*WEIGHED):
        raise NotFound
    if not read_of(ground).equal:
        raise NotFound
    return None


WEIGH = Act(
    "weigh",
    "destruction_weigh",
    "equal",
    Permission.DESTROY,
    weighing,
    _probe,
    kind=KEY,
    fields=(
        Field("place", "place", required=False),
        Field("supervisor_1", "person", required=False),
        Field("supervisor_2", "person", required=False),
    ),
    cosigners=supervisors_sign,
    statuses=STATUSES,
    main=STATUSES,
)
