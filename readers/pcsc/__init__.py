"""Desk readers over PC/SC: a card or label (ISO 14443, ISO 15693) laid on the reader is one read of its number."""

from readers.pcsc.driver import PcscDriver, PcscSettings
from readers.pcsc.service import missing, plugged_in

__all__ = ["PcscDriver", "PcscSettings", "missing", "plugged_in"]
