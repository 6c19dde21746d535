"""Transfer, return to the issuer, change of level, declassification, loss: what the facts do to a carrier."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from custody.carrier import HELD, CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.disposition import (
    ArchivingDue,
    ChangeProposed,
    CopyLeftOut,
    DeclassificationProposed,
    Declassified,
    IssuerReturnExplained,
    IssuerReturnListed,
    LevelChanged,
    LossFound,
    LossListed,
    Reissued,
    ReturnedToIssuer,
    Reviewed,
    TransferListed,
    Transferred,
    TransferStruck,
)
from custody.values import Description

_KEPT: Mapping[Status | None, Status] = {status: status for status in HELD}
_ANY: Mapping[Status | None, Status] = {status: status for status in Status}

TRANSITIONS: Transitions = {
    ArchivingDue: _KEPT,
    TransferListed: {Status.IN_PLACE: Status.IN_PLACE},
    TransferStruck: _ANY,
    Transferred: {Status.IN_PLACE: Status.TRANSFERRED},
    # A notice may call back what is on loan, lost or destroyed long since: it is listed, and explained.
    IssuerReturnListed: {status: status for status in Status if status is not Status.RETURNED_TO_ISSUER},
    IssuerReturnExplained: _ANY,
    ReturnedToIssuer: {Status.IN_PLACE: Status.RETURNED_TO_ISSUER},
    Reissued: {Status.IN_PLACE: Status.IN_PLACE},
    ChangeProposed: _KEPT,
    DeclassificationProposed: _KEPT,
    CopyLeftOut: _ANY,
    LevelChanged: _KEPT,
    Declassified: dict.fromkeys((Status.IN_PLACE, Status.ON_LOAN), Status.DECLASSIFIED),
    Reviewed: _KEPT,
    LossListed: {Status.DECLARED_LOST: Status.DECLARED_LOST},
    LossFound: _KEPT,
}


def changed(description: Description, fact: ChangeProposed | LevelChanged, on: str = "") -> Description:
    """The description after a change of level, period and scope.

    The period goes on from the day from which it was counted; where that is not known, it counts from the day `on`
    which the change takes effect.
    """
    return replace(
        description,
        level=fact.level,
        period=fact.period,
        scope=description.scope if fact.scope is None else fact.scope,
        classified_on=description.classified_on or on,
    )


def _same(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return state


def _bound(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=fact.matter)


def _released(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=None) if state.matter == fact.matter else state


def _gone(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, home=None, place=None, holder=None, due_at=None, queue=())


def _due(state: CarrierState, fact: ArchivingDue, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, description=replace(state.description, archive_by=fact.archive_by))


def _changed(state: CarrierState, fact: LevelChanged, _entry: Entry, _status: Status) -> CarrierState:
    described = changed(state.description, fact, fact.effective_on)
    return replace(state, description=replace(described, basis=fact.basis, determined_by=fact.determined_by))


STEPS: Mapping[type[CarrierFact], Step] = {
    ArchivingDue: _due,
    TransferListed: _bound,
    TransferStruck: _released,
    Transferred: _gone,
    IssuerReturnListed: _bound,
    IssuerReturnExplained: _released,
    ReturnedToIssuer: _gone,
    Reissued: _same,
    ChangeProposed: _same,
    DeclassificationProposed: _same,
    CopyLeftOut: _same,
    LevelChanged: _changed,
    Declassified: _gone,
    Reviewed: _same,
    LossListed: _same,
    LossFound: _same,
}
