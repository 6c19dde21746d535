"""A handheld that sends by itself: by its token, each message and each read once, its clock corrected and told."""

import json
from typing import Any

import pytest

from api.rest.asking import PREFIX
from custody.values import SECOND
from reconcile.store import devices
from tests.builders import NOW, epc_of
from tests.web.front import Front, words
from tests.web.handhelds.scene import HOUR, Hand, a_hand

TOKEN = "a handheld's long random token"


@pytest.fixture
def hand(front: Front) -> Hand:
    """A clerk, and a handheld that is admitted."""
    return admitted(front)


def admitted(front: Front) -> Hand:
    """The same on whichever engine."""
    with front.archive.books.database.writing() as connection:
        devices.create_device(connection, "RFD-7", devices.token_hash(TOKEN), NOW)
    return a_hand(front)


def send(hand: Hand, body: Any, token: str = TOKEN) -> Any:
    """What the handheld sends; gives the answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return hand.front.browser().http.post(f"{PREFIX}/handheld/reads", content=content, headers=headers)


def message(hand: Hand, *tags: int, upload_id: str = "u-1", begins: int | None = None, fast: int = 0) -> dict[str, Any]:
    """Reads of these tags a second apart, by a clock that is `fast` microseconds ahead."""
    at = (hand.at(-600) if begins is None else begins) + fast
    reads = [
        {"epcHex": epc_of(tag), "time": at + n * SECOND, "rssi": -60.5, "antenna": 1} for n, tag in enumerate(tags)
    ]
    return {"device_time": hand.at() + fast, "upload_id": upload_id, "reads": reads}


def test_reads_are_taken_once_however_often_they_are_sent(hand: Hand) -> None:
    body = message(hand, 1, 2)
    first = send(hand, body).json()
    assert (first["new"], first["repeated"], first["before"]) == (2, 0, False)
    hand.front.clock.at += 30 * SECOND
    again = send(hand, body | {"device_time": hand.at()}).json()
    assert (again["upload"], again["new"], again["before"]) == (first["upload"], 2, True)
    other = send(hand, message(hand, 1, 2, 3, upload_id="u-2", begins=NOW - 600 * SECOND)).json()
    assert (other["new"], other["repeated"]) == (1, 2)
    assert [(tag, at) for tag, at, _count in hand.sightings()] == [
        (epc_of(n), NOW - 600 * SECOND + (n - 1) * SECOND) for n in (1, 2, 3)
    ]


def test_an_identifier_used_for_something_else_is_refused(hand: Hand) -> None:
    send(hand, message(hand, 1))
    answer = send(hand, message(hand, 2))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:custody:problem:upload_id_reused")
    assert hand.kept() == (1, 1)


def test_a_wrong_clock_is_corrected_and_told(hand: Hand) -> None:
    """Given a clock an hour fast, when its reads come, then they stand at the true time, and the page says so."""
    answer = send(hand, message(hand, 1, fast=HOUR)).json()
    assert (answer["clock_offset_us"], answer["times_corrected"]) == (HOUR, True)
    assert [at for _tag, at, _count in hand.sightings()] == [hand.at(-600)]
    assert "+3600.0 s" in words(hand.browser.get(f"/handhelds/{answer['upload']}").text)
    later = message(hand, 1, upload_id="u-2", fast=HOUR) | {"device_time": hand.at() + HOUR - 2 * SECOND}
    assert send(hand, later).json()["repeated"] == 1, "the same read by the same clock, however long the message took"


def test_late_and_out_of_order_messages_make_the_same_sightings(hand: Hand) -> None:
    begins = hand.at(-86_400)
    late = message(hand, 3, 4, upload_id="b", begins=begins + 60 * SECOND)
    early = message(hand, 1, 2, upload_id="a", begins=begins)
    for body in (late, early, late):
        assert send(hand, body).status_code == 200
    assert [(tag, at) for tag, at, _count in hand.sightings()] == [
        (epc_of(1), begins),
        (epc_of(2), begins + SECOND),
        (epc_of(3), begins + 60 * SECOND),
        (epc_of(4), begins + 61 * SECOND),
    ]


def test_reads_count_in_the_sweep_that_is_named(front_on_both: Front) -> None:
    hand = admitted(front_on_both)
    hand.front.archive.carriers(3)
    sweep = hand.sweep()
    hand.front.clock.at += 60 * SECOND
    body = message(hand, 1, 2, begins=hand.at()) | {"round": sweep}
    for _ in range(2):
        laid = send(hand, body).json()["round"]
        assert laid["laid"]
        assert hand.met(sweep) == (2, 3)
    report = words(hand.browser.get(f"/rounds/{sweep}/finish").text)
    assert "reader" in report.casefold(), "they are nobody's scans, but a device's"
    for number in ("QC-2026-0099", sweep):
        if number == sweep:
            hand.browser.send(f"/rounds/{sweep}/abandon", reason="wrong room")
        more = send(hand, message(hand, 3, upload_id=number, begins=hand.at()) | {"round": number})
        assert (more.status_code, more.json()["round"]["laid"]) == (200, False)
    assert len(hand.sightings()) == 3, "what was read is taken all the same"


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "no tag": ({"time": NOW}, 2, "epc"),
    "a number": ({"epc": 3.03e23, "time": NOW}, 2, "epc"),
    "half a digit": ({"epc": "3414F", "time": NOW}, 2, "epc"),
    "no time": ({"epc": epc_of(1)}, 2, "time"),
    "no zone": ({"epc": epc_of(1), "time": "2026-11-20 10:00:00"}, 2, "time"),
    "the year 2000": ({"epc": epc_of(1), "time": "2000-01-01T00:00:00Z"}, 2, "time"),
    "next year": ({"epc": epc_of(1), "time": "2027-01-01T00:00:00Z"}, 2, "time"),
    "a strength that is none": ({"epc": epc_of(1), "time": NOW, "rssi": 65}, 2, "rssi"),
    "an antenna that is none": ({"epc": epc_of(1), "time": NOW, "antenna": "left"}, 2, "antenna"),
    "no object": ([], 2, "reads"),  # type: ignore[dict-item]
}


def test_a_read_that_does_not_fit_refuses_the_message_and_says_which(hand: Hand) -> None:
    for name, (read, row, field) in WRONG.items():
        body = message(hand, 1)
        body["reads"].append(read)
        answer = send(hand, body)
        assert answer.status_code == 400, name
        assert answer.headers["content-type"] == "application/problem+json"
        (error,) = answer.json()["errors"]
        assert (error["row"], error["field"]) == (row, field), name
    assert hand.kept() == (0, 0)


NO_MESSAGES = (b"", b"{", b"[]", b"[" * 100_000, b'{"upload_id":"a","reads":[]}', b'{"upload_id":" ","reads":[1]}')


def test_what_is_no_message_is_refused(hand: Hand) -> None:
    assert [send(hand, body).status_code for body in NO_MESSAGES] == [400] * len(NO_MESSAGES)


def test_only_an_admitted_device_sends(hand: Hand) -> None:
    assert send(hand, message(hand, 1), token="another").status_code == 401
    with hand.front.archive.books.database.writing() as connection:
        devices.revoke_device(connection, "RFD-7", NOW)
    assert send(hand, message(hand, 1)).status_code == 401
    assert hand.kept() == (0, 0)


def test_a_file_of_the_same_handheld_brings_nothing_anew(hand: Hand) -> None:
    """Given reads that came by the network, when the same handheld's file is brought, then each is there once."""
    begins = hand.at(-600)
    send(hand, message(hand, 1, 2, begins=begins))
    number = hand.take(hand.export(1, 2, 3, at=begins), device="RFD-7")
    assert "New reads 1 Here before 2" in words(hand.browser.get(f"/handhelds/{number}").text)
