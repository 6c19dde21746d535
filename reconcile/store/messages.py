"""Messages on their way out: queued once a person and subject, claimed by lease, tried until taken or given up."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Table, delete, func, or_, select, update
from sqlmodel import SQLModel

from custody.store.schema import ACCOUNT, PERSON
from custody.values import SECOND, Instant
from reconcile.checks import KINDS
from reconcile.store.core import CURSOR, FINDING, NOTICE, Connection, insert_new
from reconcile.store.notices import urgency_of

MESSAGE: Table = SQLModel.metadata.tables["message"]
ADDRESS: Table = SQLModel.metadata.tables["mail_address"]
NOTICES_SEEN = "mail:notices"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message to be queued."""

    person: int
    about: str
    urgency: int
    figures: str
    not_before: Instant


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this server may send now. `address`: empty where the person has none, or no account any more."""

    id: int
    message_id: str
    person: int
    about: str
    urgency: int
    figures: str
    made_at: Instant
    tries: int
    address: str
    language: str


def message_id(origin: str, person: int, about: str) -> str:
    """The Message-ID of a message, the same in every try and on every server."""
    text = hashlib.sha256(f"{origin}\n{person}\n{about}".encode()).hexdigest()[:32]
    return f"<{text}@{origin}>"


def waiting(connection: Connection) -> int:
    """How many messages wait."""
    return connection.scalar(select(func.count()).where(MESSAGE.c.done_at.is_(None))) or 0


def queue(connection: Connection, wanted: Iterable[Wanted], origin: str, now: Instant, room: int) -> tuple[int, int]:
    """Queue messages, each once a person and subject, and at most `room`: how many were, and how many had no room."""
    rows = [
        {
            "message_id": message_id(origin, one.person, one.about),
            "person": one.person,
            "about": one.about,
            "urgency": one.urgency,
            "figures": one.figures,
            "made_at": now,
            "next_at": max(now, one.not_before),
            "tries": 0,
            "owner": "",
            "lease_until": 0,
            "done_at": None,
            "outcome": "",
            "said": "",
        }
        for one in sorted(wanted, key=lambda one: (one.urgency, one.person))
    ]
    insert_new(connection, MESSAGE, rows[: max(0, room)])
    return min(len(rows), max(0, room)), max(0, len(rows) - max(0, room))


def claim_next(connection: Connection, owner: str, now: Instant, lease_seconds: int) -> Claimed | None:
    """The next message to be sent, the most urgent first; nobody else has it until the lease ends."""
    m = MESSAGE.c
    ready = (m.done_at.is_(None), m.next_at <= now, or_(m.owner == "", m.lease_until < now))
    chosen = select(m.id).where(*ready).order_by(m.urgency, m.next_at, m.id).limit(1)
    if connection.dialect.name == "postgresql":
        # Several servers take different ones; nobody waits for another's.
        chosen = chosen.with_for_update(skip_locked=True)
    number = connection.scalar(chosen)
    if number is None:
        return None
    taken = connection.execute(
        update(MESSAGE)
        .where(m.id == number, *ready)
        .values(owner=owner, lease_until=now + lease_seconds * SECOND, tries=m.tries + 1)
    )
    if taken.rowcount != 1:
        return None
    able = (ACCOUNT.c.person == m.person) & ~ACCOUNT.c.disabled
    row = connection.execute(
        select(
            *(m.id, m.message_id, m.person, m.about, m.urgency, m.figures, m.made_at, m.tries),
            func.coalesce(ADDRESS.c.address, "").label("address"),
            ACCOUNT.c.language,
        )
        .select_from(MESSAGE.outerjoin(ADDRESS, ADDRESS.c.person == m.person).outerjoin(ACCOUNT, able))
        .where(m.id == number)
    ).one()
    return Claimed(*row[:8], row.address if row.language else "", row.language or "")


def settle(connection: Connection, number: int, owner: str, now: Instant, outcome: str, said: str = "") -> bool:
    """A message is done: sent, refused, given up. False where the lease had run out and another took it."""
    m = MESSAGE.c
    mine = update(MESSAGE).where(m.id == number, m.owner == owner, m.done_at.is_(None))
    return connection.execute(mine.values(done_at=now, outcome=outcome, said=said[:40])).rowcount == 1


def put_back(
    connection: Connection, number: int, owner: str, next_at: Instant, said: str, *, tried: bool = True
) -> bool:
    """A message is to be tried again, not before `next_at`; `tried` False: it was not its turn after all."""
    m = MESSAGE.c
    mine = update(MESSAGE).where(m.id == number, m.owner == owner, m.done_at.is_(None))
    values = {"owner": "", "lease_until": 0, "next_at": next_at, "said": said[:40]}
    if not tried:
        values["tries"] = m.tries - 1
    return connection.execute(mine.values(**values)).rowcount == 1


def urgent_notices(connection: Connection, at_once: int) -> tuple[int, dict[int, list[tuple[str, str]]]]:
    """Notices since the last look that are not to wait for the day's message: the last one seen; by person the kinds.

    A kind is the notice's and the finding's. The first look sees none: what was told before is no news.
    """
    last = connection.scalar(select(func.max(NOTICE.c.id))) or 0
    seen = connection.scalar(select(CURSOR.c.position).where(CURSOR.c.name == NOTICES_SEEN))
    if seen is None:
        insert_new(connection, CURSOR, [{"name": NOTICES_SEEN, "position": last}])
        return last, {}
    moved = update(CURSOR).where(CURSOR.c.name == NOTICES_SEEN, CURSOR.c.position == seen).values(position=last)
    if last <= seen or connection.execute(moved).rowcount != 1:
        return last, {}
    n = NOTICE.c
    rows = connection.execute(
        select(n.person, n.kind, n.finding_kind, FINDING.c.urgency)
        .select_from(NOTICE.outerjoin(FINDING, FINDING.c.number == n.finding))
        .where(n.id > seen, n.id <= last)
        .order_by(n.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for person, kind, finding_kind, urgency in rows:
        if urgency_of(kind, finding_kind if finding_kind in KINDS else "", urgency) <= at_once:
            found.setdefault(person, []).append((kind, finding_kind))
    return last, found


def nothing_new(connection: Connection, now: Instant) -> bool:
    """Whether neither a message is due nor a notice came since the last look."""
    m = MESSAGE.c
    due = select(m.id).where(m.done_at.is_(None), m.next_at <= now, or_(m.owner == "", m.lease_until < now)).limit(1)
    if connection.execute(due).first() is not None:
        return False
    seen = connection.scalar(select(CURSOR.c.position).where(CURSOR.c.name == NOTICES_SEEN))
    return seen is not None and seen == (connection.scalar(select(func.max(NOTICE.c.id))) or 0)


def prune_messages(connection: Connection, before: Instant) -> int:
    """Forget messages that were done before; how many went."""
    return connection.execute(delete(MESSAGE).where(MESSAGE.c.done_at < before)).rowcount


def address_of(connection: Connection, person: int) -> str:
    """Where a person's messages go; empty where nowhere."""
    return connection.scalar(select(ADDRESS.c.address).where(ADDRESS.c.person == person)) or ""


