"""More words of the scenarios: meetings, matters, letters, entries, portals and reference tags."""

from collections.abc import Callable, Mapping
from typing import Any

from custody.approval import asked
from custody.entries.approvals import Approved
from custody.entries.dispatch import Collected, DistributionClosed
from custody.entries.disposition import IssuerReturnClosed, LossReported, TransferListed, TransferOpened
from custody.store.queries import all_lines
from custody.values import SECOND
from reconcile.intake import CoverageRecord, IntakeBatch, SightingRecord
from reconcile.presence.model import Lying
from reconcile.store.core import ANTENNA, COVERAGE, READER, insert_new
from reconcile.store.intake import take
from reconcile.store.portals import keep_lying
from reconcile.store.references import add_reference_tag
from tests.builders import (
    CLERK,
    CORRIDOR,
    LOW_SHELF,
    MANAGER,
    READING,
    SCHEME,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    Archive,
    epc_of,
)
from tests.custody.disposition.scenes import called_back, lost, parcel, received_papers
from tests.custody.entry.scene import a_visit, answered_for, gives_go, goes_in, goes_out, signs
from tests.custody.meetings.scene import Scene as Meeting
from tests.custody.meetings.scene import in_session
from tests.reconcile import letters
from tests.reconcile.findings.scene import GATE, GROUNDS, Scene

PLACES = {
    "grounds": GROUNDS,
    "store": 3,
    "cabinet": 4,
    "shelf": SHELF,
    "shelf-2": SHELF_2,
    "reading": READING,
    "low": LOW_SHELF,
    "corridor": CORRIDOR,
    "gate": GATE,
}
LETTERS: Mapping[str, tuple[Callable[[Archive], letters.Begun], Callable[[Archive, letters.Begun], None]]] = {
    "intermediate": (letters.an_intermediate, letters.preserve),
    "parcel": (letters.a_parcel, letters.arrive),
    "provision": (letters.a_provision, letters.give_back),
    "visitor": (letters.a_visitor, letters.leave),
}
"""Word -> how it begins, and how it is dealt with."""
REMINDER = "手机不得带入涉密场所。"


