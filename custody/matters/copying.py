"""Matters of letter d: one application to copy, excerpt or compile, to the last copy made under it.

Its lines are the sources and, once made, the copies. Approval is the route `copying`, for a compilation the route
`compilation`. It is over when it is closed, everything approved made or the reason told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry, Fact
from custody.entries.copying import (
    Copied,
    CopiesMade,
    CopyingClosed,
    CopyingOpened,
    IssuerAgreed,
    Manner,
    SourceListed,
    SourceStruck,
)
from custody.matters.model import SAME, Matter, MatterKind
from custody.values import Instant

KEY = "copying"


@dataclass(frozen=True, slots=True)
class Agreed:
    """An issuing authority's leave to copy one of its papers."""

    carrier: int
    authority: str
    number: str
    on: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Copies made so far from a source (0: from all together), all under one control number."""

    source: int
    number: str
    made: int


@dataclass(frozen=True, slots=True)
class Session:
    """Once that copies were made: who, on which machine, before whom, how many, under which act."""

    operator: int
    witness: int
    machine: str
    count: int
    act: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Copying:
    """What an application to copy knows besides the head of every matter."""

    manner: Manner
    copies: int
    place: int | None
    organisation: int | None
    machine: str
    recipient: int
    reason: str
    sources: tuple[int, ...] = ()
    unanswered: tuple[int, ...] = ()
    """Sources whose issuing authority has not allowed it yet."""
    agreed: tuple[Agreed, ...] = ()
    tallies: tuple[Tally, ...] = ()
    sessions: tuple[Session, ...] = ()
    fewer: str = ""
    """Why fewer were made than were approved."""

    @property
    def approved(self) -> int:
        """Copies that may be made in all."""
        return self.copies if self.manner == "compilation" else self.copies * len(self.sources)

    def tally(self, source: int) -> Tally:
        """What was made from a source so far."""
        return next((one for one in self.tallies if one.source == source), Tally(source, "", 0))


def counted_from(manner: str, sources: tuple[int, ...]) -> int:
    """Under which source a copy is counted: its own; 0 for a compilation, which is of all together."""
    return sources[0] if manner != "compilation" and sources else 0


def _without(carriers: tuple[int, ...], carrier: int) -> tuple[int, ...]:
    return tuple(one for one in carriers if one != carrier)


def _body(body: Any, fact: Fact, entry: Entry) -> Copying:
    if isinstance(fact, CopyingOpened):
        return Copying(
            fact.manner, fact.copies, fact.place, fact.organisation, fact.machine, fact.recipient, fact.reason
        )
    was: Copying = body
    match fact:
        case SourceListed(carrier=carrier, issuer=issuer):
            unanswered = (*was.unanswered, carrier) if issuer else was.unanswered
            return replace(was, sources=(*was.sources, carrier), unanswered=unanswered)
        case SourceStruck(carrier=carrier):
            agreed = tuple(one for one in was.agreed if one.carrier != carrier)
            return replace(
                was,
                sources=_without(was.sources, carrier),
                unanswered=_without(was.unanswered, carrier),
                agreed=agreed,
            )
        case IssuerAgreed(carrier=carrier):
            agreed = tuple(one for one in was.agreed if one.carrier != carrier)
            told = Agreed(carrier, fact.authority, fact.number, fact.on)
            return replace(was, unanswered=_without(was.unanswered, carrier), agreed=(*agreed, told))
        case Copied(sources=sources, description=described):
            source = counted_from(was.manner, sources)
            others = tuple(one for one in was.tallies if one.source != source)
            now = Tally(source, described.control_number, was.tally(source).made + 1)
            return replace(was, tallies=(*others, now))
        case CopiesMade():
            done = Session(fact.operator, fact.witness, fact.machine, fact.count, entry.act, entry.happened_at)
            return replace(was, sessions=(*was.sessions, done))
        case CopyingClosed(reason=reason):
            return replace(was, fewer=reason)
        case _:
            return was


def _parties(matter: Matter) -> Iterable[tuple[int, str]]:
    body: Copying = matter.body
    yield body.recipient, "recipient"
    for session in body.sessions:
        yield session.operator, "operator"
        yield session.witness, "witness"


def _route(matter: Matter) -> str:
    body: Copying = matter.body
    return "compilation" if body.manner == "compilation" else "copying"


COPYING = MatterKind(
    key=KEY,
    opened=CopyingOpened,
    body_type=Copying,
    body=_body,
    transitions={
        CopyingOpened: {None: "draft"},
        SourceListed: {"draft": SAME},
        SourceStruck: {"draft": SAME},
        IssuerAgreed: {"draft": SAME},
        # Whether it is approved is asked by rules, which quote their clauses (d.1, d.6) and pass over what is internal.
        Copied: dict.fromkeys(("draft", "asked", "approved", "making"), SAME),
        CopiesMade: dict.fromkeys(("draft", "asked", "approved", "making"), "making"),
        CopyingClosed: {"making": "closed"},
    },
    lines={
        SourceListed: {None: "source", "struck": "source"},
        SourceStruck: {"source": "struck"},
        IssuerAgreed: {"source": "source"},
        Copied: {None: "made"},
    },
    ends=frozenset({"closed"}),
    route="copying",
    routes=("compilation",),
    choose=_route,
    lists_first=True,
    parties=_parties,
)
KINDS: tuple[MatterKind, ...] = (COPYING,)
