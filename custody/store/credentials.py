"""Second factors and recovery codes: what is kept of them, and that each step and each code is taken once.

Sealing and judging them is not done here. Every change that is not a mere use is told by an audit event in the same
transaction, so that `differences` finds a row that was changed behind the product's back.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from custody.store import audit
from custody.store import schema as t
from custody.store.covered import Cover, Means, check, cover
from custody.values import Instant

TOTP = "totp"
RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Credential:
    """A second factor. `secret` is sealed; `step`: the last one that was accepted; `confirmed_at` None: not in use."""

    id: int
    person: int
    kind: str
    secret: str
    step: int
    made_at: Instant
    confirmed_at: Instant | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many recovery codes a person was given, and how many are left."""

    given: int
    left: int


def digest_of(sealed: str) -> str:
    """What the audit log says of a secret: SHA-256, hexadecimal, of its sealed form."""
    return hashlib.sha256(sealed.encode()).hexdigest()


def digest_of_codes(digests: Iterable[str]) -> str:
    """What the audit log says of a set of recovery codes."""
    return digest_of("\n".join(sorted(digests)))


_C = t.CREDENTIAL.c
_R = t.RECOVERY_CODE.c


def _of(person: int, *, confirmed: bool) -> ColumnElement[bool]:
    state = _C.confirmed_at.is_not(None) if confirmed else _C.confirmed_at.is_(None)
    return (_C.person == person) & (_C.kind == TOTP) & state


def totp(connection: Connection, person: int, *, confirmed: bool = True) -> Credential | None:
    """The person's TOTP factor in use, or (`confirmed` False) the one begun last and not yet shown to work."""
    wanted = select(t.CREDENTIAL).where(_of(person, confirmed=confirmed)).order_by(_C.id.desc())
    row = connection.execute(wanted.limit(1)).first()
    return None if row is None else Credential(**row._mapping)


def begin_totp(connection: Connection, person: int, sealed: str, at: Instant) -> None:
    """Keep the sealed secret of a factor that is being set up; one begun before and never confirmed gives way."""
    connection.execute(delete(t.CREDENTIAL).where(_of(person, confirmed=False)))
    row = {"person": person, "kind": TOTP, "secret": sealed, "step": 0, "made_at": at, "confirmed_at": None}
    connection.execute(t.CREDENTIAL.insert().values(row))


def confirm_totp(connection: Connection, credential: int, step: int, at: Instant, address: str = "") -> bool:
    """The factor begun works, by the code of this step: it is in use from now on instead of the one before.

    False where it was confirmed already, or gave way to another.
    """
    wanted = select(t.CREDENTIAL).where(_C.id == credential, _C.confirmed_at.is_(None)).with_for_update()
    row = connection.execute(wanted).first()
    if row is None:
        return False
    connection.execute(delete(t.CREDENTIAL).where(_of(row.person, confirmed=True)))
    connection.execute(update(t.CREDENTIAL).where(_C.id == credential).values(confirmed_at=at, step=step))
    detail: dict[str, str | int | bool | None] = {"what": TOTP, "credential": credential}
    detail["digest"] = digest_of(row.secret)
    audit.note(connection, "credential_set", at, by=row.person, about=row.person, detail=detail, address=address)
    return True


def use_step(connection: Connection, credential: int, step: int) -> bool:
    """Whether this time step is taken now: later than any before. Of two servers that ask at once, one is told so."""
    later = update(t.CREDENTIAL).where(_C.id == credential, _C.confirmed_at.is_not(None), _C.step < step)
    return connection.execute(later.values(step=step)).rowcount == 1


def set_recovery(connection: Connection, person: int, digests: Collection[str], at: Instant, address: str = "") -> None:
    """New recovery codes by their digests; those before are gone."""
    connection.execute(delete(t.RECOVERY_CODE).where(_R.person == person))
    rows = [{"person": person, "digest": one, "used_at": None} for one in digests]
    connection.execute(t.RECOVERY_CODE.insert(), rows)
    detail = {"what": RECOVERY, "digest": digest_of_codes(digests)}
    audit.note(connection, "credential_set", at, by=person, about=person, detail=detail, address=address)


