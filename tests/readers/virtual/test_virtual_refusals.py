"""What a wrong request is answered, over TCP: the status, and the place, that the standard has for it."""

import random
import struct

import pytest
from virtual_client import (
    Client,
    accessspec,
    aispec,
    errors,
    parameters,
    read_opspec,
    report_spec,
    rospec,
    status,
    tlv,
    welcomed,
)

START = tlv(179, b"\0")
STOP = tlv(182, struct.pack(">BI", 0, 0))
WRONG = {
    "enable an unknown ROSpec": (24, struct.pack(">I", 9), 101, [(0, 300)]),
    "delete an unknown ROSpec": (21, struct.pack(">I", 9), 101, [(0, 300)]),
    "disable an unknown ROSpec": (25, struct.pack(">I", 9), 101, [(0, 300)]),
    "start every ROSpec": (22, struct.pack(">I", 0), 101, [(0, 301)]),
    "stop an unknown ROSpec": (23, struct.pack(">I", 9), 101, [(0, 300)]),
    "delete an unknown AccessSpec": (41, struct.pack(">I", 9), 101, [(0, 300)]),
    "enable an unknown AccessSpec": (42, struct.pack(">I", 9), 101, [(0, 300)]),
    "a request without its field": (24, b"\0\0", 101, []),
    "add nothing": (20, b"", 103, []),
    "add two": (20, rospec(1) + rospec(2), 104, []),
    "add something else": (20, tlv(220, b"\0\0\0\0\0"), 102, []),
    "add what nobody knows": (20, tlv(700), 107, []),
    "ROSpec 0": (20, rospec(0), 100, [(177, 201), (0, 301)]),
    "a ROSpec that is not disabled": (20, rospec(1, state=2), 100, [(177, 201), (2, 300)]),
    "a priority beyond": (20, rospec(1, priority=8), 100, [(177, 201), (1, 301)]),
    "a ROSpec without a spec": (20, rospec(1, aispecs=b""), 100, [(177, 203)]),
    "a ROSpec without bounds": (20, tlv(177, bytes(6) + aispec()), 100, [(177, 203)]),
    "bounds without a stop": (
        20,
        tlv(177, b"\0\0\0\1\0\0" + tlv(178, START) + aispec()),
        100,
        [(177, 200), (178, 203)],
    ),
    "a second start trigger": (
        20,
        tlv(177, b"\0\0\0\1\0\0" + tlv(178, START + START + STOP) + aispec()),
        100,
        [(177, 200), (178, 204)],
    ),
    "a start by a port": (20, rospec(1, start=3), 100, [(177, 200), (178, 200), (179, 201), (0, 301)]),
    "periodic without a period": (20, rospec(1, start=2), 100, [(177, 200), (178, 200), (179, 203)]),
    "a stop by a port": (20, rospec(1, stop=2), 100, [(177, 200), (178, 200), (182, 201), (0, 301)]),
    "antenna 5 of 4": (20, rospec(1, aispecs=aispec((5,))), 100, [(177, 200), (183, 201), (0, 301)]),
    "observation untold": (20, rospec(1, aispecs=aispec(stop=3)), 100, [(177, 200), (183, 200), (184, 203)]),
    "an unknown report trigger": (20, rospec(1, report=report_spec(3)), 100, [(177, 200), (237, 201), (0, 301)]),
    "a survey of the spectrum": (
        20,
        rospec(1, aispecs=tlv(187, struct.pack(">HII", 1, 1, 2) + tlv(188, bytes(9)))),
        100,
        [(177, 200), (187, 209)],
    ),
    "a cut trigger": (20, tlv(177, b"\0\0\0\1\0\0" + tlv(178, tlv(179))), 100, [(177, 200), (178, 200), (179, 201)]),
    "a parameter that overruns": (20, tlv(177, bytes(6) + b"\0\xb2\xff\xff"), 100, [(177, 200)]),
    "unknown capabilities": (1, b"\5", 101, [(0, 301)]),
    "unknown configuration": (2, struct.pack(">HBHH", 0, 12, 0, 0), 101, [(1, 301)]),
    "configuration of antenna 9": (2, struct.pack(">HBHH", 9, 3, 0, 0), 101, [(0, 301)]),
    "a port that is not there": (2, struct.pack(">HBHH", 0, 9, 5, 0), 101, [(2, 301)]),
    "set antenna properties": (3, b"\0" + tlv(221, b"\x80\0\1\0\0"), 100, [(221, 209)]),
    "set an output that is not there": (3, b"\0" + tlv(219, b"\0\5\x80"), 100, [(219, 201), (0, 301)]),
    "an unknown event": (3, b"\0" + tlv(244, tlv(245, b"\0\x63\x80")), 100, [(244, 200), (245, 201), (0, 301)]),
    "an extension": (3, b"\0" + tlv(1023, bytes(8)), 100, [(1023, 209)]),
    "a power beyond the table": (
        3,
        b"\0" + tlv(222, b"\0\1" + tlv(224, struct.pack(">HHH", 1, 1, 999))),
        100,
        [(222, 200), (224, 201), (2, 301)],
    ),
    "AccessSpec 0": (40, accessspec(0, read_opspec(1, 2, 0, 2)), 100, [(207, 201), (0, 301)]),
    "no operation": (40, accessspec(1), 100, [(207, 200), (209, 203)]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_request_gets_the_status_of_the_standard_and_changes_nothing(client: Client, what: str) -> None:
    kind, body, code, nested = WRONG[what]
    answered, content = client.ask(kind, body)
    assert answered == kind + 10
    assert status(content)[0] == code
    assert status(content)[1], "and says in words what was wrong"
    assert errors(content) == nested
    assert len(list(parameters(client.ask(26)[1]))) == 1
    assert len(list(parameters(client.ask(44)[1]))) == 1


def test_a_rospec_whose_id_is_taken_is_refused_and_too_many_are(client: Client) -> None:
    assert client.command(20, rospec(1)) == 0
    _, body = client.ask(20, rospec(1))
    assert errors(body) == [(177, 201), (0, 300)]
    for number in range(2, 9):
        assert client.command(20, rospec(number)) == 0
    _, body = client.ask(20, rospec(9))
    assert errors(body) == [(177, 205)]


# whatever comes over the wire, the reader stays


def test_after_bytes_of_any_kind_the_reader_serves_the_next_client(port: int) -> None:
    noise = random.Random(20_261_122)
    for length in (1, 9, 10, 11, 100, 5_000, 70_000) * 3:
        with welcomed(port) as client:
            client.socket.sendall(noise.randbytes(length))
    sound = [(20, rospec()), (3, b"\0" + report_spec()), (40, accessspec(1, read_opspec(1, 2, 0, 6)))]
    with welcomed(port) as client:
        for _ in range(100):
            kind, body = noise.choice(sound)
            broken = bytearray(body)
            for _ in range(noise.randrange(4)):
                broken[noise.randrange(len(broken))] = noise.randrange(256)
            answered, content = client.ask(kind, bytes(broken))
            assert answered == kind + 10
            status(content)
        assert client.command(21, bytes(4)) == 0
        assert client.command(41, bytes(4)) == 0
        client.start(rospec(77), 77)
        client.until(lambda: len(client.reports) > 3)


def test_a_message_that_never_ends_holds_no_more_than_the_longest_allowed(port: int) -> None:
    with welcomed(port) as client:
        client.socket.sendall(struct.pack(">HII", 1 << 10 | 20, 1 << 20, 5) + bytes((1 << 20) - 11))
    with welcomed(port) as client:
        assert client.command(26) == 0
