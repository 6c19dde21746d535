"""Reports on schedule: once a slot, as the person may see them then, fetched by him alone and put on record."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from api import delivering
from api.delivering import due_slot, next_slot
from api.letters import worded
from api.services import Services
from custody.access import Role
from custody.clock import moment
from custody.store import accounts
from custody.store.schema import CARRIER
from custody.values import DAY, Instant
from reconcile.calendar import Calendar, at_minute
from reconcile.smtp import Relay
from reconcile.store import deliveries, messages
from reconcile.store.core import NOTICE
from reconcile.store.deliveries import Subscription
from reconcile.store.messages import MESSAGE
from tests.builders import PEOPLE, SCHEME
from tests.web.front import words
from tests.web.watch.house import House, Visitor
from tests.web.watch.test_reports import column, download, exports

ZONE = SCHEME.timezone
WEEKENDS = Calendar()
HOUR = 3_600


def at(day: str, hour: int = 0) -> Instant:
    """An hour of a day where the organisation is."""
    return at_minute(day, hour * 60, ZONE)


def a_subscription(every: str = "daily", on_day: int = 0, last_day: str = "", **more: Any) -> Subscription:
    """Of the manager, at eight, since the first of November 2026, which is a Sunday."""
    plain: dict[str, Any] = {
        "id": 1,
        "person": PEOPLE["sun"],
        "report": "overdue",
        "days": 90,
        "unit": None,
        "titles": False,
    }
    plain |= {"hour": 8, "language": "en", "created_at": at("2026-11-01")}
    return Subscription(every=every, on_day=on_day, last_day=last_day, **(plain | more))


@pytest.mark.parametrize(
    ("of", "now", "slot"),
    [
        # Daily: from its hour on, on working days; on a Saturday what was seen to on Friday is not made again.
        (a_subscription(), at("2026-11-20", 7), "2026-11-19"),
        (a_subscription(), at("2026-11-20", 8), "2026-11-20"),
        (a_subscription(last_day="2026-11-20"), at("2026-11-20", 23), None),
        (a_subscription(last_day="2026-11-20"), at("2026-11-21", 9), None),
        # Of several that were missed, the newest alone.
        (a_subscription(last_day="2026-11-10"), at("2026-11-20", 9), "2026-11-20"),
        # Weekly on Sundays: on Monday, for Sunday was off.
        (a_subscription("weekly", 6, "2026-11-16"), at("2026-11-22", 9), None),
        (a_subscription("weekly", 6, "2026-11-16"), at("2026-11-23", 9), "2026-11-23"),
        (a_subscription("weekly", 6, "2026-11-16"), at("2026-11-24", 9), "2026-11-23"),
        (a_subscription("weekly", 4, "2026-11-13"), at("2026-11-20", 9), "2026-11-20"),
        # Monthly on the fourteenth, a Saturday: on the sixteenth.
        (a_subscription("monthly", 14, "2026-10-14"), at("2026-11-15", 9), None),
        (a_subscription("monthly", 14, "2026-10-14"), at("2026-11-16", 9), "2026-11-16"),
        # What was before it was asked for is not made up for.
        (a_subscription(created_at=at("2026-11-20", 9)), at("2026-11-20", 10), None),
    ],
)
def test_a_slot_is_a_working_day_at_its_hour(of: Subscription, now: Instant, slot: str | None) -> None:
    assert due_slot(of, now, WEEKENDS, ZONE) == slot
    coming = next_slot(of, now, WEEKENDS, ZONE)
    assert coming > now
    assert moment(coming, ZONE).hour == 8
    assert moment(coming, ZONE).weekday() < 5


@pytest.fixture
def overdue(house: House) -> House:
    """One loan in reach of the manager is overdue, one is not in her reach; she has the report each working day."""
    archive = house.scene.archive
    archive.borrow(archive.carrier(unit=3, title="绝不外传"), "sun", days=1)
    archive.borrow(archive.carrier(level="top_secret", unit=3, title="绝密之事"), "manager", days=1)
    house.scene.wait(3 * 86_400)
    house.scene.check("overdue_loan")
    order(house.client("sun"))
    return house


def order(visitor: Visitor, **fields: str) -> None:
    """Order a report."""
    asked = {"report": "overdue", "every": "daily", "hour": "8", "titles": "yes"} | fields
    answer = visitor.post("/reports/deliveries", **asked)
    assert answer.status_code == 303, answer.text


def tomorrow(house: House) -> None:
    """It is nine o'clock of the next day."""
    now = house.scene.now
    house.scene.wait((at(moment(now + DAY, ZONE).date().isoformat(), 9) - now) / 1_000_000)


