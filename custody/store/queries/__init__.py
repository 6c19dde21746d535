"""Reading the books. Every query that shows carriers takes the Subject and filters by it in SQL.

Hidden and absent look the same: `NotFound` for both, and neither is counted, listed, searched or suggested.
"""

from custody.store.queries.carriers import (
    CarrierFilter,
    CarrierItem,
    carried_out,
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
from custody.store.queries.journal import ActDone, act, acts_by, entries_of, latest_entries
from custody.store.queries.kin import Kin, KinOf, highest_number, kin_of
from custody.store.queries.matters import (
    MatterFilter,
    Waiting,
    all_lines,
    entries_of_matter,
    lines,
    matter,
    matter_by_number,
    matter_numbers,
    matters,
    matters_by_id,
    waiting,
)
from custody.store.queries.paging import Page
from custody.store.queries.people import (
    directory,
    person,
    person_by_number,
    persons,
    place_by_code,
    subject_for,
)
from custody.store.queries.review import (
    STAGES,
    ReviewFilter,
    ReviewItem,
    copies_of_titles,
    reviews,
)
from custody.store.queries.visible import visible, visible_matters

__all__ = [
    "STAGES",
    "ActDone",
    "CarrierFilter",
    "CarrierItem",
    "Kin",
    "KinOf",
    "MatterFilter",
    "Page",
    "ReviewFilter",
    "ReviewItem",
    "Waiting",
    "act",
    "acts_by",
    "all_lines",
    "carried_out",
    "carrier",
    "carrier_by_epc",
    "carrier_by_number",
    "carriers",
    "carriers_by_id",
    "copies_of_titles",
    "counts_by_place",
    "directory",
    "entries_of",
    "entries_of_matter",
    "highest_number",
    "kin_of",
    "latest_entries",
    "lines",
    "loans",
    "matter",
    "matter_by_number",
    "matter_numbers",
    "matters",
    "matters_by_id",
    "origin_counts",
    "person",
    "person_by_number",
    "persons",
    "place_by_code",
    "reviews",
    "state_of",
    "states_of",
    "status_counts",
    "subject_for",
    "visible",
    "visible_matters",
    "waiting",
]
