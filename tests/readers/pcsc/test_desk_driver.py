"""The driver against a service that does whatever a test says: taps, cards too quick, clocks, calls that hang."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from virtual_desk import Ward, eventually, now_us, supervised

from readers.driver import Batch, ConnectionFailed, DriverError, ProtocolViolated, ReaderBusy, ReaderFrozen
from readers.pcsc import driver as desk_driver
from readers.pcsc.driver import PcscDriver, PcscSettings, SameCard
from readers.pcsc.number import NoNumber
from readers.pcsc.service import CardGone, NoAnswer, Standing, chosen

BADGE, LABEL, DISC = "04A1B2C3D4E5F6", "E004010203040506", "04A1B2C3"
NAME = "ACS ACR1252 Dual Reader [PICC] 01 00"


@dataclass
class DeskDouble:
    """A desk reader whose cards and failures a test moves. It counts as the real service does."""

    card: str | Exception | None = None
    events: int = 0
    exclusive: bool = False
    failure: Exception | None = None
    names_found: tuple[str, ...] = (NAME,)
    disturbed: int = 0
    hangs: threading.Event = field(default_factory=threading.Event)
    contexts: int = 0
    closed: int = 0

    def lay(self, card: str | Exception) -> None:
        self.card, self.events = card, self.events + 1

    def lift(self) -> None:
        self.card, self.events = None, self.events + 1

    def swap(self, card: str | Exception) -> None:
        """One is taken away and the next laid on, faster than anybody looks."""
        self.card, self.events = card, self.events + 2

    def connect(self) -> "DeskDouble":
        self.contexts += 1
        return self

    def _come_back(self) -> None:
        while self.hangs.is_set():
            time.sleep(0.005)
        if self.failure is not None:
            raise self.failure

    def names(self) -> list[str]:
        self._come_back()
        return list(self.names_found)

    def standing(self, name: str, known: Standing | None, milliseconds: int) -> Standing | None:
        assert name == NAME
        deadline = time.monotonic() + 0.01
        while time.monotonic() < deadline:
            self._come_back()
            now = Standing(self.card is not None, self.exclusive, self.events & 0xFFFF, 0)
            if now != known:
                return now
            time.sleep(0.002)
        return None

    def number(self, name: str) -> str:
        self._come_back()
        if self.disturbed:
            self.disturbed -= 1
            raise NoAnswer("it is disturbed")
        if isinstance(self.card, Exception):
            raise self.card
        if self.card is None:
            raise CardGone
        return self.card

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def desk() -> DeskDouble:
    return DeskDouble()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_driver, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(desk_driver, "AWAY_SECONDS", 0.05)
    monkeypatch.setattr(desk_driver, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr("readers.supervisor.PAUSE_SECONDS_MIN", 0.1)


def driver(desk: DeskDouble, clock: Callable[[], int] = now_us) -> PcscDriver:
    return PcscDriver(PcscSettings("desk", "acr1252", 0, frozen_after_seconds=0.15), clock, connect=desk.connect)


@pytest.fixture
def ward(desk: DeskDouble) -> Iterator[Ward]:
    found = supervised(lambda: driver(desk))
    found.is_told("listening")
    yield found
    found.end()


def taps(ward: Ward, desk: DeskDouble, number: str) -> None:
    """A card is laid on, told, and taken away for long enough."""
    before = len(ward.sightings)
    desk.lay(number)
    ward.sees(lambda: len(ward.sightings) > before)
    desk.lift()
    time.sleep(0.08)


def test_each_time_a_card_is_laid_on_is_one_sighting_and_a_card_left_lying_no_other(
    desk: DeskDouble, ward: Ward
) -> None:
    taps(ward, desk, BADGE)
    taps(ward, desk, BADGE)
    desk.lay(LABEL)
    ward.sees(lambda: len(ward.sightings) == 3)
    time.sleep(0.4)
    ward.end()
    assert ward.numbers == [BADGE, BADGE, LABEL]
    assert {(each.reader, each.antenna, each.count, each.strongest_dbm) for each in ward.sightings} == {
        ("desk", 1, 1, None)
    }
    assert all(each.first_at == each.last_at for each in ward.sightings)
    # It lay there while the reader listened on.
    assert ward.coverage[-1].through_at - ward.sightings[-1].last_at > 200_000


def test_even_where_the_daemon_keeps_still_tags_for_long_two_taps_are_two_sightings(tmp_path: object) -> None:
    from readers.config import DaemonConfig, ReaderConfig

    config = DaemonConfig("edge", tmp_path, "http://127.0.0.1", "t", (), sighting_period_seconds=3600)  # type: ignore[arg-type]
    assert config.period_seconds(ReaderConfig("desk", "pcsc")) == 0.1
    assert config.period_seconds(ReaderConfig("shelf", "llrp")) == 3600


def test_a_card_that_slides_at_the_edge_of_the_field_is_one_tap(desk: DeskDouble, ward: Ward) -> None:
    desk.lay(BADGE)
    ward.sees(lambda: ward.sightings)
    for _ in range(5):
        desk.swap(BADGE)
        time.sleep(0.015)
    desk.swap(LABEL)
    ward.sees(lambda: len(ward.sightings) == 2)
    desk.swap(BADGE)
    ward.sees(lambda: len(ward.sightings) == 3)
    assert ward.numbers == [BADGE, LABEL, BADGE]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (CardGone(), "a card was taken away before it could be read (1 so far)"),
        (NoAnswer("it does not answer"), "a card could not be read: it does not answer (1 so far)"),
        (NoNumber("it identifies nothing"), "a card cannot be used: it identifies nothing (1 so far)"),
    ],
)
def test_a_card_without_a_number_is_said_and_is_no_sighting(
    desk: DeskDouble, ward: Ward, card: Exception, said: str
) -> None:
    desk.lay(card)
    ward.is_told("listening", said)
    desk.lift()
    desk.lay(DISC)
    ward.sees(lambda: ward.sightings)
    assert ward.numbers == [DISC]


def test_a_card_that_answers_only_when_asked_again_is_read(desk: DeskDouble, ward: Ward) -> None:
    desk.disturbed = desk_driver.TRIES - 1
    desk.lay(LABEL)
    ward.sees(lambda: ward.numbers == [LABEL])
    assert ward.reports[-1].detail == ""


def test_cards_too_quick_to_be_seen_are_counted_by_the_service_and_said(desk: DeskDouble, ward: Ward) -> None:
    desk.events += 6
    ward.is_told("listening", "taken away before it could be read (1 so far)")
    # The other two are gathered and said when the reader is closed down.
    desk.failure = ConnectionFailed("unplugged")
    ward.sees(lambda: any("(3 so far)" in report.detail for report in ward.reports))
    assert not ward.sightings


def test_the_services_count_may_wrap(desk: DeskDouble) -> None:
    desk.events = 65_535
    ward = supervised(lambda: driver(desk))
    ward.is_told("listening")
    taps(ward, desk, BADGE)
    taps(ward, desk, LABEL)
    ward.end()
    assert ward.numbers == [BADGE, LABEL]
    assert [report.detail for report in ward.reports if report.state == "listening"] == [""]


def test_a_clock_set_back_and_forth_makes_no_tap_twice_and_loses_none(desk: DeskDouble) -> None:
    shift = 0
    ward = supervised(lambda: driver(desk, lambda: now_us() + shift), lambda: now_us() + shift)
    ward.is_told("listening")
    for number, shift in ((BADGE, 0), (LABEL, -3_600_000_000), (BADGE, 7_200_000_000), (DISC, 0)):  # noqa: B007
        taps(ward, desk, number)
    ward.end()
    assert ward.numbers == [BADGE, LABEL, BADGE, DISC]
    assert all(each.through_at > each.since_at for each in ward.coverage)
    assert all(each.through_at - each.since_at < 60_000_000 for each in ward.coverage), "never across a jump"


def test_while_nobody_takes_what_is_read_memory_stays_bounded_and_nothing_is_lost(
    desk: DeskDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_driver, "TAPS_WAITING_MAX", 2)
    listening = driver(desk)
    listening.open()
    batches = listening.reads()
    next(batches)
    for number in (BADGE, LABEL, DISC):
        desk.swap(number)
        time.sleep(0.03)
    found: list[str] = []
    while len(found) < 3:
        found += [read.epc for read in next(batches).reads]
    listening.close()
    assert found == [BADGE, LABEL, DISC]
    eventually(lambda: desk.closed == 1)


# What may go wrong with the service


def test_calls_that_hang_are_told_as_silence_and_pile_up_no_threads(desk: DeskDouble, ward: Ward) -> None:
    taps(ward, desk, BADGE)
    desk.hangs.set()
    heard = now_us()
    ward.is_told("silent", "frozen")
    began = desk.contexts
    threads = threading.active_count()
    time.sleep(0.8)
    ward.tick()
    assert desk.contexts == began, "no second conversation while the first hangs"
    assert threading.active_count() <= threads
    desk.lay(LABEL)
    desk.hangs.clear()
    ward.is_told("listening")
    ward.sees(lambda: LABEL in ward.numbers)
    ward.end()
    assert ward.numbers == [BADGE, LABEL]
    assert desk.closed == desk.contexts
    back = ward.sightings[-1].first_at
    assert all(each.through_at <= heard + 50_000 or each.since_at > heard + 400_000 for each in ward.coverage)
    assert ward.coverage[-1].through_at >= back


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (ConnectionFailed("it was unplugged"), "disconnected"),
        (ReaderBusy("another program keeps it"), "disconnected"),
        (DriverError("pyscard is missing"), "faulty"),
        (ZeroDivisionError("a fault"), "faulty"),
    ],
)
def test_a_failing_service_is_told_once_and_listened_to_again(
    desk: DeskDouble, ward: Ward, failure: Exception, state: str
) -> None:
    taps(ward, desk, BADGE)
    desk.failure = failure
    ward.is_told(state, str(failure.args[0]))
    before = desk.contexts
    ward.sees(lambda: desk.contexts >= before + 2)
    assert [report.state for report in ward.reports].count(state) == 1
    desk.failure = None
    ward.is_told("listening")
    taps(ward, desk, BADGE)
    ward.end()
    assert ward.numbers == [BADGE, BADGE]


def test_a_reader_in_exclusive_use_is_not_covered(desk: DeskDouble, ward: Ward) -> None:
    desk.exclusive = True
    desk.lay(BADGE)
    ward.is_told("disconnected", "another program keeps")
    desk.exclusive = False
    ward.sees(lambda: ward.numbers == [BADGE])


def test_a_card_that_lay_there_before_is_told_when_listening_begins(desk: DeskDouble) -> None:
    desk.lay(BADGE)
    listening = driver(desk)
    assert listening.open().model == NAME
    first: Batch = next(batch for batch in listening.reads() if batch.reads)
    assert [read.epc for read in first.reads] == [BADGE]
    listening.close()


def test_a_driver_that_is_closed_ends_and_gives_its_context_back(desk: DeskDouble) -> None:
    listening = driver(desk)
    listening.open()
    batches = listening.reads()
    next(batches)
    listening.close()
    listening.close()
    assert list(batches) == []
    eventually(lambda: desk.closed == 1)
    with pytest.raises(ConnectionFailed):
        next(driver(desk).reads())


def test_a_service_that_hangs_from_the_start_is_said(desk: DeskDouble) -> None:
    desk.hangs.set()
    for _ in range(3):
        listening = driver(desk)
        with pytest.raises(ReaderFrozen, match="take the card away"):
            listening.open()
        listening.close()
    assert desk.contexts == 1
    desk.hangs.clear()
    listening = driver(desk)
    eventually(lambda: listening.open)
    assert listening.open().antennas == (1,)
    listening.close()


# Which reader is meant


FOUND = ("ACS ACR1252 [PICC] 00 00", "ACS ACR1252 [SAM] 00 01", "Feitian R502 01 00", "Feitian R502 02 00")


@pytest.mark.parametrize(
    ("device", "slot", "name"),
    [
        ("picc", None, FOUND[0]),
        ("ACR1252", 1, FOUND[1]),
        ("Feitian R502 02", None, FOUND[3]),
        ("Feitian R502 01 00", None, FOUND[2]),
    ],
)
def test_a_reader_is_meant_by_a_part_of_its_name(device: str, slot: int | None, name: str) -> None:
    assert chosen(FOUND, device, slot) == name


@pytest.mark.parametrize(
    ("names", "device", "slot", "error", "words"),
    [
        (FOUND, "Feitian", None, ProtocolViolated, "several desk readers: Feitian R502 01 00, Feitian R502 02 00"),
        (FOUND, "Feitian", 0, ProtocolViolated, "slot = 0 fits several"),
        (FOUND, "Omnikey", None, ConnectionFailed, 'device = "Omnikey"; plugged in: ACS ACR1252 .PICC. 00 00, ACS'),
        ((), "Omnikey", None, ConnectionFailed, "plugged in: none"),
        (FOUND, "picc", 1, ConnectionFailed, "slot = 1; plugged in"),
    ],
)
def test_what_fits_none_or_several_is_said_with_the_names(
    names: tuple[str, ...], device: str, slot: int | None, error: type[DriverError], words: str
) -> None:
    with pytest.raises(error, match=words):
        chosen(names, device, slot)


def test_the_same_card_is_known_by_its_number_and_by_how_long_it_was_away() -> None:
    same = SameCard()
    assert not same.is_back(BADGE, 10.0)
    assert same.is_back(BADGE, 10.0 + 0.04)
    same.lies(20.0)
    assert same.is_back(BADGE, 20.04)
    assert not same.is_back(BADGE, 20.2)
    assert not same.is_back(LABEL, 20.21)
    assert not same.is_back(BADGE, 20.22)
