"""The copies of a title: what changes its level or period is asked about all of them."""

from collections.abc import Iterable, Sequence, Set

from sqlalchemy import Connection, select

from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked
from custody.entries.disposition import ChangeProposed, CopyLeftOut, DeclassificationProposed
from custody.store import schema as t
from custody.store.descent import held, made_from, walk
from custody.store.schema import chunks, is_int64


def copies_unlisted(connection: Connection, facts: Sequence[Fact]) -> dict[str, frozenset[int]]:
    """By control number, the copies still held that stand on no line of a reclassification about to be asked for.

    Asked of every title that it lists, and of whatever was copied, excerpted or compiled from its copies (clause d.5);
    empty where these facts ask for none. What this very act lists counts as a title, and stands in the situation's
    lines by then.
    """
    asked = {fact.matter for fact in facts if isinstance(fact, ApprovalAsked) and is_int64(fact.matter)}
    if not asked:
        return {}
    listing = ChangeProposed | DeclassificationProposed | CopyLeftOut
    named = {fact.carrier for fact in facts if isinstance(fact, listing) and fact.matter in asked}
    m, line = t.MATTER.c, t.LINE.c
    query = (
        select(line.carrier)
        .join_from(t.LINE, t.MATTER, m.id == line.matter)
        .where(line.matter.in_(sorted(asked)), m.kind == "reclassification")
    )
    listed = set(connection.execute(query).scalars())
    return _held(connection, listed | named, listed)


def _held(connection: Connection, carriers: Iterable[int], listed: Set[int]) -> dict[str, frozenset[int]]:
    c = t.CARRIER.c
    numbers: set[str] = set()
    for chunk in chunks(sorted(filter(is_int64, carriers))):
        numbers |= set(connection.execute(select(c.control_number).where(c.id.in_(chunk))).scalars())
    titles: set[int] = set()
    for names in chunks(sorted(numbers)):
        titles |= set(connection.execute(select(c.id).where(c.control_number.in_(names))).scalars())
    made = walk(connection, titles, made_from)
    kin = held(connection, titles.union(*made.values()) - listed)
    found: dict[str, set[int]] = {}
    for chunk in chunks(sorted(kin)):
        for row in connection.execute(select(c.control_number, c.id).where(c.id.in_(chunk))):
            found.setdefault(row.control_number, set()).add(row.id)
    return {number: frozenset(copies) for number, copies in sorted(found.items())}
