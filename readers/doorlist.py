"""The list of what may pass the doors: made and signed by the server, kept and believed by the guards.

Text in six lines, each ended by a line feed:

    custody door list v1
    ORIGIN                      of the ledger whose key signs
    {"block":…,"count":…,"expires_at":…,"made_at":…,"number":…,"salt":…}
    ENTRIES                     base64; 16 bytes each, ascending: tag, until
                                (an empty line)
    SIGNATURE                   base64 of 64 bytes: Ed25519 over the first four lines, line feeds included

A tag stands there as the first 8 bytes of HMAC-SHA-256 of its EPC under the list's own salt, so that a stolen list
names no tag and two lists cannot be compared; whoever holds a tag in his hand can ask whether it is on it. `until`:
microseconds since 1970 UTC up to which it may pass, 0 for as long as the list holds. The first line has blanks,
which no origin can have: a signature of a list can never be one of a checkpoint (C2SP signed-note), nor the reverse.
Numbers ascend; a list older than the one at hand is refused.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from readers.sighting import Instant

PURPOSE = "custody door list v1"
BYTES_MAX = 64 * 1024 * 1024
SALT_BYTES = 16
_ED25519 = b"\x01"
_ENTRY = struct.Struct(">8sQ")
_HEAD = ("block", "count", "expires_at", "made_at", "number", "salt")


class DoorListInvalid(ValueError):
    """The list is not believed; the message says why."""


@dataclass(frozen=True, slots=True)
class DoorKey:
    """A public key by name, as `custody ledger key` writes it: `name+hash+base64`."""

    name: str
    public: bytes

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether the signature is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class DoorList:
    """What may pass. `entries`: tag as hashed to the time until which it may pass (0: as long as the list holds)."""

    number: int
    made_at: Instant
    expires_at: Instant
    block: str
    salt: bytes
    entries: Mapping[bytes, Instant]

    def names(self, epc: str, at: Instant) -> bool:
        """Whether the tag may pass at this time by this list, expired or not."""
        until = self.entries.get(tag_hash(self.salt, epc))
        return until is not None and (until == 0 or at <= until)

    def expired(self, now: Instant) -> bool:
        """Whether the list holds no more."""
        return now > self.expires_at


def tag_hash(salt: bytes, epc: str) -> bytes:
    """A tag as a list of this salt names it; 8 bytes."""
    return hmac.digest(salt, epc.upper().encode(), "sha256")[:8]


def content_digest(block: str, may_pass: Mapping[str, Instant]) -> str:
    """What a list says, without salt and times: the same where nothing has changed. SHA-256, hexadecimal."""
    return hashlib.sha256(_json({"block": block, "tags": dict(may_pass)}).encode()).hexdigest()


def unsigned(
    origin: str,
    number: int,
    made_at: Instant,
    expires_at: Instant,
    block: str,
    salt: bytes,
    may_pass: Mapping[str, Instant],
) -> str:
    """The four lines that are signed. `may_pass`: EPC to the time until which it may pass (0: no end)."""
    entries = sorted(_ENTRY.pack(tag_hash(salt, epc), until) for epc, until in may_pass.items())
    head = {
        "block": block,
        "count": len(entries),
        "expires_at": expires_at,
        "made_at": made_at,
        "number": number,
        "salt": salt.hex(),
    }
    return f"{PURPOSE}\n{origin}\n{_json(head)}\n{base64.b64encode(b''.join(entries)).decode()}\n"


def signed(text: str, signature: bytes) -> str:
    """The whole list."""
    return f"{text}\n{base64.b64encode(signature).decode()}\n"


def parse_key(text: str) -> DoorKey:
    """The key of `name+hash+base64`. Raises DoorListInvalid."""
    name, _, rest = text.strip().partition("+")
    hexadecimal, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not name or raw[:1] != _ED25519 or len(raw) != 33:
        raise DoorListInvalid("not a key of the form name+hash+base64, as `custody ledger key FILE` writes it")
    if hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() != hexadecimal:
        raise DoorListInvalid("the key's hash does not agree with the key: it was not copied whole")
    return DoorKey(name, raw[1:])


def parse(text: str, keys: Sequence[DoorKey]) -> DoorList:
    """A list that one of the keys signed, to the last byte. Raises DoorListInvalid."""
    lines = text.split("\n")
    if len(lines) != 7 or lines[0] != PURPOSE or lines[4] or lines[6]:
        raise DoorListInvalid("this is no list for the doors")
    try:
        signature = base64.b64decode(lines[5], validate=True)
        packed = base64.b64decode(lines[3], validate=True)
    except (binascii.Error, ValueError) as error:
        raise DoorListInvalid(f"the list is damaged: {error}") from error
    body = "\n".join(lines[:4]) + "\n"
    if not any(key.name == lines[1] and key.verifies(signature, body) for key in keys):
        raise DoorListInvalid("the list is not signed by a key that this daemon knows: it was changed, or is another's")
    head = json.loads(lines[2])
    if not isinstance(head, dict) or set(head) != set(_HEAD) or not _sound(head, len(packed)):
        raise DoorListInvalid("the head of the list cannot be read: is the server of a later version?")
    return DoorList(
        number=head["number"],
        made_at=head["made_at"],
        expires_at=head["expires_at"],
        block=head["block"],
        salt=bytes.fromhex(head["salt"]),
        entries=dict(_ENTRY.iter_unpack(packed)),
    )


def _sound(head: Mapping[str, object], packed: int) -> bool:
    numbers = all(type(head[name]) is int for name in ("count", "expires_at", "made_at", "number"))
    texts = all(isinstance(head[name], str) and re.fullmatch("[0-9A-Fa-f]*", str(head[name])) for name in _TEXTS)
    return numbers and texts and packed == head["count"] * _ENTRY.size and len(str(head["salt"])) % 2 == 0  # type: ignore[operator]


_TEXTS = ("block", "salt")


def newer(text: str, keys: Sequence[DoorKey], at_hand: DoorList | None) -> DoorList:
    """The list, where it may take the place of the one at hand. Raises DoorListInvalid: also for an older number."""
    found = parse(text, keys)
    if at_hand is not None and found.number < at_hand.number:
        raise DoorListInvalid(f"list {found.number} is older than list {at_hand.number}, which is here already")
    return found


def keep(path: Path, text: str) -> None:
    """Put a list on the disk, whole or not at all. Raises OSError."""
    aside = path.with_name(f".{path.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def kept(path: Path, keys: Sequence[DoorKey]) -> DoorList | None:
    """The list on the disk; None where there is none. Raises DoorListInvalid, OSError."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse(text.decode("utf-8"), keys)
    except UnicodeDecodeError as error:
        raise DoorListInvalid(f"the list is damaged: {error}") from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
