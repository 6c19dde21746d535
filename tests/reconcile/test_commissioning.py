"""Batches printed on a printer that jams, cuts, and answers wrong: no number is ever lost, doubled or unaccounted."""

import dataclasses
from collections import Counter
from random import Random

import pytest

from custody.rules import NotFound, Refused
from custody.store import tag_numbers as store
from custody.store.tag_numbers import Account
from readers.zpl import Label, Outcome, Printer
from reconcile.bulletin import Bulletin
from reconcile.commissioning import LOST_AFTER, Labels, Printing, facts_of, next_label
from tests.builders import CLERK, NOW, SCHEME, Archive
from tests.custody.test_commissioning import a_batch, account, rows_of
from tests.readers.commissioning.printer_double import PrinterDouble


def printing(archive: Archive, **more: object) -> Printing:
    return Printing(archive.books.database, SCHEME, archive.books.clock, Bulletin(), **more)  # type: ignore[arg-type]


def labels(archive: Archive, seed: int = 9) -> Labels:
    return Labels(archive.books.database, SCHEME, Random(seed).randrange, CLERK.person, NOW)


def printed(archive: Archive, batch: str, double: PrinterDouble, **changes: object) -> None:
    """Print until the batch waits."""
    printer = dataclasses.replace(Printer("desk", "127.0.0.1", double.port, timeout_seconds=1), **changes)  # type: ignore[arg-type]
    work = printing(archive)
    assert work.start(batch, printer)
    assert work.wait(batch)


def test_a_batch_is_printed_read_back_and_bound_with_its_chips(archive: Archive) -> None:
    carriers = archive.carriers(3)
    batch = a_batch(archive, *carriers)
    with PrinterDouble().running() as double:
        printed(archive, batch, double)
    rows = rows_of(archive, batch)
    assert [row.standing for row in rows] == ["verified"] * 3
    assert [(row.epc, row.tid) for row in rows] == [(chip.epc, chip.tid) for chip in double.chips]
    assert [chip.texts[:2] for chip in double.chips] == [("机密★", f"{row.control_number} 1/1") for row in rows]
    # When the labels are on: one act, each number with its chip
    archive.books.enter(CLERK, facts_of(rows, [None] * 3), act="tag")
    assert {(t.epc, t.tid) for c in carriers for t in archive.state(c).tags if t.tid} == {(r.epc, r.tid) for r in rows}
    assert account(archive, batch) == Account(taken=3, bound=3)
    labels(archive).close(batch)
    with archive.books.database.reading() as connection:
        assert store.batch(connection, batch).state == "closed"  # type: ignore[union-attr]
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_printer_does_no_number_is_lost_or_on_two_labels(sqlite_archive: Archive, seed: int) -> None:
    """Given a printer that misbehaves at random, when the batch is taken up until all is read back, then it closes."""
    archive, chance = sqlite_archive, Random(seed)
    batch = a_batch(archive, *archive.carriers(4), seed=seed)
    kinds = ["well", "well", "cut", "mute", "bad_chip"]
    with PrinterDouble(lambda _number: chance.choice(kinds)).running() as double:
        for _ in range(12):
            if not account(archive, batch).waiting - account(archive, batch).verified:
                break
            printed(archive, batch, double)
            for row in rows_of(archive, batch):
                if row.standing == "failed":
                    labels(archive, seed + len(double.chips)).again(batch, row.epc, "reprinted")
            found = account(archive, batch)
            assert found.taken == found.bound + found.spoiled + found.waiting
            kinds[2:] = ["well"]  # somebody saw to it
    found = account(archive, batch)
    assert (found.verified, found.waiting, found.sent) == (4, 4, 0)
    on_labels = Counter(chip.epc for chip in double.chips)
    assert max(on_labels.values()) == 1
    assert set(on_labels) <= {row.epc for row in rows_of(archive, batch)}
    assert archive.books.rebuild_check() == []


