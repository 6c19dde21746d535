"""The page of the kinds of finding: what each says and how soon, who is told, how it ends, what it assumes."""

from collections.abc import Mapping

from api.locale import texts
from reconcile.checks import KINDS, Kind
from reconcile.notices import TOLD
from reconcile.schedule import CHECKED
from reconcile.watch import WATCHED_KINDS

_URGENCY = {0: "at once", 1: "today", 2: "this week"}
_BY_PERSON = "never by itself: a person closes it, with a reason"

ENDS: Mapping[str, str] = {
    "missing": "heard at home again, believed elsewhere, moved or gone on the books, met in a later sweep",
    "declared_lost": "found on the books, or the enquiry concluded and confirmed",
    "misplaced": "back where the books have it, or the books follow",
    "gone_not_lent": "lent, or back in its place",
    "place_rated_too_low": "in a place rated for it",
    "used_in_unprotected_place": "in a protected place, or given back",
    "in_store_on_loan": "returned on the books, or out of the store again",
    "meeting_paper_out": "counted in, or covered by an incident",
    "exposed_at_entry": "nobody is inside any more, or it is put away",
    "lost_track": "heard or met again, given back, lent anew",
    "never_met": "heard, met or handled again",
    "overdue_loan": "returned, or a later day agreed",
    "leg_overdue": "the leg has ended, or a later day",
    "held_too_long": "given back, or in another hand",
    "archiving_due": "transferred, or a later day",
    "review_due": "decided on, or another period",
    "issuer_return_overdue": "the matter is done, or a later day",
    "loss_report_overdue": "reported",
    "deposit_overdue": "deposited",
    "approval_overdue": "answered",
    "intermediate_open": "preserved or destroyed",
    "arrival_overdue": "acknowledged",
    "collection_overdue": "collected",
    "permit_overdue": "brought back, or stays out under another permit",
    "provision_overdue": "back, or a later day",
    "visit_open": "signed out",
    "instruction_overdue": "signed for",
    "reminder_overdue": "signed for",
    "destruction_overdue": "destroyed, or called off",
    "sweep_due": "swept as a whole and signed; an inventory closed",
    "hand_over_due": "handed over and signed; nothing left in that care or hand",
    "label_unregistered": "bound to a copy, or returned",
    "unknown_tag": "bound to a carrier",
    "reader_silent": "all its antennas listen again, or it is in use no more",
    "portal_blind": "both sides and the beam listen again",
    "parked_at_portal": "heard there no more, though it listens",
    "antenna_deaf": "a reference tag is heard again",
    "two_tags_apart": "believed in one place again, or one of them taken off",
    "tags_swapped": "one of them is believed elsewhere, or the books follow",
    "production_excess": "the order balances: labels returned, bound, or copies accounted for",
    "reader_clock_wrong": "right again",
}
"""How a state finding clears by itself."""

