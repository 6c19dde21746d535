"""Fetches an act for printing, as far as the visitor sees it, and makes its paper.

Carriers that the visitor does not see are neither printed nor counted, and the numbers of lines and parts are those of
what is seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from api import store
from api.forms import Code, Paper, checkpoint_parts, code_text, paper_hash, qr_code
from api.store import Connection
from api.web.printing.model import Line, Printed
from api.web.printing.table import builder_of
from api.web.visit import Visit
from custody.entries import CarrierFact, Entry, matter_of
from custody.matters import Line as MatterLine
from custody.matters import Matter
from custody.procedures import ACTS
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem

LINES_A_PART = 1_000
"""Lines on one paper: some forty pages. A longer act is printed in parts, each with its own hash and code."""
NUMBER_CHARACTERS_MAX = 40
KINDS = {letters: kind for kind, letters in ACTS.items()}
"""The letters of an act's number -> its kind."""


LINES_NAMED: Mapping[str, tuple[str, ...]] = {"meeting_settle": ("taken_back", "deposited", "incident")}
"""Kind of act -> the states of its matter's lines that its paper names besides the act's own carriers."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What ties a paper to the ledger: the paper's hash, the checkpoint (None: none was signed), and their code."""

    digest: str
    size: int | None
    root: str
    code: Code


def load(connection: Connection, visit: Visit, number: str, part: int = 1) -> Printed:
    """The act of this number, one part of its lines. Raises NotFound for hidden and absent alike."""
    entries = queries.act(connection, visit.subject, number[:NUMBER_CHARACTERS_MAX])
    grouped = _grouped(entries)
    parts = max(1, -(-len(grouped) // LINES_A_PART))
    if not 1 <= part <= parts:
        raise NotFound
    kind = KINDS.get(entries[0].act.split("-")[0], "")
    matters = queries.matters_by_id(connection, visit.subject, sorted(_matters(entries)))
    first = (part - 1) * LINES_A_PART
    here = grouped[first : first + LINES_A_PART]
    items = queries.carriers_by_id(connection, visit.subject, _carriers(entry for group in here for entry in group))
    return Printed(
        visit=visit,
        number=entries[0].act,
        kind=kind,
        directory=visit.services.books.directory(connection),
        lines=tuple(Line(items.get(_carrier(group[0]) or 0), tuple(group)) for group in here),
        part=part,
        parts=parts,
        first_line=first + 1,
        titles=visit.services.scheme.titles_on_slips,
        matters=matters,
        matter_lines=_matter_lines(connection, visit, kind, matters),
    )


def _matter_lines(
    connection: Connection, visit: Visit, kind: str, matters: Mapping[int, Matter]
) -> tuple[tuple[MatterLine, CarrierItem], ...]:
    """The lines that the paper names, as far as the visitor sees their carriers."""
    states = LINES_NAMED.get(kind)
    if states is None:
        return ()
    lines = [line for matter in matters for line in queries.all_lines(connection, matter, states)]
    items = queries.carriers_by_id(connection, visit.subject, [line.carrier for line in lines])
    return tuple((line, items[line.carrier]) for line in lines if line.carrier in items)


def paper_of(printed: Printed) -> Paper:
    """The paper of an act: what its builder says, under the highest level of all that is listed.

    A builder's own mark (that of a matter without carriers) can raise that level, never lower it.
    """
    paper = builder_of(printed.kind)(printed)
    scheme = printed.visit.services.scheme
    organisation = scheme.organisation_zh if printed.visit.language == "zh" else scheme.organisation_en
    part = printed.t("forms.part", n=printed.part, m=printed.parts) if printed.parts > 1 else ""
    office = printed.t("forms.office", organisation=organisation)
    mark = printed.highest(*([paper.mark] if paper.mark else []))
    return replace(paper, number=printed.number, office=office, mark=mark, part=part)


def seal(paper: Paper, printed: Printed, note: str | None) -> Sealed:
    """The paper's hash and checkpoint as a code."""
    digest = paper_hash(paper)
    size, root = checkpoint_parts(note) if note is not None else (None, "")
    code = qr_code(code_text(note, printed.number, last_entry(printed), digest))
    return Sealed(digest, size, root, code)


def last_entry(printed: Printed) -> int:
    """Sequence of the last entry on the paper. One number only: a range would tell of entries that are hidden."""
    return max(entry.sequence for line in printed.lines for entry in line.entries)


def kept_note(connection: Connection, printed: Printed) -> str | None:
    """The last kept checkpoint, if it covers the paper's entries."""
    found = store.checkpoints(connection, 1)
    return found[0].note if found and found[0].size >= last_entry(printed) else None


def _carrier(entry: Entry) -> int | None:
    if isinstance(entry.fact, CarrierFact):
        return entry.fact.carrier
    named = getattr(entry.fact, "carrier", None)
    return named if isinstance(named, int) else None


def _carriers(entries: Iterable[Entry]) -> set[int]:
    return {carrier for carrier in map(_carrier, entries) if carrier is not None}


def _matters(entries: Iterable[Entry]) -> set[int]:
    named = (m for entry in entries for m in (matter_of(entry.fact), *getattr(entry.fact, "matters", ())))
    return {matter for matter in named if matter is not None}


def _grouped(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries by carrier, in the order in which carriers first appear; what is about none stands alone."""
    groups: dict[tuple[str, int], list[Entry]] = {}
    for entry in entries:
        carrier = _carrier(entry)
        key = ("entry", entry.sequence) if carrier is None else ("carrier", carrier)
        groups.setdefault(key, []).append(entry)
    return list(groups.values())
