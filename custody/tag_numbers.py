"""Numbers for tags: opaque, random, from the organisation's own block, and what becomes of each. Pure.

A number is a GIAI-96 (header 34) or a GDTI-96 (header 2C) of the GS1 EPC Tag Data Standard, section 14.6.5 and
14.6.6, or, where the block has neither header, the block and random bits behind it. Which one it is follows from the
block; nothing in it tells a level, a registry number, a kind or a holder: the serial is drawn from `draw`. The codec
is our own because the one known library drops leading zeros and silently overflows; every number is decoded back and
compared all the same.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Draw = Callable[[int], int]
"""A random whole number from 0 up to, and without, the argument (`secrets.randbelow`)."""
Medium = Literal["uhf", "hf"]

EPC_BITS = 96
_COMPANY_BITS = (40, 37, 34, 30, 27, 24, 20)
"""Bits of the company prefix by partition; it has 12 less the partition digits (TDS tables 14-14 and 14-16)."""
_GIAI, _GDTI = 0x34, 0x2C
_GDTI_TYPE_BITS = (1, 4, 7, 11, 14, 17, 21)
_GDTI_SERIAL_BITS = 41
_FILTER_MAX = 7
_FREE_BITS_MIN = 32
"""With fewer random bits a number could be guessed, and the block would be used up."""
TRIES_MAX = 100


class NumberInvalid(ValueError):
    """The number, or the block it should come from, is none; the message says why."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the organisation's numbers are made: what stands before the serial, and how many bits the serial has.

    `scheme`: `giai-96`, `gdti-96`, or `block`. `company`: the GS1 company prefix with its leading zeros; empty for
    `block`. `document_type`: of `gdti-96`, with its leading zeros.
    """

    scheme: str
    prefix: int
    serial_bits: int
    filter: int = 0
    company: str = ""
    document_type: str = ""

    def encode(self, serial: int) -> str:
        """The number of this serial, 24 upper-case hexadecimal digits. Raises NumberInvalid where it does not fit."""
        if not 0 < serial < 1 << self.serial_bits:
            raise NumberInvalid(f"serial {serial} does not fit in {self.serial_bits} bits")
        return f"{self.prefix << self.serial_bits | serial:024X}"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a number says: the scheme, and its parts with their leading zeros."""

    scheme: str
    filter: int
    company: str
    document_type: str
    serial: int

    @property
    def urn(self) -> str:
        """The tag URI, for display (TDS section 12)."""
        if self.scheme == "giai-96":
            return f"urn:epc:tag:giai-96:{self.filter}.{self.company}.{self.serial}"
        return f"urn:epc:tag:gdti-96:{self.filter}.{self.company}.{self.document_type}.{self.serial}"


def decode(epc: str) -> Decoded:
    """The parts of a GIAI-96 or GDTI-96. Raises NumberInvalid for anything else."""
    if len(epc) != EPC_BITS // 4 or not set(epc) <= set("0123456789ABCDEF"):
        raise NumberInvalid(f"{epc!r} is not 24 upper-case hexadecimal digits")
    value = int(epc, 16)
    header, filter_value, partition = value >> 88, value >> 85 & 7, value >> 82 & 7
    if header not in (_GIAI, _GDTI):
        raise NumberInvalid(f"{epc}: the header {header:02X} is neither that of a GIAI-96 (34) nor of a GDTI-96 (2C)")
    if partition >= len(_COMPANY_BITS):
        raise NumberInvalid(f"{epc}: there is no partition {partition}")
    bits, digits = _COMPANY_BITS[partition], 12 - partition
    company = value >> (82 - bits) & ((1 << bits) - 1)
    if company >= 10**digits:
        raise NumberInvalid(f"{epc}: the company prefix {company} has more than {digits} digits")
    rest_bits = 82 - bits
    rest = value & ((1 << rest_bits) - 1)
    if header == _GIAI:
        return Decoded("giai-96", filter_value, f"{company:0{digits}d}", "", rest)
    kind, serial = rest >> _GDTI_SERIAL_BITS, rest & ((1 << _GDTI_SERIAL_BITS) - 1)
    if kind >= 10**partition:
        raise NumberInvalid(f"{epc}: the document type {kind} has more than {partition} digits")
    return Decoded(
        "gdti-96", filter_value, f"{company:0{digits}d}", f"{kind:0{partition}d}" if partition else "", serial
    )


