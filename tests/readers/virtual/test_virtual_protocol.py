"""The virtual reader over TCP, driven by a client of the tests' own that was written from the standard alone."""

import socket
import struct
import time

import pytest
from virtual_client import (
    ALL_FIELDS,
    ANTENNA,
    COUNT,
    Client,
    accessspec,
    aispec,
    errors,
    message,
    parameters,
    read_opspec,
    report_spec,
    rospec,
    status,
    tags,
    tlv,
    welcomed,
)

SHELF = ("3414F4A20000000000000001", "3414F4A20000000000000002")
BADGE = "E28011700000"


# connections


def test_the_first_client_is_welcomed_with_the_time(port: int) -> None:
    with Client(port) as client:
        client.connected()
        (stamp,) = struct.unpack(">Q", client.events[0][128])
        assert stamp > 1_700_000_000_000_000


def test_a_second_client_is_told_so_and_turned_away_and_the_first_goes_on(port: int) -> None:
    with Client(port) as first:
        first.connected()
        with Client(port) as second:
            second.receive()
            assert second.events[-1][256] == b"\0\2", "a client-initiated connection already exists"
            with pytest.raises(EOFError):
                second.receive()
        assert first.command(26) == 0
        assert [event[256] for event in first.events] == [b"\0\0", b"\0\4"], "another connection was attempted"
    with welcomed(port) as third:
        assert third.command(26) == 0


def test_close_connection_is_answered_and_then_the_connection_ends(client: Client) -> None:
    assert client.command(14) == 0
    with pytest.raises(EOFError):
        client.receive()


# what the reader says of itself


@pytest.mark.parametrize(
    ("requested", "present"),
    [(0, [137, 142, 143, 327]), (1, [137]), (2, [142]), (3, [143]), (4, [327])],
)
def test_capabilities_hold_what_was_requested(client: Client, requested: int, present: list[int]) -> None:
    answered, body = client.ask(1, bytes((requested,)))
    assert answered == 11
    assert status(body)[0] == 0
    assert [kind for kind, _ in parameters(body)][1:] == present


def test_general_capabilities_tell_the_antennas_and_the_clock(client: Client) -> None:
    general = dict(parameters(client.ask(1, b"\1")[1]))[137]
    antennas, flags, _, _, firmware = struct.unpack_from(">HHIIH", general)
    assert antennas == 4, "numbers go up to the highest antenna"
    assert flags == 1 << 14, "it has a UTC clock and antenna properties cannot be set"
    inner = [kind for kind, _ in parameters(general[14 + firmware :])]
    assert inner.count(140) == 4
    assert 139 in inner
    assert 141 in inner


def test_regulatory_capabilities_tell_band_powers_and_modes(client: Client) -> None:
    regulatory = dict(parameters(client.ask(1, b"\3")[1]))[143]
    band = dict(parameters(regulatory[4:]))[144]
    powers = [struct.unpack(">Hh", body) for kind, body in parameters(band) if kind == 145]
    assert [index for index, _ in powers] == list(range(1, len(powers) + 1))
    assert [value for _, value in powers] == sorted(value for _, value in powers)
    frequencies = dict(parameters(band))[146]
    assert frequencies[0] & 0x80, "it hops"
    (_, table) = next(parameters(frequencies[1:]))
    _, _, hops = struct.unpack_from(">BBH", table)
    assert len(table) == 4 + 4 * hops
    modes = [body for kind, body in parameters(dict(parameters(band))[328]) if kind == 329]
    assert all(len(body) == 28 for body in modes)
    assert len({body[:4] for body in modes}) == len(modes)


CONFIGURATION = {1: 218, 2: 221, 3: 222, 4: 237, 5: 244, 6: 239, 7: 217, 8: 220, 9: 225, 10: 219, 11: 226}


@pytest.mark.parametrize(("requested", "kind"), CONFIGURATION.items())
def test_each_part_of_the_configuration_can_be_asked_for(client: Client, requested: int, kind: int) -> None:
    answered, body = client.ask(2, struct.pack(">HBHH", 0, requested, 0, 0))
    assert answered == 12
    assert status(body)[0] == 0
    assert {found for found, _ in parameters(body)} - {287} == {kind}


def test_an_output_is_switched_and_an_input_tells_only_once_it_is_put_to_use(client: Client) -> None:
    assert client.ask(3, b"\0" + tlv(219, b"\0\2\x80") + tlv(225, b"\0\3\x80\2"))[0] == 13
    _, body = client.ask(2, struct.pack(">HBHH", 0, 10, 0, 0))
    assert [struct.unpack(">HB", value) for kind, value in parameters(body) if kind == 219] == [
        (1, 0),
        (2, 0x80),
        (3, 0),
        (4, 0),
    ]
    _, body = client.ask(2, struct.pack(">HBHH", 0, 9, 3, 0))
    assert [struct.unpack(">HBB", value) for kind, value in parameters(body) if kind == 225] == [(3, 0x80, 0)]


