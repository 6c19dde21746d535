"""The people of the sample who can sign in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from api.sessions import Passwords
from custody.access import Role
from custody.clock import now
from custody.store import accounts, queries
from custody.store.books import Books

R = Role
SAMPLE_ROLES: tuple[tuple[str, tuple[Role, ...], str], ...] = (
    ("1001", (R.CLERK, R.BORROWER), "周敏 Zhou Min, registry clerk"),
    ("1002", (R.CLERK, R.BORROWER), ""),
    ("1004", (R.MANAGER, R.BORROWER), "吴桐 Wu Tong, manager"),
    ("1005", (R.SECRECY_OFFICE, R.MANAGER, R.BORROWER), "宋临 Song Lin, secrecy office"),
    ("1026", (R.SECRECY_OFFICE, R.BORROWER), "袁伯舟 Yuan Bozhou, secrecy office, deputy head"),
    ("1006", (R.LEADER, R.BORROWER), "梁问渠 Liang Wenqu, supervising director"),
    ("1010", (R.MANAGER, R.SECRECY_COMMITTEE, R.BORROWER), "柳望川 Liu Wangchuan, manager, secrecy committee"),
    ("1020", (R.MEETING_SECRETARY, R.BORROWER), "韩叙言 Han Xuyan, meeting secretary"),
    ("1008", (R.MEETING_SECRETARY, R.BORROWER), ""),
    ("1007", (R.BORROWER,), "陈国栋 Chen Guodong, borrower"),
    ("1028", (R.SYSTEM_ADMINISTRATOR,), "贺一苇 He Yiwei, system administrator"),
    ("1029", (R.SECURITY_ADMINISTRATOR,), "施雯映 Shi Wenying, security administrator"),
    ("1030", (R.AUDITOR,), "裘守实 Qiu Shoushi, auditor"),
    *((number, (R.BORROWER,), "") for number in ("1003", "1009", *(str(n) for n in range(1011, 1020)))),
    # 1025 has left.
    *((str(number), (R.BORROWER,), "") for number in range(1021, 1028) if number not in (1025, 1026)),
)
del R
"""Staff number, roles, and who it is; one of each role is printed, the others sign in alike."""
HEADS = {"1004": "GH", "1010": "YJ", "1005": "JY"}
"""Whom a manager answers for, by unit; the head of the secrecy office heads the registry, so that
what it asks for itself is seen by his deputy as well. Other roles: the house."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who can sign in, for the terminal."""

    number: str
    password: str
    who: str


def password_of(number: str) -> str:
    """The sample's passwords are known to everybody."""
    return f"yuanshan-{number}"


class SampleHashes:
    """The sample's passwords being hashed, each with a salt and the full work of any real account's.

    Some thirty hashes take a second or two, which need not be waited for: argon2 works outside the interpreter's
    lock, so they are made in two threads while the sample archive is being loaded.
    """

    def __init__(self) -> None:
        self._passwords = Passwords()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="sample-password")
        self._hashes = {
            number: self._threads.submit(self._passwords.hash, password_of(number))
            for number, _roles, _who in SAMPLE_ROLES
        }

    def take(self) -> dict[str, str]:
        """The hashes by staff number, waited for; the threads are let go."""
        found = {number: future.result() for number, future in self._hashes.items()}
        self.close()
        return found

    def close(self) -> None:
        """Let the threads go, whatever is not begun left undone."""
        self._threads.shutdown(cancel_futures=True)
        self._passwords.close()


def printed_accounts() -> tuple[Account, ...]:
    """Those that the terminal shows: one of each role."""
    return tuple(Account(number, password_of(number), who) for number, _roles, who in SAMPLE_ROLES if who)


def create_accounts(books: Books | None, hashes: SampleHashes | None = None) -> tuple[Account, ...]:
    """The sample's accounts, made in `books` where they are given; gives those that are printed."""
    if books is None:
        return printed_accounts()
    hashed = (hashes or SampleHashes()).take()
    with books.database.writing() as connection:
        units = {unit.code: unit.id for unit in books.directory(connection).units.values()}
        for number, roles, _who in SAMPLE_ROLES:
            person = queries.person_by_number(connection, number)
            accounts.create(connection, person.id, accounts.family_of(roles[0]), hashed[number], now())
            for role in roles:
                unit = units[HEADS[number]] if role is Role.MANAGER else None
                accounts.grant(connection, person.id, role, unit, at=now())
    return printed_accounts()
