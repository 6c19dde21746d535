"""What can be seen coming is spoken of in time, to whom it concerns; on the working day before where that is off."""

import pytest

from custody.access import Role
from custody.approval import asked
from custody.clock import day
from custody.entries.disposition import TransferListed, TransferOpened
from custody.values import DAY, Instant
from reconcile.calendar import EVERY_DAY, Calendar, Special, at_minute, china
from reconcile.checks import KINDS
from reconcile.reminders import REMINDERS, Span, send_reminders
from reconcile.upcoming import COUNTED, DEADLINES
from tests.builders import CLERK, SCHEME
from tests.custody.destruction.batches import Batch
from tests.custody.disposition.scenes import called_back, lost, received_papers
from tests.custody.meetings.scene import a_meeting
from tests.reconcile.findings.scene import Scene

ZONE = SCHEME.timezone
SECRETARY, OFFICE = ("secretary", "meeting_ending"), ("secrecy", "loss_report_soon")


def remind(scene: Scene, calendar: Calendar = EVERY_DAY) -> int:
    """What the schedule does every ten minutes."""
    return send_reminders(scene.database, SCHEME, scene.now, calendar)


def days_told(scene: Scene, kind: str, days: int, *people: str, calendar: Calendar = EVERY_DAY) -> dict[str, list[int]]:
    """On which of the coming days each of these people is told of this, the reminders being sent twice a day."""
    told: dict[str, list[int]] = {who: [] for who in people}
    before = {who: len(of_kind(scene, who, kind)) for who in people}
    for at in range(days):
        remind(scene, calendar)
        remind(scene, calendar)
        for who in people:
            found = len(of_kind(scene, who, kind))
            told[who] += [at] * (found - before[who])
            before[who] = found
        scene.ticking.days(1)
    return told


def of_kind(scene: Scene, who: str, kind: str) -> list[object]:
    """Somebody's notices of a kind."""
    return [one for one in scene.inbox(who) if one.kind == kind]


def test_b_7_remind__a_return_to_the_issuer_is_spoken_of_a_week_before(scene: Scene) -> None:
    called_back(scene.archive, received_papers(scene.archive, 2))  # until the tenth day
    assert days_told(scene, "issuer_return_soon", 12, "clerk", "sun") == {"clerk": [3], "sun": []}


def test_an_approved_destruction_is_spoken_of_before_its_approval_runs_out(scene: Scene) -> None:
    Batch(scene.archive, scene.archive.matter(), scene.archive.carriers(2, level="secret")).approved()
    ends = SCHEME.number("approval_valid_days")
    first = ends - SCHEME.number("remind_destruction_days")
    assert days_told(scene, "destruction_soon", ends + 2, "clerk") == {"clerk": [first]}


def test_f_1_remind__who_has_had_something_almost_too_long_is_told(scene: Scene) -> None:
    scene.account("chen", Role.BORROWER)
    scene.archive.borrow(scene.archive.carrier(), "chen", days=14)
    scene.archive.borrow(scene.archive.carrier(level="internal"), "chen", days=14)
    first = SCHEME.number("holding_days_max") - SCHEME.number("remind_holding_days")
    scene.ticking.days(first - 2)
    assert days_told(scene, "holding_soon", 12, "chen") == {"chen": [2]}


def test_f_3_remind__what_is_due_for_the_archives_is_a_number_once_a_week(scene: Scene) -> None:
    scene.archive.carriers(3, unit=3, archive_by="2027-01-10")
    scene.archive.carriers(2, unit=4, archive_by="2027-01-12")
    scene.ticking.days(21)  # a Friday, thirty days before the first of them
    assert days_told(scene, "archiving_soon", 7, "clerk", "manager") == {"clerk": [0, 3], "manager": [0, 3]}
    counts = [[one.count for one in scene.inbox(who) if one.kind == "archiving_soon"] for who in ("clerk", "manager")]
    assert counts == [[5, 3], [3, 3]]