class TellsMatters:
    """What belongs to matters; `Telling` has the rest."""

    scene: Scene
    carriers: dict[str, int]
    epcs: dict[str, str]
    matters: dict[str, int]
    others: dict[str, Any]
    _number: int

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _reader(self, place: str) -> str:
        known = self.others.get(f"reader {place}")
        if known is None:
            known = self.others[f"reader {place}"] = self.scene.reader(PLACES[place])
        return str(known)

    # Meetings.

    def _books_meeting(self, *words: str) -> None:
        """`meeting A B among chen sun`: under way, each with one of the papers in hand."""
        names, persons = words[: words.index("among")], words[words.index("among") + 1 :]
        meeting = in_session(self.scene.archive, *persons, take_back=True)
        papers = dict(zip(names, meeting.brings(len(names)), strict=True))
        self.carriers |= papers
        meeting.hands_out({paper: seat for seat, paper in enumerate(papers.values(), 1)})
        self.others |= {f"meeting {name}": meeting for name in names}

    def _of_meeting(self, name: str) -> Meeting:
        found: Meeting = self.others[f"meeting {name}"]
        return found

    def _books_count(self, name: str, _in: str) -> None:
        self._of_meeting(name).counts_in(self.carriers[name])

    def _books_take(self, name: str, _back: str, _by: str, who: str, _for: str, days: str) -> None:
        self._of_meeting(name).takes_back(self.carriers[name], who, days=int(days[:-1]))

    def _books_adjourn(self, name: str) -> None:
        """Everybody leaves, the rooms are swept, the figures signed."""
        self._of_meeting(name).everybody_leaves().ends().sweeps().settles()

    def _books_deposit(self, name: str) -> None:
        self._of_meeting(name).deposits(self.carriers[name])

    # Matters.

    def _books_recall(self, name: str, papers: str) -> None:
        """The issuer calls so many papers back, by the tenth day."""
        self.others[f"papers {name}"] = received_papers(self.scene.archive, int(papers))
        self.matters[name] = called_back(self.scene.archive, self.others[f"papers {name}"])

    def _books_send(self, name: str, _back: str) -> None:
        matter = self.matters[name]
        facts = [parcel(matter, paper, pages_counted=12) for paper in self.others[f"papers {name}"]]
        self.scene.archive.enter(CLERK, facts, "issuer_return", "clerk2")
        self.scene.archive.enter(CLERK, [IssuerReturnClosed(matter, "回执 31")], "issuer_return")

    def _books_loss(self, name: str, _of: str, carrier: str) -> None:
        """Declared now, discovered two hours ago."""
        self.matters[name] = lost(self.scene.archive, self.carriers[carrier])

    def _books_find(self, name: str) -> None:
        archive, carrier = self.scene.archive, self.carriers[name]
        archive.find(archive.loss_of(carrier), carrier)

    def _books_report(self, name: str) -> None:
        fact = LossReported(self.matters[name], "市保密局", "密报〔2026〕1号", self.scene.now)
        self.scene.archive.enter(SECRECY_OFFICE, [fact], "enquiry")

    def _books_ask(self, name: str) -> None:
        """A transfer list of planning's waits for the unit's approval."""
        archive = self.scene.archive
        matter = self.matters[name] = archive.matter()
        opened = TransferOpened(matter, 3, "secret", "archives", "院档案馆", "档案馆一楼")
        archive.enter(CLERK, [opened, TransferListed(archive.carrier(unit=3), matter)], "transfer")
        archive.enter(CLERK, [asked(matter, "transfer", SCHEME, self.scene.now)], "approval")

    def _books_approve(self, name: str) -> None:
        self.scene.archive.enter(MANAGER, [Approved(self.matters[name], "unit")], "approval")

    def _books_distribute(self, name: str) -> None:
        begun = letters.a_collection(self.scene.archive)
        self.matters[name] = begun.matter

    def _books_collect(self, name: str) -> None:
        matter = self.matters[name]
        with self.scene.database.reading() as connection:
            (line,) = all_lines(connection, matter)
        self.scene.archive.enter(
            CLERK, [Collected(line.carrier, matter, SHELF), DistributionClosed(matter)], "distribution_end"
        )

    def _books_begin(self, name: str, _a: str, letter: str) -> None:
        begun = LETTERS[letter][0](self.scene.archive)
        self.matters[name], self.others[f"begun {name}"] = begun.matter, (letter, begun)
        if begun.carrier is not None:
            self.carriers[name] = begun.carrier

    def _books_end(self, name: str) -> None:
        letter, begun = self.others[f"begun {name}"]
        LETTERS[letter][1](self.scene.archive, begun)

    # What is signed for.

    def _books_texts(self, _are: str, _issued: str) -> None:
        letters.texts(self.scene.archive)

    def _books_sign(self, who: str, text: str) -> None:
        if text == "reminder":
            signs(self.scene.archive, who, "reminder", REMINDER)
        else:
            signs(self.scene.archive, who)

    # Who comes in.

    def _books_go(self, _for: str, _place: str) -> None:
        """The clerk answers for the reading room, has checked it, and signs that it is clear."""
        answered_for(self.scene.archive)
        gives_go(self.scene.archive)

    def _books_visit(self, name: str, _to: str, _place: str) -> None:
        self.matters[name] = goes_in(self.scene.archive, a_visit(self.scene.archive, place=READING))

    def _books_leave(self, name: str) -> None:
        goes_out(self.scene.archive, self.matters[name], 1)

    # Tags that nobody knows; portals; reference tags.

    def _radio_finds(self, tag: str, _at: str, place: str, reads: str) -> None:
        """A tag of the house's own numbers that no carrier bears, read so often within the last minute."""
        epc = self.epcs.setdefault(tag, epc_of(700_000 + self._next()))
        self._reader(place)
        at = SHELF if place == "shelf" else READING
        self.scene.heard(epc, at, 60)
        self.scene.sighting(epc, at, reads=int(reads))

    def _radio_gate(self, *antennas: str) -> None:
        """`gate 1 2`: these antennas of the gate (inside, outside) have listened up to now."""
        now = self.scene.now
        with self.scene.database.writing() as connection:
            row = {"name": "gate", "enabled": True, "device": "", "title_zh": "", "title_en": "", "state": "listening"}
            insert_new(connection, READER, [row | {"detail": "", "enabled_at": now - 86_400 * SECOND}])
            connection.execute(READER.update().where(READER.c.name == "gate").values(through_at=now))
            for number, role in ((1, "inside"), (2, "outside")):
                insert_new(connection, ANTENNA, [{"reader": "gate", "number": number, "place": GATE, "role": role}])
            for number in map(int, antennas):
                row = {"reader": "gate", "antenna": number, "since_at": now - 600 * SECOND, "through_at": now}
                connection.execute(COVERAGE.insert().values(row))

    def _radio_lies(self, name: str, _for: str, long: str) -> None:
        """Heard at the gate's inside all the while, up to now."""
        now = self.scene.now
        lying = Lying(GATE, now - int(long[:-1]) * SECOND, now, ("inside",), "gate", 1, -50.0)
        with self.scene.database.writing() as connection:
            keep_lying(connection, {self.epcs[name]: [lying]})

    def _radio_proves(self, place: str, _by: str, tag: str) -> None:
        """A reference tag lies at the place's antenna from now on."""
        epc = self.epcs[tag] = epc_of(600_000 + self._next())
        name = self._reader(place)
        self.others[f"reference {place}"] = tag
        with self.scene.database.writing() as connection:
            add_reference_tag(connection, name, 1, epc, self.scene.now)

    def _radio_connected(self, place: str, _for: str, long: str, *hears: str) -> None:
        """The reader was connected for so long, up to now; `hears T`: and its antenna heard its reference tag."""
        name, now, since = self._reader(place), self.scene.now, self.scene.now - int(long[:-1]) * 60 * SECOND
        coverage = (CoverageRecord(1, name, 1, since, now),)
        sightings: tuple[SightingRecord, ...] = ()
        if hears:
            epc = self.epcs[hears[1]]
            sightings = tuple(
                SightingRecord(n + 2, epc, None, name, 1, at, at + 10 * SECOND, 20, -50.0, -52.0, at + 10 * SECOND)
                for n, at in enumerate(range(since, now, 10 * SECOND))
            )
        batch = IntakeBatch("edge-1", f"{self._next():032x}", coverage=coverage, sightings=sightings)
        with self.scene.database.writing() as connection:
            take(connection, "edge-1", batch, now)
