"""Findings on their pages: both stories, what may be done, and nothing of what one may not see."""

import re
from itertools import cycle

import pytest

from api.web.evidence import sure
from api.web.findings_plot import BOTTOM, TOP, plot_of
from custody.access import Role
from custody.store import accounts
from custody.values import SECOND
from reconcile.checks import KINDS
from reconcile.reminders import send_reminders
from reconcile.store.finding_queries import finding
from tests.builders import NOW, PEOPLE, READING, SCHEME, SECRECY_OFFICE, SHELF, SHELF_2
from tests.web.front import words
from tests.web.watch import further
from tests.web.watch.house import House, Troubled, business

HIDDEN_TITLE = "远山四号 试验记录"
FURTHER = {
    *("used_in_unprotected_place", "left_out_overnight", "two_places_at_once", "two_tags_apart", "tags_swapped"),
    *("production_excess", "reader_clock_wrong", "ledger_check_failed", "hand_over_due"),
    *("lost_track", "destruction_overdue", "sweep_due", "never_met", "exposed_at_entry"),
}
"""Kinds that take nights, months or two of a thing."""


def number_of(house: House, kind: str) -> str:
    """The number of the newest open finding of a kind."""
    return house.scene.found(kind=kind)[0].line.number


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_is_told_in_words(house: House, troubled: Troubled, language: str) -> None:
    business(house.scene)
    visitor = house.client("secrecy", language)
    assert {item.line.kind for item in house.scene.found()} == set(KINDS) - FURTHER
    for item in house.scene.found():
        page = visitor.page(f"/findings/{item.line.number}")
        assert item.line.number in page
        assert "≠" in page
        assert "{" not in words(page)


def test_every_further_kind_is_told_in_words(house: House) -> None:
    numbers = further.opened(house.scene)
    assert {item.line.kind for item in house.scene.found()} == FURTHER | {"direct_pass"}
    visitors = [house.client("secrecy", language) for language in ("zh", "en")]
    for number, visitor in zip(numbers, cycle(visitors), strict=False):
        page = visitor.page(f"/findings/{number}")
        assert number in page
        assert "{" not in words(page)


def test_the_list_is_grouped_by_urgency_and_every_filter_is_a_link(house: House, troubled: Troubled) -> None:
    visitor = house.client("clerk")
    shown = words(visitor.page("/findings").split('id="list"')[1])
    assert shown.index("At once") < shown.index("Today") < shown.index("This week")
    only = visitor.page("/findings?kind=overdue_loan")
    listed = re.findall(r'data-number="(F-2026-\d+)"', only.split('id="list"')[1].split('id="one"')[0])
    assert listed == [number_of(house, "overdue_loan")]
    assert 'href="/findings?kind=misplaced"' in only


