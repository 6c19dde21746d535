"""What is restored is what was backed up, to the row, from either engine to either."""

from collections.abc import Callable
from pathlib import Path

import pytest

from custody.database import Database
from custody.store import backup
from custody.store.backup import container
from tests.backup.scene import MADE_AT, a_bit_of_everything, a_key, contents
from tests.builders import Archive, an_archive, books_on
from tests.prove.record import WHOLE


def _nothing(_connection: object, _header: object) -> None:
    """Nothing is done besides."""


@pytest.mark.prove
@pytest.mark.parametrize("engine", ("sqlite", "postgresql") if WHOLE else ("sqlite",))
def test_from_one_engine_to_the_other_and_back_every_table_is_equal(
    tmp_path: Path, new_database_url: Callable[[str], str], engine: str
) -> None:
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[engine]
    key = a_key(tmp_path)
    public, private = container.recipients_of, container.identities_of
    secret, shown = container.new_identity()
    (tmp_path / "r").write_text(f"# whose\n{shown}\n")
    (tmp_path / "i").write_text(secret)
    urls = [new_database_url(engine), new_database_url(other), new_database_url(engine)]
    with Database.open(urls[0]) as first, Database.open(urls[1]) as second, Database.open(urls[2]) as third:
        archive = an_archive(books_on(first, key=key))
        carriers = archive.carriers(30)
        archive.borrow(carriers[0], "chen")
        first_books = archive.books
        first_books.checkpoint()
        a_bit_of_everything(first)
        made = backup.make(first, key, tmp_path, MADE_AT, {"custody.toml": b"[organisation]\n"}, public(tmp_path / "r"))
        found = backup.restore(made.path, private(tmp_path / "i"), second, _nothing, [key.public])
        assert found.files == {"custody.toml": b"[organisation]\n"}
        again = backup.make(second, key, tmp_path, MADE_AT + 1_000_000, {}, ())
        backup.restore(again.path, [], third, _nothing, [key.public])
        wanted = contents(first)
        assert wanted["carrier"]
        assert len(wanted["sighting"]) == 2
        assert contents(second) == wanted
        assert contents(third) == wanted
        for copy in (second, third):
            assert backup.check(copy, first_books.scheme, key.public) == []
            # The copy goes on: identifiers are given behind the last one, the ledger grows.
            later = Archive(books_on(copy, key=key, first_nonce=90_000))
            later.carriers(2)