def test_all_of_the_configuration_comes_in_the_standards_order(client: Client) -> None:
    _, body = client.ask(2, struct.pack(">HBHH", 0, 0, 0, 0))
    kinds = [kind for kind, _ in parameters(body)]
    assert list(dict.fromkeys(kinds)) == [287, 218, 221, 222, 244, 237, 239, 217, 220, 225, 219, 226]
    properties = [struct.unpack(">BHh", value) for kind, value in parameters(body) if kind == 221]
    assert [(number, flag >> 7) for flag, number, _ in properties] == [(1, 1), (2, 1), (3, 0), (4, 1)]


def test_one_antenna_can_be_asked_for(client: Client) -> None:
    _, body = client.ask(2, struct.pack(">HBHH", 2, 3, 0, 0))
    antennas = [struct.unpack_from(">H", value)[0] for kind, value in parameters(body) if kind == 222]
    assert antennas == [2]


def test_a_configuration_that_is_set_is_given_back_and_a_reset_forgets_it(client: Client) -> None:
    transmitter = tlv(222, struct.pack(">H", 0) + tlv(224, struct.pack(">HHH", 1, 1, 9)))
    wanted = tlv(244, tlv(245, b"\0\2\x80")) + transmitter + report_spec(1, 7, ANTENNA, 0xC0)
    assert client.command(3, b"\0" + wanted + tlv(239, b"\0") + tlv(226, b"\x80")) == 0
    _, body = client.ask(2, struct.pack(">HBHH", 0, 0, 0, 0))
    found = dict(parameters(body))
    assert tlv(237, found[237]) == report_spec(1, 7, ANTENNA, 0xC0)
    assert tlv(245, b"\0\2\x80") in found[244]
    assert found[239] == b"\0"
    assert found[226] == b"\x80"
    assert all(tlv(224, struct.pack(">HHH", 1, 1, 9)) in v for k, v in parameters(body) if k == 222)
    before = found[217]

    assert client.command(3, b"\x80") == 0
    after = dict(parameters(client.ask(2, struct.pack(">HBHH", 0, 0, 0, 0))[1]))
    assert after[226] == b"\0"
    assert tlv(245, b"\0\2\0") in after[244]
    assert after[217] != before, "LLRPConfigurationStateValue changes with the configuration"


def test_keepalives_come_when_they_are_asked_for_and_only_then(client: Client) -> None:
    assert client.command(3, b"\0" + tlv(220, struct.pack(">BI", 1, 30))) == 0
    client.until(lambda: client.keepalives >= 3)
    assert client.command(3, b"\0" + tlv(220, struct.pack(">BI", 0, 30))) == 0
    seen = client.keepalives
    client.start()
    client.until(lambda: len(client.reports) > 20)
    assert client.keepalives <= seen + 1


# versions and messages that are not spoken


@pytest.mark.parametrize(
    ("kind", "body", "version", "code"),
    [
        (46, b"", 1, 109),
        (46, b"", 2, 110),
        (47, b"\2", 2, 110),
        (47, b"\2", 1, 109),
        (1023, struct.pack(">IB", 25882, 21), 1, 109),
        (45, b"", 1, 109),
        (61, b"", 1, 109),
        (999, b"nonsense", 1, 109),
        (20, b"", 7, 110),
    ],
)
def test_what_is_not_spoken_is_answered_by_an_error_message(
    client: Client, kind: int, body: bytes, version: int, code: int
) -> None:
    answered, content = client.ask(kind, body, version)
    assert answered == 100
    assert status(content)[0] == code
    assert client.command(26) == 0, "the connection goes on"


def test_an_error_message_is_not_answered(client: Client) -> None:
    client.send(100, tlv(287, struct.pack(">HH", 109, 0)))
    assert client.command(26) == 0


def test_a_length_of_three_gigabytes_is_refused_at_once(client: Client) -> None:
    client.socket.sendall(struct.pack(">HII", 1 << 10 | 20, 3_000_000_000, 5))
    kind, _, body = client.receive()
    assert kind == 100
    assert status(body)[0] == 106
    with pytest.raises(EOFError):
        client.receive()


def test_a_message_in_single_bytes_is_understood(client: Client) -> None:
    for byte in message(26, 77):
        client.socket.sendall(bytes((byte,)))
    kind, number, body = client.receive()
    assert (kind, number, status(body)[0]) == (36, 77, 0)


