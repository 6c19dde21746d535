"""What outlives a connection: which messages were taken, the reader's numbers, its clock, its antennas."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from readers.iot.found import Input, Tag
from readers.iot.numbers import EventNumbers, Totals
from readers.iot.offset import ReaderOffset
from readers.spool import IDENTITY_BYTES, KNOWN_MAX

log = logging.getLogger(__name__)


class Recent:
    """The messages taken lately, by identity; bounded, the oldest forgotten first."""

    def __init__(self, known: Iterable[bytes] = (), most: int = KNOWN_MAX) -> None:
        self._most = most
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self.add(known)

    def __contains__(self, identity: bytes) -> bool:
        return identity in self._known

    def add(self, identities: Iterable[bytes]) -> None:
        """These are taken."""
        for identity in identities:
            self._known[identity] = None
        while len(self._known) > self._most:
            self._known.popitem(last=False)


class Memory:
    """Of one reader, over all its drivers. Touched by one driver at a time."""

    def __init__(self, reader: str, known: Iterable[bytes] = ()) -> None:
        self.reader = reader
        self.recent = Recent(known)
        self.numbers = EventNumbers()
        self.totals = Totals()
        self.offset = ReaderOffset()
        self.heard: set[int] = set()
        """Antennas that reads came from."""
        self.unplugged: set[int] = set()
        self.radio_active: bool | None = None
        self.session = False
        """The broker keeps what comes while we are away."""
        self.ignored: Counter[str] = Counter()

    def ignore(self, kinds: Iterable[str]) -> None:
        """Entries that say nothing to us: counted, and each kind told once."""
        for kind in kinds:
            if not self.ignored[kind] and len(self.ignored) < 100:
                log.info("reader %s: entries are passed over: %s", self.reader, kind)
            self.ignored[kind] += 1


def identity_of(event: Tag | Input) -> bytes | None:
    """What makes an event the same one when it is sent again; None where it has no time, and could be another."""
    if event.at is None:
        return None
    return blake2b(repr(event).encode(), digest_size=IDENTITY_BYTES).digest()
