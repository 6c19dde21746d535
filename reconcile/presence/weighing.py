"""How probable a tag's places are: a hidden Markov filter over the believed place, those that hear it, and none.

Evidence is what each antenna heard, and did not hear while it listened, in windows of 2 s:

    l(place) = sum over antennas of  heard (ln P + strength) + unheard max(-3, ln(1 - P)),
    strength = max(-4.5, -((mean - mu) / sigma)^2 / 2) - ln sigma,

with P, mu and sigma of the antenna at that place: for the believed place the tag's own, learnt while it lies there
(P from (heard + a P0) / (asked + a)); for other places those of the site's calibration, by how well the tag answers.
Counts are tempered: windows in a row are not independent witnesses, for fading stands still with the tag. Before the
evidence, time passes: a tag leaves its place in two hours in the mean, and what lies nowhere is put down somewhere.

An antenna's silence is counted only as far as it is known: what a daemon told through, or a whole period ago; and
only where the antenna listened. So it costs a few steps a sighting, however long the tag lies.
"""

import math

from reconcile.presence.accounts import EarNow, Other
from reconcile.presence.calibration import WINDOW_US
from reconcile.presence.hearing import AWAY_HEARD, EarKey, Ears, Expected, expected
from reconcile.presence.model import Belief, Candidate, Heard, Settings

_PRIOR_WINDOWS = 12.0
"""What is expected of an antenna counts as so many windows against what the tag itself shows."""
ASKED_MIN = 15.0
PRIOR_WEIGHT = 8.0
_SIGMA_HERE_DB = 6.0
_HOME_SHARE, _OTHER_SHARE, _PLACES_MIN = 0.4, 0.6, 8
"""Of what is put down: where it was before; the rest spread over the places."""
_ARRIVE_WINDOWS = 5.0
_LEAST = 1e-9
_CANDIDATES_MAX = 6
_EARS_MAX = 14
FORGOTTEN_US = 120_000_000
_EAR_FORGOTTEN_US = 1_200_000_000
_UNDOUBTED = 0.99
_USUAL_DB = 8.0
_CONVERGED = 0.9995
_LOOKED_THROUGH_US = 30_000_000
"""While it lies still, so long may antennas' silences wait to be counted."""
_OWN_SILENT_US = 15_000_000
_SELDOMER = 0.3
_OTHERS_SAY = 0.5
"""So little, at most, another place's antenna says against a place whose own hear the tag as ever (tempered)."""
_JUDGED_BY, _LATELY_US, _HARDLY = 10.0, 90_000_000, 0.15
"""After so many windows an antenna is judged by its own share, where its place was heard so lately; not below that."""
_WORSE = 0.3
"""A sighting that fits its place by more than this less well than another is not learnt as the way it is heard."""
_WINDOW = float(WINDOW_US)


