"""Matters of letter b: receipt, dispatch, distribution, widening of the scope."""

from custody.matters.dispatch.distribution import DISTRIBUTION, WIDENING
from custody.matters.dispatch.receipt import RECEIPT
from custody.matters.dispatch.sending import DISPATCH
from custody.matters.model import MatterKind

KINDS: tuple[MatterKind, ...] = (RECEIPT, DISPATCH, DISTRIBUTION, WIDENING)
