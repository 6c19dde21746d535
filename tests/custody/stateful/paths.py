"""Whole lawful ways through the procedures, with others at work between their steps.

A path goes on as the scenes of its letter tell it. Before each of its acts somebody does something at random, now
and then about the very carriers of the path; where that makes the next step unlawful, the path ends there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from custody.access import Subject
from custody.entries import COMING, Fact, Moved, Returned
from custody.entries.circulation import CirculationClosed, CirculationPutBack, Recalled, Renewed
from custody.entries.disposition import IssuerReturnClosed, LossConfirmed, LossReported, TransferClosed
from custody.entries.keeping import HandOverCounted, InventoryConfirmed, InventoryCounted
from custody.rules import NotFound, Refused
from custody.store.books import Receipt
from custody.store.queries import all_lines
from tests.builders import CLERK, LEADER, PEOPLE, SECRECY_OFFICE, SHELF, SHELF_2, Archive, signatures
from tests.custody.circulation.scene import a_circulation, from_reader, to_read, to_reader
from tests.custody.destruction.batches import a_batch, at_the_centre
from tests.custody.disposition import scenes as f
from tests.custody.keeping import house
from tests.custody.meetings.scene import in_session
from tests.custody.stateful import (
    paths_carrying_out,
    paths_copying,
    paths_disclosure,
    paths_dispatch,
    paths_entry,
    paths_production,
)
from tests.custody.stateful.at_random import Chance, Choose
from tests.custody.stateful.unlawful import attempts, refused_as_it_must


@dataclass
class Busy(Archive):
    """An archive in which somebody acts at random before each act of a path."""

    chance: Chance | None = None
    choose: Choose | None = None
    after: list[Callable[[], None]] = field(default_factory=list)
    """Asked after every act: what must hold."""
    refused: set[str] = field(default_factory=set)
    """Unlawful acts that were tried and refused with their clause, by name."""

    def carriers(self, number: int, **changes: Any) -> list[int]:
        """New carriers are everybody's to act on."""
        made = super().carriers(number, **changes)
        assert self.chance is not None
        self.chance.carriers += made
        return made

    def enter(
        self, by: Subject, facts: Sequence[Fact], act: str, *others: int | str, signed: bool = True, **more: Any
    ) -> Receipt:
        """The act of the path, after somebody else's."""
        assert self.chance is not None
        assert self.choose is not None
        for _ in range(self.choose((0, 0, 0, 1, 2))):
            self.chance.somebody_acts(self.choose)
        self._tries_wrongly(by, facts, *(((by.person,) if signed else ()) + others))
        receipt = super().enter(by, facts, act, *others, signed=signed, **more)
        for fact in facts:
            if isinstance(fact, COMING):
                self.chance.carriers.append(fact.carrier)  # type: ignore[attr-defined]  # a fact about a carrier
            self.chance.entered[fact.kind] = self.chance.entered.get(fact.kind, 0) + 1
        for ask in self.after:
            ask()
        return receipt

    def _tries_wrongly(self, by: Subject, facts: Sequence[Fact], *signers: int | str) -> None:
        """The same act made unlawful, each way that was not tried yet, is refused with the right clause.

        Only where the lawful one would be entered: whatever others did meanwhile may have made it impossible.
        """
        assert self.chance is not None
        fresh = [one for one in attempts(self, by, facts, signers) if one.name not in self.refused]
        if not fresh or any(self.books.refusals(by, facts, signatures=signatures(facts, self.books.clock(), *signers))):
            return
        for attempt in fresh:
            otherwise = refused_as_it_must(self, attempt)
            assert not otherwise, otherwise
            self.refused.add(attempt.name)


def _loan(archive: Archive) -> None:
    one, other = archive.carriers(2)
    archive.borrow(one, "chen", 5)
    archive.enter(CLERK, [Renewed(one, archive.due(20), "未用完")], "renew")
    archive.enter(CLERK, [Recalled(one, archive.due(2), "上级调阅")], "recall")
    archive.enter(CLERK, [Returned(one, SHELF, 12)], "return", signed=False)
    archive.enter(CLERK, [to_read(archive, other, "zhao")], "read", "zhao")
    archive.give_back(other)
    archive.enter(CLERK, [Moved(other, SHELF_2)], "move")


