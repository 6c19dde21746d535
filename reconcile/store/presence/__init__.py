"""Presence in the database: arrived sightings folded batch by batch, silence heard out, late reports put right.

`folding` is the way of a batch; `site` what the filter must know of the house; `keeping` writes what it concluded;
`checkpoints` and `late` go back where reports come late; `silence` lets time pass where somebody listened.
"""

from reconcile.store.presence.conclusions import Concluded, conclusions_of
from reconcile.store.presence.folding import CURSOR_NAME, Folded, fold_new
from reconcile.store.presence.keeping import PassageSeen
from reconcile.store.presence.site import load_site

__all__ = [
    "CURSOR_NAME",
    "Concluded",
    "Folded",
    "PassageSeen",
    "conclusions_of",
    "fold_new",
    "load_site",
]
