"""What goes out, to whom, and the rounds that see to it, as pages: counts and numbers, each to who may see them."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from api.web.jobs import line_of
from api.web.messages import next_at
from custody.store import audit
from custody.values import DAY, SECOND
from reconcile.calendar import AtWork, Hours, calendar_from
from reconcile.digests import make_digests
from reconcile.findings import run_checks
from reconcile.schedule import Job
from reconcile.smtp import Relay
from reconcile.store import messages, notices
from reconcile.store.messages import MESSAGE
from reconcile.store.notices import Telling
from reconcile.store.slots import Slot, claim, finish, release
from tests.builders import NOW, PEOPLE, SCHEME, Archive
from tests.web.front import Front, a_front, words

RELAY = Relay("relay.lan", "custody@archive.lan", ("archive.lan",), 587)


@dataclass
class Asked:
    """A schedule that only notes what it is asked for."""

    table: tuple[Job, ...] = (Job("digests", 60, str), Job("reader_watch", 5, str), Job("mail", 15, str))
    asked: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing ran."""

    def ask(self, name: str) -> None:
        """Note it."""
        self.asked.append(name)


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """The house with a relay, a calendar and a schedule; two loans are overdue, one of them top secret."""
    front = a_front(sqlite_archive, tmp_path)
    own = "2026-11-25,holiday,院庆\n"
    at_work = AtWork(calendar_from({"file": "days.csv"}, own), Hours())
    services = replace(front.app.state.services, relay=RELAY, at_work=at_work, schedule=Asked())
    front.app.state.services = services
    sqlite_archive.borrow(sqlite_archive.carrier(title="绝不外传的标题"), "chen", days=2)
    sqlite_archive.borrow(sqlite_archive.carrier(level="top_secret", scope=("all",)), "zhao", days=2)
    front.clock.days(3)
    run_checks(services.database, SCHEME, front.clock(), kinds=("overdue_loan",))
    return front


def test_everybody_sees_the_own_message_and_no_one_elses(front: Front) -> None:
    page = words(front.signed_in("chen").get("/messages").text)
    assert "Overdue: 1" in page
    assert "Messages of others" not in page
    assert "绝不外传" not in page
    assert page.count("1004") == 1, "his own number, in the foot of what he prints"
    # The message itself, once it was made, is kept and shown to him
    services = front.app.state.services
    front.clock.days(1)
    with services.database.writing() as connection:
        assert make_digests(connection, SCHEME, services.at_work.calendar, services.at_work.hours, front.clock())
    assert words(front.signed_in("chen").get("/messages").text).count("Overdue: 1") == 2
    assert "No message was made yet" in words(front.signed_in("he").get("/messages").text)


def test_who_heads_enquiries_sees_counts_of_everybody_as_far_as_she_may_know(front: Front) -> None:
    page = words(front.signed_in("secrecy").get("/messages").text)
    for number in ("1004", "1014"):
        assert number in page
    assert "绝不外传" not in page
    # With a lower clearance what is hidden is in no count: who has only that is not there
    with front.app.state.services.database.writing() as connection:
        connection.exec_driver_sql("UPDATE person SET post_class = 'important' WHERE id = 3")
    lower = words(front.signed_in("secrecy").get("/messages").text)
    assert "1004" in lower
    assert "1014" not in lower


def test_an_address_is_of_the_house_is_seen_by_its_owner_alone_and_gets_a_trial(front: Front) -> None:
    chen = front.signed_in("chen")
    refused = chen.http.post("/messages/address", data={"csrf": chen.csrf, "address": "chen@elsewhere.example"})
    assert "no address of the house" in words(refused.text)
    taken = chen.http.post("/messages/address", data={"csrf": chen.csrf, "address": "chen@archive.lan"})
    assert taken.status_code == 303
    assert "chen@archive.lan" in chen.get("/messages").text
    assert chen.send("/messages/trial").status_code == 303
    assert chen.send("/messages/language", language="en").status_code == 303
    services = front.app.state.services
    with services.database.reading() as connection:
        assert [row.person for row in connection.execute(select(MESSAGE))] == [PEOPLE["chen"]]
        noted = audit.events(connection, kinds=("mail_address_set", "language_set"), about=PEOPLE["chen"])
    assert [one.kind for one in noted] == ["language_set", "mail_address_set"]
    assert "archive.lan" not in repr(noted)
    for who, path in (("admin", "/jobs"), ("admin", "/accounts/4"), ("secrecy", "/messages"), ("he", "/audit")):
        assert "chen@archive.lan" not in front.signed_in(who).get(path).text, (who, path)


def test_a_message_goes_out_on_the_next_working_day(front: Front) -> None:
    visit = type("Visit", (), {})()
    visit.services, visit.day, visit.now = front.app.state.services, "2026-11-24", NOW + 4 * DAY
    # The next day is the house's own holiday
    wanted = Hours().digest_slot("2026-11-26", SCHEME.timezone)
    assert next_at(visit) == wanted


