"""The filter of one tag: sightings in, the believed place, its stays, moves and passages out. Pure and incremental.

The believed place changes only where another one is nearly certain (`sure`), heard there at least twice and for some
seconds: by what its own antennas hear, by what those of the place before do not hear any more while they listen, and
by how the strengths differ from those the tag has while it lies (`weighing`). So the next cabinet's cross-reads beside
reads at home change nothing, whatever their number. Where neither place nor another is probable, the place is
unconfirmed: said so, not guessed. Out of a place that nobody listens to a tag goes only where it is heard as well as
there: a neighbour's cross-reads alone take nothing out of a dead place.

Order is event time (`last_at`). A sighting older than the newest by more than `late_after_us` is late: it is kept
as a sighting and may lengthen a past stay (`Conclusions.late`), a late passage is recorded, but neither moves the
present. For data in order, folding in pieces gives what folding at once gives.
"""

from collections.abc import Iterable

from readers.portal import Passage, due_at, judged
from reconcile.presence import passing, questions
from reconcile.presence.accounts import Other
from reconcile.presence.concluding import Conclusions, evidence
from reconcile.presence.hearing import Ears
from reconcile.presence.model import Heard, Memory, Move, Settings, Site, Stay, Strength
from reconcile.presence.weighing import Weighing

_READS_MIN = 2
_HELD_US, _WEAKLY_HELD_US = 8_000_000, 18_000_000
"""So long at least it must have been heard at another place: more than a walk past; and where no more strongly than
its neighbours are heard there, for longer."""
_STILL_READ_US = 60_000_000
"""So long, where the place before goes on reading it: fading holds for as long."""
_CROSS_READ_US = 300_000_000
"""Reads as they always were there, while its own antennas are silent, take so long to count as a move."""
_FIRM = 0.9
"""So probable, and heard long enough, a place is confirmed."""
_GLIMPSED = 0.4
"""After the first sighting of all: as probable it is at no place."""
_THROUGH_PORTAL = 0.9


def fold_tag(memory: Memory, heard: Iterable[Heard], site: Site, settings: Settings) -> tuple[Memory, Conclusions]:
    """The memory of a tag after more of its sightings, and what they showed."""
    folding = _Folding(memory, site, settings)
    for sighting in sorted(heard, key=lambda h: (h.last_at, h.first_at, h.reader, h.antenna)):
        folding.step(sighting)
    return folding.done()


def settle_tag(memory: Memory, now: int, site: Site, settings: Settings) -> tuple[Memory, Conclusions]:
    """Conclude the crossings that have been quiet long enough at `now` (event time and arrival both)."""
    folding = _Folding(memory, site, settings)
    for portal in sorted(memory.crossings):
        folding.look(portal, now)
    return folding.done()


def advance_tag(memory: Memory, through: int, site: Site, settings: Settings) -> tuple[Memory, Conclusions]:
    """Time has passed through `through` without a sighting: silence is evidence where somebody listened."""
    folding = _Folding(memory, site, settings)
    folding.advance(through)
    return folding.done()


