"""A front with the three administrators."""

import pytest

from custody.access import Role
from custody.store import accounts
from tests.builders import NOW, PEOPLE
from tests.web.front import PASSWORD, Front, quick_passwords


@pytest.fixture
def staffed(front: Front) -> Front:
    """`lin` is security administrator; `admin` and `he` are system administrator and auditor already."""
    passwords = quick_passwords()
    hashed = passwords.hash(PASSWORD)
    passwords.close()
    with front.archive.books.database.writing() as connection:
        accounts.create(connection, PEOPLE["lin"], "administrator", hashed, NOW)
        accounts.grant(connection, PEOPLE["lin"], Role.SECURITY_ADMINISTRATOR, at=NOW)
    return front
