"""A leaf has one spelling: the canonical JSON of RFC 8785. The verifier checks it without a library for it."""

import io
import json
import random
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.ledger import Broken, parse_leaf, verify_export

from .builders import key, leaves, signed_text

EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | EXACT | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, max_size=6)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
def test_what_the_reference_library_writes_is_accepted(document: dict[str, Any]) -> None:
    assert parse_leaf(rfc8785.dumps(document)) == document


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_another_spelling_of_the_same_is_refused(document: dict[str, Any], chance: random.Random) -> None:
    members = list(document.items())
    chance.shuffle(members)
    spelt = json.dumps(
        dict(members),
        ensure_ascii=chance.random() < 0.5,
        separators=chance.choice([(",", ":"), (", ", ":"), (",", ": ")]),
    ).encode()
    canonical = rfc8785.dumps(document)
    if spelt == canonical:
        assert parse_leaf(spelt) == document
    else:
        with pytest.raises(Broken):
            parse_leaf(spelt)


WRONG = {
    "not an object": "[1]",
    "a blank": '{"a": 1}',
    "a blank in front": ' {"a":1}',
    "a blank behind": '{"a":1} ',
    "keys not sorted": '{"b":1,"a":2}',
    "keys sorted by code point instead of UTF-16": '{"\ue000":1,"\U00010000":2}',
    "a key twice": '{"a":1,"a":1}',
    "a key twice, differently spelt": '{"a":1,"\\u0061":1}',
    "a fraction": '{"a":1.5}',
    "an integer as a fraction": '{"a":1.0}',
    "an exponent": '{"a":1e3}',
    "minus nought": '{"a":-0}',
    "a nought in front": '{"a":01}',
    "a plus": '{"a":+1}',
    "over 2^53 - 1": '{"a":9007199254740992}',
    "under -(2^53 - 1)": '{"a":-9007199254740992}',
    "a number of a thousand digits": '{"a":' + "9" * 1000 + "}",
    "a number longer than Python converts": '{"a":' + "9" * 10000 + "}",
    "not a number": '{"a":NaN}',
    "infinity": '{"a":-Infinity}',
    "an escape that need not be": '{"a":"\\/"}',
    "an escaped letter": '{"a":"\\u0061"}',
    "an escape in capitals": '{"a":"\\u001F"}',
    "a long escape where there is a short one": '{"a":"\\u000a"}',
    "an escaped Chinese character": '{"a":"\\u5bc6"}',
    "a raw control character": '{"a":"\x01"}',
    "a raw tab": '{"a":"\t"}',
    "half a surrogate pair": '{"a":"\\ud800"}',
    "cut off": '{"a":"b',
    "something behind": '{"a":1}x',
    "a comma too many": '{"a":1,}',
    "single quotes": "{'a':1}",
    "Python's True": '{"a":True}',
    "a comment": '{"a":1/**/}',
    "a byte order mark": '\ufeff{"a":1}',
    "nested without end": '{"a":' * 100_000,
    "arrays without end": '{"a":' + "[" * 100_000,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_spelling_is_refused(wrong: str) -> None:
    with pytest.raises(Broken):
        parse_leaf(wrong.encode())


@pytest.mark.parametrize("raw", [b'{"a":"\xff"}', b'{"a":"\xc0\x80"}', b'{"a":"\xed\xa0\x80"}'])
def test_what_is_not_utf_8_is_refused(raw: bytes) -> None:
    with pytest.raises(Broken, match="not UTF-8 at byte 7"):
        parse_leaf(raw)


RIGHT = {
    "keys in UTF-16 order": '{"\U00010000":2,"\ue000":1}',
    "short escapes": '{"a":"\\b\\t\\n\\f\\r\\"\\\\"}',
    "long escapes": '{"a":"\\u0000\\u000b\\u001f"}',
    "delete and line separators, raw": '{"a":"\x7f\u2028\u2029"}',
    "largest integers": '{"a":9007199254740991,"b":-9007199254740991}',
    "nothing": "{}",
}


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_spelling_is_accepted(right: str) -> None:
    assert rfc8785.dumps(parse_leaf(right.encode())) == right.encode()


# The verifier knows patterns of the leaves it has seen. They must never accept what the full check refuses.

KNOWN = leaves(12)
PIECES = [b'"', b"\\", b",", b":", b"{", b"}", b"[", b"]", b" ", b"0", b"1", b"9", b"-", b".", b"e", b"a", b"null"]
PIECES += [b"\\n", b"\\u000b", b"\\u000a", b"\x00", b"\n", b"\x7f", b"\xff", "密".encode(), "𠮷".encode(), b"true"]


@settings(max_examples=400, deadline=None)
@given(
    which=st.integers(0, 11),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(PIECES), st.integers(0, 3)), max_size=3),
)
def test_a_learnt_leaf_is_judged_as_an_unknown_one(which: int, edits: list[tuple[int, bytes, int]]) -> None:
    body = KNOWN[which].replace(b'"sequence":%d,' % (which + 1), b'"sequence":13,')
    for at, piece, dropped in edits:
        place = at % (len(body) + 1)
        body = body[:place] + piece + body[place + dropped :]
    try:
        sound = b"\n" not in body and parse_leaf(body).get("sequence") == 13
    except Broken:
        sound = False
    verdict = verify_export(io.BytesIO(signed_text([*KNOWN, body], key())), key().public)
    assert verdict.consistent == sound, (verdict, body)
