"""What a card answers becomes its number, or a plain reason: never a wrong number."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.pcsc.number import NoNumber, length_to_ask, number_of

GOOD = (0x90, 0x00)


def answer(number: str, status: str = "9000") -> tuple[int, ...]:
    return tuple(bytes.fromhex(number + status))


@pytest.mark.parametrize(
    ("given_back", "number"),
    [
        ("04A1B2C3", "04A1B2C3"),
        ("04A1B2C3D4E5F6", "04A1B2C3D4E5F6"),
        ("04A1B2C3D4E5F6070809", "04A1B2C3D4E5F6070809"),
        ("E004010203040506", "E004010203040506"),
        ("06050403020104E0", "E004010203040506"),
        ("E0040102030405E0", "E0040102030405E0"),
        ("0805A1B2C3D4E5", "0805A1B2C3D4E5"),
    ],
    ids=["4 bytes", "7 bytes", "10 bytes", "vicinity", "vicinity backwards", "E0 at both ends", "7 bytes with an 08"],
)
def test_a_number_is_told_first_byte_first(given_back: str, number: str) -> None:
    assert number_of(answer(given_back)) == number


@pytest.mark.parametrize(
    ("given_back", "reason"),
    [
        ((), "0 bytes and so no status"),
        ((0x90,), "1 bytes and so no status"),
        (answer(""), "its number has 0 bytes"),
        (answer("", "6A81"), "refuses to tell its number .status 6A81"),
        (answer("04A1B2C3", "6300"), "refuses to tell its number .status 6300"),
        (answer("04A1B2"), "its number has 3 bytes"),
        (answer("04A1B2C3D4E5F60708090A"), "its number has 11 bytes"),
        (answer("0401020304050607"), "8 bytes and no E0 at either end"),
        (answer("08A1B2C3"), "drawn anew each time"),
        (answer("8804A1B2"), "cut short by the reader"),
        (answer("8804A1B2C3D4E5"), "cut short by the reader"),
        (answer("00000000"), "one byte repeated"),
        (answer("FFFFFFFFFFFFFF"), "one byte repeated"),
        ((4, 1, 2, 999, 0x90, 0), "no row of bytes"),
        ((4, 1, 2, -1, 0x90, 0), "no row of bytes"),
    ],
)
def test_what_identifies_no_card_is_refused_with_its_reason(given_back: tuple[int, ...], reason: str) -> None:
    with pytest.raises(NoNumber, match=reason):
        number_of(given_back)


def test_a_card_may_ask_to_be_asked_with_another_length() -> None:
    assert length_to_ask((0x6C, 0x07)) == 7
    assert [length_to_ask(each) for each in [(0x6C, 0), (0x90, 0), (1, 0x6C, 7), ()]] == [None] * 4


@given(st.lists(st.integers(-2, 300), max_size=300) | st.binary(max_size=14).map(lambda number: [*number, *GOOD]))
def test_of_any_answer_there_is_a_number_in_order_or_none(given_back: list[int]) -> None:
    with contextlib.suppress(NoNumber):
        number = number_of(given_back)
        is_in_order(given_back, number)


def is_in_order(given_back: list[int], number: str) -> None:
    assert tuple(given_back[-2:]) == GOOD
    told = bytes(given_back[:-2])
    assert number == number.upper()
    assert bytes.fromhex(number) in ((told, told[::-1]) if len(told) == 8 else (told,))
    assert len(told) in (4, 7, 10) or (len(told) == 8 and number.startswith("E0"))
