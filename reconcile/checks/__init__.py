"""The checks: the kinds of finding, one pure check a kind, and what ends a finding. No database, no clock."""

from collections.abc import Callable, Mapping

from custody.values import Instant
from reconcile.checks.antennas import antenna_ended, antennas_deaf
from reconcile.checks.cases import (
    AntennaCase,
    BooksSay,
    CarrierCase,
    Cover,
    Ending,
    MatterSays,
    PassageCase,
    RadioSays,
    ReaderCase,
    Spot,
    TagCase,
    Thresholds,
    Verdict,
    agrees,
)
from reconcile.checks.deadlines import DEADLINE_CHECKS, DEADLINE_ENDINGS
from reconcile.checks.endings import CARRIER_ENDINGS, ENDINGS, Opened
from reconcile.checks.hearing import Listening, covers
from reconcile.checks.incidents import GhostCase, LegCase, direct_pass, ghost_read
from reconcile.checks.kinds import EVENT_KINDS, KINDS, PASSAGE_KINDS, STATE_KINDS, TAG_KINDS, Kind
from reconcile.checks.matters import (
    LINE_RULES,
    MATTER_RULES,
    LineCase,
    MatterCase,
    line_ended,
    line_verdict,
    matter_ended,
    matter_verdict,
)
from reconcile.checks.portals import (
    LyingCase,
    PortalCase,
    parked_at_portal,
    parked_ended,
    portal_blind,
    portal_blind_ended,
)
from reconcile.checks.tags import ChipCase, RetiredCase, retired_tag, tag_disagrees
from reconcile.checks.verdicts import RADIO_CHECKS, reader_silent, removal, unknown_tag

CARRIER_CHECKS: Mapping[str, Callable[[CarrierCase, Instant, Thresholds], Verdict | None]] = {
    **RADIO_CHECKS,
    **DEADLINE_CHECKS,
}
"""Checks of one carrier, by kind."""

__all__ = [
    "CARRIER_CHECKS",
    "CARRIER_ENDINGS",
    "DEADLINE_CHECKS",
    "DEADLINE_ENDINGS",
    "ENDINGS",
    "EVENT_KINDS",
    "KINDS",
    "LINE_RULES",
    "MATTER_RULES",
    "PASSAGE_KINDS",
    "RADIO_CHECKS",
    "STATE_KINDS",
    "TAG_KINDS",
    "AntennaCase",
    "BooksSay",
    "CarrierCase",
    "ChipCase",
    "Cover",
    "Ending",
    "GhostCase",
    "Kind",
    "LegCase",
    "LineCase",
    "Listening",
    "LyingCase",
    "MatterCase",
    "MatterSays",
    "Opened",
    "PassageCase",
    "PortalCase",
    "RadioSays",
    "ReaderCase",
    "RetiredCase",
    "Spot",
    "TagCase",
    "Thresholds",
    "Verdict",
    "agrees",
    "antenna_ended",
    "antennas_deaf",
    "covers",
    "direct_pass",
    "ghost_read",
    "line_ended",
    "line_verdict",
    "matter_ended",
    "matter_verdict",
    "parked_at_portal",
    "parked_ended",
    "portal_blind",
    "portal_blind_ended",
    "reader_silent",
    "removal",
    "retired_tag",
    "tag_disagrees",
    "unknown_tag",
]