def made(house: House) -> list[deliveries.Delivery]:
    """What was made for the manager."""
    with house.database.reading() as connection:
        return deliveries.deliveries_of(connection, PEOPLE["sun"], 50)


def told(house: House) -> list[str]:
    """What the manager was told of it."""
    with house.database.reading() as connection:
        query = select(NOTICE.c.kind).where(NOTICE.c.about.startswith("delivery:"), NOTICE.c.person == PEOPLE["sun"])
        return list(connection.scalars(query.order_by(NOTICE.c.id)))


def test_a_slot_is_made_once_by_whichever_of_two_servers(overdue: House) -> None:
    services = overdue.services
    assert delivering.make_due(services, overdue.scene.now) == "made 0"
    tomorrow(overdue)
    now = overdue.scene.now
    with overdue.database.reading() as connection:
        (of,) = deliveries.running(connection)
    slot = due_slot(of, now, services.at_work.calendar, ZONE)
    assert slot is not None
    # Both found it due; both made it; one keeps it.
    assert delivering.make_due(services, now) == "made 1"
    assert delivering.make(replace(services), of, slot, now) is None
    assert delivering.make_due(services, now) == "made 0"
    assert [one.slot for one in made(overdue)] == [slot]
    assert told(overdue) == ["report_delivered"]
    assert [name for _, name, _, _ in exports(overdue)] == ["overdue"]


def test_what_is_delivered_is_what_the_page_gives_at_that_moment_and_no_more(overdue: House) -> None:
    tomorrow(overdue)
    delivering.make_due(overdue.services, overdue.scene.now)
    sun = overdue.client("sun")
    page = download(sun, "/reports/overdue.xlsx")
    number = made(overdue)[0].id
    assert download(sun, f"/reports/deliveries/{number}.xlsx") == page
    assert column(page, "Title") == ["绝不外传"]
    # The page says so, the log of exports has it, and nobody else gets it.
    shown = words(sun.page("/reports/deliveries"))
    assert "every working day at 8:00" in shown
    assert "fetched" in shown
    logged: list[Any] = [filters for _, _, filters, _ in exports(overdue)]
    assert logged == [{"delivery": number}, {}, {"delivery": number}]
    assert overdue.client("clerk").get(f"/reports/deliveries/{number}.xlsx").status_code == 404


def test_titles_are_in_it_only_where_they_were_asked_for(overdue: House) -> None:
    sun = overdue.client("sun")
    order(sun, titles="")
    (plain,) = [one.id for one in _subscriptions(overdue) if not one.titles]
    assert sun.post(f"/reports/deliveries/{plain}/now").status_code == 303
    sheet = download(sun, f"/reports/deliveries/{made(overdue)[0].id}.xlsx")
    assert column(sheet, "Title") == ["title hidden"]


def _subscriptions(house: House) -> list[Subscription]:
    with house.database.reading() as connection:
        return deliveries.subscriptions_of(connection, PEOPLE["sun"])


def test_whoever_has_lost_the_right_gets_nothing_and_is_told_so(overdue: House) -> None:
    with overdue.database.writing() as connection:
        accounts.grant(connection, PEOPLE["sun"], Role.BORROWER)
        accounts.revoke(connection, PEOPLE["sun"], Role.MANAGER)
    tomorrow(overdue)
    delivering.make_due(overdue.services, overdue.scene.now)
    assert [(one.state, one.rows, one.kept) for one in made(overdue)] == [("no_right", 0, False)]
    assert told(overdue) == ["report_withheld"]
    assert not exports(overdue)


