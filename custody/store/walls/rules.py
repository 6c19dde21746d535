"""Which table is walled by what. Every table of the database is named here: walled, open or closed, and why.

A condition is SQL over the table's own columns, written in the `Words` of an engine. What refers to another table goes
through that table's own wall, but where the words say otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Words(Protocol):
    """How an engine says what the rules ask."""

    @property
    def carrier_row(self) -> str:
        """The rule of `carrier` itself: see `custody.store.queries.visible.carrier_seen`."""

    @property
    def matter_row(self) -> str:
        """The rule of `matter` itself: see `matter_seen`."""

    def own(self, name: str) -> str:
        """A column of the row itself, whatever else bears its name."""

    def number(self, name: str) -> str:
        """A number of who stands there: `person`, `rank`."""

    def text(self, name: str) -> str:
        """A text: `session`."""

    def flag(self, name: str) -> str:
        """Whether he is one who: `carriers`, `findings`, `ledger`, `logs`, `exports`, `accounts`, `everywhere`."""

    def within(self, column: str, name: str) -> str:
        """Whether a column is among his `reach`, `matters` or `principals`."""

    def seen(self, table: str, key: str, column: str, more: str = "") -> str:
        """Whether he sees the row of `table` whose `key` is this column; `more` asks something of it besides (`x_`)."""

    def seen_singly(self, table: str, key: str, column: str) -> str:
        """The same, asked row by row even where very many are expected: of what is read only so far."""

    def seen_at_once(self, table: str, key: str, column: str) -> str:
        """The same, with the rows of `table` asked first and once: they are few, and each costs much."""

    def sweep(self, column: str) -> str:
        """Whether nothing that this round expects is hidden from him; asked behind the walls."""

    def unbound(self, column: str) -> str:
        """Whether an EPC is bound to no carrier at all; asked behind the walls."""


Condition = Callable[[Words], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """`by`: what the rows are walled by, in a word."""

    by: str
    condition: Condition


def _seen(table: str, key: str, column: str) -> Condition:
    return lambda w: w.seen(table, key, w.own(column))


def _of_round() -> Condition:
    """Of a sweep that is seen: asked once a sweep, and not for each of its twenty thousand rows."""
    return lambda w: w.seen_at_once("round", "number", w.own("round"))


def _carrier(column: str = "carrier") -> Condition:
    return _seen("carrier", "id", column)


def _matter(column: str = "matter") -> Condition:
    return _seen("matter", "id", column)


def _own(column: str) -> Condition:
    return lambda w: f"{w.own(column)} = {w.number('person')}"


def _of_common_scope() -> Condition:
    return lambda w: w.seen_at_once("common_scope", "scope", w.own("scope"))


def _all(*conditions: Condition) -> Condition:
    return lambda w: "(" + " AND ".join(one(w) for one in conditions) + ")"


def _any(*conditions: Condition) -> Condition:
    return lambda w: "(" + " OR ".join(one(w) for one in conditions) + ")"


def _flag(name: str) -> Condition:
    return lambda w: w.flag(name)


def _none(column: str) -> Condition:
    return lambda w: f"{w.own(column)} IS NULL"


def _given(column: str) -> Condition:
    return lambda w: f"{w.own(column)} IS NOT NULL"


def _reach(column: str = "unit") -> Condition:
    return lambda w: w.within(w.own(column), "reach")


def _cleared(w: Words) -> str:
    """Whether the row's own `rank` is not above the clearance."""
    return f"{w.own('rank')} <= {w.number('rank')}"


def _epc(column: str = "epc") -> Condition:
    """Of a tag whose carrier is seen; of one that is nobody's whoever sees findings."""
    unbound: Condition = lambda w: w.unbound(w.own(column))  # noqa: E731
    return _any(_seen("tag", "epc", column), _all(_flag("findings"), unbound))


