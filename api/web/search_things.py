"""What a text in the search box may mean: carriers, persons, places, acts, business, findings, cases, sweeps, readers.

Each sort of thing is asked for through its own right and wall: what is hidden is as if there were none. A text that
names one thing exactly — its number, its tag, its code — leads to it; what could be several things is never guessed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from api.acts.codes import numbered, split_codes
from api.acts.wording import matter_words
from api.store import Connection
from api.web.visit import Visit
from custody.access import Permission
from custody.matters import Matter
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.grams import number_forms
from custody.store.projection import name_sort
from custody.store.queries import CarrierItem
from custody.values import Place
from reconcile.store import readers, rounds
from reconcile.store.case_queries import case_item
from reconcile.store.finding_queries import FindingFilter, FindingLine, findings, line

GROUPS = ("carriers", "people", "places", "business", "acts", "findings", "cases", "rounds", "readers")
"""What is looked for, in the order in which it is shown."""
TEXT_MAX = 200
TAGS_MAX = 50
COPIES_MAX = 50
NAME_MIN = 2
_TAG = re.compile(r"[0-9A-F]{8,}")
_NOT_CODE = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `exact`: the text is its number or code, and nothing else of it."""

    group: str
    href: str
    number: str
    icon: str
    beside: str = ""
    """Words beside the number; never a title."""
    exact: bool = False
    item: CarrierItem | None = None
    """The carrier that it is."""
    finding: FindingLine | None = None
    level: str = ""
    also: str = ""
    """An address of what is there, or in whose hands."""


@dataclass(frozen=True, slots=True)
class Looking:
    """One search: who asks, in what, how much of each sort at most."""

    visit: Visit
    connection: Connection
    directory: Directory
    text: str
    limit: int

    @property
    def forms(self) -> list[str]:
        """The numbers that the text may mean."""
        return number_forms(self.text)


