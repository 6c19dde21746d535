"""The uplink: at least once, in order, the oldest first; what the server refuses is put aside, never dropped."""

import logging
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_doubles import ServerDouble, eventually, now_us
from hypothesis import given
from hypothesis import strategies as st

from readers.sighting import Coverage, DoorAlarm, InputChange, Loss, ReaderReport, Sighting
from readers.spool import Parcel, Spool, pack
from readers.uplink import Answer, Uplink, backoff_seconds, body_of, read_answer

NOON = 1_750_000_000_000_000


def sighting(at: int) -> Sighting:
    return Sighting(f"{at:024X}", "cabinet", 1, NOON + at, NOON + at, 1, None, None, NOON + at)


PARCEL = Parcel("b" * 32, tuple(pack(sighting(at), at) for at in range(5, 9)), ((1, 8),))


@pytest.fixture
def server() -> Iterator[ServerDouble]:
    with ServerDouble() as double:
        yield double


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Spool]:
    found = Spool(tmp_path / "edge.spool", "b" * 32)
    yield found
    found.close()


@pytest.fixture
def uplink(server: ServerDouble, box: Spool) -> Iterator[Uplink]:
    found = link(server.url, box)
    yield found
    found.close()


def link(url: str, box: Spool, token: str = "secret") -> Uplink:
    return Uplink(box, daemon="edge-1", url=url, token=token, clock=now_us, rng=random.Random(1))


def deliver(uplink: Uplink, attempts: int = 200) -> list[bool]:
    """Attempts until nothing waits; what each gave."""
    found: list[bool] = []
    for _ in range(attempts):
        result = uplink.deliver_once()
        if result is None:
            return found
        found.append(result)
    raise AssertionError(f"still not delivered after {attempts} attempts")


@pytest.mark.parametrize(
    ("status", "text", "answer"),
    [
        (200, '{"acknowledged": 8, "taken": 4, "repeated": 0}', Answer(through=8)),
        (200, '{"acknowledged": 6, "taken": 2, "repeated": 0}', Answer(through=6)),
        (200, '{"acknowledged": 900, "taken": 1, "repeated": 0}', Answer(through=8)),
        # Others of this boot are missing there, but these are all settled.
        (200, '{"acknowledged": 2, "taken": 1, "repeated": 3}', Answer(through=8)),
        (400, '{"detail": "row 7: unknown reader"}', Answer(invalid="row 7: unknown reader")),
        (422, '{"detail": [{"loc": "x"}]}', Answer(invalid='[{"loc": "x"}]')),
        (400, "", Answer(invalid="status 400")),
        (413, "", Answer(too_long=True)),
        (503, '{"detail": "wait"}', Answer(trouble="the server answers with status 503: wait")),
        (302, "", Answer(trouble="the server answers with status 302")),
    ],
)
def test_what_an_answer_means(status: int, text: str, answer: Answer) -> None:
    assert read_answer(status, text, PARCEL) == answer


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"acknowledged": "x"}', '{"acknowledged": 8}', "null"])
def test_an_acknowledgement_that_cannot_be_read_is_none(text: str) -> None:
    assert "cannot be read" in (read_answer(200, text, PARCEL).trouble or "")


def test_a_refused_token_says_what_to_do() -> None:
    trouble = read_answer(401, '{"detail": "unknown token"}', PARCEL).trouble or ""
    assert "unknown token" in trouble
    assert "check `token` or `token_file`" in trouble


def test_the_body_is_the_wire_contract() -> None:
    records = [
        Sighting("AB", "cabinet", 1, 10, 20, 3, -50.0, -52.5, 25, "E280"),
        Coverage("cabinet", 1, 10, 20),
        ReaderReport("cabinet", "listening", 10, "", "Impinj", "5.1", -3),
        Loss(1, 2, 3),
        InputChange("cabinet", 2, True, 10, 11),
        DoorAlarm("door", "west", "AB", 10, "out", 0.9, "alarm", "not_listed", 7, "siren", '{"order": 1.5}'),
    ]
    parcel = Parcel("ff", tuple(pack(record, at) for at, record in enumerate(records, 1)), ((1, 6),))
    assert body_of("edge-1", parcel) == {
        "daemon": "edge-1",
        "boot": "ff",
        "sightings": [[1, "AB", "E280", "cabinet", 1, 10, 20, 3, -50.0, -52.5, 25]],
        "coverage": [[2, "cabinet", 1, 10, 20]],
        "reports": [[3, "cabinet", "listening", 10, "", "Impinj", "5.1", -3]],
        "losses": [[4, 1, 2, 3]],
        "inputs": [[5, "cabinet", 2, True, 10, 11]],
        "alarms": [[6, "door", "west", "AB", 10, "out", 0.9, "alarm", "not_listed", 7, "siren", '{"order": 1.5}']],
    }


