"""A small archive to test with, and the words to say what happens in it.

    archive = an_archive(books)
    carrier = archive.carrier(level="secret", scope=("all",))
    archive.borrow(carrier, "chen")

Time stands still at `NOW` unless the books were given another clock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from custody.access import INSTALLATION, Grant, Role, Subject, clearance_rank, principals
from custody.clock import day, end_of_day, instant
from custody.database import Database
from custody.entries import (
    Borrowed,
    Fact,
    Imported,
    PersonRecorded,
    PlaceRecorded,
    ReportedFound,
    ReportedMissing,
    Returned,
    Shelved,
    Signature,
    TagBound,
    UnitRecorded,
    signed_text,
    text_hash,
)
from custody.entries.disposition import LossFound, LossListed, LossOpened
from custody.entries.organisations import AgreementRecorded, LicenceRecorded, OrganisationRecorded
from custody.ledger import LedgerKey
from custody.matters import Line, Matter
from custody.procedures.disposition.loss import report_by
from custody.register import CarrierState, Directory
from custody.scheme import Scheme
from custody.store.books import Books, Receipt
from custody.store.matters import load_lines, load_matters, open_losses
from custody.store.projection import load_states
from custody.store.queries.people import own_matters
from custody.values import (
    DAY,
    Agreement,
    Description,
    Instant,
    Licence,
    Organisation,
    Period,
    Person,
    Place,
    Scope,
    Tag,
    Unit,
)

NOW: Instant = instant(datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
"""10:00 in the morning in Shanghai."""
TODAY = "2026-11-20"
SCHEME = Scheme(second_factor="none")


class Ticking:
    """A clock that stands still until it is told to go on."""

    def __init__(self, at: Instant = NOW) -> None:
        self.at = at

    def __call__(self) -> Instant:
        return self.at

    def days(self, days: float) -> None:
        """Go on by so many days."""
        self.at += int(days * DAY)


def nonces(first: int = 1) -> Callable[[], str]:
    """Nonces that are never the same, and the same in every run."""
    numbers = count(first)
    return lambda: f"{next(numbers):032x}"


def books_on(
    database: Database,
    clock: Callable[[], Instant] | None = None,
    key: LedgerKey | None = None,
    first_nonce: int = 1,
) -> Books:
    """Books on a migrated database; empty ones, unless it is a copy of another."""
    return Books(database, SCHEME, clock or Ticking(), nonces(first_nonce), key)


def description(control_number: str = "YS-2026-00001", **changes: Any) -> Description:
    """A document, secret 20 years, known to all, of unit 1; anything may be changed. `scope` takes principals."""
    scope = changes.pop("scope", ("all",))
    level = changes.setdefault("level", "secret")
    changes.setdefault("period", Period("none") if level == "internal" else Period("maximum"))
    plain = Description(
        control_number=control_number,
        copy_number=1,
        copies=1,
        title="远山三号总体方案",
        kind="document",
        level=level,
        period=changes["period"],
        scope=Scope(tuple(scope)),
        unit=1,
        classified_on="2026-01-05",
        pages=12,
    )
    return replace(plain, **changes)


def epc_of(number: int) -> str:
    """An EPC of the organisation's own block."""
    return f"3414F4A2{number:016X}"


