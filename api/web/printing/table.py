"""Kind of act -> the builder of its paper. A kind that is not here has the plain list."""

from collections.abc import Callable

from api.forms import Paper
from api.web.printing import circulation, destruction, disposition, keeping, meetings, slips
from api.web.printing.model import Printed

Builder = Callable[[Printed], Paper]

PAPERS: dict[str, Builder] = {
    "borrow": slips.borrowing,
    "return": slips.returning,
    "read": circulation.reading,
    "renew": circulation.later_or_sooner,
    "recall": circulation.later_or_sooner,
    "circulation": circulation.circulation_list,
    "circulation_end": circulation.circulation_list,
    "briefing": circulation.briefing_sheet,
    "listeners": circulation.briefing_sheet,
    "briefing_end": circulation.briefing_sheet,
    "transfer": disposition.transfer,
    "issuer_return": disposition.issuer_return,
    "reclassification": disposition.reclassification,
    "missing": disposition.loss,
    "enquiry": disposition.enquiry,
    "destruction": destruction.application,
    "destruction_list": destruction.application,
    "destruction_seal": destruction.bag_list,
    "destruction_hand_over": destruction.hand_over,
    "destroy": destruction.certificate,
    "destruction_certificate": destruction.certificate,
    "hand_over": keeping.hand_over_list,
    "hand_over_close": keeping.hand_over_record,
    "clearance": keeping.clearance_list,
    "clearance_close": keeping.clearance_sheet,
    "inventory_close": keeping.inventory_report,
    "meeting": meetings.plan,
    "meeting_list": meetings.attendance,
    "meeting_door": meetings.door,
    "meeting_hand_out": meetings.hand_out,
    "meeting_sweep": meetings.sweep,
    "meeting_take_back": meetings.take_back,
    "meeting_incident": meetings.incident,
    "meeting_settle": meetings.closing,
    "responsibility": keeping.responsibility_letter,
    "confirm_holdings": keeping.declaration,
}


def builder_of(kind: str) -> Builder:
    """The builder of a kind of act."""
    return PAPERS.get(kind, slips.listed)
