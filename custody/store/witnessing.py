"""What the ledger shows to its witnesses, and what they gave back: checkpoints, proofs, cosignatures, whole checks.

A witness is the auditor's own machine (see `custody.witness`). It learns sizes and hashes, no business data.
"""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from custody import ledger
from custody.entries.trust import LogSealed
from custody.rules import NotFound
from custody.store import audit, key_history
from custody.store import schema as t
from custody.store.books import bodies
from custody.store.digests import attest
from custody.values import SECOND, Instant

KEPT_ANEW_SECONDS = 3_600
"""A cosignature of a size that the witness cosigned before is kept again after so long: it shows that it is awake."""
AHEAD_SECONDS_MAX = 300
"""So far may a witness's clock be ahead of ours."""


class WitnessRefused(Exception):
    """What a witness, or whoever adds one, gave cannot be taken; the message says why, and `code` names it."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Witness:
    """Who may watch the ledger from outside; `ended_at` None: still."""

    name: str
    vkey: str
    added_at: Instant
    added_by: int
    ended_at: Instant | None


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word on the checkpoint of this size; `witnessed_at` by its own clock."""

    id: int
    witness: str
    size: int
    line: str
    witnessed_at: Instant
    received_at: Instant


@dataclass(frozen=True, slots=True)
class Check:
    """A whole check of the books; `by` 0: the schedule. `said` has the first differences."""

    id: int
    began_at: Instant
    ended_at: Instant
    by: int
    size: int
    differences: int
    said: tuple[str, ...]


def token_hash(token: str) -> str:
    """What is kept of a token: SHA-256, hexadecimal. Tokens are random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(connection: Connection, vkey: str, token: str, at: Instant, *, by: int, address: str = "") -> Witness:
    """Let a witness watch, by the key that it made and a token made for it. Raises WitnessRefused."""
    try:
        key = ledger.parse_key(vkey.strip(), witness=True)
    except ledger.Broken as error:
        raise WitnessRefused(
            "key", f"that is no witness's key, as custody-witness key shows it: {error.reason}"
        ) from error
    w = t.WITNESS
    if connection.execute(select(w.c.name).where(w.c.name == key.name)).first() is not None:
        raise WitnessRefused("taken", f"there is or was a witness named {key.name}; give the new one another name")
    row = {"name": key.name, "vkey": str(key), "token_hash": token_hash(token), "added_at": at, "added_by": by}
    connection.execute(w.insert().values(**row, ended_at=None))
    detail = {"name": key.name, "vkey": str(key), "token": token_hash(token)}
    audit.note(connection, "witness_added", at, by=by, detail=detail, address=address)
    attest(connection, "witness", [(key.name,)])
    return Witness(key.name, str(key), at, by, None)


def end(connection: Connection, name: str, at: Instant, *, by: int, address: str = "") -> None:
    """Take a witness's token away; what it cosigned stays. Raises NotFound."""
    w = t.WITNESS
    done = connection.execute(update(w).where(w.c.name == name, w.c.ended_at.is_(None)).values(ended_at=at))
    if done.rowcount != 1:
        raise NotFound
    audit.note(connection, "witness_ended", at, by=by, detail={"name": name}, address=address)
    attest(connection, "witness", [(name,)])


def witnesses(connection: Connection) -> list[Witness]:
    """All of them, those that ended too, by the time they were added."""
    w = t.WITNESS.c
    query = select(w.name, w.vkey, w.added_at, w.added_by, w.ended_at).order_by(w.added_at, w.name)
    return [Witness(*row) for row in connection.execute(query)]


def by_token(connection: Connection, token: str) -> Witness | None:
    """The witness that this token belongs to, if it may still watch."""
    w = t.WITNESS.c
    query = select(w.name, w.vkey, w.added_at, w.added_by, w.ended_at)
    row = connection.execute(query.where(w.token_hash == token_hash(token), w.ended_at.is_(None))).first()
    return None if row is None else Witness(*row)


# Proofs.


def kept_frontier(connection: Connection, size: int) -> ledger.Frontier | None:
    """The frontier kept with the checkpoint of this size, if it gives the root that was signed there."""
    c = t.CHECKPOINT.c
    row = connection.execute(select(c.note, c.frontier).where(c.size == size)).first()
    if row is None or row.frontier is None:
        return None
    try:
        found = ledger.Frontier.from_bytes(size, bytes(row.frontier))
        return found if ledger.parse_checkpoint(row.note).root == found.root() else None
    except ledger.Broken:
        return None


def frontier_of(connection: Connection, size: int) -> ledger.Frontier:
    """The frontier at a size, computed from the stored entries in bounded memory. Raises NotFound beyond the last."""
    found = ledger.Frontier().extend(_hashes(connection, 1, size))
    if found.size != size:
        raise NotFound
    return found


def consistency(connection: Connection, first: int, second: int) -> tuple[bytes, ...]:
    """What shows that the tree of `second` leaves continues that of `first` (RFC 9162 section 2.1.4).

    From a size at which a checkpoint was kept only the entries behind it are read. Raises NotFound for a size that
    was not reached, or nought.
    """
    if not 0 < first <= second:
        raise NotFound
    old = kept_frontier(connection, first) or frontier_of(connection, first)
    try:
        with closing(_hashes(connection, first + 1, second)) as later:
            return ledger.consistency_between(old, later, second)
    except ValueError as error:
        raise NotFound from error


def proof_text(proof: Sequence[bytes]) -> str:
    """The hashes of a proof, a line each in base64 (C2SP tlog-witness)."""
    return "".join(f"{ledger.base64_of(node)}\n" for node in proof)