def test_places_to_be_swept_are_a_number_once_a_week(scene: Scene) -> None:
    # Given a store rated top secret, which is swept every thirty days
    first = SCHEME.number("sweep_days_rank_3") - SCHEME.number("remind_sweep_days")
    scene.ticking.days(first - 1)
    told = days_told(scene, "sweep_soon", 9, "secrecy", "sun")
    assert told["secrecy"][0] == 1
    assert len(told["secrecy"]) == 2
    assert told["sun"] == []


def test_an_answer_is_asked_for_before_its_time_ends_from_who_may_give_it(scene: Scene) -> None:
    matter, carrier = scene.archive.matter(), scene.archive.carrier(unit=3, level="secret")
    opened = TransferOpened(matter, 3, "secret", "archives", "院档案馆", "档案馆一楼")
    scene.archive.enter(CLERK, [opened, TransferListed(carrier, matter)], "transfer")
    scene.archive.enter(CLERK, [asked(matter, "transfer", SCHEME, scene.now)], "approval")
    told = days_told(scene, "approval_waiting", 7, "manager", "clerk", "secrecy")
    assert told == {"manager": [SCHEME.number("approval_days") - 1], "clerk": [], "secrecy": []}


def test_deadlines_by_the_hour_know_no_days_off(scene: Scene) -> None:
    # Given a day off, a loss that was discovered two hours ago, and a meeting that goes on for four hours
    closed = Calendar({"2026-11-20": Special(False), "2026-11-21": Special(False)})
    scene.account("secretary", Role.MEETING_SECRETARY)
    a_meeting(scene.archive).lists("chen").approved().everybody_enters().begins()
    lost(scene.archive, scene.archive.carrier())
    told = []
    for _ in range(24):
        remind(scene, closed)
        told.append(tuple(len(of_kind(scene, *whom)) for whom in (SECRETARY, OFFICE)))
        scene.wait(1_800)
    # Then the secretary is told half an hour before its end, and the office six hours before the report is due
    assert told.index((1, 0)) == 7
    assert told[-1] == (1, 0)
    scene.wait(4 * 3_600)
    remind(scene, closed)
    assert len(of_kind(scene, *OFFICE)) == 1


@pytest.mark.parametrize(
    ("due", "soon", "today"),
    [
        # due day     due_soon is told on   due_today is told on
        ("2026-11-26", "2026-11-24", "2026-11-26"),  # a Thursday
        ("2026-11-23", "2026-11-20", "2026-11-23"),  # a Monday: two days before is a Saturday
        ("2026-11-28", "2026-11-26", "2026-11-27"),  # a Saturday
        ("2026-10-05", "2026-09-30", "2026-09-30"),  # within the National Day
        ("2026-10-10", "2026-10-08", "2026-10-10"),  # a Saturday that is worked
    ],
)
def test_c_5_remind__a_reminder_that_falls_on_a_day_off_goes_out_before_it(due: str, soon: str, today: str) -> None:
    """Pure: the span of each day, as the reminders ask for it."""
    due_at = at_minute(due, 23 * 60 + 59, ZONE)

    def first(reaches: str) -> str:
        for ahead in range(20):
            now: Instant = at_minute(due, 12 * 60, ZONE) - (19 - ahead) * DAY
            span = Span.of(SCHEME, now, china())
            if span.at_work and due_at <= getattr(span, reaches):
                return day(now, ZONE)
        return ""

    assert (first("warning_ends_at"), first("today_ends_at")) == (soon, today)


def test_every_deadline_that_is_found_when_it_has_passed_is_spoken_of_before() -> None:
    by_holder = {"overdue_loan", "leg_overdue", "permit_overdue", "deposit_overdue"}  # due_soon, due_today
    ours = {"approval_overdue", "held_too_long", "provision_overdue", "instruction_overdue", "reminder_overdue"}
    spoken = by_holder | ours | {row.finding for row in DEADLINES.values()} | {row[0] for row in COUNTED.values()}
    assert {kind for kind, row in KINDS.items() if row.means == "remind"} - spoken == set()
    assert {*DEADLINES, *COUNTED} <= {one.kind for one in REMINDERS}
