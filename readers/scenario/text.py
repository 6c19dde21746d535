"""The parser of the scenario's text; its grammar stands at the head of `readers.scenario`."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from readers.scenario.model import (
    DEFAULT_DBM,
    Act,
    ClockJumps,
    DeviceActs,
    DeviceVerb,
    InputTurns,
    Problem,
    ReaderEvent,
    ReaderScript,
    Scenario,
    ScenarioInvalid,
    TagsArrive,
    TagsLeave,
)
from readers.sighting import Instant

MAX_ANTENNAS = 64
MAX_EPC_WORDS = 31
"""The length in a tag's PC bits has five bits (GS1 EPC UHF Gen2 air interface, section 6.3.2.1.2)."""


_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_NAME = re.compile(r"[^\W_][\w.-]*")
_DEVICE_VERBS: tuple[DeviceVerb, ...] = ("off", "on", "freeze", "thaw", "cut", "garbage")
_ANTENNA_VERBS = ("arrive", "leave", "pass")
_READER_VERBS = (*_DEVICE_VERBS, "clock", "beam")
MAX_INPUTS = 4
_FORMS = {
    "reader": "reader NAME antennas 1:PLACE 2:PLACE",
    "tags": "tags NAME EPC EPC …",
    "carrier": "carrier NAME EPC",
}


class _Word(NamedTuple):
    text: str
    line: int
    column: int