def set_address(connection: Connection, person: int, address: str, now: Instant) -> None:
    """From now on a person's messages go there; to nowhere where it is empty."""
    connection.execute(delete(ADDRESS).where(ADDRESS.c.person == person))
    if address:
        insert_new(connection, ADDRESS, [{"person": person, "address": address, "set_at": now}])


def with_address(connection: Connection) -> set[int]:
    """Persons with an address and an account that is not disabled."""
    query = select(ADDRESS.c.person).join(ACCOUNT, ACCOUNT.c.person == ADDRESS.c.person).where(~ACCOUNT.c.disabled)
    return set(connection.scalars(query))


@dataclass(frozen=True, slots=True)
class Post:
    """How the post stands, in figures."""

    waiting: int
    late: int
    """Of those: tried before, and not taken."""
    oldest_at: Instant | None
    sent: int
    failed: int
    """Refused or given up."""
    addresses: int
    accounts: int


def post(connection: Connection, since: Instant) -> Post:
    """How the post stands; what is done is counted from an instant on."""
    m = MESSAGE.c
    row = connection.execute(
        select(func.count(), func.min(m.made_at), func.count().filter(m.tries > 0)).where(m.done_at.is_(None))
    ).one()
    counts = select(m.outcome, func.count()).where(m.done_at >= since).group_by(m.outcome)
    done: dict[str, int] = {row[0]: row[1] for row in connection.execute(counts)}
    accounts = connection.scalar(select(func.count()).select_from(ACCOUNT).where(~ACCOUNT.c.disabled)) or 0
    failed = done.get("refused", 0) + done.get("given_up", 0)
    return Post(row[0], row[2], row[1], done.get("sent", 0), failed, len(with_address(connection)), accounts)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that does not go out: to whom (by staff number), what went wrong, how often it was tried."""

    id: int
    number: str
    about: str
    made_at: Instant
    tries: int
    outcome: str
    said: str
    next_at: Instant


def undelivered(connection: Connection, since: Instant, limit: int = 50) -> list[Undelivered]:
    """Messages that wait after a failed try, and those refused or given up from an instant on; the newest first."""
    m = MESSAGE.c
    stuck = m.done_at.is_(None) & (m.tries > 0) & (m.said != "")
    failed = (m.done_at >= since) & m.outcome.in_(("refused", "given_up"))
    query = (
        select(m.id, PERSON.c.number, m.about, m.made_at, m.tries, m.outcome, m.said, m.next_at)
        .join(PERSON, PERSON.c.id == m.person)
        .where(stuck | failed)
        .order_by(m.id.desc())
        .limit(limit)
    )
    return [Undelivered(*row) for row in connection.execute(query)]
