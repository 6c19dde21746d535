"""A scene to compare in: the archive of `tests.builders`, its keepers with accounts, and what the radio said.

    scene.listening(SHELF, seconds=600)
    scene.heard(carrier, SHELF_2, seconds=90)
    scene.check()

Presence is written as the fold would leave it; `seconds` reach back from the present of the scene's clock.
"""

import shutil
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import func, make_url, select

from custody.access import Role, Subject
from custody.clock import Clock, day
from custody.database import Database
from custody.store import accounts
from custody.store.queries.people import subject_for
from custody.store.schema import GRANT, TAG
from custody.values import SECOND, Instant
from reconcile.findings import CheckRun, FindingFilter, FindingItem, findings, run_checks
from reconcile.notices import Notice, inbox
from reconcile.store.core import (
    ANTENNA,
    COVERAGE,
    CURSOR,
    NOTICE,
    PRESENCE,
    READER,
    SIGHTING,
    STAY,
    Connection,
    insert_new,
)
from reconcile.store.presence import CURSOR_NAME
from tests.builders import (
    NOW,
    PEOPLE,
    SCHEME,
    SECRECY_OFFICE,
    Archive,
    Ticking,
    an_archive,
    books_on,
)

T = TypeVar("T")

GATE = 10
GROUNDS = 1


def a_scene(database: Database) -> "Scene":
    """The archive, with a clerk, a manager of planning and a secrecy office that may sign in."""
    clock = Ticking()
    scene = Scene(database, an_archive(books_on(database, clock)), clock)
    accounts_in(database)
    return scene


@dataclass(frozen=True)
class Kept(Generic[T]):
    """A scene as it was when it was kept: its database's file, to be copied, and how far its clock and counts were."""

    file: Path
    at: Instant
    boots: Any
    numbers: Any
    told: T
    """What was told of that which had happened."""

    @classmethod
    def after(cls, happens: "Callable[[Scene], T]", url: str, folder: Path) -> "Kept[T]":
        """A scene over the empty file at the URL, when this has happened; the file goes to the folder."""
        with Database.open(url) as database:
            scene = a_scene(database)
            told = happens(scene)
        made = Path(str(make_url(url).database))
        file = Path(shutil.move(made, folder / made.name))
        return cls(file, scene.now, copy(scene.boots), copy(scene.archive.numbers), told)

    def again(self, database: Database) -> "Scene":
        """The scene on a copy of the file, going on from there."""
        clock = Ticking(self.at)
        # Its books draw other nonces than those in the file.
        archive = Archive(books_on(database, clock, first_nonce=1_000_000), copy(self.numbers))
        return Scene(database, archive, clock, copy(self.boots))


def accounts_in(database: Database) -> None:
    """Those of `a_scene` may sign in."""
    with database.writing() as connection:
        for who, role, unit in (
            ("clerk", Role.CLERK, None),
            ("manager", Role.MANAGER, 3),
            ("secrecy", Role.SECRECY_OFFICE, None),
            ("admin", Role.SYSTEM_ADMINISTRATOR, None),
        ):
            _account(connection, who, role, unit)


def _account(connection: Connection, who: str, role: Role, unit: int | None) -> None:
    family = "administrator" if role is Role.SYSTEM_ADMINISTRATOR else "business"
    accounts.create(connection, PEOPLE[who], family, "-", NOW)
    accounts.grant(connection, PEOPLE[who], role, unit)