def _number_of_tag() -> Condition:
    """Of a number taken for a tag: whose carrier is seen, or that is nobody's yet."""
    unbound: Condition = lambda w: w.unbound(w.own("epc"))  # noqa: E731
    nobodys = _any(_seen("tag", "epc", "epc"), unbound)
    return _any(_carrier(), _all(_none("carrier"), _flag("carriers"), nobodys))


def _reach_of(table: str, column: str) -> Condition:
    """Whether a person, or a carrier or matter that is seen, is of a unit in reach."""
    return lambda w: w.seen(table, "id", w.own(column), w.within("x_.unit", "reach"))


_CARRIER_OR_NONE = _any(_none("carrier"), _carrier())
_MATTER_OR_NONE = _any(_none("matter"), _matter())
_RECOUNTED_OR_NONE: Condition = lambda w: f"({w.own('of')} = '' OR {w.seen('round', 'number', w.own('of'))})"  # noqa: E731

ENTRY = _any(
    _flag("ledger"),
    _all(_carrier(), _MATTER_OR_NONE),
    _all(_none("carrier"), _matter()),
    _all(_none("carrier"), _none("matter"), _flag("carriers"), _flag("everywhere")),
)
FINDING = _all(
    _flag("findings"),
    _any(
        _all(
            _none("carrier"),
            _none("matter"),
            _any(_none("person"), _flag("everywhere"), _reach(), _own("person")),
        ),
        _carrier(),
        _all(_none("carrier"), _matter()),
    ),
)
REFUSAL = _all(
    _flag("carriers"),
    _any(
        _own("person"),
        _all(
            _CARRIER_OR_NONE,
            _MATTER_OR_NONE,
            _any(
                _flag("everywhere"),
                _reach_of("person", "person"),
                _reach_of("carrier", "carrier"),
                _reach_of("matter", "matter"),
            ),
        ),
    ),
)
_SWEEP: Condition = lambda w: w.sweep(w.own("number"))  # noqa: E731


def _search(w: Words) -> str:
    """A search that the session keeps (see `api.store.keep_search`)."""
    kept = f"('search/' || {w.text('session')} || '/')"
    return f"({w.text('session')} <> '' AND substr({w.own('name')}, 1, length({kept})) = {kept})"


_DIRECTORY_VERSION: Condition = lambda w: f"{w.own('name')} = 'directory:version'"  # noqa: E731
_PRESENCE_FOLD: Condition = lambda w: f"{w.own('name')} = 'presence'"  # noqa: E731

