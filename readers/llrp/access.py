"""One tag written by a reader at a desk: exactly one in its field, its new number read back, its chip known.

LLRP 1.0.1, section 11 (AccessSpec), 15.2.1 (C1G2TargetTag, C1G2Read, C1G2Write), 16.2.4 (encoding). Every operation
names the whole EPC of its target: with an empty mask it would write every tag in the field. Two tags with one EPC are
told apart by their chips' numbers. Any doubt is a failure: what is not read back is not written.
"""

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from readers import wire
from readers.driver import DriverError, ProtocolViolated, ReaderBusy
from readers.llrp import messages
from readers.llrp.driver import LlrpDriver, LlrpSettings
from readers.llrp.framing import Message
from readers.sighting import Instant
from readers.wire import MessageType as M
from readers.wire import ParameterType as P

LISTEN_SECONDS = 1.0
"""How long the field is listened to before and after: a still tag is read several times meanwhile."""
OPERATION_SECONDS_MAX = 3.0
TID_READS = 4
"""How often the chip's number is read before anything is written: a second chip under the same EPC shows itself."""
BUSY_SECONDS_MAX, BUSY_PAUSE_SECONDS = 3.0, 0.1
"""How long a reader that serves somebody else is asked again, and how often."""
_TID_WORDS = (6, 4)
"""Words of the chip's number asked for: serialised chips have 96 bits, older ones 64."""
_BANK_EPC, _BANK_TID = 1, 2
_EPC_AT_BIT, _EPC_AT_WORD = 32, 2
_AIR_PROTOCOL_C1G2 = 1
_SPEC_ID = 7
_OP_TID, _OP_WRITE, _OP_EPC_BACK, _OP_TID_BACK = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write. `kept`: surely nothing was written; `failed`: something may have been. `reason`: a code,
    empty where all is well; `old`: what the tag bore before.
    """

    result: Literal["verified", "kept", "failed"]
    reason: str = ""
    tid: str | None = None
    old: str = ""


@dataclass(frozen=True, slots=True)
class _Report:
    """One entry of a report: the tag, and the results of operations on it as (operation, code, data)."""

    epc: bytes
    results: tuple[tuple[int, int, bytes], ...]


def target_tag(epc: bytes) -> bytes:
    """C1G2TargetTag: this EPC, whole. Raises ValueError for the empty one, which would be every tag."""
    if not epc or len(epc) % 2:
        raise ValueError("a target is a whole EPC, of whole words")
    bits = 8 * len(epc)
    match = 1 << 5
    body = struct.pack(">BHH", _BANK_EPC << 6 | match, _EPC_AT_BIT, bits) + b"\xff" * len(epc)
    return wire.encode_tlv(P.C1G2_TARGET_TAG, body + struct.pack(">H", bits) + epc)


def read_operation(number: int, bank: int, word: int, words: int, password: int) -> bytes:
    """C1G2Read."""
    return wire.encode_tlv(P.C1G2_READ, struct.pack(">HIBHH", number, password, bank << 6, word, words))


def write_operation(number: int, word: int, data: bytes, password: int) -> bytes:
    """C1G2Write into the EPC's bank."""
    head = struct.pack(">HIBHH", number, password, _BANK_EPC << 6, word, len(data) // 2)
    return wire.encode_tlv(P.C1G2_WRITE, head + data)


def access_spec(epc: bytes, operations: bytes, executions: int, antenna: int = 0) -> bytes:
    """The AccessSpec of operations on one tag; it ends after so many executions, and reports at once."""
    command = wire.encode_tlv(P.ACCESS_COMMAND, wire.encode_tlv(P.C1G2_TAG_SPEC, target_tag(epc)) + operations)
    stop = wire.encode_tlv(P.ACCESS_SPEC_STOP_TRIGGER, struct.pack(">BH", 1, executions))
    report = wire.encode_tlv(P.ACCESS_REPORT_SPEC, b"\x01")
    head = struct.pack(">IHBBI", _SPEC_ID, antenna, _AIR_PROTOCOL_C1G2, 0, 0)
    return wire.encode_tlv(P.ACCESS_SPEC, head + stop + command + report)


def new_memory(old: bytes, new: bytes) -> tuple[int, bytes]:
    """From which word on, and what, is written: the EPC alone, and the length before it where that changes."""
    if len(old) == len(new):
        return _EPC_AT_WORD, new
    return 1, struct.pack(">H", len(new) // 2 << 11) + new


def write_tag(
    settings: LlrpSettings,
    epc: str,
    clock: Callable[[], Instant],
    *,
    may_overwrite: Callable[[str], bool],
    password: int = 0,
    listen_seconds: float = LISTEN_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> Written:
    """Write this EPC into the one tag in the reader's field. Never raises for what a reader does.

    `may_overwrite` is asked about what the tag bears before anything is written: a tag in use is left alone.
    """
    until = monotonic() + BUSY_SECONDS_MAX
    while True:
        # A driver is good for one attempt.
        writer = _Writer(settings, clock, monotonic, listen_seconds, password)
        try:
            writer.open()
            break
        except ReaderBusy:
            # The reader may not be done with who was there a moment ago: the last label of the same batch.
            if monotonic() > until:
                return Written("kept", "not_reached")
            time.sleep(BUSY_PAUSE_SECONDS)
        except DriverError:
            return Written("kept", "not_reached")
    try:
        return writer.write(bytes.fromhex(epc), may_overwrite)
    except DriverError:
        return Written("failed", "cut") if writer.touched else Written("kept", "cut_before")
    finally:
        writer.close()


class _Writer(LlrpDriver):
    """One conversation with a reader that is at nobody else's service."""

    def __init__(
        self,
        settings: LlrpSettings,
        clock: Callable[[], Instant],
        monotonic: Callable[[], float],
        listen_seconds: float,
        password: int,
    ) -> None:
        super().__init__(replace(settings, batch_seconds=0.1), clock, monotonic)
        self.touched = False
        """Whether a write was asked for: from then on nobody knows what the tag bears until it is read."""
        self._listen_seconds = listen_seconds
        self._password = password

    def write(self, new: bytes, may_overwrite: Callable[[str], bool]) -> Written:
        """The whole of it. Raises DriverError where the connection ends."""
        found = self._field()
        if len(found) != 1:
            return Written("kept", "several_tags" if found else "no_tag")
        (old,) = found
        bears = old.hex().upper()
        if old != new and not may_overwrite(bears):
            return Written("kept", "tag_in_use", old=bears)
        chips = self._chips(old)
        if len(chips) != 1:
            return Written("kept", "several_tags" if chips else "chip_unread", old=bears)
        (chip,) = chips
        if old != new:
            word, data = new_memory(old, new)
            self.touched = True
            answers = self._operate(old, write_operation(_OP_WRITE, word, data, self._password), 1, 1)
            if not any(number == _OP_WRITE for number, _, _ in answers):
                return Written("failed", "no_answer", old=bears)
            if any(code for number, code, _ in answers if number == _OP_WRITE):
                return Written("failed", "write_refused", old=bears)
        return self._read_back(new, chip, bears)

    def _read_back(self, new: bytes, chip: bytes, bears: str) -> Written:
        doubt: Literal["kept", "failed"] = "failed" if self.touched else "kept"
        if self._field() != {new}:
            return Written(doubt, "read_otherwise", old=bears)
        operations = read_operation(_OP_EPC_BACK, _BANK_EPC, _EPC_AT_WORD, len(new) // 2, self._password)
        operations += read_operation(_OP_TID_BACK, _BANK_TID, 0, len(chip) // 2, self._password)
        answers = {number: data for number, code, data in self._operate(new, operations, 1, 2) if not code}
        if answers.get(_OP_EPC_BACK) != new or answers.get(_OP_TID_BACK) != chip:
            return Written(doubt, "read_otherwise", old=bears)
        return Written("verified", tid=chip.hex().upper(), old=bears)

    def _chips(self, epc: bytes) -> set[bytes]:
        """The chips' numbers that answer to an EPC."""
        for words in _TID_WORDS:
            operation = read_operation(_OP_TID, _BANK_TID, 0, words, self._password)
            answers = self._operate(epc, operation, TID_READS, TID_READS)
            found = {data for number, code, data in answers if number == _OP_TID and not code and any(data)}
            if found:
                return found
        return set()

    def _field(self) -> set[bytes]:
        """Every tag heard from now on, for a while. What was on its way before does not count."""
        self._early.clear()
        until = self._monotonic() + self._listen_seconds
        found: set[bytes] = set()
        while (left := until - self._monotonic()) > 0:
            found |= {one.epc for one in self._reports(left)}
        return found

    def _operate(self, epc: bytes, operations: bytes, executions: int, wanted: int) -> list[tuple[int, int, bytes]]:
        """Results of operations on one tag, until there are as many as wanted, one failed, or the time is over."""
        self._demand(M.ADD_ACCESSSPEC, access_spec(epc, operations, executions))
        self._demand(M.ENABLE_ACCESSSPEC, struct.pack(">I", _SPEC_ID))
        until = self._monotonic() + OPERATION_SECONDS_MAX
        found: list[tuple[int, int, bytes]] = []
        while len(found) < wanted and not any(code for _, code, _ in found) and (left := until - self._monotonic()) > 0:
            for one in self._reports(left):
                found += one.results
        # Executed as often as it may be, the reader has forgotten it by itself: then there is nothing to delete.
        self._say(M.DELETE_ACCESSSPEC, struct.pack(">I", 0))
        return found

    def _reports(self, wait_seconds: float) -> Iterator[_Report]:
        waiting, self._early = self._early, []
        for message in waiting or self._receive(min(wait_seconds, self._settings.batch_seconds)):
            if message.kind == M.KEEPALIVE:
                self._acknowledge()
            elif message.kind == M.RO_ACCESS_REPORT:
                yield from entries(message.body)

    def _say(self, kind: M, body: bytes) -> Message:
        identifier = next(self._identifiers)
        self._send(wire.encode_message(kind, identifier, body))
        answer = M(kind + 10)  # every answer to a message about AccessSpecs has its type, and ten
        return self._answer(answer, identifier, kind.name)

    def _demand(self, kind: M, body: bytes) -> None:
        message = self._say(kind, body)
        refused = messages.refusal(messages.decode(message) or {})
        if refused or message.kind == M.ERROR_MESSAGE:
            raise ProtocolViolated(f"the reader refused {kind.name}: {refused or 'unsupported'}")


def entries(body: bytes) -> Iterator[_Report]:
    """The tags of a report with what was done to them. Raises ProtocolViolated."""
    try:
        for parameter in wire.decode_parameters(body):
            if parameter.type == P.TAG_REPORT_DATA:
                yield _entry(parameter.body)
    except (wire.WireError, struct.error) as error:
        raise ProtocolViolated(f"a report cannot be decoded: {error}") from error


def _entry(body: bytes) -> _Report:
    epc, results = b"", []
    for parameter in wire.decode_parameters(body):
        data = parameter.body
        if parameter.type == P.EPC_96:
            epc = data
        elif parameter.type == P.EPC_DATA:
            epc = data[2 : 2 + -(-struct.unpack_from(">H", data)[0] // 8)]
        elif parameter.type == P.C1G2_READ_OPSPEC_RESULT:
            code, number, words = struct.unpack_from(">BHH", data)
            results.append((number, code, data[5 : 5 + 2 * words]))
        elif parameter.type == P.C1G2_WRITE_OPSPEC_RESULT:
            code, number = struct.unpack_from(">BH", data)
            results.append((number, code, b""))
    return _Report(epc, tuple(results))
