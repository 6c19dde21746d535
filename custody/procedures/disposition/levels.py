"""Level and period change by decision of the determining authority alone (clause a.5, promise: never one person).

What a new description must obey, a changed one obeys too; what the place or the holder may not keep or know at the
new level stands against the change. The copies of a title change together, or it is said why not.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from custody.carrier import CarrierState
from custody.classification import is_day, secret_until
from custody.effects.disposition import changed
from custody.entries import Fact, Imported
from custody.entries.approvals import ApprovalAsked
from custody.entries.disposition import (
    ChangeProposed,
    CopyLeftOut,
    DeclassificationProposed,
    Declassified,
    LevelChanged,
    ReclassificationClosed,
    ReclassificationOpened,
    Reviewed,
)
from custody.matters import KINDS
from custody.matters.disposition import Proposal, ReclassificationBody, proposal_text
from custody.procedures import classifying, people, registration
from custody.procedures.disposition.handing import missing_text, no_day
from custody.rules import Params, Rule, Situation, by_actor, signed

_NEW = (ChangeProposed, LevelChanged)
_PROPOSED = (ChangeProposed, DeclassificationProposed)
_DONE = (LevelChanged, Declassified)


def _of_the_new(rule: Rule) -> Rule:
    """The rule of a first description, asked of the changed one."""

    def check(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        assert isinstance(fact, ChangeProposed | LevelChanged)
        if carrier is None:
            return None
        on = fact.effective_on if isinstance(fact, LevelChanged) else situation.day
        return rule.check(None, Imported(fact.carrier, changed(carrier.description, fact, on)), situation)

    return Rule(rule.clause, rule.code, _NEW, check, rule.means)


_DESCRIBED = ("level_unknown", "period_missing", "period_beyond_maximum", "period_unclear", "period_on_internal")


def _inherited() -> tuple[Rule, ...]:
    known = (*classifying.RULES, *registration.RULES)
    wanted = {*_DESCRIBED, "scope_unclear"}
    return tuple(_of_the_new(rule) for rule in known if rule.code in wanted and Imported in rule.facts)


def _rank(level: str, situation: Situation) -> int:
    return next((one.rank for one in situation.scheme.levels if one.code == level), 0)


def _body(fact: Fact, situation: Situation) -> ReclassificationBody | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, ReclassificationBody) else None


def _other_purpose(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    body = _body(fact, situation)
    wanted = "change" if isinstance(fact, ChangeProposed) else "declassify"
    return None if body is None or body.purpose == wanted else {"purpose": body.purpose}


def _nothing_changes(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    if carrier is None:
        return None
    if isinstance(fact, DeclassificationProposed):
        return None if _rank(carrier.description.level, situation) > 0 else {}
    assert isinstance(fact, ChangeProposed)
    was = carrier.description
    same = (fact.level, fact.period, fact.scope or was.scope) == (was.level, was.period, was.scope)
    return {} if same else None


def _period_over(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What would be no secret any more from the first day is declassified, not changed."""
    assert isinstance(fact, ChangeProposed | LevelChanged)
    if carrier is None:
        return None
    on = fact.effective_on if isinstance(fact, LevelChanged) else situation.day
    ends = secret_until(changed(carrier.description, fact, on), situation.scheme)
    return {"ends": ends} if ends and ends < situation.day else None


