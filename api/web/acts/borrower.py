"""The borrower confirms at the desk: staff number and password there, or the own session (clause c.5)."""

from collections.abc import Sequence

from api.sessions import SignInFailed, TooManyAttempts
from api.web.visit import Unfit, Visit, sign_in_of, signed_with
from custody.entries import CarrierFact, Fact, Signature, signed_text, text_hash
from custody.rules import Refusal, Refused

FIELD = "holder_password"
UNSIGNED = "signature_missing"


def borrower_signature(visit: Visit, facts: Sequence[Fact], holder: int, password: str) -> tuple[Signature, ...]:
    """The borrower's signature under exactly these facts. Raises Unfit naming the field `holder_password`.

    Nobody is asked to sign for what cannot be lent: what else stands against it is said first. Raises Refused.
    Where the borrower is the one who is signed in, the own session signs; the password is asked for only where
    identity was not confirmed lately. Nobody of this identifier signs nothing: the rules say who is missing.
    """
    stop_unlendable(visit, facts)
    text = signed_text(facts)
    if holder == visit.subject.person:
        try:
            return (signed_with(visit, password, text),)
        except Unfit as unfit:
            raise Unfit([visit.error(FIELD, "acts.holder_wrong" if password else "acts.holder_needed")]) from unfit
    with visit.reading() as connection:
        known = visit.services.books.directory(connection).persons.get(holder)
    if known is None:
        return ()
    if not password:
        raise Unfit([visit.error(FIELD, "acts.holder_needed")])
    try:
        person = sign_in_of(visit.request).cosign(visit.session, known.number, password, visit.now)
    except TooManyAttempts as wait:
        raise Unfit([visit.error(FIELD, "signin.wait", seconds=wait.wait_seconds)]) from wait
    except SignInFailed as failed:
        raise Unfit([visit.error(FIELD, "acts.holder_wrong")]) from failed
    return (Signature(person=person, at=visit.now, means="password", text_hash=text_hash(text)),)


def stop_unlendable(visit: Visit, facts: Sequence[Fact]) -> None:
    """Raises Refused, which is kept, where something else than the borrower's signature stands against the loan."""
    for at, (fact, said) in enumerate(zip(facts, visit.services.books.refusals(visit.subject, facts), strict=True)):
        if left := but_the_signature(said):
            refused = Refused(left, at, fact.carrier if isinstance(fact, CarrierFact) else None)
            visit.services.books.refuse(visit.subject, facts, "borrow", refused)


def but_the_signature(found: Sequence[Refusal]) -> tuple[Refusal, ...]:
    """What stands against an act that is still to be signed."""
    return tuple(refusal for refusal in found if refusal.code != UNSIGNED)
