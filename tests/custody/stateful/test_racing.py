"""Two clients who want the same carrier at the same moment: one has it, the other is told why not. On both engines."""

import threading
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement

from custody.access import Subject
from custody.approval import asked
from custody.entries import Borrowed, Fact, Moved
from custody.entries.approvals import Approved
from custody.entries.circulation import CirculationListed, CirculationOpened, LegStarted, TakenToRead
from custody.entries.destruction import DestructionListed, DestructionOpened
from custody.life_cycle import Status
from custody.register import CarrierState
from custody.rules import NotFound, Refused
from custody.store.projection import load_states
from tests.builders import CLERK, CLERK_2, MANAGER, NOW, PEOPLE, READING, SHELF_2, Archive, signatures
from tests.custody.stateful.at_random import Chance, broken

Wish = Callable[[Archive, int], list[Fact]]
EVERYBODY = tuple(PEOPLE.values())


def _circulates(archive: Archive, carrier: int) -> list[Fact]:
    matter = archive.matter()
    readers = (PEOPLE["chen"],)
    return [CirculationOpened(matter, 1, "secret", readers, 3, "传阅"), CirculationListed(carrier, matter)]


def _is_listed(archive: Archive, carrier: int) -> list[Fact]:
    matter = archive.matter()
    return [
        DestructionOpened(matter, 1, "secret", "on_site", "无保存价值", "已鉴定"),
        DestructionListed(carrier, matter, "shred"),
    ]


WISHES: dict[str, Wish] = {
    "lend to Chen": lambda archive, carrier: [Borrowed(carrier, PEOPLE["chen"], archive.due(5))],
    "lend to Zhao": lambda archive, carrier: [Borrowed(carrier, PEOPLE["zhao"], archive.due(5))],
    "give to read": lambda archive, carrier: [TakenToRead(carrier, PEOPLE["zhao"], READING, archive.due(0))],
    "put elsewhere": lambda _archive, carrier: [Moved(carrier, SHELF_2)],
    "put into circulation": _circulates,
    "list for destruction": _is_listed,
    "declare missing": lambda archive, carrier: archive.lost(carrier),
}
IN_HAND = {Status.ON_LOAN, Status.IN_CIRCULATION, Status.IN_MEETING}
PAIRS = sorted(combinations_with_replacement(WISHES, 2))


def _race(archive: Archive, carrier: int, wishes: Sequence[str]) -> list[str]:
    """Two clerks act on a carrier at once; gives the wishes that were entered."""
    start = threading.Barrier(len(wishes))
    done: list[str] = []

    def act(who: Subject, wish: str) -> None:
        facts = WISHES[wish](archive, carrier)
        start.wait()
        try:
            archive.books.enter(who, facts, act="borrow", signatures=signatures(facts, NOW, *EVERYBODY))
        except (Refused, NotFound):
            return
        done.append(wish)

    threads = [threading.Thread(target=act, args=pair) for pair in zip((CLERK, CLERK_2), wishes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_of_two_who_want_the_same_at_once_the_books_know_one_order(archive: Archive) -> None:
    """Given one carrier, when two clerks act on it at once, then it is as if one had come after the other."""
    for pair in PAIRS:
        carrier = archive.carrier()
        done = _race(archive, carrier, pair)
        assert done, f"{pair}: one of them at least has it"
        state = archive.state(carrier)
        hands = [wish for wish in done if wish.startswith(("lend", "give"))]
        assert len(hands) <= 1, hands
        if hands and state.status in IN_HAND:
            assert state.holder == PEOPLE["chen" if hands[0].endswith("Chen") else "zhao"]
        if state.status is Status.ON_LOAN:
            archive.give_back(carrier, pages=12)  # the next borrower is not to be refused for holding too many
    carriers = [one.id for one in _all(archive)]
    assert list(broken(Chance(archive, carriers), set())) == []
    assert archive.books.rebuild_check() == []


def _all(archive: Archive) -> list[CarrierState]:
    with archive.books.database.reading() as connection:
        return list(load_states(connection, range(1, 2 * len(PAIRS))).values())


def test_of_twenty_legs_started_at_once_one_is_started(archive: Archive) -> None:
    """Given an approved folder at the registry, when it is handed to its reader from twenty desks, then once."""
    carrier = archive.carrier()
    facts = _circulates(archive, carrier)
    archive.enter(CLERK, facts, "borrow", *EVERYBODY)
    matter = archive.state(carrier).matter
    assert matter is not None
    archive.enter(CLERK, [asked(matter, "circulation", archive.scheme, NOW)], "approval")
    archive.enter(MANAGER, [Approved(matter, "unit")], "approval")
    start = threading.Barrier(20)
    done: list[int] = []

    def hand_out(desk: int) -> None:
        leg: list[Fact] = [LegStarted(carrier, matter, PEOPLE["chen"], archive.due(3))]
        start.wait()
        try:
            archive.books.enter(CLERK, leg, act="borrow", signatures=signatures(leg, NOW, *EVERYBODY))
        except Refused:
            return
        done.append(desk)

    threads = [threading.Thread(target=hand_out, args=(desk,)) for desk in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert archive.state(carrier).holder == PEOPLE["chen"]
    assert archive.books.rebuild_check() == []