class _Mistake(Exception):
    def __init__(self, word: _Word, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(word.line, word.column, text)


@dataclass(slots=True)
class _Draft:
    """What has been read so far, with the words kept where later lines decide what they mean."""

    readers: dict[str, ReaderScript] = field(default_factory=dict)
    misread: set[str] = field(default_factory=set)
    lists: dict[str, list[_Word]] = field(default_factory=dict)
    carriers: dict[str, _Word] = field(default_factory=dict)
    timed: list[list[_Word]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def parse(text: str) -> Scenario:
    """Read a scenario. Raises ScenarioInvalid with every mistake: line, column, what to write instead."""
    draft = _Draft()
    for number, line in enumerate(text.splitlines(), start=1):
        words = _split(line, number)
        if words:
            with _collecting(draft.problems):
                _declare(draft, words)
    tags = _resolve_all(draft)
    events: dict[str, list[ReaderEvent]] = {name: [] for name in draft.readers}
    acts: list[Act] = []
    for words in draft.timed:
        with _collecting(draft.problems):
            _happen(draft, tags, words, events, acts)
    if not draft.readers and not draft.problems:
        draft.problems.append(Problem(1, 1, f"no reader is declared; write: {_FORMS['reader']}"))
    if draft.problems:
        raise ScenarioInvalid(draft.problems)
    scripts = tuple(
        replace(script, events=tuple(sorted(events[name], key=lambda event: event.at_seconds)))
        for name, script in draft.readers.items()
    )
    ordered = tuple(sorted(acts, key=lambda act: act.at_seconds))
    times = [event.at_seconds for script in scripts for event in script.events]
    times += [act.at_seconds for act in ordered]
    return Scenario(scripts, MappingProxyType(tags), ordered, max(times, default=0.0))


@contextmanager
def _collecting(problems: list[Problem]) -> Iterator[None]:
    try:
        yield
    except _Mistake as mistake:
        problems.append(mistake.problem)


def _split(line: str, number: int) -> list[_Word]:
    words = []
    for match in _WORD.finditer(line):
        if match.group().startswith("#"):
            break
        words.append(_Word(match.group(), number, match.start() + 1))
    return words


def _declare(draft: _Draft, words: list[_Word]) -> None:
    """Take one line: a declaration is read, a timed line is put aside until all declarations are known."""
    first = words[0]
    if first.text == "reader":
        name = _name(words, "reader")
        if name in draft.readers:
            raise _Mistake(words[1], f"reader {name} is declared twice; give each its own name")
        draft.misread.add(name)
        draft.readers[name] = _reader(name, words)
        draft.misread.discard(name)
    elif first.text == "tags":
        name = _name(words, "tags")
        if name in draft.carriers:
            raise _Mistake(words[1], f"{name} names a carrier already; choose another name")
        draft.lists.setdefault(name, []).extend(_rest(words, 2, "tags"))
    elif first.text == "carrier":
        name = _name(words, "carrier")
        if name in draft.carriers or name in draft.lists:
            raise _Mistake(words[1], f"{name} is named twice; choose another name")
        rest = _rest(words, 2, "carrier")
        if len(rest) > 1:
            raise _Mistake(rest[1], f"a carrier has one EPC; write: {_FORMS['carrier']}, or use `tags` for a list")
        draft.carriers[name] = rest[0]
    elif _NUMBER.fullmatch(first.text):
        draft.timed.append(words)
    else:
        raise _Mistake(first, f"{first.text!r} begins no line; write reader, tags, carrier, or a number of seconds")


def _rest(words: list[_Word], start: int, form: str) -> list[_Word]:
    if len(words) <= start:
        raise _Mistake(words[-1], f"the line ends too early; write: {_FORMS[form]}")
    return words[start:]


def _name(words: list[_Word], form: str) -> str:
    word = _rest(words, 1, form)[0]
    if not _NAME.fullmatch(word.text):
        raise _Mistake(word, f"{word.text!r} is no name; use letters, digits, `-`, `_`, `.`, a letter or digit first")
    if _is_epc(word.text) and form != "reader":
        raise _Mistake(word, f"{word.text!r} reads as an EPC; give a name that is not all hexadecimal digits")
    return word.text


def _reader(name: str, words: list[_Word]) -> ReaderScript:
    if _NUMBER.fullmatch(name):
        raise _Mistake(words[1], "a reader's name may not be a number")
    rest = _rest(words, 2, "reader")
    if rest[0].text != "antennas":
        raise _Mistake(rest[0], f"{rest[0].text!r} where `antennas` must stand; write: {_FORMS['reader']}")
    antennas: dict[int, str] = {}
    pairs = rest[1:]
    off = bool(pairs) and pairs[-1].text == "off"
    for word in pairs[:-1] if off else pairs:
        number, colon, place = word.text.partition(":")
        if not colon or not place or not number.isascii() or not number.isdigit():
            raise _Mistake(word, f"{word.text!r} is no antenna; write its number and place, such as 1:B1-01-1")
        if not 1 <= int(number) <= MAX_ANTENNAS:
            raise _Mistake(word, f"antenna {number} does not exist; antennas are numbered 1 to {MAX_ANTENNAS}")
        if int(number) in antennas:
            raise _Mistake(word, f"antenna {number} is given twice; give each its own number")
        antennas[int(number)] = place
    if not antennas:
        raise _Mistake(rest[0], f"a reader needs an antenna; write: {_FORMS['reader']}")
    return ReaderScript(name, MappingProxyType(antennas), (), off)


def _is_epc(text: str) -> bool:
    return bool(_HEX.fullmatch(text)) and len(text) % 4 == 0 and len(text) // 4 <= MAX_EPC_WORDS


def _epc_of(word: _Word) -> str:
    if not _is_epc(word.text):
        raise _Mistake(
            word,
            f"{word.text!r} is neither a declared name nor an EPC; declare it by `tags` or `carrier`,"
            f" or write 4 to {4 * MAX_EPC_WORDS} hexadecimal digits, a multiple of four (usually 24)",
        )
    return word.text.upper()


def _resolve_all(draft: _Draft) -> dict[str, tuple[str, ...]]:
    """Every name with its EPCs, each EPC once, in the order of the text."""
    tags: dict[str, tuple[str, ...]] = {}
    for name, word in draft.carriers.items():
        with _collecting(draft.problems):
            tags[name] = (_epc_of(word),)
        tags.setdefault(name, ())
    for name in draft.lists:
        _resolve(draft, name, tags)
    return tags


def _resolve(draft: _Draft, root: str, tags: dict[str, tuple[str, ...]]) -> None:
    """Resolve one list and those it names, without recursion, so that no depth of lists is too deep."""
    open_names = [root]
    while open_names:
        name = open_names[-1]
        waiting = [w for w in draft.lists[name] if w.text in draft.lists and w.text not in tags]
        circular = [w for w in waiting if w.text in open_names]
        for word in circular:
            problem = f"list {word.text} contains itself; take it out of one of the lists"
            draft.problems.append(Problem(word.line, word.column, problem))
            draft.lists[name].remove(word)
        if circular:
            continue
        if waiting:
            open_names.append(waiting[0].text)
            continue
        open_names.pop()
        if name in tags:
            continue
        epcs: dict[str, None] = {}
        for word in draft.lists[name]:
            with _collecting(draft.problems):
                epcs.update(dict.fromkeys(tags[word.text] if word.text in tags else (_epc_of(word),)))
        tags[name] = tuple(epcs)


def _happen(
    draft: _Draft,
    tags: Mapping[str, tuple[str, ...]],
    words: list[_Word],
    events: dict[str, list[ReaderEvent]],
    acts: list[Act],
) -> None:
    """Read one timed line into the reader's events or the persons' acts."""
    at_seconds = _seconds(words[0])
    if len(words) < 3:
        raise _Mistake(words[-1], "the line ends too early; write: SECONDS WHO VERB …")
    who, verb, rest = words[1], words[2], words[3:]
    name, slash, antenna = who.text.partition("/")
    known = ", ".join(draft.readers) or "none"
    if name in draft.misread:
        return  # its own line is wrong, and already said to be; what happens at it cannot be judged
    if name not in draft.readers:
        if slash or verb.text in _READER_VERBS:
            raise _Mistake(who, f"{name!r} is no declared reader (declared: {known}); add a `reader` line for it")
        acts.append(Act(at_seconds, who.text, verb.text, tuple(word.text for word in rest), who.line))
    elif slash:
        events[name] += _antenna_events(draft.readers[name], antenna, at_seconds, who, verb, rest, tags)
    else:
        events[name] += _device_events(name, at_seconds, verb, rest)


def _seconds(word: _Word) -> float:
    if not _NUMBER.fullmatch(word.text) or word.text.startswith("-") or len(word.text) > 12:
        raise _Mistake(word, f"{word.text!r} is no time; write seconds from the start, such as 31.5")
    return float(word.text)


def _antenna_events(
    script: ReaderScript,
    antenna: str,
    at_seconds: float,
    who: _Word,
    verb: _Word,
    rest: list[_Word],
    tags: Mapping[str, tuple[str, ...]],
) -> list[ReaderEvent]:
    if not antenna.isascii() or not antenna.isdigit() or int(antenna) not in script.antennas:
        has = ", ".join(map(str, script.antennas))
        raise _Mistake(who, f"reader {script.name} has no antenna {antenna!r}; it has {has}")
    if verb.text not in _ANTENNA_VERBS:
        raise _Mistake(verb, f"{verb.text!r} is nothing tags do at an antenna; write arrive, leave or pass")
    options = {"arrive": ("at",), "leave": (), "pass": ("at", "for")}[verb.text]
    named, values = _options(rest, options)
    if not named:
        raise _Mistake(verb, f"{verb.text} of which tags? write names or EPCs after it")
    epcs: dict[str, None] = {}
    for word in named:
        epcs.update(dict.fromkeys(tags[word.text] if word.text in tags else (_epc_of(word),)))
    number, found = int(antenna), tuple(epcs)
    if verb.text == "leave":
        return [TagsLeave(at_seconds, number, found)]
    mean_dbm = _dbm(values["at"]) if "at" in values else DEFAULT_DBM
    arrival = TagsArrive(at_seconds, number, found, mean_dbm)
    if verb.text == "arrive":
        return [arrival]
    if "for" not in values:
        raise _Mistake(verb, "pass for how long? write `for SECONDS` after the tags, such as `for 1.5`")
    return [arrival, TagsLeave(at_seconds + _seconds(values["for"]), number, found)]


def _options(words: list[_Word], allowed: tuple[str, ...]) -> tuple[list[_Word], dict[str, _Word]]:
    """The words up to the first option, and the value of each option (`at DBM`, `for SECONDS`)."""
    named: list[_Word] = []
    values: dict[str, _Word] = {}
    rest = iter(words)
    for word in rest:
        if word.text not in ("at", "for"):
            if values:
                raise _Mistake(word, f"{word.text!r} stands after an option; write the tags before `{min(values)}`")
            named.append(word)
            continue
        value = next(rest, None)
        if word.text not in allowed:
            raise _Mistake(word, f"`{word.text}` does not belong here; leave it out")
        if word.text in values:
            raise _Mistake(word, f"`{word.text}` is given twice; leave one out")
        if value is None:
            raise _Mistake(word, f"`{word.text}` needs a number after it")
        values[word.text] = value
    return named, values


def _dbm(word: _Word) -> float:
    if not _NUMBER.fullmatch(word.text) or not -100 <= float(word.text) <= 0:
        raise _Mistake(word, f"{word.text!r} is no strength; write dBm between -100 and 0, such as -55")
    return float(word.text)


def _device_events(name: str, at_seconds: float, verb: _Word, rest: list[_Word]) -> list[ReaderEvent]:
    if verb.text == "beam":
        return _beam(at_seconds, verb, rest)
    return [_device_event(name, at_seconds, verb, rest)]


def _beam(at_seconds: float, verb: _Word, rest: list[_Word]) -> list[ReaderEvent]:
    form = "write the input and how long, such as `beam 1 for 0.4`, or `beam 1 on`"
    port, *how = rest or [verb]
    if not rest or not how:
        raise _Mistake(port, f"the line ends too early; {form}")
    if not port.text.isascii() or not port.text.isdigit() or not 1 <= int(port.text) <= MAX_INPUTS:
        raise _Mistake(port, f"{port.text!r} is no input; inputs are numbered 1 to {MAX_INPUTS}")
    number = int(port.text)
    if how[0].text == "for" and len(how) == 2:
        end = at_seconds + _seconds(how[1])
        return [InputTurns(at_seconds, number, True), InputTurns(end, number, False)]
    if how[0].text in ("on", "off") and len(how) == 1:
        return [InputTurns(at_seconds, number, how[0].text == "on")]
    raise _Mistake(how[0], f"{how[0].text!r} is nothing a beam does; {form}")


def _device_event(name: str, at_seconds: float, verb: _Word, rest: list[_Word]) -> ReaderEvent:
    if verb.text in _ANTENNA_VERBS:
        raise _Mistake(verb, f"{verb.text} happens at an antenna; write {name}/1 instead of {name}")
    if verb.text == "clock":
        if len(rest) != 1:
            raise _Mistake(verb, "clock to when? write one date, such as 2000-01-01, or `right`")
        return ClockJumps(at_seconds, _instant(rest[0]))
    for known in _DEVICE_VERBS:
        if known == verb.text:
            if rest:
                raise _Mistake(rest[0], f"nothing follows `{known}`; leave {rest[0].text!r} out")
            return DeviceActs(at_seconds, known)
    raise _Mistake(verb, f"{verb.text!r} is nothing a reader does; write one of {', '.join(_READER_VERBS)}")


def _instant(word: _Word) -> Instant | None:
    if word.text == "right":
        return None
    try:
        moment = datetime.fromisoformat(word.text)
    except ValueError:
        raise _Mistake(word, f"{word.text!r} is no date; write 2000-01-01 or 2000-01-01T08:30:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.year < 1970:
        raise _Mistake(word, "a reader's clock cannot say a year before 1970")
    return round(moment.timestamp() * 1_000_000)
