"""What each antenna of a site is expected to hear of a tag at each place, as the filter needs it: looked up once.

A place's own antennas hear its tags well; those of its neighbours in the room in a part of the windows; all others
hardly ever. What the site's calibration has learnt of an antenna and a place goes before these defaults.
"""

import math
from typing import NamedTuple

from reconcile.presence.calibration import CLASS_SHARES, DEFAULT_KIND, KINDS, Calibration, Hearing
from reconcile.presence.model import Site

EarKey = tuple[str, int]

NO_READ_FLOOR = -3.0
"""No window without a read says more than this (natural logarithm) against a place."""
STRANGE = -4.5
"""No strength, however far from what is expected, says more than this."""


_STRANGE_FOR_LONG = -12.0
"""The mean of many reads is less of a chance than one is."""
_WITNESS_WINDOWS = 3.0
_LN_UNHEARD = math.log(6.0)
"""Unheard, no strength tells: as much as an ordinary one."""


class Expected(NamedTuple):
    """Of a window: the chance of a read, the logarithms of it and of none, and the strength of what is read."""

    chance: float
    ln_read: float
    ln_none: float
    mean_dbm: float
    sigma_db: float
    ln_sigma: float
    own: bool = False
    """An antenna of the place itself: heard more strongly than expected speaks for the place, not against it."""

    def by(self, chance: float) -> "Expected":
        """The same, at another chance."""
        return expected(chance, self.mean_dbm, self.sigma_db, self.own)

    def strength(self, dbm: float | None, strange: float = STRANGE) -> float:
        """What the mean strength of reads says (natural logarithm); no more than `strange` against the place."""
        if dbm is None:
            return -self.ln_sigma
        off = (dbm - self.mean_dbm) / self.sigma_db
        if off > 0.0 and self.own:
            return -self.ln_sigma
        return max(strange, -0.5 * off * off) - self.ln_sigma


def expected(chance: float, mean_dbm: float, sigma_db: float, own: bool = False) -> Expected:
    """From a chance, which is kept from being certain."""
    chance = min(0.985, max(0.003, chance))
    none = max(NO_READ_FLOOR, math.log(1.0 - chance))
    return Expected(chance, math.log(chance), none, mean_dbm, sigma_db, math.log(sigma_db), own)


AWAY_HEARD = expected(0.15, -66.0, 7.0)
"""A tag that lies at no known place: carried past, or in a room without antennas."""


class Ears:
    """The look-ups of one site. Built once a batch; costs nothing until asked."""

    __slots__ = ("_cross", "_found", "of_place", "place_of", "site")

    def __init__(self, site: Site) -> None:
        self.site = site
        self.of_place: dict[int, list[EarKey]] = {}
        self.place_of: dict[EarKey, int] = {}
        for key, ear in sorted(site.ears.items()):
            if not ear.side:
                self.of_place.setdefault(ear.place, []).append(key)
                self.place_of[key] = ear.place
        self._cross: dict[EarKey, Hearing] = {}
        self._found: dict[tuple[EarKey, int, int], Expected] = {}

    @staticmethod
    def of(site: Site) -> "Ears":
        """The look-ups of a site, made once."""
        found = site.looked_up.get("ears")
        if not isinstance(found, Ears):
            found = site.looked_up["ears"] = Ears(site)
        return found

    @property
    def calibration(self) -> Calibration:
        """The site's."""
        return self.site.calibration

    def expects(self, key: EarKey, place: int, readability: int) -> Expected:
        """Of a tag of this class (0 weak, 1 middling, 2 good; 3: nothing is known) at the place."""
        found = self._found.get((key, place, readability))
        if found is None:
            hearing = self._hearing(key, place)
            chance = hearing.chance if readability > 2 else hearing.chances[readability]
            found = expected(chance, hearing.mean_dbm, hearing.sigma_db, self.place_of.get(key) == place)
            self._found[key, place, readability] = found
        return found

    def cross_read(self, key: EarKey) -> Hearing:
        """How it hears the tags of its neighbours, at the strongest that is known of any."""
        found = self._cross.get(key)
        if found is None:
            own = self.place_of.get(key)
            others = [
                hearing
                for (*ear, place), hearing in self.site.calibration.hearings.items()
                if tuple(ear) == key and place != own and hearing.chances[2] > 0.05
            ]
            kind = KINDS.get(self.site.kinds.get(-1 if own is None else own, ""), DEFAULT_KIND)
            found = max(others, key=lambda one: one.mean_dbm + 2.0 * one.sigma_db, default=kind.near)
            self._cross[key] = found
        return found

    def standing(self, key: EarKey, place: int, share: float, dbm: float | None) -> float:
        """How well it fits a place that this antenna hears a tag in so many windows, at this strength, for long.

        One witness, however long it lasts: by the class that fits best.
        """
        hearing = self._hearing(key, place)
        fits = max(
            math.log(of) + _WITNESS_WINDOWS * (share * math.log(chance) + (1.0 - share) * math.log(1.0 - chance))
            for of, chance in zip(CLASS_SHARES, hearing.chances, strict=True)
        )
        return fits + (self.expects(key, place, 3).strength(dbm, _STRANGE_FOR_LONG) if share > 0.02 else -_LN_UNHEARD)

    def _hearing(self, key: EarKey, place: int) -> Hearing:
        learnt = self.site.calibration.hearing(*key, place)
        if learnt is not None:
            return learnt
        site, there = self.site, self.place_of.get(key)
        kind = KINDS.get(site.kinds.get(place, ""), DEFAULT_KIND)
        if there == place:
            return kind.own
        if there is None:
            return kind.far
        rooms = site.rooms.get(there), site.rooms.get(place)
        # Of a site whose rooms are not known, every antenna may be a neighbour.
        return kind.near if rooms[0] == rooms[1] or None in rooms else kind.far

    def listened(self, key: EarKey, since: int, until: int) -> int:
        """How much of since … until the antenna listened, in microseconds."""
        if until <= since:
            return 0
        if self.site.listening is None:
            place = self.place_of.get(key)
            if self.site.listened is None or place is None:
                return until - since
            return max(0, min(until, self.site.listened.get(place, 0)) - since)
        return sum(
            min(b, until) - max(a, since) for a, b in self.site.listening.get(key, ()) if a < until and b > since
        )

    def proven(self, key: EarKey, until: int) -> int:
        """Up to when, not beyond `until`, it is known whether the antenna listened: what follows may still be told."""
        if self.site.listening is None:
            place = self.place_of.get(key)
            if self.site.listened is None or place is None:
                return until
            return min(until, self.site.listened.get(place, 0))
        intervals = self.site.listening.get(key, ())
        return min(until, intervals[-1][1]) if intervals else 0

    def live(self, place: int, at: int, slack_us: int) -> bool:
        """Whether some antenna of the place listened at `at`, or not longer ago than the slack."""
        return any(self.listened(key, at - slack_us, at) > 0 for key in self.of_place.get(place, ()))
