"""What is asked of a weighing before something is concluded from it: by its accounts, not by its probabilities."""

import math

from reconcile.presence.calibration import WINDOW_US
from reconcile.presence.hearing import AWAY_HEARD, EarKey
from reconcile.presence.weighing import ASKED_MIN, FORGOTTEN_US, PRIOR_WEIGHT, Weighing

_KNOWN = 0.9
_MORE_OFTEN, _STRONGER_DB = 0.3, 5.0
_OFTEN_ENOUGH, _NOW_AND_THEN, _TIMES_USUAL = 3.0, 0.1, 4.0
_CLEARER, _FAINTLY = 1.0, 1.5
_NEARLY_ALL = 0.75
_NOT_CROSS = 2.0
_LOOK_LEAST_US, _LOOK_MOST_US = 2_000_000, 600_000_000


def heard_otherwise(weighing: Weighing, place: int) -> bool:
    """Whether an antenna of this place hears it more often or more strongly than while it lay where it is believed.

    Where not, its reads there are the cross-reads that they always were: that its own antennas are silent makes
    the tag doubtful where it is believed, but takes it nowhere.
    """
    for key in weighing.world.of_place.get(place, ()):
        ear = weighing.ears.get(key)
        if ear is None or not ear.doubt_heard:
            continue
        usual = ear.heard / ear.asked if ear.asked >= ASKED_MIN else 0.0
        now = ear.doubt_heard / ear.doubted
        # Or it hardly ever heard it, and does now: by some antennas a tag is heard in turns only.
        often = now >= max(_NOW_AND_THEN, _TIMES_USUAL * usual) and ear.doubt_heard >= _OFTEN_ENOUGH
        if often or now >= usual + _MORE_OFTEN:
            return True
        if ear.weight >= PRIOR_WEIGHT and ear.doubt_dbm is not None and ear.doubt_dbm >= ear.mean + _STRONGER_DB:
            return True
    return False


def heard_strongly(weighing: Weighing, place: int) -> bool:
    """Whether an antenna of this place hears it more strongly than it hears the tags of other places."""
    return any(
        key in weighing.ears and _not_cross(weighing, key, weighing.ears[key].doubt_dbm)
        for key in weighing.world.of_place.get(place, ())
    )


def _not_cross(weighing: Weighing, key: EarKey, dbm: float | None) -> bool:
    if dbm is None:
        return False
    cross = weighing.world.cross_read(key)
    return dbm >= cross.mean_dbm + _NOT_CROSS * cross.sigma_db


def still_read(weighing: Weighing) -> bool:
    """Whether an antenna of the believed place goes on reading it in nearly every window, however faintly.

    Who carries a tag away takes it out of its antennas' reach for some seconds at least.
    """
    for key in weighing.world.of_place.get(-1 if weighing.place is None else weighing.place, ()):
        ear = weighing.ears.get(key)
        lately = ear is not None and ear.last_at >= weighing.through_at - weighing.settings.watermark_us
        if ear is not None and lately and ear.doubt_heard >= _NEARLY_ALL * ear.doubted:
            return True
    return False


def silent_for(weighing: Weighing, since: int, long_us: int) -> bool:
    """Whether an antenna of the believed place has listened for so long since then, and heard nothing."""
    place = -1 if weighing.place is None else weighing.place
    return any(
        key in weighing.ears
        and weighing.ears[key].counted_at - since > long_us
        and weighing.world.listened(key, since, weighing.ears[key].counted_at) > long_us
        for key in weighing.world.of_place.get(place, ())
    )


def look_over(weighing: Weighing) -> None:
    """Once a minute: whether the way it is heard, all in all, fits where it is believed, and no other place as well."""
    here = weighing.place
    if weighing.through_at - max(weighing.arrived_at, weighing.checked_at) < weighing.settings.known_after_us:
        return
    weighing.checked_at = weighing.through_at
    ears = [ear for ear in weighing.ears.values() if ear.asked >= ASKED_MIN]
    if here is None or here not in weighing.world.of_place or not ears:
        return
    if weighing.candidates and weighing.here <= weighing.settings.again:
        # It is being weighed whether it is there at all: how it lies is looked at when that is done.
        return
    place_of = weighing.world.place_of
    places = {place_of[ear.key] for ear in weighing.ears.values() if ear.key in place_of}
    shares = {ear.key: (ear.heard / ear.asked, ear.mean if ear.weight else None) for ear in ears}
    # Antennas of the places in question that never hear it: that speaks against their places.
    at = weighing.through_at
    for key in (key for place in sorted(places | {here}) for key in weighing.world.of_place.get(place, ())):
        unheard = key not in weighing.ears or weighing.ears[key].last_at < weighing.through_at - FORGOTTEN_US
        if key not in shares and unheard and weighing.world.listened(key, at - weighing.settings.watermark_us, at):
            shares[key] = (0.0, None)
    fits = {
        place: sum(weighing.world.standing(key, place, share, dbm) for key, (share, dbm) in sorted(shares.items()))
        for place in sorted(places | {here})
    }
    rivals = [fit for place, fit in fits.items() if place != here]
    # Once ambiguous, it takes more to be clear again: else what is on the edge is said and unsaid all day. And more
    # where none of its place's antennas hears it better than they hear the tags of their neighbours.
    clearly = weighing.settings.clearly + (_CLEARER if weighing.ambiguous else 0.0)
    if not any(_not_cross(weighing, key, dbm) for key, (_, dbm) in shares.items() if place_of.get(key) == here):
        clearly += _FAINTLY
    weighing.ambiguous = bool(rivals) and fits[here] - max(rivals) < clearly
    known = weighing.here > _KNOWN or (weighing.known and not weighing.ambiguous)
    if known != weighing.known:
        weighing.known = known
        for ear in weighing.ears.values():
            ear.expected = None


def silence_says_after(weighing: Weighing, here_at: int) -> int | None:
    """How long after the last evidence silence, if it goes on, will have made the believed place doubtful.

    None: it never will. An estimate from the same evidence; whoever looks then and finds too little asks again.
    """
    place, settings = weighing.place, weighing.settings
    own = weighing.world.of_place.get(-1 if place is None else place, ())
    if place is None or not own:
        return None
    per_window = 0.0
    for key in own:
        if key in weighing.ears:
            per_window += AWAY_HEARD.ln_none - weighing.expects_here(weighing.ears[key]).ln_none
    per_window *= settings.temper
    # What leaves its place in a window adds to the other side, however sure the place is.
    rivals = max(1.0 - weighing.here, 10 * WINDOW_US / settings.stays_us)
    needed = math.log(max(weighing.here, 0.01) / rivals) + math.log(1.0 / settings.doubt - 1.0)
    windows = max(1.0, needed / max(per_window, 0.02))
    counted = max((weighing.ears[key].counted_at for key in own if key in weighing.ears), default=weighing.through_at)
    after = counted - weighing.through_at + settings.period_us + int(windows * WINDOW_US)
    long = here_at + settings.unconfirmed_after_us + settings.period_us + 1_000_000 - weighing.through_at
    most = long if long > 0 else _LOOK_MOST_US
    return max(_LOOK_LEAST_US, min(most, _LOOK_MOST_US, after))
