"""What a printed form proves: its checkpoint verifies the export offline, its hash the paper itself."""

from pathlib import Path

import pytest

from api import store
from api.forms import code_text, qr_code
from api.web.printing import pages
from custody import verify
from custody.ledger import Frontier, LedgerKey, export, leaf_hash
from custody.store.books import Books, bodies
from tests.builders import Archive
from tests.web.forms.test_printing import form, logged, paper, print_it
from tests.web.front import Front


def note_of(front: Front, act: str) -> str:
    """The checkpoint of an act's last print."""
    (made,) = logged(front, act)
    assert made.checkpoint is not None
    with front.archive.books.database.reading() as connection:
        kept = store.checkpoint_of(connection, made.checkpoint)
    assert kept is not None
    return kept.note


def test_without_a_covering_checkpoint_a_preview_signs_none_and_the_print_does(signing: Front) -> None:
    act = signing.archive.borrow(signing.archive.carrier(), "chen").act
    clerk = signing.signed_in("clerk")
    assert "the checkpoint is signed when it is printed" in paper(form(clerk, act))
    with signing.archive.books.database.reading() as connection:
        assert store.checkpoints(connection, 1) == []
    address = print_it(clerk, act)
    with signing.archive.books.database.reading() as connection:
        (kept,) = store.checkpoints(connection, 9)
        assert kept.size == signing.archive.books.position(connection)
    assert f"checkpoint {kept.size} · root" in paper(clerk.get(address).text)


def test_a_checkpoint_that_covers_the_act_is_used_again(signing: Front) -> None:
    act = signing.archive.borrow(signing.archive.carrier(), "chen").act
    signing.archive.books.checkpoint()
    signing.archive.carrier()
    print_it(signing.signed_in("clerk"), act)
    with signing.archive.books.database.reading() as connection:
        assert len(store.checkpoints(connection, 9)) == 1


def test_the_code_of_a_print_bears_the_checkpoint_and_the_papers_hash(signing: Front) -> None:
    receipt = signing.archive.borrow(signing.archive.carrier(), "chen")
    clerk = signing.signed_in("clerk")
    page = clerk.get(print_it(clerk, receipt.act)).text
    (made,) = logged(signing, receipt.act)
    said = code_text(note_of(signing, receipt.act), receipt.act, receipt.last, made.paper_hash)
    assert qr_code(said).path in page
    data = clerk.get(f"/api/v1/acts/{receipt.act}/form?language=en").json()
    assert data["sha256"] == made.paper_hash


def test_the_checkpoint_of_a_print_shows_offline_that_the_ledger_was_cut(signing: Front, tmp_path: Path) -> None:
    books = signing.archive.books
    act = signing.archive.borrow(signing.archive.carrier(), "chen").act
    print_it(signing.signed_in("clerk"), act)
    (tmp_path / "printed.txt").write_text(note_of(signing, act), encoding="utf-8")
    with (tmp_path / "whole.txt").open("wb") as out:
        books.export(out)
    earlier = earlier_export(books, tmp_path / "cut.txt")
    printed = ["--checkpoint", str(tmp_path / "printed.txt")]
    assert verify.main([str(tmp_path / "whole.txt"), *printed]) == 0
    assert verify.main([str(earlier)]) == 0
    assert verify.main([str(earlier), *printed]) == 1


def earlier_export(books: Books, path: Path) -> Path:
    """An export of a ledger in which the loan was never entered: the same leaves without the last, signed anew."""
    with books.database.reading() as connection:
        leaves = list(bodies(connection, books.position(connection) - 1))
    frontier = Frontier().extend(leaf_hash(leaf) for leaf in leaves)
    key = LedgerKey.load_or_create(path.with_suffix(".key"), books.scheme.ledger_origin)
    with path.open("wb") as out:
        export(leaves, key.sign(len(leaves), frontier.root()), out)
    return path


def test_books_without_their_key_print_a_paper_that_says_so(front: Front) -> None:
    act = front.archive.borrow(front.archive.carrier(), "chen").act
    clerk = front.signed_in("clerk")
    page = clerk.get(print_it(clerk, act)).text
    assert "this paper carries no checkpoint" in paper(page)
    (made,) = logged(front, act)
    assert made.checkpoint is None
    assert qr_code(code_text(None, act, _last(front.archive), made.paper_hash)).path in page


def _last(archive: Archive) -> int:
    with archive.books.database.reading() as connection:
        return archive.books.position(connection)


@pytest.mark.parametrize(("root", "shown"), [("", ""), ("fB8Kk9K+XkEAAAAA", "7c1f0a93 d2be5e41")])
def test_a_root_is_shown_by_its_first_eight_bytes(root: str, shown: str) -> None:
    assert pages.short_root(root) == shown