def _circulation(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = a_circulation(archive, carrier, readers=("chen", "zhao"))
    for who in ("chen", "zhao"):
        to_reader(archive, matter, carrier, who)
        from_reader(archive, matter, carrier, who)
    archive.enter(CLERK, [CirculationPutBack(carrier, matter, SHELF), CirculationClosed(matter)], "circulation_end")


def _destruction_on_site(archive: Archive) -> None:
    a_batch(archive).ready().destroy()


def _destruction_at_the_centre(archive: Archive) -> None:
    batch = at_the_centre(archive).ready().hand_over().receive()
    batch.enter(CLERK, batch.certified(), "destruction_certificate", *("clerk2", "chen", "sun"))


def _meeting(archive: Archive) -> None:
    meeting = in_session(archive, "chen", "sun", take_back=True)
    papers = meeting.brings(4)
    meeting.hands_out({papers[0]: 1, papers[1]: 2, papers[2]: 1, papers[3]: 2})
    meeting.takes_back(papers[2], "chen")
    meeting.ends().counts_in(papers[0], papers[1]).sweeps()
    meeting.incident(papers[3])
    meeting.returns(papers[0], papers[1])
    meeting.deposits(papers[2])
    meeting.everybody_leaves()
    meeting.settles()
    meeting.closes()


def _transfer(archive: Archive) -> None:
    carriers = archive.carriers(2, archive_by="2026-12-31")
    matter = f.approved_transfer(archive, carriers)
    archive.enter(CLERK, [f.handed(matter, one, pages_counted=12) for one in carriers], "transfer", "clerk2")
    archive.enter(CLERK, [TransferClosed(matter, "收讫")], "transfer")


def _issuer_return(archive: Archive) -> None:
    carriers = f.received_papers(archive, 2)
    matter = f.called_back(archive, carriers)
    archive.enter(CLERK, [f.parcel(matter, one, pages_counted=12) for one in carriers], "issuer_return", "clerk2")
    archive.enter(CLERK, [IssuerReturnClosed(matter, "回执 12")], "issuer_return")


def _change_of_level(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = f.approved_change(archive, [carrier], "confidential")
    archive.enter(CLERK, [f.carried_out(matter, carrier, "confidential")], "reclassification")


def _declassification(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = f.approved_declassification(archive, [carrier])
    archive.enter(CLERK, [f.declassified(matter, carrier)], "reclassification")


def _loss(archive: Archive) -> None:
    found, gone = archive.carriers(2)
    matter = f.lost(archive, found, gone)
    told = LossReported(matter, "上级保密办", "密报〔2026〕1号", archive.books.clock())
    archive.enter(SECRECY_OFFICE, [told], "enquiry")
    archive.enter(CLERK, f.found_facts(matter, found), "found")
    archive.enter(SECRECY_OFFICE, [f.conclusion(matter, "not_found", gone)], "enquiry")
    archive.enter(LEADER, [LossConfirmed(matter, "同意")], "enquiry")


def _hand_over(archive: Archive) -> None:
    house.change_place(archive, house.CABINET, responsible=PEOPLE["clerk"])
    archive.carriers(2)
    matter = house.begin_hand_over(archive, house.CABINET)
    counted = [HandOverCounted(one, matter) for one in _listed(archive, matter)]
    archive.enter(CLERK, counted, "hand_over_count")
    archive.enter(CLERK, house.taking_over(archive, matter), "hand_over_close", "clerk2")


def _inventory(archive: Archive) -> None:
    archive.carriers(2, unit=4)
    matter = house.begin_inventory(archive, 4)
    lines = _listed(archive, matter)
    in_place = [one for one in lines if archive.state(one).holder is None]
    archive.enter(CLERK, [InventoryCounted(one, matter) for one in in_place], "inventory_count")
    in_hand = [InventoryConfirmed(one, matter) for one in lines if one not in in_place]
    if in_hand:
        archive.enter(CLERK, in_hand, "inventory_count")


def _listed(archive: Archive, matter: int) -> list[int]:
    with archive.books.database.reading() as connection:
        return [line.carrier for line in all_lines(connection, matter, ("listed",))]


PATHS: Mapping[str, Callable[[Archive], None]] = {
    "loan": _loan,
    "circulation": _circulation,
    "destruction on site": _destruction_on_site,
    "destruction at the centre": _destruction_at_the_centre,
    "meeting": _meeting,
    "transfer": _transfer,
    "issuer return": _issuer_return,
    "change of level": _change_of_level,
    "declassification": _declassification,
    "loss": _loss,
    "hand-over": _hand_over,
    "inventory": _inventory,
    **paths_carrying_out.PATHS,
    **paths_copying.PATHS,
    **paths_disclosure.PATHS,
    **paths_dispatch.PATHS,
    **paths_entry.PATHS,
    **paths_production.PATHS,
}


def walk(archive: Busy, path: str) -> bool:
    """Go a path as far as the others let it; whether it came to its end."""
    try:
        PATHS[path](archive)
    except (Refused, NotFound):
        return False
    return True
