"""Business that takes several acts: every act of the table is a named operation, its fields a schema.

Each act is entered whole under one number, or refused whole with the clauses that object. `password` confirms
identity where that is not recent; `cosignatures` are of those who sign beside, in the order in which the act asks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic import Field as Schema

from api.acts import ACTS, ON, act_named, keys_on
from api.acts.entry import as_seen_by
from api.acts.model import Act, Field
from api.acts.wording import act_meaning, act_words
from api.locale import translate
from api.rest.asking import PREFIX, asks, carrier_json, changes
from api.web.business import undo as undoing
from api.web.business.acting import Entered, Signed, enter_filled
from api.web.business.approvals import waiting_for
from api.web.business.loading import load, matter_ground
from api.web.business.signing import Hand
from api.web.visit import FieldError, Unfit, Visit
from custody.access import Permission
from custody.matters import KINDS, Line, Matter
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.store.queries.paging import KeyInvalid
from custody.values import Instant

router = APIRouter(prefix=PREFIX, tags=["business"])
reads = asks(Permission.TAKE_PART)
LIST_MAX = 5_000
LIMIT_MAX = 500


class Cosignature(BaseModel):
    """Somebody who signs beside the acting person, at the same desk."""

    model_config = ConfigDict(extra="forbid")
    number: str = Schema("", max_length=100)
    password: str = Schema("", max_length=2_000)
    code: str = Schema("", max_length=100, description="of the second factor, for acts confirmed each time")


class PeriodAnswer(BaseModel):
    """How long something stays secret."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["maximum", "years", "months", "date", "condition", "long_term", "none"] = "maximum"
    value: str = Schema("", max_length=300)
    authority: str = Schema("", max_length=300)


class Receipt(BaseModel):
    """What was entered: the number of the act, the matter that it is about, its carriers."""

    act: str
    matter: int | None
    carriers: list[int]


class Reason(BaseModel):
    """Why an act is undone; the password confirms identity unless that is recent."""

    reason: str = Schema(max_length=undoing.REASON_MAX)
    password: str = Schema("", max_length=2_000)


ANSWERS: Mapping[str, Any] = {
    "text": str,
    "area": str,
    "number": int,
    "check": bool,
    "day": str,
    "moment": int | str,
    "choice": str,
    "choices": list[str],
    "person": int | str,
    "persons": list[int | str],
    "place": int | str,
    "unit": int | str,
    "organisation": int | str,
    "level": str,
    "period": PeriodAnswer,
    "scope": list[str],
    "carriers": list[int | str],
    "lines": list[int | str],
    "file": str,
}
"""What JSON holds for each kind of field; rows are objects of their columns. `lines`: `["*"]` means all of them."""

MEANINGS: Mapping[str, str] = {
    "person": "identifier, or staff number",
    "persons": "identifiers, or staff numbers",
    "place": "identifier, or code",
    "unit": "identifier, or code",
    "organisation": "identifier, code, or name",
    "file": "SHA-256 of the file, hexadecimal",
    "moment": "microseconds since 1970-01-01 UTC, or ISO 8601",
    "day": "YYYY-MM-DD",
    "carriers": "identifiers, control numbers with copy, or EPCs",
    "lines": 'carriers of the matter: identifiers, numbers or EPCs; ["*"] for all',
    "scope": "principals: all, unit:ID, post:CLASS, person:ID, organisation:ID",
}


def _answer(name: str, one: Field) -> tuple[Any, Any]:
    """Type and default of a field of a body."""
    if one.kind == "rows":
        kind: Any = list[_model(f"{name}_{one.name}_row", one.columns)]  # type: ignore[misc]
    else:
        kind = ANSWERS[one.kind]
    options = one.options if isinstance(one.options, tuple) else ()
    note = MEANINGS.get(one.kind) or ("one of: " + ", ".join(options) if options else None)
    limits: dict[str, Any] = {}
    if kind is str:
        limits["max_length"] = one.max_length
    elif one.kind in ("carriers", "lines", "persons", "choices", "scope", "rows"):
        limits["max_length"] = LIST_MAX
    if one.required and one.kind != "check":
        return kind, Schema(description=note, **limits)
    if one.kind == "check":
        return bool, Schema(False, description=note)
    return kind | None, Schema(None, description=note, **limits)


def _model(name: str, fields: tuple[Field, ...], **more: Any) -> type[BaseModel]:
    parts = {one.name: _answer(name, one) for one in fields}
    made: type[BaseModel] = create_model(name, __config__=ConfigDict(extra="forbid"), **(parts | more))
    return made


