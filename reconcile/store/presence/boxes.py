"""Boxes: a tag that is heard no more goes where most of its box has gone, as one conclusion more (`companions`)."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, select

from custody.store.schema import CARRIER, PLACE, TAG, chunks
from reconcile.presence import Conclusions, Memory, Move, Settings, follow
from reconcile.store.presence.keeping import After, Running, checkpointed, keep, known
from reconcile.store.presence.site import load_site


def follow_boxes(connection: Connection, settings: Settings, running: Running) -> None:
    """Of every box of which some carrier's presence has changed, those carriers that went along unheard."""
    boxes = _boxes(connection, running.changed)
    before = known(connection, {epc for of in boxes.values() for epc in of})
    if not before:
        return
    since = min(old.memory.heard_at for old in before.values())
    site = load_site(connection, (since, running.now))
    gone: dict[str, tuple[Memory, Move]] = {}
    for of in boxes.values():
        gone |= follow({epc: before[epc].memory for epc in of if epc in before}, site, settings)
    if not gone:
        return
    kept_at = checkpointed(connection, before, gone, always=True)
    after = {
        epc: After(memory, Conclusions(moves=[move]), kept_at[epc], max(before[epc].through_at, memory.through_at))
        for epc, (memory, move) in sorted(gone.items())
    }
    keep(connection, before, after, settings, running)


def _boxes(connection: Connection, changed: Iterable[str]) -> dict[int, list[str]]:
    """The live tags, by box, of all boxes in which one of these is kept."""
    places: set[int] = set()
    kept = TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier).join(PLACE, PLACE.c.id == CARRIER.c.place)
    in_boxes = (PLACE.c.kind == "container", ~TAG.c.retired)
    for chunk in chunks(sorted(changed)):
        wanted = select(CARRIER.c.place).select_from(kept).where(TAG.c.epc.in_(chunk), *in_boxes).distinct()
        places.update(connection.scalars(wanted))
    found: dict[int, list[str]] = defaultdict(list)
    for some in chunks(sorted(places)):
        for row in connection.execute(
            select(CARRIER.c.place, TAG.c.epc).select_from(kept).where(CARRIER.c.place.in_(some), *in_boxes)
        ):
            found[row.place].append(row.epc)
    return found
