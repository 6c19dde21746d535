"""Towards the server the daemon believes one authority: whoever else answers gets nothing, and nothing is lost."""

import random
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from edge_doubles import ServerDouble, now_us

from api.certificates import Pair, issue, make_authority
from custody.values import DAY
from readers.sighting import Sighting
from readers.spool import Spool
from readers.uplink import Uplink

NOON = 1_750_000_000_000_000


@dataclass(frozen=True)
class Office:
    """Two authorities: the pinned one and another."""

    folder: Path
    ours: Pair
    theirs: Pair

    def served(self, pair: Pair, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """What a server with this certificate speaks."""
        (self.folder / "server.pem").write_bytes(pair.certificate)
        (self.folder / "server.key").write_bytes(pair.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        if newest < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
        return context


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("office")
    found = Office(folder, *(make_authority(name, [], now_us() - 100 * DAY) for name in ("ours", "theirs")))
    (folder / "ca.pem").write_bytes(found.ours.certificate)
    return found


def good(office: Office) -> ssl.SSLContext:
    return office.served(issue(office.ours, ["127.0.0.1"], "server", 30, now_us()))


def of_another_authority(office: Office) -> ssl.SSLContext:
    return office.served(issue(office.theirs, ["127.0.0.1"], "server", 30, now_us()))


def expired(office: Office) -> ssl.SSLContext:
    return office.served(issue(office.ours, ["127.0.0.1"], "server", 30, now_us() - 60 * DAY))


def not_yet_valid(office: Office) -> ssl.SSLContext:
    return office.served(issue(office.ours, ["127.0.0.1"], "server", 30, now_us() + 60 * DAY))


def for_another_name(office: Office) -> ssl.SSLContext:
    return office.served(issue(office.ours, ["archive.lan"], "server", 30, now_us()))


def of_old_tls(office: Office) -> ssl.SSLContext:
    return office.served(issue(office.ours, ["127.0.0.1"], "server", 30, now_us()), ssl.TLSVersion.TLSv1_1)


def in_the_clear(_office: Office) -> None:
    return None


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Spool]:
    found = Spool(tmp_path / "edge.spool", "b" * 32)
    found.append([Sighting(f"{at:024X}", "cabinet", 1, NOON, NOON, 1, None, None, NOON) for at in range(9)])
    yield found
    found.close()


def tried(server: ServerDouble, office: Office, box: Spool, tls: ssl.SSLContext | None) -> bool | None:
    """One attempt to deliver to a server that speaks so."""
    if tls is not None:
        server._server.socket = tls.wrap_socket(server._server.socket, server_side=True)
    # Its refusals end connections; that is the point, and nothing to print.
    server._server.handle_error = lambda *_: None  # type: ignore[method-assign]
    uplink = Uplink(
        box,
        daemon="edge-1",
        url=server.url.replace("http:", "https:"),
        token=server.token,
        clock=now_us,
        rng=random.Random(1),
        ca=office.folder / "ca.pem",
    )
    try:
        return uplink.deliver_once()
    finally:
        uplink.close()


IMPOSTORS: list[tuple[Callable[[Office], ssl.SSLContext | None], str]] = [
    (of_another_authority, "unable to get local issuer|self-signed"),
    (expired, "has expired"),
    (not_yet_valid, "not yet valid"),
    (for_another_name, "IP address mismatch"),
    (of_old_tls, "alert protocol version|unsupported protocol"),
    (in_the_clear, "wrong version number|WRONG_VERSION"),
]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("impostor", "said"), IMPOSTORS, ids=[row[0].__name__.replace("_", " ") for row in IMPOSTORS])
def test_an_impostor_gets_nothing_and_nothing_is_lost(
    office: Office,
    box: Spool,
    impostor: Callable[[Office], ssl.SSLContext | None],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ServerDouble() as server:
        assert tried(server, office, box, impostor(office)) is False
        assert (server.journal, box.counts().waiting) == ([], 9)
    assert re.search(f"cannot be reached.*({said})", caplog.text)
    # When the right one answers, all of it goes there.
    with ServerDouble() as server:
        assert tried(server, office, box, good(office)) is True
        assert (len(server.of_kind("sightings")), box.counts().waiting) == (9, 0)


def test_a_server_that_sends_elsewhere_is_not_followed(
    office: Office, box: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirect to an address in the clear would carry the token with it."""
    with ServerDouble() as elsewhere, ServerDouble() as server:

        def post(request: BaseHTTPRequestHandler) -> None:
            request.send_response(307)
            request.send_header("Location", f"{elsewhere.url}/api/v1/intake")
            request.send_header("Content-Length", "0")
            request.end_headers()

        server._post = post  # type: ignore[method-assign]
        assert tried(server, office, box, good(office)) is False
        assert (elsewhere.journal, box.counts().waiting) == ([], 9)
    assert "status 307" in caplog.text
