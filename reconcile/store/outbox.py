"""How full the spools of the devices are, as they say with every delivery: the last word of each."""

import re
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Table, insert, select, update
from sqlmodel import SQLModel

from readers.sighting import Instant

OUTBOX: Table = SQLModel.metadata.tables["outbox"]

_NUMBER_MAX = 2**53
_SAID = re.compile(r"waiting=(\d{1,16}), bytes=(\d{1,16}), bytes_max=(\d{1,16}), rejected=(\d{1,16}), lost=(\d{1,16})")


@dataclass(frozen=True, slots=True)
class Outbox:
    """Records that wait at a device, their bytes and the bound; how many were refused, and dropped since its start."""

    waiting: int
    bytes: int
    bytes_max: int
    rejected: int
    lost: int

    @property
    def percent(self) -> int:
        """How much of the bound is used."""
        return min(100, 100 * self.bytes // max(1, self.bytes_max))


def parse_outbox(said: str) -> Outbox | None:
    """What the header of a delivery says; None where it says nothing that can be read."""
    found = _SAID.fullmatch(said)
    if found is None:
        return None
    numbers = [int(number) for number in found.groups()]
    return Outbox(*numbers) if max(numbers) < _NUMBER_MAX else None


def note_outbox(connection: Connection, device: str, said: Outbox, now: Instant) -> None:
    """The last word of a device."""
    values = asdict(said) | {"told_at": now}
    changed = connection.execute(update(OUTBOX).where(OUTBOX.c.device == device).values(**values))
    if not changed.rowcount:
        connection.execute(insert(OUTBOX).values(device=device, **values))


def outboxes(connection: Connection) -> dict[str, Outbox]:
    """By device, what each said last."""
    names = [column for column in OUTBOX.c if column.name not in ("device", "told_at")]
    rows = connection.execute(select(OUTBOX.c.device, *names))
    return {device: Outbox(*numbers) for device, *numbers in rows}
