"""What is said in the tests of copying: applied for, approved, made, registered."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from custody.access import Role, Subject
from custody.approval import asked
from custody.entries import Fact, Received, Shelved, TagBound
from custody.entries.approvals import Approved
from custody.entries.copying import Copied, CopiesMade, CopyingOpened, IssuerAgreed, SourceListed
from custody.procedures.copying.inheriting import inherited
from custody.rules import Refused
from custody.values import Description, Tag
from tests.builders import (
    CLERK,
    COMMITTEE,
    LEADER,
    PEOPLE,
    READING,
    SECRECY_OFFICE,
    SHELF,
    Archive,
    description,
    directory,
    epc_of,
    subject,
)

CHEN = subject("chen", Role.BORROWER)
"""A reader of the research department: applies for what he may see."""
ZHAO = subject("zhao", Role.BORROWER)
"""The same, cleared to top secret."""
ISSUER = "岭南测绘院"
ROUTES: dict[str, tuple[tuple[str, Subject], ...]] = {
    "copying": (("office", SECRECY_OFFICE), ("leader", LEADER)),
    "compilation": (("office", SECRECY_OFFICE), ("committee", COMMITTEE)),
}


def refused(archive: Archive, by: Subject, facts: Sequence[Fact], act: str, *others: str, **more: Any) -> list[str]:
    """Clause and code of everything for which an act is refused; nothing where it is entered."""
    try:
        archive.enter(by, facts, act, *others, **more)
    except Refused as found:
        return [f"{one.clause} {one.code}".strip() for one in found.refusals]
    return []


def opened(archive: Archive, manner: Any = "copy", **changes: Any) -> CopyingOpened:
    """Two copies, in the reading room, for Chen."""
    said: dict[str, Any] = {
        "unit": 4,
        "level": "secret",
        "copies": 2,
        "place": READING,
        "organisation": None,
        "machine": "FY-02",
        "recipient": PEOPLE["chen"],
        "reason": "课题组评审",
    }
    return CopyingOpened(archive.matter(), manner=manner, **(said | changes))


def applied(archive: Archive, sources: Sequence[int], manner: Any = "copy", by: Subject = CHEN, **changes: Any) -> int:
    """An application for these sources; gives the matter."""
    first = opened(archive, manner, **changes)
    facts: list[Fact] = [first]
    facts += [SourceListed(one, first.matter, archive.state(one).description.issuer) for one in sources]
    archive.enter(by, facts, "copying")
    return first.matter


def ask(archive: Archive, matter: int, by: Subject = CHEN, route: str = "") -> list[str]:
    """Approval is asked for; what stands against it."""
    body = archive.the_matter(matter).body
    wanted = route or ("compilation" if body.manner == "compilation" else "copying")
    request = asked(matter, wanted, archive.scheme, archive.books.clock(), reason="评审")
    return refused(archive, by, [request], "approval")


def approve(archive: Archive, matter: int, by: Subject = CHEN) -> int:
    """Asked for and approved by everybody on its route."""
    assert ask(archive, matter, by) == []
    approval = archive.the_matter(matter).approval
    assert approval is not None
    for step, who in ROUTES[approval.route]:
        archive.enter(who, [Approved(matter, step)], "approval")
    return matter


def approved(archive: Archive, sources: Sequence[int], manner: Any = "copy", **changes: Any) -> int:
    """An application, approved."""
    return approve(archive, applied(archive, sources, manner, **changes), changes.get("by", CHEN))


def of(archive: Archive, matter: int, sources: Sequence[int], k: int, **changes: Any) -> Description:
    """What the k-th copy of these sources is, where nothing is said otherwise."""
    body = archive.the_matter(matter).body
    states = [archive.state(one).description for one in sources]
    taken = inherited(states, archive.scheme, directory())
    suffix = {"copy": "-F1", "excerpt": "-Z1", "compilation": ""}[body.manner]
    plain = replace(
        states[0],
        control_number=states[0].control_number + suffix if suffix else "YS-2026-H001",
        copy_number=k,
        copies=body.copies,
        level=taken.level,
        period=taken.period,
        classified_on=taken.classified_on,
        scope=taken.scope,
    )
    if body.manner == "compilation":
        plain = replace(plain, title="远山三号资料汇编", issuer="", issuer_number="", unit=4)
    return replace(plain, **changes)


def copied(archive: Archive, matter: int, sources: Sequence[int], k: int = 1, **changes: Any) -> list[Fact]:
    """One copy registered, tagged and put in its home."""
    (carrier,) = archive.books.reserve("carrier", 1)
    body = archive.the_matter(matter).body
    described = of(archive, matter, sources, k, **changes)
    return [
        Copied(carrier, matter, tuple(sources), body.manner, described),
        TagBound(carrier, Tag(epc_of(900_000 + carrier))),
        Shelved(carrier, SHELF),
    ]


def made(matter: int, count: int = 1, **changes: Any) -> CopiesMade:
    """The clerk copied, her colleague watched."""
    said: dict[str, Any] = {"operator": PEOPLE["clerk"], "witness": PEOPLE["clerk2"], "machine": "FY-02"}
    return CopiesMade(matter, count=count, **(said | changes))


def session(archive: Archive, matter: int, sources: Sequence[int], count: int = 1, **changes: Any) -> list[Fact]:
    """One act: so many copies of these sources, the first ones."""
    facts = [fact for k in range(1, count + 1) for fact in copied(archive, matter, sources, k, **changes)]
    return [*facts, made(matter, count)]


def copies(archive: Archive, source: int, count: int = 2) -> list[int]:
    """Copies of a source, applied for, approved, made and registered."""
    matter = approved(archive, [source], copies=count, level=archive.state(source).description.level)
    facts = session(archive, matter, [source], count)
    archive.enter(CLERK, facts, "copy", "clerk2")
    return [fact.carrier for fact in facts if isinstance(fact, Copied)]


def tried(archive: Archive, facts: Sequence[Fact], *others: str, **more: Any) -> list[str]:
    """What stands against copies made by the clerk, her colleague signing."""
    return refused(archive, CLERK, facts, "copy", *(others or ("clerk2",)), **more)


def received(archive: Archive, **changes: Any) -> int:
    """A paper received from its issuer, on the shelf."""
    (carrier,) = archive.books.reserve("carrier", 1)
    named = {
        "control_number": f"LW-2026-{carrier:04d}",
        "issuer": ISSUER,
        "issuer_number": f"岭测发〔2026〕{carrier}号",
    }
    archive.enter(CLERK, [Received(carrier, description(**(named | changes))), Shelved(carrier, SHELF)], "take_in")
    return carrier


def agreed(matter: int, carrier: int, **changes: Any) -> IssuerAgreed:
    """The issuer's letter that allows it."""
    said: dict[str, Any] = {"authority": ISSUER, "number": "岭测函〔2026〕8号", "on": "2026-11-18"}
    return IssuerAgreed(carrier, matter, **(said | changes))
