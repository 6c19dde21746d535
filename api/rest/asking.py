"""How a program asks: the same session, subject and permissions as the pages; unsafe methods send the token.

The session cookie travels by itself, so every method that changes something needs the header `X-CSRF-Token`.
"""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, Header

from api.web.visit import GUARDS, Forbidden, Forged, Visit, genuine, same_origin, signed_in
from custody.access import Permission
from custody.store.queries import CarrierItem
from custody.values import Person, Place

PREFIX = "/api/v1"


def asks(*permissions: Permission) -> Callable[[Visit], Visit]:
    """A dependency: a signed-in subject with one of these permissions, or any where none is named."""

    def allowed(visit: Visit = Depends(signed_in)) -> Visit:
        if permissions and not any(visit.may(permission) for permission in permissions):
            raise Forbidden(permissions[0])
        return visit

    GUARDS[allowed] = permissions
    return allowed


def changes(*permissions: Permission) -> Callable[[Visit, str], Visit]:
    """The same for what changes something. Raises Forged without the session's token."""

    def allowed(visit: Visit = Depends(asks(*permissions)), x_csrf_token: str = Header("")) -> Visit:
        if not same_origin(visit.request) or not genuine(visit, x_csrf_token):
            raise Forged
        return visit

    return allowed


def carrier_json(visit: Visit, item: CarrierItem) -> dict[str, Any]:
    """A carrier as the interface gives it, on record as seen; times are microseconds since 1970-01-01 UTC."""
    visit.shows(item.id)
    return {
        "id": item.id,
        "control_number": item.control_number,
        "copy_number": item.copy_number,
        "copies": item.copies,
        "title": item.title,
        "kind": item.kind,
        "intermediate": item.intermediate,
        "medium": item.medium,
        "level": item.level,
        "period": {"kind": item.period.kind, "value": item.period.value, "authority": item.period.authority},
        "classified_on": item.classified_on,
        "pages": item.pages,
        "origin": item.origin,
        "status": str(item.status),
        "unit": {"id": item.unit, "code": item.unit_code, "name": item.unit_name},
        "home": None if item.home is None else {"id": item.home, "code": item.home_code},
        "place": None if item.place is None else {"id": item.place, "code": item.place_code},
        "holder": None
        if item.holder is None
        else {"id": item.holder, "number": item.holder_number, "name": item.holder_name},
        "due_at": item.due_at,
        "since_at": item.since_at,
        "scope": list(item.scope),
        "tags": [{"epc": tag.epc, "tid": tag.tid} for tag in item.tags],
    }


def person_json(person: Person) -> dict[str, Any]:
    """A person as the look-up gives it: no dates of clearance, which are nobody's business at the desk."""
    return {
        "id": person.id,
        "number": person.number,
        "name": person.name,
        "name_en": person.name_en,
        "unit": person.unit,
        "post": person.post,
    }


def place_json(place: Place, rating: str | None, count: int) -> dict[str, Any]:
    """A place with the rating that holds there, and how many visible carriers the books have in it."""
    return {
        "id": place.id,
        "code": place.code,
        "name": place.name,
        "name_en": place.name_en,
        "kind": place.kind,
        "parent": place.parent,
        "rating": rating,
        "storage": place.storage,
        "carriers": count,
    }
