"""Which rows of each table somebody may see, worked out row by row from `sees` and `sees_matter`, without any SQL."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import SQLModel

import api.tables as _faces  # declares its tables
import reconcile.store.tables as _comparison
from custody.access import Permission, Subject, may, sees, sees_matter
from custody.matters import Matter
from custody.register import CarrierState
from custody.store import schema as t
from custody.store.matters import load_matters
from custody.store.projection import load_states
from tests.builders import SCHEME

_ = _faces, _comparison
P = Permission
ACCOUNTS = (P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.SEE_LOGS)


@dataclass(frozen=True)
class Everything:
    """The whole database, as the books' own work reads it."""

    rows: Mapping[str, list[Any]]
    states: Mapping[int, CarrierState]
    matters: Mapping[int, Matter]


def everything(connection: Connection) -> Everything:
    """Read all of it."""
    rows = {name: list(connection.execute(select(table))) for name, table in SQLModel.metadata.tables.items()}
    states = load_states(connection, list(connection.execute(select(t.CARRIER.c.id)).scalars()))
    matters = load_matters(connection, list(connection.execute(select(t.MATTER.c.id)).scalars()))
    return Everything(rows, states, matters)


def key_of(table: str, row: Any) -> tuple[Any, ...]:
    """What names a row."""
    return tuple(row._mapping[column.name] for column in SQLModel.metadata.tables[table].primary_key)


class Sees:
    """What one subject sees of everything."""

    def __init__(self, whole: Everything, who: Subject, session: str = "") -> None:
        self.whole, self.who, self.session = whole, who, session
        self.carriers = {one.id for one in whole.states.values() if sees(who, one, SCHEME)}
        self.matters = {one.id for one in whole.matters.values() if sees_matter(who, one, SCHEME)}
        expected: dict[str, set[int]] = {}
        for row in whole.rows["round_expected"]:
            expected.setdefault(row.round, set()).add(row.carrier)
        opens = may(who, P.SEE_CARRIERS)
        self.rounds = {
            row.number for row in whole.rows["round"] if opens and expected.get(row.number, set()) <= self.carriers
        }
        named = [row for row in whole.rows["common_scope"] if row.principal in who.principals]
        self.common_scopes = {row.scope for row in named}
        self.numbers = {row.epc: row for row in whole.rows["tag_number"]}
        bound = {row.epc: row.carrier for row in whole.rows["tag"]}
        self.bound = bound
        self.entries = {row.sequence for row in whole.rows["entry"] if self.entry(row)}
        self.acts = {row.act for row in whole.rows["entry"] if row.sequence in self.entries}
        self.findings = {row.number for row in whole.rows["finding"] if self.finding(row)}
        self.cases = {row.case_number for row in whole.rows["case_member"] if row.finding in self.findings}

    def number(self, row: Any) -> bool:
        """Whether a number taken for a tag is seen: of its carrier, or of nobody's by whoever sees carriers."""
        if row.carrier is not None:
            return row.carrier in self.carriers
        return may(self.who, P.SEE_CARRIERS) and (row.epc not in self.bound or self.bound[row.epc] in self.carriers)

    def tag(self, epc: str) -> bool:
        """Whether what was heard of a tag is seen: of its carrier, or of nobody's."""
        return self.bound[epc] in self.carriers if epc in self.bound else may(self.who, P.SEE_FINDINGS)

    def in_reach(self, unit: int | None) -> bool:
        """Whether the roles answer for the unit."""
        return self.who.reach is None or unit in self.who.reach

    def carrier(self, one: int | None) -> bool:
        """Whether a carrier is seen; none is no hindrance."""
        return one is None or one in self.carriers

    def matter(self, one: int | None) -> bool:
        """Whether a matter is seen; none is no hindrance."""
        return one is None or one in self.matters

    def unit_of(self, person: int) -> int | None:
        """The unit of a person."""
        found: int | None = next((row.unit for row in self.whole.rows["person"] if row.id == person), None)
        return found

    def any_of(self, permissions: Iterable[Permission]) -> bool:
        """Whether one of these is held."""
        return any(may(self.who, one) for one in permissions)

    def entry(self, row: Any) -> bool:
        """See `custody.store.queries.journal.seen_entries`."""
        if may(self.who, P.SEE_LEDGER):
            return True
        if row.carrier is None and row.matter is None:
            return may(self.who, P.SEE_CARRIERS) and self.who.reach is None
        return self.carrier(row.carrier) and self.matter(row.matter)

    def finding(self, row: Any) -> bool:
        """See `reconcile.store.finding_queries`."""
        if not may(self.who, P.SEE_FINDINGS):
            return False
        if row.carrier is not None:
            return self.carrier(row.carrier)
        if row.matter is not None:
            return self.matter(row.matter)
        return row.person is None or self.in_reach(row.unit) or row.person == self.who.person

    def refusal(self, row: Any) -> bool:
        """See `custody.store.queries.cases`."""
        if not may(self.who, P.SEE_CARRIERS):
            return False
        if row.person == self.who.person:
            return True
        units = {self.unit_of(row.person)}
        units |= {self.whole.states[row.carrier].description.unit} if row.carrier in self.whole.states else set()
        units |= {self.whole.matters[row.matter].unit} if row.matter in self.whole.matters else set()
        return self.carrier(row.carrier) and self.matter(row.matter) and any(self.in_reach(unit) for unit in units)


