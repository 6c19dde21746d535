"""The commands as they are, but for the time that a pass-phrase takes: what is shipped has a test of its own."""

from collections.abc import Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.sessions import passwords


def smallest() -> PasswordHash:
    """Real argon2id with the smallest work."""
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest.fixture(scope="package", autouse=True)
def quick_passwords() -> Iterator[None]:
    """In this process; commands started as processes of their own hash as shipped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "shipped", smallest)
        yield
