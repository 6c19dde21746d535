"""What is said in the tests of disposition: lists begun, asked for, approved, handed over."""

from collections.abc import Sequence
from typing import Any

from custody.access import Subject
from custody.approval import asked
from custody.entries import Fact, Received, ReportedFound, ReportedMissing, Shelved
from custody.entries.approvals import Approved
from custody.entries.disposition import (
    ChangeProposed,
    DeclassificationProposed,
    Declassified,
    IssuerReturnListed,
    IssuerReturnOpened,
    LevelChanged,
    LossConcluded,
    LossFound,
    LossListed,
    LossOpened,
    ReclassificationOpened,
    ReturnedToIssuer,
    TransferListed,
    TransferOpened,
    Transferred,
)
from custody.procedures.disposition.loss import report_by
from custody.rules import Refusal, Refused
from custody.store.books import Receipt
from custody.values import Period
from tests.builders import CLERK, COMMITTEE, MANAGER, PEOPLE, SECRECY_OFFICE, SHELF, Archive, description

ISSUER, NOTICE = "岭南测绘院", "岭测清〔2026〕3号"
BASIS, AUTHORITY = "国家秘密事项范围第三条", "柳望川"
TEN_YEARS = Period("years", "10")
APPROVERS: dict[str, tuple[tuple[str, Subject], ...]] = {
    "transfer": (("unit", MANAGER),),
    "reclassification": (("office", SECRECY_OFFICE), ("committee", COMMITTEE)),
}


def ask_and_approve(archive: Archive, matter: int, route: str) -> None:
    """The clerk asks, everybody on the route approves."""
    ask(archive, matter, route)
    for step, who in APPROVERS[route]:
        archive.enter(who, [Approved(matter, step)], "approval")


def ask(archive: Archive, matter: int, route: str) -> Receipt:
    """The clerk asks for approval."""
    return archive.enter(CLERK, [asked(matter, route, archive.scheme, archive.books.clock())], "approval")


def refusals_of(archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any) -> list[str]:
    """Clause and code of everything for which an act is refused; nothing where it is entered."""
    return [f"{one.clause} {one.code}".strip() for one in refused(archive, by, facts, act, *others, **more)]


def refused(
    archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any
) -> tuple[Refusal, ...]:
    """Everything for which an act is refused."""
    try:
        archive.enter(by, facts, act, *others, **more)
    except Refused as found:
        return found.refusals
    return ()


# Transfer.


def transfer_list(archive: Archive, carriers: Sequence[int], level: str = "secret") -> int:
    """A transfer list to the archives."""
    matter = archive.matter()
    facts: list[Fact] = [TransferOpened(matter, 1, level, "archives", "院档案馆", "档案馆一楼")]
    archive.enter(CLERK, facts + [TransferListed(one, matter) for one in carriers], "transfer")
    return matter


def approved_transfer(archive: Archive, carriers: Sequence[int]) -> int:
    """The same, approved."""
    matter = transfer_list(archive, carriers)
    ask_and_approve(archive, matter, "transfer")
    return matter


def handed(matter: int, carrier: int, **changes: Any) -> Transferred:
    """Into the hands of a colleague, whole."""
    return Transferred(carrier, matter, **({"received_by": PEOPLE["clerk2"]} | changes))


# Return to the issuer.


def received_papers(archive: Archive, number: int, **changes: Any) -> list[int]:
    """Papers received from the issuer, on the shelf."""
    ids = list(archive.books.reserve("carrier", number))
    facts: list[Fact] = []
    for one in ids:
        named = {"control_number": f"LW-2026-{one:04d}", "issuer": ISSUER, "issuer_number": f"岭测发〔2026〕{one}号"}
        facts += [Received(one, description(**(named | changes))), Shelved(one, SHELF)]
    archive.enter(CLERK, facts, "take_in")
    return ids


