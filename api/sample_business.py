"""The sample's business in hand: something of every procedure, entered as its people would enter it.

A title is ordered, produced and accounted for; of its copies one is carried out, one is with another body, one is on
its way, one was copied. A consignment came in, and its copies are being handed out. A paper was reviewed; visitors
were here, and one still is; two lists were exported. Every act goes through the books' rules, signed by whom it
takes. All of it is about carriers that come into being here, and every deadline lies ahead: nothing is a finding.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from api import store
from api.reports import Asked, write_report
from custody.access import Subject
from custody.approval import asked
from custody.clock import day, end_of_day
from custody.entries import (
    Fact,
    Received,
    ResponsibilityAccepted,
    Shelved,
    Signature,
    TagBound,
    signed_text,
    text_hash,
)
from custody.entries.approvals import Approved
from custody.entries.carrying_out import CarriedOut, ItineraryLeg, PermitListed, PermitOpened
from custody.entries.copying import Copied, CopiesMade, CopyingClosed, CopyingOpened, SourceListed
from custody.entries.disclosure import (
    DisclosureReviewed,
    Provided,
    ProvisionListed,
    ProvisionOpened,
    ReviewOpened,
)
from custody.entries.dispatch import (
    Dispatched,
    DispatchListed,
    DispatchOpened,
    DistributedOnLoan,
    DistributionListed,
    DistributionOpened,
    ManifestRow,
    ParcelSealed,
    ReceiptClosed,
    ReceiptOpened,
    SenderTold,
)
from custody.entries.entry import RoomChecked, VisitEnded, VisitOpened, Visitor, VisitorLeft
from custody.entries.production import CopySpoiled, IntermediateProduced, OrderClosed, Produced, ProductionOrdered
from custody.matters.production import ProductionBody, described, described_intermediate
from custody.procedures.room_checks import valid_until
from custody.register import Directory
from custody.store import queries
from custody.store.books import Books, Receipt
from custody.values import DAY, SECOND, Description, Instant, Period, Scope, Tag

CLERK, CLERK_2, OFFICE, LEADER = "1001", "1002", "1005", "1006"
HEAD, ENGINEER, AUTHOR, READER = "1010", "1007", "1012", "1018"
STORE, WORKSHOP = "B1-02-3", "3F-312"
"""Where what is made here is kept, which no reader of the sample hears; where it is made and copied."""
ORDER, INCOMING = "YS-2026-08801", "SW-2026-08801"
COPIES = 6
CARRIED, PROVIDED, SENT, SOURCE = 1, 2, 3, 4
"""Copy numbers of what was produced, by what became of them; the last copy was spoiled, the one before is in store."""
LAST_MINUTES = 15
"""A visitor who is still inside goes at midnight; who comes so shortly before has gone already."""


@dataclass(frozen=True, slots=True)
class House:
    """The books with their directory by code and number, and what the sample's people do."""

    books: Books
    directory: Directory

    @property
    def now(self) -> Instant:
        """The present instant."""
        return self.books.clock()

    def person(self, number: str) -> int:
        """A person by staff number. Raises StopIteration."""
        return next(one.id for one in self.directory.persons.values() if one.number == number)

    def unit(self, code: str) -> int:
        """A unit by code. Raises StopIteration."""
        return next(one.id for one in self.directory.units.values() if one.code == code)

    def place(self, code: str) -> int:
        """A place by code. Raises StopIteration."""
        return next(one.id for one in self.directory.places.values() if one.code == code)

    def body(self, code: str) -> int:
        """Another body by code. Raises StopIteration."""
        return next(one.id for one in self.directory.organisations.values() if one.code == code)

    def due(self, days: int) -> Instant:
        """End of the day so many days from now."""
        zone = self.books.scheme.timezone
        return end_of_day(day(self.now + days * DAY, zone), zone)

    def on(self, days: int) -> str:
        """The ISO day so many days from now."""
        return day(self.now + days * DAY, self.books.scheme.timezone)

    def matter(self) -> int:
        """The identifier of a new matter."""
        return self.books.reserve("matter", 1)[0]

    def carriers(self, count: int) -> list[int]:
        """Identifiers of new carriers."""
        return list(self.books.reserve("carrier", count))

    def shelved(self, carrier: int) -> list[Fact]:
        """A new carrier is tagged and put in the store."""
        epc = f"{self.books.scheme.epc_block}B0{carrier:014X}"
        return [TagBound(carrier, Tag(epc)), Shelved(carrier, self.place(STORE))]

    def enter(self, number: str, facts: Sequence[Fact], act: str, *others: str) -> Receipt:
        """An act of a person, signed by him or her and by these others. Raises Refused."""
        under, now = text_hash(signed_text(facts)), self.now
        signatures = tuple(Signature(self.person(one), now, "password", under) for one in (number, *others))
        return self.books.enter(self.subject(number), list(facts), act=act, signatures=signatures)

    def subject(self, number: str) -> Subject:
        """A person as who is asking, with the matters that he or she has a part in now."""
        today = day(self.now, self.books.scheme.timezone)
        with self.books.database.reading() as connection:
            return queries.subject_for(connection, self.person(number), self.books.scheme, today)

    def order(self, matter: int) -> ProductionBody:
        """What the books know of an order. Raises NotFound."""
        with self.books.database.reading() as connection:
            found: ProductionBody = queries.matter(connection, self.subject(CLERK), matter).body
        return found

    def approved(self, applicant: str, matter: int, route: str, *answers: tuple[str, str]) -> None:
        """Approval is asked for, and each step given by its person."""
        self.enter(applicant, [asked(matter, route, self.books.scheme, self.now)], "approval")
        for step, number in answers:
            self.enter(number, [Approved(matter, step)], "approval")