def test_what_is_hidden_by_then_is_in_no_file_and_a_file_that_holds_it_is_not_given(overdue: House) -> None:
    tomorrow(overdue)
    delivering.make_due(overdue.services, overdue.scene.now)
    number = made(overdue)[0].id
    with overdue.database.writing() as connection:
        connection.execute(CARRIER.update().where(CARRIER.c.title == "绝不外传").values(rank=3))
    sun = overdue.client("sun")
    assert sun.get(f"/reports/deliveries/{number}.xlsx").status_code == 404
    assert "not given" in words(sun.page("/reports/deliveries"))
    tomorrow(overdue)
    delivering.make_due(overdue.services, overdue.scene.now)
    assert [one.rows for one in made(overdue)] == [0, 1]


def test_one_may_pause_resume_and_end_it_and_nobody_elses(overdue: House) -> None:
    sun, number = overdue.client("sun"), _subscriptions(overdue)[0].id
    for act in ("pause", "end", "now"):
        assert overdue.client("clerk").post(f"/reports/deliveries/{number}/{act}").status_code == 404
    sun.post(f"/reports/deliveries/{number}/pause")
    tomorrow(overdue)
    assert delivering.make_due(overdue.services, overdue.scene.now) == "made 0"
    # What passed while it rested is not made up for.
    overdue.client("sun").post(f"/reports/deliveries/{number}/pause")
    assert delivering.make_due(overdue.services, overdue.scene.now) == "made 0"
    tomorrow(overdue)
    assert delivering.make_due(overdue.services, overdue.scene.now) == "made 1"
    overdue.client("sun").post(f"/reports/deliveries/{number}/end")
    tomorrow(overdue)
    assert delivering.make_due(overdue.services, overdue.scene.now) == "made 0"
    assert len(made(overdue)) == 1


def test_every_report_can_be_delivered_as_its_page_gives_it(overdue: House) -> None:
    sun = overdue.client("sun")
    for report, page in (
        ("today", "/today.xlsx"),
        ("findings", "/reports/findings.xlsx"),
        ("swept", "/reports/swept.xlsx"),
        ("balance", "/balance.xlsx"),
    ):
        order(sun, report=report)
        (of,) = [one for one in _subscriptions(overdue) if one.report == report]
        sun.post(f"/reports/deliveries/{of.id}/now")
        assert download(sun, f"/reports/deliveries/{made(overdue)[0].id}.xlsx") == download(sun, page)


def test_it_is_forgotten_after_its_days(overdue: House) -> None:
    tomorrow(overdue)
    delivering.make_due(overdue.services, overdue.scene.now)
    sun = overdue.client("sun")
    sun.post(f"/reports/deliveries/{_subscriptions(overdue)[0].id}/end")
    overdue.scene.wait(31 * 86_400)
    delivering.make_due(overdue.services, overdue.scene.now)
    assert not made(overdue)


def test_the_message_says_how_many_lines_there_are_and_nothing_of_them(overdue: House) -> None:
    relay = Relay("relay.lan", "custody@archive.lan", ("archive.lan",), 587)
    services: Services = replace(overdue.services, relay=relay)
    with overdue.database.writing() as connection:
        messages.set_address(connection, PEOPLE["sun"], "sun@archive.lan", overdue.scene.now)
    tomorrow(overdue)
    delivering.make_due(services, overdue.scene.now)
    with overdue.database.reading() as connection:
        row = connection.execute(select(MESSAGE.c.about, MESSAGE.c.figures)).one()
    for language, said in (("en", "It has 1 line"), ("zh", "共 1 行")):
        text = worded(SCHEME, row.about, row.figures, language)
        assert said in text.text
        assert "YS-2026" not in text.subject + text.text
        assert "绝不外传" not in text.subject + text.text


def test_what_cannot_be_ordered_is_refused_with_what_was_typed(house: House) -> None:
    sun = house.client("sun")
    for wrong in ({"report": "carriers"}, {"hour": "3"}, {"every": "hourly"}, {"every": "monthly", "monthday": "31"}):
        asked = {"report": "overdue", "every": "daily", "hour": "8"} | wrong
        assert sun.post("/reports/deliveries", **asked).status_code == 422
    assert house.client("chen").get("/reports/deliveries").status_code == 403