def use_recovery(connection: Connection, person: int, digest: str, at: Instant, address: str = "") -> bool:
    """Whether this is one of the person's codes and is used now, for the only time."""
    unused = update(t.RECOVERY_CODE).where(_R.person == person, _R.digest == digest, _R.used_at.is_(None))
    if connection.execute(unused.values(used_at=at)).rowcount != 1:
        return False
    audit.note(connection, "recovery_used", at, by=person, about=person, detail={"digest": digest}, address=address)
    return True


def is_unused(connection: Connection, person: int, digest: str) -> bool:
    """Whether a recovery code could still be used, where nothing can be written."""
    unused = select(_R.person).where(_R.person == person, _R.digest == digest, _R.used_at.is_(None))
    return connection.execute(unused).first() is not None


def recovery(connection: Connection, person: int) -> Recovery:
    """How many recovery codes there are and are left."""
    counted = select(func.count(), func.count().filter(_R.used_at.is_(None))).where(_R.person == person)
    given, left = connection.execute(counted).one()
    return Recovery(given, left)


def remove_all(connection: Connection, person: int, at: Instant, *, by: int = 0, address: str = "") -> bool:
    """Take away a person's second factors and recovery codes, begun or in use. Whether any was in use."""
    had = totp(connection, person) is not None
    codes = recovery(connection, person).given > 0
    connection.execute(delete(t.CREDENTIAL).where(_C.person == person))
    connection.execute(delete(t.RECOVERY_CODE).where(_R.person == person))
    for what, there in ((TOTP, had), (RECOVERY, codes)):
        if there:
            audit.note(
                connection, "credential_removed", at, by=by, about=person, detail={"what": what}, address=address
            )
    return had


Kept = dict[str, object]
"""What is kept, or must be: a row as the check names it -> its state."""


def differences(connection: Connection) -> list[str]:
    """Where second factors and recovery codes are not what the audit log says; a line each, naming the table."""
    must, kept = _told(connection), _kept(connection)
    return [
        f"{row}: the table and the audit log differ"
        for row in sorted(must.keys() | kept.keys())
        if must.get(row) != kept.get(row)
    ]


def _told(connection: Connection) -> Kept:
    found: Kept = {}
    for event in audit.in_order(connection, _TELLING):
        detail, person = event.detail, event.about
        factor, codes, spent = (
            f"credential of {person}",
            f"recovery_code set of {person}",
            f"recovery_code of {person} ",
        )
        if event.kind == "recovery_used":
            found[spent + str(detail["digest"])] = event.at
        elif detail.get("what") == TOTP:
            found.pop(factor, None)
            if event.kind == "credential_set":
                found[factor] = [(detail["credential"], TOTP, detail["digest"], event.at)]
        elif detail.get("what") == RECOVERY:
            for one in [one for one in found if one == codes or one.startswith(spent)]:
                del found[one]
            if event.kind == "credential_set":
                found[codes] = detail["digest"]
    return found


_TELLING = ("credential_set", "credential_removed", "recovery_used")


def _kept(connection: Connection) -> Kept:
    factors: dict[str, list[tuple[object, ...]]] = {}
    for row in connection.execute(select(t.CREDENTIAL).where(_C.confirmed_at.is_not(None)).order_by(_C.id)):
        state = (row.id, row.kind, digest_of(row.secret), row.confirmed_at)
        factors.setdefault(f"credential of {row.person}", []).append(state)
    codes: dict[str, list[str]] = {}
    found: Kept = dict(factors)
    for row in connection.execute(select(t.RECOVERY_CODE)):
        codes.setdefault(f"recovery_code set of {row.person}", []).append(row.digest)
        if row.used_at is not None:
            found[f"recovery_code of {row.person} {row.digest}"] = row.used_at
    return found | {row: digest_of_codes(digests) for row, digests in codes.items()}


cover(
    Cover(
        "credential",
        Means.FOLDED,
        "Each is an event with the digest of its sealed secret; the last step only ever goes up with use.",
        left_out=("step", "made_at"),
    ),
    Cover("recovery_code", Means.FOLDED, "Each set is an event with the digest of all, and so is each code's use."),
    Cover(
        "sign_in_delay", Means.OPEN, "How long who failed must wait: changes with every attempt, forgotten in hours."
    ),
)
check(differences)
