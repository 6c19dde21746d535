"""Tokens of devices: they open what devices send and nothing else; given, changed with an overlap, taken away, told."""

import json
import re

import pytest
from sqlalchemy import text

from api.rest.asking import PREFIX
from custody.store import audit
from custody.values import SECOND
from reconcile.store import devices
from tests.builders import NOW
from tests.web.front import Front, words
from tests.web.shell.factor import tried
from tests.web.shell.test_forgery import filled, unsafe

HOUR = 3600 * SECOND
TOKEN = "a device's long random token"


@pytest.fixture
def admitted(front: Front) -> Front:
    """A house with one device."""
    with front.archive.books.database.writing() as connection:
        devices.create_device(connection, "edge-1", devices.token_hash(TOKEN), NOW)
    return front


def sends(front: Front, token: str) -> int:
    """What the intake answers to a device with this token; 400: it was let in, with nothing of use."""
    headers = {"Authorization": f"Bearer {token}"}
    return int(front.browser().http.post(f"{PREFIX}/intake", content=b"{}", headers=headers).status_code)


def test_its_token_opens_what_devices_send_and_no_other_route(admitted: Front) -> None:
    assert sends(admitted, TOKEN) == 400
    http = admitted.browser().http
    http.cookies.set("custody_session", TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}", "X-CSRF-Token": TOKEN}
    served = {path for path in admitted.app.state.served if not path.startswith(("/static", "/sign-in", "/verify"))}
    opened = []
    for path in sorted(served):
        answer = http.get(filled(path), headers=headers)
        to_the_door = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
        if not to_the_door and answer.status_code != 401:
            opened.append((path, answer.status_code))
    # What needs no sign-in; who the device is, and what may pass the doors: its token may ask, and that takes nothing.
    public = {f"{PREFIX}/health", f"{PREFIX}/openapi.json", f"{PREFIX}/device", f"{PREFIX}/door-list"}
    # A script, the help at the door, and whether the server answers: the same for everybody.
    public |= {"/sw.js", "/help/sign-in", "/beat", "/rounds/shell"}
    assert [one for one in opened if one[0] not in public and one[1] not in (404, 422)] == []
    for method, path, _ in unsafe():
        if path in (f"{PREFIX}/intake", f"{PREFIX}/handheld/reads", f"{PREFIX}/session", "/sign-in", "/csp-report"):
            continue
        answer = http.request(method, filled(path), headers=headers, json={})
        assert answer.status_code in (401, 303), path
        assert answer.status_code == 401 or answer.headers["location"].startswith("/sign-in"), path


def test_another_token_is_given_with_an_overlap(admitted: Front) -> None:
    admin = admitted.signed_in("admin")
    answer = admin.send("/devices/edge-1/rotate")
    found = re.search(r'token-text">([\w-]{40,})<', answer.text)
    assert found, answer.text
    assert "the old token works until" in words(answer.text)
    assert (sends(admitted, found[1]), sends(admitted, TOKEN)) == (400, 400)
    admitted.clock.at += 24 * HOUR
    assert (sends(admitted, found[1]), sends(admitted, TOKEN)) == (400, 401)
    assert admin.send("/devices/nobody/rotate").status_code in (303, 404)


def test_revoking_ends_both_tokens_at_once(admitted: Front) -> None:
    database = admitted.archive.books.database
    with database.writing() as connection:
        devices.rotate_device(connection, "edge-1", devices.token_hash("new"), NOW, NOW + HOUR)
        with pytest.raises(devices.DeviceExists):
            devices.create_device(connection, "edge-2", devices.token_hash(TOKEN), NOW)
    assert (sends(admitted, "new"), sends(admitted, TOKEN)) == (400, 400)
    admitted.signed_in("admin").send("/devices/edge-1/revoke")
    assert (sends(admitted, "new"), sends(admitted, TOKEN), sends(admitted, "")) == (401, 401, 401)
    with database.writing() as connection, pytest.raises(devices.DeviceUnknown):
        devices.rotate_device(connection, "edge-1", devices.token_hash("third"), NOW, NOW + HOUR)


def test_every_change_is_told_without_the_token_and_a_changed_row_is_found(admitted: Front) -> None:
    admin, database = admitted.signed_in("admin"), admitted.archive.books.database
    token = admin.send("/devices/edge-1/rotate").text.split('token-text">')[1].split("<")[0]
    with database.reading() as connection:
        told = audit.events(connection, kinds=("device_admitted", "device_rotated"))
        rows = [str(row) for row in connection.execute(text("SELECT * FROM device"))]
        assert devices.differences(connection) == []
    assert [one.kind for one in told] == ["device_rotated", "device_admitted"]
    kept = json.dumps([dict(one.detail) for one in told]) + " ".join(rows)
    assert token not in kept
    assert TOKEN not in kept
    for change in (
        f"UPDATE device SET token_hash = '{devices.token_hash('thief')}'",
        f"UPDATE device SET old_token_hash = '{devices.token_hash('thief')}'",
        f"UPDATE device SET old_until_at = {NOW * 2}",
        "UPDATE device SET revoked = true",
        "DELETE FROM device",
        "INSERT INTO device (name, token_hash, revoked, created_at, old_token_hash) VALUES ('x', 'y', false, 1, '')",
    ):
        with tried(database) as connection:
            connection.execute(text(change))
            assert devices.differences(connection), change
