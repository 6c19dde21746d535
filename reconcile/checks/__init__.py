"""The checks: the kinds of finding, one pure check a kind, and what ends a finding. No database, no clock."""

from reconcile.checks.cases import (
    AntennaCase,
    BooksSay,
    CarrierCase,
    Cover,
    Ending,
    PassageCase,
    RadioSays,
    ReaderCase,
    Spot,
    TagCase,
    Thresholds,
    Verdict,
    agrees,
)
from reconcile.checks.endings import CARRIER_ENDINGS, ENDINGS, Opened
from reconcile.checks.hearing import Listening, covers
from reconcile.checks.kinds import EVENT_KINDS, KINDS, STATE_KINDS, Kind
from reconcile.checks.verdicts import CARRIER_CHECKS, reader_silent, removal, unknown_tag

__all__ = [
    "CARRIER_CHECKS",
    "CARRIER_ENDINGS",
    "ENDINGS",
    "EVENT_KINDS",
    "KINDS",
    "STATE_KINDS",
    "AntennaCase",
    "BooksSay",
    "CarrierCase",
    "Cover",
    "Ending",
    "Kind",
    "Listening",
    "Opened",
    "PassageCase",
    "RadioSays",
    "ReaderCase",
    "Spot",
    "TagCase",
    "Thresholds",
    "Verdict",
    "agrees",
    "covers",
    "reader_silent",
    "removal",
    "unknown_tag",
]