def plain(text: str) -> str:
    """What was typed: compatibility forms folded, control characters blanks, blanks at the ends gone."""
    shown = (letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFKC", text))
    return "".join(shown).strip()[:TEXT_MAX]


def code_of(text: str) -> str:
    """A code without what people leave out of it: `b1 03-2` and `B1-03-2` are one."""
    return _NOT_CODE.sub("", unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=65_536)
def spelled(name: str) -> tuple[str, str]:
    """The pinyin of a name, whole and its first letters: 一号库房 -> `yihaokufang`, `yhkf`."""
    syllables = name_sort(name).split()
    return "".join(syllables), "".join(one[0] for one in syllables)


# Carriers.


def _carrier_hit(visit: Visit, item: CarrierItem, exact: bool) -> Hit:
    where = item.place_code or ""
    if item.holder_name:
        where = item.holder_name_en if visit.language == "en" and item.holder_name_en else item.holder_name
    icon = {"disc": "disc", "drive": "chip", "computer": "chip", "model": "box"}.get(item.kind, "doc")
    return Hit("carriers", f"/carriers/{item.id}", item.control_number, icon, where, exact, item)


def tags_in(text: str) -> list[str]:
    """The tags' numbers of a text that is nothing else, run together or apart; none of any other text."""
    codes = [code.upper() for code in split_codes(text)][:TAGS_MAX]
    return codes if codes and all(_TAG.fullmatch(code) and len(code) % 2 == 0 for code in codes) else []


def _carriers(asked: Looking) -> list[Hit]:
    subject, connection = asked.visit.subject, asked.connection
    tags = tags_in(asked.text)
    exact: Sequence[CarrierItem] = queries.carriers_of_tags(connection, subject, tags, TAGS_MAX) if tags else ()
    if not exact:
        number, copy = numbered(asked.text)
        exact = queries.carriers_numbered(connection, subject, number_forms(number), COPIES_MAX)
        exact = [item for item in exact if copy in (None, item.copy_number)]
    found = {item.id: _carrier_hit(asked.visit, item, True) for item in exact}
    if len(found) < asked.limit:
        for item in queries.carriers_meant(connection, subject, asked.text, asked.limit):
            found.setdefault(item.id, _carrier_hit(asked.visit, item, False))
    return list(found.values())[: max(asked.limit, len(tags))]


# People and places.


def _people(asked: Looking) -> list[Hit]:
    hits = []
    for person in queries.persons(asked.connection, asked.text, asked.limit):
        english = asked.visit.language == "en"
        unit = asked.directory.units.get(person.unit or 0)
        told = [person.name_en if english and person.name_en else person.name]
        told += [unit.name_en if english and unit.name_en else unit.name] if unit else []
        exact = person.number.casefold() == asked.text.casefold()
        also = f"/carriers?holder={person.id}"
        hits.append(
            Hit("people", f"/people/{person.id}", person.number, "user", " · ".join(told), exact=exact, also=also)
        )
    return sorted(hits, key=lambda hit: not hit.exact)


def _place_rank(place: Place, code: str, text: str, letters: str) -> int:
    """How well a place fits: 0 its very code, then how it begins, then its names; 9 not at all."""
    own = code_of(place.code)
    if code and own == code:
        return 0
    if code and own.startswith(code):
        return 1
    if text in (place.name.casefold(), place.name_en.casefold()):
        return 2
    if text in place.name.casefold() or text in place.name_en.casefold():
        return 3
    if len(letters) >= 2 and not place.name.isascii():
        whole, initials = spelled(place.name)
        if whole.startswith(letters) or initials.startswith(letters):
            return 4
    return 9


def _places(asked: Looking) -> list[Hit]:
    text, code = asked.text.casefold(), code_of(asked.text)
    letters = "".join(text.split())
    letters = letters if letters.isascii() and letters.isalpha() else ""
    ranked = ((_place_rank(place, code, text, letters), place) for place in asked.directory.places.values())
    found = sorted(((rank, place.code, place) for rank, place in ranked if rank < 9), key=lambda one: one[:2])
    english = asked.visit.language == "en"
    return [
        Hit(
            "places",
            f"/places/{place.id}",
            place.code,
            "map",
            place.name_en if english and place.name_en else place.name,
            exact=rank == 0,
            also=f"/carriers?place={place.id}",
        )
        for rank, _, place in found[: asked.limit]
    ]


# What has a number: business, acts, findings, cases.


def _business(asked: Looking) -> list[Hit]:
    if not any(letter.isdigit() for letter in asked.text):
        return []
    found: dict[int, tuple[Matter, bool]] = {}
    for form in asked.forms:
        try:
            matter = queries.matter_by_number(asked.connection, asked.visit.subject, form)
        except NotFound:
            continue
        found[matter.id] = (matter, True)
    begins = asked.forms[min(1, len(asked.forms) - 1)]
    for matter in queries.matters_numbered(asked.connection, asked.visit.subject, begins, asked.limit):
        found.setdefault(matter.id, (matter, False))
    return [
        Hit(
            "business",
            _way_to(asked.visit, matter),
            matter.number,
            "seats" if matter.kind == "meeting" else "cols",
            matter_words(matter.kind, asked.visit.t),
            exact=exact,
            level=matter.level,
        )
        for matter, exact in list(found.values())[: asked.limit]
    ]


def _way_to(visit: Visit, matter: Matter) -> str:
    board = matter.kind == "meeting" and visit.may(Permission.HOLD_MEETINGS)
    return f"/meetings/{matter.id}" if board else f"/matters/{matter.id}"


def _acts(asked: Looking) -> list[Hit]:
    """Acts of these numbers; one that opened a matter is found as the matter."""
    if not any(letter.isdigit() for letter in asked.text):
        return []
    found = []
    for one in queries.acts_numbered(asked.connection, asked.visit.subject, asked.forms):
        try:
            queries.matter_by_number(asked.connection, asked.visit.subject, one.number)
        except NotFound:
            word = asked.visit.t(f"act.{one.kind}")
            found.append(Hit("acts", f"/acts/{one.number}", one.number, "paper", word, exact=True))
    return found[: asked.limit]


def _finding_hit(found: FindingLine, exact: bool) -> Hit:
    return Hit("findings", f"/findings/{found.number}", found.number, found.icon, exact=exact, finding=found)


def _findings(asked: Looking) -> list[Hit]:
    if not any(letter.isdigit() for letter in asked.text):
        return []
    subject, found = asked.visit.subject, dict[str, Hit]()
    for form in (one for one in asked.forms if "-" in one):
        try:
            found[form] = _finding_hit(line(asked.connection, subject, form), True)
        except NotFound:
            continue
    if not found:
        page = findings(asked.connection, subject, FindingFilter(text=asked.text), limit=asked.limit)
        found = {item.line.number: _finding_hit(item.line, False) for item in page.items}
    return list(found.values())


def _cases(asked: Looking) -> list[Hit]:
    if not any(letter.isdigit() for letter in asked.text):
        return []
    for form in (one for one in asked.forms if "-" in one):
        try:
            case = case_item(asked.connection, asked.visit.subject, form)
        except NotFound:
            continue
        word = asked.visit.t(f"case_state.{case.state}")
        return [Hit("cases", f"/cases/{case.number}", case.number, "box", word, exact=True)]
    return []


def _rounds(asked: Looking) -> list[Hit]:
    """Sweeps of these numbers that expect nothing hidden from the visitor."""
    if not any(letter.isdigit() for letter in asked.text):
        return []
    found = []
    for form in (one for one in asked.forms if "-" in one):
        one = rounds.row(asked.connection, form)
        if one is not None and not rounds.hides(asked.connection, asked.visit.subject, form):
            t = asked.visit.t
            told = (t(f"rounds.kind.{one.kind}"), one.place_code, t(f"rounds.state.{one.state}"))
            found.append(Hit("rounds", f"/rounds/{one.number}", one.number, "shelf", " · ".join(told), exact=True))
    return found


def _readers(asked: Looking) -> list[Hit]:
    """Readers by name, or by a part of what they are called."""
    wanted, english = asked.text.casefold(), asked.visit.language == "en"
    hits = []
    for name, zh, en in readers.titles(asked.connection):
        if wanted in (name.casefold(), zh.casefold(), en.casefold()) or (
            len(wanted) >= NAME_MIN and any(wanted in one.casefold() for one in (name, zh, en))
        ):
            exact = wanted == name.casefold()
            hits.append(Hit("readers", f"/readers/{name}", name, "wave", en if english and en else zh, exact=exact))
    return sorted(hits, key=lambda hit: not hit.exact)[: asked.limit]


LOOKS: Mapping[str, tuple[Permission, Callable[[Looking], list[Hit]]]] = {
    "carriers": (Permission.SEE_CARRIERS, _carriers),
    "people": (Permission.SWEEP, _people),
    "places": (Permission.SEE_PLACES, _places),
    "business": (Permission.TAKE_PART, _business),
    "acts": (Permission.SEE_CARRIERS, _acts),
    "findings": (Permission.SEE_FINDINGS, _findings),
    "cases": (Permission.SEE_FINDINGS, _cases),
    "rounds": (Permission.SWEEP, _rounds),
    "readers": (Permission.SEE_READERS, _readers),
}
"""By sort of thing: who may know of it, and how it is looked for."""


def sorts(visit: Visit) -> list[str]:
    """The sorts of things that the visitor's roles let look for."""
    return [group for group in GROUPS if visit.may(LOOKS[group][0])]


def found_of(visit: Visit, connection: Connection, text: str, limit: int) -> dict[str, list[Hit]]:
    """What the text means, by sort, at most so many of each; sorts without any are left out."""
    asked = Looking(visit, connection, visit.services.books.directory(connection), plain(text), limit)
    if not asked.text:
        return {}
    found = {group: LOOKS[group][1](asked) for group in sorts(visit)}
    return {group: hits for group, hits in found.items() if hits}


def the_one(hits: Iterable[Hit]) -> Hit | None:
    """The one thing that was named exactly; None where none was, or several."""
    exact = {hit.href: hit for hit in hits if hit.exact}
    return next(iter(exact.values())) if len(exact) == 1 else None