def _own(*columns: str) -> Callable[[Sees, Any], bool]:
    return lambda s, row: any(row._mapping[name] == s.who.person for name in columns)


_CARRIER: Callable[[Sees, Any], bool] = lambda s, row: row.carrier in s.carriers  # noqa: E731
_MATTER: Callable[[Sees, Any], bool] = lambda s, row: row.matter in s.matters  # noqa: E731
_TAG: Callable[[Sees, Any], bool] = lambda s, row: s.tag(row.epc)  # noqa: E731
_ACCOUNT: Callable[[Sees, Any], bool] = lambda s, row: row.person == s.who.person or s.any_of(ACCOUNTS)  # noqa: E731

SEEN: Mapping[str, Callable[[Sees, Any], bool]] = {
    "carrier": lambda s, row: row.id in s.carriers,
    **dict.fromkeys(("carrier_scope", "carrier_gram", "carrier_queue", "tag", "standing"), _CARRIER),
    "carrier_count": lambda s, row: (
        may(s.who, P.SEE_CARRIERS)
        and row.rank <= s.who.clearance_rank
        and (s.in_reach(row.unit) or row.scope in s.common_scopes)
    ),
    "common_scope": lambda s, row: row.principal in s.who.principals,
    **dict.fromkeys(
        ("balance_mark", "balance_sum"),
        lambda s, row: may(s.who, P.SEE_CARRIERS) and s.who.reach is None and row.rank <= s.who.clearance_rank,
    ),
    "tag_number": lambda s, row: s.number(row),
    "tag_number_event": lambda s, row: s.number(s.numbers[row.epc]),
    "tag_batch": lambda s, row: any(s.number(one) for one in s.numbers.values() if one.batch == row.number),
    "descent": lambda s, row: {row.source, row.carrier} <= s.carriers,
    "matter": lambda s, row: row.id in s.matters,
    "matter_line": lambda s, row: row.matter in s.matters and row.carrier in s.carriers,
    "matter_party": lambda s, row: row.person == s.who.person or row.matter in s.matters,
    "number_block": _MATTER,
    "allotted_label": _MATTER,
    "entry": lambda s, row: row.sequence in s.entries,
    "act": lambda s, row: row.number in s.acts,
    "refusal": lambda s, row: s.refusal(row),
    "look": lambda s, row: may(s.who, P.SEE_LOGS) or row.carrier in s.carriers,
    **dict.fromkeys(("presence", "stay", "lying", "sighting", "door_alarm", "handheld_read"), _TAG),
    **dict.fromkeys(("presence_conclusion", "tag_readability"), _TAG),
    "handheld_upload": lambda s, row: (
        may(s.who, P.SEE_CARRIERS)
        and (row.by in (None, s.who.person) or s.who.reach is None or s.in_reach(s.unit_of(row.by)))
    ),
    "finding": lambda s, row: row.number in s.findings,
    "finding_event": lambda s, row: row.finding in s.findings,
    "finding_case": lambda s, row: row.number in s.cases,
    "case_member": lambda s, row: row.finding in s.findings,
    **dict.fromkeys(
        ("case_event", "case_file"),
        lambda s, row: row.case_number in s.cases and row.rank <= s.who.clearance_rank,
    ),
    "notice": lambda s, row: row.person == s.who.person or (may(s.who, P.SEE_FINDINGS) and row.carrier in s.carriers),
    **dict.fromkeys(("digest", "mail_address", "subscription", "delivery"), _own("person")),
    "round": lambda s, row: row.number in s.rounds,
    "round_expected": lambda s, row: row.round in s.rounds,
    "round_terms": lambda s, row: row.round in s.rounds and (not row.of or row.of in s.rounds),
    "round_event": lambda s, row: row.round in s.rounds,
    "hand_over": lambda s, row: row.round in s.rounds,
    "count_scan": lambda s, row: row.matter in s.matters and s.carrier(row.carrier),
    "round_scan": lambda s, row: row.round in s.rounds and s.carrier(row.carrier),
    "export_log": lambda s, row: (
        may(s.who, P.SEE_LOGS)
        or row.person == s.who.person
        or (may(s.who, P.SEE_EXPORTS) and s.in_reach(s.unit_of(row.person)))
    ),
    "badge_use": lambda s, row: may(s.who, P.SEE_LOGS) or row.person == s.who.person or row.act in s.acts,
    "print_log": lambda s, row: may(s.who, P.SEE_LOGS) or row.person == s.who.person or row.act in s.acts,
    **dict.fromkeys(("import_mapping", "saved_view"), _own("person")),
    "import_run": lambda s, row: row.person == s.who.person or s.in_reach(s.unit_of(row.person)),
    "session": _own("person"),
    "setting": lambda s, row: bool(s.session) and row.name.startswith(f"search/{s.session}/"),
    "account": _ACCOUNT,
    "role_grant": _ACCOUNT,
    "account_request": lambda s, row: _own("person", "asked_by")(s, row) or s.any_of(ACCOUNTS),
    "emergency_grant": lambda s, row: (
        _own("person", "confirmed_by")(s, row) or s.any_of(ACCOUNTS) or s.in_reach(row.unit)
    ),
    "audit_event": lambda s, row: (
        may(s.who, P.SEE_LOGS) or _own("by", "about")(s, row) or (s.any_of(ACCOUNTS) and row.about is not None)
    ),
    "cursor": lambda _s, row: row.name == "presence",
    "counter": lambda _s, row: row.name == "directory:version",
}
"""Table -> whether a row of it exists for the subject."""
