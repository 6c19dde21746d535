"""Who discloses, reviews (clause i.2, rule 1): the unit whose piece it is, then the secrecy office; never an author.

What is recorded, without which no step completes: the author's signed statement, each reviewer's result, the changes
as made, and, of an interview in which a secret cannot be avoided, what was stated to the editors.
"""

import re
from collections.abc import Iterable, Mapping

from custody.carrier import CarrierState
from custody.classification import is_day
from custody.clock import day
from custody.entries import Fact
from custody.entries.approvals import Approved, Declined
from custody.entries.disclosure import (
    ChangesConfirmed,
    DisclosureReviewed,
    EditorsTold,
    Published,
    ReviewOpened,
)
from custody.matters.disclosure import REVIEW_KEY, ReviewBody
from custody.procedures import people
from custody.procedures.disposition.handing import missing_text
from custody.rules import Params, Rule, Situation, by_actor, named, signed

WITHOUT_TEXT = frozenset({"interview", "talk"})
"""What may be spoken without a text."""
_HASH = re.compile(r"[0-9a-f]{64}")


def _body(fact: Fact, situation: Situation) -> ReviewBody | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and matter.kind == REVIEW_KEY else None


def _name(person: int, situation: Situation) -> Params:
    known = situation.directory.persons.get(person)
    return named(known) if known else {"person": str(person), "person_en": str(person)}


# What is brought to be reviewed.


def _authorless(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ReviewOpened)
    return None if fact.authors or fact.author_unit is not None else {}


def _author_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ReviewOpened)
    if fact.author_unit is not None and fact.author_unit not in situation.directory.units:
        return {"kind": "unit", "id": fact.author_unit}
    return next(filter(None, (people.unknown(one, situation) for one in fact.authors)), None)


def _not_authors_unit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Who discloses, reviews: the piece is looked at by the unit that it comes from, not by one that is chosen."""
    assert isinstance(fact, ReviewOpened)
    if fact.author_unit is not None:
        fit = fact.unit == fact.author_unit
    else:
        first = situation.directory.persons.get(fact.authors[0]) if fact.authors else None
        fit = first is None or first.unit is None or fact.unit == first.unit
    return None if fit else {}


def _text_unidentified(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """What is reviewed is one text and no other: its hash names it."""
    assert isinstance(fact, ReviewOpened)
    if not fact.text_hash and fact.what in WITHOUT_TEXT:
        return None
    return None if _HASH.fullmatch(fact.text_hash) else {"field": "text_hash"}


def _hash_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ChangesConfirmed | Published)
    return None if not fact.text_hash or _HASH.fullmatch(fact.text_hash) else {"field": "text_hash"}


def _pages_impossible(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ReviewOpened | ChangesConfirmed)
    return None if fact.pages is None or fact.pages >= 1 else {"pages": fact.pages}


def _secret_in_text(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Only an interview may touch what cannot be avoided: nothing is written and published that holds a secret."""
    assert isinstance(fact, ReviewOpened)
    return {} if fact.secrets == "unavoidable" and fact.what != "interview" else None


