"""What a clause is: one row, dated, in our words, with the means that keep it."""

from dataclasses import dataclass
from typing import Literal

MeansKind = Literal["refuse", "detect", "remind", "record", "prove"]


@dataclass(frozen=True, slots=True)
class Means:
    """One way in which a clause is kept. `as_of`: the clauses it is taken over from; empty: the clause's own.

    `refuse`: the act cannot be entered, and the refusal quotes the clause. `detect`: readers contradict the books
    and a finding opens by itself. `remind`: a deadline passes and a finding escalates until settled. `record`: the
    fact is asked for, signed and kept, and the act does not complete without it. `prove`: a property of the
    product itself, held by a test. `kept`: whether it holds today.
    """

    kind: MeansKind
    what_en: str
    what_zh: str
    kept: bool = False
    as_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule, in our words. `source`: `letter a` or `rule 2` of the regulations' texts, or `practice` of the field.

    `as_of`: clauses whose means this one takes over besides its own. `since` and `until`: ISO dates between which
    the row holds, both inclusive; empty: without limit. A changed rule is a new row; the old one is ended.
    `internal`: holds for internal 内部 carriers too, which are not state secrets.
    """

    id: str
    wording_en: str
    wording_zh: str
    source: str
    means: tuple[Means, ...] = ()
    as_of: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    internal: bool = False


def refuse(en: str, zh: str, *, kept: bool = False) -> Means:
    """The act cannot be entered."""
    return Means("refuse", en, zh, kept)


def detect(en: str, zh: str, *, kept: bool = False) -> Means:
    """A finding opens where radio and books differ."""
    return Means("detect", en, zh, kept)


def remind(en: str, zh: str, *, kept: bool = False) -> Means:
    """A finding opens when a deadline passes."""
    return Means("remind", en, zh, kept)


def record(en: str, zh: str, *, kept: bool = False) -> Means:
    """The act does not complete without the fact."""
    return Means("record", en, zh, kept)


def prove(en: str, zh: str, *, kept: bool = False) -> Means:
    """A test holds the product to it."""
    return Means("prove", en, zh, kept)