def test_a_printer_without_paper_keeps_every_number_for_later(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    batch = a_batch(archive, None, None)
    with PrinterDouble(status=(1, 0, 0, 0)).running() as double:
        printed(archive, batch, double)
        assert [(row.standing, row.reason) for row in rows_of(archive, batch)] == [
            ("reserved", "paper_out"),
            ("reserved", ""),
        ]
        double.status = (0, 0, 0, 0)
        printed(archive, batch, double)
    assert account(archive, batch) == Account(taken=2, verified=2)


def test_three_bad_labels_in_a_row_stop_the_batch(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    batch = a_batch(archive, *[None] * 5)
    with PrinterDouble(lambda _number: "bad_chip").running() as double:
        printed(archive, batch, double)
    assert account(archive, batch) == Account(taken=5, failed=3, reserved=2)


@pytest.fixture
def killed(sqlite_archive: Archive) -> tuple[Archive, str, str]:
    """A batch whose process was killed when a number had just gone to the printer."""
    archive = sqlite_archive
    batch = a_batch(archive, None, None)
    with archive.books.database.writing() as connection:
        store.set_batch(connection, batch, ("paused",), "running")
    row = next_label(archive.books.database, batch, NOW)
    assert row is not None
    return archive, batch, row.epc


def test_after_a_kill_the_number_that_was_on_its_way_is_in_doubt_and_never_sent_again(
    killed: tuple[Archive, str, str],
) -> None:
    archive, batch, epc = killed
    archive.books.clock.at += LOST_AFTER + 1  # type: ignore[attr-defined]
    with PrinterDouble().running() as double:
        printed(archive, batch, double)
    assert epc not in {chip.epc for chip in double.chips}
    assert account(archive, batch) == Account(taken=2, failed=1, verified=1)
    # The line gets another number; the sum closes.
    new = labels(archive).again(batch, epc, "")
    assert new != epc
    assert account(archive, batch) == Account(taken=3, spoiled=1, verified=1, reserved=1)


def test_a_printer_that_says_nothing_leaves_the_reading_to_people(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    batch = a_batch(archive, *archive.carriers(2))
    with PrinterDouble().running() as double:
        printed(archive, batch, double, verify=False)
    one, two = rows_of(archive, batch)
    assert {one.standing, two.standing} == {"printed"}
    do = labels(archive)
    assert do.verify(batch, one.epc, one.epc, "E280116060000201")
    assert not do.verify(batch, two.epc, one.epc)
    assert [row.standing for row in rows_of(archive, batch)] == ["verified", "failed"]


def test_what_cannot_be_done_with_a_label_is_refused(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    batch, other = a_batch(archive, None, None), a_batch(archive, None, seed=3)
    do = labels(archive)
    one, two = rows_of(archive, batch)
    do.spoil(batch, one.epc, "torn")
    for wrong, code in (
        (lambda: do.spoil(batch, one.epc, "torn"), "number_stands"),
        (lambda: do.spoil(batch, two.epc, " "), "text_missing"),
        (lambda: do.doubt(batch, two.epc), "number_stands"),
        (lambda: do.close(batch), "batch_waits"),
        (lambda: facts_of([rows_of(archive, batch)[1]], [1]), "number_stands"),
    ):
        with pytest.raises(Refused) as told:
            wrong()
        assert [refusal.code for refusal in told.value.refusals] == [code]
    with pytest.raises(NotFound):
        do.spoil(other, two.epc, "torn")
    first = do.again(batch, one.epc, "")
    with pytest.raises(Refused):
        do.again(batch, one.epc, "")
    assert first in {row.epc for row in rows_of(archive, batch)}


def test_a_batch_is_printed_once_at_a_time(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    batch = a_batch(archive, None)
    again: list[bool] = []

    def send(_label: Label, printer: Printer) -> Outcome:
        again.append(work.start(batch, printer))
        return Outcome("printed")

    work = printing(archive, send=send)
    assert work.start(batch, Printer("p", "h"))
    assert work.wait(batch)
    assert again == [False]
    assert account(archive, batch) == Account(taken=1, printed=1)