def enter_business(books: Books) -> None:
    """Everything, in the order in which it would happen. Raises Refused where the rules have changed under it."""
    with books.database.reading() as connection:
        house = House(books, books.directory(connection))
    made = _produced(house)
    received = _received(house)
    _distributed(house, received)
    _dispatched(house, made[SENT])
    _carried_out(house, made[CARRIED])
    _provided(house, made[PROVIDED])
    _copied(house, made[SOURCE])
    _reviewed(house)
    _visited(house)
    _exported(house)


def _ordered(house: House, matter: int) -> ProductionOrdered:
    scope = (f"unit:{house.unit('YS')}", *(f"organisation:{house.body(code)}" for code in ("MINISTRY", "INST")))
    return ProductionOrdered(
        matter=matter,
        unit=house.unit("YJ"),
        level="secret",
        control_number=ORDER,
        title="“守时”铷原子钟长期稳定度联合试验方案",
        carrier_kind="document",
        medium="paper",
        period=Period("years", "10"),
        scope=Scope(scope),
        quantity=COPIES,
        place=house.place(WORKSHOP),
        producer=None,
        reason="联合试验各方各持一份",
        basis="项目保密工作方案第4条",
        determined_by="柳望川",
        classified_on=house.on(-2),
        pages=24,
    )


def _produced(house: House) -> dict[int, int]:
    """An order approved, produced and closed: five copies, one spoiled, a draft left. Gives carriers by copy."""
    matter = house.matter()
    order = _ordered(house, matter)
    house.enter(ENGINEER, [order], "production")
    house.approved(ENGINEER, matter, "production", ("office", OFFICE), ("committee", HEAD))
    body = house.order(matter)
    made = dict(zip(range(1, COPIES), house.carriers(COPIES - 1), strict=True))
    registered: list[Fact] = []
    for number, carrier in made.items():
        registered += [Produced(carrier, matter, described(body, number), marked=True), *house.shelved(carrier)]
    house.enter(CLERK, registered, "produce")
    scrap, draft = house.carriers(2)
    spoiled = CopySpoiled(scrap, matter, COPIES, described_intermediate(body, "scrap", 1), "装订错页")
    house.enter(CLERK, [spoiled, Shelved(scrap, house.place(STORE))], "production_spoil")
    drafted = IntermediateProduced(draft, matter, described_intermediate(body, "draft", 1))
    house.enter(CLERK, [drafted, Shelved(draft, house.place(STORE))], "intermediate")
    house.enter(CLERK, [OrderClosed(matter, house.now + 25 * DAY)], "production_close")
    return made


def _incoming(house: House, carrier: int, row: ManifestRow, number: str, copies: int) -> Description:
    return Description(
        control_number=number,
        copy_number=row.copy_number,
        copies=copies,
        title=row.title,
        kind=row.kind,
        level=row.level,
        period=Period("years", "10"),
        scope=Scope((f"unit:{house.unit('YS')}",)),
        unit=house.unit("JY"),
        classified_on=house.on(-9),
        basis="上级来文定密",
        determined_by="装备管理部",
        pages=row.pages,
        issuer="装备管理部",
        issuer_number=row.issuer_number,
    )


