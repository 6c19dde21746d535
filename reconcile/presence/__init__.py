"""From sightings to presence: where each tag was last heard, how firmly, and when it passed a portal.

`fold_tag` is the one filter: an honest debounce now; a better filter takes its place behind the same signature.
"""

from readers.portal import Passage, Side
from reconcile.presence.debounce import Conclusions, fold_tag, settle_tag
from reconcile.presence.model import (
    Ear,
    Glimpse,
    Heard,
    Lying,
    Memory,
    Settings,
    Site,
    Stay,
    Strength,
    settings_from,
)

__all__ = [
    "Conclusions",
    "Ear",
    "Glimpse",
    "Heard",
    "Lying",
    "Memory",
    "Passage",
    "Settings",
    "Side",
    "Site",
    "Stay",
    "Strength",
    "fold_tag",
    "settings_from",
    "settle_tag",
]
