"""What an act stands on, loaded for a visit: the matter, the carrier, the place or the body, as far as it is seen."""

from dataclasses import replace

from api.acts.model import Ground, Held
from api.web.visit import Visit
from custody.access import Subject
from custody.matters import Matter
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Organisation, Place


def ground_of(
    visit: Visit,
    *,
    matter: Matter | None = None,
    item: CarrierItem | None = None,
    place: Place | None = None,
    body: Organisation | None = None,
    held: Held | None = None,
    eyes: Subject | None = None,
    directory: Directory | None = None,
) -> Ground:
    """The ground of an act of this visit. With `held` its now is the one that the text shown was made with."""
    if directory is None:
        with visit.reading() as connection:
            directory = visit.services.books.directory(connection)
    return Ground(
        services=visit.services,
        subject=visit.subject,
        person=visit.person,
        language=visit.language,
        now=held.at if held else visit.now,
        day=visit.day,
        directory=directory,
        t=visit.t,
        matter=matter,
        item=item,
        place=place,
        body=body,
        held=held,
        eyes=eyes,
    )


def matter_ground(visit: Visit, identifier: int, held: Held | None = None) -> Ground:
    """The ground of acts on a matter. Raises NotFound for hidden and absent alike.

    A deputy sees what waits for the absent person's approval, through that person's eyes and never above the own
    clearance.
    """
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        eyes: Subject | None = None
        try:
            matter = queries.matter(connection, visit.subject, identifier)
        except NotFound:
            matter, eyes = _waiting(visit, identifier, directory)
    return ground_of(visit, matter=matter, held=held, eyes=eyes, directory=directory)


def _waiting(visit: Visit, identifier: int, directory: Directory) -> tuple[Matter, Subject]:
    """A matter that waits for the visitor as somebody's deputy, and that person's eyes. Raises NotFound."""
    scheme = visit.services.scheme
    # It is hidden from the visitor but for this, and so are the roles of the absent person.
    with visit.services.database.reading() as connection:
        waiting = queries.waiting(connection, visit.subject, directory, scheme, visit.now, visit.day)
        found = next((one for one in waiting if one.matter.id == identifier and one.on_behalf_of), None)
        if found is None or found.on_behalf_of is None:
            raise NotFound
        absent = queries.subject_for(connection, found.on_behalf_of, scheme, visit.day)
    rank = min(absent.clearance_rank, visit.subject.clearance_rank)
    return found.matter, replace(absent, clearance_rank=rank)


def carrier_ground(visit: Visit, identifier: int, held: Held | None = None) -> Ground:
    """The ground of acts on a carrier. Raises NotFound."""
    with visit.reading() as connection:
        item = queries.carrier(connection, visit.subject, identifier)
        directory = visit.services.books.directory(connection)
    return ground_of(visit, item=item, held=held, directory=directory)


def place_ground(visit: Visit, identifier: int, held: Held | None = None) -> Ground:
    """The ground of acts on a place. Raises NotFound."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    place = directory.places.get(identifier)
    if place is None:
        raise NotFound
    return ground_of(visit, place=place, held=held, directory=directory)


def organisation_ground(visit: Visit, identifier: int, held: Held | None = None) -> Ground:
    """The ground of acts on another body. Raises NotFound."""
    ground = ground_of(visit, held=held)
    body = ground.directory.organisations.get(identifier)
    if body is None:
        raise NotFound
    return replace(ground, body=body)


def load(visit: Visit, on: str, identifier: int, held: Held | None = None) -> Ground:
    """The ground of acts on a thing of this sort. Raises NotFound."""
    match on:
        case "matter":
            return matter_ground(visit, identifier, held)
        case "carrier":
            return carrier_ground(visit, identifier, held)
        case "place":
            return place_ground(visit, identifier, held)
        case "organisation":
            return organisation_ground(visit, identifier, held)
        case _:
            return ground_of(visit, held=held)
