"""What goes together in a fact, where chance alone would hardly ever draw it: a window with its two ends, an addressee
or a recipient. It is laid over what was drawn, mostly; whether the act is entered is still for the rules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from custody.entries import Fact
from custody.entries.carrying_out import PermitOpened
from custody.entries.copying import CopyingOpened
from custody.entries.disclosure import ProlongationOpened, ProvisionOpened, ReviewOpened
from custody.entries.dispatch import DispatchOpened, DistributionOpened, ReceiptOpened, WideningOpened
from custody.entries.entry import CleaningOpened, RoomChecked, VisitOpened
from custody.entries.keeping import HandOverOpened
from custody.entries.meetings import MeetingConvened
from custody.entries.organisations import LicenceRecorded
from custody.entries.production import ProductionOrdered
from custody.matters import Matter
from custody.register import CarrierState
from custody.values import DAY, Licence, Period, Scope
from tests.builders import PEOPLE, READING, TODAY, Archive
from tests.custody.carrying_out.scene import BACK, leg
from tests.custody.dispatch.scenes import listed
from tests.custody.entry.scene import CLEANER

T = TypeVar("T")
HOUR = DAY // 24


class Choose(Protocol):
    """Draws one of several."""

    def __call__(self, several: Sequence[T], /) -> T:
        """One of them."""


class Known(Protocol):
    """What there is: an archive with its carriers and matters."""

    archive: Archive

    def states(self) -> dict[int, CarrierState]:
        """Every carrier."""

    def matters(self) -> dict[int, Matter]:
        """Every matter."""


Values = dict[str, Any]


def _title(choose: Choose, known: Known) -> str:
    return choose([*known.states().values()]).description.control_number


def _later(known: Known, hours: int) -> int:
    return known.archive.books.clock() + hours * HOUR


def _own(known: Known, choose: Choose, kind: str) -> int:
    found = [one.id for one in known.matters().values() if one.kind == kind and not one.ended]
    return choose(found) if found else 1


def _permit(choose: Choose, known: Known) -> Values:
    return {
        "bearer": PEOPLE[choose(("chen", "zhao"))],
        "escorts": (),
        "level": "secret",
        "from_at": _later(known, 0),
        "until_at": _later(known, 72),
        "itinerary": (leg(), BACK),
        "prolongs": None,
    }


def _order(choose: Choose, known: Known) -> Values:
    return {
        "control_number": f"YS-2026-R{known.archive.matter():05d}",
        "level": "secret",
        "period": Period("years", "10"),
        "unit": choose((1, 4)),
        "place": READING,
        "producer": None,
        "supplements": None,
        "first_copy": 1,
        "classified_on": TODAY,
        "scope": Scope(("all",)),
    }


def _visit(_choose: Choose, known: Known) -> Values:
    said: Values = {"place": READING, "escort": PEOPLE["zhao"], "visitors": (CLEANER,), "declared": True}
    return said | {"until": _later(known, 2)}


def _cleaning(choose: Choose, known: Known) -> Values:
    return _visit(choose, known) | {"work": "cleaning", "ventilation": "windows", "put_away": True}


def _checked(_choose: Choose, known: Known) -> Values:
    now = known.archive.books.clock()
    said: Values = {"place": READING, "verdict": "go", "coverage": "covered", "antennas": 2, "listening": 2}
    return said | {"in_use": (), "heard": (), "unclear": (), "heard_through": now, "valid_until": now + 60_000_000}


def _dispatch(choose: Choose, known: Known) -> Values:
    to: Values = choose(({"addressee": 1, "recipient": None}, {"addressee": None, "recipient": PEOPLE["zhao"]}))
    return to | {
        "mode": "confidential_communications",
        "arrive_by": _later(known, 48),
        "level": "secret",
        "escorts": (),
    }


def _hand_over(_choose: Choose, _known: Known) -> Values:
    return {"giver": PEOPLE["clerk"], "receiver": PEOPLE["clerk2"], "places": (READING,), "level": "top_secret"}


LIKELY: Mapping[type[Fact], Callable[[Choose, Known], Values]] = {
    PermitOpened: _permit,
    ProductionOrdered: _order,
    VisitOpened: _visit,
    CleaningOpened: _cleaning,
    RoomChecked: _checked,
    DispatchOpened: _dispatch,
    HandOverOpened: _hand_over,
    CopyingOpened: lambda choose, _known: {
        "place": READING,
        "organisation": None,
        "level": choose(("secret", "internal")),
    },
    ReviewOpened: lambda choose, _known: {
        "unit": 4,
        "author_unit": None,
        "authors": (PEOPLE[choose(("chen", "zhao"))],),
        "text_hash": "a" * 64,
        "secrets": "none",
        "what": "manuscript",
    },
    ProvisionOpened: lambda _choose, known: {
        "organisation": 1,
        "terms": "loan",
        "form": "originals",
        "level": "secret",
        "due_at": _later(known, 240),
        "information": "",
    },
    ProlongationOpened: lambda choose, known: {
        "provision": _own(known, choose, "provision"),
        "level": "top_secret",
        "due_at": _later(known, 2000),
    },
    DistributionOpened: lambda choose, known: {"control_number": _title(choose, known), "collect_by": None},
    WideningOpened: lambda choose, known: {"control_number": _title(choose, known), "principals": ("unit:4",)},
    ReceiptOpened: lambda choose, _known: {
        "sender": None,
        "sender_name": "部机关",
        "rows": (listed(1), listed(2)),
        "seal": "F-1",
        "delivered_by": None,
        "delivered_by_name": "邓机要",
        "witness": PEOPLE[choose(("clerk2", "zhao"))],
    },
    MeetingConvened: lambda _choose, known: {
        "venue": READING,
        "level": "secret",
        "starts_at": _later(known, 1),
        "ends_at": _later(known, 4),
        "chair": PEOPLE["zhao"],
        "secretary": PEOPLE["secretary"],
        "deputy": PEOPLE["clerk2"],
        "lodgings": (),
    },
    LicenceRecorded: lambda choose, known: {
        "licence": Licence(
            known.archive.books.reserve("licence", 1)[0],
            choose(("production", "reproduction", "transport")),
            choose((None, 1)),
            *("证字9号", "国家保密局", "top_secret", "2025-01-01", "2027-12-31"),
        )
    },
}
"""Kind of fact -> what of it goes together."""


def laid_over(fact: Fact, choose: Choose, known: Known) -> Fact:
    """The fact with what goes together laid over what was drawn; now and then as it was drawn."""
    sense = LIKELY.get(type(fact))
    if sense is None or choose((True, True, True, True, False)) is False:
        return fact
    changed: Fact = replace(fact, **sense(choose, known))  # type: ignore[type-var]  # every fact is a dataclass
    return changed
