"""What a card answers when it is asked for its number: pure, and never a wrong number.

The request is GET DATA of PC/SC 2.01.14 part 3, section 3.2.2.1.3: `FF CA 00 00 00`; the answer ends with two status
bytes, `90 00` where it is good. Numbers (UID) have 4, 7 or 10 bytes (ISO/IEC 14443-3, section 6.5.4) or 8 bytes that
begin with E0 (ISO/IEC 15693-3, section 4.1; some readers give those backwards).
"""

from collections.abc import Sequence

GET_NUMBER = (0xFF, 0xCA, 0x00, 0x00, 0x00)
"""The request; its last byte is the length that is asked for, 0 for whatever there is."""

_GOOD = (0x90, 0x00)
_ANOTHER_LENGTH = 0x6C
"""First status byte: ask again, with the second one as the length (ISO/IEC 7816-4, table 6)."""
_CASCADE = 0x88
"""Begins a number that goes on (ISO/IEC 14443-3, section 6.5.4): never the number itself."""
_RANDOM = 0x08
"""Begins a 4-byte number that the card draws anew each time (ISO/IEC 14443-3, table 10)."""
_VICINITY = 0xE0
_LENGTHS = (4, 7, 10)
_VICINITY_LENGTH = 8


class NoNumber(Exception):
    """The card gave no number that identifies it; the message says why, in plain words and without its bytes."""


def length_to_ask(answer: Sequence[int]) -> int | None:
    """The length with which the card wants to be asked again, or None where it does not."""
    return answer[1] if len(answer) == 2 and answer[0] == _ANOTHER_LENGTH and answer[1] else None


def number_of(answer: Sequence[int]) -> str:
    """The card's number in upper-case hexadecimal, first byte first. Raises NoNumber.

    `answer` is what the reader gave back, its two status bytes last.
    """
    if any(not 0 <= value <= 0xFF for value in answer):
        raise NoNumber("the reader's answer is no row of bytes")
    if len(answer) < len(_GOOD):
        raise NoNumber(f"the answer has {len(answer)} bytes and so no status")
    *number, first, second = answer
    if (first, second) != _GOOD:
        raise NoNumber(f"the card refuses to tell its number (status {first:02X}{second:02X})")
    if len(set(number)) < 2 and number:
        raise NoNumber("its number is one byte repeated, which no card has")
    if len(number) == _VICINITY_LENGTH:
        return _vicinity(number)
    if len(number) not in _LENGTHS:
        raise NoNumber(f"its number has {len(number)} bytes; 4, 7 or 10 are known, and 8 beginning with E0")
    if number[0] == _CASCADE:
        raise NoNumber("its number was cut short by the reader")
    if len(number) == _LENGTHS[0] and number[0] == _RANDOM:
        raise NoNumber("its number is drawn anew each time (a telephone, a passport): it identifies nothing")
    return bytes(number).hex().upper()


def _vicinity(number: list[int]) -> str:
    if number[0] != _VICINITY:
        number = number[::-1]
    if number[0] != _VICINITY:
        raise NoNumber("its number has 8 bytes and no E0 at either end")
    return bytes(number).hex().upper()
