"""The table of tables: how each table's rows are tied to the ledger, so that a change behind our back is found.

Each floor adds its own tables (those of the books stand below; `reconcile.store.covered`, `api.covered`); a test
holds the whole against the metadata, and another tampers with every table that is said to be covered.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection


class Means(StrEnum):
    """How a table is tied to the ledger."""

    LEAF = "leaf"
    """Its rows are the leaves of the tree."""
    PROJECTION = "projection"
    """Folded from the leaves; `custody rebuild --check` folds them again and compares."""
    SEALED = "sealed"
    """Rows are only added; batches of them are hashed, and the hash is a leaf."""
    DIGESTED = "digested"
    """Rows change; each state's digest is added to the log `row_digest`, which is sealed."""
    FOLDED = "folded"
    """Rows change; each change is an event of the audit log, which is sealed; the events are folded and compared."""
    DERIVED = "derived"
    """Follows from other tables; what contradicts them is found."""
    OPEN = "open"
    """Not covered, for the reason that is given."""


@dataclass(frozen=True, slots=True)
class Cover:
    """How one table is covered.

    `columns`: what is covered, in no order; of a table that is sealed or digested they never change: a new column is
    a new table, or left out. `left_out`: columns that are not, and the reason stands in `why`. `key`: of a sealed
    table the column that orders it; of a digested one the columns that name a row, or several that belong together
    (`order` then orders them). `lazy`: sealed only together with others, because a seal makes rows of it. `at`: the
    column that says when a row was written by the server's clock: it never lies far before an earlier seal.
    """

    table: str
    means: Means
    why: str
    columns: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    key: tuple[str, ...] = ("id",)
    order: tuple[str, ...] = ()
    lazy: bool = False
    at: str = ""


COVERS: dict[str, Cover] = {}
"""Table -> how it is covered."""

CHECKS: list[Callable[[Connection], Iterable[str]]] = []
"""Further comparisons that the whole check makes: each tells differences, naming the table; none where all is well."""


def cover(*covers: Cover) -> None:
    """Add rows of the table of tables. Raises ValueError where a table has one already."""
    for one in covers:
        if one.table in COVERS:
            raise ValueError(f"{one.table} stands in the table of coverage already")
        COVERS[one.table] = one


def check(found: Callable[[Connection], Iterable[str]]) -> Callable[[Connection], Iterable[str]]:
    """Add a comparison to the whole check (also as a decorator)."""
    if found not in CHECKS:
        CHECKS.append(found)
    return found


def sealed() -> list[Cover]:
    """The logs, by name."""
    return [COVERS[name] for name in sorted(COVERS) if COVERS[name].means is Means.SEALED]


def digested() -> list[Cover]:
    """The tables whose rows' digests are logged, by name."""
    return [COVERS[name] for name in sorted(COVERS) if COVERS[name].means is Means.DIGESTED]


def _projection(why: str, *tables: str) -> Iterable[Cover]:
    return (Cover(table, Means.PROJECTION, why) for table in tables)


cover(
    Cover("entry", Means.LEAF, "Its bytes are the leaves; the columns beside them are compared with the bytes."),
    Cover(
        "ledger_state",
        Means.DERIVED,
        "The frontier of the tree is computed again from the leaves.",
        columns=("size", "frontier"),
    ),
    *_projection("The register is folded from the leaves.", "carrier", "carrier_scope", "carrier_queue", "tag"),
    *_projection("The search's pieces are made again of number and title.", "carrier_gram"),
    *_projection("What the balance counts is chained again from the leaves.", "standing"),
    Cover(
        "carrier_count",
        Means.DERIVED,
        "Counted again from the register, which is folded.",
        columns=("place", "unit", "rank", "status", "origin", "scope", "n"),
    ),
    Cover(
        "common_scope",
        Means.DERIVED,
        "Each number is the digest of its principals, and those of the register are there.",
        columns=("scope", "principal"),
    ),
    *_projection("What was made of what is folded from the leaves.", "descent"),
    *_projection("Matters, their lines and parties are folded from the leaves.", "matter", "matter_line"),
    *_projection("Persons with a part are those whom the folded matter names.", "matter_party"),
    *_projection("Numbers and labels held are those of the folded orders.", "number_block", "allotted_label"),
    *_projection("The directory is folded from the leaves.", "unit", "place", "person", "delegation"),
    *_projection("Who accepted a place is folded from the leaves.", "responsibility"),
    *_projection("Other bodies are folded from the leaves.", "organisation", "licence", "agreement"),
    *_projection("What is signed for, and who did, is folded from the leaves.", "instruction", "acknowledgement"),
    *_projection("Whose badge a card is is folded from the leaves.", "badge"),
    *_projection("Kind, person and time are compared with the entries of each act.", "act"),
    *_projection("Each is the leaf of its number; its salt is proven by the digest.", "seal"),
    Cover(
        "balance_mark",
        Means.DERIVED,
        "Counted again from the spans and the leaves.",
        columns=("position", "rank", "told", "last_event_at"),
    ),
    Cover(
        "balance_sum",
        Means.DERIVED,
        "Counted again from the spans, which are chained from the leaves.",
        columns=("position", "unit", "level", "origin", "status", "rank", "stands", "came"),
    ),
    Cover(
        "counter",
        Means.DERIVED,
        "A counter set back below what was given is found; one set forward only leaves a gap in the numbers.",
        columns=("next",),
    ),
    Cover(
        "checkpoint",
        Means.SEALED,
        "Each root is computed again at its size and its signature verified; the rows are sealed besides. The frontier "
        "is believed only where it gives that root.",
        columns=("size", "signed_at", "note"),
        left_out=("frontier",),
        key=("size",),
        lazy=True,
        at="signed_at",
    ),
    Cover(
        "audit_event",
        Means.SEALED,
        "The audit log.",
        columns=("id", "at", "kind", "by", "about", "detail", "address"),
        at="at",
    ),
    Cover(
        "tag_number_event",
        Means.SEALED,
        "What became of every number taken for a tag: one that was spoiled never comes back.",
        columns=("id", "epc", "state", "reason", "tid", "by", "at"),
        at="at",
    ),
    Cover("tag_number", Means.DERIVED, "Each stands as the last of its events says.", columns=("epc", "state", "tid")),
    Cover("tag_batch", Means.OPEN, "How a batch is printed, and whether it goes on; its numbers are covered."),
    Cover(
        "look",
        Means.SEALED,
        "The disclosure record.",
        columns=("id", "at", "person", "carrier", "how", "detail"),
        at="at",
    ),
    Cover(
        "refusal",
        Means.SEALED,
        "What was tried and refused.",
        columns=("id", "at", "person", "act", "fact", "clause", "codes", "carrier", "matter"),
        at="at",
    ),
    Cover(
        "cosignature",
        Means.SEALED,
        "What witnesses cosigned; each was verified before it was kept.",
        columns=("id", "witness", "size", "line", "witnessed_at", "received_at"),
        lazy=True,
        at="received_at",
    ),
    Cover(
        "ledger_check",
        Means.SEALED,
        "What the whole checks came to.",
        columns=("id", "began_at", "ended_at", "by", "size", "differences", "said"),
        lazy=True,
        at="ended_at",
    ),
    Cover(
        "witness",
        Means.DIGESTED,
        "Who may watch from outside; every change is an event of the audit log besides.",
        columns=("name", "vkey", "token_hash", "added_at", "added_by", "ended_at"),
        key=("name",),
    ),
    Cover(
        "row_digest",
        Means.SEALED,
        "What rows that change were from when on.",
        columns=("id", "of", "key", "digest"),
    ),
)
