"""The judge of the kill proofs must itself be able to say lost and doubled."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custody import clock
from custody.access import Role
from custody.entries import Borrowed
from reconcile.intake import parse_batch
from reconcile.store import intake
from tests.builders import PEOPLE, SHELF, signatures, subject
from tests.prove import house as houses
from tests.prove import judge
from tests.prove.clerk import Receipt
from tests.prove.forwarder import Journal
from tests.prove.house import House

BOOT = "0123456789abcdef" * 2


def _deliver(house: House, body: dict[str, Any]) -> dict[str, int]:
    """Take a delivery as the server does; what it answers."""
    from api.installation import open_database

    _configuration, database = open_database(house.data)
    with database, database.writing() as connection:
        done = intake.take(connection, houses.DEVICE, parse_batch(json.dumps(body).encode()), clock.now())
    return {"acknowledged": done.acknowledged, "taken": done.taken, "repeated": done.repeated}


def _body(epc: str) -> dict[str, Any]:
    at = clock.now()
    return {
        "daemon": houses.DEVICE,
        "boot": BOOT,
        "sightings": [[1, epc, None, "cabinet", 1, at, at + 9, 3, -50.0, -51.5, at]],
        "coverage": [[2, "cabinet", 1, at, at + 5_000_000]],
        "reports": [[3, "cabinet", "listening", at, "", None, None, None]],
        "losses": [],
    }


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A small house."""
    return houses.a_house(tmp_path, houses.ANTENNAS, {SHELF: 3}, staffed=False)


@pytest.fixture
def journal(house: House) -> Journal:
    """One delivery, sent and acknowledged, its answer seen."""
    seen = Journal()
    body = _body(house.epcs(SHELF)[0])
    keys = seen.saw_request(body)
    seen.saw_answer(keys, 200, json.dumps(_deliver(house, body)).encode())
    return seen


def test_what_is_there_once_is_neither_lost_nor_doubled(house: House, journal: Journal) -> None:
    verdict = judge.judge_records(house, journal)
    assert (verdict.acknowledged, verdict.lost, verdict.doubled) == (3, (), ())
    judge.assert_gapless(house, journal)


@pytest.mark.parametrize(
    "row",
    [
        ("sightings", [4, "AB12", None, "cabinet", 1, 1, 2, 1, None, None, 3]),
        ("coverage", [4, "cabinet", 1, 1, 2]),
        ("reports", [4, "cabinet", "silent", 1, "", None, None, None]),
    ],
    ids=lambda row: str(row[0]),
)
def test_what_was_acknowledged_and_never_stored_is_lost(
    house: House, journal: Journal, row: tuple[str, list[Any]]
) -> None:
    journal.sent[BOOT, 4] = row
    journal.acknowledged.add((BOOT, 4))
    assert len(judge.judge_records(house, journal).lost) == 1
    with pytest.raises(AssertionError):
        judge.assert_gapless(house, journal)


def test_what_was_stored_otherwise_than_sent_is_lost(house: House, journal: Journal) -> None:
    journal.sent[BOOT, 1][1][7] += 1
    assert len(judge.judge_records(house, journal).lost) == 1


def test_the_same_reads_under_two_sequences_are_doubled(house: House, journal: Journal) -> None:
    body = _body(house.epcs(SHELF)[0])
    body["sightings"] = [[4, *journal.sent[BOOT, 1][1][1:]]]
    body["coverage"], body["reports"] = [], []
    _deliver(house, body)
    assert len(judge.judge_records(house, journal).doubled) == 1


def test_a_sequence_with_two_contents_is_doubtful(journal: Journal) -> None:
    body = _body("E280")
    journal.saw_request(body)
    assert (BOOT, 1) in journal.doubtful


@pytest.fixture
def receipt(house: House) -> Receipt:
    """One carrier lent, with its receipt."""
    from api.installation import open_books

    carrier = house.shelves[SHELF][0][0]
    _configuration, database, books = open_books(house.data, clock.now)
    with database:
        due_at = clock.now() + 5 * 86_400_000_000
        facts = [Borrowed(carrier, PEOPLE["chen"], due_at)]
        signed = signatures(facts, clock.now(), "chen")
        given = books.enter(subject("clerk", Role.CLERK), facts, act="borrow", signatures=signed)
    return Receipt(given.act, "borrow", (carrier,))


BROKEN: dict[str, Callable[[Receipt], Receipt]] = {
    "an act that is not in the books": lambda receipt: replace(receipt, act="JY-1999-0001"),
    "a carrier that is not in the act": lambda receipt: replace(receipt, carriers=(2,)),
    "an act of another kind": lambda receipt: replace(receipt, kind="return"),
}


def test_an_act_with_its_entry_is_found(house: House, receipt: Receipt, tmp_path: Path) -> None:
    verdict = judge.judge_acts(house, [receipt])
    assert (verdict.acknowledged, verdict.lost, verdict.doubled) == (1, (), ())
    judge.assert_books_hold(house, tmp_path)


@pytest.mark.parametrize("how", BROKEN)
def test_an_act_without_its_entry_is_lost(house: House, receipt: Receipt, how: str) -> None:
    assert judge.judge_acts(house, [BROKEN[how](receipt)]).lost


def test_two_receipts_of_one_act_cannot_be(house: House, receipt: Receipt) -> None:
    with pytest.raises(AssertionError):
        judge.judge_acts(house, [receipt, receipt])
