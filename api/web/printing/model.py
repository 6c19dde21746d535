"""What a builder of a paper has before it: the act as far as the visitor may see it, and words for everything in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.forms import Mark, SignBox, highest
from api.locale import Value as Blank
from api.locale import known
from api.locale.values import level_name, period_words
from api.web import words
from api.web.visit import Visit
from custody import clock
from custody.entries import Entry, Signature, matter_of
from custody.matters import Line as MatterLine
from custody.matters import Matter
from custody.register import Directory
from custody.store.queries import CarrierItem
from custody.values import Instant, Period, Person, Place, Tag, Unit

HASH_DIGITS = 8
"""Digits of a signature's hash that stand in its box: enough to find it by."""


@dataclass(frozen=True, slots=True)
class Line:
    """One carrier and what the act did to it; `item` is None for what is about no carrier."""

    item: CarrierItem | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """An act to be printed: the lines that the visitor sees, one part of them where there are many.

    Everything it gives is a text in the visitor's language, or a value of `api.forms`.
    """

    visit: Visit
    number: str
    kind: str
    """Kind of act, a key of `custody.store.acts.ACTS`."""
    directory: Directory
    lines: tuple[Line, ...]
    part: int = 1
    parts: int = 1
    first_line: int = 1
    """Number of the first line of this part."""
    titles: bool = False
    """Whether titles stand on slips too (configuration); on lists they always do."""
    matters: Mapping[int, Matter] = field(default_factory=dict)
    """The matters that the entries belong to, as far as the visitor sees them, as they stand now."""
    matter_lines: tuple[tuple[MatterLine, CarrierItem], ...] = ()
    """Lines of the matter as they stand now, with carriers that the visitor sees, where the paper names them."""

    @property
    def matter(self) -> Matter | None:
        """The matter of the act; None where it has none, or none that is seen."""
        named = next((found for entry in self.entries if (found := matter_of(entry.fact)) is not None), 0)
        return self.matters.get(named)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of all lines, in order; there is one at least."""
        return tuple(sorted((entry for line in self.lines for entry in line.entries), key=lambda one: one.sequence))

    @property
    def items(self) -> Mapping[int, CarrierItem]:
        """The carriers by their identifiers."""
        return {line.item.id: line.item for line in self.lines if line.item is not None}

    def t(self, key: str, /, **params: Blank) -> str:
        """A text of the catalogue."""
        return self.visit.t(key, **params)

    def known(self, key: str) -> bool:
        """Whether the catalogue has a text."""
        return known(key)

    def day(self, at: Instant | str | None) -> str:
        """A day with its year."""
        if at is None or at == "":
            return ""
        text = at if isinstance(at, str) else clock.day(at, self.visit.services.scheme.timezone)
        return words.iso_day(text, self.visit.language)

    def time_of(self, at: Instant) -> str:
        """The time of day with its seconds."""
        return words.clock_time(at, self.visit.services.scheme.timezone, seconds=True)

    def moment(self, at: Instant) -> str:
        """Day and time."""
        return f"{self.day(at)} {words.clock_time(at, self.visit.services.scheme.timezone)}"

    def name(self, thing: Person | Unit | Place) -> str:
        """The name in the visitor's language, where it has one."""
        return thing.name_en if self.visit.language == "en" and thing.name_en else thing.name

    def person(self, identifier: int | None) -> str:
        """A person's name; the installation for 0, nothing for none."""
        if identifier is None:
            return ""
        found = self.directory.persons.get(identifier)
        return self.name(found) if found else self.t("ledger.installation") if identifier == 0 else f"#{identifier}"

    def unit(self, identifier: int | None) -> str:
        """A unit's name; nothing for none."""
        found = self.directory.units.get(identifier or 0)
        return self.name(found) if found else ""

    def place(self, identifier: int | None) -> str:
        """A place's code; nothing for none."""
        found = self.directory.places.get(identifier or 0)
        return found.code if found else ""

    def level(self, code: str) -> str:
        """A level's name."""
        return level_name(self.visit.services.scheme, code, self.visit.language)

    def mark_of(self, level: str, period: Period | None) -> Mark:
        """A level mark as on the paper."""
        name = self.level(level)
        after = period_words(self.visit.services.scheme, level, period, self.visit.language)
        name = name if self.visit.language == "zh" else name.upper()
        return Mark(level, period, f"{name}★{after}" if after else name)

    def mark(self, item: CarrierItem) -> Mark:
        """A carrier's level mark."""
        return self.mark_of(item.level, item.period)

    def highest(self, *more: Mark) -> Mark | None:
        """The highest level of all that is listed, and of these marks besides."""
        ranks = {level.code: level.rank for level in self.visit.services.scheme.levels}
        return highest((*(self.mark(item) for item in self.items.values()), *more), ranks)

    def number_of(self, item: CarrierItem) -> str:
        """A carrier's control number."""
        return item.control_number

    def copy_of(self, item: CarrierItem) -> str:
        """Copy n of m."""
        return f"{item.copy_number} / {item.copies}"

    def title(self, item: CarrierItem) -> str:
        """A carrier's title; that it is hidden where this device hides titles."""
        return self.t("titles.hidden") if self.visit.titles_hidden else item.title

    def signatures(self) -> tuple[Signature, ...]:
        """The electronic signatures under this act, each once, in the order of signing."""
        found = {signature: None for entry in self.entries for signature in entry.signatures}
        return tuple(sorted(found, key=lambda one: (one.at, one.person)))

    def signature(self, label: str, person: int | None) -> SignBox:
        """A person's box: the last electronic signature under this act, or empty, to be signed by hand."""
        for one in reversed(self.signatures()):
            if one.person == person:
                return self._signed(label, one)
        return SignBox(label)

    def other_signatures(self, label: str, *persons: int | None) -> tuple[SignBox, ...]:
        """The boxes of everybody else who signed."""
        last = {one.person: one for one in self.signatures() if one.person not in persons}
        return tuple(self._signed(label, one) for one in last.values())

    def _signed(self, label: str, one: Signature) -> SignBox:
        key = f"forms.means.{one.means}"
        means = self.t(key) if known(key) else one.means
        signed = self.t("forms.signed", name=self.person(one.person), means=means, time=self.time_of(one.at))
        note = self.t("forms.signed_over", day=self.day(one.at), digits=one.text_hash[:HASH_DIGITS])
        return SignBox(label, signed, note)

    def what(self, line: Line) -> str:
        """What the act did to a line's carrier."""
        said = {self.t(f"act.{entry.fact.kind}"): None for entry in line.entries}
        return self.t("punctuation.list").join(said)

    def details(self, line: Line) -> str:
        """To whom, where, until when and why, as the facts of a line say."""
        said = {text: None for entry in line.entries for text in _details(self, entry) if text}
        return self.t("forms.semicolon").join(said)