def test_an_alarm_that_nobody_took_up_stands_on_top_until_somebody_does(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("secrecy"), number_of(house, "unauthorised_removal")
    band = visitor.page("/findings").split('id="alarm"')[1].split("</div>")[0]
    assert f"/findings/{number}" in band
    visitor.post(f"/findings/{number}/acknowledge")
    band = visitor.page("/findings").split('id="alarm"')[1].split("</div>")[0]
    assert f"/findings/{number}" not in band


def test_the_dots_lie_in_the_plot_and_the_gap_is_hatched(house: House, troubled: Troubled) -> None:
    number = number_of(house, "in_store_on_loan")
    with house.database.reading() as connection:
        detail = finding(connection, SECRECY_OFFICE, number, house.scene.now)
    plot = plot_of(detail.stories, detail.line)
    assert plot is not None
    assert plot.dots
    assert all(0 <= dot.x <= 600 and TOP <= dot.y <= BOTTOM for dot in plot.dots)
    assert [gap.until_at - gap.since_at for gap in plot.deaf] == [9 * 60 * SECOND]
    page = house.client("clerk").page(f"/findings/{number}")
    assert 'class="svg-deaf"' in page
    assert "not covered 9 min" in words(page)


@pytest.mark.parametrize(
    ("kind", "how_sure"),
    [("unauthorised_removal", "strong"), ("suspected_removal", "fair"), ("missing", "strong"), ("misplaced", "strong")],
)
def test_how_sure_it_is_is_said(house: House, troubled: Troubled, kind: str, how_sure: str) -> None:
    assert sure(house.scene.found(kind=kind)[0].line) == how_sure


def test_settling_by_an_act_leads_to_its_page(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "in_store_on_loan")
    answer = visitor.post(f"/findings/{number}/settle", how="act:return")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/carriers/{troubled.back}/return"
    assert house.scene.found(kind="in_store_on_loan")


def test_after_the_act_the_finding_clears_by_itself_and_says_why(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "in_store_on_loan")
    house.scene.archive.give_back(troubled.back, SHELF_2)
    house.scene.check()
    shown = words(visitor.page(f"/findings/{number}"))
    assert "cleared by itself" in shown
    assert "the books have it as: In store" in shown
    assert "Settle" not in shown


def test_a_conclusion_needs_its_reason_and_keeps_what_was_typed(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "misplaced")
    answer = visitor.post(f"/findings/{number}/settle", how="word:by_eye_not_there")
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert 'href="#reason"' in answer.text
    assert re.search(r'value="word:by_eye_not_there" checked', answer.text)


def test_a_conclusion_is_entered_in_the_books(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("secrecy"), number_of(house, "unauthorised_removal")
    answer = visitor.post(f"/findings/{number}/settle", how="word:did_not_leave", reason="it was carried past the gate")
    assert answer.status_code == 303
    shown = words(visitor.page(f"/findings/{number}"))
    assert "settled by a person" in shown
    assert "it was carried past the gate" in shown
    journal = words(house.client("clerk").page("/overview"))
    assert f"Finding settled {number}" in re.sub(r"\s+", " ", journal) or number in journal


def test_what_a_person_says_is_kept_in_the_history(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "misplaced")
    for act, note in (("acknowledge", ""), ("explain", "the shelf is being cleaned"), ("escalate", "")):
        assert visitor.post(f"/findings/{number}/{act}", note=note).status_code == 303
    shown = words(visitor.page(f"/findings/{number}"))
    assert "Zhou Min acknowledged" in shown
    assert "the shelf is being cleaned" in shown
    assert "Zhou Min escalated" in shown
    assert visitor.post(f"/findings/{number}/explain", note="").status_code == 422


def test_a_closed_finding_is_not_settled_again(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("secrecy"), number_of(house, "suspected_removal")
    settled = {"how": "word:did_not_leave", "reason": "seen"}
    assert visitor.post(f"/findings/{number}/settle", **settled).status_code == 303
    assert visitor.post(f"/findings/{number}/settle", **settled).status_code == 422
    assert visitor.post(f"/findings/{number}/acknowledge").status_code == 409


def test_a_form_without_the_sessions_token_changes_nothing(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "misplaced")
    answer = visitor.http.post(f"/findings/{number}/acknowledge", data={"csrf": "x"})
    assert answer.status_code == 403
    assert house.scene.found(kind="misplaced")[0].line.state == "open"


@pytest.mark.parametrize("who", ["chen", "admin", "ma"])
def test_borrowers_and_administrators_see_no_findings(house: House, troubled: Troubled, who: str) -> None:
    visitor = house.client(who)
    assert visitor.get("/findings").status_code == 403
    assert visitor.get(f"/findings/{number_of(house, 'missing')}").status_code == 403


def test_a_finding_about_a_carrier_beyond_ones_clearance_is_as_if_it_were_not(house: House) -> None:
    # Sun is cleared to secret and answers for planning; the carrier is top secret.
    scene = house.scene
    scene.listening(SHELF, 3_600)
    visitor = house.client("sun")
    addresses = ("/findings", "/findings?state=all", "/overview", "/findings?kind=misplaced", "/inbox")
    before = {address: visitor.page(address) for address in addresses}
    astray = scene.archive.carrier(level="top_secret", unit=3)
    scene.ticking.at += 3_600 * SECOND
    scene.listening(SHELF, 3_600)
    scene.listening(SHELF_2, 3_600)
    scene.heard(astray, SHELF_2, seconds=1_800)
    scene.check("misplaced")
    (found,) = scene.found()
    scene.ticking.at = NOW
    hidden, absent = visitor.get(f"/findings/{found.line.number}"), visitor.get("/findings/F-2026-9999")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(found.line.number, "F-2026-9999") == absent.text
    unlike = [a for a in addresses if _timeless(visitor.page(a)) != _timeless(before[a])]
    # The coverage that was added is open to all who may see readers; nothing else may differ.
    assert not [a for a in unlike if a != "/overview"]
    assert str(astray) not in re.findall(r"/carriers/(\d+)", visitor.page("/overview"))


def _timeless(page: str) -> str:
    """A page without its times."""
    return re.sub(r"<time[^>]*>[^<]*</time>", "", page)


def test_titles_hidden_on_the_device_are_in_no_finding(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "missing")
    assert HIDDEN_TITLE in visitor.page(f"/findings/{number}")
    visitor.page("/findings?titles=hide")
    assert HIDDEN_TITLE not in visitor.page(f"/findings/{number}")


def test_long_lists_come_in_pages_that_neither_skip_nor_repeat(house: House) -> None:
    scene = house.scene
    many = scene.archive.carriers(40)
    scene.wait(7_200)
    scene.listening(SHELF, 7_200)
    scene.listening(READING, 7_200)
    for carrier in many:
        scene.heard(carrier, READING, seconds=3_600)
    scene.check("gone_not_lent")
    visitor, seen, address = house.client("clerk"), [], "/findings?each=1"
    while address:
        page = visitor.page(address)
        seen += re.findall(r'data-number="(F-2026-\d+)"', page.split('id="list"')[1].split('id="one"')[0])
        later = re.search(r'rel="next" href="([^"]+)"', page)
        address = later[1].replace("&amp;", "&") if later else ""
    assert len(seen) == len(set(seen)) == 40


def test_a_damaged_page_address_is_not_found(house: House) -> None:
    assert house.client("clerk").get("/findings?after=rubbish").status_code == 404


def test_rest_acknowledges_explains_and_settles(house: House, troubled: Troubled) -> None:
    visitor, number = house.client("clerk"), number_of(house, "misplaced")
    assert visitor.send(f"/api/v1/findings/{number}/acknowledge").json()["state"] == "acknowledged"
    assert visitor.send(f"/api/v1/findings/{number}/explain", {"note": "seen"}).status_code == 200
    unfit = visitor.send(f"/api/v1/findings/{number}/settle", {"resolution": "no_such", "reason": "x"})
    assert unfit.status_code == 409
    assert unfit.json()["errors"][0]["code"] == "resolution_unknown"
    done = visitor.send(f"/api/v1/findings/{number}/settle", {"resolution": "brought_back", "reason": "by hand"})
    assert done.json()["act"]
    without = visitor.http.post(f"/api/v1/findings/{number}/acknowledge", json={})
    assert without.status_code == 403


def test_the_inbox_tells_numbers_and_counts_only(house: House, troubled: Troubled) -> None:
    visitor = house.client("secrecy")
    page = visitor.page("/inbox")
    assert number_of(house, "unauthorised_removal") in page
    assert HIDDEN_TITLE not in page
    assert "YS-2026" not in page
    shown = re.findall(r'name="shown" value="(\d+)"', page)
    assert visitor.post("/inbox/read", shown=shown).status_code == 303
    assert 'name="shown"' not in visitor.page("/inbox")


def test_another_persons_notices_stay_unread(house: House, troubled: Troubled) -> None:
    others = re.findall(r'name="shown" value="(\d+)"', house.client("secrecy").page("/inbox"))
    house.client("clerk").post("/inbox/read", shown=others)
    assert 'name="shown"' in house.client("secrecy").page("/inbox")


def test_an_empty_list_says_as_of_when_and_what_does_not_count(house: House) -> None:
    house.scene.listening(READING, 3_600, until_seconds_ago=1_800)
    shown = words(house.client("clerk").page("/findings"))
    assert "No open findings. The stories agree as of 10:00." in shown
    assert "B1-reading: nobody is listening there" in shown


def test_a_leader_sees_but_does_not_settle(house: House, troubled: Troubled) -> None:
    with house.database.writing() as connection:
        accounts.create(connection, PEOPLE["lin"], "business", "-", NOW)
        accounts.grant(connection, PEOPLE["lin"], Role.LEADER)
    number = number_of(house, "unknown_tag")
    visitor = house.client("lin")
    page = visitor.page(f"/findings/{number}")
    assert 'id="settle"' not in page
    assert visitor.post(f"/findings/{number}/acknowledge").status_code == 409


@pytest.fixture
def dealt(house: House) -> dict[str, int]:
    """One finding of every kind that matters and deadlines bring, by kind: its carrier, or its matter."""
    return business(house.scene)


def test_a_ghost_names_everybody_who_signed_for_the_destruction(house: House, dealt: dict[str, int]) -> None:
    shown = words(house.client("secrecy").page(f"/findings/{number_of(house, 'ghost_read')}"))
    assert "Who signed for the destruction" in shown
    assert "destroyer Shen Lan" in shown
    assert "supervisors Chen Guodong, Sun Li" in shown
    assert "approved by Song Lin, Liang Wenqu" in shown


def test_a_direct_pass_names_who_had_it_and_who_brought_it(house: House, dealt: dict[str, int]) -> None:
    page = house.client("secrecy").page(f"/findings/{number_of(house, 'direct_pass')}")
    shown = words(page)
    assert "Sun Li holds it" in shown
    assert "Chen Guodong brought it" in shown
    # What was not heard is not drawn as if it had been
    assert 'class="heard' not in page


def test_a_deadline_leads_to_its_matter(house: House, dealt: dict[str, int]) -> None:
    visitor, number = house.client("clerk"), number_of(house, "approval_overdue")
    page = visitor.page(f"/findings/{number}")
    assert f'href="/matters/{dealt["approval_overdue"]}"' in page
    answer = visitor.post(f"/findings/{number}/settle", how="act:see_matter")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/matters/{dealt['approval_overdue']}")


def test_what_persons_keep_past_its_day_stands_above_the_notices(house: House, dealt: dict[str, int]) -> None:
    page = house.client("clerk").page("/inbox")
    table = words(page.split('id="persons"')[1].split("</section>")[0])
    assert "Sun Li Planning 2 Leg overdue 1 · Not deposited 1" in table
    assert "Zhao Qiming Research 1 Held too long 1" in table
    assert "远山五号" not in page
    # A borrower has no such table
    assert 'id="persons"' not in house.client("chen").page("/inbox")


def test_the_manager_of_a_unit_sees_its_own_people(house: House, dealt: dict[str, int]) -> None:
    # Given papers of the institute with Sun Li of planning, and with two of research
    page = house.client("manager").page("/inbox")
    table = words(page.split('id="persons"')[1].split("</section>")[0])
    assert "Sun Li Planning 2" in table
    assert "Research" not in table


def test_a_reminder_names_the_carrier_by_its_number(house: House) -> None:
    scene = house.scene
    carrier = scene.archive.carrier(title=HIDDEN_TITLE)
    scene.archive.borrow(carrier, "chen", days=2)
    scene.ticking.days(1)
    send_reminders(house.database, SCHEME, scene.now)
    page = house.client("chen").page("/inbox")
    assert f'href="/carriers/{carrier}"' in page
    assert "Due soon" in words(page)
    assert HIDDEN_TITLE not in page
