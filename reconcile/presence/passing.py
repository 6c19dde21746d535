"""What a portal heard, in a tag's memory: crossings that go on, passages that came of them, tags lying there."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from readers.portal import Crossing, Passage, PortalGlimpse, finish, hear
from reconcile.presence.concluding import Conclusions
from reconcile.presence.model import Heard, Lying, Memory, Settings, Site


def at_portal(
    memory: Memory, heard: Heard, site: Site, settings: Settings, out: Conclusions
) -> tuple[Memory, tuple[Passage, ...]]:
    """The memory with one more sighting at a portal, and the passages that can be said already."""
    portal, side = heard.place, heard.side
    if portal is None or not side or heard.first_at <= memory.settled_at.get(portal, -1):
        return memory, ()
    crossing = memory.crossings.get(portal)
    if crossing is not None and heard.last_at < crossing.first_at - settings.portal_window_us:
        return memory, ()  # older than the crossing that goes on: evidence of the past, kept as a sighting
    glimpse = PortalGlimpse(
        heard.first_at, heard.last_at, heard.reads, heard.strongest_dbm, heard.reader, heard.antenna, side
    )
    going_on, passages = hear(crossing, portal, glimpse, heard.received_at, settings, site.beams.get(portal))
    _lies(going_on, glimpse, out)
    return memory._replace(crossings={**memory.crossings, portal: going_on}), passages


def quiet(memory: Memory, settings: Settings, first_at: int) -> Iterator[int]:
    """Portals whose crossing is over, now that the tag is heard again at `first_at`."""
    for portal, crossing in sorted(memory.crossings.items()):
        if first_at > crossing.last_at + settings.portal_window_us:
            yield portal


def settled(memory: Memory, portal: int, site: Site) -> tuple[Memory, tuple[Passage, ...]]:
    """The memory without that crossing, and what it was."""
    crossing = memory.crossings[portal]
    memory = memory._replace(
        crossings={at: c for at, c in memory.crossings.items() if at != portal},
        settled_at={**memory.settled_at, portal: crossing.last_at},
    )
    return memory, finish(crossing, site.beams.get(portal))


def told(memory: Memory, passages: Iterable[Passage], settings: Settings, out: Conclusions) -> Iterator[Passage]:
    """Keep the passages as conclusions; those come back that say where the tag is now."""
    for passage in passages:
        late = passage.until_at < memory.heard_at - settings.late_after_us
        evidence = {**passage.evidence, "late": True} if late else passage.evidence
        out.passages.append(replace(passage, evidence=evidence))
        revises = "revises" in passage.evidence
        if late or (passage.direction == "unknown" and not revises):
            continue
        if memory.here_at is not None and passage.until_at < memory.here_at:
            continue  # heard at a place since
        yield passage


def _lies(crossing: Crossing, heard: PortalGlimpse, out: Conclusions) -> None:
    """A tag found lying at the portal: one stay, as long as the crossing goes on."""
    if crossing.lying_since is not None and crossing.parked:
        out.lying[crossing.portal, crossing.lying_since] = Lying(
            crossing.portal,
            crossing.lying_since,
            crossing.last_at,
            crossing.parked,
            heard.reader,
            heard.antenna,
            heard.strongest_dbm,
        )