def body_of(act: Act) -> type[BaseModel]:
    """The body of an act: its fields, the password, the cosignatures."""
    name = "_".join(part for part in (act.on, act.kind, act.key) if part)
    return _model(
        f"act_{name}",
        act.fields,
        password=(str, Schema("", max_length=2_000, description="confirms identity where that is not recent")),
        confirm_code=(
            str,
            Schema("", max_length=100, description="of the second factor, for acts confirmed each time"),
        ),
        cosignatures=(list[Cosignature], Schema(default_factory=list, max_length=12)),
    )


BODIES: Mapping[int, type[BaseModel]] = {id(act): body_of(act) for act in ACTS}


def entered_json(entered: Entered) -> Receipt:
    """What was entered, as the interface gives it."""
    return Receipt(act=entered.receipt.act, matter=entered.matter, carriers=list(entered.carriers))


def do(visit: Visit, on: str, identifier: int, key: str, body: Mapping[str, Any]) -> Receipt:
    """Enter an act from its JSON body. Raises Unfit, Refused, NotFound."""
    ground = load(visit, on, identifier)
    act = act_named(on, key, ground.matter.kind if ground.matter else "")
    if act is None or not visit.may(act.permission):
        raise NotFound
    try:
        given = BODIES[id(act)].model_validate(dict(body))
    except ValidationError as error:
        # The values sent are left out: they may be titles or passwords.
        wrong = [FieldError(".".join(str(part) for part in one["loc"]), one["msg"]) for one in error.errors()]
        raise Unfit(wrong) from error
    raw = {one.name: _plain(getattr(given, one.name)) for one in act.fields}
    beside: list[Cosignature] = given.cosignatures  # type: ignore[attr-defined]
    password: str = given.password  # type: ignore[attr-defined]
    hands = tuple(Hand(one.number, one.password, one.code) for one in beside)
    return entered_json(enter_filled(visit, act, ground, raw, Signed(password, hands, given.confirm_code)))  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    return [_plain(one) for one in value] if isinstance(value, list) else value


ADDRESSES: Mapping[str, str] = {
    "house": "/business/{key}",
    "matter": "/matters/{{identifier}}/{key}",
    "carrier": "/carriers/{{identifier}}/{key}",
    "place": "/places/{{identifier}}/{key}",
    "organisation": "/organisations/{{identifier}}/{key}",
}
"""Where an act is entered, by what it is on."""


def operations() -> Iterator[tuple[str, str, tuple[Act, ...]]]:
    """What the acts are on, their name, and the acts that bear it: several only for several kinds of matter."""
    for on in ON:
        for key, acts in keys_on(on).items():
            yield on, key, acts


def _schema(acts: tuple[Act, ...]) -> dict[str, Any]:
    schemas = []
    for act in acts:
        schema = BODIES[id(act)].model_json_schema()
        if act.kind and len(acts) > 1:
            schema["title"] = f"{act.kind}: {act.key}"
        schemas.append(_inlined(schema, schema.pop("$defs", {})))
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    """A schema with the definitions that it points to in their places, so that it stands alone in the description."""
    if isinstance(part, dict):
        if "$ref" in part:
            return _inlined(definitions[part["$ref"].rpartition("/")[2]], definitions)
        return {name: _inlined(value, definitions) for name, value in part.items()}
    return [_inlined(one, definitions) for one in part] if isinstance(part, list) else part


def _english(key: str, **blanks: Any) -> str:
    return translate("en", key, **blanks)


def _said(acts: tuple[Act, ...]) -> str:
    """What an operation does, who may, and who signs."""
    meanings = dict.fromkeys(meaning for act in acts if (meaning := act_meaning(act, _english)))
    needs = ", ".join(dict.fromkeys(act.permission.value for act in acts))
    hands = "each time confirmed by password" if any(act.grave for act in acts) else "identity confirmed lately"
    signed = f" Signed, {hands}." if any(act.signs for act in acts) else ""
    return " ".join((*meanings, f"Needs {needs}.{signed}"))


def _add(on: str, key: str, acts: tuple[Act, ...]) -> None:
    summary = " · ".join(dict.fromkeys(act_words(act, _english) for act in acts))
    extra = {"requestBody": {"required": True, "content": {"application/json": {"schema": _schema(acts)}}}}
    allowed = changes(*dict.fromkeys(act.permission for act in acts))
    entering: Callable[..., Receipt]
    if on == "house":

        def of_house(body: dict[str, Any] = Body(), visit: Visit = Depends(allowed)) -> Receipt:
            return do(visit, "house", 0, key, body)

        entering = of_house
    else:

        def of_thing(identifier: int, body: dict[str, Any] = Body(), visit: Visit = Depends(allowed)) -> Receipt:
            return do(visit, on, identifier, key, body)

        entering = of_thing
    router.add_api_route(
        ADDRESSES[on].format(key=key),
        entering,
        methods=["POST"],
        status_code=201,
        summary=summary,
        description=_said(acts),
        operation_id=f"{on}_{key}",
        openapi_extra=extra,
        response_model=Receipt,
    )


