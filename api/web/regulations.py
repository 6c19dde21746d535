"""The regulations: every clause with its wording, its source, its means, whether each is kept yet, and how often it
refused, found, reminded and recorded, as far as the visitor may see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.cases import What, clause_counts, shown_counts, span_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.regulations import CLAUSES, Clause
from custody.store.queries.cases import Count

router = APIRouter(include_in_schema=False)

KINDS = ("refuse", "detect", "remind", "record", "prove")


@dataclass(frozen=True, slots=True)
class MeansLine:
    """One means in the reader's language."""

    kind: str
    what: str
    kept: bool
    same_as: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClauseLine:
    """One clause in the reader's language. `state`: kept, partly, not_yet."""

    id: str
    wording: str
    source: str
    internal: bool
    means: tuple[MeansLine, ...]
    state: str
    counts: Mapping[What, Count] = field(default_factory=dict)


def state_of(clause: Clause) -> str:
    """A clause is kept only when all its means are."""
    kept = [means.kept for means in clause.means]
    return "kept" if all(kept) else "partly" if any(kept) else "not_yet"


def source_words(source: str, t: Callable[..., str]) -> str:
    """Where a clause comes from: `letter a`, `rule 2`, `practice`."""
    kind, _, number = source.partition(" ")
    return t("regulations.source.practice") if kind == "practice" else t(f"regulations.source.{kind}", id=number)


def clause_line(
    clause: Clause, language: str, t: Callable[..., str], counts: Mapping[What, Count] | None = None
) -> ClauseLine:
    """A clause as shown."""
    return ClauseLine(
        id=clause.id,
        wording=clause.wording_zh if language == "zh" else clause.wording_en,
        source=source_words(clause.source, t),
        internal=clause.internal,
        means=tuple(
            MeansLine(one.kind, one.what_zh if language == "zh" else one.what_en, one.kept, one.as_of)
            for one in clause.means
        ),
        state=state_of(clause),
        counts=counts or {},
    )


@router.get("/regulations")
def regulations(state: str = "", visit: Visit = Depends(needs(Permission.SEE_REGULATIONS))) -> Response:
    """The whole table, or the clauses of one state."""
    counted: dict[str, Mapping[What, Count]] = {}
    span = span_of(visit)
    business = visit.may(Permission.SEE_CARRIERS)
    if business:
        with visit.reading() as connection:
            every = clause_counts(connection, visit.subject, span.period)
        counted = {clause.id: shown_counts(clause, every[clause.id]) for clause in CLAUSES}
    lines = [clause_line(clause, visit.language, visit.t, counted.get(clause.id)) for clause in CLAUSES]
    counts = {name: sum(line.state == name for line in lines) for name in ("kept", "partly", "not_yet")}
    chosen = state if state in counts else ""
    return render(
        visit,
        "regulations/list.html",
        lines=[line for line in lines if not chosen or line.state == chosen],
        counts=counts,
        total=len(lines),
        chosen=chosen,
        business=business,
        span_asked=span,
    )
