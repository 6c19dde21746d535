"""Facts of the record itself: what seals the logs that stand beside the ledger, and which key signs it."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import Fact


@dataclass(frozen=True, slots=True)
class LogSealed(Fact):
    """Rows of a log up to now were hashed: from here on none of them is changed, taken out or put between unseen.

    `first` and `last`: keys of the first and last row of this seal, `count`: how many there are (keys may have gaps).
    `digest`: see `custody.store.sealing`.
    """

    kind: ClassVar[str] = "log_sealed"
    log: str
    first: int
    last: int
    count: int
    digest: str
    """SHA-256, hexadecimal: Merkle root (RFC 9162) over a random salt and the rows' canonical bytes."""


@dataclass(frozen=True, slots=True)
class KeyRotated(Fact):
    """The ledger's key handed over to the next: from this entry on checkpoints are signed by `new_key`.

    Keys are `name+hash+base64`. Both signed what `custody.verify.handover_text` says of the tree until then: `size`
    leaves and `root`. Root and signatures are base64.
    """

    kind: ClassVar[str] = "key_rotated"
    old_key: str
    new_key: str
    size: int
    root: str
    by_old: str
    by_new: str


@dataclass(frozen=True, slots=True)
class KeyReplaced(Fact):
    """The ledger's key was lost, and two administrators began a new one: the old one could not sign it."""

    kind: ClassVar[str] = "key_replaced"
    old_key: str
    new_key: str
    size: int
    root: str
    by_new: str
    reason: str
