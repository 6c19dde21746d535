"""Signing an act: the acting person and those who sign beside, over the facts exactly as they are entered."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from api.acts.model import Act, Cosigner, Held
from api.sessions import CodeNeeded, CodeWrong, SamePerson, SignInFailed, TooManyAttempts
from api.web.visit import FieldError, Unfit, Visit, sign_in_of, signed_with
from custody.entries import Fact, Signature, signed_text, text_hash
from custody.values import SECOND


@dataclass(frozen=True, slots=True)
class Hand:
    """A number and a password given at this desk by somebody who signs beside the acting person."""

    number: str
    password: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the page keeps of a text that was shown: what it was made with, and its hash (empty: not shown)."""

    held: Held
    shown: str = ""


def sign_act(
    visit: Visit,
    act: Act,
    facts: Sequence[Fact],
    own: Hand,
    cosigners: Sequence[Cosigner],
    hands: Sequence[Hand],
) -> tuple[Signature, ...]:
    """Every signature of the act; `own` is the acting person's. Raises Unfit with all that is missing or wrong.

    The fields are named `password`, `confirm_code` and `cosign.<n>.number`, `.password`, `.code`.
    """
    text = signed_text(facts)
    found: list[Signature] = []
    errors: list[FieldError] = []
    if act.signs:
        try:
            found.append(signed_with(visit, own.password, text, code=own.code, each_time=act.grave))
        except Unfit as unfit:
            errors += unfit.errors
    taken = {visit.subject.person}
    for number, cosigner in enumerate(cosigners):
        hand = _hand_of(visit, cosigner, number, hands)
        if not cosigner.required and not hand.number and not hand.password:
            continue
        try:
            person, means = _beside(visit, cosigner, hand, f"cosign.{number}", taken, act.grave)
        except Unfit as unfit:
            errors += unfit.errors
        else:
            taken.add(person)
            found.append(Signature(person=person, at=visit.now, means=means, text_hash=text_hash(text)))
    if errors:
        raise Unfit(errors)
    return tuple(found)


def _hand_of(visit: Visit, cosigner: Cosigner, number: int, hands: Sequence[Hand]) -> Hand:
    """The hand of a cosigner: by its staff number where the facts name the person, else by its place on the page.

    A page drawn before anybody was named has a place for each; filled in at one go, one of them may be the acting
    person's own. No password is ever tried on somebody else than whose number stands beside it.
    """
    at_its_place = hands[number] if number < len(hands) else Hand("", "")
    if cosigner.person is None:
        return at_its_place
    staff = _number_of(visit, cosigner.person)
    own = next((hand for hand in hands if hand.number and hand.number == staff), None)
    return own or (Hand("", "") if at_its_place.number else at_its_place)


def _beside(visit: Visit, cosigner: Cosigner, hand: Hand, name: str, taken: set[int], grave: bool) -> tuple[int, str]:
    """Who signs beside, and by which means. Raises Unfit."""
    staff = hand.number
    if cosigner.person is not None:
        staff = _number_of(visit, cosigner.person)
    if not staff:
        raise Unfit([visit.error(f"{name}.number", "cosign.number_needed", who=visit.t(cosigner.label))])
    if not hand.password:
        raise Unfit([visit.error(f"{name}.password", "cosign.password_needed", who=visit.t(cosigner.label))])
    try:
        known = sign_in_of(visit.request).beside(
            visit.session, staff, hand.password, visit.now, code=hand.code, each_time=grave
        )
    except TooManyAttempts as wait:
        raise Unfit([visit.error(f"{name}.password", "signin.wait", seconds=wait.wait_seconds)]) from wait
    except CodeNeeded as needed:
        raise Unfit([visit.error(f"{name}.code", "cosign.code_needed", who=visit.t(cosigner.label))]) from needed
    except CodeWrong as wrong:
        raise Unfit([visit.error(f"{name}.code", "signin.code_wrong")]) from wrong
    except SignInFailed as failed:
        raise Unfit([visit.error(f"{name}.password", "cosign.failed", who=visit.t(cosigner.label))]) from failed
    except SamePerson as same:
        raise Unfit([visit.error(f"{name}.number", "cosign.same", who=visit.t(cosigner.label))]) from same
    person = known.account.person
    if person in taken:
        raise Unfit([visit.error(f"{name}.number", "cosign.same", who=visit.t(cosigner.label))])
    return person, known.means


def _number_of(visit: Visit, person: int) -> str:
    with visit.reading() as connection:
        known = visit.services.books.directory(connection).persons.get(person)
    return known.number if known else ""


def seal(visit: Visit, held: Held, facts: Sequence[Fact] = ()) -> str:
    """What the page keeps, so that the text signed is the text that was shown; bound to the session."""
    body = {"at": held.at, "ids": held.ids, "shown": text_hash(signed_text(facts)) if facts else ""}
    plain = json.dumps(body, sort_keys=True).encode()
    return base64.urlsafe_b64encode(_mac(visit, plain) + plain).decode()


def unseal(visit: Visit, text: str) -> Seal:
    """What the page kept; a fresh start where there is nothing, or nothing genuine.

    The instant of a text shown too long ago is not taken again: the text is then made anew.
    """
    try:
        given = base64.urlsafe_b64decode(text.encode())
        mac, plain = given[:32], given[32:]
        body = json.loads(plain) if hmac.compare_digest(mac, _mac(visit, plain)) else {}
    except ValueError:
        body = {}
    if not body:
        return Seal(Held(visit.now))
    lasting = visit.services.scheme.number("confirmation_seconds") * SECOND
    at = body["at"] if 0 <= visit.now - body["at"] <= lasting else visit.now
    return Seal(Held(at, list(body["ids"])), body["shown"])


def _mac(visit: Visit, plain: bytes) -> bytes:
    key = f"{visit.session.token_hash}:{visit.csrf}".encode()
    return hmac.new(key, plain, hashlib.sha256).digest()