def numbering(block: str, company: str = "", document_type: str = "") -> Numbering:
    """How numbers of this block (a hexadecimal prefix) are made.

    `company`: the GS1 company prefix; it and `document_type`, where empty: the lowest that the block leaves
    open. Raises NumberInvalid where block, prefix and document type contradict one another, or too little is left for a
    serial.
    """
    block_bits = 4 * len(block)
    value = int(block or "0", 16)
    header = value >> (block_bits - 8) if block_bits >= 8 else -1
    if header not in (_GIAI, _GDTI):
        if company or document_type:
            raise NumberInvalid(f"the block {block} is neither of a GIAI-96 (34) nor of a GDTI-96 (2C)")
        return _plain(block, value, block_bits)
    if block_bits < 16:
        raise NumberInvalid(f"the block {block} does not say its partition: give 4 hexadecimal digits at least")
    # Header 8 bits, filter 3, partition 3.
    partition = value >> (block_bits - 14) & 7
    if partition >= len(_COMPANY_BITS):
        raise NumberInvalid(f"the block {block} has the partition {partition}; there are 0 to 6")
    bits, digits = _COMPANY_BITS[partition], 12 - partition
    company = company or f"{_lowest(value, block_bits, 14 + bits) & ((1 << bits) - 1):0{digits}d}"
    _digits("company prefix", company, digits)
    prefix = (value >> (block_bits - 14)) << bits | int(company)
    scheme, serial_bits = "giai-96", 82 - bits
    if header == _GDTI:
        type_bits = _GDTI_TYPE_BITS[partition]
        lowest = _lowest(value, block_bits, 14 + bits + type_bits) & ((1 << type_bits) - 1)
        document_type = document_type or (f"{lowest:0{partition}d}" if partition else "")
        _digits("document type", document_type, partition)
        prefix = prefix << type_bits | int(document_type or "0")
        scheme, serial_bits = "gdti-96", _GDTI_SERIAL_BITS
    elif document_type:
        raise NumberInvalid(f"the block {block} is of a GIAI-96, which has no document type")
    head_bits = EPC_BITS - serial_bits
    shared = min(block_bits, head_bits)
    if prefix >> (head_bits - shared) != value >> (block_bits - shared):
        raise NumberInvalid(
            f"numbers of the company prefix {company} do not begin with the block {block}: one of the two is wrong"
        )
    if block_bits > head_bits:
        # The organisation was given a part of the serials too.
        prefix, serial_bits = value, EPC_BITS - block_bits
    if serial_bits < _FREE_BITS_MIN:
        raise NumberInvalid(f"the block {block} leaves fewer than {_FREE_BITS_MIN} bits for the number")
    return Numbering(scheme, prefix, serial_bits, value >> (block_bits - 11) & _FILTER_MAX, company, document_type)


def _lowest(value: int, have: int, want: int) -> int:
    """The first `want` bits of a prefix of `have` bits, zeros where it says nothing."""
    return value << (want - have) if want >= have else value >> (have - want)


def _digits(what: str, text: str, digits: int) -> None:
    if len(text) != digits or not (text.isascii() and (text.isdecimal() or not text)):
        raise NumberInvalid(f"the {what} must have {digits} digits as the block's partition says, not {text!r}")


def _plain(block: str, value: int, block_bits: int) -> Numbering:
    if EPC_BITS - block_bits < _FREE_BITS_MIN:
        raise NumberInvalid(f"the block {block} leaves fewer than {_FREE_BITS_MIN} bits for the number")
    return Numbering("block", value, EPC_BITS - block_bits)


def checked(numbers: Numbering, serial: int) -> str:
    """The number of a serial, decoded back and compared. Raises NumberInvalid where it does not come back the same."""
    epc = numbers.encode(serial)
    own = (1 << numbers.serial_bits) - 1
    if (
        len(epc) != EPC_BITS // 4
        or int(epc, 16) & own != serial
        or int(epc, 16) >> numbers.serial_bits != numbers.prefix
    ):
        raise NumberInvalid(f"{epc} does not hold the serial {serial}")
    if numbers.scheme != "block":
        back = decode(epc)
        said = (numbers.scheme, numbers.filter, numbers.company, numbers.document_type, serial)
        if (back.scheme, back.filter, back.company, back.document_type, back.serial & own) != said:
            raise NumberInvalid(f"{epc} reads back as {back.urn}, which is not what was meant")
    return epc


def fresh(numbers: Numbering, count: int, draw: Draw, taken: Callable[[Collection[str]], Collection[str]]) -> list[str]:
    """So many new numbers, none of which `taken` knows. Raises NumberInvalid where the block seems used up."""
    found: dict[str, None] = {}
    for _ in range(TRIES_MAX):
        wanted = count - len(found)
        if not wanted:
            return list(found)
        drawn = [checked(numbers, 1 + draw((1 << numbers.serial_bits) - 1)) for _ in range(wanted)]
        new = [epc for epc in dict.fromkeys(drawn) if epc not in found]
        known = set(taken(new))
        found.update(dict.fromkeys(epc for epc in new if epc not in known))
    raise NumberInvalid("the numbers drawn are taken again and again: the block seems used up")


_HF_HEX = frozenset({8, 14, 20})
"""ISO 14443: UIDs of 4, 7 and 10 bytes."""


def medium(epc: str) -> Medium:
    """Whether a tag's number is that of an HF label (ISO 14443, ISO 15693) or of a UHF tag."""
    vicinity = len(epc) == 16 and epc.startswith("E0")
    return "hf" if len(epc) in _HF_HEX or vicinity else "uhf"


# What becomes of a number.

STATES = ("reserved", "sent", "printed", "verified", "failed", "spoiled")
"""`sent`: it is at the printer or reader, and nobody knows yet; `printed`: a label bears it, not yet read back."""
STEPS: Mapping[str, frozenset[str]] = {
    "reserved": frozenset({"sent", "printed", "verified", "spoiled"}),
    "sent": frozenset({"reserved", "printed", "verified", "failed"}),
    "printed": frozenset({"verified", "failed", "spoiled"}),
    "verified": frozenset({"failed", "spoiled"}),
    "failed": frozenset({"verified", "spoiled"}),
    "spoiled": frozenset(),
}
"""State -> what may follow. Back from `sent` to `reserved` only where it is sure that nothing left the house."""
BINDABLE = frozenset({"printed", "verified"})
