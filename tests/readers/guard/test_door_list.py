"""The list of what may pass: signed, numbered, expiring; what was tampered with is not believed."""

import base64
from pathlib import Path

import pytest
from door_scene import BLANK, KEY, OTHER_KEY, PAPER, TRUSTED, a_list, at

from custody.ledger import Broken, parse_checkpoint, verify_signature
from custody.verify import check_name
from readers import doorlist
from readers.doorlist import DoorListInvalid, content_digest, newer, parse, parse_key


def test_what_may_pass_is_named_and_nothing_else() -> None:
    found = parse(a_list(PAPER), TRUSTED)
    assert (found.names(PAPER, at(0)), found.names(BLANK, at(0))) == (True, False)
    assert (found.number, found.expired(at(3600)), found.expired(at(3601))) == (5, False, True)


def test_a_permit_with_an_end_is_on_it_until_then() -> None:
    found = parse(a_list(PAPER, until=60), TRUSTED)
    assert [found.names(PAPER, at(second)) for second in (0, 60, 61)] == [True, True, False]


def test_the_list_names_no_tag_by_its_number() -> None:
    text = a_list(PAPER)
    packed = base64.b64decode(text.split("\n")[3])
    assert PAPER not in text
    assert bytes.fromhex(PAPER)[:8] not in packed
    other_salt = doorlist.unsigned(KEY.origin, 6, at(0), at(1), "34", b"t" * 16, {PAPER: 0})
    assert base64.b64decode(other_salt.split("\n")[3]) != packed


CHANGES = {
    "another tag": lambda lines: [*lines[:3], base64.b64encode(b"x" * 16).decode(), *lines[4:]],
    "a later end": lambda lines: [*lines[:2], lines[2].replace('"expires_at":1', '"expires_at":9'), *lines[3:]],
    "another number": lambda lines: [*lines[:2], lines[2].replace('"number":5', '"number":6'), *lines[3:]],
    "another block": lambda lines: [*lines[:2], lines[2].replace("3414F4A2", "3414F4A3"), *lines[3:]],
    "cut": lambda lines: lines[:4],
    "two lists in one": lambda lines: [*lines, *lines],
    "no signature": lambda lines: [*lines[:5], "", ""],
    "no base64": lambda lines: [*lines[:3], "!", *lines[4:]],
    "another purpose": lambda lines: ["custody checkpoint v1", *lines[1:]],
    "empty": lambda lines: [],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_list_that_was_changed_is_refused(change: str) -> None:
    text = "\n".join(CHANGES[change](a_list(PAPER).split("\n")))
    with pytest.raises(DoorListInvalid):
        parse(text, TRUSTED)


def test_every_byte_counts() -> None:
    raw = bytearray(a_list(PAPER).encode())
    for place in range(0, len(raw), 7):
        broken = raw.copy()
        broken[place] ^= 1
        with pytest.raises((DoorListInvalid, UnicodeDecodeError)):
            parse(broken.decode(), TRUSTED)


def test_a_list_of_another_key_is_refused_also_under_the_same_name() -> None:
    with pytest.raises(DoorListInvalid, match="not signed by a key that this daemon knows"):
        parse(a_list(PAPER, key=OTHER_KEY), TRUSTED)


def test_while_the_key_changes_hands_two_are_believed() -> None:
    both = (*TRUSTED, parse_key(OTHER_KEY.vkey()))
    assert parse(a_list(PAPER, key=OTHER_KEY), both).number == 5


def test_an_older_list_is_refused_and_the_same_is_not() -> None:
    at_hand = parse(a_list(number=7), TRUSTED)
    assert newer(a_list(number=7), TRUSTED, at_hand).number == 7
    with pytest.raises(DoorListInvalid, match="older than list 7"):
        newer(a_list(number=6), TRUSTED, at_hand)


def test_a_lists_signature_is_never_one_of_a_checkpoint_nor_the_reverse() -> None:
    lines = a_list(PAPER).split("\n")
    as_note = f"{chr(10).join(lines[:4])}\n\n— {KEY.origin} {lines[5]}\n"
    with pytest.raises(Broken):
        parse_checkpoint(as_note)
    with pytest.raises(Broken):
        check_name(doorlist.PURPOSE)  # so no ledger can be called so that its checkpoints begin like a list
    checkpoint = KEY.sign(3, b"r" * 32)
    noted = parse_checkpoint(checkpoint)
    signature = base64.b64encode(noted.signatures[0].signature).decode()
    assert verify_signature(noted, KEY.public)
    assert not KEY.public.verifies(base64.b64decode(lines[5]), noted.body)
    with pytest.raises(DoorListInvalid):
        parse("\n".join([*lines[:5], signature, ""]), TRUSTED)


@pytest.mark.parametrize("text", ["", "name", "name+00000000+AAAA", KEY.vkey()[:-3], KEY.vkey().replace("+", "-")])
def test_a_key_that_was_not_copied_whole_is_refused(text: str) -> None:
    with pytest.raises(DoorListInvalid):
        parse_key(text)


def test_the_digest_of_what_may_pass_is_of_nothing_else() -> None:
    assert content_digest("34", {PAPER: 0}) == content_digest("34", {PAPER: 0})
    assert len({content_digest(*one) for one in (("34", {PAPER: 0}), ("35", {PAPER: 0}), ("34", {PAPER: 9}))}) == 3


def test_a_list_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "door-list"
    assert doorlist.kept(path, TRUSTED) is None
    doorlist.keep(path, a_list(PAPER))
    assert (doorlist.kept(path, TRUSTED) or parse("", TRUSTED)).names(PAPER, at(0))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DoorListInvalid):
        doorlist.kept(path, TRUSTED)
