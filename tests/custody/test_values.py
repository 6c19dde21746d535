"""Small pure parts: canonical bytes, pieces of words, the balance."""

import json
from dataclasses import asdict
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from custody.balance import balance
from custody.entries import FACTS, Borrowed, Entry, EntryInvalid, Fact, Imported, Signature, decode, encode
from custody.life_cycle import Status
from custody.register import Directory
from custody.store.grams import grams, normalised, number_pieces, title_pieces, words
from custody.values import Place, Unit
from tests.builders import NOW, description

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
ENTRIES = st.builds(
    Entry,
    sequence=st.integers(1, 2**40),
    act=TEXTS,
    by=INTEGERS,
    happened_at=INTEGERS,
    entered_at=INTEGERS,
    nonce=TEXTS,
    fact=st.sampled_from(list(FACTS.values())).flatmap(lambda kind: st.from_type(kind)),
    signatures=st.lists(st.builds(Signature, INTEGERS, INTEGERS, TEXTS, TEXTS), max_size=2).map(tuple),
    corrects=st.none() | INTEGERS,
)


def document(entry: Entry) -> dict[str, Any]:
    """The entry as another canonicaliser takes it."""
    plain = asdict(entry)
    return json.loads(json.dumps(plain | {"kind": entry.fact.kind}))


@given(ENTRIES)
def test_the_bytes_are_rfc_8785_and_read_back_as_the_same_entry(entry: Entry) -> None:
    try:
        body = encode(entry)
    except EntryInvalid:
        with pytest.raises((rfc8785.CanonicalizationError, ValueError)):
            _strict(document(entry))
        return
    assert body == rfc8785.dumps(document(entry))
    assert decode(body) == entry
    assert encode(decode(body)) == body


def _strict(value: Any) -> None:
    """Raises for what the books refuse: integers beyond 2^53, U+0000, lone surrogates."""
    if "\\u0000" in json.dumps(value):
        raise ValueError
    rfc8785.dumps(value)


@pytest.mark.parametrize(
    "fact",
    [
        Borrowed(1, 2, 2**53),
        Borrowed(1, 2, 1.5),  # type: ignore[arg-type]
        Borrowed(1, 2, 3.0),  # type: ignore[arg-type]
        Borrowed(1, 2, 3, "\ud800"),
        Borrowed(1, 2, 3, "a\x00b"),
        Borrowed(1, 2, 3, b"bytes"),  # type: ignore[arg-type]
        Borrowed(1, 2, 3, {"a": 1}),  # type: ignore[arg-type]
    ],
)
def test_what_json_cannot_hold_exactly_is_refused(fact: Fact) -> None:
    with pytest.raises(EntryInvalid):
        encode(Entry(1, "X", 1, NOW, NOW, "00", fact))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("nonce"),
        lambda d: d.update(more=1),
        lambda d: d.update(kind="stolen"),
        lambda d: d["fact"].pop("carrier"),
        lambda d: d["fact"].update(carrier="one"),
        lambda d: d["fact"]["description"].update(kind="rumour"),
        lambda d: d.update(signatures=[{}]),
    ],
)
def test_bytes_that_are_no_entry_say_what_is_wrong(change: Any) -> None:
    plain = json.loads(encode(Entry(1, "X", 1, NOW, NOW, "00", Imported(1, description()))))
    change(plain)
    with pytest.raises(EntryInvalid):
        decode(json.dumps(plain).encode())


def test_bytes_that_are_not_json_are_no_entry() -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        with pytest.raises(EntryInvalid):
            decode(body)


@given(TEXTS, TEXTS)
def test_every_word_of_number_and_title_is_found_by_its_pieces(number: str, title: str) -> None:
    kept = set(grams(number, title))
    for word in words(title):
        assert set(title_pieces(word)) <= kept
    for word in words(number):
        for start in range(len(word)):
            for end in range(start + 1, min(start + 8, len(word)) + 1):
                assert set(number_pieces(word[start:end])) <= kept
    assert all(not any(letter.isspace() for letter in gram) for gram in kept)


def test_full_width_and_capitals_are_one() -> None:
    assert normalised("ＡＢ１２ Ab") == "ab12 ab"
    assert words("  远山 远山　方案 ") == ["远山", "方案"]
    assert title_pieces("方") == number_pieces("方") == []
    assert number_pieces("00017") == ["#0001", "#0017"]
    assert number_pieces("017") == ["#01", "#17"]


def test_the_balance_closes_only_where_what_came_in_is_somewhere() -> None:
    counted = balance({"legacy": 3, "received": 1}, {Status.IN_PLACE: 2, Status.ON_LOAN: 1, Status.DECLARED_LOST: 1})
    assert counted.closes
    assert (counted.came_in_total, counted.accounted_total) == (4, 4)
    assert counted.states[Status.DESTROYED] == 0
    assert not balance({"legacy": 3}, {Status.IN_PLACE: 2}).closes
    assert not balance({"legacy": 2}, {Status.IN_PLACE: 3}).closes
    with pytest.raises(ValueError, match="cannot be"):
        balance({"legacy": -1}, {})


def test_a_circle_of_places_or_units_ends() -> None:
    """The rules refuse circles; the fold would not hang on one."""
    places = {1: Place(1, "A", "甲", "room", parent=2), 2: Place(2, "B", "乙", "room", parent=1)}
    units = {1: Unit(1, "A", "甲", parent=2), 2: Unit(2, "B", "乙", parent=1)}
    known = Directory(units, places)
    assert [place.id for place in known.path(1)] == [1, 2]
    assert known.rating(1) is None
    assert known.units_above(1) == known.units_under(1) == {1, 2}
    assert known.units_above(None) == frozenset()
