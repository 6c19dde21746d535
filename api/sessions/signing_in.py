"""Signing in, sessions and the fresh confirmation of identity.

An unknown number costs the same work as a wrong password and gets the same answer; failures make the next attempt
wait, longer each time, and never for good. Sessions live on the server: the cookie holds a random token, the database
its SHA-256. Every outcome is told in the audit log, in the transaction that it is kept by.
"""

import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from api import store
from api.sessions import factor
from api.sessions.factor import AccountKey, AccountKeyUnusable
from api.sessions.lasting import alive, idle_before
from api.sessions.passwords import Passwords
from api.store import Connection, Session
from custody.database import Database
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import accounts, audit, credentials, delays
from custody.store.accounts import Account
from custody.store.delays import Patience
from custody.values import DAY, SECOND, Instant
from reconcile.store.devices import token_hash

T = TypeVar("T")
TOUCH_EVERY = 60 * SECOND
"""A session's last use is written at most this often, so that reading a page costs no write."""
OF_BOTH = Patience(free=3, cap_seconds=300)
"""Of an account at an address: whoever guesses, guesses there."""
OF_ACCOUNT = Patience(free=10, cap_seconds=30)
"""Of an account over all addresses: gentle, so that nobody locks another out; not asked where he is at home."""
OF_ADDRESS = Patience(free=30, cap_seconds=60)
"""Of an address over all accounts."""
AT_HOME_DAYS = 30
PASSWORD, TOTP, RECOVERY = "password", "password_totp", "password_recovery"  # names of means
_log = logging.getLogger(__name__)


class SignInFailed(Exception):
    """Unknown number, wrong password or closed account: never told apart."""


class SecretExpired(SignInFailed):
    """The one-time secret was right, but its time is over."""


class CodeWrong(SignInFailed):
    """The password was right; the code of the second factor was not, or was used already."""


class CodeNeeded(Exception):
    """The password was right; the person has a second factor, and its code was not given."""


class TooManyAttempts(Exception):
    """The account must wait at this address."""

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"wait {wait_seconds} s")


class SamePerson(Exception):
    """Who signs beside somebody else must be somebody else."""


