"""The house's own authority, and what is served and believed under it; over real TLS."""

import random
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from api.certificates import (
    LEAF_DAYS_MAX,
    CertificateError,
    Pair,
    days_left,
    issue,
    load_authority,
    make_authority,
    read_certificate,
)
from api.cli import main
from api.installation import InstallationError
from api.serving import Front as Reached
from api.serving import Tls, listening_socket, serving
from api.web.system import certified
from custody import clock
from custody.values import DAY
from readers.config import ConfigInvalid, load
from readers.sighting import ReaderReport
from readers.spool import Spool
from readers.uplink import Uplink, pinned
from reconcile.store import devices
from tests.builders import NOW
from tests.web.front import PASSWORD, Front, number_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives exit code, stdout, stderr."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def authority(tmp_path: Path, run: Run) -> Path:
    """An authority for this machine, and a certificate by it."""
    folder = tmp_path / "ca"
    assert run("tls", "init", folder, "--permit", "127.0.0.0/8", "--permit", "archive.lan")[0] == 0
    assert run("tls", "issue", folder, "127.0.0.1", "archive.lan")[0] == 0
    return folder


def served_tls(folder: Path) -> Tls:
    return Tls(folder / "127.0.0.1.pem", folder / "127.0.0.1.key")


def test_keys_are_their_owners_alone_and_nothing_is_overwritten(authority: Path, run: Run) -> None:
    for name in ("ca.key", "127.0.0.1.key"):
        assert stat.S_IMODE((authority / name).stat().st_mode) == 0o600
    before = {path.name: path.read_bytes() for path in authority.iterdir()}
    for words in (("tls", "init", authority), ("tls", "issue", authority, "127.0.0.1")):
        code, _out, err = run(*words)
        assert (code, "nothing is overwritten" in err) == (2, True)
    assert {path.name: path.read_bytes() for path in authority.iterdir()} == before
    assert run("tls", "issue", authority, "127.0.0.1", "--renew", "--days", "30")[0] == 0
    code, out, _err = run("tls", "show", authority / "127.0.0.1.pem")
    assert (code, out.startswith("127.0.0.1: until ")) == (0, True)
    assert (authority / "127.0.0.1.key").read_bytes() != before["127.0.0.1.key"]


@pytest.mark.parametrize(
    ("names", "days", "said"),
    [
        ((), 30, "name at least one"),
        (("10.0.0.1",), 30, "may not issue for 10.0.0.1"),
        (("archive.lan.example",), 30, "may not issue for archive.lan.example"),
        (("evilarchive.lan",), 30, "may not issue for evilarchive.lan"),
        (("1.2.3.400",), 30, "neither a host name nor an address"),
        (("a b",), 30, "neither a host name nor an address"),
        (("127.0.0.1",), LEAF_DAYS_MAX + 1, "1 to 398 days"),
        (("127.0.0.1",), 0, "1 to 398 days"),
    ],
)
def test_what_is_not_issued(authority: Path, names: tuple[str, ...], days: int, said: str) -> None:
    with pytest.raises(CertificateError, match=said):
        issue(load_authority(authority), names, "server", days, NOW)


def test_a_leaf_never_outlives_its_authority() -> None:
    made = make_authority("old", (), NOW)
    late = NOW + 3_600 * DAY
    assert days_left(read_certificate(issue(made, ["x.lan"], "server", 398, late).certificate), late) == 52
    with pytest.raises(CertificateError, match="has ended"):
        issue(made, ["x.lan"], "server", 398, NOW + 3_653 * DAY)


