"""Before a period ends it is looked at again: the worklist, and the decision to leave it as it is."""

from typing import Any

import pytest

from custody.entries.disposition import Reviewed
from custody.store.queries.review import ReviewFilter, reviews
from custody.values import Period
from tests.builders import CLERK, LOW_SHELF, PEOPLE, TODAY, Archive, subject
from tests.custody.disposition.scenes import approved_change, carried_out, refusals_of


def worklist(archive: Archive, who: Any = CLERK, limit: int = 50, after: str | None = None, **asked: Any) -> Any:
    """A page of the worklist."""
    with archive.books.database.reading() as connection:
        now = archive.books.clock()
        return reviews(connection, who, archive.scheme, now, TODAY, ReviewFilter(**asked), after, limit=limit)


def listed(archive: Archive, **asked: Any) -> list[int]:
    """The carriers on it."""
    return [one.carrier.id for one in worklist(archive, **asked).items]


def ending(archive: Archive, day: str, **changes: Any) -> int:
    """A carrier whose period ends on a day."""
    return archive.carrier(period=Period("date", day), **changes)


def test_what_ends_soon_or_has_ended_stands_on_it_in_order(archive: Archive) -> None:
    soon = ending(archive, "2027-03-01")
    over = ending(archive, "2026-11-01")
    ending(archive, "2028-01-01")
    archive.carrier(period=Period("condition", "公布后", "省保密局"))
    archive.carrier(level="internal")
    assert listed(archive) == [over, soon]
    assert listed(archive, stage="due") == [soon]
    assert listed(archive, stage="over") == [over]
    assert [one.ends for one in worklist(archive).items] == ["2026-11-01", "2027-03-01"]


def test_it_is_asked_by_level_and_unit_and_page(sqlite_archive: Archive) -> None:
    low = ending(sqlite_archive, "2027-01-01", level="confidential", place=LOW_SHELF)
    secret = ending(sqlite_archive, "2027-01-02", unit=3)
    assert listed(sqlite_archive, level="confidential") == [low]
    assert listed(sqlite_archive, unit=3) == [secret]
    first = worklist(sqlite_archive, limit=1)
    assert ([one.carrier.id for one in first.items], first.total) == ([low], 2)
    rest = worklist(sqlite_archive, limit=1, after=first.after)
    assert ([one.carrier.id for one in rest.items], rest.after) == ([secret], None)


def test_nobody_learns_from_it_of_what_he_may_not_know(sqlite_archive: Archive) -> None:
    ending(sqlite_archive, "2027-01-01", scope=(f"person:{PEOPLE['zhao']}",))
    assert worklist(sqlite_archive).total == 1
    assert worklist(sqlite_archive, who=subject("chen")).total == 0


def test_what_was_reviewed_rests_until_its_period_ends(archive: Archive) -> None:
    carrier = ending(archive, "2027-03-01")
    archive.enter(CLERK, [Reviewed(carrier, "内容仍属机密，到期解密")], "review")
    assert listed(archive) == []
    assert listed(archive, stage="kept") == [carrier]
    assert archive.books.rebuild_check() == []


def test_what_was_extended_is_off_the_list(sqlite_archive: Archive) -> None:
    carrier = ending(sqlite_archive, "2027-03-01")
    longer = Period("date", "2036-01-01")
    matter = approved_change(sqlite_archive, [carrier], "secret", longer)
    sqlite_archive.enter(CLERK, [carried_out(matter, carrier, "secret", longer)], "reclassification")
    assert listed(sqlite_archive) == []


@pytest.mark.parametrize("day", ["2026-11-19", "2028-01-01"])
def test_what_is_over_or_far_off_is_not_left_as_it_is_by_a_review(day: str, sqlite_archive: Archive) -> None:
    carrier = ending(sqlite_archive, day)
    reviewed = [Reviewed(carrier, "照旧")]
    assert refusals_of(sqlite_archive, CLERK, reviewed, "review") == ["review_not_due"]


def test_a_review_says_why_and_is_signed(sqlite_archive: Archive) -> None:
    carrier = ending(sqlite_archive, "2027-03-01")
    assert refusals_of(sqlite_archive, CLERK, [Reviewed(carrier, " ")], "review") == ["text_missing"]
    unsigned = refusals_of(sqlite_archive, CLERK, [Reviewed(carrier, "照旧")], "review", signed=False)
    assert unsigned == ["a.5 signature_missing"]
    assert refusals_of(sqlite_archive, CLERK, [Reviewed(carrier, "照旧")], "review") == []
