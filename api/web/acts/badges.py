"""The borrower confirms by his badge, held to the reader of the desk at which he stands (clause c.5).

One tap confirms one act: it is used up in the transaction of the entries, and what was used is kept with its reader
and its time. A number typed, or sent by a keyboard wedge, names a person and confirms nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.web.acts.borrower import FIELD, UNSIGNED, borrower_signature, stop_unlendable
from api.web.visit import Unfit, Visit
from custody.entries import Fact, Signature, signed_text, text_hash
from custody.rules import BADGE_ALONE, Refusal, Refused, named
from custody.store.books import Receipt
from custody.values import Person
from reconcile.store.taps import Tap, TapUsed, unused_tap, use_tap, young_enough

WITH_PASSWORD = "badge_password"  # noqa: S105 - the name of a means
"""The means of a signature for which badge and password were both shown."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The borrower's signature, and the tap that it uses up; None: confirmed without a badge."""

    signatures: tuple[Signature, ...]
    tap: Tap | None = None


@dataclass(frozen=True, slots=True)
class BadgeState:
    """Whether the borrower's badge would confirm now. `key`: in which words it is said; `tap`: the one that would."""

    key: str
    tap: Tap | None = None


def seconds_of(visit: Visit) -> int:
    """For how long a tap confirms: never longer than any confirmation of identity."""
    number = visit.services.scheme.number
    return min(number("badge_tap_seconds"), number("confirmation_seconds"))


def badge_state(visit: Visit, holder: Person, reader: str) -> BadgeState:
    """What the taps of the holder's badges at this reader amount to: `good`, or why they confirm nobody."""
    if visit.services.scheme.badge == "never":
        return BadgeState("never")
    with visit.services.database.reading() as connection:
        badges = visit.services.books.directory(connection).badges_of(holder.id)
        tap = unused_tap(connection, reader, [badge.uid for badge in badges])
    if not badges:
        return BadgeState("none")
    given = {badge.uid: badge.given_at for badge in badges}
    if tap is None or tap.when < given[tap.uid]:
        return BadgeState("needed")
    return BadgeState("good", tap) if young_enough(tap, visit.now, seconds_of(visit)) else BadgeState("old")


def confirmed_borrower(visit: Visit, facts: Sequence[Fact], holder: Person, password: str, reader: str) -> Confirmed:
    """The borrower's signature under exactly these facts, by badge or password as the scheme says.

    Raises Refused for what cannot be lent, Unfit naming the password's field where nobody is confirmed.
    """
    scheme = visit.services.scheme
    if scheme.badge == "never" or holder.id == visit.subject.person:
        return Confirmed(borrower_signature(visit, facts, holder.id, password))
    if scheme.badge == "borrower" and password:
        return Confirmed(borrower_signature(visit, facts, holder.id, password))
    stop_unlendable(visit, facts)
    state = badge_state(visit, holder, reader)
    if state.tap is None:
        _unconfirmed(visit, facts, holder)
        raise Unfit([visit.error(FIELD, f"tap.badge.{state.key}", seconds=seconds_of(visit))])
    if scheme.badge == "with_password":
        signed = borrower_signature(visit, facts, holder.id, password)
        return Confirmed(tuple(replace(one, means=WITH_PASSWORD) for one in signed), state.tap)
    under = text_hash(signed_text(facts))
    return Confirmed((Signature(holder.id, state.tap.when, BADGE_ALONE, under),), state.tap)


def _unconfirmed(visit: Visit, facts: Sequence[Fact], holder: Person) -> None:
    """A loan that was tried without the borrower's identity is kept as refused, like any other."""
    refused = Refused([Refusal("c.5", UNSIGNED, named(holder))], 0, getattr(facts[0], "carrier", None))
    try:
        visit.services.books.refuse(visit.subject, facts, "borrow", refused)
    except Refused:
        return


def enter_confirmed(visit: Visit, facts: Sequence[Fact], kind: str, confirmed: Confirmed) -> Receipt:
    """Enter the act and use up the tap, both or neither. Raises Refused; Unfit where the tap was used meanwhile."""
    books, tap = visit.services.books, confirmed.tap
    if tap is None:
        return books.enter(visit.subject, facts, act=kind, signatures=confirmed.signatures)
    try:
        with visit.services.database.writing() as connection:
            try:
                receipt = books.enter(
                    visit.subject, facts, act=kind, signatures=confirmed.signatures, connection=connection
                )
            except Refused as refused:
                stopped = refused  # that it was refused is kept; the tap is not used up
            else:
                use_tap(connection, tap, confirmed.signatures[0].person, receipt.act, visit.now)
                return receipt
    except TapUsed as error:
        raise Unfit([visit.error(FIELD, "tap.badge.used")]) from error
    raise stopped
