"""The page of one act: its fields, the exact text, the signatures, what stands against it, and entering it."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from api.acts import act_named
from api.acts.answers import raw_of_form
from api.acts.codes import CODES_MAX
from api.acts.filling import Filling, fill, first_values
from api.acts.general import stands_for
from api.acts.model import Act, Ground
from api.acts.offering import Offer, offered
from api.acts.wording import act_meaning, act_words
from api.web.business import acting, drawing, entering, signing
from api.web.business.acting import Against, Signed
from api.web.business.loading import load
from api.web.render import render, url
from api.web.visit import CODE_FIELD, FieldError, Form, Unfit, Visit, local_address, needs, posted_up_to
from custody.access import Permission
from custody.entries import Fact, signed_text, text_hash
from custody.rules import NotFound

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_CARRIERS)
posted = posted_up_to(5_000)
"""A form of an act: a long list of carriers has a tick box each."""
HANDS_MAX = 12
NAMED_MAX = 10
"""Carriers named with a refusal that is the same for more."""
STAYS = ("find", "more", "check")
"""Buttons that only draw the page again, with what was typed read so far."""


def act_of(visit: Visit, on: str, key: str, ground: Ground) -> Act:
    """The act of this name that the roles open. Raises NotFound."""
    act = act_named(on, key, ground.matter.kind if ground.matter else "")
    if act is None or not visit.may(act.permission):
        raise NotFound
    return act


def address(act: Act, ground: Ground) -> str:
    """Where the act is entered."""
    match act.on:
        case "matter":
            return f"/matters/{ground.the_matter.id}/{act.key}"
        case "carrier":
            return f"/carriers/{ground.the_item.id}/{act.key}"
        case "place":
            return f"/places/{ground.the_place.id}/{act.key}"
        case "organisation":
            return f"/organisations/{ground.the_body.id}/{act.key}"
        case _:
            return f"/business/new/{act.key}"


def home(act: Act, ground: Ground) -> str:
    """Where one goes who does not enter it."""
    if act.on == "house":
        return act.home or "/business"
    return address(act, ground).rpartition("/")[0]


def draw(
    visit: Visit,
    act: Act,
    ground: Ground,
    filling: Filling,
    *,
    sealed: str = "",
    text: str = "",
    against: Sequence[Against] = (),
    errors: tuple[FieldError, ...] = (),
    back: str = "",
    status_code: int = 200,
) -> Response:
    """The page. `text`: the exact text that will be signed, where it is shown."""
    offer: Offer | None = offered(ground, act)
    stopped = acting.alike(against)
    about = ground.items(carrier for one in stopped for carrier in one.carriers[:NAMED_MAX])
    return render(
        visit,
        "business/act.html",
        status_code=status_code,
        errors=errors,
        act=act,
        heading=act_words(act, visit.t),
        meaning=act_meaning(act, visit.t),
        ground=ground,
        offer=offer,
        fields=drawing.drawn_fields(act, ground, filling) if offer and not offer.refusals else [],
        besides=drawing.besides(visit, ground, act.cosigners(ground, filling.values)),
        persons=drawing.persons_of(act, ground, visit.day),
        places=drawing.places_of(act, ground.directory),
        address=address(act, ground),
        home=home(act, ground),
        sealed=sealed,
        text=text,
        text_hash=text_hash(text) if text else "",
        against=stopped,
        about=about,
        back=back,
        directory=ground.directory,
        stands_for=_stands_for(act, ground),
        line_state=lambda line: drawing.state_words(ground, line),
    )


def _stands_for(act: Act, ground: Ground) -> Any:
    """The absent person in whose stead the act would be signed; None where it is one's own right."""
    if act.key not in ("approve", "decline") or act.kind:
        return None
    return ground.directory.persons.get(stands_for(ground) or 0)


NAMED = frozenset({"choice", "unit", "place", "person", "carriers"})
"""Kinds of field that an address may fill beforehand: by codes and identifiers, never by a title or a name."""


def named_in_address(act: Act, params: QueryParams) -> dict[str, Any]:
    """The raw values that the address names."""
    found: dict[str, Any] = {}
    for one in act.fields:
        given = params.getlist(one.name)[:CODES_MAX]
        if one.kind in NAMED and given:
            ids = [int(text) for text in given if text.isascii() and text.isdecimal() and len(text) <= 18]
            found[one.name] = ids if one.kind == "carriers" else given[0][:80]
    return found


def show(visit: Visit, on: str, identifier: int, key: str) -> Response:
    """The empty page of an act, filled with what the address names. Raises NotFound."""
    ground = load(visit, on, identifier)
    act = act_of(visit, on, key, ground)
    raw = first_values(act, ground) | named_in_address(act, visit.request.query_params)
    filling = Filling(raw, fill(act, ground, raw).values)
    return draw(visit, act, ground, filling, back=local_address(visit.request.query_params.get("back"), ""))


