"""What is asked of making copies: approved, from what was approved, as secret as that, registered and signed.

Each check gives None where nothing stands against the fact, else what fills the blanks of the refusal.
"""

import re
from collections.abc import Iterable, Iterator

from custody.access import sees
from custody.approval import valid_until
from custody.clock import day
from custody.effects.copying import COPYABLE
from custody.entries import Fact, Shelved, TagBound
from custody.entries.copying import Copied, CopiesMade, CopyingClosed
from custody.matters.copying import counted_from
from custody.procedures import people
from custody.procedures.copying import inheriting
from custody.procedures.copying.grounds import (
    Carrier,
    body_at,
    known,
    matter_at,
    rank,
    secret,
    sources_of,
    to_copy,
    who,
)
from custody.rules import Params, Situation

SUFFIX = {"copy": "F", "excerpt": "Z"}
"""复, 摘: what follows the source's control number in a copy's."""
_LEAVING = frozenset({"destruction", "transfer", "issuer_return", "dispatch", "provision"})
"""Business after which a carrier is no longer here."""


def not_approved(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    matter = matter_at(fact, situation)
    if matter is None or matter.status in ("approved", "making") or not secret(fact, situation):
        return None
    return {}


def lapsed(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Once begun it is no longer `approved`, and lapses all the same."""
    matter = matter_at(fact, situation)
    until = None if matter is None or matter.status != "making" else valid_until(matter)
    return None if until is None or situation.now < until else {"day": day(until, situation.scheme.timezone)}


def not_as_approved(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """From what was approved, in the manner approved: one source a copy, all of them a compilation."""
    assert isinstance(fact, Copied)
    body = body_at(fact, situation)
    if body is None:
        return None
    whole = body.manner == "compilation"
    given = set(fact.sources)
    right = given == set(body.sources) if whole else len(given) == 1 and given <= set(body.sources)
    plain = len(given) == len(fact.sources) and fact.manner == body.manner
    seen = all(
        one in situation.states and sees(situation.subject, situation.states[one], situation.scheme) for one in given
    )
    return None if right and plain and seen else {}


def beyond_approved(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Never a copy more than were approved."""
    assert isinstance(fact, Copied)
    body = body_at(fact, situation)
    if body is None or body.tally(counted_from(body.manner, fact.sources)).made < body.copies:
        return None
    return {"count": body.copies}


def source_away(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nothing is copied that is not there."""
    for source in to_copy(carrier, fact, situation):
        if source.status not in COPYABLE:
            return {"number": source.description.control_number, "status": source.status.value}
    return None


def source_leaving(carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nor what is about to be destroyed or to leave the house."""
    for source in to_copy(carrier, fact, situation):
        bound = situation.matters.get(source.matter or 0)
        if bound is not None and not bound.ended and bound.kind in _LEAVING:
            return {"number": bound.number, "matter": bound.kind}
    return None


def above_matter(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """The paper about it bears its level; a higher one than its sources' is applied for as such."""
    assert isinstance(fact, Copied)
    matter, level = matter_at(fact, situation), fact.description.level
    if matter is None or rank(level, situation) <= rank(matter.level, situation):
        return None
    return {"level": level, "rating": matter.level}


def level_lowered(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """No lower than the highest of its sources."""
    assert isinstance(fact, Copied)
    top = inheriting.highest((one.description for one in sources_of(fact, situation)), situation.scheme)
    level = fact.description.level
    if not known(level, situation) or rank(level, situation) >= rank(top, situation):
        return None
    return {"level": level, "rating": top}


def period_shortened(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Ending before none of its sources'."""
    assert isinstance(fact, Copied)
    for source in sources_of(fact, situation):
        if inheriting.shorter(fact.description, source.description, situation.scheme):
            return {"number": source.description.control_number}
    return None


def scope_widened(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Nobody whom the scope of one of its sources does not mean."""
    assert isinstance(fact, Copied)
    for source in sources_of(fact, situation):
        principal = inheriting.widened(fact.description, source.description, situation.scheme, situation.directory)
        if principal is not None:
            return {"number": source.description.control_number}
    return None


# Registered and treated as the original (clause d.4).


def not_numbered(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """`<number>-F1` for copies, `<number>-Z1` for excerpts, copy k of those approved; a compilation has its own."""
    assert isinstance(fact, Copied)
    body, described = body_at(fact, situation), fact.description
    sources = sources_of(fact, situation)
    if body is None or not sources:
        return None
    tally = body.tally(counted_from(body.manner, fact.sources))
    number = tally.number or next_number(body.manner, sources[0].description.control_number, described.control_number)
    right = (described.control_number, described.copy_number, described.copies)
    wanted = (number, tally.made + 1, body.copies)
    return None if right == wanted else {"number": number, "copy": tally.made + 1, "copies": body.copies}


def next_number(manner: str, source: str, given: str) -> str:
    """The control number as given, where it is built as it must be; else the first that would be right."""
    suffix = SUFFIX.get(manner)
    if suffix is None or re.fullmatch(re.escape(source) + f"-{suffix}[1-9][0-9]*", given):
        return given
    return f"{source}-{suffix}1"


def not_as_source(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A copy stays its issuer's and its unit's; what comes of a coded telegram stays one."""
    assert isinstance(fact, Copied)
    sources = sources_of(fact, situation)
    if any(one.description.kind == "telegram" for one in sources) and fact.description.kind != "telegram":
        return {"field": "kind"}
    kept = {"copy": ("title", "issuer", "issuer_number", "unit"), "excerpt": ("issuer", "issuer_number", "unit")}
    for name in kept.get(fact.manner, ()):
        if any(getattr(one.description, name) != getattr(fact.description, name) for one in sources):
            return {"field": name}
    return None


def registered_in_part(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """A copy is tagged, has its home, and who made it is told, all in one act."""
    assert isinstance(fact, Copied)
    for field, kind in (("tag", TagBound), ("home", Shelved)):
        if not any(isinstance(one, kind) and one.carrier == fact.carrier for one in situation.facts):
            return {"field": field}
    told = any(isinstance(one, CopiesMade) and one.matter == fact.matter for one in situation.facts)
    return None if told else {"field": "copier"}


def _hands(fact: CopiesMade) -> tuple[int, int]:
    return fact.operator, fact.witness


def hand_unknown(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopiesMade)
    return next((found for one in _hands(fact) if (found := people.unknown(one, situation))), None)


def hand_left(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopiesMade)
    return next((found for one in _hands(fact) if (found := people.left(one, situation))), None)


def hand_not_cleared(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Who copies, and who watches, sees what is copied."""
    assert isinstance(fact, CopiesMade)
    matter = matter_at(fact, situation)
    if matter is None:
        return None
    return next((found for one in _hands(fact) if (found := people.not_cleared(one, matter.level, situation))), None)


def one_hand(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopiesMade)
    return who(fact.operator, situation) if fact.operator == fact.witness else None


def hands_sign(_carrier: Carrier, fact: Fact, situation: Situation) -> Iterator[int]:
    """Who enters it, who copied, who watched; nobody of that name is refused by its own rule."""
    assert isinstance(fact, CopiesMade)
    yield situation.subject.person
    yield from (one for one in _hands(fact) if one in situation.directory.persons)


def took_part(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """Whoever approved it neither makes the copies, nor watches, nor enters them."""
    assert isinstance(fact, CopiesMade)
    matter = matter_at(fact, situation)
    if matter is None or matter.approval is None:
        return None
    approved: Iterable[int | None] = (p for one in matter.approval.given for p in (one.person, one.on_behalf_of))
    both = {*_hands(fact), situation.subject.person} & set(approved)
    return who(min(both), situation) if both else None


def miscounted(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    """As many as were registered in this very act, and one at least."""
    assert isinstance(fact, CopiesMade)
    made = sum(isinstance(one, Copied) and one.matter == fact.matter for one in situation.facts)
    return None if fact.count == made > 0 else {"count": fact.count, "counted": made}


def total_differs(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopyingClosed)
    matter = matter_at(fact, situation)
    made = matter.count("made") if matter else fact.made
    return None if fact.made == made else {"count": fact.made, "counted": made}


def fewer_unexplained(_carrier: Carrier, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, CopyingClosed)
    body = body_at(fact, situation)
    if body is None or fact.made >= body.approved or fact.reason.strip():
        return None
    return {"field": "reason"}
