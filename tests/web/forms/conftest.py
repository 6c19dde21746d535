"""What the tests of the forms share: a front whose books can sign, and a reader of what stands on a paper."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custody.database import Database
from custody.ledger import LedgerKey
from tests.builders import SCHEME, an_archive, books_on
from tests.web.front import Front, a_front


@pytest.fixture
def signing(new_sqlite: Callable[[], str], tmp_path: Path) -> Iterator[Front]:
    """The application over books that have their key."""
    key = LedgerKey.load_or_create(tmp_path / "ledger.key", SCHEME.ledger_origin)
    with Database.open(new_sqlite()) as opened:
        yield a_front(an_archive(books_on(opened, key=key)), tmp_path)