class Weighing:
    """One tag's belief while sightings are folded into it; afterwards `kept()`."""

    __slots__ = (
        "ambiguous",
        "answers",
        "arrived_at",
        "away",
        "candidates",
        "checked_at",
        "ears",
        "here",
        "known",
        "look_after_us",
        "place",
        "reads_here",
        "settings",
        "through_at",
        "usual_at",
        "weighed_at",
        "world",
    )

    def __init__(self, belief: Belief, place: int | None, world: Ears, settings: Settings) -> None:
        self.world, self.settings, self.place = world, settings, place
        self.through_at, self.here, self.away, self.arrived_at, self.reads_here, self.answers = belief[:6]
        self.known, self.ambiguous, self.checked_at, self.look_after_us = belief[6:10]
        self.weighed_at, self.usual_at = belief.weighed_at, belief.usual_at
        self.candidates: dict[int, Other] = {one.place: Other(one) for one in belief.candidates}
        self.ears: dict[EarKey, EarNow] = {(one.reader, one.antenna): EarNow.of(one) for one in belief.ears}

    def kept(self) -> Belief:
        """The belief as it is now."""
        return Belief(
            self.through_at,
            self.here,
            self.away,
            self.arrived_at,
            self.reads_here,
            self.answers,
            self.known,
            self.ambiguous,
            self.checked_at,
            self.look_after_us,
            self.weighed_at,
            self.usual_at,
            tuple(self.candidates[place].kept() for place in sorted(self.candidates)),
            tuple(self.ears[key].kept() for key in sorted(self.ears)),
        )

    # Where it is believed

    def begin(self, place: int | None, at: int, here: float, arrived_at: int, reads: int) -> None:
        """It is believed at this place from now on. What was ambiguous before, is so until it was looked at again."""
        best = max(self.ears.values(), key=lambda ear: ear.heard / (ear.asked + 1.0), default=None)
        if best is not None and best.asked >= 50.0:
            answers = best.heard / best.asked
            self.answers = round(answers if self.answers is None else (self.answers + answers) / 2, 3)
        for ear in self.ears.values():
            ear.forget()
        self.candidates.pop(-1 if place is None else place, None)
        self.place, self.arrived_at, self.reads_here = place, arrived_at, reads
        self.here, self.known, self.usual_at = here, False, 0
        self._watch(place, at)
        self._normalise()

    def consider(self, place: int, chance: float, at: int, reader: str, antenna: int) -> None:
        """It may be at this place too."""
        self.candidates[place] = Other(Candidate(place, chance, at, at, 0, None, None, reader, antenna))
        self.candidates = dict(sorted(self.candidates.items()))

    def _watch(self, place: int | None, at: int) -> None:
        """The place's own antennas are asked from now on, though they may be silent."""
        for key in self.world.of_place.get(-1 if place is None else place, ()):
            if key not in self.ears:
                self._add(key, at)

    def _add(self, key: EarKey, at: int) -> None:
        # In one order always, so that sums come out the same however the tag's sightings were divided.
        self.ears[key] = EarNow(key, at)
        self.ears = dict(sorted(self.ears.items()))

    def settle_as(self, place: int | None, at: int, here: float) -> None:
        """Said by something else than hearing (a portal): nothing that was weighed before holds."""
        self.candidates.clear()
        self.ambiguous = False
        self.through_at = max(self.through_at, at)
        self.away = 1.0 - here
        self.begin(place, at, here, at, 0)

    # Time and evidence

    def hear(self, heard: Heard, place: int) -> bool:
        """A sighting by an antenna of `place`; whether there was anything to weigh."""
        key = (heard.reader, heard.antenna)
        if key not in self.ears:
            self._add(key, heard.first_at)
        if place != self.place and place not in self.candidates:
            self._watch(place, heard.first_at)
            # What may have been put down there in a window.
            chance = self.away * self.settings.arrives * _OTHER_SHARE / _PLACES_MIN
            self.away -= chance
            self.consider(place, chance, heard.first_at, heard.reader, heard.antenna)
        ear = self.ears[key]
        if self._as_usual(ear, heard):
            return False
        at = max(self.through_at, heard.last_at)
        self.weighed_at = at
        dt = (at - self.through_at) / _WINDOW if self.through_at else 0.0
        live = self._live(at)
        if live:
            self._leave(dt)
        self._silences(at, key, heard.first_at)
        if live:
            self._arrive(dt)
        self._reads(ear, heard)
        self.through_at = at
        self._note(heard, place)
        self._tidy(at)
        return True

    def _as_usual(self, ear: EarNow, heard: Heard) -> bool:
        """It lies still and is heard as ever: nothing to weigh, for nothing can be surer; only the antenna's account.

        What other antennas did not hear meanwhile is counted with the next evidence, after half a minute at most.
        """
        if (
            self.here < _CONVERGED
            or not self.known
            or ear.weight < PRIOR_WEIGHT
            or heard.last_at < self.through_at
            or heard.last_at - self.weighed_at > _LOOKED_THROUGH_US
            or heard.first_at < ear.counted_at - 1_000_000
            or heard.first_at > ear.counted_at + 4_000_000
            or (heard.mean_dbm is not None and abs(heard.mean_dbm - ear.mean) > _USUAL_DB)
        ):
            return False
        span = (heard.last_at - ear.counted_at) / _WINDOW
        if span < 1.0:
            return False
        read = span * (1.0 - math.exp(-heard.reads / span))
        # A quarter fewer windows than it is used to, or more of them, is something to weigh.
        if abs(read / span - ear.heard / ear.asked) > 0.25:
            return False
        told = max(heard.last_at, min(ear.told_at, heard.first_at) + self.settings.period_us)
        if told > heard.last_at + 2_000_000:
            return False
        ear.told_at = told
        ear.counted_at = ear.last_at = heard.last_at
        ear.learn(span, read, heard.mean_dbm)
        if self.world.place_of.get(ear.key) == self.place:
            self.reads_here += heard.reads
            self.usual_at = heard.last_at
        else:
            for place, one in self.candidates.items():
                if place == self.world.place_of.get(ear.key):
                    one.note(heard)
        self.through_at = heard.last_at
        return True

    def pass_time(self, through: int) -> None:
        """Nothing was heard through this time."""
        if through <= self.through_at:
            return
        dt = (through - self.through_at) / _WINDOW
        live = self._live(through)
        if live:
            self._leave(dt)
        self.weighed_at = through
        self._silences(through, None, 0)
        if live:
            self._arrive(dt)
        self.through_at = through

    def _live(self, at: int) -> bool:
        """Somebody listens where it is believed: elsewhere time says nothing."""
        place = self.place
        if place is None or place not in self.world.of_place:
            return True
        return self.world.live(place, at, self.settings.watermark_us)

    def _leave(self, windows: float) -> None:
        if windows <= 0.0:
            return
        rate = _WINDOW / self.settings.stays_us * windows
        stays = 1.0 / (1.0 + rate)
        self.here *= stays
        for one in self.candidates.values():
            one.chance *= stays
        self.away = self.away * stays + 1.0 - stays

    def _arrive(self, windows: float) -> None:
        if windows <= 0.0:
            return
        arrives = 1.0 - (1.0 - self.settings.arrives) ** min(windows, _ARRIVE_WINDOWS)
        put_down = self.away * arrives
        if self.place is not None:
            self.here += put_down * _HOME_SHARE
            self.away -= put_down * _HOME_SHARE
        each = put_down * _OTHER_SHARE / max(_PLACES_MIN, len(self.candidates))
        for one in self.candidates.values():
            one.chance += each
            self.away -= each

    def _silences(self, at: int, speaking: EarKey | None, first_at: int) -> None:
        """Count the windows in which antennas heard nothing, as far as that is known at `at`."""
        known = at - self.settings.period_us
        silent: list[tuple[EarNow, float]] = []
        for key, ear in self.ears.items():
            until = max(known, ear.told_at)
            if key == speaking:
                until = max(until, first_at) if ear.told_at else first_at
                until = min(until, first_at)
            if until - ear.counted_at < 1_000_000:
                continue
            proven = self.world.proven(key, until)
            windows = self.world.listened(key, ear.counted_at, proven) / _WINDOW
            if proven > ear.counted_at:
                ear.counted_at = proven
            if windows > 0.0:
                silent.append((ear, windows))
        if not silent:
            return
        here, away, others = 0.0, 0.0, dict.fromkeys(self.candidates, 0.0)
        temper = self.settings.temper
        for ear, windows in silent:
            tempered = windows * temper
            here += tempered * self.expects_here(ear).ln_none
            away += tempered * AWAY_HEARD.ln_none
            for place in others:
                others[place] += tempered * self._expects(ear, place).ln_none
            ear.doubt(windows, None, 0.0)
        self._weigh(here, away, others)
        if self._learns(at):
            for ear, windows in silent:
                ear.learn(windows, 0.0, None)

    def _reads(self, ear: EarNow, heard: Heard) -> None:
        period = self.settings.period_us
        gap = heard.first_at - ear.last_at
        # What comes in pieces shorter than a window is no more windows to learn from than time has passed.
        whole = heard.last_at - heard.first_at >= _WINDOW
        learnt = 1.0 if whole else max(0.0, min(1.0, (heard.last_at - ear.last_at) / _WINDOW))
        before = ear.told_at
        if before and heard.first_at >= before and heard.first_at <= before + period + 1_000_000:
            told = max(heard.last_at, before + period if before + period <= heard.first_at + period else heard.last_at)
        else:
            told = heard.last_at
        since = max(ear.counted_at, heard.first_at)
        span = max(1.0, (heard.last_at - heard.first_at) / _WINDOW)
        read = span * (1.0 - math.exp(-heard.reads / span))
        ear.told_at = max(before, told)
        ear.last_at = max(ear.last_at, heard.last_at)
        proven = self.world.proven(ear.key, told)
        rest = max(0.0, self.world.listened(ear.key, max(since, heard.last_at), proven) / _WINDOW)
        ear.counted_at = max(ear.counted_at, heard.last_at, proven)
        unread = max(0.0, span - read) + rest
        temper = self.settings.temper
        # The longer ago the last one, the more a read is a witness of its own.
        first = max(temper, min(self.settings.fresh, temper * (1.0 + gap / _WINDOW)))
        counts = temper * read if read <= 1.0 else first + temper * (read - 1.0)
        counts = max(counts, first * min(1.0, read))
        none = temper * unread
        dbm = heard.mean_dbm
        it = self.expects_here(ear)
        here = counts * (it.ln_read + it.strength(dbm)) + none * it.ln_none
        if self.known and self.place is not None and self.world.place_of.get(ear.key) == self.place:
            # It may have been pushed aside, or lie otherwise now: still there, as a tag is that is put there anew.
            anew = self._expects(ear, self.place)
            here = max(here, counts * (anew.ln_read + anew.strength(dbm)) + none * anew.ln_none)
        away = counts * (AWAY_HEARD.ln_read + AWAY_HEARD.strength(dbm)) + none * AWAY_HEARD.ln_none
        others: dict[int, float] = {}
        for place in self.candidates:
            it = self._expects(ear, place)
            others[place] = counts * (it.ln_read + it.strength(dbm)) + none * it.ln_none
        if self.known and self.world.place_of.get(ear.key) != self.place:
            if heard.last_at - self.usual_at <= self.settings.watermark_us:
                # A door was opened, somebody stands there: that others hear it otherwise says little while its own
                # antennas hear it as ever.
                here = max(here, max(away, *others.values(), away) - _OTHERS_SAY)
        elif self._usual(ear, heard, read / (read + unread)):
            self.usual_at = max(self.usual_at, heard.last_at)
        self._weigh(here, away, others)
        ear.doubt(read + unread, heard, read)
        # While its own antennas hear it as ever it is there, however the others hear it: but not what begins when they
        # have ceased, which is how it is heard elsewhere.
        there = not self.known or heard.first_at - self.usual_at <= WINDOW_US
        if self._learns(heard.last_at) and (there or here >= max(away, *others.values(), away) - _WORSE):
            ear.learn((read + unread) * learnt, read * learnt, dbm)

    def _usual(self, ear: EarNow, heard: Heard, share: float) -> bool:
        """An antenna of the place hears it as often and as strongly as ever, or more so."""
        if not self.known or ear.asked < ASKED_MIN or share < ear.heard / ear.asked - _SELDOMER:
            return False
        return heard.mean_dbm is None or ear.weight < PRIOR_WEIGHT or heard.mean_dbm >= ear.mean - _USUAL_DB

    def _learns(self, at: int) -> bool:
        """Only what is heard while nothing is in doubt is the way it is heard there: else a move would be learnt.

        So not either while its own antennas, though they listen, do not hear it.
        """
        if not self.known:
            return self.here > 0.5
        if self.here < _UNDOUBTED:
            return False
        own = self.world.of_place.get(-1 if self.place is None else self.place, ())
        return any(key in self.ears and self.ears[key].last_at >= at - _OWN_SILENT_US for key in own)

    def expects_here(self, ear: EarNow) -> Expected:
        """Of an antenna where the tag is believed: what it showed there, beside what is expected at first."""
        if self.place is None:
            return AWAY_HEARD
        if not ear.asked or not self.known:
            return self._expects(ear, self.place)
        if ear.expected is None:
            ear.expected = self._shown(ear, self.world.expects(ear.key, self.place, self._class()))
        return ear.expected

    def _shown(self, ear: EarNow, prior: Expected) -> Expected:
        chance = (ear.heard + _PRIOR_WINDOWS * prior.chance) / (ear.asked + _PRIOR_WINDOWS)
        share = PRIOR_WEIGHT / (ear.weight + PRIOR_WEIGHT)
        return expected(
            chance,
            ear.mean + (prior.mean_dbm - ear.mean) * share,
            _SIGMA_HERE_DB + (prior.sigma_db - _SIGMA_HERE_DB) * share,
        )

    def _expects(self, ear: EarNow, place: int) -> Expected:
        """Of an antenna at a place where it does not lie yet, or not long: by what is known of the tag.

        Where the place's antennas hear it, each in its own measure: now and then, in turns with others, or one of them
        well and another not at all, being behind it. Unheard it says no more against its
        place than against none.
        """
        expects = self.world.expects(ear.key, place, self._class())
        if ear.doubted < _JUDGED_BY or self.world.place_of.get(ear.key) != place or not self._heard_lately(place):
            return expects
        chance = max(_HARDLY, (ear.doubt_heard + 0.5) / (ear.doubted + 1.0))
        return expects if chance >= expects.chance else expects.by(chance)

    def _heard_lately(self, place: int) -> bool:
        since = self.through_at - _LATELY_US
        return any(
            key in self.ears and self.ears[key].last_at >= since and self.ears[key].doubt_heard > 0.0
            for key in self.world.of_place[place]
        )

    def _class(self) -> int:
        return 3 if self.answers is None else _class_of(self.answers)

    def _weigh(self, here: float, away: float, others: dict[int, float]) -> None:
        most = max(away, *others.values(), here if self.place is not None else away)
        self.here = self.here * math.exp(here - most) if self.place is not None else 0.0
        self.away *= math.exp(away - most)
        for place, weight in others.items():
            self.candidates[place].chance *= math.exp(weight - most)
        self._normalise()

    def _normalise(self) -> None:
        total = self.here + self.away + sum(one.chance for one in self.candidates.values())
        if total <= 0.0:
            self.here, self.away = (0.0, 1.0) if self.place is None else (0.5, 0.5)
            return
        # Rounded, so that what is kept is short and is what is gone on with.
        self.here = 0.0 if self.place is None else max(_LEAST, round(self.here / total, 9))
        self.away = max(_LEAST, round(self.away / total, 9))
        for one in self.candidates.values():
            one.chance = round(one.chance / total, 9)

    def _note(self, heard: Heard, place: int) -> None:
        """Keep beside the other places what was read there since they became possible."""
        if place == self.place:
            self.reads_here += heard.reads
        else:
            self.candidates[place].note(heard)
        if self.here > _UNDOUBTED:
            for ear in self.ears.values():
                ear.undoubted()

    def _tidy(self, at: int) -> None:
        """Bounded, however many antennas hear it."""
        candidates = self.candidates
        for place in [
            place for place, one in candidates.items() if one.chance < 1e-4 and one.until_at < at - FORGOTTEN_US
        ]:
            del candidates[place]
        while len(candidates) > _CANDIDATES_MAX:
            del candidates[min(candidates, key=lambda place: (candidates[place].chance, candidates[place].until_at))]
        if len(self.ears) > _EARS_MAX or any(
            ear.last_at < at - _EAR_FORGOTTEN_US and not self._own(ear.key) for ear in self.ears.values()
        ):
            others = [ear for ear in self.ears.values() if not self._own(ear.key)]
            others.sort(key=lambda ear: (-ear.last_at, ear.key))
            room = max(0, _EARS_MAX - (len(self.ears) - len(others)))
            for n, ear in enumerate(others):
                if n >= room or ear.last_at < at - _EAR_FORGOTTEN_US:
                    del self.ears[ear.key]

    def _own(self, key: EarKey) -> bool:
        place = self.world.place_of.get(key)
        return place == self.place or place in self.candidates


def _class_of(share: float) -> int:
    return 0 if share < 0.35 else 1 if share < 0.8 else 2