# the life of a ROSpec


def _states(client: Client) -> list[tuple[int, int]]:
    _, body = client.ask(26)
    assert status(body)[0] == 0
    found = [struct.unpack_from(">IBB", value) for kind, value in parameters(body) if kind == 177]
    return [(number, state) for number, _, state in found]


def test_a_rospec_lives_through_its_states(client: Client) -> None:
    null_start = rospec(7, start=0)
    assert client.command(20, null_start) == 0
    assert _states(client) == [(7, 0)]
    assert client.command(22, struct.pack(">I", 7)) == 101, "a disabled ROSpec cannot be started"
    assert client.command(23, struct.pack(">I", 7)) == 101, "nor stopped"
    assert client.command(24, struct.pack(">I", 7)) == 0
    assert _states(client) == [(7, 1)]
    assert client.command(22, struct.pack(">I", 7)) == 0
    assert _states(client) == [(7, 2)]
    assert client.command(23, struct.pack(">I", 7)) == 0
    assert _states(client) == [(7, 1)]
    assert client.command(25, struct.pack(">I", 7)) == 0
    assert _states(client) == [(7, 0)]
    _, body = client.ask(26)
    assert tlv(177, dict(parameters(body))[177]) == null_start, "it comes back as it was given"
    assert client.command(21, struct.pack(">I", 7)) == 0
    assert _states(client) == []


def test_zero_stands_for_all(client: Client) -> None:
    for number in (1, 2):
        assert client.command(20, rospec(number, start=0)) == 0
    for kind, states in ((24, [(1, 1), (2, 1)]), (25, [(1, 0), (2, 0)]), (21, [])):
        assert client.command(kind, struct.pack(">I", 0)) == 0
        assert _states(client) == states
    assert client.command(21, struct.pack(">I", 0)) == 0, "deleting all of none is no error"


def test_rospecs_outlast_the_connection_and_reports_wait_for_the_next(port: int) -> None:
    with Client(port) as first:
        first.connected().start(rospec(3), 3)
        first.until(lambda: len(first.reports) > 3)
    with welcomed(port) as second:
        second.until(lambda: len(second.reports) > 3)
        assert _states(second) == [(3, 2)]


def test_with_hold_nothing_comes_after_a_reconnection_until_it_is_enabled(port: int) -> None:
    with Client(port) as first:
        first.connected()
        assert first.command(3, b"\0" + tlv(226, b"\x80") + tlv(244, tlv(245, b"\0\2\x80"))) == 0
        first.start()
        first.until(lambda: len(first.reports) > 3)
    with welcomed(port) as second:
        for _ in range(20):
            assert second.command(26) == 0
        assert not second.reports
        second.send(64)
        second.until(lambda: len(second.reports) > 3)


# reports


def test_every_field_that_is_selected_is_there_and_means_what_it_should(client: Client) -> None:
    client.start(rospec(9, aispecs=aispec((1,)), report=report_spec(1, 1, ALL_FIELDS, 0xC0)), 9)
    client.until(lambda: len(client.tags()) >= 20)
    for entry in client.tags():
        assert entry["EPC-96"] in SHELF
        assert (entry["ROSpecID"], entry["SpecIndex"], entry["InventoryParameterSpecID"]) == (9, 1, 7)
        assert (entry["AntennaID"], entry["TagSeenCount"]) == (1, 1)
        assert -60 <= entry["PeakRSSI"] <= -40
        assert 1 <= entry["ChannelIndex"] <= 16
        assert entry["FirstSeenUTC"] == entry["LastSeenUTC"]
        assert entry["PC"] == 6 << 11
        assert "CRC" in entry
    assert len({entry["PeakRSSI"] for entry in client.tags()}) > 1, "the strength is noisy"
    times = [entry["FirstSeenUTC"] for entry in client.tags()]
    assert times == sorted(times)


FIELD_BITS = {
    "ROSpecID": 15, "SpecIndex": 14, "InventoryParameterSpecID": 13, "AntennaID": 12, "ChannelIndex": 11,
    "PeakRSSI": 10, "FirstSeenUTC": 9, "LastSeenUTC": 8, "TagSeenCount": 7,
}  # fmt: skip


@pytest.mark.parametrize(("name", "bit"), FIELD_BITS.items())
def test_a_field_comes_when_its_bit_is_set_and_only_then(client: Client, name: str, bit: int) -> None:
    client.start(rospec(1, report=report_spec(1, 1, 1 << bit)))
    client.until(lambda: bool(client.reports))
    assert {key for entry in client.tags() for key in entry} - {"EPC", "EPC-96", "EPCData"} == {name}


