"""What is kept of one tag's antennas and of its other places, while sightings are folded into it."""

from reconcile.presence.hearing import EarKey, Expected
from reconcile.presence.model import Candidate, EarKept, Heard

_ASKED_MAX = 300.0
_WEIGHT_MAX = 150.0
_DOUBT_BEGINS = 0.02


class EarNow:
    """An antenna of one tag while it is being folded: `EarKept`, that can be written to."""

    __slots__ = (
        "asked",
        "counted_at",
        "doubt_dbm",
        "doubt_heard",
        "doubt_strongest",
        "doubted",
        "expected",
        "heard",
        "key",
        "last_at",
        "mean",
        "told_at",
        "weight",
    )

    def __init__(self, key: EarKey, counted_at: int) -> None:
        self.key = key
        self.told_at = 0
        self.counted_at = counted_at
        self.last_at = 0
        self.asked = self.heard = self.mean = self.weight = self.doubted = self.doubt_heard = 0.0
        self.doubt_dbm: float | None = None
        self.doubt_strongest: float | None = None
        self.expected: Expected | None = None

    @staticmethod
    def of(kept: EarKept) -> "EarNow":
        """As it was kept."""
        ear = EarNow((kept.reader, kept.antenna), kept.counted_at)
        ear.told_at, ear.last_at, ear.asked, ear.heard = kept.told_at, kept.last_at, kept.asked, kept.heard
        ear.mean, ear.weight, ear.doubted, ear.doubt_heard, ear.doubt_dbm, ear.doubt_strongest = kept[7:]
        return ear

    def kept(self) -> EarKept:
        """To be kept."""
        reader, antenna = self.key
        return EarKept(
            reader,
            antenna,
            self.told_at,
            self.counted_at,
            self.last_at,
            self.asked,
            self.heard,
            self.mean,
            self.weight,
            self.doubted,
            self.doubt_heard,
            self.doubt_dbm,
            self.doubt_strongest,
        )

    def learn(self, asked: float, heard: float, dbm: float | None) -> None:
        """So many more windows while it lies where it is believed."""
        self.expected = None
        asked_, heard_ = self.asked + asked, self.heard + heard
        if asked_ > _ASKED_MAX:
            heard_ *= _ASKED_MAX / asked_
            asked_ = _ASKED_MAX
        self.asked, self.heard = round(asked_, 2), round(heard_, 2)
        if dbm is not None and heard > 0:
            weight = self.weight + heard
            self.mean = round(self.mean + (dbm - self.mean) * heard / weight, 2)
            self.weight = round(min(_WEIGHT_MAX, weight), 2)

    def doubt(self, asked: float, heard: Heard | None, read: float) -> None:
        """So many more windows since there is a doubt: kept for the evidence of what comes of it."""
        self.doubted = round(self.doubted + asked, 2)
        if heard is None:
            return
        if heard.mean_dbm is not None:
            total = self.doubt_heard + read
            before = heard.mean_dbm if self.doubt_dbm is None else self.doubt_dbm
            self.doubt_dbm = round(before + (heard.mean_dbm - before) * read / total, 1)
        self.doubt_heard = round(self.doubt_heard + read, 2)
        if heard.strongest_dbm is not None:
            self.doubt_strongest = max(heard.strongest_dbm, self.doubt_strongest or heard.strongest_dbm)

    def undoubted(self) -> None:
        """There is none any more."""
        self.doubted = self.doubt_heard = 0.0
        self.doubt_dbm = self.doubt_strongest = None

    def forget(self) -> None:
        """It is believed elsewhere: how it heard it here says nothing any more."""
        self.asked = self.heard = self.mean = self.weight = 0.0
        self.expected = None


class Other:
    """Another place at which the tag may be, while it is being folded: `Candidate`, that can be written to."""

    __slots__ = ("antenna", "chance", "mean_dbm", "place", "reader", "reads", "since_at", "strongest_dbm", "until_at")

    def __init__(self, kept: Candidate) -> None:
        (
            self.place,
            self.chance,
            self.since_at,
            self.until_at,
            self.reads,
            self.strongest_dbm,
            self.mean_dbm,
            self.reader,
            self.antenna,
        ) = kept

    def kept(self) -> Candidate:
        """To be kept."""
        return Candidate(
            self.place,
            self.chance,
            self.since_at,
            self.until_at,
            self.reads,
            self.strongest_dbm,
            self.mean_dbm,
            self.reader,
            self.antenna,
        )

    def note(self, heard: Heard) -> None:
        """What was read there since it became possible."""
        if self.chance < _DOUBT_BEGINS or not self.reads:
            self.since_at, self.reads, self.strongest_dbm = heard.first_at, 0, None
        self.since_at = min(self.since_at, heard.first_at)
        self.until_at = max(self.until_at, heard.last_at)
        self.reads += heard.reads
        if heard.strongest_dbm is not None:
            self.strongest_dbm = max(heard.strongest_dbm, self.strongest_dbm or heard.strongest_dbm)
        if heard.mean_dbm is not None:
            self.mean_dbm = heard.mean_dbm
        self.reader, self.antenna = heard.reader, heard.antenna
