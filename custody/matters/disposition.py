"""Matters of disposition: transfer, return to the issuer, reclassification, loss."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from custody.entries import Entry
from custody.entries.disposition import (
    ChangeProposed,
    CopyLeftOut,
    DeclassificationProposed,
    Declassified,
    EnquiryNoted,
    IssuerReturnClosed,
    IssuerReturnExplained,
    IssuerReturnListed,
    IssuerReturnOpened,
    LevelChanged,
    LossConcluded,
    LossConfirmed,
    LossFound,
    LossListed,
    LossOpened,
    LossReported,
    ReclassificationClosed,
    ReclassificationOpened,
    ReturnedToIssuer,
    TransferClosed,
    TransferListed,
    TransferOpened,
    Transferred,
    TransferStruck,
)
from custody.matters.model import SAME, Line, MatterKind
from custody.values import Instant, Period, Scope


@dataclass(frozen=True, slots=True)
class TransferBody:
    """To whom and where; the receiver's own receipt at the end."""

    destination: Literal["archives", "unit", "organisation"]
    receiver: str
    place: str
    reason: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class IssuerReturnBody:
    """Whose papers, by which notice, until when; the issuer's receipt at the end."""

    issuer: str
    notice_number: str
    notice_on: str
    due_at: Instant
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class ReclassificationBody:
    """What is decided, on what ground, by whom, from when; the issuer's notice for papers received."""

    purpose: Literal["change", "declassify"]
    basis: str
    determined_by: str
    effective_on: str
    notice_number: str = ""
    notice_on: str = ""


@dataclass(frozen=True, slots=True)
class LossBody:
    """How it was discovered, the report, the enquiry and its end."""

    discovered_at: Instant
    discovered_by: int
    circumstances: str
    last_known: str
    due_at: Instant
    reported_to: str = ""
    report_number: str = ""
    reported_at: Instant | None = None
    measures: tuple[str, ...] = ()
    outcome: str = ""
    result: str = ""
    responsibility: str = ""
    concluded_by: int | None = None


def _transfer_body(body: Any, fact: Any, _entry: Entry) -> Any:
    match fact:
        case TransferOpened():
            return TransferBody(fact.destination, fact.receiver, fact.place, fact.reason)
        case TransferClosed(receipt=receipt):
            return replace(body, receipt=receipt)
        case _:
            return body


def _return_body(body: Any, fact: Any, _entry: Entry) -> Any:
    match fact:
        case IssuerReturnOpened():
            return IssuerReturnBody(fact.issuer, fact.notice_number, fact.notice_on, fact.due_at)
        case IssuerReturnClosed(receipt=receipt):
            return replace(body, receipt=receipt)
        case _:
            return body


def _reclassification_body(body: Any, fact: Any, _entry: Entry) -> Any:
    if isinstance(fact, ReclassificationOpened):
        return ReclassificationBody(
            fact.purpose, fact.basis, fact.determined_by, fact.effective_on, fact.notice_number, fact.notice_on
        )
    return body


def _loss_body(body: Any, fact: Any, entry: Entry) -> Any:
    match fact:
        case LossOpened():
            return LossBody(fact.discovered_at, fact.discovered_by, fact.circumstances, fact.last_known, fact.due_at)
        case LossReported():
            return replace(body, reported_to=fact.to, report_number=fact.number, reported_at=fact.reported_at)
        case EnquiryNoted(measures=measures):
            return replace(body, measures=(*body.measures, measures))
        case LossConcluded():
            return replace(
                body,
                outcome=fact.outcome,
                result=fact.result,
                responsibility=fact.responsibility,
                concluded_by=entry.by,
            )
        case LossFound() if body.outcome:
            # Found while the conclusion waited for the leader: it says something that is no longer so.
            return replace(body, outcome="", concluded_by=None)
        case _:
            return body


