"""Keys, checkpoints, proofs and cosignatures in the books, on both engines."""

import io

import pytest

from custody.ledger import LedgerKey, parse_checkpoint, verify_consistency, verify_export, verify_signature
from custody.rules import NotFound, Refused
from custody.store import key_history, ledger_keys, witnessing
from custody.store.books import KeyMissing
from custody.store.checking import due_check, whole_check
from custody.store.ledger_keys import KeyNotTheLedgers
from tests.builders import PEOPLE, Archive
from tests.ledger.builders import cosigned, key, witness_key

TOKEN = "token"


def keys(archive: Archive) -> tuple[LedgerKey, LedgerKey]:
    """The books have the first of these keys."""
    first, second = (key(seed, archive.scheme.ledger_origin) for seed in (1, 2))
    archive.books.use_key(first)
    return first, second


def test_a_key_hands_over_in_one_transaction_and_the_export_tells(archive: Archive) -> None:
    first, second = keys(archive)
    archive.carriers(3)
    before = parse_checkpoint(archive.books.checkpoint())
    both = parse_checkpoint(ledger_keys.rotate(archive.books, second, PEOPLE["admin"]))
    assert (both.size, [verify_signature(both, one.public) for one in (first, second)]) == (
        before.size + 1,
        [True, True],
    )
    archive.carriers(2)
    out = io.BytesIO()
    archive.books.export(out)
    verdict = verify_export(io.BytesIO(out.getvalue()), first.public, before)
    assert (verdict.authenticated, verdict.changes) == (True, 1)
    with archive.books.database.reading() as connection:
        proof = witnessing.consistency(connection, before.size, both.size)
        assert key_history.known_keys(connection, second.public) == (first.public, second.public)
    assert verify_consistency(before.size, both.size, before.root, both.root, proof)
    assert archive.books.rebuild_check() == []
    archive.books.use_key(first)
    with pytest.raises(KeyMissing, match="changed"):
        archive.books.checkpoint()


def test_a_change_of_key_that_is_not_one_leaves_nothing(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    first, second = keys(archive)
    with archive.books.database.reading() as connection:
        size = archive.books.position(connection)
    with pytest.raises(KeyNotTheLedgers, match="another one"):
        ledger_keys.rotate(archive.books, first, PEOPLE["admin"])
    with pytest.raises(KeyNotTheLedgers, match="same origin"):
        ledger_keys.rotate(archive.books, key(2, "else.example"), PEOPLE["admin"])
    for persons in ((), (PEOPLE["admin"],), (PEOPLE["admin"], PEOPLE["admin"])):
        with pytest.raises(Refused, match="key_unsigned"):
            ledger_keys.replace_lost(archive.books, first.public, second, persons, "burnt")
    with pytest.raises(Refused, match="text_missing"):
        ledger_keys.replace_lost(archive.books, first.public, second, (PEOPLE["admin"], PEOPLE["he"]), " ")
    with archive.books.database.reading() as connection:
        assert archive.books.position(connection) == size
        assert key_history.changes(connection) == []
    ledger_keys.replace_lost(archive.books, first.public, second, (PEOPLE["admin"], PEOPLE["he"]), "burnt")
    with pytest.raises(KeyNotTheLedgers, match="nothing was changed"):
        ledger_keys.replace_lost(
            archive.books, first.public, key(3, second.origin), (PEOPLE["admin"], PEOPLE["he"]), "again"
        )


def test_cosignatures_and_checks_are_kept(archive: Archive) -> None:
    keys(archive)
    now = archive.books.clock()
    note = archive.books.checkpoint()
    with archive.books.database.writing() as connection:
        added = witnessing.add(connection, str(witness_key()), TOKEN, now, by=PEOPLE["admin"])
        assert witnessing.by_token(connection, TOKEN) == added
        kept = witnessing.keep_cosignature(connection, cosigned(note, seconds=now // 1_000_000), now)
        assert (kept.size, kept.witness) == (parse_checkpoint(note).size, added.name)
        assert witnessing.cosignatures(connection, kept.size) == [kept]
        with pytest.raises(NotFound):
            witnessing.end(connection, "nobody", now, by=PEOPLE["admin"])
    seen: list[int] = []
    check = whole_check(archive.books, PEOPLE["he"], seen.append)
    assert check.differences == 0, check.said
    with archive.books.database.reading() as connection:
        last = witnessing.last_check(connection)
        assert last is not None
        assert (last.size, last.by, last.said) == (kept.size, PEOPLE["he"], ())


def test_the_schedules_check_waits_a_day_and_comes_daily(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    keys(archive)
    days = archive.books.clock.days  # type: ignore[attr-defined]
    assert due_check(archive.books) == "not due"  # nothing was signed yet
    archive.books.checkpoint()
    assert due_check(archive.books) == "not due"
    days(1.1)
    assert due_check(archive.books).startswith("0 differences")
    assert due_check(archive.books) == "not due"
    days(1.1)
    assert due_check(archive.books).startswith("0 differences")