def _author_signs(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Iterable[int]:
    """The first author answers for the statement; for a unit's own piece whoever brings it."""
    assert isinstance(fact, ReviewOpened)
    return fact.authors[:1]


# The review.


def _reviewer_is_author(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The reviewer is none of the authors: neither who signs, nor in whose stead."""
    body = _body(fact, situation)
    authors = frozenset(body.authors) if body is not None else frozenset()
    for person in (situation.subject.person, getattr(fact, "on_behalf_of", None)):
        if person in authors:
            return _name(person or 0, situation)
    return None


def _result_unsaid(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody passes or stops a piece without saying his result."""
    assert isinstance(fact, Approved | Declined)
    if _body(fact, situation) is None:
        return None
    fitting = ("no",) if isinstance(fact, Declined) else ("pass", "changes")
    said = any(
        isinstance(one, DisclosureReviewed)
        and (one.matter, one.step, one.on_behalf_of) == (fact.matter, fact.step, fact.on_behalf_of)
        and one.result in fitting
        for one in situation.facts
    )
    return None if said else {}


def _answer_unsaid(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A result is the answer to a step, and is entered with it."""
    assert isinstance(fact, DisclosureReviewed)
    answers = [one for one in situation.facts if isinstance(one, Approved | Declined)]
    return None if any((one.matter, one.step) == (fact.matter, fact.step) for one in answers) else {}


def _opinion_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, DisclosureReviewed)
    return None if fact.result == "pass" or fact.opinion.strip() else {"field": "opinion"}


def _no_changes(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {} if body is not None and not body.changes_open else None


def _changed_text_missing(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The changed text is another one: it has a hash of its own."""
    assert isinstance(fact, ChangesConfirmed)
    body = _body(fact, situation)
    if body is None or (body.what in WITHOUT_TEXT and not body.text_hash):
        return None
    return None if fact.text_hash and fact.text_hash != body.text_hash else {"field": "text_hash"}


# What becomes of it.


def _no_secret(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {} if body is not None and body.secrets == "none" else None


def _not_reviewed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Reviewed first: nothing comes out before every result is given."""
    matter = situation.matter(fact)
    approval = None if matter is None else matter.approval
    return None if approval is not None and approval.given and not approval.awaited else {}


def _out_before_review(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Published)
    matter = situation.matter(fact)
    approval = None if matter is None else matter.approval
    if approval is None or not approval.given or not is_day(fact.published_on):
        return None
    reviewed = day(approval.given[-1].at, situation.scheme.timezone)
    return None if fact.published_on >= reviewed else {"day": reviewed}


def _day_impossible(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Published)
    fit = is_day(fact.published_on) and fact.published_on <= situation.day
    return None if fit else {"value": fact.published_on}


def _changes_unconfirmed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {} if body is not None and body.changes_open else None


def _editors_untold(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    return {} if body is not None and body.secrets == "unavoidable" and not body.statement else None


def _other_text(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What came out is what was reviewed."""
    assert isinstance(fact, Published)
    body = _body(fact, situation)
    if body is None or not fact.text_hash or not body.text_hash or fact.text_hash == body.text_hash:
        return None
    return {}


RULES: tuple[Rule, ...] = (
    Rule("i.2", "text_missing", (ReviewOpened,), missing_text("title", "outlet"), "record"),
    Rule("i.2", "authorless", (ReviewOpened,), _authorless, "record"),
    Rule("", "reference_unknown", (ReviewOpened,), _author_unknown),
    Rule("i.2", "not_authors_unit", (ReviewOpened,), _not_authors_unit, "record"),
    Rule("i.2", "text_unidentified", (ReviewOpened,), _text_unidentified, "record"),
    Rule("", "text_unidentified", (ChangesConfirmed, Published), _hash_unclear),
    Rule("", "pages_impossible", (ReviewOpened, ChangesConfirmed), _pages_impossible),
    Rule("i.2", "secret_in_text", (ReviewOpened,), _secret_in_text, "record"),
    signed("i.2", (ReviewOpened,), _author_signs),
    Rule("i.2", "reviewer_is_author", (DisclosureReviewed, ChangesConfirmed), _reviewer_is_author, "record"),
    Rule("i.2", "result_unsaid", (Approved, Declined), _result_unsaid, "record"),
    Rule("i.2", "answer_unsaid", (DisclosureReviewed,), _answer_unsaid, "record"),
    Rule("i.2", "text_missing", (DisclosureReviewed,), _opinion_missing, "record"),
    Rule("", "no_changes", (ChangesConfirmed,), _no_changes),
    Rule("i.2", "changed_text_missing", (ChangesConfirmed,), _changed_text_missing, "record"),
    Rule("", "no_secret_told", (EditorsTold,), _no_secret),
    Rule("i.2", "text_missing", (EditorsTold,), missing_text("to", "statement"), "record"),
    Rule("i.2", "not_reviewed", (Published,), _not_reviewed, "record"),
    Rule("i.2", "out_before_review", (Published,), _out_before_review, "record"),
    Rule("", "date_invalid", (Published,), _day_impossible),
    Rule("", "text_missing", (Published,), missing_text("where")),
    Rule("i.2", "changes_unconfirmed", (Published,), _changes_unconfirmed, "record"),
    Rule("i.2", "editors_untold", (Published,), _editors_untold, "record"),
    Rule("i.2", "other_text", (Published,), _other_text, "record"),
    signed("i.2", (ReviewOpened, DisclosureReviewed, ChangesConfirmed, EditorsTold, Published), by_actor),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "authorless": (),
    "not_authors_unit": (),
    "text_unidentified": ("field",),
    "secret_in_text": (),
    "reviewer_is_author": ("person", "person_en"),
    "result_unsaid": (),
    "answer_unsaid": (),
    "no_changes": (),
    "changed_text_missing": ("field",),
    "no_secret_told": (),
    "not_reviewed": (),
    "out_before_review": ("day",),
    "changes_unconfirmed": (),
    "editors_untold": (),
    "other_text": (),
}