@given(st.integers(1, 1000), st.integers(0, 2**32))
def test_pauses_grow_to_a_bound_and_are_spread(failures: int, seed: int) -> None:
    longest = min(15.0, 0.5 * 2 ** (failures - 1))
    assert longest / 2 <= backoff_seconds(failures, random.Random(seed)) <= longest


def test_everything_arrives_in_order_and_leaves_the_spool(server: ServerDouble, box: Spool, uplink: Uplink) -> None:
    box.append([sighting(at) for at in range(2300)])
    assert deliver(uplink) == [True, True, True]
    assert [taken.first_seq for taken in server.journal] == [1, 1001, 2001]
    assert [row[0] for row in server.of_kind("sightings")] == list(range(1, 2301))
    assert box.counts().waiting == 0
    assert uplink.deliver_once() is None


def test_what_fails_is_sent_again_and_taken_once(server: ServerDouble, box: Spool, uplink: Uplink) -> None:
    """No answer, an error, an answer lost after the records were taken, an answer that is none."""
    server.failures = ["drop", "500", "deaf", "junk"]
    box.append([sighting(at) for at in range(10)])
    assert deliver(uplink) == [False, False, False, False, True]
    assert [row[0] for row in server.of_kind("sightings")] == list(range(1, 11))
    assert server.journal[-1].body == server.journal[0].body


def test_a_server_that_is_not_there_costs_nothing(box: Spool) -> None:
    with ServerDouble() as gone:
        url = gone.url
    uplink = link(url, box)
    box.append([sighting(1)])
    assert uplink.deliver_once() is False
    assert not uplink.healthy
    assert box.counts().waiting == 1
    uplink.close()


def test_a_wrong_token_keeps_the_spool_and_is_said_once(
    server: ServerDouble, box: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    uplink = link(server.url, box, token="wrong")
    box.append([sighting(1)])
    with caplog.at_level(logging.INFO, "readers.uplink"):
        assert [uplink.deliver_once() for _ in range(3)] == [False] * 3
        server.token = "wrong"
        assert uplink.deliver_once()
    said = [record.getMessage() for record in caplog.records if record.name == "readers.uplink"]
    assert len(said) == 2
    assert "does not know this daemon" in said[0]
    assert said[1] == "uplink: delivering again"
    assert len(server.records) == 1
    uplink.close()


def test_an_invalid_record_is_found_put_aside_and_the_flow_goes_on(
    server: ServerDouble, box: Spool, uplink: Uplink, caplog: pytest.LogCaptureFixture
) -> None:
    server.invalid = lambda kind, row: kind == "sightings" and row[0] in (17, 1203)
    box.append([sighting(at) for at in range(1500)])
    deliver(uplink)
    assert sorted(sequence for _, sequence in server.records) == [at for at in range(1, 1501) if at not in (17, 1203)]
    counts = box.counts()
    assert (counts.waiting, counts.rejected) == (0, 2)
    refusals = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(refusals) == 2
    assert "record 17 of boot" in refusals[0]
    assert "a record is invalid" in refusals[0]
    # When the server has learnt better, they are sent again.
    server.invalid = lambda kind, row: False
    assert box.retry_rejected() == 2
    deliver(uplink)
    assert len(server.records) == 1500


def test_what_earlier_boots_left_is_delivered_under_their_names(server: ServerDouble, tmp_path: Path) -> None:
    path = tmp_path / "left.spool"
    for boot in ("a" * 32, "c" * 32):
        spool = Spool(path, boot)
        spool.append([sighting(at) for at in range(3)])
        spool.close()
    spool = Spool(path, "d" * 32)
    uplink = link(server.url, spool)
    deliver(uplink)
    assert [(taken.boot[0], taken.first_seq, taken.last_seq) for taken in server.journal] == [("a", 1, 3), ("c", 1, 3)]
    spool.close()
    uplink.close()


def test_the_thread_delivers_when_woken_and_outlives_failures(
    server: ServerDouble, box: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readers.uplink.PAUSE_SECONDS_MIN", 0.02)
    uplink, stop = link(server.url, box), threading.Event()
    thread = threading.Thread(target=uplink.run, args=(stop,))
    thread.start()
    server.failures = ["500", "drop", "junk"]
    for at in range(20):
        box.append([sighting(at)])
        uplink.wake()
    eventually(lambda: len(server.records) == 20)
    stop.set()
    uplink.wake()
    thread.join(3)
    assert not thread.is_alive()
    assert [sequence for _, sequence in server.records] == list(range(1, 21))
    uplink.close()
