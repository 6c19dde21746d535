"""What `make test` leaves to `make prove`, so that it ends within its ten minutes: by file, by test, by turn.

In `make prove` these carry the marker `prove` and run with the long proofs.
"""

import os
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"

_JOURNEYS = (
    *("production", "circulation", "copying", "carrying_out", "disposition", "destruction", "whole_life", "meeting"),
    *("disclosure", "dispatch", "entry", "keeping", "approvals", "keyboard", "reports", "sweep_offline"),
    *("search_and_views", "every_page"),
)
FILES = frozenset(
    (
        *(f"tests/journeys/test_{journey}.py" for journey in _JOURNEYS),
        "tests/whole/test_without_network.py",
        "tests/prove/test_import_killed.py",
        "tests/prove/test_scenarios_everywhere.py",
        "tests/whole/test_dead_reader.py",
        "tests/trust/test_lists_as_workbooks.py",
    )
)
"""The tests of the same pages (`tests/web`) need no browser; the story of a day is played without a network too."""

TESTS = frozenset(
    (
        "tests/journeys/test_guide.py::test_every_journey_of_the_guide_ends_where_it_should",
        "tests/journeys/test_findings.py::test_a_misplaced_carrier_appears_by_itself_and_is_settled_with_a_reason",
        "tests/journeys/test_findings.py::test_a_reader_that_falls_silent_is_told_on_the_open_page",
        "tests/journeys/test_accessibility.py::test_lists_that_are_empty",
        "tests/journeys/test_accessibility.py::test_the_door",
        "tests/journeys/test_accessibility.py::test_pages_in_error",
        "tests/journeys/test_findings.py::test_a_removal_stands_above_everything_on_every_open_page",
        "tests/journeys/test_findings.py::test_a_loan_of_what_never_left_its_shelf_leads_to_the_return",
        "tests/prove/test_power_cut.py::test_without_the_syncs_the_same_proof_fails",
        "tests/whole/test_serving_faults.py::test_a_server_on_a_full_disk_says_so_and_goes_on_when_there_is_room",
        "tests/workbook/test_large.py::test_fifty_thousand_rows_are_read_and_resolved",
        "tests/prove/test_kills.py::test_daemon_killed",
        "tests/whole/test_serving_faults.py::test_a_second_writer_is_refused_and_readers_are_not",
        "tests/prove/test_kills.py::test_postgresql_killed_under_a_running_server",
        "tests/backup/test_faults.py::test_a_restoration_that_is_killed_is_no_installation_and_can_be_done_again",
        "tests/custody/test_fold.py::test_the_store_keeps_what_the_fold_says[postgresql]",
        "tests/custody/stateful/test_at_random.py::test_no_order_of_acts_breaks_the_books[postgresql]",
        "tests/web/watch/test_findings_pages.py::test_every_kind_is_told_in_words[zh]",
        "tests/prove/test_slots.py::test_every_slot_is_done_once[sqlite-1]",
        "tests/workbook/test_round_trip.py::test_any_archive_comes_back_unchanged",
        "tests/reconcile/presence/test_portal_study.py::test_the_page_in_the_documentation_is_what_the_seeds_give",
        "tests/reconcile/presence/test_portal_study.py::test_the_weights_are_what_the_training_finds",
        *(
            f"tests/web/accounts/test_accounts.py::test_whatever_is_opened_shows_no_carrier[{who}]"
            for who in ("lin", "he")
        ),
        *(
            f"tests/web/entry/test_personal_data.py::test_8_prove__personal_data_is_shown_only_to_roles_that_need_it[{who}]"
            for who in ("admin", "committee")
        ),
        *(
            f"tests/custody/stateful/test_one_person.py::test_nothing_grave_is_done_by_one_person[{who}]"
            for who in ("with every role at once", "whose role changes between signatures")
        ),
        *(
            f"tests/whole/test_demo.py::test_with_the_portal_off_{what}"
            for what in (
                "it_ends_well_too",
                "no_removal_is_claimed",
                "the_coverage_says_that_nobody_listened",
                "the_shelf_is_the_second_line",
            )
        ),
    )
)
"""Single tests that cost much; with their parameters, or without for all of them."""

BY_TURN = ("tests/custody", "tests/reconcile", "tests/trust", "tests/web")
"""Where what is tried on both engines is tried on PostgreSQL one time in TURNS; on SQLite always."""
TURNS = 6

TABLE_BY_TABLE = "tests/trust/test_tampering.py::test_whoever_changes_deletes_inserts_swaps_or_backdates_is_found"
TABLES = 4
"""Of the tables that are tampered with column by column, one in so many."""

IN_A_BROWSER = ("tests/journeys", "tests/web/shell/test_in_the_browser.py")
"""What is gone through in one of the two languages, by turns."""


def waits(path: str, name: str, params: Mapping[str, Any]) -> bool:
    """Whether a test waits for `make prove`: `path` from the root of the repository, `name` with its parameters."""
    plain = name.partition("[")[0]
    if path in FILES or {f"{path}::{name}", f"{path}::{plain}"} & TESTS:
        return True
    if "postgresql" in params.values() and _under(path, BY_TURN):
        return zlib.crc32(f"{path}::{name}".encode()) % TURNS != 0
    if f"{path}::{plain}" == TABLE_BY_TABLE:
        return zlib.crc32(name.encode()) % TABLES != 0
    if params.get("language") in ("zh", "en") and _under(path, IN_A_BROWSER):
        return bool(params["language"] != ("zh", "en")[sum(map(ord, plain)) % 2])
    return False


def _under(path: str, folders: tuple[str, ...]) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)