def _notice_missing(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The level of a paper received is its issuer's: it changes by the issuer's notice."""
    body = _body(fact, situation)
    if carrier is None or body is None or not carrier.description.issuer.strip():
        return None
    if body.notice_number.strip() and is_day(body.notice_on):
        return None
    return {"issuer": carrier.description.issuer}


def _beyond_own_sight(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ChangeProposed | LevelChanged)
    return None if _rank(fact.level, situation) <= situation.subject.clearance_rank else {"level": fact.level}


def _above_matter(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The paper about the change, and the matter it is in besides, bear the new level too."""
    assert isinstance(fact, ChangeProposed | LevelChanged)
    for matter in (situation.matter(fact), situation.matters.get(carrier.matter or 0) if carrier else None):
        if matter is not None and not matter.ended and _rank(fact.level, situation) > _rank(matter.level, situation):
            return {"level": fact.level, "rating": matter.level}
    return None


def _other_than_approved(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Carried out is exactly what was approved: of this carrier, on this ground, from this day."""
    line, body = situation.line(fact), _body(fact, situation)
    if line is None or body is None:
        return {}
    assert isinstance(fact, LevelChanged | Declassified)
    done = Proposal(fact.level, fact.period, fact.scope) if isinstance(fact, LevelChanged) else Proposal()
    ground = (fact.basis, fact.determined_by, fact.effective_on)
    approved = (body.basis, body.determined_by, body.effective_on)
    return None if proposal_text(done) == line.label and ground == approved else {}


def _not_yet(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LevelChanged | Declassified)
    return {"day": fact.effective_on} if fact.effective_on > situation.day else None


def _place_too_low(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """It is moved first, and raised then."""
    assert isinstance(fact, LevelChanged)
    place = None if carrier is None else situation.directory.places.get(carrier.place or 0)
    if place is None:
        return None
    rating = situation.directory.rating(place.id)
    if rating is not None and _rank(fact.level, situation) <= _rank(rating, situation):
        return None
    return {"place": place.code, "rating": rating or "", "level": fact.level}


def _holder_not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A holder who may not know it at the new level gives it back first."""
    assert isinstance(fact, LevelChanged)
    if carrier is None or carrier.holder is None or fact.level not in {one.code for one in situation.scheme.levels}:
        return None
    return people.not_cleared(carrier.holder, fact.level, situation)


def _holder_outside(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A scope that is narrowed, or that binds from now on, must name the holder."""
    assert isinstance(fact, LevelChanged)
    if carrier is None or carrier.holder is None or _rank(fact.level, situation) == 0:
        return None
    if fact.scope is None and _rank(carrier.description.level, situation) > 0:
        return None
    narrowed = CarrierState(carrier.id, changed(carrier.description, fact), carrier.origin, carrier.status)
    return people.outside_scope(carrier.holder, narrowed, situation)


def _copies_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Every copy of a title that is still held is on the list, or left out with the reason."""
    matter = situation.matter(fact)
    if matter is None or KINDS[matter.kind].key != "reclassification":
        return None
    left = [
        (number, copy)
        for number, copies in situation.copies.items()
        for copy in copies
        if (matter.id, copy) not in situation.lines
    ]
    return {"number": left[0][0], "count": len(left)} if left else None


def _unfinished(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    left = matter.count("proposed") if matter else 0
    return {"count": left} if left else None


def _review_not_due(carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Params | None:
    """A review is of a period that ends within the days of warning; one that is over ends otherwise."""
    if carrier is None:
        return None
    ends = secret_until(carrier.description, situation.scheme)
    warned = date.fromisoformat(situation.day) + timedelta(days=situation.scheme.number("review_warning_days"))
    return None if situation.day <= ends <= warned.isoformat() else {"ends": ends or "—"}


RULES = (
    Rule("a.5", "text_missing", (ReclassificationOpened,), missing_text("basis", "determined_by", "effective_on")),
    Rule("", "date_invalid", (ReclassificationOpened,), no_day("effective_on", "notice_on")),
    Rule("", "change_purpose", _PROPOSED, _other_purpose),
    Rule("", "nothing_changes", _PROPOSED, _nothing_changes),
    Rule("a.5", "notice_missing", _PROPOSED, _notice_missing),
    *_inherited(),
    Rule("", "period_over", _NEW, _period_over),
    Rule("", "beyond_own_sight", _NEW, _beyond_own_sight),
    Rule("", "above_matter_level", _NEW, _above_matter),
    Rule("", "text_missing", (CopyLeftOut, Reviewed), missing_text("reason")),
    Rule("a.5", "copies_left", (ApprovalAsked,), _copies_left),
    Rule("a.5", "other_than_approved", _DONE, _other_than_approved),
    Rule("a.5", "not_yet_effective", _DONE, _not_yet),
    Rule("f.2", "rated_too_low", (LevelChanged,), _place_too_low),
    Rule("c.1", "not_cleared", (LevelChanged,), _holder_not_cleared),
    Rule("c.1", "outside_scope", (LevelChanged,), _holder_outside),
    Rule("", "list_open", (ReclassificationClosed,), _unfinished),
    Rule("", "review_not_due", (Reviewed,), _review_not_due),
    signed("a.5", (ReclassificationOpened, *_PROPOSED, CopyLeftOut, *_DONE, Reviewed), by_actor, "refuse"),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "change_purpose": ("purpose",),
    "nothing_changes": (),
    "period_over": ("ends",),
    "notice_missing": ("issuer",),
    "copies_left": ("number", "count"),
    "other_than_approved": (),
    "not_yet_effective": ("day",),
    "review_not_due": ("ends",),
}