for _on, _key, _acts in operations():
    _add(_on, _key, _acts)


def json_of(value: Any) -> Any:
    """A value of the books as JSON has it."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def matter_json(one: Matter) -> dict[str, Any]:
    """A matter as the interface gives it; times are microseconds since 1970-01-01 UTC."""
    approval = one.approval
    return {
        "id": one.id,
        "number": one.number,
        "kind": one.kind,
        "status": one.status,
        "level": one.level,
        "unit": one.unit,
        "opened_by": one.opened_by,
        "opened_at": one.opened_at,
        "due_at": one.due_at,
        "ended_at": one.ended_at,
        "lines": dict(one.counts),
        "approval": None if approval is None else json_of(approval) | {"awaited": approval.awaited},
    }


def line_json(line: Line) -> dict[str, Any]:
    """A line of a matter."""
    return {
        "state": line.state,
        "person": line.person,
        "label": line.label,
        "due_at": line.due_at,
        "pages": line.pages,
        "at": line.at,
    }


@router.get("/business", summary="Business that takes several acts, page by page")
def business(
    kind: str | None = None,
    status: str | None = None,
    show: Literal["open", "mine", "due", "over", "all"] = "open",
    number: str | None = None,
    after: str | None = None,
    limit: int = 50,
    visit: Visit = Depends(reads),
) -> dict[str, Any]:
    """The newest first; `after` of one page asks for the next. `number` names one."""
    if kind is not None and kind not in KINDS:
        raise NotFound
    due: Instant | None = visit.now if show == "due" else None
    asked = MatterFilter(
        kinds=(kind,) if kind else (),
        status=status,
        open_only=show in ("open", "mine", "due"),
        over_only=show == "over",
        party=visit.subject.person if show == "mine" else None,
        due_before=due,
    )
    with visit.reading() as connection:
        if number is not None:
            found = queries.matter_by_number(connection, visit.subject, number)
            return {"items": [matter_json(found)], "after": None, "total": 1, "capped": False}
        try:
            page = queries.matters(connection, visit.subject, asked, after, None, max(1, min(limit, LIMIT_MAX)))
        except KeyInvalid as damaged:
            raise NotFound from damaged
    return {
        "items": [matter_json(one) for one in page.items],
        "after": page.after,
        "total": page.total,
        "capped": page.capped,
    }


@router.get("/matters/{identifier}", summary="One matter")
def one_matter(identifier: int, visit: Visit = Depends(reads)) -> dict[str, Any]:
    """Its head, its approval, and what its kind knows besides (`body`)."""
    matter = matter_ground(visit, identifier).the_matter
    return matter_json(matter) | {"body": json_of(as_seen_by(visit.subject, matter.body))}


@router.get("/matters/{identifier}/lines", summary="The carriers of a matter, page by page")
def lines(
    identifier: int,
    state: str | None = None,
    after: str | None = None,
    limit: int = 200,
    visit: Visit = Depends(reads),
) -> dict[str, Any]:
    """By control and copy number, those that may be seen; each with its state in the matter."""
    ground = matter_ground(visit, identifier)
    eyes = ground.eyes or visit.subject
    with visit.reading(ground.eyes) as connection:
        try:
            page = queries.lines(
                connection, eyes, identifier, (state,) if state else (), after, None, max(1, min(limit, LIMIT_MAX))
            )
        except KeyInvalid as damaged:
            raise NotFound from damaged
        items = queries.carriers_by_id(connection, eyes, [line.carrier for line in page.items])
    return {
        "items": [
            {"carrier": carrier_json(visit, items[line.carrier])} | line_json(line)
            for line in page.items
            if line.carrier in items
        ],
        "after": page.after,
        "total": page.total,
        "capped": page.capped,
    }


@router.get("/approvals", summary="What waits for the subject's approval")
def approvals(visit: Visit = Depends(reads)) -> dict[str, Any]:
    """The most urgent first; `on_behalf_of`: the absent person whom the subject stands for."""
    return {
        "items": [
            {
                "matter": matter_json(one.matter),
                "step": one.step,
                "answer_by": one.answer_by,
                "on_behalf_of": one.on_behalf_of,
            }
            for one in waiting_for(visit)
        ]
    }


@router.post("/acts/{number}/undo", status_code=201, summary="Undo an act by a compensating one")
def undo(number: str, body: Reason, visit: Visit = Depends(changes(Permission.KEEP))) -> Receipt:
    """Only an act that moved carriers, and on which nothing later stands; the reason stays in the books."""
    facts = undoing.facts_of(visit, number, body.reason.strip())
    receipt = undoing.enter(visit, facts, body.password)
    return Receipt(act=receipt.act, matter=None, carriers=sorted(getattr(fact, "carrier", 0) for fact in facts))
