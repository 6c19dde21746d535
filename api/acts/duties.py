"""What a person still has to settle before leaving: carriers in hand, places in care, queues, open business."""

from dataclasses import dataclass

from api.acts.model import Ground
from custody.life_cycle import HELD
from custody.matters import Matter
from custody.store import keeping, queries
from custody.store.queries import CarrierFilter, CarrierItem, MatterFilter
from custody.store.queries.duties import held_counts, waited_for
from custody.values import Instant, Place

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Duties:
    """What is in a person's hand and care, as far as the visitor sees it; `declared`: when he declared to have it."""

    person: int
    held: tuple[CarrierItem, ...]
    held_total: int
    declared: dict[int, Instant]
    places: tuple[Place, ...]
    waits: tuple[CarrierItem, ...]
    matters: tuple[Matter, ...]

    @property
    def none(self) -> bool:
        """Whether nothing stands against signing (open business is gone on with by another)."""
        return not (self.held or self.places or self.waits)


def duties_of(ground: Ground, person: int) -> Duties:
    """A person's duties now."""
    subject = ground.subject
    with ground.services.database.reading() as connection:
        named = queries.carriers(connection, subject, CarrierFilter(holder=person), limit=SHOWN).items
        held = tuple(item for item in named if item.status in HELD)  # of what is lost he is the last holder only
        asked = MatterFilter(party=person, open_only=True)
        confirmed = keeping.confirmed(connection, [item.id for item in held])
        return Duties(
            person,
            held,
            held_counts(connection, subject, [person]).get(person, 0),
            {carrier: at for carrier, (who, at) in confirmed.items() if who == person},
            ground.directory.in_care_of(person),
            tuple(waited_for(connection, subject, person)),
            queries.matters(connection, subject, asked, limit=SHOWN).items,
        )
