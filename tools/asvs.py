"""The rows of OWASP ASVS 5.0 that have a test here, with the tests: drawn into docs/reference/asvs.md.

The words are ours, in short; the standard's own stand in the standard. A row without a test is not listed: what is
met by the way the house is built, and not shown by a test, stands in docs/threat-model.md.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement: its number, what it asks in our words, the tests that show it."""

    number: str
    asks: str
    tests: tuple[str, ...]


ROWS: tuple[Row, ...] = (
    Row(
        "1.2.10",
        "what is exported to a spreadsheet is never read as a formula",
        (
            "tests/web/watch/test_reports.py::test_no_text_becomes_a_formula",
            "tests/web/watch/test_reports.py::test_numbers_are_text_and_formulas_are_neutralised",
        ),
    ),
    Row(
        "1.5.1",
        "XML is parsed without entities",
        ("tests/workbook/test_files.py::test_what_is_no_sound_workbook_is_refused_with_what_to_do",),
    ),
    Row(
        "2.3.1",
        "business goes in its order; no step is left out",
        ("tests/custody/stateful/test_unlawful.py::test_each_wrong_act_is_refused_with_the_clause_that_forbids_it",),
    ),
    Row(
        "2.3.3",
        "an act is entered whole or not at all",
        (
            "tests/custody/stateful/test_at_random.py",
            "tests/prove/test_kills.py::test_server_killed",
            "tests/prove/test_power_cut.py::test_nothing_acknowledged_is_lost_by_a_power_cut",
        ),
    ),
    Row(
        "2.3.4",
        "of two who want the same carrier one has it",
        ("tests/custody/test_books.py::test_of_two_who_want_one_carrier_exactly_one_has_it",),
    ),
    Row(
        "2.3.5",
        "grave business takes several persons",
        (
            "tests/custody/stateful/test_one_person.py::test_nothing_grave_is_done_by_one_person",
            "tests/custody/test_never_alone.py",
            "tests/custody/test_account_requests.py::test_what_one_asks_another_grants_and_only_then_it_is_done",
        ),
    ),
    Row(
        "3.3.1",
        "the session's cookie is secure and bound to the host over TLS",
        ("tests/web/shell/test_signing_in.py::test_over_https_the_cookie_is_secure_and_bound_to_the_host",),
    ),
    Row(
        "3.3.2",
        "cookies say from where they may be sent",
        ("tests/web/shell/test_signing_in.py::test_the_cookie_is_closed_to_scripts_and_other_sites",),
    ),
    Row(
        "3.3.4",
        "scripts cannot read the session's cookie",
        ("tests/web/shell/test_signing_in.py::test_the_cookie_is_closed_to_scripts_and_other_sites",),
    ),
    Row(
        "3.4.3",
        "a policy of the own origin on every answer",
        (
            "tests/web/shell/test_headers.py::test_the_headers_are_on_every_answer",
            "tests/web/shell/test_headers.py::test_the_policy_allows_nothing_inline_and_nobody_else",
        ),
    ),
    Row("3.4.4", "no guessing of types", ("tests/web/shell/test_headers.py::test_the_headers_are_on_every_answer",)),
    Row(
        "3.4.5",
        "addresses are not told to others",
        ("tests/web/shell/test_headers.py::test_the_headers_are_on_every_answer",),
    ),
    Row(
        "3.4.6",
        "no page is framed",
        ("tests/web/shell/test_headers.py::test_the_policy_allows_nothing_inline_and_nobody_else",),
    ),
    Row(
        "3.5.1",
        "requests forged from another site change nothing",
        ("tests/web/shell/test_forgery.py::test_no_forged_request_changes_anything_on_any_route",),
    ),
    Row(
        "3.5.3",
        "a safe method changes nothing",
        ("tests/web/shell/test_forgery.py::test_what_is_sent_as_a_get_changes_nothing",),
    ),
    Row(
        "3.7.2",
        "nobody is led to another host",
        ("tests/web/shell/test_signing_in.py::test_nobody_is_led_to_another_host",),
    ),
    Row(
        "5.2.1", "files are of a size that can be processed", ("tests/workbook/test_files.py::test_every_limit_holds",)
    ),
    Row(
        "5.2.2",
        "a file is what it says it is",
        ("tests/workbook/test_files.py::test_what_is_no_sound_workbook_is_refused_with_what_to_do",),
    ),
    Row(
        "5.2.3",
        "what a compressed file unpacks to is bounded before it is unpacked",
        ("tests/workbook/test_files.py::test_a_zip_bomb_is_refused_unread",),
    ),
    Row("6.2.1", "pass-phrases have a least length", ("tests/web/shell/test_signing_in.py::TestTheOwnPassword",)),
    Row("6.2.2", "one can change the own", ("tests/web/shell/test_signing_in.py::TestTheOwnPassword",)),
    Row("6.2.3", "with the one before", ("tests/web/shell/test_signing_in.py::TestTheOwnPassword",)),
    Row(
        "6.2.4",
        "bad ones are refused by a list",
        ("tests/web/shell/test_pass_phrases.py::test_what_is_soon_guessed_is_refused_and_why",),
    ),
    Row(
        "6.2.5",
        "of any composition",
        ("tests/web/shell/test_pass_phrases.py::test_a_long_phrase_of_any_script_is_taken",),
    ),
    Row(
        "6.2.9",
        "long ones are taken",
        ("tests/web/shell/test_pass_phrases.py::test_a_long_phrase_of_any_script_is_taken",),
    ),
    Row(
        "6.2.11",
        "names of the person and the house are refused",
        ("tests/web/shell/test_pass_phrases.py::test_what_is_soon_guessed_is_refused_and_why",),
    ),
    Row(
        "6.3.1",
        "guessing waits, and locks nobody out",
        (
            "tests/web/shell/test_sessions.py::TestWaits",
            "tests/web/shell/test_sessions.py::test_no_wait_is_for_ever",
        ),
    ),
    Row(
        "6.3.3",
        "a second factor",
        (
            "tests/web/shell/test_second_factor.py::TestWhoMust",
            "tests/web/shell/test_second_factor.py::test_who_has_one_signs_in_with_its_code_and_not_without",
        ),
    ),
    Row(
        "6.3.5",
        "one sees who tried to come in",
        ("tests/web/shell/test_sessions.py::test_one_sees_who_tried_to_come_in",),
    ),
    Row(
        "6.3.8",
        "who has an account is not told",
        (
            "tests/web/shell/test_signing_in.py::test_unknown_number_wrong_password_and_closed_account_get_the_same_page",
        ),
    ),
    Row(
        "6.4.1",
        "first secrets are random, short-lived, and never the lasting ones",
        (
            "tests/custody/test_account_requests.py::TestTheSecretInTwoHalves::test_after_its_time_there_is_none",
            "tests/web/shell/test_second_factor.py::test_a_one_time_secret_leads_to_an_own_pass_phrase_and_nowhere_else",
            "tests/web/shell/test_second_factor.py::test_a_one_time_secret_ends_with_its_time_and_so_does_its_session",
        ),
    ),
    Row(
        "6.4.6",
        "an administrator begins a reset and never knows the password",
        ("tests/web/accounts/test_accounts.py::test_a_reset_account_opens_with_both_halves_and_with_neither_alone",),
    ),
    Row(
        "6.5.1",
        "codes are taken once",
        (
            "tests/web/shell/test_second_factor.py::test_a_code_is_taken_once_and_none_older_than_the_last",
            "tests/web/shell/test_second_factor.py::test_a_recovery_code_stands_for_the_device_once",
            "tests/web/shell/test_second_factor.py::test_of_two_servers_that_get_the_same_code_at_once_one_takes_it",
        ),
    ),
    Row(
        "6.5.2",
        "recovery codes are hashed",
        ("tests/web/shell/test_second_factor.py::TestAtRest::test_the_database_holds_neither_secret_nor_codes",),
    ),
    Row(
        "6.5.5",
        "codes live thirty seconds",
        ("tests/web/shell/test_second_factor.py::test_codes_are_those_of_rfc_6238",),
    ),
    Row(
        "6.5.6",
        "a factor can be taken away",
        ("tests/web/shell/test_second_factor.py::test_a_reset_takes_the_factor_and_its_codes_away",),
    ),
    Row(
        "7.2.1",
        "the server judges tokens",
        ("tests/web/shell/test_sessions.py::TestTokens::test_what_is_not_the_token_opens_nothing",),
    ),
    Row(
        "7.2.4",
        "signing in gives a new token",
        (
            "tests/web/shell/test_sessions.py::TestTokens::test_a_planted_token_is_not_taken_over_by_signing_in",
            "tests/web/shell/test_sessions.py::TestTokens::test_signing_in_again_gives_another_token",
        ),
    ),
    Row("7.3.1", "an idle session ends", ("tests/web/shell/test_signing_in.py::test_an_idle_session_ends",)),
    Row(
        "7.3.2",
        "every session ends",
        ("tests/web/shell/test_signing_in.py::test_a_session_in_use_ends_at_its_absolute_end",),
    ),
    Row(
        "7.4.1",
        "signing out ends the session on the server",
        (
            "tests/web/shell/test_signing_in.py::test_signing_out_ends_the_session_itself",
            "tests/web/shell/test_sessions.py::TestTokens::test_a_token_stolen_before_it_ended_opens_nothing_after",
        ),
    ),
    Row(
        "7.4.2",
        "closing an account ends its sessions",
        (
            "tests/web/shell/test_signing_in.py::test_a_closed_account_is_out_at_once",
            "tests/web/accounts/test_accounts.py::test_the_old_session_is_over_when_a_reset_is_granted",
        ),
    ),
    Row(
        "7.4.3",
        "a change of password ends the others",
        ("tests/web/shell/test_sessions.py::TestTokens::test_a_change_of_password_ends_every_token_there_was",),
    ),
    Row(
        "7.4.5",
        "an administrator can end sessions",
        ("tests/web/shell/test_sessions.py::test_an_administrator_ends_sessions_and_takes_none_over",),
    ),
    Row(
        "7.5.1",
        "changing a factor needs the present one",
        ("tests/web/shell/test_second_factor.py::test_changing_and_giving_up_a_factor_need_the_present_one",),
    ),
    Row(
        "7.5.2",
        "one can end the own sessions",
        ("tests/web/shell/test_sessions.py::TestTokens::test_all_others_are_ended_and_this_stays",),
    ),
    Row(
        "7.5.3",
        "grave acts are confirmed each time",
        (
            "tests/web/shell/test_second_factor.py::test_a_grave_act_is_confirmed_with_the_code_each_time",
            "tests/web/accounts/test_accounts.py::test_confirmation_is_asked_each_time_and_a_refusal_is_said_in_words",
        ),
    ),
    Row(
        "8.2.1",
        "functions need a role",
        (
            "tests/web/accounts/test_accounts.py::TestNoAdministratorSeesBusiness",
            "tests/web/business/test_matrix.py::test_nothing_grave_happens_before_it_is_approved_whatever_the_role",
        ),
    ),
    Row(
        "8.2.3",
        "fields need a role",
        ("tests/web/entry/test_personal_data.py::test_8_prove__personal_data_is_shown_only_to_roles_that_need_it",),
    ),
    Row(
        "8.3.2",
        "a right taken away is gone at once",
        (
            "tests/web/shell/test_sessions.py::test_a_role_taken_away_is_gone_in_the_middle_of_a_session",
            "tests/custody/test_emergency.py::test_the_role_is_held_until_its_end_and_not_a_moment_longer",
        ),
    ),
    Row(
        "15.4.2",
        "checked and done in one",
        (
            "tests/custody/test_books.py::test_of_two_who_want_one_carrier_exactly_one_has_it",
            "tests/custody/stateful/test_racing.py::test_of_two_who_want_the_same_at_once_the_books_know_one_order",
        ),
    ),
    Row(
        "16.3.1",
        "signing in and failing to are on record",
        (
            "tests/web/shell/test_sessions.py::test_the_audit_log_tells_what_happened_at_the_door_and_never_what_was_typed",
        ),
    ),
    Row(
        "16.5.1",
        "an error tells nothing of the inside",
        ("tests/web/shell/test_headers.py::test_when_the_application_breaks_the_answer_has_the_headers_and_no_reason",),
    ),
    Row("2.4.1", "too many requests are turned away", ("tests/hardening/test_limits.py",)),
    Row("3.4.1", "over TLS only, for a year", ("tests/hardening/test_headers_everywhere.py",)),
    Row("3.4.7", "what the policy stops is reported", ("tests/hardening/test_reports_of_browsers.py",)),
    Row("12.1.1", "current versions of TLS only", ("tests/hardening/test_tls.py",)),
    Row(
        "12.2.1",
        "nothing without TLS beyond the machine",
        ("tests/hardening/test_tls.py", "tests/ledger/test_witness.py::test_over_a_network_it_speaks_tls_only"),
    ),
    Row(
        "13.2.2",
        "the database account has the least rights",
        ("tests/trust/test_walls.py::test_an_owner_who_is_no_superuser_is_told_what_to_run_and_is_then_walled",),
    ),
    Row("15.1.2", "a bill of materials", ("tests/hardening/test_dependencies.py",)),
    Row("1.5.2", "nothing is unpickled", ("tests/hardening/test_nothing_goes_out.py",)),
    Row(
        "8.2.2",
        "data need clearance and scope",
        (
            "tests/trust/test_noninterference.py",
            "tests/trust/test_walls.py::test_a_query_that_forgets_its_condition_gives_what_the_pure_rules_allow",
        ),
    ),
    Row(
        "8.3.3",
        "the engine judges by who asks, not by the server's own rights",
        ("tests/trust/test_walls.py::test_a_query_that_forgets_its_condition_gives_what_the_pure_rules_allow",),
    ),
    Row("16.2.5", "logs hold an allow-list of fields", ("tests/hardening/test_logs.py",)),
    Row("16.3.2", "looks and refusals are on record", ("tests/web/seen/test_disclosure_record.py",)),
    Row("16.4.1", "nothing can be written into a log", ("tests/hardening/test_logs.py",)),
    Row("16.4.2", "a changed log is found", ("tests/trust/test_tampering.py", "tests/trust/test_sealing.py")),
    Row("16.4.3", "what proves the logs is kept elsewhere", ("tests/ledger/test_witness.py",)),
)


def page(rows: Sequence[Row] = ROWS) -> str:
    """The table as a page."""
    lines = [
        "# OWASP ASVS 5.0: what has a test",
        "",
        "Generated by `python -m tools.make_docs` from `tools/asvs.py`; do not edit. Rows of version 5.0.0, their "
        "words in short.",
        "",
        "| row | asks | shown by |",
        "|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: tuple(map(int, row.number.split(".")))):
        tests = "<br>".join(f"`{test}`" for test in row.tests)
        lines.append(f"| {row.number} | {row.asks} | {tests} |")
    return "\n".join([*lines, ""])


def missing(root: Path, rows: Sequence[Row] = ROWS) -> list[str]:
    """Tests that are named and are not there."""
    return [f"{row.number}: {test}" for row in rows for test in row.tests if not _is_there(root, test)]


def _is_there(root: Path, test: str) -> bool:
    path, *names = test.split("::")
    file = root / path
    if not file.exists():
        return False
    if not names:
        return True
    return "::".join(names) in set(_names(ast.parse(file.read_text(encoding="utf-8"))))


def _names(within: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    for node in within.body:
        if isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from _names(node, f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