def test_the_rounds_are_the_system_administrators_and_one_is_done_now(front: Front) -> None:
    services, now = front.app.state.services, front.clock()
    with services.database.writing() as connection:
        for at, ends in ((now - 120 * SECOND, "made 3"), (now - 60 * SECOND, "")):
            assert claim(connection, "digests", at, "archive:7:ab12", at, 60)
            if ends:
                assert finish(connection, "digests", at, "archive:7:ab12", at + 3 * SECOND // 2, ends)
            else:
                assert release(connection, "digests", at, "archive:7:ab12", at, "failed: disk full")
    admin = front.signed_in("admin")
    page = words(admin.get("/jobs").text)
    for text in ("Sending messages", "failed", "disk full", "1.5 s", "archive:7", "never", "relay.lan:587"):
        assert text in page, text
    assert "ab12" not in page
    assert "院庆" in page
    assert "known until 2026-12-31" in page
    assert "days off are not known: put them into the file" in page
    assert admin.send("/jobs/run", job="digests").status_code == 303
    assert admin.send("/jobs/run", job="no such job").status_code == 303
    assert services.schedule.asked == ["digests"]
    for who in ("clerk", "secrecy", "he", "chen"):
        assert front.signed_in(who).get("/jobs").status_code == 403
        assert front.signed_in(who).send("/jobs/run", job="digests").status_code == 403
    assert services.schedule.asked == ["digests"]


def test_what_does_not_go_out_is_told_by_number_and_reason(front: Front) -> None:
    services, now = front.app.state.services, front.clock()
    with services.database.writing() as connection:
        messages.set_address(connection, PEOPLE["chen"], "chen@archive.lan", now)
        wanted = [messages.Wanted(PEOPLE["chen"], f"digest:{n}", 2, "[]", now) for n in range(2)]
        messages.queue(connection, wanted, "archive", now, 10)
        one, two = (messages.claim_next(connection, "here", now, 60) for _ in range(2))
        assert one is not None
        assert two is not None
        messages.settle(connection, one.id, "here", now, "refused", "550")
        messages.put_back(connection, two.id, "here", now + 60 * SECOND, "certificate")
    page = words(front.signed_in("admin").get("/jobs").text)
    assert "1 message does not go out" in page
    assert "1004" in page
    assert "550" in page
    assert "its certificate is not trusted" in page


@pytest.mark.parametrize(
    ("done_ago", "undone", "state"),
    [
        (10, None, "done"),
        (300, None, "late"),
        (None, None, "never"),
        (70, ("one", 30, ""), "running"),
        (70, ("one", -30, ""), "died"),
        (70, ("", 0, "failed: away"), "failed"),
    ],
)
def test_how_a_job_stands(done_ago: int | None, undone: tuple[str, int, str] | None, state: str) -> None:
    done = None
    if done_ago is not None:
        done = Slot("x", NOW - done_ago * SECOND, "one", NOW, NOW - done_ago * SECOND, NOW - done_ago * SECOND, "", 1)
    now = None
    if undone is not None:
        owner, left, result = undone
        now = Slot("x", NOW, owner, NOW + left * SECOND, NOW, None, result, 1)
    assert line_of("x", 60, (done, now), NOW).state == state


def test_the_inbox_is_narrowed_and_read_as_a_whole_and_leads_to_what_it_is_about(front: Front) -> None:
    services = front.app.state.services
    with services.database.writing() as connection:
        tellings = [Telling(PEOPLE["clerk"], "arrival_soon", about=f"matter:7@{n}") for n in range(60)]
        tellings.append(Telling(PEOPLE["clerk"], "archiving_soon", about="archiving_soon:2026-W48", count=5))
        notices.tell(connection, tellings, front.clock())
    clerk = front.signed_in("clerk")
    whole = clerk.get("/inbox").text
    assert 'href="/matters/7"' in whole
    assert 'href="/review"' in whole
    assert "5 carriers are due for the archives soon" in words(whole)
    found = words(clerk.get("/inbox?show=findings").text)
    assert "Overdue" in found
    assert "to arrive soon" not in found
    assert "Overdue" not in words(clerk.get("/inbox?show=others").text)
    # Read as a whole: what comes afterwards is not
    through = whole.partition('name="through" value="')[2].partition('"')[0]
    with services.database.writing() as connection:
        notices.tell(connection, [Telling(PEOPLE["clerk"], "due_soon", about="loan:1@2")], front.clock())
    assert clerk.send("/inbox/read", through=through).status_code == 303
    left = words(clerk.get("/inbox?show=unread").text)
    assert "return it in time" in left
    assert "to arrive soon" not in left
