"""Refusals in words: the act, the clause, the way out. Blanks are read by their name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from api.importing import error_words
from api.locale import known, translate
from api.web import words
from api.workbook import RowError
from custody.rules import Refusal
from custody.scheme import Scheme


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """A refusal as shown: `clause` may be empty; `way_out` says what would help, if anything does."""

    clause: str
    message: str
    way_out: str


def refusal_words(refusal: Refusal, t: Callable[..., str], scheme: Scheme, language: str) -> RefusalWords:
    """The words of a refusal in a language."""
    shown = {name: _value(name, value, t, scheme, language) for name, value in refusal.params.items()}
    if language == "en" and "person_en" in shown:
        shown["person"] = shown["person_en"]
    if language == "en" and "organisation_en" in shown:
        shown["organisation"] = shown["organisation_en"]
    key = f"refusal.{refusal.code}"
    way = f"{key}.way"
    return RefusalWords(refusal.clause, t(key, **shown), t(way, **shown) if known(way) else "")


def row_words(error: RowError, language: str, scheme: Scheme) -> str:
    """What is wrong with a workbook's row; where a rule of the books objects, in the words of its refusal."""
    if error.code != "refused":
        return error_words(error, language)
    blanks = {name: value for name, value in error.params.items() if name not in {"clause", "refusal"}}
    refusal = Refusal(str(error.params["clause"]), str(error.params["refusal"]), blanks)
    said = refusal_words(refusal, partial(translate, language), scheme, language)
    return " ".join(part for part in (said.clause, said.message, said.way_out) if part)


_CATALOGUED: Mapping[str, str] = {
    "act": "act",
    "status": "status",
    "field": "field",
    "kind": "thing",
    "period": "period_kind",
    "equipment": "ask.equipment",
    "ownership": "ownership",
    "activity": "activity",
}
"""Blanks whose values are codes of the catalogue, and the first part of their keys."""
_NAMED: Mapping[str, str] = {
    "matter": "matter",
    "step": "step",
    "method": "ask.method",
    "listed": "ask.method",
    "medium": "medium",
    "disposal": "ask.disposal",
    "way": "ask.way",
    "number_state": "number_state",
}
"""The same, but what the catalogue does not know is shown as it is: an answer given for another step than there is."""
_IN_KIND: Mapping[str, str] = {"matter_status": "mstatus", "line_state": "lstate"}
"""Blanks `<kind of matter>.<state>`: the kind's own word, else the common one."""
_COUNTS = frozenset({"count", "counted", "pages", "days", "copies", "years"})
"""Blanks that are quantities; other numbers name something and are never grouped."""


def _named_so(key: str, t: Callable[..., str]) -> str:
    return t(key) if known(key) else key.rpartition(".")[2]


def _value(name: str, value: str | int, t: Callable[..., str], scheme: Scheme, language: str) -> str | int:
    if name in _CATALOGUED:
        return t(f"{_CATALOGUED[name]}.{value}")
    if name in _NAMED:
        return _named_so(f"{_NAMED[name]}.{value}", t)
    if name in _IN_KIND:
        kind, _, code = str(value).rpartition(".")
        keys = (f"{_IN_KIND[name]}.{kind}.{code}", f"{_IN_KIND[name]}.{code}")
        return t(next((key for key in keys if known(key)), keys[0] if kind else keys[1]))
    if name in {"level", "rating"}:
        return words.level_name(scheme, str(value), language) if value else t("place.not_rated")
    if name == "day":
        return words.iso_day(str(value), language)
    return value if name in _COUNTS else str(value)
