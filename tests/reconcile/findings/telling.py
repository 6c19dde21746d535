"""Scenarios as aligned text, one event a line: when, who tells it, what. What is expected stands between the lines.

    == two_tags_apart
    0 10:00  given   A on shelf
    0 10:00  books   bind A as A2
    0 10:20  radio   A  at shelf    for 15m
    0 10:20  radio   A2 at reading  for 9m
    0 10:20  expect  nothing
    0 10:25  radio   A2 at reading  for 14m
    0 10:25  expect  two_tags_apart A

The heading names the kinds that are asked at every `expect`. Days count from the first, times are the house's; a
number with s, m, h or d is a duration. Presence is written as the fold leaves it; everything in the books is an act.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from custody.clock import day, instant, moment
from custody.entries import Moved, TagBound, TagRetired
from custody.entries.disposition import ArchivingDue
from custody.entries.production import LabelsAllotted
from custody.store import witnessing
from custody.store.witnessing import Check
from custody.values import DAY, SECOND, Period, Tag
from reconcile.findings import FindingItem, settle
from reconcile.store.core import ANTENNA, COVERAGE, CURSOR, READER, ROUND, SIGHTING, STAY, insert_new
from reconcile.store.presence import CURSOR_NAME
from tests.builders import CLERK, PEOPLE, SECRECY_OFFICE, epc_of
from tests.custody.carrying_out.scene import Scene as Permit
from tests.custody.carrying_out.scene import a_permit, leg
from tests.custody.circulation.scene import a_circulation, from_reader, to_read, to_reader
from tests.custody.destruction.batches import Batch, a_batch
from tests.custody.keeping.house import begin_clearance, change_person, change_place
from tests.custody.production import scene as production
from tests.reconcile.findings.scene import GATE, Scene
from tests.reconcile.findings.telling_matters import PLACES, TellsMatters

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Line:
    """One event: on which day, at what time, by whom told, and its words."""

    at: str
    voice: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.at}  {self.voice}  {' '.join(self.words)}"


@dataclass(frozen=True)
class Story:
    """A scenario: the kinds that it asks for, and what happens."""

    kinds: tuple[str, ...]
    lines: tuple[Line, ...]
    about: str = ""


def stories(path: Path) -> Iterator[Story]:
    """All scenarios of a file."""
    for part in re.split(r"(?m)^== ", path.read_text(encoding="utf-8"))[1:]:
        heading, *rest = part.splitlines()
        kinds, _, about = heading.partition(":")
        lines = [line.split() for line in rest if line.strip() and not line.lstrip().startswith("#")]
        told = tuple(Line(f"{d} {t}", voice, tuple(words)) for d, t, voice, *words in lines)
        yield Story(tuple(kinds.replace(",", " ").split()), told, about.strip())


def seconds(text: str) -> int:
    """A duration."""
    return round(float(text[:-1]) * UNITS[text[-1]])


@dataclass
class Telling(TellsMatters):
    """Tells a story in a scene, line by line."""

    scene: Scene
    kinds: tuple[str, ...]
    carriers: dict[str, int] = field(default_factory=dict)
    epcs: dict[str, str] = field(default_factory=dict)
    matters: dict[str, int] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    _number: int = 0

    def tell(self, story: Story) -> None:
        """All of it; raises AssertionError at the line that does not hold."""
        first = moment(self.scene.now, "Asia/Shanghai").date()
        for line in story.lines:
            on, time = line.at.split()
            hour, minute = map(int, time.split(":"))
            when = datetime(first.year, first.month, first.day, hour, minute, tzinfo=ZONE) + timedelta(days=int(on))
            at = instant(when)
            assert at >= self.scene.now, f"{line}: time does not go back"
            self.scene.ticking.at = at
            if line.voice == "expect":
                self._expect(line)
            elif line.voice == "rule":
                self._rule(line)
            else:
                verb = f"_{line.voice}" if line.voice in ("given", "settle") else f"_{line.voice}_{line.words[0]}"
                if line.voice == "radio" and len(line.words) > 1 and line.words[1] == "at":
                    verb = "_radio_believes"
                act: Callable[..., None] = getattr(self, verb)
                words = line.words if line.voice in ("given", "settle") or verb == "_radio_believes" else line.words[1:]
                act(*words)

    def _expect(self, line: Line) -> None:
        self.scene.check(*self.kinds)
        found = sorted(
            f"{item.line.kind} {self._name(item)}" for item in self.scene.found() if item.line.kind in self.kinds
        )
        wanted = [] if line.words == ("nothing",) else sorted(one.strip() for one in " ".join(line.words).split(","))
        assert found == wanted, f"{line}: found {found}"

    def _rule(self, line: Line) -> None:
        """By which rule the finding about this carrier was opened."""
        self.scene.check(*self.kinds)
        found = {self._name(one): one.line.evidence["rule"]["code"] for one in self.scene.found()}
        assert found[line.words[0]] == line.words[1], f"{line}: found {found}"

    def _name(self, item: FindingItem) -> str:
        line = item.line
        for name, carrier in self.carriers.items():
            if carrier == line.carrier:
                return name
        for name, epc in self.epcs.items():
            if epc == line.epc:
                return name
        for name, matter in self.matters.items():
            if matter == line.matter:
                return name
        for name, place in PLACES.items():
            if line.place == place or (line.reader and line.reader == self.others.get(f"reader {name}")):
                return name
        for name, person in PEOPLE.items():
            if line.person == person:
                return name
        return "-"

    # What there is.

    def _given(self, *words: str) -> None:
        names, rest = words[: words.index("on")], words[words.index("on") + 1 :]
        more: dict[str, Any] = {"place": PLACES[rest[0]]}
        for key, value in zip(rest[1::2], rest[2::2], strict=True):
            more[key] = Period("date", value) if key == "period" else value
        for name in names:
            self.carriers[name] = self.scene.archive.carrier(**more)
            (self.epcs[name],) = self.scene.epcs(self.carriers[name])

    # The books.

    def _books_lend(self, name: str, _to: str, who: str, _for: str, days: str) -> None:
        self.scene.archive.borrow(self.carriers[name], who, days=int(days[:-1]))

    def _books_read(self, name: str, _by: str, who: str, _at: str, place: str) -> None:
        fact = to_read(self.scene.archive, self.carriers[name], who, PLACES[place])
        self.scene.archive.enter(CLERK, [fact], "read", who)

    def _books_return(self, name: str, _to: str, place: str) -> None:
        self.scene.archive.give_back(self.carriers[name], PLACES[place])

    def _books_move(self, name: str, _to: str, place: str) -> None:
        self.scene.archive.enter(CLERK, [Moved(self.carriers[name], PLACES[place])], "move")

    def _books_bind(self, name: str, _as: str, tag: str) -> None:
        self.epcs.setdefault(tag, epc_of(800_000 + self._next()))
        self.scene.archive.enter(CLERK, [TagBound(self.carriers[name], Tag(self.epcs[tag], "E280AA00"))], "tag")

    def _books_unbind(self, tag: str, _from: str, name: str) -> None:
        self.scene.archive.enter(CLERK, [TagRetired(self.carriers[name], self.epcs[tag], "脱落")], "tag")

    def _books_lose(self, name: str) -> None:
        self.scene.archive.lose(self.carriers[name])

    def _books_circulate(self, *words: str) -> None:
        names, readers = words[: words.index("among")], words[words.index("among") + 1 :]
        carriers = [self.carriers[name] for name in names]
        matter = a_circulation(self.scene.archive, *carriers, readers=readers)
        self.others |= {f"circulation {name}": matter for name in names}

    def _books_leg(self, name: str, _to: str, who: str, *days: str) -> None:
        matter = self.others[f"circulation {name}"]
        to_reader(self.scene.archive, matter, self.carriers[name], who, *(int(d[:-1]) for d in days[1:]))

    def _books_back(self, name: str, _by: str, who: str) -> None:
        from_reader(self.scene.archive, self.others[f"circulation {name}"], self.carriers[name], who)

    def _books_permit(self, name: str, _for: str, who: str, _from: str, begins: str, _until: str, ends: str) -> None:
        now = self.scene.now
        today = day(now, "Asia/Shanghai")
        window: dict[str, Any] = {"from_at": now + seconds(begins) * SECOND, "until_at": now + seconds(ends) * SECOND}
        itinerary = (leg(day(window["from_at"], "Asia/Shanghai")), leg(day(window["until_at"], "Asia/Shanghai")))
        assert who == "chen", f"{today}: permits are Chen's here"
        permit = a_permit(self.scene.archive, self.carriers[name], itinerary=itinerary, mode="portal", **window)
        self.others[f"permit {name}"] = permit.approved()

    def _books_pack(self, name: str) -> None:
        permit: Permit = self.others[f"permit {name}"]
        permit.packs(self.carriers[name])

    def _books_out(self, name: str) -> None:
        permit: Permit = self.others[f"permit {name}"]
        permit.lets_out(self.carriers[name])

    def _books_home(self, name: str) -> None:
        permit: Permit = self.others[f"permit {name}"]
        permit.takes_back(self.carriers[name])

    def _books_batch(self, name: str, state: str) -> None:
        batch = a_batch(self.scene.archive, 1)
        self.others[f"batch {name}"] = batch.approved() if state == "approved" else batch
        self.matters[name] = batch.matter
        (self.carriers[f"{name}1"],) = batch.carriers
        (self.epcs[f"{name}1"],) = self.scene.epcs(batch.carriers[0])

    def _books_destroy(self, name: str) -> None:
        batch: Batch = self.others[f"batch {name}"]
        batch.set_apart().seal().check().weigh().destroy()

    def _books_order(self, name: str, _of: str, copies: str) -> None:
        number = f"ORDER-{self._next()}"
        self.matters[name] = production.approved_order(self.scene.archive, quantity=int(copies), control_number=number)

    def _books_label(self, tag: str, _for: str, order: str) -> None:
        self.epcs[tag] = epc_of(900_000 + self._next())
        fact = LabelsAllotted(self.matters[order], (self.epcs[tag],))
        self.scene.archive.enter(CLERK, [fact], "production_labels")

    def _books_copy(self, order: str, number: str, *more: str) -> None:
        (carrier,) = production.copies(self.scene.archive, self.matters[order], int(number))
        if more:
            self.carriers[f"{order}{number}"] = carrier
            self.scene.archive.enter(CLERK, [TagBound(carrier, Tag(self.epcs[more[1]]))], "tag")

    def _books_archive(self, name: str, _by: str, days: str) -> None:
        on = day(self.scene.now + int(days[:-1]) * DAY, "Asia/Shanghai")
        self.scene.archive.enter(CLERK, [ArchivingDue(self.carriers[name], on)], "archiving")

    def _books_keeper(self, place: str, who: str) -> None:
        change_place(self.scene.archive, PLACES[place], responsible=PEOPLE[who])

    def _books_cleared(self, who: str, _until: str, days: str) -> None:
        until = day(self.scene.now + int(days[:-1]) * DAY, "Asia/Shanghai")
        change_person(self.scene.archive, PEOPLE[who], cleared_until=until)

    def _books_clearance(self, name: str, _of: str, who: str, _on: str, days: str) -> None:
        on = day(self.scene.now + int(days[:-1]) * DAY, "Asia/Shanghai")
        self.matters[name] = begin_clearance(self.scene.archive, PEOPLE[who], on=on)

    def _books_swept(self, place: str) -> None:
        number, now = f"R-{self._next():04d}", self.scene.now
        row = {"number": number, "kind": "sweep", "place": PLACES[place], "opened_by": 1, "opened_at": now}
        row |= {"position": 1, "state": "signed", "finished_at": now, "signed_by": 1}
        with self.scene.database.writing() as connection:
            connection.execute(ROUND.insert().values(row))

    def _books_check(self, _finds: str, differences: str) -> None:
        now = self.scene.now
        with self.scene.database.writing() as connection:
            witnessing.keep_check(connection, Check(0, now, now, 0, 40, int(differences), ()))

    # The radio.

    def _radio_believes(self, tag: str, _at: str, place: str, *words: str) -> None:
        """`radio A at reading for 20s [probable]`: believed there for so long, up to now."""
        self._reader(place)
        strength = next((word for word in words if word in ("probable", "unconfirmed")), "confirmed")
        long = seconds(words[words.index("for") + 1]) if "for" in words else 0
        self.scene.heard(self.epcs[tag], PLACES[place], long, strength)
        since = self.scene.now - long * SECOND
        row = {"epc": self.epcs[tag], "place": PLACES[place], "since_at": since, "until_at": self.scene.now}
        with self.scene.database.writing() as connection:
            connection.execute(STAY.insert().values(row | {"reads": 5, "reader": self._reader(place), "antenna": 1}))

    def _radio_reads(self, tag: str, _at: str, place: str, *words: str) -> None:
        """`radio reads A at shelf for 30s -50`: sightings every ten seconds for so long, up to now, so loud."""
        name = self._reader(place)
        long, loud = seconds(words[1]), float(words[2]) if len(words) > 2 else -50.0
        tid = words[4] if len(words) > 4 else None
        rows = []
        for start in range(0, long, 10):
            first = self.scene.now - (long - start) * SECOND
            last = min(self.scene.now, first + 9 * SECOND)
            row = {"source": 1, "sequence": self._next(), "epc": self.epcs[tag], "tid": tid, "reader": name}
            row |= {"antenna": 1, "first_at": first, "last_at": last, "count": 8, "strongest_dbm": loud}
            rows.append(row | {"mean_dbm": loud - 3, "received_at": last})
        with self.scene.database.writing() as connection:
            connection.execute(SIGHTING.insert(), rows)
            insert_new(connection, CURSOR, [{"name": CURSOR_NAME, "position": 0}])
            newest = select(func.max(SIGHTING.c.id)).scalar_subquery()
            connection.execute(CURSOR.update().where(CURSOR.c.name == CURSOR_NAME).values(position=newest))

    def _radio_listens(self, place: str, _for: str, long: str) -> None:
        """Its antenna has listened without a gap for so long, up to now."""
        name = self._reader(place)
        row = {"reader": name, "antenna": 1, "since_at": self.scene.now - seconds(long) * SECOND}
        with self.scene.database.writing() as connection:
            connection.execute(COVERAGE.delete().where(COVERAGE.c.reader == name))
            connection.execute(COVERAGE.insert().values(row | {"through_at": self.scene.now}))

    def _radio_passes(self, name: str, direction: str, score: str) -> None:
        self.scene.passes(self.carriers[name], direction, float(score))

    def _radio_clock(self, place: str, offset: str) -> None:
        name = self._reader(place)
        with self.scene.database.writing() as connection:
            values = {"clock_offset_us": int(offset.removesuffix("ms")) * 1_000, "state_at": self.scene.now}
            connection.execute(READER.update().where(READER.c.name == name).values(values))

    def _radio_portal(self, place: str) -> None:
        """The antenna of this place stands at the gate."""
        with self.scene.database.writing() as connection:
            gone = ANTENNA.c.reader == self._reader(place)
            connection.execute(ANTENNA.update().where(gone).values(role="inside", place=GATE))

    # People.

    def _settle(self, kind: str, _as: str, how: str) -> None:
        (item,) = self.scene.found(kind=kind)
        number = item.line.number
        books = self.scene.archive.books
        settle(self.scene.database, books, SECRECY_OFFICE, number, how, "已处理", self.scene.now)
