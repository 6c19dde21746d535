"""The books' only content: frozen past-tense facts, each in an entry that is never changed or deleted.

An entry says what (its fact), by whom, when it happened, when it was entered, under which act. A mistake is
corrected by a later entry that names the one it corrects. The vocabulary stands with its letter: the facts of
circulation, keeping, destruction and meetings in the modules of those names, and so on.
"""

from custody.entries import (
    approvals,
    badges,
    carrying_out,
    circulation,
    copying,
    destruction,
    disclosure,
    dispatch,
    disposition,
    entry,
    keeping,
    meetings,
    organisations,
    production,
    trust,
)
from custody.entries.base import (
    Borrowed,
    Corrected,
    Delegated,
    DelegationEnded,
    FindingSettled,
    Imported,
    ImportTakenBack,
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
    TagReadable,
    TagRetired,
    TagUnreadable,
    UnitRecorded,
)
from custody.entries.codec import FACTS, decode, encode, signed_text, text_hash
from custody.entries.copying import Copied
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
from custody.entries.production import CopySpoiled, IntermediateProduced, Produced
from custody.values import Description, Scope

COMING: tuple[type[CarrierFact], ...] = (Imported, Received, Produced, CopySpoiled, IntermediateProduced, Copied)
"""What brings a carrier into the register: its four origins, produced in three ways."""


def coming_description(fact: Fact) -> Description:
    """What a carrier is that comes into the register by this fact."""
    assert isinstance(fact, Imported | Received | Produced | CopySpoiled | IntermediateProduced | Copied)
    return fact.description


__all__ = [
    "COMING",
    "FACTS",
    "Borrowed",
    "CarrierFact",
    "Copied",
    "Corrected",
    "Delegated",
    "DelegationEnded",
    "Entry",
    "EntryInvalid",
    "Fact",
    "FindingSettled",
    "ImportTakenBack",
    "Imported",
    "MatterFact",
    "MatterOpened",
    "Moved",
    "PersonRecorded",
    "PlaceRecorded",
    "Produced",
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
    "TagReadable",
    "TagRetired",
    "TagUnreadable",
    "UnitRecorded",
    "approvals",
    "badges",
    "carrying_out",
    "circulation",
    "coming_description",
    "copying",
    "decode",
    "destruction",
    "disclosure",
    "dispatch",
    "disposition",
    "encode",
    "entry",
    "keeping",
    "matter_of",
    "meetings",
    "organisations",
    "production",
    "signed_text",
    "text_hash",
    "trust",
]