@dataclass
class Scene:
    """What happens, in the words of the trade."""

    database: Database
    archive: Archive
    ticking: Ticking
    boots: Any = field(default_factory=lambda: count(1))

    @property
    def clock(self) -> Clock:
        """The scene's clock."""
        return self.ticking

    @property
    def now(self) -> Instant:
        """The present."""
        return self.ticking.at

    def wait(self, seconds: float) -> None:
        """Time passes; nobody says anything."""
        self.ticking.at += int(seconds * SECOND)

    def account(self, who: str, role: Role, unit: int | None = None) -> None:
        """Somebody may sign in, in a role."""
        with self.database.writing() as connection:
            _account(connection, who, role, unit)

    def grant(self, who: str, role: Role, unit: int | None = None) -> None:
        """Somebody with an account gets another role."""
        with self.database.writing() as connection:
            accounts.grant(connection, PEOPLE[who], role, unit)

    def revoke(self, who: str) -> None:
        """Somebody holds no role any more."""
        with self.database.writing() as connection:
            connection.execute(GRANT.delete().where(GRANT.c.person == PEOPLE[who]))

    def inbox(self, who: str) -> tuple[Notice, ...]:
        """Somebody's notices, the newest first, as the person sees them."""
        with self.database.reading() as connection:
            return inbox(connection, subject_for(connection, PEOPLE[who], SCHEME, day(self.now, SCHEME.timezone)))

    def notices_of(self, person: int) -> int:
        """How many notices were ever written to a person."""
        with self.database.reading() as connection:
            return connection.scalar(select(func.count()).where(NOTICE.c.person == person)) or 0

    def reader(self, place: int, role: str = "place", enabled: bool = True) -> str:
        """A reader with one antenna at a place, in use for a day; gives its name."""
        name = f"reader-{place}-{role}"
        row = {"name": name, "enabled": enabled, "device": "", "title_zh": "", "title_en": "", "state": "listening"}
        row |= {"detail": "", "enabled_at": self.now - 86_400 * SECOND}
        with self.database.writing() as connection:
            insert_new(connection, READER, [row])
            insert_new(connection, ANTENNA, [{"reader": name, "number": 1, "place": place, "role": role}])
        return name

    def listening(self, place: int, seconds: float, until_seconds_ago: float = 0) -> None:
        """The place's antenna listened without a gap, for so long."""
        name = self.reader(place)
        until = self.now - int(until_seconds_ago * SECOND)
        row = {"reader": name, "antenna": 1, "since_at": until - int(seconds * SECOND), "through_at": until}
        with self.database.writing() as connection:
            connection.execute(COVERAGE.insert().values(row))

    def epcs(self, carrier: int) -> list[str]:
        """The live tags of a carrier."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(TAG.c.epc).where(TAG.c.carrier == carrier, ~TAG.c.retired)))

    def heard(self, what: int | str, place: int | None, seconds: float = 0, strength: str = "confirmed") -> None:
        """A carrier's tag (or an EPC) is believed at a place, for so long, and was heard there just now."""
        epcs = [what] if isinstance(what, str) else self.epcs(what)
        since = self.now - int(seconds * SECOND)
        with self.database.writing() as connection:
            for epc in epcs:
                connection.execute(PRESENCE.delete().where(PRESENCE.c.epc == epc))
                row = {"epc": epc, "place": place, "strength": strength, "since_at": since, "heard_at": self.now}
                row |= {"here_at": self.now, "reader": f"reader-{place}-place", "antenna": 1, "reads": 5}
                connection.execute(PRESENCE.insert().values(row | {"state": b"", "strongest_dbm": -52.5}))

    def sighting(
        self, what: int | str, place: int, seconds_ago: float = 0, reads: int = 2, tid: str | None = None
    ) -> None:
        """A reading that came in, and that the fold has seen."""
        epcs = [what] if isinstance(what, str) else self.epcs(what)
        at = self.now - int(seconds_ago * SECOND)
        with self.database.writing() as connection:
            for epc in epcs:
                row = {"source": 1, "sequence": next(self.boots), "epc": epc, "reader": self.reader_of(place)}
                row |= {"tid": tid, "antenna": 1, "first_at": at - SECOND, "last_at": at, "count": reads}
                row |= {"received_at": at}
                connection.execute(SIGHTING.insert().values(row))
            insert_new(connection, CURSOR, [{"name": CURSOR_NAME, "position": 0}])
            newest = select(func.max(SIGHTING.c.id)).scalar_subquery()
            connection.execute(CURSOR.update().where(CURSOR.c.name == CURSOR_NAME).values(position=newest))

    @staticmethod
    def reader_of(place: int) -> str:
        """The name of a place's reader."""
        return f"reader-{place}-place"

    def passes(
        self, carrier: int, direction: str = "out", score: float | None = 0.9, seconds_ago: float = 1, tag: int = 0
    ) -> None:
        """A carrier's tag goes by the gate."""
        at = self.now - int(seconds_ago * SECOND)
        row = {"epc": self.epcs(carrier)[tag], "place": GATE, "since_at": at - SECOND, "until_at": at, "reads": 7}
        row |= {"reader": "reader-gate", "antenna": 2, "direction": direction, "score": score}
        with self.database.writing() as connection:
            connection.execute(STAY.insert().values(row | {"evidence": '{"model":"portal-1"}'}))

    def check(self, *kinds: str) -> CheckRun:
        """Compare the two stories now."""
        return run_checks(self.database, SCHEME, self.now, kinds=kinds or None)

    def found(self, subject: Subject = SECRECY_OFFICE, **asked: Any) -> list[FindingItem]:
        """Findings, as somebody sees them; the open ones unless asked otherwise."""
        with self.database.reading() as connection:
            return list(findings(connection, subject, FindingFilter(**asked), limit=500).items)

    def kinds(self) -> list[str]:
        """Kinds of the open findings, in order of the alphabet."""
        return sorted(item.line.kind for item in self.found())

    def only(self, **asked: Any) -> FindingItem:
        """The one finding there is."""
        (item,) = self.found(**asked)
        return item