WALLED: Mapping[str, Rule] = {
    "carrier": Rule("carrier", lambda w: w.carrier_row),
    "carrier_scope": Rule("carrier", _carrier()),
    # The search looks at some hundreds of very many.
    "carrier_gram": Rule("carrier", lambda w: w.seen_singly("carrier", "id", w.own("carrier"))),
    "carrier_queue": Rule("carrier", _carrier()),
    "tag": Rule("carrier", _carrier()),
    "tag_number": Rule("carrier", _number_of_tag()),
    "tag_number_event": Rule("number", _seen("tag_number", "epc", "epc")),
    "tag_batch": Rule("number", _seen("tag_number", "batch", "number")),
    "standing": Rule("carrier", _carrier()),
    # As the carriers that it counts: those of whoever sees them by name alone are counted one by one.
    "common_scope": Rule("principal", lambda w: w.within(w.own("principal"), "principals")),
    "carrier_count": Rule(
        "unit, level, scope",
        _all(_flag("carriers"), _cleared, _any(_flag("everywhere"), _reach(), _of_common_scope())),
    ),
    # They count everything, and are for whom nothing is hidden: their rank is the highest.
    "balance_mark": Rule("level", _all(_flag("carriers"), _flag("everywhere"), _cleared)),
    "balance_sum": Rule("level", _all(_flag("carriers"), _flag("everywhere"), _cleared)),
    "descent": Rule("both carriers", _all(_carrier("source"), _carrier())),
    "matter": Rule("matter", lambda w: w.matter_row),
    "matter_line": Rule("matter and carrier", _all(_matter(), _carrier())),
    "matter_party": Rule("person, matter", _any(_own("person"), _matter())),
    "number_block": Rule("matter", _matter()),
    "allotted_label": Rule("matter", _matter()),
    "entry": Rule("carrier, matter", ENTRY),
    "act": Rule("entry", _seen("entry", "act", "number")),
    "refusal": Rule("person, carrier, matter", REFUSAL),
    "look": Rule("carrier", _any(_flag("logs"), _carrier())),
    "presence": Rule("tag", _epc()),
    "stay": Rule("tag", _epc()),
    "presence_conclusion": Rule("tag", _epc()),
    "tag_readability": Rule("tag", _epc()),
    "sighting": Rule("tag", _epc()),
    "door_alarm": Rule("tag", _epc()),
    "lying": Rule("tag", _epc()),
    "handheld_read": Rule("tag", _epc()),
    # What a handheld brought is told to whom the person who confirmed it is in reach of; nothing of any tag.
    "handheld_upload": Rule(
        "person",
        _all(_flag("carriers"), _any(_none("by"), _own("by"), _flag("everywhere"), _reach_of("person", "by"))),
    ),
    "finding": Rule("carrier, matter, person", FINDING),
    "finding_event": Rule("finding", _seen("finding", "number", "finding")),
    "finding_case": Rule("findings in it", _seen("case_member", "case_number", "number")),
    "case_member": Rule("finding", _seen("finding", "number", "finding")),
    # What somebody said is for whom everything is open that he had before him; the queries ask it of each finding.
    "case_event": Rule("case, level", _all(_seen("finding_case", "number", "case_number"), _cleared)),
    "case_file": Rule("case, level", _all(_seen("finding_case", "number", "case_number"), _cleared)),
    "notice": Rule("person, carrier", _any(_own("person"), _all(_flag("findings"), _carrier()))),
    # Of others not even within reach: it counts what its reader may know, and no more.
    "digest": Rule("person", _own("person")),
    "mail_address": Rule("person", _own("person")),
    # What was made in a person's eyes is for these eyes alone.
    "subscription": Rule("person", _own("person")),
    "delivery": Rule("person", _own("person")),
    "round": Rule("what it expects", _SWEEP),
    "round_expected": Rule("round", _of_round()),
    # A recount names the sweep that it counts again.
    "round_terms": Rule("round, recounted", _all(_seen("round", "number", "round"), _RECOUNTED_OR_NONE)),
    "round_event": Rule("round", _of_round()),
    # What it names is never shown of itself: it is counted in the eyes of who handed it over.
    "hand_over": Rule("round", _of_round()),
    "count_scan": Rule("matter, carrier", _all(_matter(), _CARRIER_OR_NONE)),
    "round_scan": Rule("round, carrier", _all(_of_round(), _CARRIER_OR_NONE)),
    "export_log": Rule(
        "person",
        _any(
            _flag("logs"),
            _own("person"),
            _all(_flag("exports"), _flag("everywhere")),
            _all(_flag("exports"), _reach_of("person", "person")),
        ),
    ),
    "badge_use": Rule("act", _any(_flag("logs"), _own("person"), _seen("entry", "act", "act"))),
    "print_log": Rule("act", _any(_flag("logs"), _own("person"), _seen("entry", "act", "act"))),
    "session": Rule("person", _own("person")),
    "saved_view": Rule("person", _own("person")),
    "import_mapping": Rule("person", _own("person")),
    "import_run": Rule("person", _any(_own("person"), _flag("everywhere"), _reach_of("person", "person"))),
    "setting": Rule("session", _search),
    "account": Rule("person", _any(_own("person"), _flag("accounts"))),
    "role_grant": Rule("person", _any(_own("person"), _flag("accounts"))),
    "account_request": Rule("person", _any(_own("person"), _own("asked_by"), _flag("accounts"))),
    # Who confirms and reviews emergencies answers for the house or the unit.
    "emergency_grant": Rule(
        "person, unit", _any(_own("person"), _own("confirmed_by"), _flag("accounts"), _flag("everywhere"), _reach())
    ),
    # What happened to somebody's account, for those who administer accounts.
    "audit_event": Rule(
        "person", _any(_flag("logs"), _own("by"), _own("about"), _all(_flag("accounts"), _given("about")))
    ),
    "cursor": Rule("fold", _PRESENCE_FOLD),
    "counter": Rule("series", _DIRECTORY_VERSION),
}
"""Rows of these exist only for whom the condition holds."""