UNITS = (
    Unit(1, "HQ", "远山仪器研究院", "Yuanshan Instruments Institute"),
    Unit(2, "REG", "机要室", "Registry", parent=1),
    Unit(3, "PLAN", "规划部", "Planning", parent=1),
    Unit(4, "RES", "研究部", "Research", parent=1),
)
PLACES = (
    Place(1, "SITE", "院区", "site"),
    Place(2, "B1", "一号楼", "building", parent=1),
    Place(3, "B1-store", "库房", "room", parent=2, rating="top_secret"),
    Place(4, "B1-01", "一号柜", "cabinet", parent=3, storage=True),
    Place(5, "B1-01-1", "一号柜一层", "shelf", parent=4, storage=True),
    Place(6, "B1-01-2", "一号柜二层", "shelf", parent=4, storage=True),
    Place(7, "B1-reading", "阅览室", "room", parent=2, rating="secret"),
    Place(8, "B1-low", "资料架", "cabinet", parent=2, rating="confidential", storage=True),
    Place(9, "B1-corridor", "走廊", "room", parent=2, storage=True),
    Place(10, "B1-gate", "大门", "portal", parent=2, inside=2, outside=1),
)
PERSONS = (
    Person(1, "1001", "周敏", "Zhou Min", 2, "机要员", "core", "2020-01-01", "2030-12-31"),
    Person(2, "1002", "吴桐", "Wu Tong", 3, "处长", "core", "2020-01-01", "2030-12-31"),
    Person(3, "1003", "宋临", "Song Lin", 1, "保密办主任", "core", "2020-01-01", "2030-12-31"),
    Person(4, "1004", "陈国栋", "Chen Guodong", 4, "研究员", "important", "2020-01-01", "2030-12-31"),
    Person(5, "1005", "孙丽", "Sun Li", 3, "工程师", "important", "2020-01-01", "2030-12-31"),
    Person(6, "1006", "马骏", "Ma Jun", 4, "助理", "general", "2020-01-01", "2030-12-31"),
    Person(7, "1007", "何静", "He Jing", 3, "行政", None),
    Person(8, "1008", "林涛", "Lin Tao", 4, "研究员", "core", "2020-01-01", "2030-12-31", "2026-06-30"),
    Person(9, "1009", "系统管理员", "System administrator", 1),
    Person(10, "1010", "梁问渠", "Liang Wenqu", 1, "副院长", "core", "2020-01-01", "2030-12-31"),
    Person(11, "1011", "柳望川", "Liu Wangchuan", 4, "研究部部长", "core", "2020-01-01", "2030-12-31"),
    Person(12, "1012", "沈岚", "Shen Lan", 2, "机要员", "core", "2020-01-01", "2030-12-31"),
    Person(13, "1013", "韩叙言", "Han Xuyan", 3, "会议秘书", "core", "2020-01-01", "2030-12-31"),
    Person(14, "1014", "赵启明", "Zhao Qiming", 4, "研究员", "core", "2020-01-01", "2030-12-31"),
)
PEOPLE = dict(
    zip(
        [
            *("clerk", "manager", "secrecy", "chen", "sun", "ma", "he", "lin", "admin"),
            *("leader", "committee", "clerk2", "secretary", "zhao"),
        ],
        (p.id for p in PERSONS),
        strict=True,
    )
)
"""Short name -> person: `chen` is cleared to secret, `ma` to confidential, `he` to nothing, `lin` has left, `zhao` to
top secret; `leader`, `committee`, `clerk2` and `secretary` are what they are called.
"""
SHELF, SHELF_2, READING, LOW_SHELF, CORRIDOR = 5, 6, 7, 8, 9
"""Places: two shelves rated top secret, a room that is no store, a cabinet rated confidential, one not rated."""


def directory() -> Directory:
    """The archive's directory, without books."""
    return Directory({u.id: u for u in UNITS}, {p.id: p for p in PLACES}, {p.id: p for p in PERSONS})


def subject(name: str, *grants: Role | Grant, on: str = TODAY) -> Subject:
    """A person of the archive as who is asking; a plain role is held for the whole house."""
    known = directory()
    person = known.persons[PEOPLE[name]]
    given = tuple(grant if isinstance(grant, Grant) else Grant(grant) for grant in grants)
    reach = frozenset(u for g in given if g.unit is not None for u in known.units_under(g.unit))
    return Subject(
        person=person.id,
        name=person.name,
        grants=given,
        clearance_rank=clearance_rank(person, SCHEME, on),
        principals=principals(person, known.units_above(person.unit)),
        reach=None if any(g.unit is None and g.role is not Role.BORROWER for g in given) else reach,
    )


CLERK = subject("clerk", Role.CLERK)
CLERK_2 = subject("clerk2", Role.CLERK)
SECRECY_OFFICE = subject("secrecy", Role.SECRECY_OFFICE)
MANAGER = subject("manager", Role.MANAGER)
LEADER = subject("leader", Role.LEADER)
COMMITTEE = subject("committee", Role.SECRECY_COMMITTEE)
SECRETARY = subject("secretary", Role.MEETING_SECRETARY)


def signatures(facts: Sequence[Fact], at: Instant, *persons: int | str) -> tuple[Signature, ...]:
    """Signatures of these persons (identifiers or short names) under exactly these facts."""
    under = text_hash(signed_text(facts))
    return tuple(Signature(PEOPLE[p] if isinstance(p, str) else p, at, "password", under) for p in persons)