def _received(house: House) -> list[int]:
    """A consignment of the ministry: two copies of a circular and a coded telegram, compared and receipted."""
    circular, telegram = "年度装备科研保密检查安排", "外场联试日程调整"
    rows = (
        ManifestRow(1, "装管发〔2026〕41号", circular, 11, "secret", 8),
        ManifestRow(2, "装管发〔2026〕41号", circular, 12, "secret", 8),
        ManifestRow(3, "装管电〔2026〕7号", telegram, 1, "secret", 2, "telegram"),
    )
    matter = house.matter()
    opened = ReceiptOpened(
        matter,
        house.unit("JY"),
        "secret",
        sender=house.body("MINISTRY"),
        sender_name="装备管理部",
        manifest_number="装管机发-0418",
        mode="confidential_communications",
        rows=rows,
        seal="F-2207",
        delivered_by_name="邓机要",
        witness=house.person(CLERK_2),
    )
    house.enter(CLERK, [opened], "receipt")
    carriers = house.carriers(len(rows))
    facts: list[Fact] = []
    for carrier, row in zip(carriers, rows, strict=True):
        number, copies = (INCOMING, 30) if row.kind == "document" else (f"{INCOMING}-D", 1)
        told = _incoming(house, carrier, row, number, copies)
        facts += [Received(carrier, told, matter, row.number), *house.shelved(carrier)]
    house.enter(CLERK, facts, "receipt")
    house.enter(CLERK, [SenderTold(matter, "slip", "装备管理部", house.now, "回-0418")], "receipt")
    house.enter(CLERK, [ReceiptClosed(matter, True)], "receipt_end", CLERK_2)
    return carriers[:2]


def _distributed(house: House, copies: Sequence[int]) -> None:
    """The two copies of the circular are to be handed out: one was, the other waits to be counted."""
    matter = house.matter()
    opened = DistributionOpened(matter, house.unit("JY"), "secret", INCOMING, "布置检查", house.due(20))
    house.enter(CLERK, [opened, *(DistributionListed(one, matter) for one in copies)], "distribution")
    lent = DistributedOnLoan(copies[0], matter, house.person(READER), house.due(10))
    house.enter(CLERK, [lent], "distribution", READER)


def _dispatched(house: House, carrier: int) -> None:
    """On its way to the ministry by confidential communications."""
    matter = house.matter()
    opened = DispatchOpened(
        matter,
        house.unit("YJ"),
        "secret",
        addressee=house.body("MINISTRY"),
        recipient=None,
        mode="confidential_communications",
        arrive_by=house.due(5),
        attention="办公厅机要处",
        reason="联合试验方案报送",
    )
    house.enter(CLERK, [opened, DispatchListed(carrier, matter)], "dispatch")
    house.approved(CLERK, matter, "dispatch", ("unit", HEAD))
    house.enter(CLERK, [ParcelSealed(matter, "P-0093", "F-3001")], "dispatch_seal")
    sent = Dispatched(carrier, matter, taken_by_name="邓机要", witness=house.person(CLERK_2))
    house.enter(CLERK, [sent], "dispatch_send", CLERK_2)


def _carried_out(house: House, carrier: int) -> None:
    """The engineer is at the institute with one copy for three days."""
    matter, case, until = house.matter(), "X-07", house.due(3)
    itinerary = (
        ItineraryLeg(house.on(0), "远山院", "海岳力学研究所", "train", "secure_room", "海岳所保密室"),
        ItineraryLeg(house.on(3), "海岳力学研究所", "远山院", "train"),
    )
    opened = PermitOpened(
        matter,
        house.unit("YJ"),
        "secret",
        bearer=house.person(ENGINEER),
        escorts=(),
        purpose="联合试验方案对接",
        destination="海岳力学研究所",
        container=case,
        from_at=house.now,
        until_at=until,
        itinerary=itinerary,
    )
    house.enter(ENGINEER, [opened, PermitListed(carrier, matter)], "permit")
    house.approved(ENGINEER, matter, "carrying_out", ("unit", HEAD), ("office", OFFICE))
    out = CarriedOut(carrier, matter, house.person(ENGINEER), case, until)
    house.enter(CLERK, [out], "carry_out", ENGINEER)


def _provided(house: House, carrier: int) -> None:
    """One copy is with the institute for sixty days."""
    matter, until = house.matter(), house.due(60)
    opened = ProvisionOpened(
        matter,
        house.unit("YJ"),
        "secret",
        organisation=house.body("INST"),
        purpose="联合试验准备",
        ground="联合试验合同第八条",
        form="originals",
        terms="loan",
        measures="专人专柜保管，不得复制",
        due_at=until,
    )
    house.enter(CLERK, [opened, ProvisionListed(carrier, matter)], "provision")
    house.approved(CLERK, matter, "provision", ("office", OFFICE), ("leader", LEADER))
    given = Provided(carrier, matter, "邵工", "工作证 0731", house.person(ENGINEER), until, 24)
    house.enter(CLERK_2, [given], "provide", ENGINEER)