_DIRECTORY = "the directory of the house, without which no page can be drawn; nothing of any carrier"
_MACHINE = "of the machines: what a reader is, and when it listened; nothing of what it heard"

OPEN: Mapping[str, str] = {
    "unit": _DIRECTORY,
    "place": _DIRECTORY,
    "person": _DIRECTORY,
    "delegation": _DIRECTORY,
    "responsibility": _DIRECTORY,
    "organisation": _DIRECTORY,
    "licence": _DIRECTORY,
    "agreement": _DIRECTORY,
    "instruction": _DIRECTORY,
    "acknowledgement": _DIRECTORY,
    "badge": _DIRECTORY,
    "place_plan": "where the places are drawn on the plan; nothing of any carrier",
    "setup_waiver": "which steps of the setting up the house does not need; nothing of any carrier",
    "reader": _MACHINE,
    "antenna": _MACHINE,
    "coverage": _MACHINE,
    "reader_event": _MACHINE,
    "reader_input": _MACHINE,
    "portal": _MACHINE,
    "reference_tag": _MACHINE,
    "trial_tag": "which tags are kept for trials at portals; no carrier bears one",
    "trial": "what was staged at a portal with such tags, and what it said",
    "antenna_alive": _MACHINE,
    "antenna_title": _MACHINE,
    "reader_setup": _MACHINE,
    "device": _MACHINE,
    "outbox": _MACHINE,
    "calibration": "what the antennas hear of whatever lies in each place, counted; nothing of any tag",
    "calibration_use": "which version of that is in force since when",
    "ledger_state": "how long the ledger is, and its hashes: what every printed checkpoint says",
    "seal": "which stretch of a log is sealed, and its hash",
    "checkpoint": "signed to be shown; hashes only",
    "cosignature": "signed to be shown; hashes only",
    "witness": "whose machine watches the ledger, and its public key",
    "ledger_check": "what the whole checks came to: tables and numbers, never values",
}
"""Every row of these may be read behind a wall."""

CLOSED: Mapping[str, str] = {
    "source": "which daemon sent how much: of the intake alone",
    "reader_minute": "how much each antenna heard, of whatever: for who has the machines in care",
    "tap": "what was held to a desk's reader, of whomever and whatever: for the desk alone, which says what each means",
    "door_list": "how many may pass the doors at each time: of the guards alone",
    "job_slot": "of the schedule alone",
    "repeat": "of the day's messages alone",
    "message": "of the post alone: who waits for what",
    "presence_checkpoint": "of the fold alone, which goes back to it when reports come late",
    "alembic_version": "of the migrations alone",
    "credential": "secrets of signing in",
    "recovery_code": "secrets of signing in",
    "sign_in_delay": "of signing in alone",
    "row_digest": "of the seals alone",
}
"""No row of these can be read behind a wall."""

NEVER: Mapping[str, frozenset[str]] = {
    "account": frozenset({"password_hash"}),
    "seal": frozenset({"salt"}),
    "witness": frozenset({"token_hash"}),
    "device": frozenset({"token_hash", "old_token_hash"}),
}
"""Columns of tables above that no wall lets through, whose row ever it is."""
