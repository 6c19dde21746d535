"""The same story told of other carriers: seen or hidden, and hidden ones that differ between two worlds.

The scenes of the letters tell what happens. A flavour rewrites every fact about a carrier or a matter just before it
is signed and entered: level, unit, scope, numbers, tags and every free word. Nothing else is changed, so that two
worlds have the same acts, at the same times, with the same identifiers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any, get_type_hints

from custody.access import Subject
from custody.entries import CarrierFact, Fact, MatterFact, MatterOpened
from custody.entries.entry import InstructionIssued
from custody.entries.meetings import HandedOut
from custody.rules import Refused
from custody.store.books import Books, Receipt
from custody.values import Description, Scope
from tests.builders import PERSONS, Archive

HIDDEN_UNIT = 4
"""Research: no person who is tested answers for it."""
WORDS = frozenset(
    {
        *("appraisal", "attention", "basis", "brought_by_name", "certificate", "circumstances", "consent", "container"),
        *(
            "delivered_by_name",
            "destination",
            "determined_by",
            "device",
            "document",
            "driver",
            "elsewhere",
            "equipment",
        ),
        *("ground", "how", "information", "issuer", "issuer_number", "last_known", "letter", "machine"),
        *("manifest_number", "measures", "minutes", "name", "note", "notice_number", "operator", "opinion", "origin"),
        *("outlet", "parcel", "purpose", "reason", "receipt", "received_by_name", "receiver", "remark", "seal", "bag"),
        *("responsibility", "result", "sender_name", "signed_by", "statement", "subject", "taken_by_name", "title"),
        *("to", "told", "topic", "unit_name", "locker", "vehicle", "where", "lodging", "lodgings", "body"),
    }
)
"""Fields that hold whatever somebody wrote."""


@cache
def _free(kind: type, name: str) -> bool:
    """Whether a field takes any words, and not one of a few codes."""
    return get_type_hints(kind)[name] in (str, tuple[str, ...])


@dataclass(frozen=True)
class Flavour:
    """How a story is told. `levels`: what each level of the scenes becomes."""

    levels: Mapping[str, str]
    unit: int | None = None
    scope: tuple[str, ...] | None = None
    mark: str = ""
    """Stands behind every word and before every number."""
    tag: str = "0"
    """The ninth digit of every EPC."""

    def fact(self, told: Fact) -> Fact:
        """A fact, told of these carriers."""
        if not isinstance(told, CarrierFact | MatterFact):
            return told
        return self._again(told)  # type: ignore[no-any-return]

    def words(self, text: str) -> str:
        """Words with the mark, once."""
        return text if not text or text.endswith(self.mark) else text + self.mark

    def number(self, text: str) -> str:
        """A control number with the mark, once."""
        return text if not text or not self.mark or text.startswith(self.mark) else f"{self.mark}-{text}"

    def epc(self, text: str) -> str:
        """An EPC of this world."""
        return text[:8] + self.tag + text[9:]

    def _again(self, value: Any) -> Any:
        kind = type(value)
        changed = {}
        for one in fields(value):
            was = getattr(value, one.name)
            now = self._value(value, kind, one.name, was)
            if now != was:
                changed[one.name] = now
        return replace(value, **changed) if changed else value

    def _value(self, value: Any, kind: type, name: str, was: Any) -> Any:
        if isinstance(was, Scope):
            return was if self.scope is None else Scope(self._scope(was.principals))
        if name == "unit" and isinstance(value, MatterOpened | Description):
            return was if self.unit is None else self.unit
        if isinstance(was, str):
            return self._text(kind, name, was)
        if isinstance(was, tuple):
            return tuple(self._several(kind, name, one) for one in was)
        return self._again(was) if is_dataclass(was) and not isinstance(was, type) else was

    def _several(self, kind: type, name: str, one: Any) -> Any:
        if isinstance(one, str):
            return self._text(kind, name, one)
        return self._again(one) if is_dataclass(one) else one

    def _text(self, kind: type, name: str, was: str) -> str:
        if name in ("level", "cleared_for"):
            return self.levels.get(was, was)
        if name in ("control_number", "title_number"):
            return self.number(was)
        if name in ("epc", "epcs"):
            return self.epc(was)
        if name in WORDS and _free(kind, name):
            return self.words(was)
        return was

    def _scope(self, principals: Sequence[str]) -> tuple[str, ...]:
        """Whoever of the scenes' people was meant is named; nobody else is."""
        assert self.scope is not None
        several: list[str] = []
        for one in principals:
            kind, _, number = one.partition(":")
            if one == "all":
                several += self.scope
            elif kind == "unit":
                several += [f"person:{who.id}" for who in PERSONS if who.unit == int(number)]
            else:
                several.append(one)
        return tuple(dict.fromkeys(several))


class ToldBooks:
    """The books, to which every story is told in a flavour."""

    def __init__(self, books: Books, flavour: Flavour) -> None:
        self._books, self._flavour = books, flavour

    def enter(self, subject: Subject, facts: Sequence[Fact], **more: Any) -> Receipt:
        """Enter the facts of this flavour."""
        return self._books.enter(subject, [self._flavour.fact(one) for one in facts], **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)


@dataclass
class ToldArchive(Archive):
    """An archive whose people act on carriers of a flavour."""

    flavour: Flavour = field(default_factory=lambda: Flavour({}))
    entered: list[Receipt] = field(default_factory=list)

    def enter(
        self, by: Subject, facts: Sequence[Fact], act: str, *others: int | str, signed: bool = True, **more: Any
    ) -> Receipt:
        """Signed is what is entered."""
        told = [self.flavour.fact(one) for one in facts]
        if self.flavour.scope is not None:
            # What is for some by name is for no guest.
            told = [one for one in told if not (isinstance(one, HandedOut) and one.person is None)]
        if any(isinstance(one, InstructionIssued) and one.subject == "undertaking" for one in told):
            # A text in force binds both stories, and nobody in them has signed it.
            return Receipt("", 0, 0)
        try:
            receipt = super().enter(by, told, act, *others, signed=signed, **more)
        except Refused as refused:
            # Who answers for a place, and the text in force, are the same in both stories, and entered once.
            if not {one.code for one in refused.refusals} <= {"accepted_already", "instruction_unchanged"}:
                raise
            return Receipt("", 0, 0)
        self.entered.append(receipt)
        return receipt

    def organisation(self, code: str = "PRESS", **changes: Any) -> int:
        """Another body; each story deals with one of its own of that name."""
        with self.books.database.reading() as connection:
            known = {one.code for one in self.books.directory(connection).organisations.values()}
        return super().organisation(f"{code}-{len(known)}" if code in known else code, **changes)


def told(books: Books, flavour: Flavour) -> ToldArchive:
    """The archive of these books in a flavour."""
    archive: Callable[..., ToldArchive] = ToldArchive
    return archive(ToldBooks(books, flavour), flavour=flavour)
