"""The day's message: one a person and working day, what is overdue first, a cap, a copy for the manager."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from api.letters import worded
from custody.access import Role
from custody.clock import day
from custody.values import DAY, Instant
from reconcile.calendar import EVERY_DAY, Calendar, Hours, china
from reconcile.checks import KINDS
from reconcile.digests import OVERDUE_KINDS, PARTS, Digest, Figure, Known, compose, figures_of, make_digests
from reconcile.reminders import send_reminders
from reconcile.store.digests import DIGEST, Repeat, Standing
from reconcile.store.staff import Keeper
from tests.builders import PEOPLE, SCHEME
from tests.reconcile.findings.scene import Scene

NINE = Hours(digest_at=9 * 60)


def makes(scene: Scene, calendar: Calendar = EVERY_DAY, hours: Hours = NINE) -> dict[int, Digest]:
    """What the schedule does every minute: the messages of the day, by person."""
    with scene.database.writing() as connection:
        return {one.person: one for one in make_digests(connection, SCHEME, calendar, hours, scene.now)}


def said(digest: Digest) -> list[tuple[str, str, int, int, str]]:
    """The figures of a message."""
    return [(one.part, one.kind, one.count, one.days, one.who) for one in digest.figures]


def test_c_5_remind__one_message_a_day_the_overdue_first_and_the_manager_has_a_copy(scene: Scene) -> None:
    # Given two loans of sun's, of whom the manager of planning answers, and one of chen's, overdue since yesterday
    for who in ("chen", "sun"):
        scene.account(who, Role.BORROWER)
    for who in ("sun", "sun", "chen"):
        scene.archive.borrow(scene.archive.carrier(title="绝不外传的标题"), who, days=2)
    send_reminders(scene.database, SCHEME, scene.now)
    scene.ticking.days(3.5)
    assert len(scene.check("overdue_loan").opened) == 3
    # When the hour of the message comes, and the next minutes
    made = makes(scene)
    assert makes(scene) == {}
    # Then whoever has something overdue reads that first; the manager has a figure a person, the clerk what is his
    sun, manager, clerk = (made[PEOPLE[who]] for who in ("sun", "manager", "clerk"))
    assert said(sun)[0] == ("overdue", "overdue_loan", 2, 0, "")
    number = {"sun": "1005", "chen": "1004"}
    assert [one for one in said(manager) if one[0] == "people"] == [("people", "", 2, 0, number["sun"])]
    assert ("own", "overdue_loan", 3, 0, "") in said(clerk)
    order = [[PARTS.index(one.part) for one in digest.figures] for digest in made.values()]
    assert order == [sorted(parts) for parts in order]
    # And in neither language, nor in the database, is there a title
    with scene.database.reading() as connection:
        rows = connection.execute(select(DIGEST)).all()
    assert len(rows) == len(made)
    texts = [worded(SCHEME, f"digest:{row.day}", row.figures, language) for row in rows for language in ("zh", "en")]
    assert "绝不外传" not in repr(texts) + repr(rows)
    assert worded(SCHEME, "digest:2026-11-23", sun.as_json(), "zh").subject.endswith("2026-11-23 事项：2 项逾期")
    assert "Overdue: 2" in worded(SCHEME, "digest:2026-11-23", sun.as_json(), "en").text


def test_c_5_remind__it_is_repeated_so_many_times_then_the_superior_is_told_once(scene: Scene) -> None:
    # Given a loan of sun's that is overdue, and nobody does anything
    scene.account("sun", Role.BORROWER)
    scene.archive.borrow(scene.archive.carrier(), "sun", days=1)
    scene.ticking.days(2)
    scene.check("overdue_loan")
    # When a fortnight goes by
    told: dict[str, list[int]] = {"sun": [], "manager": []}
    for at in range(14):
        made = makes(scene)
        for who, days in told.items():
            digest = made.get(PEOPLE[who])
            parts = {one.part for one in digest.figures} if digest else set()
            if parts & {"overdue", "passed_on"}:
                days.append(at)
        scene.ticking.days(1)
    # Then he was told on three days, and his manager on the fourth; and then nobody is any more
    assert told == {"sun": [0, 1, 2], "manager": [3]}
    assert [n.kind for n in scene.inbox("manager")].count("unanswered") == 1


@pytest.mark.parametrize(
    ("when", "made"),
    [
        # Of a day                            before its hour, at its hour, later
        ("2026-11-20", (False, True, False)),  # a Friday
        ("2026-11-21", (False, False, False)),  # a Saturday
        ("2026-10-06", (False, False, False)),  # within the National Day
        ("2026-10-10", (False, True, False)),  # a Saturday that is worked for it
    ],
)
def test_nothing_goes_out_on_a_day_off_nor_before_its_hour(scene: Scene, when: str, made: tuple[bool, ...]) -> None:
    scene.account("sun", Role.BORROWER)
    scene.archive.borrow(scene.archive.carrier(), "sun", days=1)
    scene.ticking.days(3)
    scene.check("overdue_loan")
    found = []
    for minute in (8 * 60 + 59, 9 * 60, 15 * 60):
        scene.ticking.at = replace(NINE, digest_at=minute).digest_slot(when, SCHEME.timezone)
        found.append(bool(makes(scene, china())))
    assert tuple(found) == made


def test_a_server_that_was_away_in_the_morning_makes_them_as_soon_as_it_is_there(scene: Scene) -> None:
    scene.account("sun", Role.BORROWER)
    scene.archive.borrow(scene.archive.carrier(), "sun", days=1)
    scene.ticking.days(2.3)
    scene.check("overdue_loan")
    assert day(scene.now, SCHEME.timezone) == "2026-11-22"
    assert PEOPLE["sun"] in makes(scene)


# Pure.

NOW: Instant = 1_000 * DAY


def overdue(
    finding: str, person: int, unit: int = 3, rank: int = 1, days: int = 2, kind: str = "leg_overdue"
) -> Standing:
    """A finding about something that a person should have done."""
    return Standing(finding, "leg_overdue", 1, NOW - days * DAY, None, person, str(1000 + person), unit, rank)


def keeper(person: int, role: Role, *units: int, clearance: int = 3) -> Keeper:
    """Somebody in a role; of the whole house where no unit is named."""
    return Keeper(person, role, frozenset(units) or None, clearance)


def test_a_manager_has_no_copy_of_what_he_may_not_know_of() -> None:
    everybody = [
        keeper(1, Role.BORROWER, 3),
        keeper(2, Role.MANAGER, 3, clearance=1),
        keeper(3, Role.MANAGER, 4),
        keeper(4, Role.MANAGER),
    ]
    standing = [overdue("a", 1), overdue("b", 1, rank=3)]
    made = compose(Known(standing, {}, {}, everybody, {}), NOW, 3).digests
    assert made[1].figures == (Figure("overdue", "leg_overdue", 2, 2),)
    assert made[2].figures == (Figure("people", "", 1, who="1001"),)
    assert 3 not in made
    assert made[4].figures == (Figure("people", "", 2, who="1001"),)


@pytest.mark.parametrize(
    ("person", "superior"),
    # A reader's manager; a manager's secrecy office; the office's leader; and above the leader nobody.
    [(1, (2,)), (2, (5,)), (5, (6,)), (6, ())],
)
def test_what_goes_unanswered_goes_up_one_step(person: int, superior: tuple[int, ...]) -> None:
    everybody = [
        keeper(1, Role.BORROWER, 3),
        keeper(2, Role.MANAGER, 3),
        keeper(5, Role.SECRECY_OFFICE),
        keeper(6, Role.LEADER),
    ]
    known = Known([overdue("a", person)], {}, {}, everybody, {("a", person): Repeat(3, False)})
    found = compose(known, NOW, 3)
    assert found.passed_on == (("a", person, superior),)
    assert found.told == ()
    for one in superior:
        assert found.digests[one].figures[0] == Figure("passed_on", "leg_overdue", 1, 2)
    again = compose(replace(known, repeats={("a", person): Repeat(3, True)}), NOW, 3)
    assert (again.passed_on, again.digests) == ((), {})


def test_who_has_no_account_gets_none_and_a_long_copy_is_cut() -> None:
    people = [overdue(f"f{n}", 100 + n) for n in range(60)]
    everybody = [keeper(2, Role.MANAGER), *(keeper(100 + n, Role.BORROWER, 3) for n in range(50))]
    found = compose(Known(people, {}, {1: 4}, everybody, {}), NOW, 3)
    copy = found.digests[2].figures
    assert (len(copy), copy[-1]) == (41, Figure("people", "others", 10))
    assert 1 not in found.digests
    assert len(found.told) == 50


def test_what_is_kept_is_what_was_said() -> None:
    digest = Digest(
        1, (Figure("overdue", "leg_overdue", 2, 5), Figure("people", "", 1, who="1004"), Figure("new", "", 3))
    )
    assert figures_of(digest.as_json()) == digest.figures
    assert {"overdue_loan", "leg_overdue", "permit_overdue"} <= OVERDUE_KINDS <= set(KINDS)
