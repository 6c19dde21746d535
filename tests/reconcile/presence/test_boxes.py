"""A box carried elsewhere, one of whose carriers nobody hears: from arrived sightings to its presence row."""

from itertools import count

import pytest
from sqlalchemy import select, update

from custody.database import Database
from custody.store.schema import CARRIER, PLACE
from reconcile.store.core import PRESENCE
from reconcile.store.intake import take
from reconcile.store.presence import conclusions_of, fold_new
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import SHELF, SHELF_2, Archive, epc_of
from tests.reconcile.presence.scenes import SETTINGS, at, batch, coverage, numbered, sighting

BOOTS = count(1)


@pytest.mark.parametrize(("kind", "place"), [("container", SHELF_2), ("cabinet", SHELF)])
def test_what_is_unheard_goes_with_its_box_and_only_with_a_box(sqlite_archive: Archive, kind: str, place: int) -> None:
    database = sqlite_archive.books.database
    epcs = kept_in_a_box(sqlite_archive, database, kind)
    # Given five minutes on the shelf, then all but the last are carried to the other one
    home = [s for epc in epcs for s in lying(epc, "shelf", 0, 300)]
    away = [s for epc in epcs[:-1] for s in lying(epc, "other", 320, 420)]
    listening = [coverage(1, 0, 440, reader=reader) for reader in ("shelf", "other")]
    with database.writing() as connection:
        take(connection, "edge-1", batch(numbered([*home, *away, *listening]), f"{next(BOOTS):032x}"), at(440))
    fold_new(database, SETTINGS, at(440))
    with database.reading() as connection:
        row = connection.execute(select(PRESENCE).where(PRESENCE.c.epc == epcs[-1])).one()
        causes = [one.cause for one in conclusions_of(connection, [epcs[-1]])]
    assert row.place == place
    assert row.strength == ("probable" if kind == "container" else "unconfirmed")
    assert ("companions" in causes) == (kind == "container")


def kept_in_a_box(archive: Archive, database: Database, kind: str) -> list[str]:
    """Four carriers whose place is a box (or another kind of place), and two shelves that listen."""
    carriers = [archive.carrier() for _ in range(4)]
    with database.writing() as connection:
        box = connection.execute(select(PLACE).where(PLACE.c.id == SHELF)).one()._asdict()
        box |= {"id": 900, "kind": kind, "code": "BOX", "path": f"{box['path']}900/", "parent": SHELF}
        connection.execute(PLACE.insert().values(box))
        connection.execute(update(CARRIER).where(CARRIER.c.id.in_(carriers)).values(place=900))
        for name, place in (("shelf", SHELF), ("other", SHELF_2)):
            upsert_reader(connection, name, at(0), title_zh=name, title_en=name, device="edge-1")
            upsert_antenna(connection, name, 1, place)
    return [epc_of(carrier) for carrier in carriers]


def lying(epc: str, reader: str, since: int, until: int) -> list[object]:
    """A sighting each ten seconds."""
    return [
        sighting(1, epc=epc, reader=reader, antenna=1, first=start, last=start + 10, reads=20, dbm=-45.0)
        for start in range(since, until, 10)
    ]