class _Folding:
    """A memory being added to. What is weighed is taken apart only when something is to be weighed."""

    def __init__(self, memory: Memory, site: Site, settings: Settings) -> None:
        self.memory, self.site, self.settings = memory, site, settings
        self.out = Conclusions()
        self._weighing: Weighing | None = None

    @property
    def weighing(self) -> Weighing:
        if self._weighing is None:
            self._weighing = Weighing(self.memory.belief, self.memory.place, Ears.of(self.site), self.settings)
        return self._weighing

    def done(self) -> tuple[Memory, Conclusions]:
        weighing = self._weighing
        if weighing is not None:
            doubtful = self.memory.strength == "unconfirmed" and not weighing.ambiguous
            weighing.look_after_us = (
                None if doubtful else questions.silence_says_after(weighing, self.memory.here_at or 0)
            )
            self.memory = self.memory._replace(belief=weighing.kept())
        return self.memory, self.out

    def step(self, heard: Heard) -> None:
        memory, settings = self.memory, self.settings
        if memory.crossings:
            for portal in list(passing.quiet(memory, settings, heard.first_at)):
                self.settle(portal)
            memory = self.memory
        late = heard.last_at < memory.heard_at - settings.late_after_us
        if heard.last_at >= memory.heard_at:
            memory = memory._replace(
                reads=memory.reads + heard.reads,
                heard_at=heard.last_at,
                reader=heard.reader,
                antenna=heard.antenna,
                strongest_dbm=heard.strongest_dbm,
            )
        else:
            memory = memory._replace(reads=memory.reads + heard.reads)
        self.memory = memory
        if heard.place is None:
            return
        if heard.side:
            self.memory, passages = passing.at_portal(memory, heard, self.site, settings, self.out)
            self._passed(passages)
        elif late:
            self.out.late.append(heard)
        else:
            self._at_place(heard, heard.place)

    def settle(self, portal: int) -> None:
        self.memory, passages = passing.settled(self.memory, portal, self.site)
        self._passed(passages)

    def look(self, portal: int, now: int) -> None:
        """At a crossing, quiet through `now`: it is over, or sure by now, or neither."""
        crossing = self.memory.crossings[portal]
        if max(crossing.last_at, crossing.received_at) + self.settings.portal_window_us <= now:
            self.settle(portal)
        elif due_at(crossing, self.settings) <= now:
            looked_at, passages = judged(crossing, self.settings, self.site.beams.get(portal), now)
            self.memory = self.memory._replace(crossings={**self.memory.crossings, portal: looked_at})
            self._passed(passages)

    def advance(self, through: int) -> None:
        if self.memory.place is None or through <= self.memory.belief.through_at:
            return
        self.weighing.pass_time(through)
        self._judge_strength(through, "silence")

    # At places

    def _at_place(self, heard: Heard, place: int) -> None:
        weighing = self.weighing
        if self.memory.place is None and not weighing.candidates:
            weighing.hear(heard, place)
            weighing.away = _GLIMPSED
            self._begin(weighing.candidates[place], "places", 1.0 - _GLIMPSED)
            self._judge_strength(heard.last_at, "places")
            return
        if weighing.hear(heard, place):
            questions.look_over(weighing)
        if place == self.memory.place:
            self._again(heard, place)
        moved = self._moved()
        if moved is not None:
            self._begin(moved, "places", moved.chance)
        self._judge_strength(heard.last_at, "places")

    def _moved(self) -> Other | None:
        """The other place at which it is nearly certain to be; None: there is none."""
        weighing, settings, memory = self.weighing, self.settings, self.memory
        if not weighing.candidates or weighing.here > settings.again:
            return None
        best = max(weighing.candidates.values(), key=lambda one: (one.chance, -one.place))
        if best.reads < _READS_MIN:
            return None
        here = memory.place
        if here is None or here not in self.site.heard:
            # Nobody can hear it where it was believed: two reads elsewhere are more.
            return best if here is None or best.until_at > (memory.here_at or 0) else None
        strongly = questions.heard_strongly(weighing, best.place)
        heard_for = best.until_at - best.since_at
        if best.chance < (settings.sure if strongly else settings.surely):
            return None
        if heard_for < (
            _STILL_READ_US if questions.still_read(weighing) else _HELD_US if strongly else _WEAKLY_HELD_US
        ):
            return None
        if not questions.heard_otherwise(weighing, best.place) and heard_for < _CROSS_READ_US:
            return None
        if not weighing.world.live(here, weighing.through_at, settings.watermark_us):
            known = best.mean_dbm is not None and memory.here_dbm is not None
            gain = (best.mean_dbm or 0.0) - (memory.here_dbm or 0.0) if known else 0.0
            long = heard_for >= 3 * settings.confirm_after_us
            return best if gain >= settings.stronger_db or (gain >= 0.0 and long) else None
        return best

    def _begin(self, at: Other, cause: str, here: float) -> None:
        weighing, memory = self.weighing, self.memory
        before = memory.place
        if before is not None and before != at.place:
            weighing.consider(before, weighing.here, weighing.through_at, memory.reader, memory.antenna)
            shown = evidence(
                weighing, at.since_at, {p: c.chance for p, c in weighing.candidates.items() if p != at.place}
            )
            strength: Strength = "probable"
            self.out.moves.append(Move(before, at.place, at.since_at, weighing.through_at, strength, cause, shown))
        chance = here if before is None else at.chance
        weighing.begin(at.place, at.since_at, chance, at.since_at, at.reads)
        stay = Stay(at.place, at.since_at, at.until_at, at.reads, at.strongest_dbm, at.reader, at.antenna)
        self.out.stays[at.place, stay.since_at] = stay
        self.memory = memory._replace(
            place=at.place,
            strength="unconfirmed" if before is None else "probable",
            since_at=at.since_at,
            here_at=at.until_at,
            here_dbm=at.mean_dbm,
            stay=stay,
        )

    def _again(self, heard: Heard, place: int) -> None:
        memory = self.memory
        stay = _longer(memory.stay, heard, place, self.settings)
        self.out.stays[place, stay.since_at] = stay
        self.memory = memory._replace(
            here_at=max(memory.here_at or heard.first_at, heard.last_at),
            here_dbm=memory.here_dbm if heard.mean_dbm is None else heard.mean_dbm,
            stay=stay,
        )

    def _judge_strength(self, at: int, cause: str) -> None:
        """How firmly the believed place is held now."""
        weighing, settings, memory = self.weighing, self.settings, self.memory
        if memory.place is None:
            return
        strength = _strength(weighing, memory, settings)
        if strength != memory.strength:
            if "unconfirmed" in (strength, memory.strength) and memory.since_at is not None:
                since = memory.here_at or at
                shown = evidence(weighing, since, {p: c.chance for p, c in weighing.candidates.items()})
                self.out.moves.append(Move(memory.place, memory.place, since, at, strength, cause, shown))
            self.memory = memory._replace(strength=strength)

    # Through portals

    def _passed(self, passages: Iterable[Passage]) -> None:
        for passage in passing.told(self.memory, passages, self.settings, self.out):
            inside, outside = self.site.portals.get(passage.portal, (None, None))
            self._through(outside if passage.ends == "outside" else inside, passage)

    def _through(self, place: int | None, passage: Passage) -> None:
        """Behind a portal: believed at the place there, which need not have an antenna of its own."""
        memory = self.memory
        if place == memory.place and place is not None:
            self.memory = memory._replace(here_at=passage.until_at)
            return
        sure = passage.direction != "unknown" and passage.score >= self.settings.alarm_score
        strength: Strength = "probable" if sure and place is not None else "unconfirmed"
        if memory.place != place:
            shown = {"model": passage.evidence.get("model", ""), "portal": passage.portal, "since_at": passage.since_at}
            self.out.moves.append(
                Move(memory.place, place, passage.until_at, passage.until_at, strength, "portal", shown)
            )
        self.weighing.settle_as(place, passage.until_at, _THROUGH_PORTAL if sure else self.settings.again)
        self.memory = memory._replace(
            place=place,
            strength=strength,
            since_at=None if place is None else passage.until_at,
            here_at=None if place is None else passage.until_at,
            here_dbm=None,
            stay=None,
        )


