"""The table of kinds: each is asked, told, ended, explained on its page, and told by a scenario or by its own tests."""

from reconcile.checks import KINDS, STATE_KINDS
from reconcile.checks.kinds import PASSAGE_KINDS
from reconcile.notices import TOLD
from reconcile.schedule import CHECKED
from reconcile.watch import WATCHED_KINDS
from tests.reconcile.findings.test_scenarios import STORIES
from tools.kinds_page import ASKED, ASSUMES, ENDS, page

TOLD_ELSEWHERE = {
    # Business of several acts: `test_matters`, `test_letters`, `test_incidents`.
    *("loss_report_overdue", "meeting_paper_out", "deposit_overdue", "issuer_return_overdue", "approval_overdue"),
    *("intermediate_open", "arrival_overdue", "collection_overdue", "provision_overdue", "visit_open"),
    *("instruction_overdue", "reminder_overdue", "exposed_at_entry"),
    # Readers and portals: `test_silence`, `test_doors`, `test_running`.
    *("reader_silent", "antenna_deaf", "portal_blind", "parked_at_portal", "unknown_tag"),
}


def test_every_kind_is_asked_and_somebody_is_told() -> None:
    asked = {*WATCHED_KINDS, *PASSAGE_KINDS, *(kind for _, kinds in CHECKED.values() for kind in kinds)}
    assert asked == set(KINDS) == set(TOLD)


def test_every_kind_has_scenarios() -> None:
    told = {kind for story in STORIES.values() for kind in story.kinds}
    assert told | TOLD_ELSEWHERE == set(KINDS)
    assert not told & TOLD_ELSEWHERE


def test_the_page_says_of_every_state_how_it_ends_and_of_every_kind_what_it_is_for() -> None:
    assert set(ENDS) == STATE_KINDS
    assert {kind for _, kinds in ASKED for kind in kinds} >= set(KINDS) - {
        *("collection_overdue", "approval_overdue", "loss_report_overdue"),
        *("instruction_overdue", "reminder_overdue"),
    }
    assert set(ASSUMES) <= set(KINDS)
    written = page()
    assert all(f"| `{kind}` |" in written for kind in KINDS)