@pytest.mark.parametrize("words", [("--host", "0.0.0.0"), ("--host", "10.0.0.5"), ("--host", "::")])
def test_plain_http_over_a_network_is_refused_before_anything_is_opened(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, _out, err = run("serve", "--data", tmp_path / "none", *words)
    assert (code, "--tls-cert" in err, "--plain-http-behind-proxy" in err) == (2, True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tls-cert", "x.pem"), "both --tls-cert and --tls-key"),
        (("--tls-cert", "x.pem", "--tls-key", "x.key", "--plain-http-behind-proxy", "127.0.0.1"), "one of the two"),
    ],
)
def test_half_said_is_refused(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, _out, err = run("serve", "--data", tmp_path / "none", *words)
    assert (code, said in err) == (2, True)


def test_a_key_that_does_not_fit_or_is_locked_is_told(authority: Path) -> None:
    with pytest.raises(InstallationError, match="custody tls issue"):
        Tls(authority / "127.0.0.1.pem", authority / "ca.key").context()
    with pytest.raises(InstallationError, match="custody tls issue"):
        Tls(authority / "none.pem", authority / "none.key").context()


@contextmanager
def served(front: Front, tls: Tls) -> Iterator[str]:
    """The archive behind the product's own server, over TLS."""
    services = replace(front.app.state.services, watch=None)
    with (
        closing(listening_socket("127.0.0.1", 0)) as sock,
        serving(services, sock, Reached(tls)) as url,
    ):
        yield url


def _delivers(front: Front, folder: Path, url: str, ca: Path) -> str | None:
    """What an edge daemon that believes `ca` says of its server; None where its records were taken."""
    token = "the-token-of-the-edge"
    with front.archive.books.database.writing() as connection:
        if devices.device_for_token(connection, devices.token_hash(token), NOW) is None:
            devices.create_device(connection, "edge-1", devices.token_hash(token), NOW)
    spool = Spool(folder / f"{ca.parent.name}.spool", f"{random.getrandbits(128):032x}")
    spool.append([ReaderReport("portal", "connecting", NOW)])
    uplink = Uplink(spool, daemon="edge-1", url=url, token=token, clock=clock.now, rng=random.Random(1), ca=ca)
    try:
        uplink.deliver_once()
        return uplink._trouble
    finally:
        uplink.close()
        spool.close()


def test_browser_and_edge_daemon_over_tls(front: Front, authority: Path, tmp_path: Path) -> None:
    """The right authority is believed and no other; old TLS is not spoken; the cookie is bound to the host."""
    other = tmp_path / "other"
    assert main(["tls", "init", str(other)]) == 0
    with served(front, served_tls(authority)) as url:
        right, wrong = pinned(authority / "ca.pem"), pinned(other / "ca.pem")
        with pytest.raises(httpx2.ConnectError), httpx2.Client(verify=wrong, trust_env=False) as stranger:
            stranger.get(f"{url}/sign-in")
        with httpx2.Client(verify=right, trust_env=False, base_url=url) as browser:
            answer = browser.post("/sign-in", data={"number": number_of("clerk"), "password": PASSWORD})
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-custody_session=")
            assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
            assert "domain" not in cookie.lower()
            assert answer.headers["strict-transport-security"]
            assert browser.get("/me").status_code == 200
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(authority / "ca.pem")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
        old.set_ciphers("AES128-SHA:@SECLEVEL=0")
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLError):
            old.wrap_socket(plain, server_hostname="127.0.0.1")
        assert _delivers(front, tmp_path, url, authority / "ca.pem") is None
        assert "cannot be reached" in str(_delivers(front, tmp_path, url, other / "ca.pem"))


def test_a_certificate_for_another_name_is_not_believed(front: Front, authority: Path, tmp_path: Path) -> None:
    assert main(["tls", "issue", str(authority), "archive.lan"]) == 0
    tls = Tls(authority / "archive.lan.pem", authority / "archive.lan.key")
    with served(front, tls) as url:
        assert "cannot be reached" in str(_delivers(front, tmp_path, url, authority / "ca.pem"))


EDGE = '[daemon]\nname = "e"\nspool = "e.spool"\n[server]\nurl = "{url}"\ntoken = "t"\n{ca}\n'
READER = '[[reader]]\nname = "r"\nkind = "llrp"\nhost = "127.0.0.1"\n'


@pytest.mark.parametrize(
    ("url", "ca", "said"),
    [
        ("https://archive.lan:8443", "", "https needs `ca`"),
        ("http://archive.lan:8000", "", "in the clear"),
        ("http://10.0.0.5:8000", "", "in the clear"),
        ("http://127.0.0.1:8000", 'ca = "ca.pem"', "https address only"),
        ("https://archive.lan:8443", 'ca = "none.pem"', "no certificate in PEM"),
        ("https://archive.lan:8443", 'ca = "edge.toml"', "no certificate in PEM"),
    ],
)
def test_an_edge_daemon_does_not_start_without_knowing_whom_to_believe(
    tmp_path: Path, url: str, ca: str, said: str
) -> None:
    (tmp_path / "ca.pem").write_bytes(make_authority("x", (), NOW).certificate)
    (tmp_path / "edge.toml").write_text(EDGE.format(url=url, ca=ca) + READER, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=said):
        load(tmp_path / "edge.toml")


def test_an_edge_daemon_with_an_authority_or_on_the_same_machine_starts(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(make_authority("x", (), NOW).certificate)
    for url, ca in (("https://archive.lan:8443", 'ca = "ca.pem"'), ("http://127.0.0.1:8000", "")):
        (tmp_path / "edge.toml").write_text(EDGE.format(url=url, ca=ca) + READER, encoding="utf-8")
        assert load(tmp_path / "edge.toml").ca == (tmp_path / "ca.pem" if ca else None)


def test_the_system_page_warns_in_time_and_is_the_system_administrators(front: Front, authority: Path) -> None:
    services = front.app.state.services
    certificate = authority / "127.0.0.1.pem"
    front.app.state.services = replace(services, certificate=certificate)
    until = services.clock() + days_left(read_certificate(certificate.read_bytes()), services.clock()) * DAY
    states = []
    for now in (until - 300 * DAY, until - 20 * DAY, until + 2 * DAY):
        found = certified(front.app.state.services, now)
        assert found is not None
        states.append(found.state)
    assert states == ["ok", "due", "bad"]
    page = front.signed_in("admin").get("/system")
    assert (page.status_code, "Certificate for 127.0.0.1" in page.text) == (200, True)
    for who in ("clerk", "he", "secrecy"):
        assert front.signed_in(who).get("/system").status_code == 403


def test_the_pair_of_a_leaf_carries_the_chain() -> None:
    made = make_authority("x", ("lan",), NOW)
    leaf = issue(made, ["a.lan"], "device", 30, NOW)
    assert isinstance(leaf, Pair)
    assert leaf.certificate.endswith(made.certificate)
