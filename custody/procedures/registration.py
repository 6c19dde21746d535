"""Coming into the register, and tags: one carrier, one number, one copy, one EPC."""

import re
from collections.abc import Collection, Iterable, Mapping

from custody.access import INSTALLATION
from custody.entries import (
    COMING,
    Fact,
    TagBound,
    TagReadable,
    TagRetired,
    TagUnreadable,
    coming_description,
)
from custody.register import CarrierState, Directory
from custody.rules import Params, Rule, Situation, signed

EPC = re.compile(r"(?:[0-9A-F]{4}){2,31}|[0-9A-F]{14}")
"""Whole 16-bit words in upper-case hexadecimal, 32 to 496 bits; or the 7 bytes of an HF label (ISO 14443)."""
_TID = re.compile(r"(?:[0-9A-F]{2}){4,64}")
COUNT_MAX = 2**31 - 1
"""Copies and pages are kept as 32-bit integers."""
_POST_CLASSES = frozenset({"core", "important", "general"})


def _text_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    described = coming_description(fact)
    for field in ("control_number", "title"):
        if not getattr(described, field).strip():
            return {"field": field}
    return None


def _copy_impossible(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    described = coming_description(fact)
    if 1 <= described.copy_number <= described.copies <= COUNT_MAX:
        return None
    return {"copy": described.copy_number, "copies": described.copies}


def _number_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    described = coming_description(fact)
    if (described.control_number, described.copy_number) not in situation.numbers_taken:
        return None
    return {"number": described.control_number, "copy": described.copy_number}


def _unit_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    unit = coming_description(fact).unit
    return None if unit in situation.directory.units else {"kind": "unit", "id": unit}


def _pages_impossible(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    pages = coming_description(fact).pages
    return None if pages is None or 1 <= pages <= COUNT_MAX else {"pages": pages}


def principal_unknown(principal: str, directory: Directory) -> bool:
    """Whether a principal of a scope names nobody in the directory: it would silently mean nobody."""
    kind, _, name = principal.partition(":")
    if principal == "all" or (kind == "post" and name in _POST_CLASSES):
        return False
    directories: Mapping[str, Collection[int]] = {
        "unit": directory.units,
        "person": directory.persons,
        "organisation": directory.organisations,
    }
    known = directories.get(kind, ())
    return not name.isascii() or not name.isdecimal() or str(int(name)) != name or int(name) not in known


def _scope_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A scope names only who is in the directory."""
    principals = coming_description(fact).scope.principals
    unknown = [one for one in principals if principal_unknown(one, situation.directory)]
    return {"principal": unknown[0]} if unknown else None


def _beyond_own_sight(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody registers what he may not see afterwards."""
    subject, described = situation.subject, coming_description(fact)
    rank = next((level.rank for level in situation.scheme.levels if level.code == described.level), None)
    if subject == INSTALLATION or rank is None:
        return None
    within = subject.reach is None or described.unit in subject.reach
    named = not subject.principals.isdisjoint(described.scope.principals)
    return None if rank <= subject.clearance_rank and (within or named) else {"level": described.level}


def _epc_malformed(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, TagBound)
    return None if EPC.fullmatch(fact.tag.epc) else {"epc": fact.tag.epc}


def _tid_malformed(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, TagBound)
    tid = fact.tag.tid
    return None if tid is None or _TID.fullmatch(tid) else {"tid": tid}


def _epc_known(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Bound or taken off, here or elsewhere: an EPC names one carrier for ever."""
    assert isinstance(fact, TagBound)
    return {"epc": fact.tag.epc} if fact.tag.epc in situation.epcs_known else None


def _number_spoiled(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A label that was given up may turn up all the same: its number is never used."""
    assert isinstance(fact, TagBound)
    taken = situation.tag_numbers.get(fact.tag.epc)
    return {"epc": fact.tag.epc} if taken is not None and taken.state == "spoiled" else None


def _number_reserved(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A label made for one carrier, with its number printed on it, goes on no other."""
    assert isinstance(fact, TagBound)
    taken = situation.tag_numbers.get(fact.tag.epc)
    if taken is None or taken.carrier in (None, fact.carrier):
        return None
    return {"epc": fact.tag.epc}


def _tag_not_bound(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, TagRetired | TagUnreadable | TagReadable)
    bound = carrier is not None and any(tag.epc == fact.epc for tag in carrier.tags)
    return None if bound else {"epc": fact.epc}


def _silent_already(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, TagUnreadable)
    return {"epc": fact.epc} if carrier is not None and fact.epc in carrier.unreadable else None


def _not_silent(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, TagReadable)
    return None if carrier is not None and fact.epc in carrier.unreadable else {"epc": fact.epc}


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, TagRetired | TagUnreadable)
    return None if fact.reason.strip() else {"field": "reason"}


def _by_level(carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Iterable[int]:
    """The acting person, from the rank up that the scheme names: whoever silences a tag answers for it."""
    if carrier is None:
        return ()
    rank = situation.scheme.rank(carrier.description.level)
    return (situation.subject.person,) if rank >= situation.scheme.number("tag_signed_from_rank") else ()


RULES = (
    Rule("", "text_missing", COMING, _text_missing),
    Rule("", "copy_impossible", COMING, _copy_impossible),
    Rule("", "number_taken", COMING, _number_taken),
    Rule("", "reference_unknown", COMING, _unit_unknown),
    Rule("", "pages_impossible", COMING, _pages_impossible),
    Rule("", "scope_unclear", COMING, _scope_unclear),
    Rule("", "beyond_own_sight", COMING, _beyond_own_sight),
    Rule("", "epc_malformed", (TagBound,), _epc_malformed),
    Rule("", "tid_malformed", (TagBound,), _tid_malformed),
    Rule("", "epc_known", (TagBound,), _epc_known),
    Rule("", "number_spoiled", (TagBound,), _number_spoiled),
    Rule("", "number_reserved", (TagBound,), _number_reserved),
    Rule("", "tag_not_bound", (TagRetired, TagUnreadable, TagReadable), _tag_not_bound),
    Rule("", "tag_silent_already", (TagUnreadable,), _silent_already),
    Rule("", "tag_not_silent", (TagReadable,), _not_silent),
    Rule("", "text_missing", (TagRetired, TagUnreadable), _reason_missing),
    signed("", (TagRetired, TagUnreadable), _by_level, "refuse"),
)