@dataclass
class Archive:
    """The archive's books, and what its people do."""

    books: Books
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def scheme(self) -> Scheme:
        """The scheme of the books."""
        return self.books.scheme

    def carriers(self, number: int, *, place: int | None = SHELF, tagged: bool = True, **changes: Any) -> list[int]:
        """So many carriers taken in (in one act), tagged and shelved; gives their identifiers."""
        ids = list(self.books.reserve("carrier", number))
        facts: list[Fact] = []
        for carrier in ids:
            facts.append(Imported(carrier, description(**({"control_number": _number(carrier)} | changes))))
            if tagged:
                facts.append(TagBound(carrier, Tag(epc_of(carrier))))
            if place is not None:
                facts.append(Shelved(carrier, place))
        self.books.enter(INSTALLATION, facts, act="take_in")
        return ids

    def carrier(self, **changes: Any) -> int:
        """One carrier taken in, tagged and shelved."""
        return self.carriers(1, **changes)[0]

    def enter(
        self, by: Subject, facts: Sequence[Fact], act: str, *others: int | str, signed: bool = True, **more: Any
    ) -> Receipt:
        """Enter an act, signed by the acting person (unless `signed` is False) and by these others."""
        persons = ((by.person,) if signed else ()) + others
        under = signatures(facts, self.books.clock(), *persons) if persons else ()
        return self.books.enter(by, facts, act=act, signatures=under, **more)

    def present(self, who: Subject) -> Subject:
        """The same person with the open matters that he or she has a part in, as a request would find them."""
        with self.books.database.reading() as connection:
            return replace(who, matters=own_matters(connection, who.person))

    def organisation(self, code: str = "PRESS", **changes: Any) -> int:
        """Another body entered by the secrecy office: owned by the state, not overseas, unless said otherwise."""
        identifier = self.books.reserve("organisation", 1)[0]
        plain = Organisation(identifier, code, f"{code} 单位", f"Body {code}")
        self.enter(SECRECY_OFFICE, [OrganisationRecorded(replace(plain, **changes))], "organisation")
        return identifier

    def licence(self, organisation: int | None, activity: Any = "production", **changes: Any) -> int:
        """A licence put on file: good for everything, from last year to next, unless said otherwise."""
        identifier = self.books.reserve("licence", 1)[0]
        plain = Licence(
            identifier, activity, organisation, "证字1号", "国家保密局", "top_secret", "2025-01-01", "2027-12-31"
        )
        self.enter(SECRECY_OFFICE, [LicenceRecorded(replace(plain, **changes))], "licence")
        return identifier

    def agreement(self, organisation: int, **changes: Any) -> int:
        """A secrecy agreement put on file: for everything, from last year to next, unless said otherwise."""
        identifier = self.books.reserve("agreement", 1)[0]
        words = ("保协1号", "资料提供", "top_secret", "2025-01-01", "2027-12-31", "对方代表")
        plain = Agreement(identifier, organisation, *words)
        self.enter(SECRECY_OFFICE, [AgreementRecorded(replace(plain, **changes))], "agreement")
        return identifier

    def matter(self) -> int:
        """The identifier of a new matter."""
        return self.books.reserve("matter", 1)[0]

    def state(self, carrier: int) -> CarrierState:
        """The carrier as the register has it."""
        with self.books.database.reading() as connection:
            return load_states(connection, [carrier])[carrier]

    def the_matter(self, matter: int) -> Matter:
        """The matter as the register has it."""
        with self.books.database.reading() as connection:
            return load_matters(connection, [matter])[matter]

    def line(self, matter: int, carrier: int) -> Line:
        """The carrier's line in the matter."""
        with self.books.database.reading() as connection:
            return load_lines(connection, [(matter, carrier)])[(matter, carrier)]

    def due(self, days: int) -> Instant:
        """End of the day so many days from now."""
        at = day(self.books.clock() + days * DAY, self.scheme.timezone)
        return end_of_day(at, self.scheme.timezone)

    def borrow(self, carrier: int, who: str, days: int = 14, by: Subject = CLERK) -> Receipt:
        """The clerk lends a carrier; the borrower signs for it at the desk."""
        return self.enter(by, [Borrowed(carrier, PEOPLE[who], self.due(days))], "borrow", who)

    def lost(self, *carriers: int, words: str = "未见") -> list[Fact]:
        """The facts by which carriers are declared lost: the loss with its clock, and each of them."""
        states = [self.state(one) for one in carriers]
        level = max((state.description.level for state in states), key=self.scheme.rank)
        now, matter = self.books.clock(), self.matter()
        opened = LossOpened(matter, 1, level, now, PEOPLE["clerk"], words, "柜内", report_by(now, self.scheme))
        facts: list[Fact] = [opened]
        for one in carriers:
            facts += [ReportedMissing(one, words), LossListed(one, matter)]
        return facts

    def lose(self, *carriers: int, by: Subject = CLERK) -> int:
        """Carriers are declared lost, by the clerk unless another is `by`; gives the matter of the loss."""
        facts = self.lost(*carriers)
        self.enter(by, facts, "missing")
        assert isinstance(facts[0], LossOpened)
        return facts[0].matter

    def loss_of(self, carrier: int) -> int:
        """The open loss in which the carrier is sought. Raises KeyError where there is none."""
        with self.books.database.reading() as connection:
            return open_losses(connection, [carrier])[carrier]

    def find(self, loss: int, carrier: int, place: int = SHELF) -> Receipt:
        """What was declared lost is there again, and its enquiry is told."""
        return self.enter(CLERK, [ReportedFound(carrier, place, "找到"), LossFound(carrier, loss)], "found")

    def give_back(self, carrier: int, place: int = SHELF, pages: int | None = None, by: Subject = CLERK) -> Receipt:
        """The clerk takes a carrier back, its pages counted: all of them, unless it is said how many."""
        counted = self.state(carrier).description.pages if pages is None else pages
        return self.books.enter(by, [Returned(carrier, place, counted)], act="return")


def _number(carrier: int) -> str:
    return f"YS-2026-{carrier:05d}"


def an_archive(books: Books) -> Archive:
    """The directory entered, nothing taken in yet."""
    books.reserve("unit", len(UNITS))
    books.reserve("place", len(PLACES))
    books.reserve("person", len(PERSONS))
    facts: list[Fact] = [UnitRecorded(unit) for unit in UNITS]
    facts += [PlaceRecorded(place) for place in PLACES]
    facts += [PersonRecorded(person) for person in PERSONS]
    books.enter(INSTALLATION, facts, act="directory")
    return Archive(books)