def bundle(connection: Connection, first: int) -> str:
    """What a witness without a network is brought: rotations of the key, `old SIZE`, the proof, the latest checkpoint.

    From `old` on it is the body of C2SP tlog-witness's add-checkpoint. Raises NotFound where no checkpoint of that
    size or more was signed.
    """
    row = connection.execute(select(t.CHECKPOINT).order_by(t.CHECKPOINT.c.size.desc()).limit(1)).first()
    if row is None or row.size < first:
        raise NotFound
    proof = consistency(connection, first, row.size) if first else ()
    rotations = "".join(f"rotation {line}" for line in key_history.statements(connection))
    return f"{rotations}old {first}\n{proof_text(proof)}\n{row.note}"


def _hashes(connection: Connection, first: int, last: int) -> Generator[bytes, None, None]:
    with closing(bodies(connection, last, first)) as found:
        for body in found:
            yield ledger.leaf_hash(body)


def first_checkpoint_at(connection: Connection) -> Instant | None:
    """When the first checkpoint that is kept was signed; None: none was."""
    found: Instant | None = connection.execute(select(func.min(t.CHECKPOINT.c.signed_at))).scalar()
    return found


# Cosignatures.


def keep_cosignature(connection: Connection, note: str, at: Instant, witness: Witness | None = None) -> Cosignature:
    """Keep the cosignature that this note bears: over a checkpoint of ours, by `witness`, or by any that watches.

    The same size is kept again only after a while. Raises WitnessRefused.
    """
    try:
        given = ledger.parse_checkpoint(note)
    except ledger.Broken as error:
        raise WitnessRefused("note", f"that is no checkpoint: {error}") from error
    c = t.CHECKPOINT.c
    kept = connection.execute(select(c.note).where(c.size == given.size)).scalar()
    if kept is None or ledger.parse_checkpoint(kept).body != given.body:
        raise WitnessRefused("unknown", f"no checkpoint of this ledger at {given.size} reads like that")
    asked = [witness] if witness is not None else [one for one in witnesses(connection) if one.ended_at is None]
    for one in asked:
        key = ledger.parse_key(one.vkey, witness=True)
        seconds = ledger.cosigned_at(given, key)
        if seconds is None:
            continue
        if seconds * SECOND > at + AHEAD_SECONDS_MAX * SECOND:
            raise WitnessRefused("clock", "the witness's clock is ahead of the server's; set them right")
        line = next(s for s in given.signatures if (s.name, s.key_id) == (key.name, key.key_id))
        return _keep(connection, one.name, given.size, ledger.signature_line(line).removesuffix("\n"), seconds, at)
    raise WitnessRefused("unsigned", "it bears no valid cosignature of a witness that watches this ledger")


def _keep(connection: Connection, name: str, size: int, line: str, seconds: int, at: Instant) -> Cosignature:
    last = last_cosignature(connection, name)
    if last is not None and last.size == size and last.received_at + KEPT_ANEW_SECONDS * SECOND > at:
        return last
    row = {"witness": name, "size": size, "line": line, "witnessed_at": seconds * SECOND, "received_at": at}
    connection.execute(t.COSIGNATURE.insert().values(row))
    kept = last_cosignature(connection, name)
    assert kept is not None
    return kept


def last_cosignature(connection: Connection, witness: str | None = None) -> Cosignature | None:
    """The cosignature that came last, of one witness or of any."""
    c = t.COSIGNATURE.c
    query = select(t.COSIGNATURE).order_by(c.id.desc()).limit(1)
    row = connection.execute(query if witness is None else query.where(c.witness == witness)).first()
    return None if row is None else Cosignature(*row)


def largest_cosigned(connection: Connection) -> int:
    """The largest size that a witness cosigned; 0: none ever did."""
    found: int | None = connection.execute(select(func.max(t.COSIGNATURE.c.size))).scalar()
    return found or 0


def cosignatures(connection: Connection, size: int) -> list[Cosignature]:
    """Those of the checkpoint of this size, each witness's last."""
    c = t.COSIGNATURE.c
    rows = connection.execute(select(t.COSIGNATURE).where(c.size == size).order_by(c.id))
    return list({row.witness: Cosignature(*row) for row in rows}.values())


def last_seal(connection: Connection) -> tuple[int, Instant] | None:
    """The entry that sealed a log last, and when; None: none did."""
    c = t.ENTRY.c
    query = select(c.sequence, c.entered_at).where(c.kind == LogSealed.kind).order_by(c.sequence.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else (row.sequence, row.entered_at)


def act_of(connection: Connection, sequence: int) -> str | None:
    """The act of an entry; None where there is no such entry."""
    act: str | None = connection.execute(select(t.ENTRY.c.act).where(t.ENTRY.c.sequence == sequence)).scalar()
    return act


# Whole checks.


def keep_check(connection: Connection, check: Check) -> None:
    """Keep what a whole check came to, and tell the audit log."""
    row = {name: getattr(check, name) for name in ("began_at", "ended_at", "by", "size", "differences")}
    connection.execute(t.LEDGER_CHECK.insert().values(**row, said="\n".join(check.said)))
    detail = {"size": check.size, "differences": check.differences}
    audit.note(connection, "ledger_checked", check.ended_at, by=check.by, detail=detail)


def last_check(connection: Connection) -> Check | None:
    """The last whole check."""
    row = connection.execute(select(t.LEDGER_CHECK).order_by(t.LEDGER_CHECK.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    said = tuple(row.said.split("\n")) if row.said else ()
    return Check(row.id, row.began_at, row.ended_at, row.by, row.size, row.differences, said)