def _details(printed: Printed, entry: Entry) -> Iterator[str]:
    for name, reads in DETAILS.items():
        value = getattr(entry.fact, name, None)
        if value is not None and value != "":
            yield reads(printed, value)


def _named(prefix: str) -> Callable[[Printed, Any], str]:
    def reads(printed: Printed, value: Any) -> str:
        key = f"{prefix}.{value}"
        return printed.t(key) if known(key) else str(value)

    return reads


def _counted(key: str) -> Callable[[Printed, Any], str]:
    return lambda printed, value: printed.t(key, n=value) if isinstance(value, int) else ""


def _plain(_printed: Printed, value: Any) -> str:
    return value if isinstance(value, str) else ""


def _unit(printed: Printed, value: Any) -> str:
    return f"{value.code} {printed.name(value)}" if isinstance(value, Unit) else ""


def _person(printed: Printed, value: Any) -> str:
    if isinstance(value, Person):
        return f"{value.number} {printed.name(value)}"
    return printed.person(value) if isinstance(value, int) else ""


def _place(printed: Printed, value: Any) -> str:
    if isinstance(value, Place):
        return f"{value.code} {printed.name(value)}"
    code = printed.place(value) if isinstance(value, int) else ""
    return printed.t("forms.detail.place", place=code) if code else ""


def _due(printed: Printed, value: Any) -> str:
    return printed.t("forms.detail.due", day=printed.day(value)) if isinstance(value, int) else ""


def _epc(_printed: Printed, value: Any) -> str:
    epc = value.epc if isinstance(value, Tag) else value
    return words.epc_words(epc) if isinstance(epc, str) else ""


def _report(printed: Printed, value: Any) -> str:
    return printed.t("forms.detail.report", digits=str(value)[:16])


DETAILS: Mapping[str, Callable[[Printed, Any], str]] = {
    "unit": _unit,
    "person": _person,
    "holder": _person,
    "due_at": _due,
    "place": _place,
    "tag": _epc,
    "epc": _epc,
    "pages_counted": _counted("forms.detail.pages"),
    "round": _plain,
    "expected": _counted("forms.detail.expected"),
    "present": _counted("forms.detail.present"),
    "missing": _counted("forms.detail.missing"),
    "elsewhere": _counted("forms.detail.elsewhere"),
    "unexpected": _counted("forms.detail.unexpected"),
    "report_hash": _report,
    "finding": _plain,
    "finding_kind": _named("finding_kind"),
    "resolution": _named("resolution"),
    "reason": _plain,
    "circumstances": _plain,
    "purpose": _plain,
}
"""Field of a fact -> how it reads; what is not here stays off the paper. In the order of reading.

A field of another type than it has in the facts known here reads as nothing: a kind of act that has such facts has
its own builder.
"""