def test_an_epc_of_another_length_comes_as_epcdata(client: Client) -> None:
    client.start(rospec(1, aispecs=aispec((2,))))
    client.until(lambda: len(client.tags()) > 2)
    assert {entry["EPCData"] for entry in client.tags()} == {BADGE}
    assert not any("EPC-96" in entry for entry in client.tags())


def test_antenna_0_stands_for_all(client: Client) -> None:
    client.start()
    client.until(lambda: len(client.tags()) > 30)
    assert {(entry["AntennaID"], entry["EPC"]) for entry in client.tags()} == {
        (1, SHELF[0]),
        (1, SHELF[1]),
        (2, BADGE),
    }


def test_with_no_trigger_reports_come_only_when_fetched(client: Client) -> None:
    client.start(rospec(1, report=report_spec(0, 0, ANTENNA | COUNT)))
    for _ in range(30):
        assert client.command(26) == 0
    assert not client.reports
    client.send(60)
    client.until(lambda: bool(client.reports))
    while not any(entry["TagSeenCount"] > 1 for entry in tags(client.reports[-1])):
        time.sleep(0.05)  # cycles go by, and their reads fold into one entry a tag
        seen = len(client.reports)
        client.send(60)
        client.until(lambda seen=seen: len(client.reports) > seen)
    assert len(tags(client.reports[-1])) == 3


def test_an_empty_buffer_gives_an_empty_report(client: Client) -> None:
    client.send(60)
    client.until(lambda: bool(client.reports))
    assert client.reports == [b""]


def test_a_filter_on_the_epc_leaves_only_what_it_selects(client: Client) -> None:
    mask = struct.pack(">BHH", 1 << 6, 0x20, 96) + bytes.fromhex(SHELF[1])
    command = tlv(330, b"\0" + tlv(331, b"\0" + tlv(332, mask)))
    client.start(rospec(1, aispecs=aispec(inner=tlv(222, b"\0\0" + command))))
    client.until(lambda: len(client.tags()) > 5)
    assert {entry["EPC"] for entry in client.tags()} == {SHELF[1]}


def test_an_accessspec_reads_the_factory_number_and_ends_after_its_count(client: Client) -> None:
    target = struct.pack(">BHH", 1 << 6 | 1 << 5, 0x20, 96) + b"\xff" * 12
    target += struct.pack(">H", 96) + bytes.fromhex(SHELF[0])
    spec = accessspec(
        5, read_opspec(8, 2, 0, 6) + tlv(342, struct.pack(">HIBHH", 9, 0, 1 << 6, 2, 1) + b"\0\0"), target, 3
    )
    assert client.command(40, spec) == 0
    assert errors(client.ask(40, spec)[1]) == [(207, 201), (0, 300)]
    assert client.command(42, struct.pack(">I", 5)) == 0
    client.start()
    client.until(lambda: sum("result 349" in entry for entry in client.tags()) >= 3)
    client.until(lambda: len(client.tags()) > 40)
    touched = [entry for entry in client.tags() if "result 349" in entry]
    assert len(touched) == 3
    assert {entry["EPC"] for entry in touched} == {SHELF[0]}
    assert {entry["AccessSpecID"] for entry in touched} == {5}
    outcome, number, words = struct.unpack_from(">BHH", touched[0]["result 349"])
    assert (outcome, number, words) == (0, 8, 6)
    assert touched[0]["result 349"][5:6] == b"\xe2"
    assert touched[0]["result 350"] == struct.pack(">BHH", 2, 9, 0), "a virtual tag's memory is locked"
    assert len(list(parameters(client.ask(44)[1]))) == 1, "after its count it is gone"


def test_events_of_the_rospec_come_when_they_are_asked_for(client: Client) -> None:
    assert client.command(3, b"\0" + tlv(244, tlv(245, b"\0\2\x80") + tlv(245, b"\0\6\x80"))) == 0
    client.start(rospec(4, start=0), 4)
    assert client.command(22, struct.pack(">I", 4)) == 0
    client.until(lambda: any(249 in event for event in client.events))
    assert client.command(23, struct.pack(">I", 4)) == 0
    client.until(lambda: sum(249 in event for event in client.events) == 2)
    told = [(kind, body) for event in client.events for kind, body in event.items() if kind in (249, 254)]
    assert told == [
        (249, struct.pack(">BII", 0, 4, 0)),
        (254, struct.pack(">BIH", 0, 4, 1)),
        (249, struct.pack(">BII", 1, 4, 0)),
    ]


def test_a_client_that_vanishes_makes_room_for_the_next(port: int) -> None:
    with Client(port) as client:
        client.connected().start()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with welcomed(port) as following:
        assert following.command(26) == 0
