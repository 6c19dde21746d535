"""A door in a test: keys, lists, reads as a reader's batch brings them, and outputs that write down what they did."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custody.ledger import LedgerKey
from readers import doorlist
from readers.doorlist import DoorKey
from readers.driver import Batch, Identity
from readers.guard import Guard, GuardConfig, PortalConfig
from readers.outputs import OutputFailed
from readers.portal import HOLD_US
from readers.sighting import DoorAlarm, InputChange, TagRead

SECOND = 1_000_000
NOW = 1_795_000_000 * SECOND
BLOCK = "3414F4A2"
PAPER, BLANK, FOREIGN = f"{BLOCK}0000000000000001", f"{BLOCK}00000000000000FF", "E2801170000000000000000A"
KEY = LedgerKey("archive.example/books", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
OTHER_KEY = LedgerKey("archive.example/books", Ed25519PrivateKey.from_private_bytes(b"o" * 32))
TRUSTED = (doorlist.parse_key(KEY.vkey()),)
IDENTITY = Identity("a reader", None, (1, 2))


def at(seconds: float) -> int:
    return NOW + round(seconds * SECOND)


def a_list(
    *may_pass: str,
    number: int = 5,
    made: float = 0,
    lasts: float = 3600,
    until: float | None = None,
    key: LedgerKey = KEY,
) -> str:
    """A signed list, made at a second of the scene."""
    ends = 0 if until is None else at(until)
    text = doorlist.unsigned(
        key.origin, number, at(made), at(made + lasts), BLOCK, b"s" * 16, dict.fromkeys(may_pass, ends)
    )
    return doorlist.signed(text, key.signed(text))


@dataclass
class Siren:
    """An output that only writes down when it was set off."""

    fails: str = ""
    fired: int = 0

    def fire(self) -> None:
        if self.fails:
            raise OutputFailed(self.fails)
        self.fired += 1


@dataclass
class Door:
    """A guard at one portal, whose clock goes on when it is told to."""

    folder: Path
    keys: Sequence[DoorKey] = TRUSTED
    beam: bool = False
    siren: Siren = field(default_factory=Siren)
    now: int = NOW

    def __post_init__(self) -> None:
        beam = {"beam_reader": "door", "beam_inside": 1, "beam_outside": 2} if self.beam else {}
        portal = PortalConfig("P-EAST", "door", (1,), (2,), outputs=("bell",), **beam)  # type: ignore[arg-type]
        config = GuardConfig(BLOCK, self.folder / "door-list", tuple(self.keys))
        self.guard = Guard(config, [portal], {"bell": self.siren}, lambda: self.now)
        self.guard.start()

    def hears(self, *reads: tuple[float, int, str], inputs: Sequence[tuple[float, int, bool]] = ()) -> None:
        """Reads as (second, antenna, EPC) and inputs as (second, port, active), in one batch at the last of them."""
        times = [r[0] for r in reads] + [i[0] for i in inputs]
        self.now = max(self.now, at(max(times, default=0)))
        found = tuple(TagRead(epc, "door", antenna, at(t), self.now, -50.0, 1) for t, antenna, epc in reads)
        changes = tuple(InputChange("door", port, active, at(t), self.now) for t, port, active in inputs)
        self.guard.listen(IDENTITY, Batch(found, self.now, inputs=changes), "door")

    def goes_out(self, epc: str, since: float = 0, walks: float = 2) -> None:
        """Somebody carries a tag out, and does not turn round in the door."""
        reads = [(since + n / 5, 1, epc) for n in range(8)] + [(since + walks + n / 5, 2, epc) for n in range(8)]
        for read in sorted(reads):
            self.hears(read)
        self.now += HOLD_US
        self.told += self.guard.drain(self.now)

    def broken(self, at_second: float) -> None:
        """Somebody breaks the inner barrier, then the outer."""
        t = at_second
        self.hears(inputs=[(t, 1, True), (t + 0.2, 1, False), (t + 0.3, 2, True), (t + 0.5, 2, False)])

    def quiet(self, until: float) -> None:
        """Nothing more is heard until then."""
        self.now = at(until)
        self.told += self.guard.drain(self.now)

    told: list[DoorAlarm] = field(default_factory=list)

    def ends(self) -> list[DoorAlarm]:
        """The guard stops; everything that it told."""
        self.told += self.guard.drain(self.now)
        self.guard.stop()
        self.told += self.guard.drain(self.now)
        return self.told
