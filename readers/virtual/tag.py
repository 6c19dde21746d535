"""A virtual tag's memory, selection by its bits, and the access operations on it.

Source: GS1 EPC UHF Gen2 air interface, section 6.3.2.1 (memory banks, CRC-16, PC); LLRP 1.0.1, section 15.2.1
(Class-1 Generation-2 filters, target tags, operations and their results) and 16.3.
"""

import binascii
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from readers import wire
from readers.virtual.shapes import Node
from readers.wire import ParameterType as P

BANK_RESERVED, BANK_EPC, BANK_TID, BANK_USER = range(4)
_OK = 0
_READ_NONSPECIFIC_TAG_ERROR = 1
_WRITE_OVERRUN, _WRITE_LOCKED, _WRITE_FAILED = 1, 2, 5
_KILL_ZERO_PASSWORD = 1
_LOCK_NONSPECIFIC_TAG_ERROR = 2


def pc_bits(epc: bytes) -> int:
    """The protocol-control word: the length of the EPC in words, in the upper five bits."""
    return (len(epc) // 2) << 11


def crc_16(epc: bytes) -> int:
    """The CRC a tag sends over its PC and EPC (CRC-16 of ISO/IEC 13239, complemented)."""
    return binascii.crc_hqx(struct.pack(">H", pc_bits(epc)) + epc, 0xFFFF) ^ 0xFFFF


def tid_of(epc: bytes) -> bytes:
    """The factory number of the virtual tag with that EPC, 96 bits: always the same for the same EPC."""
    return bytes.fromhex("E28011A0") + hashlib.sha256(b"virtual TID " + epc).digest()[:8]


@dataclass(slots=True)
class Chip:
    """A tag that can be written: what stands in it now, and its factory number, which never changes.

    `fault`: `lies` (says that it wrote, and did not), `half` (writes half and says so), `deaf` (is written, and
    answers nothing after that).
    """

    epc: bytes
    tid: bytes
    fault: str = ""
    gone: bool = False


EPC_WORDS_MAX = 8
"""Words of EPC that a chip holds: 128 bits."""


def memory(epc: bytes, bank: int, chip: Chip | None = None) -> bytes:
    """The content of one bank; user memory is four empty words, both passwords are zero."""
    if bank == BANK_EPC:
        return struct.pack(">HH", crc_16(epc), pc_bits(epc)) + epc
    if bank == BANK_TID:
        return tid_of(epc) if chip is None else chip.tid
    return bytes(8)


def bits_match(content: bytes, pointer: int, count: int, pattern: bytes, mask: bytes | None = None) -> bool:
    """Whether `count` bits of `content` from bit `pointer` equal `pattern`, where `mask` has ones.

    A length of 0 matches every tag; bits past the end of the memory match none.
    """
    if count == 0:
        return True
    if pointer + count > 8 * len(content):
        return False
    window = int.from_bytes(content, "big") >> (8 * len(content) - pointer - count) & ((1 << count) - 1)
    wanted = _leading(pattern, count)
    ones = (1 << count) - 1 if mask is None else _leading(mask, count)
    return window & ones == wanted & ones


def _leading(data: bytes, count: int) -> int:
    """The first `count` bits of `data`, zeros past its end."""
    value, size = int.from_bytes(data, "big"), 8 * len(data)
    return value >> (size - count) if size >= count else value << (count - size)


@dataclass(frozen=True, slots=True)
class Filter:
    """One C1G2Filter without tag state: `action` 0 to 5 as in LLRP 1.0.1, section 15.2.1.2.1.1.3."""

    bank: int
    pointer: int
    count: int
    mask: bytes
    action: int = 0


_ON_MATCH = (True, True, None, False, False, None)
_ON_MISS = (False, None, False, None, True, True)


def selected(epc: bytes, filters: Iterable[Filter], chip: Chip | None = None) -> bool:
    """Whether the filters, applied in their order, leave the tag selected; without filters every tag is.

    Before the first filter a tag counts as selected unless that filter only ever selects (actions 1 and 5).
    """
    state = True
    for number, each in enumerate(filters):
        if number == 0 and each.action in (1, 5):
            state = False
        hit = bits_match(memory(epc, each.bank, chip), each.pointer, each.count, each.mask)
        verdict = (_ON_MATCH if hit else _ON_MISS)[each.action]
        state = state if verdict is None else verdict
    return state


def is_target(epc: bytes, target: Node, chip: Chip | None = None) -> bool:
    """Whether the tag fits one C1G2TargetTag."""
    bank, match, pointer, mask_count, mask, data_count, data = target.values
    assert isinstance(bank, int)
    assert isinstance(pointer, int)
    assert isinstance(mask_count, int)
    assert isinstance(mask, bytes)
    assert isinstance(data_count, int)
    assert isinstance(data, bytes)
    hit = bits_match(memory(epc, bank, chip), pointer, min(mask_count, data_count), data, mask)
    return hit == bool(match)


def operate(epc: bytes, opspecs: Iterable[Node], chip: Chip | None = None) -> bytes:
    """Carry out the operations in order up to the first that fails; gives their result parameters.

    Without a chip a tag can be read but not changed: writes meet locked memory, kill a password of zero.
    """
    results = b""
    for opspec in opspecs:
        outcome, result = _operation(epc if chip is None else chip.epc, opspec, chip)
        results += result
        if outcome != _OK:
            break
    return results


_PLAIN = {
    P.C1G2_KILL: (P.C1G2_KILL_OPSPEC_RESULT, _KILL_ZERO_PASSWORD),
    P.C1G2_LOCK: (P.C1G2_LOCK_OPSPEC_RESULT, _LOCK_NONSPECIFIC_TAG_ERROR),
    P.C1G2_BLOCK_ERASE: (P.C1G2_BLOCK_ERASE_OPSPEC_RESULT, _WRITE_LOCKED),
}


def _write(chip: Chip, opspec: Node) -> tuple[int, int]:
    """Write words into the EPC bank; gives the result's code and how many words were written."""
    pointer, data = opspec.int_at(3), opspec.values[-1]
    assert isinstance(data, bytes)
    words = len(data) // 2
    if opspec.int_at(2) != BANK_EPC or not pointer:
        return _WRITE_LOCKED, 0
    if pointer + words > 2 + EPC_WORDS_MAX:
        return _WRITE_OVERRUN, 0
    if chip.fault == "lies":
        return _OK, words
    done = words // 2 if chip.fault == "half" else words
    content = memory(chip.epc, BANK_EPC).ljust(4 + 2 * EPC_WORDS_MAX, b"\0")
    content = content[: 2 * pointer] + data[: 2 * done] + content[2 * (pointer + done) :]
    chip.epc = content[4 : 4 + 2 * (content[2] >> 3)]
    chip.gone = chip.fault == "deaf"
    return (_OK if done == words else _WRITE_FAILED), done


def _operation(epc: bytes, opspec: Node, chip: Chip | None) -> tuple[int, bytes]:
    number = opspec.int_at(0)
    if opspec.kind == P.C1G2_READ:
        content = memory(epc, opspec.int_at(2) >> 6, chip)
        start, count = 2 * opspec.int_at(3), 2 * opspec.int_at(4)
        data = content[start : start + count] if count else content[start:]
        outcome = _OK if data and (not count or len(data) == count) else _READ_NONSPECIFIC_TAG_ERROR
        words = data if outcome == _OK else b""
        body = struct.pack(">BHH", outcome, number, len(words) // 2) + words
        return outcome, wire.encode_tlv(P.C1G2_READ_OPSPEC_RESULT, body)
    if opspec.kind in (P.C1G2_WRITE, P.C1G2_BLOCK_WRITE):
        kind = P.C1G2_WRITE_OPSPEC_RESULT if opspec.kind == P.C1G2_WRITE else P.C1G2_BLOCK_WRITE_OPSPEC_RESULT
        outcome, done = (_WRITE_LOCKED, 0) if chip is None else _write(chip, opspec)
        return outcome, wire.encode_tlv(kind, struct.pack(">BHH", outcome, number, done))
    kind, outcome = _PLAIN[P(opspec.kind)]
    return outcome, wire.encode_tlv(kind, struct.pack(">BH", outcome, number))
