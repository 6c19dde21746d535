"""Signing in, sessions and the fresh confirmation of identity.

Passwords are hashed with argon2id in a bounded number of threads; an unknown number costs the same work as a
wrong password and gets the same answer; failures make the next attempt of that account from that address wait,
longer each time. Sessions live on the server: the cookie holds a random token, the database its SHA-256.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TypeVar

from pwdlib import PasswordHash

from api import store
from api.store import Connection, Session
from custody.database import Database
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import accounts
from custody.store.accounts import Account
from custody.values import SECOND, Instant
from reconcile.store.intake import token_hash

T = TypeVar("T")
TOUCH_EVERY = 60 * SECOND
"""A session's last use is written at most this often, so that reading a page costs no write."""
FAILURES_FREE = 3
DELAY_SECONDS_MAX = 300
THROTTLED_MAX = 10_000
PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 1024


class SignInFailed(Exception):
    """Unknown number, wrong password or closed account: never told apart."""


class TooManyAttempts(Exception):
    """The account must wait at this address."""

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"wait {wait_seconds} s")


class SamePerson(Exception):
    """Who signs beside somebody else must be somebody else."""


class Passwords:
    """Hashes and checks passwords, at most `threads` at a time (argon2id takes memory as well as time)."""

    def __init__(self, hasher: PasswordHash | None = None, threads: int = 2) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="password")
        self._dummy = self._hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """Hash of a new password."""
        return self._pool.submit(self._hasher.hash, password).result()

    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; without a hash the same work is done and the answer is False."""
        if len(password) > PASSWORD_CHARACTERS_MAX:
            return False
        fits = self._pool.submit(self._hasher.verify, password, password_hash or self._dummy).result()
        return fits and password_hash is not None

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()


@dataclass(slots=True)
class Throttle:
    """Failures by account and address, in memory and bounded: the oldest are forgotten first."""

    _failures: OrderedDict[tuple[str, str], tuple[int, Instant]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait_seconds(self, number: str, address: str, now: Instant) -> int:
        """How long this account must still wait at this address."""
        with self._lock:
            _, until = self._failures.get((number, address), (0, 0))
        return max(0, -(-(until - now) // SECOND))

    def failed(self, number: str, address: str, now: Instant) -> None:
        """Another failure: from the fourth on the wait doubles."""
        with self._lock:
            count = self._failures.pop((number, address), (0, 0))[0] + 1
            # The power is capped before it is raised: the count has no bound.
            delay = 0 if count <= FAILURES_FREE else min(DELAY_SECONDS_MAX, 2 ** min(count - FAILURES_FREE, 16))
            self._failures[number, address] = (count, now + delay * SECOND)
            while len(self._failures) > THROTTLED_MAX:
                self._failures.popitem(last=False)

    def succeeded(self, number: str, address: str) -> None:
        """Forget what failed before."""
        with self._lock:
            self._failures.pop((number, address), None)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Everything that signing in needs; one for the server."""

    database: Database
    scheme: Scheme
    passwords: Passwords
    throttle: Throttle = field(default_factory=Throttle)
    token: Callable[[], str] = lambda: secrets.token_urlsafe(32)

    def check(self, number: str, password: str, address: str, now: Instant) -> Account:
        """The account that number and password open. Raises SignInFailed, TooManyAttempts."""
        number = number.strip()
        wait = self.throttle.wait_seconds(number, address, now)
        if wait:
            raise TooManyAttempts(wait)
        with self.database.reading() as connection:
            account = _found(accounts.by_number, connection, number)
        fits = self.passwords.verify(password, account.password_hash if account else None)
        if account is None or not fits or account.disabled:
            self.throttle.failed(number, address, now)
            raise SignInFailed
        self.throttle.succeeded(number, address)
        return account

    def open(self, account: Account, address: str, agent: str, now: Instant) -> tuple[str, Session]:
        """A new session and its token, which is shown to the browser and kept nowhere."""
        token = self.token()
        session = Session(
            token_hash=token_hash(token),
            person=account.person,
            created_at=now,
            last_seen_at=now,
            expires_at=now + self.scheme.number("session_absolute_seconds") * SECOND,
            confirmed_at=now,
            csrf=self.token(),
            address=address[:100],
            agent=agent[:200],
        )
        with self.database.writing() as connection:
            store.end_expired(connection, now, idle_before(self.scheme, now))
            store.add_session(connection, session)
        return token, session

    def session(self, token: str, now: Instant) -> Session | None:
        """The live session of a token; None once it ended, was revoked, or its account was closed."""
        hashed = token_hash(token)
        with self.database.reading() as connection:
            session = store.session_by_hash(connection, hashed)
            account = _found(accounts.by_person, connection, session.person) if session else None
        if session is None or account is None or account.disabled or not alive(session, self.scheme, now):
            return None
        if now - session.last_seen_at >= TOUCH_EVERY:
            with self.database.writing() as connection:
                store.touch_session(connection, hashed, now)
            session = replace(session, last_seen_at=now)
        return session

    def change_password(self, session: Session, password: str) -> None:
        """A new password, chosen by its owner; the owner's other sessions end with the old one."""
        hashed = self.passwords.hash(password)
        with self.database.writing() as connection:
            accounts.set_password_hash(connection, session.person, hashed)
            for other in store.sessions_of(connection, session.person):
                if other.token_hash != session.token_hash:
                    store.end_session(connection, session.person, other.token_hash)

    def confirm(self, session: Session, password: str, now: Instant) -> bool:
        """Whether the password confirms the session's own person, which then holds for a while.

        Raises TooManyAttempts: a session left open is no place to try passwords.
        """
        key = f"confirm {session.person}"
        wait = self.throttle.wait_seconds(key, session.address, now)
        if wait:
            raise TooManyAttempts(wait)
        with self.database.reading() as connection:
            account = _found(accounts.by_person, connection, session.person)
        if account is None or not self.passwords.verify(password, account.password_hash):
            self.throttle.failed(key, session.address, now)
            return False
        self.throttle.succeeded(key, session.address)
        with self.database.writing() as connection:
            store.confirm_session(connection, session.token_hash, now)
        return True

    def cosign(self, session: Session, number: str, password: str, now: Instant) -> int:
        """The person whose number and password these are, signing at the desk of this session.

        No session is made for that person. Guessing costs the same waits as at the door. An administrator's account
        signs no business and is not told apart from an unknown one. Raises SignInFailed, TooManyAttempts; SamePerson
        where it is the one whose session this is.
        """
        account = self.check(number, password, session.address, now)
        if account.family != "business":
            raise SignInFailed
        if account.person == session.person:
            raise SamePerson
        return account.person


def _found(query: Callable[[Connection, T], Account], connection: Connection, key: T) -> Account | None:
    try:
        return query(connection, key)
    except NotFound:
        return None


def idle_before(scheme: Scheme, now: Instant) -> Instant:
    """Sessions last used before this have ended."""
    return now - scheme.number("session_idle_seconds") * SECOND


def alive(session: Session, scheme: Scheme, now: Instant) -> bool:
    """Whether a session has neither idled out nor reached its absolute end."""
    return now < session.expires_at and session.last_seen_at >= idle_before(scheme, now)


def freshly_confirmed(session: Session, scheme: Scheme, now: Instant) -> bool:
    """Whether identity was confirmed within the configured time."""
    confirmed = session.confirmed_at
    return confirmed is not None and now - confirmed <= scheme.number("confirmation_seconds") * SECOND