ASSUMES: Mapping[str, str] = {
    "used_in_unprotected_place": "a carrier in use is carried through unrated places in less than "
    "`rated_too_low_after_seconds`",
    "left_out_overnight": "nobody works with state secrets between `closing_hour` and `opening_hour`; a room with "
    "something to lock in it, and no antenna in that, is not judged",
    "lost_track": "a borrower who keeps a carrier where antennas hear it goes on doing so; one whose rooms nobody "
    "hears is never complained of; the place was listened to for half of the silence",
    "never_met": "every carrier is heard, swept or handled once in `never_met_days`; said only of places that are "
    "listened to",
    "direct_pass": "a folder is in the room that another reader of the same circulation keeps for less than "
    "`passed_on_after_seconds`",
    "two_places_at_once": "walls take more than the loudness asked for; a door is gone through in 20 s; clocks of "
    "readers agree; portals, which hear into rooms, are compared between buildings alone",
    "two_tags_apart": "two tags of one carrier are on it",
    "tags_swapped": "told only of carriers of the same level, unit and scope, so that neither tells of the other",
    "production_excess": "a label waits unbound for less than `label_grace_seconds`, or is kept where nobody hears it",
    "reader_clock_wrong": "daemons measure the offset of their readers",
    "sweep_due": "the first sweep of a store is due its days after the first entry of the books",
    "hand_over_due": "who leaves or is cleared no more has handed over by then",
    "destruction_overdue": "a batch is destroyed while its approval may be used",
    "unauthorised_removal": "what may leave is packed or let out under its permit, within the window",
}
"""What lawful work is taken to look like, where a check that is right would else be wrong about it."""

ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("missing", ("missing", "declared_lost")),
    ("misplaced", ("misplaced", "gone_not_lent")),
    ("place rated too low", ("place_rated_too_low",)),
    ("out of protected places while in use", ("used_in_unprotected_place",)),
    ("unauthorised removal", ("unauthorised_removal", "suspected_removal")),
    ("removal with an expired or another person's permit", ("unauthorised_removal",)),
    ("in store but on loan", ("in_store_on_loan",)),
    ("on loan but lost track", ("lost_track",)),
    ("never seen again without a record of destruction", ("never_met",)),
    ("overdue: loan, leg, carry-out", ("overdue_loan", "leg_overdue", "permit_overdue", "held_too_long")),
    ("overdue: dispatch, meeting paper, take-back", ("arrival_overdue", "meeting_paper_out", "deposit_overdue")),
    ("overdue: archiving, destruction", ("archiving_due", "destruction_overdue")),
    ("overdue: external return, return to issuer", ("provision_overdue", "issuer_return_overdue")),
    ("period ending, sweep due, hand-over due", ("review_due", "sweep_due", "hand_over_due")),
    ("direct pass in circulation", ("direct_pass",)),
    ("left out overnight", ("left_out_overnight",)),
    ("ghost read, retired tag read, unknown tag", ("ghost_read", "retired_tag", "unknown_tag")),
    ("one tag at two places too far apart for the time", ("two_places_at_once",)),
    ("chip number differs", ("tag_disagrees",)),
    ("two carriers' tags swapped, carrier with two tags", ("tags_swapped", "two_tags_apart")),
    ("production excess", ("label_unregistered", "production_excess")),
    ("intermediates unsettled", ("intermediate_open",)),
    ("entry not signed out, exposed before entry", ("visit_open", "exposed_at_entry")),
    ("parked at a portal", ("parked_at_portal",)),
    ("reader silent", ("reader_silent", "antenna_deaf", "portal_blind")),
    ("clock wrong, ledger check failed", ("reader_clock_wrong", "ledger_check_failed")),
)
"""What is looked for, in the words of the field -> kinds of finding."""


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# The kinds of finding",
        "",
        "Generated by `python -m tools.make_docs` from `reconcile.checks`; do not edit. A *state* clears by itself",
        "when its contradiction ends, and says so; an *event* is closed only by a person with a reason, whatever",
        "happens after. The scenarios of each stand in `tests/reconcile/findings/scenarios/`, one event a line.",
        "",
        "| looked for | kinds |",
        "|---|---|",
        *(f"| {words} | {', '.join(f'`{kind}`' for kind in kinds)} |" for words, kinds in ASKED),
        "",
        "| kind | what it says | nature | to be answered | clause | asked | told, besides the owner | ends |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(name, kind) for name, kind in KINDS.items()),
        "",
        "## Evidence",
        "",
        "Beside both stories and the coverage each finding keeps the rule by which it was opened, with its figures.",
        "",
        "| rule | in words |",
        "|---|---|",
        *(f"| `{key[5:]}` | {text} |" for key, text in texts("en").items() if key.startswith("rule.")),
        "",
        "## What is taken for granted",
        "",
        "A check is as right as what it takes lawful work to be. Where a house works otherwise, its figures in",
        "`custody.toml` say so.",
        "",
        "| kind | assumption |",
        "|---|---|",
        *(f"| `{kind}` | {words} |" for kind, words in ASSUMES.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, kind: Kind) -> str:
    said = texts("en")[f"finding_long.{name}"]
    told = ", ".join(sorted(role.value for role in TOLD[name].roles)) + (", whom it names" if TOLD[name].holder else "")
    ends = _BY_PERSON if kind.nature == "event" else ENDS[name]
    clause = f"{kind.clause} ({kind.means})" if kind.clause else "—"
    answered = f"{_URGENCY[kind.urgency]}; {_hours(kind.due_after_seconds)}, by {kind.owners[0].value}"
    return f"| `{name}` | {said} | {kind.nature} | {answered} | {clause} | {_asked(name)} | {told or '—'} | {ends} |"


def _hours(seconds: int) -> str:
    days, hours = divmod(seconds // 3_600, 24)
    return f"{days} d" if days and not hours else f"{seconds // 3_600} h"


def _asked(name: str) -> str:
    if name in WATCHED_KINDS:
        return "always"
    job = next(((every, job) for job, (every, kinds) in CHECKED.items() if name in kinds), None)
    return f"every {job[0]} s" if job else "at each passage"
