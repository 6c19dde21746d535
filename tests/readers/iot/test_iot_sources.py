"""The three ways in, each alone: who is believed, who is refused, what is said when it fails, and that it ends."""

import base64
import contextlib
import http.client
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from iot_doubles import (
    MOSQUITTO,
    NOON,
    SECOND,
    Broker,
    BrokerReader,
    Clock,
    Heard,
    StreamReader,
    eventually,
    impinj_event,
    iot_reader,
    needs_broker,
    post,
    zebra_event,
)

from api.certificates import Pair, issue, make_authority
from readers import impinj
from readers.config import ReaderConfig
from readers.driver import Batch, ConnectionFailed, DriverError, Identity, ProtocolViolated, ReaderFrozen
from readers.iot.config import IotConfig
from readers.iot.found import Parcel
from readers.iot.httpstream import Asker, Endpoint
from readers.iot.memory import Memory
from readers.iot.webhook import Listening, Webhook
from readers.making import maker_for
from readers.tls import client_context, server_context


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server's and a client's certificate, and another authority that vouches for nothing here."""
    folder, now = tmp_path_factory.mktemp("tls"), Clock()()
    authority = make_authority("readers", (), now)
    server, client = (issue(authority, ["127.0.0.1"], kind, 10, now) for kind in ("server", "device"))
    pairs: dict[str, Pair] = {
        "ca": authority, "other": make_authority("others", (), now), "server": server, "client": client
    }  # fmt: skip
    for name, pair in pairs.items():
        (folder / f"{name}.pem").write_bytes(pair.certificate)
        (folder / f"{name}.key").write_bytes(pair.key)
    return folder


def opened(reader: ReaderConfig) -> Identity:
    found = maker_for(reader, Clock())()
    try:
        return found.open()
    finally:
        found.close()


def first(batches: Iterator[Batch], wanted: Callable[[Batch], object]) -> Batch:
    return next(batch for batch in batches if wanted(batch))


# The stream


@pytest.fixture
def streaming() -> Iterator[StreamReader]:
    found = StreamReader()
    yield found
    found.close()


def test_a_stream_over_tls_with_a_password_starts_the_inventory_and_says_what_the_reader_is(house: Path) -> None:
    device = StreamReader(server_context(house / "server.pem", house / "server.key"), "custody", "secret")
    iot = IotConfig(
        "stream", "127.0.0.1", device.port, user="custody", password="secret", ca=house / "ca.pem", preset="dock"
    )
    found = maker_for(ReaderConfig("dock", "impinj", iot=iot), Clock())()
    try:
        assert found.open() == Identity("R700", "8.4.1", (1, 2))
        assert device.asked[-1] == "GET /api/v1/data/stream"
        assert "POST /api/v1/profiles/inventory/presets/dock/start" in device.asked
        eventually(lambda: device.streams)
        assert device.status == "running"
    finally:
        found.close()
        device.close()


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"ca": "other.pem"}, ConnectionFailed, "no trusted connection to .* is `ca` its authority"),
        ({"password": "wrong"}, ConnectionFailed, "refuses us .*password_file"),
        ({"ca": None}, ConnectionFailed, "ended the connection|broke"),
        ({"preset": "nowhere"}, None, ""),
    ],
    ids=["another authority", "a wrong password", "without TLS", "a preset it starts though it says nothing of it"],
)
def test_who_is_not_known_is_not_listened_to(
    house: Path, changed: dict[str, object], error: type[Exception] | None, words: str
) -> None:
    device = StreamReader(server_context(house / "server.pem", house / "server.key"), "custody", "secret")
    given: dict[str, object] = {"user": "custody", "password": "secret", "ca": "ca.pem", **changed}
    given["ca"] = None if given["ca"] is None else house / str(given["ca"])
    reader = ReaderConfig("dock", "impinj", iot=IotConfig("stream", "127.0.0.1", device.port, **given))  # type: ignore[arg-type]
    try:
        if error is None:
            assert opened(reader).antennas == ()
        else:
            with pytest.raises(error, match=words):
                opened(reader)
    finally:
        device.close()


def test_a_reader_that_is_idle_covers_nothing_until_it_reads(streaming: StreamReader) -> None:
    streaming.tells_date = False
    found = maker_for(iot_reader("impinj", IotConfig("stream", "127.0.0.1", streaming.port)), Clock())()
    found.open()
    eventually(lambda: streaming.streams)
    batches = found.reads()
    assert next(batches).antennas == ()
    streaming.say({"inventoryStatusEvent": {"inventoryStatus": "running"}})
    assert first(batches, lambda batch: batch.antennas).antennas == (1,)
    streaming.say({"antennaDisconnectedEvent": {"antennaPort": 1}})
    assert first(batches, lambda batch: batch.note).antennas == ()
    found.close()


def test_the_readers_clock_is_asked_before_the_stream(streaming: StreamReader) -> None:
    streaming.date_offset_seconds, streaming.status = -7200.0, "running"
    clock = Clock()
    found = maker_for(iot_reader("impinj", IotConfig("stream", "127.0.0.1", streaming.port)), clock)()
    found.open()
    eventually(lambda: streaming.streams)
    at = clock()
    streaming.say(impinj_event(Heard(1, at - 7200 * SECOND)))
    batch = first(found.reads(), lambda batch: batch.reads)
    assert batch.clock_offset_us is not None
    assert abs(batch.clock_offset_us + 7200 * SECOND) < 2 * SECOND
    assert abs(batch.reads[0].read_at - at) < 2 * SECOND
    found.close()


def test_an_input_of_the_reader_is_told(streaming: StreamReader) -> None:
    streaming.tells_date = False
    found = maker_for(iot_reader("impinj", IotConfig("stream", "127.0.0.1", streaming.port)), Clock())()
    found.open()
    eventually(lambda: streaming.streams)
    streaming.say({"gpiTransitionEvent": {"gpi": 2, "transition": "low-to-high"}})
    (change,) = first(found.reads(), lambda batch: batch.inputs).inputs
    assert (change.reader, change.port, change.active) == ("dock", 2, True)
    found.close()


def test_a_reader_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        asker = Asker(Endpoint("127.0.0.1", mute.getsockname()[1], answer_seconds_max=0.2))
        with pytest.raises(ReaderFrozen, match=r"did not answer within 0\.2 s"):
            impinj.prepare("", lambda: NOON)(asker)


def test_close_ends_a_stream_from_another_thread(streaming: StreamReader) -> None:
    found = maker_for(iot_reader("impinj", IotConfig("stream", "127.0.0.1", streaming.port)), Clock())()
    found.open()
    batches: list[Batch] = []
    thread = threading.Thread(target=lambda: batches.extend(found.reads()))
    thread.start()
    found.close()
    found.close()
    thread.join(5)
    assert not thread.is_alive()


# Posts


class Listened:
    """A webhook, and a thread that takes what is posted and says that it is stored."""

    def __init__(self, listening: Listening, store: bool = True) -> None:
        self.source = Webhook(listening, lambda: NOON)
        self.parcels: list[Parcel] = []
        self._store = store
        self.source.open()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(DriverError):
            while True:
                for parcel in self.source.receive(0.05):
                    self.parcels.append(parcel)
                    if self._store and parcel.settle is not None:
                        parcel.settle()

    def __enter__(self) -> "Listened":
        return self

    def __exit__(self, *_: object) -> None:
        self.source.close()
        self._thread.join(5)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/dock", basic("dock", "secret"), b"[]", 200),
        ("/dock?serial=7", basic("dock", "secret"), b"", 200),
        ("/dock", basic("dock", "wrong"), b"[]", 401),
        ("/dock", {}, b"[]", 401),
        ("/dock", {"Authorization": "Basic ???"}, b"[]", 401),
        ("/other", basic("dock", "secret"), b"[]", 404),
        ("/dock", basic("dock", "secret"), b"x" * 2000, 413),
    ],
)
def test_a_post_is_answered_when_it_is_stored_and_else_refused(
    path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    with Listened(Listening("127.0.0.1", 0, "/dock", "dock", "secret", body_bytes_max=1000)) as listened:
        assert post(listened.source.port, path, body, headers) == status
        assert [parcel.payload for parcel in listened.parcels] == ([body] if status == 200 else [])


def test_a_post_that_nobody_stores_is_not_answered_with_200() -> None:
    with Listened(Listening("127.0.0.1", 0, answer_seconds=0.5), store=False) as listened:
        assert post(listened.source.port, "/", b"[]") == 503


def test_posts_follow_one_another_on_one_connection_in_pieces_and_after_being_asked_to_go_on() -> None:
    with Listened(Listening("127.0.0.1", 0)) as listened:
        connection = http.client.HTTPConnection("127.0.0.1", listened.source.port, timeout=10)
        for number in range(3):
            connection.request("POST", "/", iter([b"[", b"%d" % number, b"]"]), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})  # fmt: skip
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()
        with socket.create_connection(("127.0.0.1", listened.source.port), 5) as plain:
            plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            assert plain.recv(100).startswith(b"HTTP/1.1 100")
            plain.sendall(b"{}")
            assert plain.recv(100).startswith(b"HTTP/1.1 200")
        assert [parcel.payload for parcel in listened.parcels] == [b"[0]", b"[1]", b"[2]", b"{}"]


@pytest.mark.parametrize("sent", [b"\0\0\0\0\r\n\r\n", b"GET /" + b"a" * 40_000, b"POST / HTTP/1.1\r\n\r\n"])
def test_what_is_no_http_is_refused_and_costs_nobody_else(sent: bytes) -> None:
    with Listened(Listening("127.0.0.1", 0)) as listened:
        with socket.create_connection(("127.0.0.1", listened.source.port), 5) as plain, contextlib.suppress(OSError):
            plain.sendall(sent)
            assert plain.recv(100)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 431", b"")
        assert post(listened.source.port, "/", b"[]") == 200


def test_posts_over_tls_are_taken_and_plain_ones_are_not(house: Path) -> None:
    context = server_context(house / "server.pem", house / "server.key")
    with Listened(Listening("127.0.0.1", 0, tls=context)) as listened:
        secured = http.client.HTTPSConnection(
            "127.0.0.1", listened.source.port, timeout=5, context=client_context(house / "ca.pem")
        )
        secured.request("POST", "/", b"[]")
        assert secured.getresponse().status == 200
        secured.close()
        with pytest.raises(ConnectionError):
            post(listened.source.port, "/", b"[]")


def test_an_address_in_use_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConnectionFailed, match=f"cannot listen on 127.0.0.1:{port}: .*correct `listen`"):
            Webhook(Listening("127.0.0.1", port), lambda: NOON).open()


# The broker


@needs_broker
def test_a_broker_over_tls_knows_us_by_certificate_and_password_and_we_know_it(house: Path, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    assert MOSQUITTO is not None
    maker = Path(MOSQUITTO).parent.parent / "bin" / "mosquitto_passwd"
    subprocess.run([maker, "-b", "-c", passwords, "custody", "secret"], check=True, capture_output=True)
    broker = Broker(
        tmp_path / "broker", "allow_anonymous false", f"password_file {passwords}", f"cafile {house}/ca.pem",
        f"certfile {house}/server.pem", f"keyfile {house}/server.key", "require_certificate true",
    )  # fmt: skip

    def reader(**changed: object) -> ReaderConfig:
        given: dict[str, object] = {
            "user": "custody", "password": "secret", "ca": house / "ca.pem", "certificate": house / "client.pem",
            "key": house / "client.key", **changed,
        }  # fmt: skip
        return iot_reader("zebra", IotConfig("mqtt", "127.0.0.1", broker.port, ("dock",), "custody-dock", **given))  # type: ignore[arg-type]

    try:
        assert opened(reader()) == Identity(None, None, (1,))
        with pytest.raises(ConnectionFailed, match="is `ca` its authority"):
            opened(reader(ca=house / "other.pem"))
        with pytest.raises(ConnectionFailed, match=r"refuses us: .*password_file"):
            opened(reader(password="wrong"))
        with pytest.raises(DriverError):
            opened(reader(certificate=None, key=None))
        with pytest.raises(DriverError):
            opened(reader(ca=None, certificate=None, key=None))
    finally:
        broker.stop()


@needs_broker
def test_a_broker_that_restarts_is_found_again_and_what_it_kept_arrives(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    iot = IotConfig("mqtt", "127.0.0.1", broker.port, ("dock",), "custody-dock", totals=True)
    make = maker_for(iot_reader("zebra", iot), Clock())
    found = make()
    found.open()
    found.close()
    device = BrokerReader("zebra", broker, "dock")
    device.say([zebra_event(Heard(each, Clock()())) for each in range(5)])
    device.close()
    broker.stop()
    broker.start()
    again = make()
    try:
        again.open()
        batch = first(again.reads(), lambda batch: batch.reads)
        assert [read.epc for read in batch.reads] == [Heard(each, 0).epc for each in range(5)]
        assert batch.lost is None
        assert batch.receipt is not None
    finally:
        again.close()
        broker.stop()


@needs_broker
def test_a_broker_that_forgot_us_is_said(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    make = maker_for(
        iot_reader("zebra", IotConfig("mqtt", "127.0.0.1", broker.port, ("dock",), "custody-dock")), Clock()
    )
    found = make()
    found.open()
    found.close()
    broker.stop()
    (tmp_path / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    again = make()
    try:
        again.open()
        assert "kept no session for us" in str(next(again.reads()).lost)
    finally:
        again.close()
        broker.stop()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"\x20\x02\x00\x05", ConnectionFailed, "refuses us"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", DriverError, "MQTT|ended"),
        (b"\x30\xff\xff\xff\x7f", ProtocolViolated, "268435455 bytes"),
        (b"\x30\x01\x00", ProtocolViolated, "does not allow"),
        (b"", ConnectionFailed, "ended"),
    ],
    ids=["refused", "no MQTT", "256 megabytes", "a packet too short", "nothing"],
)
def test_a_peer_that_is_no_broker_is_said(answer: bytes, error: type[Exception], words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as peer:

        def serve() -> None:
            connection, _ = peer.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)
                if answer[:2] == b"\x30\xff":
                    connection.recv(1000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        iot = IotConfig("mqtt", "127.0.0.1", peer.getsockname()[1], ("dock",), "custody-dock")
        with pytest.raises(error, match=words):
            opened(iot_reader("zebra", iot))
        thread.join(5)


def test_tls_below_1_2_is_not_spoken(house: Path) -> None:
    for context in (client_context(house / "ca.pem"), server_context(house / "server.pem", house / "server.key")):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert client_context(house / "ca.pem").verify_mode == ssl.CERT_REQUIRED
    assert client_context(house / "ca.pem").check_hostname


def test_what_was_taken_is_known_again_and_bounded() -> None:
    memory = Memory("dock", [b"a" * 12, b"b" * 12])
    assert b"a" * 12 in memory.recent
    memory.recent.add(number.to_bytes(12, "big") for number in range(100_000))
    assert b"a" * 12 not in memory.recent
    assert (99_999).to_bytes(12, "big") in memory.recent
