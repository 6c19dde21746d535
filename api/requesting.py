"""Deciding requests for accounts, and the two halves of their one-time secrets. Pages, REST and commands stand on this.

Each half is made for one person, given back once and kept nowhere (see `api.onetime`).
"""

from dataclasses import dataclass

from api import onetime, store
from api.sessions import Passwords
from custody.database import Database
from custody.scheme import Scheme
from custody.store import account_requests as requests
from custody.store.account_requests import Request, Secret
from custody.values import Instant

ENDING = frozenset({"revoke", "close", "reopen", "reset"})
"""What ends the person's sessions."""


@dataclass(frozen=True, slots=True)
class Requesting:
    """Everything that deciding needs."""

    database: Database
    scheme: Scheme
    passwords: Passwords

    def grant(self, number: int, by: int, now: Instant, answer: str = "", address: str = "") -> tuple[Request, str]:
        """Grant a request and do it; the decider's half of the secret, empty where there is none.

        Raises NotFound, AccountRefused, Refused.
        """
        with self.database.reading() as connection:
            found = requests.request(connection, number)
        second, secret = "", None
        if found.with_secret:
            second = onetime.half()
            digest = onetime.digest(second)
            # The other half is made when the asker comes for it: until then it is one that nobody has seen.
            secret = Secret(onetime.kept(digest, self.passwords.hash(onetime.half())), digest)
        with self.database.writing() as connection:
            done = requests.grant(connection, self.scheme, number, by, now, secret, answer, address)
            if done.kind in ENDING:
                store.end_sessions(connection, done.person, at=now, by=by, how="administrator")
        return done, second

    def collect(self, number: int, by: int, now: Instant, address: str = "") -> tuple[Request, str]:
        """The asker's half of the secret, made now. Raises NotFound, AccountRefused."""
        with self.database.reading() as connection:
            found = requests.request(connection, number)
        first = onetime.half()
        password_hash = onetime.kept(found.half_digest, self.passwords.hash(first))
        with self.database.writing() as connection:
            done = requests.collect(connection, self.scheme, number, by, password_hash, now, address)
        return done, first