def take(visit: Visit, on: str, identifier: int, key: str, form: Form) -> Response:
    """Enter the act of a posted form, or draw its page again with what is wrong. Raises NotFound."""
    seal = signing.unseal(visit, form.text("held"))
    ground = load(visit, on, identifier, seal.held)
    act = act_of(visit, on, key, ground)
    filling = fill(act, ground, raw_of_form(act, form))
    back = local_address(form.text("back"), "")
    wanted, _, about = form.text("do").partition(":")
    if wanted in STAYS:
        errors = tuple(one for one in acting.field_errors(filling) if one.field == about and wanted != "more")
        sealed = signing.seal(visit, seal.held)
        shown = filling if wanted != "more" else _more(filling, about)
        return draw(visit, act, ground, shown, sealed=sealed, errors=errors, back=back)
    facts: list[Fact] = []
    try:
        facts = acting.facts_of(act, ground, filling)
        text = signed_text(facts)
        if wanted == "look":
            sealed = signing.seal(visit, seal.held, facts)
            return draw(visit, act, ground, filling, sealed=sealed, text=text, back=back)
        if seal.shown and seal.shown != text_hash(text):
            sealed = signing.seal(visit, seal.held, facts)
            changed = (visit.error("text", "business.text_changed"),)
            return draw(visit, act, ground, filling, sealed=sealed, text=text, errors=changed, back=back)
        ready = acting.sign(visit, act, ground, facts, filling.values, signed_by(form))
    except Unfit as unfit:
        sealed = signing.seal(visit, seal.held, facts if seal.shown and facts else ())
        text = signed_text(facts) if seal.shown and facts else ""
        return draw(visit, act, ground, filling, sealed=sealed, text=text, errors=unfit.errors, back=back)

    def next_page(entered: acting.Entered) -> str:
        return onward(act, entered, back, home(act, ground))

    def refused(asking: Visit, stopped: acting.Stopped) -> Response:
        sealed, against = signing.seal(asking, seal.held), stopped.against
        return draw(asking, act, ground, filling, sealed=sealed, against=against, back=back, status_code=409)

    if len(facts) > entering.AT_ONCE_FACTS:
        return entering.begin(visit, ready, home=address(act, ground), onward=next_page, refused=refused)
    try:
        entered = acting.enter(visit, ready)
    except acting.Stopped as stopped:
        return refused(visit, stopped)
    return RedirectResponse(next_page(entered), status_code=303)


def _more(filling: Filling, name: str) -> Filling:
    """The same with one more empty row at the end, so that there is always room."""
    rows = filling.raw.get(name)
    return Filling(dict(filling.raw) | {name: [*rows, {}]} if isinstance(rows, list) else filling.raw, filling.values)


def onward(act: Act, entered: acting.Entered, back: str, base: str) -> str:
    """Where one goes when it is entered: where one came from, the matter or place it is on, else the receipt."""
    number = entered.receipt.act
    if back:
        return url(back, done=number)
    if entered.matter is not None and (act.on == "matter" or act.opens):
        return url(f"/matters/{entered.matter}", done=number)
    if act.on == "place":
        # The receipt of what is about no carrier is for those who answer for the whole house.
        return base
    if act.on == "organisation":
        return url(base, done=number)
    return url(act.home, done=number) if act.home else f"/acts/{number}"


def signed_by(form: Form) -> Signed:
    """The passwords of a posted form: of the acting person, and of those who sign beside."""
    hands = [
        signing.Hand(
            form.text(f"cosign.{number}.number"),
            form.secret(f"cosign.{number}.password"),
            form.secret(f"cosign.{number}.code"),
        )
        for number in range(HANDS_MAX)
    ]
    return Signed(form.secret("password"), tuple(hands), form.secret(CODE_FIELD))


@router.get("/business/new/{key}")
def house_page(key: str, visit: Visit = Depends(reads)) -> Response:
    """The page of an act of the house: most open a matter."""
    return show(visit, "house", 0, key)


@router.post("/business/new/{key}")
def house_act(key: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Enter an act of the house."""
    return take(visit, "house", 0, key, form)


@router.get("/matters/{identifier}/{key}")
def matter_page(identifier: int, key: str, visit: Visit = Depends(reads)) -> Response:
    """The page of an act on a matter."""
    return show(visit, "matter", identifier, key)


@router.post("/matters/{identifier}/{key}")
def matter_act(identifier: int, key: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Enter an act on a matter."""
    return take(visit, "matter", identifier, key, form)


@router.get("/places/{identifier}/{key}")
def place_page(identifier: int, key: str, visit: Visit = Depends(reads)) -> Response:
    """The page of an act on a place."""
    return show(visit, "place", identifier, key)


@router.post("/places/{identifier}/{key}")
def place_act(identifier: int, key: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Enter an act on a place."""
    return take(visit, "place", identifier, key, form)


@router.get("/organisations/{identifier}/{key}")
def organisation_page(identifier: int, key: str, visit: Visit = Depends(reads)) -> Response:
    """The page of an act on another body."""
    return show(visit, "organisation", identifier, key)


@router.post("/organisations/{identifier}/{key}")
def organisation_act(
    identifier: int, key: str, visit: Visit = Depends(reads), form: Form = Depends(posted)
) -> Response:
    """Enter an act on another body."""
    return take(visit, "organisation", identifier, key, form)
