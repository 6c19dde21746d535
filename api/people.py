"""The people of the sample who can sign in."""

from dataclasses import dataclass

from api.sessions import Passwords
from custody.access import Role
from custody.clock import now
from custody.store import accounts, queries
from custody.store.books import Books

SAMPLE_ROLES: tuple[tuple[str, tuple[Role, ...], str], ...] = (
    ("1001", (Role.CLERK, Role.BORROWER), "周敏 Zhou Min, registry clerk"),
    ("1004", (Role.MANAGER, Role.BORROWER), "吴桐 Wu Tong, manager"),
    ("1005", (Role.SECRECY_OFFICE,), "宋临 Song Lin, secrecy office"),
    ("1007", (Role.BORROWER,), "陈国栋 Chen Guodong, borrower"),
    ("1028", (Role.SYSTEM_ADMINISTRATOR,), "贺一苇 He Yiwei, system administrator"),
    ("1029", (Role.SECURITY_ADMINISTRATOR,), "施雯映 Shi Wenying, security administrator"),
    ("1030", (Role.AUDITOR,), "裘守实 Qiu Shoushi, auditor"),
)
"""Staff number, roles, and who it is."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who can sign in, for the terminal."""

    number: str
    password: str
    who: str


def create_accounts(books: Books | None) -> tuple[Account, ...]:
    """The sample's accounts, made in `books` where they are given; the passwords are known to everybody."""
    listed = tuple(Account(number, f"yuanshan-{number}", who) for number, _roles, who in SAMPLE_ROLES)
    if books is None:
        return listed
    passwords = Passwords()
    hashes = {account.number: passwords.hash(account.password) for account in listed}
    passwords.close()
    with books.database.writing() as connection:
        for number, roles, _who in SAMPLE_ROLES:
            person = queries.person_by_number(connection, number)
            if person is None:
                raise LookupError(f"nobody in the sample has the number {number}")
            accounts.create(connection, person.id, accounts.family_of(roles[0]), hashes[number], now())
            for role in roles:
                # The manager answers for his own unit; the registry and the secrecy office for the house.
                accounts.grant(connection, person.id, role, person.unit if role is Role.MANAGER else None)
    return listed