def _copied(house: House, source: int) -> None:
    """Two copies of one copy, made in the house and registered; the application is closed."""
    matter, machine = house.matter(), "FY-02"
    opened = CopyingOpened(
        matter,
        house.unit("YJ"),
        "secret",
        manner="copy",
        copies=2,
        place=house.place(WORKSHOP),
        organisation=None,
        machine=machine,
        recipient=house.person(ENGINEER),
        reason="试验现场两个工位各一份",
    )
    house.enter(ENGINEER, [opened, SourceListed(source, matter)], "copying")
    house.approved(ENGINEER, matter, "copying", ("office", OFFICE), ("leader", LEADER))
    order = _ordered(house, 0)
    facts: list[Fact] = []
    for number, carrier in enumerate(house.carriers(2), 1):
        told = Description(
            control_number=f"{ORDER}-F1",
            copy_number=number,
            copies=2,
            title=order.title,
            kind="document",
            level=order.level,
            period=order.period,
            scope=order.scope,
            unit=order.unit,
            classified_on=order.classified_on,
            basis=order.basis,
            determined_by=order.determined_by,
            pages=order.pages,
        )
        facts += [Copied(carrier, matter, (source,), "copy", told), *house.shelved(carrier)]
    facts.append(CopiesMade(matter, house.person(CLERK), house.person(CLERK_2), machine, 2))
    house.enter(CLERK, facts, "copy", CLERK_2)
    house.enter(CLERK, [CopyingClosed(matter, 2)], "copying_close")


def _reviewed(house: House) -> None:
    """A paper for a journal: passed by the unit and by the secrecy office."""
    matter = house.matter()
    opened = ReviewOpened(
        matter,
        house.unit("YJ"),
        "internal",
        what="manuscript",
        title="低温轴承润滑的一种测量方法",
        outlet="《仪器学报》",
        due_at=house.due(20),
        authors=(house.person(AUTHOR),),
        secrets="none",
        text_hash=sha256("低温轴承润滑的一种测量方法（送审稿）".encode()).hexdigest(),
        pages=9,
    )
    house.enter(AUTHOR, [opened], "disclosure_review")
    house.enter(AUTHOR, [asked(matter, "disclosure", house.books.scheme, house.now)], "approval")
    answers: tuple[tuple[str, str, Literal["pass", "changes"], str], ...] = (
        ("unit", HEAD, "pass", ""),
        ("office", OFFICE, "pass", ""),
    )
    for step, number, result, opinion in answers:
        told: list[Fact] = [DisclosureReviewed(matter, step, result, opinion), Approved(matter, step)]
        house.enter(number, told, "review_opinion")


def _visited(house: House) -> None:
    """Two technicians were in the workshop and have gone; an inspector is still inside, unless the day is ending."""
    place, escort, until = house.place(WORKSHOP), house.person(AUTHOR), house.due(0)
    house.enter(HEAD, [ResponsibilityAccepted(place)], "responsibility")
    repair = (
        Visitor("高远", "方正维修公司", "身份证 4401", locker="12"),
        Visitor("林峪", "方正维修公司", "身份证 4417", locker="13"),
    )
    inspection = (Visitor("任重", "市消防支队", "证件 778", no_phone=True),)
    for purpose, visitors, gone in (
        ("检修空调", repair, True),
        ("消防检查", inspection, until - house.now < LAST_MINUTES * 60 * SECOND),
    ):
        # Nobody listens in the workshop: who checked it says what he saw.
        seen = "桌面无文件，文件柜均已上锁"
        check = RoomChecked(
            *(house.matter(), house.unit("YJ"), "internal", place, "go", (), (), (), 0, "not_covered", 0, 0, None),
            valid_until(house.now, house.books.scheme.number("room_clear_minutes")),
            seen,
        )
        house.enter(CLERK, [check], "room_check")
        matter = house.matter()
        opened = VisitOpened(matter, house.unit("YJ"), "internal", place, escort, purpose, visitors, True, until)
        house.enter(CLERK, [opened], "visit", AUTHOR)
        if gone:
            left: list[Fact] = [VisitorLeft(matter, number, True) for number in range(1, len(visitors) + 1)]
            house.enter(CLERK, [*left, VisitEnded(matter)], "visit_out")


def _exported(house: House) -> None:
    """The registry took its overdue loans out as a workbook, the secrecy office the register of a unit: both on record.

    The workbooks are made, as they would be for a browser, and not kept.
    """
    scheme = house.books.scheme
    unit = house.unit("YJ")
    of_unit = Asked(carriers=queries.CarrierFilter(unit=unit), said={"unit": str(unit)})
    for number, name, asked_for in ((CLERK, "overdue", Asked()), (OFFICE, "carriers", of_unit)):
        by, now = house.subject(number), house.now
        with house.books.database.reading() as connection:
            rows = write_report(name, connection, by, scheme, now, io.BytesIO(), "zh", asked_for)
        said = json.dumps(dict(asked_for.said), ensure_ascii=False, sort_keys=True)
        with house.books.database.writing() as connection:
            store.log_export(connection, by.person, now, name, said, rows)
