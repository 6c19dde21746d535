"""A meeting to walk through: forty seats, three papers for each, everybody inside. What is no journey's point is
entered by the books; whoever signs is who would sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from custody import clock
from custody.access import INSTALLATION, Subject
from custody.approval import asked
from custody.entries import Fact, Imported, Shelved, TagBound
from custody.entries.approvals import Approved
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeListed,
    MeetingConvened,
    PaperBrought,
)
from custody.matters import Matter
from custody.store import queries
from custody.values import SECOND, Period, Scope, Tag
from tests.builders import description, signatures
from tests.journeys.house import CLERK, MANAGER, House

SECRETARY, DEPUTY, CHAIR = "1020", "1008", "1006"
OF_THE_HOUSE = ("1007", "1010", "1011", "1012", "1013", "1014", "1018", "1021", "1023", "1005")
LODGINGS = ("东湖招待所三号楼", "东湖招待所五号楼")
SEATS = 40
TITLES = ("远山三号方案评审稿", "远山三号试验数据汇编", "远山三号经费安排")
FAMILIES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"


@dataclass(frozen=True)
class Meeting:
    """The meeting in the house: its matter, and the papers by title letter and copy, as `A17`."""

    house: House
    id: int
    numbers: tuple[str, ...]
    papers: dict[str, int]

    @property
    def matter(self) -> Matter:
        """The matter as the books have it."""
        with self.house.books.database.reading() as connection:
            return queries.matter(connection, self.house.asking(CLERK), self.id)

    def epc(self, short: str) -> str:
        """The tag of a paper."""
        return self.house.carrier(self.papers[short]).tags[0].epc

    def enter(self, number: str, facts: Sequence[Fact], act: str, *others: str) -> None:
        """An act of a person of the house, signed, and by these others."""
        enter(self.house, number, facts, act, *others)


def enter(house: House, number: str, facts: Sequence[Fact], act: str, *others: str) -> None:
    """An act of a person, signed by him and by these others."""
    who = house.asking(number)
    signers = [who.person, *(house.asking(other).person for other in others)]
    house.books.enter(who, facts, act=act, signatures=signatures(facts, clock.now(), *signers))


def place(house: House, code: str) -> int:
    """A place by its code."""
    with house.books.database.reading() as connection:
        directory = queries.directory(connection)
    return next(one.id for one in directory.places.values() if one.code == code)


def papers_for(house: House, year: str) -> tuple[tuple[str, ...], dict[str, int]]:
    """Three titles of forty copies each, tagged and shelved; by letter and copy."""
    numbers = tuple(f"YS-{year}-{9000 + title}" for title in range(len(TITLES)))
    shelf = place(house, "B1-01-2")
    ids = iter(house.books.reserve("carrier", SEATS * len(TITLES)))
    unit = house.asking(SECRETARY)
    facts: list[Fact] = []
    found: dict[str, int] = {}
    for letter, number, title in zip("ABC", numbers, TITLES, strict=True):
        for copy in range(1, SEATS + 1):
            carrier = next(ids)
            described = description(
                number,
                copy_number=copy,
                copies=SEATS,
                title=title,
                unit=_unit_of(house, unit),
                period=Period("years", "20"),
            )
            facts += [Imported(carrier, described), TagBound(carrier, Tag(f"3414F4A2{0xA0000000 + carrier:016X}"))]
            facts.append(Shelved(carrier, shelf))
            found[f"{letter}{copy}"] = carrier
    house.books.enter(INSTALLATION, facts, act="take_in")
    return numbers, found


def _unit_of(house: House, who: Subject) -> int:
    with house.books.database.reading() as connection:
        return queries.person(connection, who.person).unit or 0


def a_meeting(house: House, year: str) -> Meeting:
    """Convened, its list complete, approved, its papers brought, everybody inside; `year` parts its numbers."""
    numbers, papers = papers_for(house, year)
    matter, now = house.books.reserve("matter", 1)[0], clock.now()
    secretary = house.asking(SECRETARY)
    convened = MeetingConvened(
        matter,
        unit=_unit_of(house, secretary),
        level="secret",
        subject="远山三号方案评审会",
        venue=place(house, "B1-reading"),
        starts_at=now,
        ends_at=now + 3 * 3_600 * SECOND,
        chair=house.asking(CHAIR).person,
        secretary=secretary.person,
        deputy=house.asking(DEPUTY).person,
        scope=Scope(("all",)),
        seats=SEATS + 4,
        lodgings=LODGINGS,
        take_back=True,
    )
    listed: list[Fact] = [
        AttendeeListed(matter, seat, str(seat), house.asking(number).person)
        for seat, number in enumerate(OF_THE_HOUSE, 1)
    ]
    for seat in range(len(listed) + 1, SEATS + 1):
        name = FAMILIES[seat % len(FAMILIES)] + "文武双全"[seat % 4] + ("" if seat % 3 else "清")
        letter = f"北密函〔2026〕{seat}号"
        listed.append(
            AttendeeListed(
                matter, seat, str(seat), name=name, unit_name="北山研究所", letter=letter, cleared_for="secret"
            )
        )
    enter(house, SECRETARY, [convened], "meeting")
    enter(house, SECRETARY, listed, "meeting_list")
    enter(house, SECRETARY, [asked(matter, "meeting", house.books.scheme, clock.now())], "approval")
    enter(house, MANAGER, [Approved(matter, "unit")], "approval")
    enter(house, SECRETARY, [AttendeeEntered(matter, seat) for seat in range(1, SEATS + 1)], "meeting_door")
    brought = [PaperBrought(carrier, matter, numbers["ABC".index(short[0])]) for short, carrier in papers.items()]
    enter(house, CLERK, brought, "meeting_bring", SECRETARY)
    return Meeting(house, matter, numbers, papers)
