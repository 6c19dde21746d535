"""The books' only content: frozen past-tense facts, each in an entry that is never changed or deleted.

An entry says what (its fact), by whom, when it happened, when it was entered, under which act. A mistake is
corrected by a later entry that names the one it corrects. The vocabulary stands with its letter: the facts of
circulation, keeping, destruction and meetings in the modules of those names.
"""

from custody.entries import approvals, circulation, destruction, disposition, keeping, meetings
from custody.entries.base import (
    Borrowed,
    Corrected,
    Delegated,
    DelegationEnded,
    FindingSettled,
    Imported,
    Moved,
    PersonRecorded,
    PlaceRecorded,
    Received,
    ReportedFound,
    ReportedMissing,
    ResponsibilityAccepted,
    Returned,
    RoundSigned,
    Shelved,
    TagBound,
    TagRetired,
    UnitRecorded,
)
from custody.entries.codec import FACTS, decode, encode, signed_text, text_hash
from custody.entries.model import (
    CarrierFact,
    Entry,
    EntryInvalid,
    Fact,
    MatterFact,
    MatterOpened,
    Signature,
    matter_of,
)
from custody.values import Scope

__all__ = [
    "FACTS",
    "Borrowed",
    "CarrierFact",
    "Corrected",
    "Delegated",
    "DelegationEnded",
    "Entry",
    "EntryInvalid",
    "Fact",
    "FindingSettled",
    "Imported",
    "MatterFact",
    "MatterOpened",
    "Moved",
    "PersonRecorded",
    "PlaceRecorded",
    "Received",
    "ReportedFound",
    "ReportedMissing",
    "ResponsibilityAccepted",
    "Returned",
    "RoundSigned",
    "Scope",
    "Shelved",
    "Signature",
    "TagBound",
    "TagRetired",
    "UnitRecorded",
    "approvals",
    "circulation",
    "decode",
    "destruction",
    "disposition",
    "encode",
    "keeping",
    "matter_of",
    "meetings",
    "signed_text",
    "text_hash",
]
