"""The foot of a page that goes to the printer as it stands: who printed it and when, and the newest checkpoint as a
code, so that the paper says how long the ledger was when its figures were taken. On the screen it is not shown.
"""

from dataclasses import dataclass

from api import store
from api.forms import QR_BYTES_MAX, Code, checkpoint_parts, qr_code
from api.store import Connection
from api.web import words
from api.web.visit import Visit


@dataclass(frozen=True, slots=True)
class PaperFoot:
    """`printed`: in words; `size`, `root`: of the checkpoint; `code`: None where none was signed yet."""

    printed: str
    size: int | None
    root: str
    code: Code | None


def paper_foot(connection: Connection, visit: Visit) -> PaperFoot:
    """The foot for whoever prints now."""
    zone = visit.services.scheme.timezone
    name = visit.person.name_en if visit.language == "en" and visit.person.name_en else visit.person.name
    at = f"{words.iso_day(visit.day, visit.language)} {words.clock_time(visit.now, zone)}"
    printed = visit.t("print.by", name=name, number=visit.person.number, at=at)
    newest = store.checkpoints(connection, 1)
    if not newest:
        return PaperFoot(printed, None, "", None)
    note = newest[0].note
    size, root = checkpoint_parts(note)
    said = note if len(note.encode()) <= QR_BYTES_MAX else f"checkpoint {size} {root}\n"
    return PaperFoot(printed, size, f"{root[:16]}…", qr_code(said))
