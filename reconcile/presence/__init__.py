"""From sightings to presence: where each tag was last heard, how firmly, and when it passed a portal.

`fold_tag` is the one filter; `calibration` is what it expects of a site's antennas, `weighing` how it weighs evidence.
"""

from readers.portal import Passage, Side
from reconcile.presence.calibration import Calibration, Hearing, Observation, absence_needed, learn
from reconcile.presence.concluding import MODEL, Conclusions
from reconcile.presence.filter import advance_tag, fold_tag, settle_tag
from reconcile.presence.kept import from_bytes, to_bytes
from reconcile.presence.model import (
    Ear,
    Heard,
    Lying,
    Memory,
    Move,
    Settings,
    Site,
    Stay,
    Strength,
    settings_from,
)
from reconcile.presence.together import follow

__all__ = [
    "MODEL",
    "Calibration",
    "Conclusions",
    "Ear",
    "Heard",
    "Hearing",
    "Lying",
    "Memory",
    "Move",
    "Observation",
    "Passage",
    "Settings",
    "Side",
    "Site",
    "Stay",
    "Strength",
    "absence_needed",
    "advance_tag",
    "fold_tag",
    "follow",
    "from_bytes",
    "learn",
    "settings_from",
    "settle_tag",
    "to_bytes",
]
