"""Numbers for tags: opaque, from the block, decoded back; taken once; tags that do not answer; replacement."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from custody.entries import TagBound, TagReadable, TagRetired, TagUnreadable
from custody.rules import Refused
from custody.scheme import SchemeInvalid, scheme_from
from custody.store import tag_numbers as store
from custody.store.tag_numbers import Account, Step
from custody.tag_numbers import NumberInvalid, checked, decode, fresh, medium, numbering
from custody.values import Tag
from tests.builders import CLERK, NOW, SCHEME, Archive, epc_of

# Examples of the GS1 Tag Data Standard (GIAI-96 and GDTI-96), and one of an encoder by other hands.
STANDARD = {
    "3474257BF40000000000162E": "urn:epc:tag:giai-96:3.0614141.5678",
    "2C74257BF46072000000162E": "urn:epc:tag:gdti-96:3.0614141.12345.5678",
    "341401388000000000000001": "urn:epc:tag:giai-96:0.0020000.1",
}


@pytest.mark.parametrize(("epc", "urn"), STANDARD.items())
def test_the_standards_own_examples_decode_and_encode(epc: str, urn: str) -> None:
    found = decode(epc)
    assert found.urn == urn
    block = epc[:14] if found.document_type else epc[:10]
    assert checked(numbering(block, found.company, found.document_type), found.serial) == epc


BLOCKS = st.sampled_from(["3414F4A2", "3474257BF4", "2C74257BF46072", "2C18", "3400", "3418", "E2", "ABCDEF0123"])


@given(BLOCKS, st.integers(0, 2**96))
@settings(max_examples=200, deadline=None)
def test_every_number_is_of_the_block_and_reads_back(block: str, chance: int) -> None:
    numbers = numbering(block)
    serial = 1 + chance % ((1 << numbers.serial_bits) - 1)
    epc = checked(numbers, serial)
    assert len(epc) == 24
    assert epc.startswith(block) or numbers.scheme != "block"
    assert int(epc, 16) & ((1 << numbers.serial_bits) - 1) == serial
    with pytest.raises(NumberInvalid, match="does not fit"):
        numbers.encode(1 << numbers.serial_bits)


@pytest.mark.parametrize(
    ("block", "company", "document_type", "said"),
    [
        ("34", "", "", "does not say its partition"),
        ("341C", "", "", "partition 7"),
        ("3414F4A2", "4008128", "", "do not begin with the block"),
        ("3414F4A2", "614141", "", "must have 7 digits"),
        ("3414F4A2", "4008064", "1", "has no document type"),
        ("2C14F4A2", "4008064", "123", "must have 5 digits"),
        ("E2801160", "4008064", "", "neither of a GIAI-96"),
        ("ABCDEF0123456789AB", "", "", "fewer than 32 bits"),
    ],
)
def test_a_block_that_contradicts_itself_is_refused(block: str, company: str, document_type: str, said: str) -> None:
    with pytest.raises(NumberInvalid, match=said):
        numbering(block, company, document_type)
    if company:
        with pytest.raises(SchemeInvalid, match="organisation: "):
            scheme_from(
                {"organisation": {"epc_block": block, "company_prefix": company, "document_type": document_type or "0"}}
            )


def test_numbers_drawn_twice_or_known_are_drawn_again_and_not_for_ever() -> None:
    numbers = numbering("3414F4A2")
    drawn = iter([4, 4, 7, 4, 9, 11])
    found = fresh(numbers, 3, lambda _below: next(drawn), lambda new: {epc for epc in new if epc.endswith("08")})
    assert [int(epc, 16) & 0xFF for epc in found] == [5, 10, 12]
    with pytest.raises(NumberInvalid, match="used up"):
        fresh(numbers, 1, lambda _below: 1, lambda new: new)


def test_hf_and_uhf_are_told_apart_by_their_numbers() -> None:
    assert {medium(e) for e in ("04A1B2C3", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6071829", "E004010012345678")} == {"hf"}
    assert {medium(e) for e in (epc_of(1), "3414F4A200000001", "3414F4A2" * 8)} == {"uhf"}


# Taken once.


def a_batch(archive: Archive, *carriers: int | None, seed: int = 1) -> str:
    random = Random(seed)
    with archive.books.database.writing() as connection:
        return store.open_batch(
            connection,
            SCHEME.numbering(),
            random.randrange,
            carriers,
            means="print",
            device="desk",
            by=CLERK.person,
            now=NOW,
            timezone=SCHEME.timezone,
        )


def rows_of(archive: Archive, batch: str) -> list[Any]:
    with archive.books.database.reading() as connection:
        return store.lines(connection, batch)


def step(archive: Archive, row: object, state: str, reason: str = "") -> bool:
    with archive.books.database.writing() as connection:
        return store.step(connection, row, Step(row.epc, state, reason), NOW)  # type: ignore[attr-defined]


def account(archive: Archive, batch: str) -> Account:
    with archive.books.database.reading() as connection:
        return store.accounts(connection, [batch])[batch]


def test_numbers_are_never_taken_twice_and_the_account_always_closes(archive: Archive) -> None:
    """Given the same chance twice, the second batch gets other numbers; bound, spoiled and waiting are all."""
    one, two = archive.carriers(2)
    first = a_batch(archive, one, two, None, seed=5)
    second = a_batch(archive, None, None, None, seed=5)
    rows = rows_of(archive, first)
    assert not {row.epc for row in rows} & {row.epc for row in rows_of(archive, second)}
    assert account(archive, first) == Account(taken=3, reserved=3)
    assert step(archive, rows[0], "sent")
    assert not step(archive, rows[0], "sent"), "who comes second finds it sent"
    assert step(archive, rows[1], "spoiled", "torn")
    archive.books.enter(CLERK, [TagBound(one, Tag(rows[0].epc))], act="tag")
    found = account(archive, first)
    assert (found.taken, found.bound, found.spoiled, found.waiting) == (3, 1, 1, 1)
    with pytest.raises(ValueError, match="does not become"):
        step(archive, rows_of(archive, first)[1], "reserved")
    assert archive.books.rebuild_check() == []


def test_what_was_spoiled_or_made_for_another_is_not_bound(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    one, two = archive.carriers(2)
    mine, spoiled = rows_of(archive, a_batch(archive, one, two))
    step(archive, spoiled, "spoiled", "jam")
    for carrier, epc, code in ((two, mine.epc, "number_reserved"), (two, spoiled.epc, "number_spoiled")):
        with pytest.raises(Refused) as told:
            archive.books.enter(CLERK, [TagBound(carrier, Tag(epc))], act="tag")
        assert [refusal.code for refusal in told.value.refusals] == [code]
    archive.books.enter(CLERK, [TagBound(one, Tag(mine.epc))], act="tag")


def test_a_number_brought_back_behind_the_programs_back_is_found(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    (row,) = rows_of(archive, a_batch(archive, None))
    step(archive, row, "spoiled", "jam")
    assert archive.books.rebuild_check() == []
    with archive.books.database.writing() as connection:
        connection.execute(text("UPDATE tag_number SET state = 'reserved'"))
    assert any(row.epc in told for told in archive.books.rebuild_check())


# Tags that do not answer.


@pytest.fixture
def worn(archive: Archive) -> tuple[Archive, int]:
    """A carrier whose only tag was said to be unreadable."""
    carrier = archive.carrier()
    archive.books.enter(CLERK, [TagUnreadable(carrier, epc_of(carrier), "柜中三次未读到")], act="tag_unreadable")
    return archive, carrier


def test_an_unreadable_tag_is_kept_and_cleared_by_its_replacement(worn: tuple[Archive, int]) -> None:
    archive, carrier = worn
    assert archive.state(carrier).by_eye
    assert archive.books.rebuild_check() == []
    new = Tag(epc_of(900), "E2801160600002")
    facts = [TagRetired(carrier, epc_of(carrier), "无应答"), TagBound(carrier, new)]
    archive.books.enter(CLERK, facts, act="tag_replace")
    state = archive.state(carrier)
    assert (state.tags, state.unreadable, state.by_eye) == ((new,), (), False)
    assert archive.books.rebuild_check() == []


def test_a_tag_may_answer_again_and_a_second_one_speaks_for_the_carrier(worn: tuple[Archive, int]) -> None:
    archive, carrier = worn
    archive.books.enter(CLERK, [TagBound(carrier, Tag(epc_of(901)))], act="tag")
    assert not archive.state(carrier).by_eye
    archive.books.enter(CLERK, [TagReadable(carrier, epc_of(carrier))], act="tag_unreadable")
    assert archive.state(carrier).unreadable == ()
    assert archive.books.rebuild_check() == []