def _loss_due(body: LossBody) -> Instant | None:
    return None if body.reported_at is not None or body.outcome else body.due_at


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed for one carrier; it stands in its line's `label`, so that exactly this is carried out.

    `level` is empty for a declassification; `scope` None where it stays as it is.
    """

    level: str = ""
    period: Period | None = None
    scope: Scope | None = None


def proposal_text(proposal: Proposal) -> str:
    """A proposal as canonical JSON."""
    return json.dumps(asdict(proposal), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def proposal_of(label: str) -> Proposal:
    """The proposal of a line. Raises ValueError for a label that is none."""
    said = json.loads(label)
    period = None if said["period"] is None else Period(**said["period"])
    scope = None if said["scope"] is None else Scope(tuple(said["scope"]["principals"]))
    return Proposal(said["level"], period, scope)


def _line(line: Line | None, fact: Any, _entry: Entry) -> Line | None:
    assert line is not None
    match fact:
        case ChangeProposed():
            return replace(line, label=proposal_text(Proposal(fact.level, fact.period, fact.scope)))
        case DeclassificationProposed():
            return replace(line, label=proposal_text(Proposal()))
        case TransferStruck(reason=reason) | IssuerReturnExplained(reason=reason) | CopyLeftOut(reason=reason):
            return replace(line, label=reason)
        case Transferred(received_by=person, received_by_name=name, pages_counted=pages):
            return replace(line, person=person, label=name, pages=pages)
        case ReturnedToIssuer(received_by=person, received_by_name=name, parcel=parcel, pages_counted=pages):
            return replace(line, person=person, label=f"{parcel} {name}".rstrip(), pages=pages)
        case _:
            return line


TRANSFER = MatterKind(
    key="transfer",
    opened=TransferOpened,
    body_type=TransferBody,
    body=_transfer_body,
    transitions={
        TransferOpened: {None: "draft"},
        TransferListed: {"draft": SAME},
        TransferStruck: {"draft": SAME, "asked": SAME, "approved": SAME},
        Transferred: {"approved": SAME},
        TransferClosed: {"approved": "closed"},
    },
    lines={
        TransferListed: {None: "listed", "struck": "listed"},
        TransferStruck: {"listed": "struck"},
        Transferred: {"listed": "transferred"},
    },
    line=_line,
    ends=frozenset({"closed"}),
    binds=True,
    route="transfer",
    lists_first=True,
)

ISSUER_RETURN = MatterKind(
    key="issuer_return",
    opened=IssuerReturnOpened,
    body_type=IssuerReturnBody,
    body=_return_body,
    transitions={
        IssuerReturnOpened: {None: "open"},
        IssuerReturnListed: {"open": SAME},
        IssuerReturnExplained: {"open": SAME},
        ReturnedToIssuer: {"open": SAME},
        IssuerReturnClosed: {"open": "closed"},
    },
    lines={
        IssuerReturnListed: {None: "listed", "explained": "listed"},
        IssuerReturnExplained: {"listed": "explained"},
        ReturnedToIssuer: {"listed": "returned"},
    },
    line=_line,
    ends=frozenset({"closed"}),
    binds=True,
    due=lambda body: body.due_at,
)

RECLASSIFICATION = MatterKind(
    key="reclassification",
    opened=ReclassificationOpened,
    body_type=ReclassificationBody,
    body=_reclassification_body,
    transitions={
        ReclassificationOpened: {None: "draft"},
        ChangeProposed: {"draft": SAME},
        DeclassificationProposed: {"draft": SAME},
        CopyLeftOut: {"draft": SAME, "asked": SAME, "approved": SAME},
        LevelChanged: {"approved": SAME},
        Declassified: {"approved": SAME},
        ReclassificationClosed: {"approved": "closed"},
    },
    lines={
        ChangeProposed: {None: "proposed", "left_out": "proposed", "proposed": "proposed"},
        DeclassificationProposed: {None: "proposed", "left_out": "proposed"},
        CopyLeftOut: {None: "left_out", "proposed": "left_out"},
        LevelChanged: {"proposed": "changed"},
        Declassified: {"proposed": "declassified"},
    },
    line=_line,
    ends=frozenset({"closed"}),
    route="reclassification",
    lists_first=True,
)

LOSS = MatterKind(
    key="loss",
    opened=LossOpened,
    body_type=LossBody,
    body=_loss_body,
    transitions={
        LossOpened: {None: "open"},
        # What is missed after the report is another loss, with a clock of its own.
        LossListed: {"open": SAME},
        LossReported: {"open": "reported"},
        EnquiryNoted: {"open": SAME, "reported": SAME},
        # Not found is concluded only of what was reported: so what is found afterwards was reported too.
        LossFound: {"open": SAME, "reported": SAME, "concluded": "reported"},
        LossConcluded: {"open": "concluded", "reported": "concluded"},
        LossConfirmed: {"concluded": "closed"},
    },
    lines={LossListed: {None: "missing", "found": "missing"}, LossFound: {"missing": "found"}},
    ends=frozenset({"closed"}),
    # What is lost stays in the business that it was lost from, and goes on in it when it is found.
    due=_loss_due,
)

KINDS: tuple[MatterKind, ...] = (TRANSFER, ISSUER_RETURN, RECLASSIFICATION, LOSS)
