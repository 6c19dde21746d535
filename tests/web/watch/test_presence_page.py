"""What the site taught of its antennas, as it is shown and put in force; and weak tags, for whom they are."""

import re

import pytest
from sqlalchemy import text

from custody.values import SECOND
from reconcile.intake import CoverageRecord, SightingRecord
from reconcile.store.core import TAG_READABILITY
from reconcile.store.intake import take
from reconcile.store.learning import LOOKED_BACK_US, learn_site
from reconcile.store.presence import fold_new
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import SCHEME, SHELF, SHELF_2, epc_of
from tests.reconcile.presence.scenes import SETTINGS, batch, numbered
from tests.web.front import Front, words

HOUR = 3_600
WEAK, TAGS = 1, 8


@pytest.fixture
def taught(front: Front) -> Front:
    """Eight carriers have lain on a shelf for two hours, one of them with a tag that hardly answers."""
    now, database = front.clock.at, front.archive.books.database
    carriers = front.archive.carriers(TAGS)
    front.clock.at += 2 * LOOKED_BACK_US
    until = front.clock.at
    records: list[SightingRecord | CoverageRecord] = [CoverageRecord(1, "cabinet", 1, now, until)]
    for carrier in carriers:
        step = 600 if carrier == carriers[WEAK] else 10
        for second in range(0, (until - now) // SECOND, step):
            at, reads = now + second * SECOND, 1 if step == 600 else 40
            last = at + (9 if reads > 1 else 0) * SECOND
            records.append(SightingRecord(1, epc_of(carrier), None, "cabinet", 1, at, last, reads, -55.0, -58.0, last))
            if step == 10 and second % 100 == 0:
                records.append(SightingRecord(1, epc_of(carrier), None, "beside", 1, at, last, 3, -70.0, -70.0, last))
    with database.writing() as connection:
        for name, place in (("cabinet", SHELF), ("beside", SHELF_2)):
            upsert_reader(connection, name, now, title_zh=name, title_en=name, device="edge-1")
            upsert_antenna(connection, name, 1, place)
        records.append(CoverageRecord(1, "beside", 1, now, until))
        take(connection, "edge-1", batch(numbered(records), "aa" * 16), until)
    fold_new(database, SETTINGS, until)
    return front


def test_a_version_is_learnt_compared_and_put_in_force_with_a_reason(taught: Front) -> None:
    admin = taught.signed_in("admin")
    assert "default: Shelf" in words(admin.get("/presence").text)
    page = words(admin.send("/presence/learn").text)
    assert "Version 1 was learnt from 8 tags" in page
    assert "Weak tags: 1." in page
    # Learnt is not in force:
    assert "Defaults" in words(re.search(r"In force</dt><dd>.*?</dd>", admin.get("/presence").text)[0])  # type: ignore[index]
    compared = words(admin.get("/presence?version=1&against=0").text)
    assert "what is clearly apart" in compared
    assert "8 tags" in compared
    assert "B1-01-2" in compared  # the neighbour, which hears it faintly
    # not without a reason,
    assert admin.send("/presence/use", version="1").status_code == 422
    assert admin.send("/presence/use", version="7", reason="x").status_code == 404
    assert admin.send("/presence/use", version="1", reason="checked against the plan").status_code == 303
    shown = words(admin.get("/presence").text)
    assert "Version 1" in shown
    assert "checked against the plan" in shown
    # and learning again finds nothing else.
    assert "nothing clearly apart" in words(admin.send("/presence/learn").text)


def test_who_sees_no_readers_sees_none_of_it_and_a_clerk_changes_nothing(taught: Front) -> None:
    assert taught.signed_in("chen").get("/presence").status_code == 403
    clerk = taught.signed_in("clerk")
    assert clerk.get("/presence").status_code == 200
    assert "Learn now" not in clerk.get("/presence").text
    assert clerk.send("/presence/learn").status_code == 403
    assert clerk.send("/presence/use", version="0", reason="x").status_code == 403


def test_weak_tags_are_told_to_whom_may_see_their_carriers(taught: Front) -> None:
    learn_site(taught.archive.books.database, SCHEME, taught.clock.at)
    clerk = taught.signed_in("clerk")
    page = clerk.get("/presence").text
    weak = page[page.index('id="weak"') :]
    assert len(re.findall(r'href="/carriers/\d+"', weak)) == 1
    assert "confirm by eye" in words(weak)
    # The system administrator sees no carrier.
    assert 'id="weak"' not in taught.signed_in("admin").get("/presence").text
    with taught.archive.books.database.reading() as connection:
        rows = connection.execute(TAG_READABILITY.select().order_by(TAG_READABILITY.c.epc)).all()
        assert [bool(row.weak) for row in rows] == [number == WEAK for number in range(TAGS)]
        # Of the weak one so much was heard as its chance is, of the others nearly everything that could be.
        assert rows[WEAK].got < 0.1 * rows[WEAK].expected
        assert all(row.got > 0.8 * row.expected for row in rows if not row.weak)
        assert connection.scalar(text("SELECT made_by FROM calibration WHERE version = 1")) is None
