"""Hashing and checking pass-phrases: argon2id in a bounded number of threads, over their NFKC form."""

import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash

from api import onetime

PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 1024


def normalised(password: str) -> str:
    """The form that is hashed: NFKC, so that the same phrase from another keyboard or system is the same."""
    return unicodedata.normalize("NFKC", password)


def shipped() -> PasswordHash:
    """Argon2id with the work that the library recommends (about a fifth of a second)."""
    return PasswordHash.recommended()


class Passwords:
    """Hashes and checks passwords, at most `threads` at a time (argon2id takes memory as well as time)."""

    def __init__(self, hasher: PasswordHash | None = None, threads: int = 2) -> None:
        self._hasher = hasher or shipped()
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="password")
        self._dummy = self._hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """Hash of a new password."""
        return self._pool.submit(self._hasher.hash, normalised(password)).result()

    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; without a hash the same work is done and the answer is False.

        What was hashed as it was typed, before passwords were normalised, goes on fitting.
        """
        if len(password) > PASSWORD_CHARACTERS_MAX:
            return False
        fits = False
        for form in dict.fromkeys((normalised(password), password)):
            fits |= self._one(form, password_hash or self._dummy)
        return fits and password_hash is not None

    def _one(self, form: str, password_hash: str) -> bool:
        if onetime.is_halves(password_hash):
            return onetime.fits(self._hashed, form, password_hash)
        return self._hashed(form, password_hash)

    def _hashed(self, form: str, password_hash: str) -> bool:
        return self._pool.submit(self._hasher.verify, form, password_hash).result()

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()