def called_back(archive: Archive, carriers: Sequence[int]) -> int:
    """The issuer's notice, and what it calls back."""
    matter = archive.matter()
    facts: list[Fact] = [IssuerReturnOpened(matter, 1, "secret", ISSUER, NOTICE, "2026-11-18", archive.due(10))]
    archive.enter(CLERK, facts + [IssuerReturnListed(one, matter) for one in carriers], "issuer_return")
    return matter


def parcel(matter: int, carrier: int, **changes: Any) -> ReturnedToIssuer:
    """By the courier, before a witness of the house."""
    named: dict[str, Any] = {"parcel": "F-0031", "received_by_name": "邓机要", "witness": PEOPLE["clerk2"]}
    return ReturnedToIssuer(carrier, matter, **(named | changes))


# Level and period.


def change_opened(matter: int, level: str = "secret", **changes: Any) -> ReclassificationOpened:
    """A change, effective today."""
    said = {"purpose": "change", "basis": BASIS, "determined_by": AUTHORITY, "effective_on": "2026-11-20"}
    return ReclassificationOpened(matter, 1, level, **(said | changes))


def proposed(
    archive: Archive, carriers: Sequence[int], to: str, period: Period = TEN_YEARS, *, level: str = "", **changes: Any
) -> int:
    """A change of these carriers to a level and period."""
    matter = archive.matter()
    highest = level or max((to, archive.state(carriers[0]).description.level), key=archive.scheme.rank)
    facts: list[Fact] = [change_opened(matter, highest, **changes)]
    archive.enter(CLERK, facts + [ChangeProposed(one, matter, to, period) for one in carriers], "reclassification")
    return matter


def approved_change(archive: Archive, carriers: Sequence[int], to: str, period: Period = TEN_YEARS, **more: Any) -> int:
    """The same, approved by the office and the committee."""
    matter = proposed(archive, carriers, to, period, **more)
    ask_and_approve(archive, matter, "reclassification")
    return matter


def carried_out(matter: int, carrier: int, to: str, period: Period = TEN_YEARS, **changes: Any) -> LevelChanged:
    """The decision carried out."""
    said = {"scope": None, "basis": BASIS, "determined_by": AUTHORITY, "effective_on": "2026-11-20"}
    return LevelChanged(carrier, matter, to, period, **(said | changes))


def approved_declassification(archive: Archive, carriers: Sequence[int]) -> int:
    """A declassification, approved."""
    matter = archive.matter()
    facts: list[Fact] = [change_opened(matter, purpose="declassify")]
    facts += [DeclassificationProposed(one, matter) for one in carriers]
    archive.enter(CLERK, facts, "reclassification")
    ask_and_approve(archive, matter, "reclassification")
    return matter


def declassified(matter: int, carrier: int) -> Declassified:
    """The decision carried out."""
    return Declassified(carrier, matter, BASIS, AUTHORITY, "2026-11-20")


# Loss.


def lost_facts(archive: Archive, matter: int, *carriers: int, hours_ago: int = 2, **changes: Any) -> list[Fact]:
    """One act: the loss, and what was lost."""
    discovered = archive.books.clock() - hours_ago * 3_600_000_000
    said: dict[str, Any] = {
        "circumstances": "盘库未见",
        "last_known": "周五在一号柜",
        "due_at": report_by(discovered, archive.scheme),
    }
    facts: list[Fact] = [LossOpened(matter, 1, "secret", discovered, PEOPLE["clerk"], **(said | changes))]
    for one in carriers:
        facts += [ReportedMissing(one, "盘库未见"), LossListed(one, matter)]
    return facts


def lost(archive: Archive, *carriers: int) -> int:
    """A loss declared by the clerk."""
    matter = archive.matter()
    archive.enter(CLERK, lost_facts(archive, matter, *carriers), "missing")
    return matter


def found_facts(matter: int, carrier: int) -> list[Fact]:
    """What was lost is there again."""
    return [ReportedFound(carrier, SHELF, "夹在另一卷里"), LossFound(carrier, matter)]


def conclusion(matter: int, outcome: Any, *carriers: int) -> LossConcluded:
    """The end of the enquiry."""
    return LossConcluded(matter, outcome, carriers, "核查全部库房与交接记录", "保管责任人批评教育")
