"""The table of kinds: each is asked, told, ended, explained on its page, and told by a scenario or by its own tests."""

from reconcile.checks import KINDS, STATE_KINDS
from reconcile.checks.kinds import PASSAGE_KINDS
from reconcile.notices import TOLD
from reconcile.schedule import CHECKED
from reconcile.watch import WATCHED_KINDS
from tests.reconcile.findings.test_scenarios import STORIES
from tools.kinds_page import ASKED, ASSUMES, ENDS, page


def test_every_kind_is_asked_and_somebody_is_told() -> None:
    asked = {*WATCHED_KINDS, *PASSAGE_KINDS, *(kind for _, kinds in CHECKED.values() for kind in kinds)}
    assert asked == set(KINDS) == set(TOLD)


def test_every_kind_has_scenarios() -> None:
    told = {kind for story in STORIES.values() for kind in story.kinds}
    assert told == set(KINDS)


def test_the_page_says_of_every_state_how_it_ends_and_of_every_kind_what_it_is_for() -> None:
    assert set(ENDS) == STATE_KINDS
    assert {kind for _, kinds in ASKED for kind in kinds} >= set(KINDS) - {
        *("collection_overdue", "approval_overdue", "loss_report_overdue"),
        *("instruction_overdue", "reminder_overdue"),
    }
    assert set(ASSUMES) <= set(KINDS)
    written = page()
    assert all(f"| `{kind}` |" in written for kind in KINDS)
