"""Accounts that have lived: asked for, decided, reset; and two emergencies. All by the product's own hands."""

from sqlalchemy import Connection

from api import onetime
from custody.access import Role
from custody.scheme import Scheme
from custody.store import account_requests as requests
from custody.store import accounts, emergency
from custody.store.account_requests import Asked, Request, Secret
from custody.values import DAY, SECOND, Instant
from tests.builders import PEOPLE, SCHEME

ADMIN, SECURITY = PEOPLE["admin"], PEOPLE["he"]
HOUR = DAY // 24


def secret() -> Secret:
    """What a granted request keeps of a secret whose first half nobody has seen."""
    digest = onetime.digest(onetime.half())
    return Secret(onetime.kept(digest, "hash"), digest)


def the_administrators(connection: Connection, at: Instant) -> None:
    """A security administrator; a system administrator where there is none yet."""
    accounts.create(connection, SECURITY, "administrator", "-", at)
    accounts.grant(connection, SECURITY, Role.SECURITY_ADMINISTRATOR, at=at)
    if ADMIN not in {one.person for one in accounts.all_accounts(connection)}:
        accounts.create(connection, ADMIN, "administrator", "-", at)
        accounts.grant(connection, ADMIN, Role.SYSTEM_ADMINISTRATOR, at=at)


def granted(connection: Connection, asked: Asked, at: Instant, scheme: Scheme = SCHEME) -> Request:
    """Asked by the system administrator, granted by the security administrator."""
    made = requests.ask(connection, scheme, asked, ADMIN, at)
    return requests.grant(connection, scheme, made.id, SECURITY, at + SECOND, secret() if made.with_secret else None)


def lived(connection: Connection, at: Instant) -> None:
    """Accounts in which everything has happened."""
    the_administrators(connection, at)
    zhao, secrecy = PEOPLE["zhao"], PEOPLE["secrecy"]
    if secrecy not in {one.person for one in accounts.all_accounts(connection)}:
        accounts.create(connection, secrecy, "business", "-", at)
        accounts.grant(connection, secrecy, Role.SECRECY_OFFICE, at=at)
    opened = granted(connection, Asked("open", zhao, "new", (Role.BORROWER,)), at)
    requests.collect(connection, SCHEME, opened.id, ADMIN, onetime.kept(opened.half_digest, "hash"), at + 2 * SECOND)
    granted(connection, Asked("grant", zhao, "needed", (Role.MEETING_SECRETARY,), 4), at)
    requests.ask(connection, SCHEME, Asked("reset", zhao, "lost", credentials=("password",)), ADMIN, at)
    for hours in (0, 5):
        begun = emergency.begin(
            connection,
            SCHEME,
            person=zhao,
            role=Role.CLERK,
            unit=4,
            seconds=3_600,
            reason="the clerk is ill",
            confirmed_by=secrecy,
            now=at + hours * HOUR,
        )
        emergency.end(connection, begun.id, zhao, at + hours * HOUR + SECOND)
