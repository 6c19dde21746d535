"""What the site taught, version by version: kept, never changed, and put in force by a person.

Version 0 is the defaults of the kinds of places; it has no row. The newest use says which version is in force.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from custody.store.digests import attest
from custody.store.schema import PERSON
from readers.sighting import Instant
from reconcile.presence import Calibration, Hearing
from reconcile.presence.calibration import DEFAULTS
from reconcile.store.core import CALIBRATION, CALIBRATION_USE

CHANCE_APART = 0.1
DBM_APART = 3.0
"""What two versions say of an antenna and a place is told apart where it differs by more."""
Ear = tuple[str, int, int]
"""Reader, antenna, place."""


class VersionUnknown(ValueError):
    """There is no such version."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the page lists it. `uses`: how often it was put in force."""

    version: int
    made_at: Instant
    made_by: int | None
    made_by_name: str
    since_at: Instant
    until_at: Instant
    tags: int
    observations: int


@dataclass(frozen=True, slots=True)
class Use:
    """That a version was put in force. `by` None: by itself."""

    version: int
    at: Instant
    by: int | None
    by_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What two versions say of one antenna and place; None: the defaults hold there."""

    ear: Ear
    before: Hearing | None
    after: Hearing | None

    @property
    def matters(self) -> bool:
        """Whether they are clearly apart, or one of them knows nothing of it."""
        if self.before is None or self.after is None:
            return True
        apart = abs(self.before.chance - self.after.chance) > CHANCE_APART
        return apart or abs(self.before.mean_dbm - self.after.mean_dbm) > DBM_APART


def in_force(connection: Connection) -> Calibration:
    """The calibration that is in force."""
    newest = select(func.max(CALIBRATION_USE.c.id)).scalar_subquery()
    wanted = (
        select(CALIBRATION.c.content)
        .join(CALIBRATION_USE, CALIBRATION_USE.c.version == CALIBRATION.c.version)
        .where(CALIBRATION_USE.c.id == newest)
    )
    content = connection.scalar(wanted)
    return DEFAULTS if content is None else _parsed(content)


@lru_cache(maxsize=4)
def _parsed(content: str) -> Calibration:
    return Calibration.from_json(content)


def calibration(connection: Connection, version: int) -> Calibration:
    """A version; 0: the defaults. Raises VersionUnknown."""
    if version == 0:
        return DEFAULTS
    content = connection.scalar(select(CALIBRATION.c.content).where(CALIBRATION.c.version == version))
    if content is None:
        raise VersionUnknown(f"no version {version} of what the site taught")
    return _parsed(content)


def newest(connection: Connection) -> int:
    """The number of the newest version; 0 before the first."""
    return connection.scalar(select(func.coalesce(func.max(CALIBRATION.c.version), 0))) or 0


def waiting(connection: Connection, made_before: Instant) -> int:
    """The newest version, where it was made before this and nobody ever put it or a later one in force; else 0."""
    c = CALIBRATION.c
    used = select(func.coalesce(func.max(CALIBRATION_USE.c.version), 0)).scalar_subquery()
    row = connection.execute(
        select(c.version, c.made_at).where(c.version > used).order_by(c.version.desc()).limit(1)
    ).first()
    return int(row.version) if row is not None and row.made_at <= made_before else 0


def keep_version(
    connection: Connection,
    learnt: Calibration,
    *,
    at: Instant,
    by: int | None,
    since_at: Instant,
    until_at: Instant,
    tags: int,
    observations: int,
) -> None:
    """Keep a version. It is in force only when it is put in force."""
    row: dict[str, Any] = {
        "version": learnt.version,
        "made_at": at,
        "made_by": by,
        "since_at": since_at,
        "until_at": until_at,
    }
    row |= {"tags": tags, "observations": observations, "content": learnt.to_json()}
    connection.execute(insert(CALIBRATION).values(row))
    attest(connection, "calibration", [(learnt.version,)])


def put_in_force(connection: Connection, version: int, *, at: Instant, by: int | None, reason: str) -> None:
    """From now on everything is concluded by this version. Raises VersionUnknown."""
    calibration(connection, version)
    connection.execute(insert(CALIBRATION_USE).values(version=version, at=at, by=by, reason=reason))


def versions(connection: Connection, language: str, limit: int = 20) -> list[Version]:
    """The newest versions, newest first."""
    c = CALIBRATION.c
    wanted: Select[Any] = (
        select(c.version, c.made_at, c.made_by, _name(language), c.since_at, c.until_at, c.tags, c.observations)
        .select_from(CALIBRATION.outerjoin(PERSON, PERSON.c.id == c.made_by))
        .order_by(c.version.desc())
        .limit(limit)
    )
    return [Version(*row) for row in connection.execute(wanted)]


def uses(connection: Connection, language: str, limit: int = 20) -> list[Use]:
    """When which version was put in force, newest first."""
    c = CALIBRATION_USE.c
    wanted: Select[Any] = (
        select(c.version, c.at, c.by, _name(language), c.reason)
        .select_from(CALIBRATION_USE.outerjoin(PERSON, PERSON.c.id == c.by))
        .order_by(c.id.desc())
        .limit(limit)
    )
    return [Use(*row) for row in connection.execute(wanted)]


def _name(language: str) -> Any:
    english = func.nullif(PERSON.c.name_en, "")
    return func.coalesce(*((english, PERSON.c.name) if language == "en" else (PERSON.c.name,)), "")


def differences(before: Calibration, after: Calibration) -> list[Difference]:
    """Every antenna and place of which one of the two says something, in order."""
    ears = sorted({*before.hearings, *after.hearings})
    return [Difference(ear, before.hearings.get(ear), after.hearings.get(ear)) for ear in ears]


def merged(base: Calibration, learnt: Calibration) -> Calibration:
    """What was learnt now, and of antennas and places of which too little was heard what was learnt before."""
    known: Mapping[Ear, Hearing] = {**base.hearings, **learnt.hearings}
    return Calibration(learnt.version, known)


def as_said(found: Calibration) -> dict[str, Any]:
    """A calibration as JSON's values, for who asks by REST."""
    said: dict[str, Any] = json.loads(found.to_json())
    return said
