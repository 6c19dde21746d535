"""Setting a reader up by pages: asked by its address, named, tied to places, tested by walking, configured."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.web.readers_setup import private_address
from custody.ledger import LedgerKey
from custody.store import audit
from custody.values import SECOND
from readers.config import ConfigInvalid, load
from readers.scenario import parse
from readers.virtual import VirtualReaderThread
from reconcile.intake import SightingRecord
from reconcile.store.core import READER_SETUP, SIGHTING
from reconcile.store.devices import token_hash
from reconcile.store.intake import take
from reconcile.store.portals import BeamSetting, set_beam
from reconcile.store.references import reference_tags
from tests.builders import NOW, SCHEME, SHELF, epc_of
from tests.reconcile.findings.scene import GATE
from tests.reconcile.presence.scenes import batch
from tests.web.front import Browser, Front, words

SCENARIO = parse(
    f"reader cabinet antennas 1:B1-01-1 2:B1-01-2\ncarrier loose {'E2' * 12}\n0 cabinet/1 arrive loose at -50\n"
)

REFERENCE, LOOSE = "3414F4A2FFFFFFFFFFFFFF01", "E28011700000020A1B2C3D4E"


@contextmanager
def a_reader() -> Iterator[int]:
    """The port of a reader that speaks LLRP."""
    with VirtualReaderThread(SCENARIO, {"cabinet": 0}, reads_per_second=5, seed=1) as readers:
        yield readers.ports["cabinet"]


@pytest.fixture
def admin(front: Front) -> Browser:
    """The system administrator at the pages."""
    return front.signed_in("admin")


def set_up(admin: Browser, name: str = "cabinet", **more: str) -> None:
    """A reader that edge-1 reads."""
    fields = {"name": name, "title_en": "Cabinet", "kind": "llrp", "device": "edge-1", "host": "10.0.0.9"} | more
    admin.send("/devices", device="edge-1")
    answer = admin.send("/readers", **fields)
    assert answer.headers["location"] == f"/readers/{name}/set-up", answer.text


def test_a_reader_is_asked_by_its_address_and_that_is_on_record(front: Front, admin: Browser) -> None:
    with a_reader() as port:
        page = admin.send("/readers/probe", host="127.0.0.1", port=str(port)).text
    shown = words(page)
    assert "It answers" in shown
    assert "virtual-1.0" in shown
    assert re.search(r'name="antennas" value="1, 2"', page)
    assert "Nobody answers at this address" in words(
        admin.send("/readers/probe", host="127.0.0.1", port=str(port)).text
    )
    with front.archive.books.database.reading() as connection:
        told = audit.events(connection, kinds=["reader_probed"])
    assert [one.detail["outcome"] for one in told] == ["nobody", "answered"]
    assert told[0].detail["host"] == "127.0.0.1"


def test_only_so_many_are_asked_a_minute(admin: Browser) -> None:
    with a_reader() as port:
        for _ in range(10):
            assert admin.send("/readers/probe", host="localhost", port=str(port)).status_code == 200
        answer = admin.send("/readers/probe", host="localhost", port=str(port))
    assert answer.status_code == 422
    assert "wait a little" in words(answer.text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("10.1.2.3", "10.1.2.3"),
        ("fd00::5", "fd00::5"),
        ("localhost", "127.0.0.1"),
        ("169.254.3.4", "169.254.3.4"),
        ("8.8.8.8", None),
        ("2001:4860:4860::8888", None),
        ("reader.example", None),
        ("0.0.0.0", None),
        ("224.0.0.1", None),
        ("255.255.255.255", None),
        ("192.168.1", None),
        ("", None),
    ],
)
def test_only_addresses_within_the_house_are_asked(text: str, address: str | None) -> None:
    assert private_address(text) == address


def test_an_address_outside_is_refused_without_asking(front: Front, admin: Browser) -> None:
    assert admin.send("/readers/probe", host="8.8.8.8").status_code == 422
    assert admin.send("/readers/probe", host="127.0.0.1", port="70000").status_code == 422
    with front.archive.books.database.reading() as connection:
        assert audit.events(connection, kinds=["reader_probed"]) == []


def test_antennas_are_named_tied_and_proved_in_one_form_or_not_at_all(front: Front, admin: Browser) -> None:
    set_up(admin, antennas="1, 2")
    page = admin.get("/readers/cabinet/set-up").text
    assert page.count('name="antenna"') == 3
    table = {
        "title.1": "left",
        "place.1": str(SHELF),
        "role.1": "place",
        "references.1": REFERENCE.lower(),
        "title.2": "right",
    }
    wrong = admin.send("/readers/cabinet/antennas", **table | {"antenna": ["1", "2"], "references.2": "nonsense"})
    assert wrong.status_code == 422
    assert 'href="#references.2"' in wrong.text
    with front.archive.books.database.reading() as connection:
        assert reference_tags(connection) == []
    assert admin.send("/readers/cabinet/antennas", **table | {"antenna": ["1", "2"]}).status_code == 303
    shown = words(admin.get("/readers/cabinet").text)
    assert "left B1-01-1" in shown
    assert "never heard yet" in shown
    with front.archive.books.database.reading() as connection:
        assert [(tag.number, tag.epc) for tag in reference_tags(connection)] == [(1, REFERENCE)]
    assert admin.send("/readers/cabinet/antennas", **{"antenna": "1", "place.1": str(SHELF)}).status_code == 303
    with front.archive.books.database.reading() as connection:
        assert reference_tags(connection) == []


def test_the_configuration_that_is_written_is_one_that_the_daemon_takes(admin: Browser, tmp_path: Path) -> None:
    set_up(admin, port="5085", antennas="1, 2")
    set_up(admin, name="desk", kind="replay")
    answer = admin.get("/devices/edge-1/configuration.toml")
    assert answer.headers["content-disposition"] == 'attachment; filename="edge-1.toml"'
    # Shown on the page is the very same; what is not finished is said there, and refused by the daemon.
    page = admin.get("/devices/edge-1/configuration").text
    assert html.unescape(page).count(answer.text) == 1
    assert "something needed is missing yet" in words(page)
    path = tmp_path / "edge-1.toml"
    path.write_text(answer.text.replace("http://testserver", "http://127.0.0.1:8000"))
    (tmp_path / "edge-1.token").write_text("a-token")
    with pytest.raises(ConfigInvalid, match="file is missing"):
        load(path)
    assert (
        admin.send("/readers/desk/set-up", kind="replay", device="edge-1", **{"key.file": "day.jsonl"}).status_code
        == 303
    )
    path.write_text(
        admin.get("/devices/edge-1/configuration.toml").text.replace("http://testserver", "http://127.0.0.1")
    )
    found = load(path)
    assert (found.name, found.token) == ("edge-1", "a-token")
    assert [(one.name, one.kind, one.host, one.port, one.antennas) for one in found.readers if one.kind == "llrp"] == [
        ("cabinet", "llrp", "10.0.0.9", 5085, (1, 2))
    ]
    assert admin.get("/devices/nobody/configuration").status_code == 404


def test_a_portal_is_guarded_by_the_daemon_that_hears_both_its_sides(
    front: Front, admin: Browser, tmp_path: Path
) -> None:
    set_up(admin, antennas="1")
    table = {"place.1": str(GATE), "role.1": "inside", "place.2": str(GATE), "role.2": "outside"}
    assert admin.send("/readers/cabinet/antennas", **table | {"antenna": ["1", "2"]}).status_code == 303
    with front.archive.books.database.writing() as connection:
        set_beam(connection, GATE, BeamSetting("cabinet", 3, 4, False))
    front.archive.books.use_key(LedgerKey.load_or_create(tmp_path / "ledger.key", SCHEME.ledger_origin))
    path = tmp_path / "edge-1.toml"
    text = admin.get("/devices/edge-1/configuration.toml").text
    path.write_text(text.replace("http://testserver", "http://127.0.0.1"))
    (tmp_path / "edge-1.token").write_text("a-token")
    found = load(path)
    (portal,) = found.doors.portals
    assert (portal.inside, portal.outside, portal.beam_inside, portal.beam_outside) == ((1,), (2,), 3, 4)
    # An antenna that was tied later is read too, and the list is the one that this server signs.
    assert (found.readers[0].antennas, found.readers[0].inputs) == ((1, 2), (3, 4))
    assert found.doors.guard is not None
    assert len(found.doors.guard.keys) == 1


def test_a_key_that_cannot_be_is_said_at_its_field(front: Front, admin: Browser) -> None:
    set_up(admin)
    fields = {"kind": "llrp", "device": "edge-1", "key.host": "10.0.0.9", "key.port": "70000"}
    answer = admin.send("/readers/cabinet/set-up", **fields)
    assert answer.status_code == 422
    assert 'href="#key.port"' in answer.text
    assert admin.send("/readers/cabinet/set-up", kind="telepathy").status_code == 422
    assert admin.send("/readers", name="new", title_en="x", kind="llrp").status_code == 422
    assert admin.send("/readers", name="a b", title_en="x", kind="llrp").status_code == 422
    # Another kind has other keys: those of the first are left behind.
    assert admin.send("/readers/cabinet/set-up", kind="replay", device="edge-1").status_code == 303
    with front.archive.books.database.reading() as connection:
        row = connection.execute(READER_SETUP.select()).one()
    assert (row.kind, row.options) == ("replay", "{}")


def test_a_walk_shows_the_loose_tag_and_no_carriers_number(front: Front, admin: Browser) -> None:
    set_up(admin)
    front.archive.carriers(2)
    now = front.clock()
    heard = [
        (1, epc_of(1), 1, -50.0),
        (2, epc_of(2), 1, -51.0),
        (3, LOOSE, 1, -40.0),
        (4, LOOSE, 2, -70.0),
        (5, LOOSE, 2, -61.0),
    ]
    records = [
        SightingRecord(number, epc, None, "cabinet", antenna, now - SECOND, now, 3, dbm, dbm, now)
        for number, epc, antenna, dbm in heard
    ]
    with front.archive.books.database.writing() as connection:
        take(connection, "edge-1", batch(records), now)
    page = admin.get(f"/readers/cabinet/test?tag={LOOSE.lower()}").text
    shown = words(page)
    assert "-40 dBm" in shown
    assert "-61 dBm" in shown
    assert "tags: 2" in shown
    assert page.count("ear-mine") == 2
    assert epc_of(1) not in page
    # Nor where its number is asked for.
    assert "ear-mine" not in admin.get(f"/readers/cabinet/test?tag={epc_of(1)}").text
    with front.archive.books.database.reading() as connection:
        assert connection.execute(SIGHTING.select()).first() is not None


@pytest.mark.parametrize(
    "address",
    ["/readers/new", "/readers/cabinet/set-up", "/readers/cabinet/test", "/devices/edge-1/configuration"],
)
def test_only_who_has_the_machines_in_care_sets_up(front: Front, admin: Browser, address: str) -> None:
    set_up(admin)
    assert front.signed_in("clerk").get(address).status_code == 403
    assert admin.get(address).status_code == 200


def test_a_device_learns_who_it_is_and_what_time_it_is(front: Front, admin: Browser) -> None:
    token = admin.send("/devices", device="edge-1").text.split('token-text">')[1].split("<")[0]
    http = front.browser().http
    answer = http.get("/api/v1/device", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["device"] == "edge-1"
    assert answer.json()["now"] >= NOW
    assert http.get("/api/v1/device", headers={"Authorization": "Bearer another"}).status_code == 401
    assert http.get("/api/v1/device").status_code == 401
    assert len(token_hash(token)) == 64