@dataclass(frozen=True, slots=True)
class Known:
    """An account that was opened, and by which means."""

    account: Account
    means: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Everything that signing in needs; one for the server."""

    database: Database
    scheme: Scheme
    passwords: Passwords
    key: AccountKey
    token: Callable[[], str] = lambda: secrets.token_urlsafe(32)

    def check(
        self, number: str, password: str, address: str, now: Instant, *, code: str = "", second: bool = True
    ) -> Known:
        """The account that number, password and (where there is a second factor, and `second`) code open.

        Raises SignInFailed (SecretExpired, CodeWrong), CodeNeeded, TooManyAttempts.
        """
        number = number.strip()
        with self.database.reading() as connection:
            account = _found(accounts.by_number, connection, number)
            told = account is not None and accounts.password_told(connection, account)
            at_home = delays.at_home(connection, account.person if account else 0, address, now - AT_HOME_DAYS * DAY)
        both, alone, place = (
            delays.lane("both", number, address),
            delays.lane("account", number),
            delays.lane("address", address),
        )
        lanes = {both: OF_BOTH, place: OF_ADDRESS} | ({} if at_home else {alone: OF_ACCOUNT})
        self._attempt(lanes, now)
        fits = self.passwords.verify(password, account.password_hash if account else None)
        why = _against(account, fits, now) or ("" if told else "untold")
        if account is None or why:
            self._failed(account, why, address, now)
            raise SecretExpired if why == "expired" else SignInFailed
        try:
            means = self._second(account.person, code, address, now) if second else PASSWORD
        except CodeNeeded:
            self._not_counted(lanes, now)
            raise
        except CodeWrong:
            self._failed(account, "code", address, now)
            raise
        self._good((both, alone), (place,), now)
        return Known(account, means)

    def _attempt(self, lanes: dict[str, Patience], now: Instant) -> None:
        """Count an attempt before it is judged. Raises TooManyAttempts."""
        if self.database.read_only:
            return
        with self.database.writing() as connection:
            wait = delays.begin(connection, lanes, now)
        if wait:
            raise TooManyAttempts(wait)

    def _not_counted(self, lanes: dict[str, Patience], now: Instant) -> None:
        if not self.database.read_only:
            with self.database.writing() as connection:
                delays.take_back(connection, lanes, now)

    def _good(self, forgotten: tuple[str, ...], taken_back: tuple[str, ...], now: Instant) -> None:
        if not self.database.read_only:
            with self.database.writing() as connection:
                delays.forget(connection, forgotten)
                delays.take_back(connection, taken_back, now)

    def _failed(self, account: Account | None, why: str, address: str, now: Instant) -> None:
        """Told without what was typed: it may have been a password."""
        if not self.database.read_only:
            with self.database.writing() as connection:
                about = account.person if account else None
                audit.note(connection, "sign_in_failed", now, about=about, detail={"reason": why}, address=address)

    def _second(self, person: int, code: str, address: str, now: Instant) -> str:
        """By which means identity is shown, the password being right. Raises CodeNeeded, CodeWrong.

        A time step and a recovery code are taken once, whoever else asks at the same moment.
        """
        with self.database.reading() as connection:
            credential = credentials.totp(connection, person)
        if credential is None:
            return PASSWORD
        given = factor.plain(code)
        if not given:
            raise CodeNeeded
        if not factor.is_time_code(given):
            if self._take_recovery(person, factor.recovery_digest(given), address, now):
                return RECOVERY
            raise CodeWrong
        try:
            step = factor.step_of(self.key.unseal(person, credential.secret), given, now)
        except AccountKeyUnusable as error:
            _log.error("%s", error)
            raise CodeWrong from error
        if step is None or step <= credential.step or not self._take_step(credential.id, step):
            raise CodeWrong
        return TOTP

    def _take_step(self, credential: int, step: int) -> bool:
        # A command that may only read has the database to itself alone, and the key lies beside it.
        if self.database.read_only:
            return True
        with self.database.writing() as connection:
            return credentials.use_step(connection, credential, step)

    def _take_recovery(self, person: int, digest: str, address: str, now: Instant) -> bool:
        if self.database.read_only:
            with self.database.reading() as connection:
                return credentials.is_unused(connection, person, digest)
        with self.database.writing() as connection:
            return credentials.use_recovery(connection, person, digest, now, address)

    def open(self, known: Known, address: str, agent: str, now: Instant) -> tuple[str, Session]:
        """A new session and its token, which is shown to the browser and kept nowhere."""
        token = self.token()
        account = known.account
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
            means=known.means,
        )
        session = self._sealed(session)
        with self.database.writing() as connection:
            store.end_expired(connection, now, idle_before(self.scheme, now))
            store.add_session(connection, session)
            person, means = account.person, {"means": known.means}
            audit.note(connection, "signed_in", now, by=person, about=person, detail=means, address=address)
        return token, replace(session, must=self._must(session, account))

    def _sealed(self, session: Session) -> Session:
        """The session with the server's seal over what it is worth. Raises AccountKeyUnusable."""
        parts = (session.token_hash, session.person, session.created_at, session.expires_at, session.confirmed_at)
        return replace(session, seal=self.key.mac(*parts, session.means, session.csrf))

    def _must(self, session: Session, account: Account) -> str:
        """What comes before anything else: an own pass-phrase, then a second factor where one is asked for."""
        if account.must_change:
            return "password"
        return "factor" if session.means == PASSWORD and needs_factor(self.scheme, account.family) else ""

    def session(self, token: str, now: Instant) -> Session | None:
        """The live session of a token; None once it ended, was revoked, or its account was closed."""
        hashed = token_hash(token)
        with self.database.reading() as connection:
            session = store.session_by_hash(connection, hashed)
            account = _found(accounts.by_person, connection, session.person) if session else None
        if session is None or account is None or account.disabled or not alive(session, self.scheme, now):
            return None
        if not hmac.compare_digest(session.seal, self._sealed(session).seal):
            # Somebody wrote into the table: the row is not the server's, whatever it says.
            _log.error("a session of person %s does not bear the server's seal", session.person)
            return None
        if account.must_change and _is_over(account, now):
            return None
        if now - session.last_seen_at >= TOUCH_EVERY:
            with self.database.writing() as connection:
                store.touch_session(connection, hashed, now)
            session = replace(session, last_seen_at=now)
        return replace(session, must=self._must(session, account))

    def end(self, session: Session, now: Instant) -> None:
        """Sign out."""
        with self.database.writing() as connection:
            if store.end_session(connection, session.person, session.token_hash):
                person = session.person
                audit.note(connection, "signed_out", now, by=person, about=person, address=session.address)

    def renew(self, session: Session, now: Instant, means: str = "") -> tuple[str, Session]:
        """Another token for this session, by these means from now on; the person's other sessions end."""
        with self.database.writing() as connection:
            return self._renewed(connection, session, now, means)

    def _renewed(self, connection: Connection, session: Session, now: Instant, means: str) -> tuple[str, Session]:
        token = self.token()
        fresh = replace(session, token_hash=token_hash(token), csrf=self.token(), last_seen_at=now)
        fresh = self._sealed(replace(fresh, means=means or session.means, must=""))
        person = session.person
        store.end_sessions(connection, person, at=now, by=person, how="renewed")
        store.add_session(connection, fresh)
        return token, fresh

    def change_password(self, session: Session, password: str, now: Instant) -> tuple[str, Session]:
        """A new password, chosen by its owner: every session ends with the old one, and this one goes on anew."""
        hashed = self.passwords.hash(password)
        with self.database.writing() as connection:
            accounts.set_password_hash(connection, session.person, hashed, at=now, by=session.person)
            return self._renewed(connection, session, now, session.means)

    def set_password(self, person: int, password: str, now: Instant) -> None:
        """The same for somebody who has no session here: all there are end."""
        hashed = self.passwords.hash(password)
        with self.database.writing() as connection:
            accounts.set_password_hash(connection, person, hashed, at=now, by=person)
            store.end_sessions(connection, person, at=now, by=person, how="renewed")

    def confirm(self, session: Session, password: str, now: Instant, *, code: str = "", each_time: bool = False) -> str:
        """By which means the session's own person is confirmed, which then holds for a while; empty: by none.

        For grave acts (`each_time`) the second factor is asked for too, where there is one. Raises TooManyAttempts (a
        session left open is no place to try passwords), CodeNeeded, CodeWrong.
        """
        lanes = {delays.lane("confirm", str(session.person), session.address): OF_BOTH}
        self._attempt(lanes, now)
        with self.database.reading() as connection:
            account = _found(accounts.by_person, connection, session.person)
            told = account is not None and accounts.password_told(connection, account)
        if account is None or not self.passwords.verify(password, account.password_hash) or not told:
            self._failed(account, "password", session.address, now)
            return ""
        try:
            means = self._second(account.person, code, session.address, now) if each_time else PASSWORD
        except CodeNeeded:
            self._not_counted(lanes, now)
            raise
        except CodeWrong:
            self._failed(account, "code", session.address, now)
            raise
        with self.database.writing() as connection:
            delays.forget(connection, lanes)
            seal = self._sealed(replace(session, confirmed_at=now)).seal
            store.confirm_session(connection, session.token_hash, now, seal)
        return means

    def beside(
        self, session: Session, number: str, password: str, now: Instant, *, code: str = "", each_time: bool = False
    ) -> Known:
        """Who signs at the desk of this session by number and password, for grave acts also by code.

        No session is made for that person. Guessing costs the same waits as at the door. An administrator's account
        signs no business and is not told apart from an unknown one. Raises SignInFailed, CodeNeeded, TooManyAttempts;
        SamePerson where it is the one whose session this is.
        """
        known = self.check(number, password, session.address, now, code=code, second=each_time)
        if known.account.family != "business" or known.account.must_change:
            raise SignInFailed
        if known.account.person == session.person:
            raise SamePerson
        if each_time and known.means == PASSWORD and needs_factor(self.scheme, known.account.family):
            raise CodeNeeded
        return known

    def cosign(
        self, session: Session, number: str, password: str, now: Instant, *, code: str = "", each_time: bool = False
    ) -> int:
        """The person who signs beside: see `beside`."""
        return self.beside(session, number, password, now, code=code, each_time=each_time).account.person

    def is_present(self, person: int, password: str) -> bool:
        """Whether this is the person's present password."""
        with self.database.reading() as connection:
            account = _found(accounts.by_person, connection, person)
        return account is not None and self.passwords.verify(password, account.password_hash)

    def begin_factor(self, person: int, now: Instant) -> str:
        """A new secret of a second factor, not in use until a first code confirms it. Raises AccountKeyUnusable."""
        secret = factor.new_secret()
        sealed = self.key.seal(person, secret)
        with self.database.writing() as connection:
            credentials.begin_totp(connection, person, sealed, now)
        return secret

    def begun_factor(self, person: int) -> str:
        """The secret begun and not confirmed; empty where there is none. Raises AccountKeyUnusable."""
        with self.database.reading() as connection:
            begun = credentials.totp(connection, person, confirmed=False)
        return self.key.unseal(person, begun.secret) if begun else ""

    def confirm_factor(self, session: Session, code: str, now: Instant) -> tuple[str, Session, tuple[str, ...]] | None:
        """The factor begun is in use by its first code: a new token, the session, the recovery codes.

        None where the code is not right. Raises AccountKeyUnusable, TooManyAttempts.
        """
        person = session.person
        lanes = {delays.lane("factor", str(person), session.address): OF_BOTH}
        self._attempt(lanes, now)
        with self.database.reading() as connection:
            begun = credentials.totp(connection, person, confirmed=False)
        given = factor.plain(code)
        step = factor.step_of(self.key.unseal(person, begun.secret), given, now) if begun else None
        if begun is None or step is None:
            return None
        codes = factor.new_recovery_codes()
        with self.database.writing() as connection:
            if not credentials.confirm_totp(connection, begun.id, step, now, session.address):
                return None
            digests = [factor.recovery_digest(one) for one in codes]
            credentials.set_recovery(connection, person, digests, now, session.address)
            delays.forget(connection, lanes)
            token, fresh = self._renewed(connection, session, now, TOTP)
        return token, fresh, codes

    def new_recovery_codes(self, session: Session, now: Instant) -> tuple[str, ...]:
        """New recovery codes, shown once; those before are gone."""
        codes = factor.new_recovery_codes()
        with self.database.writing() as connection:
            digests = [factor.recovery_digest(one) for one in codes]
            credentials.set_recovery(connection, session.person, digests, now, session.address)
        return codes

    def remove_factor(self, session: Session, now: Instant) -> tuple[str, Session]:
        """The owner does without a second factor; a new token, for the session's means are others now."""
        person = session.person
        with self.database.writing() as connection:
            credentials.remove_all(connection, person, now, by=person, address=session.address)
            return self._renewed(connection, session, now, PASSWORD)


def needs_factor(scheme: Scheme, family: str) -> bool:
    """Whether the scheme asks accounts of this family for a second factor."""
    return scheme.second_factor == "everyone" or (scheme.second_factor == "administrators" and family != "business")


def _found(query: Callable[[Connection, T], Account], connection: Connection, key: T) -> Account | None:
    try:
        return query(connection, key)
    except NotFound:
        return None


def _is_over(account: Account, now: Instant) -> bool:
    return account.secret_until_at is not None and now >= account.secret_until_at


def _against(account: Account | None, fits: bool, now: Instant) -> str:
    """Why an account is not opened by its password; empty: it is."""
    if account is None:
        return "unknown"
    if not fits:
        return "password"
    if account.disabled:
        return "closed"
    return "expired" if account.must_change and _is_over(account, now) else ""
