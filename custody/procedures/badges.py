"""Badges: the card by which a person is known at the desk (clause c.5: borrowing needs a valid identity).

A card is copied more easily than a password is guessed: a badge confirms the borrower of a loan where the scheme says
so, and no other act. And nobody is given a badge behind his back: who bears it signs for it, so that a clerk alone
cannot make a card stand for somebody else.
"""

import re
from collections.abc import Iterable, Mapping

from custody.access import Permission, may
from custody.entries import Fact, TagBound
from custody.entries.badges import BadgeGiven, BadgeWithdrawn
from custody.procedures import people
from custody.register import CarrierState
from custody.rules import Needed, Params, Rule, Situation, named, signed

UID = re.compile(r"(?:[0-9A-F]{2}){4}|(?:[0-9A-F]{2}){7,8}|(?:[0-9A-F]{2}){10}")
"""What a card says of itself: ISO 14443 4, 7 or 10 bytes, ISO 15693 8 bytes."""
REASONS = ("lost", "returned", "replaced")
"""Why a badge is withdrawn."""


def _uid_malformed(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, BadgeGiven)
    return None if UID.fullmatch(fact.uid) else {"uid": fact.uid}


def _nobody(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BadgeGiven | BadgeWithdrawn)
    return people.unknown(fact.person, situation)


def _left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BadgeGiven)
    return people.left(fact.person, situation)


def _badge_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A card stands for one person at a time."""
    assert isinstance(fact, BadgeGiven)
    badge = situation.directory.badges.get(fact.uid)
    if badge is None or not badge.valid:
        return None
    holder = situation.directory.persons.get(badge.person)
    return named(holder) if holder else {"person": str(badge.person), "person_en": str(badge.person)}


def _is_a_tag(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is or was a carrier's label names that carrier for ever; which one, is not told."""
    assert isinstance(fact, BadgeGiven)
    return {"uid": fact.uid} if fact.uid in situation.epcs_known else None


def _is_a_badge(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """And what is a person's badge is no carrier's label."""
    assert isinstance(fact, TagBound)
    badge = situation.directory.badges.get(fact.tag.epc)
    return {"uid": fact.tag.epc} if badge is not None and badge.valid else None


def _bearer(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, BadgeGiven)
    return (fact.person,) if fact.person in situation.directory.persons else ()


def _not_this_badge(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, BadgeWithdrawn)
    badge = situation.directory.badges.get(fact.uid)
    good = badge is not None and badge.valid and badge.person == fact.person
    return None if good else {"uid": fact.uid}


def _reason_unknown(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, BadgeWithdrawn)
    return None if fact.reason in REASONS else {"field": "reason"}


def _anothers(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One's own; the registry and the secrecy office anybody's."""
    assert isinstance(fact, BadgeWithdrawn)
    subject = situation.subject
    if fact.person == subject.person or may(subject, Permission.LEND) or may(subject, Permission.HEAD_ENQUIRIES):
        return None
    return {"act": fact.kind}


RULES: tuple[Rule, ...] = (
    Rule("", "badge_malformed", (BadgeGiven,), _uid_malformed),
    Rule("", "reference_unknown", (BadgeGiven, BadgeWithdrawn), _nobody),
    Rule("", "badge_of_leaver", (BadgeGiven,), _left),
    Rule("c.5", "badge_taken", (BadgeGiven,), _badge_taken),
    Rule("", "badge_is_a_tag", (BadgeGiven,), _is_a_tag),
    Rule("", "tag_is_a_badge", (TagBound,), _is_a_badge),
    signed("c.5", (BadgeGiven,), _bearer),
    Rule("", "not_own", (BadgeWithdrawn,), _anothers),
    Rule("", "badge_not_given", (BadgeWithdrawn,), _not_this_badge),
    Rule("", "text_missing", (BadgeWithdrawn,), _reason_unknown),
)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    BadgeGiven: Permission.LEND,
    BadgeWithdrawn: Permission.TAKE_PART,
}
ACTS: Mapping[str, str] = {
    "badge": "SK",  # 授卡
    "badge_withdrawal": "XK",  # 销卡
}
"""Kind of act -> the letters of its number."""
CODES: Mapping[str, tuple[str, ...]] = {
    "badge_malformed": ("uid",),
    "badge_of_leaver": ("person", "person_en", "day"),
    "badge_taken": ("person", "person_en"),
    "badge_is_a_tag": ("uid",),
    "tag_is_a_badge": ("uid",),
    "badge_not_given": ("uid",),
}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset()
