"""Reading the books. Every query that shows carriers takes the Subject and filters by it in SQL.

Hidden and absent look the same: `NotFound` for both, and neither is counted, listed, searched or suggested.
"""

from custody.store.queries.carriers import (
    CarrierFilter,
    CarrierItem,
    carrier,
    carrier_by_epc,
    carrier_by_number,
    carriers,
    carriers_by_id,
    counts_by_place,
    loans,
    origin_counts,
    state_of,
    states_of,
    status_counts,
)
from custody.store.queries.journal import act, entries_of, latest_entries
from custody.store.queries.paging import Page
from custody.store.queries.people import (
    directory,
    person,
    person_by_number,
    persons,
    place_by_code,
    subject_for,
)
from custody.store.queries.visible import visible

__all__ = [
    "CarrierFilter",
    "CarrierItem",
    "Page",
    "act",
    "carrier",
    "carrier_by_epc",
    "carrier_by_number",
    "carriers",
    "carriers_by_id",
    "counts_by_place",
    "directory",
    "entries_of",
    "latest_entries",
    "loans",
    "origin_counts",
    "person",
    "person_by_number",
    "persons",
    "place_by_code",
    "state_of",
    "states_of",
    "status_counts",
    "subject_for",
    "visible",
]