def _strength(weighing: Weighing, memory: Memory, settings: Settings) -> Strength:
    if memory.place not in weighing.world.of_place:
        return memory.strength  # behind a portal: nobody can hear it there
    here = weighing.here
    if weighing.ambiguous or questions.silent_for(weighing, memory.here_at or 0, settings.unconfirmed_after_us):
        return "unconfirmed"
    if here < (settings.again if memory.strength == "unconfirmed" else settings.doubt) and weighing.reads_here:
        doubtful = memory.strength == "unconfirmed" or here < settings.doubt
        if doubtful:
            return "unconfirmed"
    if weighing.reads_here < _READS_MIN:
        return "unconfirmed" if memory.strength == "unconfirmed" else memory.strength
    long = (memory.here_at or 0) - weighing.arrived_at >= settings.confirm_after_us
    return "confirmed" if long and here >= _FIRM else "probable"


def _longer(stay: Stay | None, heard: Heard, place: int, settings: Settings) -> Stay:
    """The running stay with one more sighting, or, after a silence, the next one."""
    if stay is None or stay.place != place or heard.first_at - stay.until_at > settings.silence_us:
        return Stay(
            place,
            heard.first_at,
            heard.last_at,
            heard.reads,
            heard.strongest_dbm,
            heard.reader,
            heard.antenna,
        )
    strongest = [dbm for dbm in (stay.strongest_dbm, heard.strongest_dbm) if dbm is not None]
    return stay._replace(
        until_at=max(stay.until_at, heard.last_at),
        reads=stay.reads + heard.reads,
        strongest_dbm=max(strongest, default=None),
        reader=heard.reader,
        antenna=heard.antenna,
    )
