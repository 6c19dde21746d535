"""A gate to look at: two antennas that listen, a beam, a passage, an alarm of its guard, something that lies there."""

from custody.values import SECOND
from readers.sighting import Instant
from reconcile.intake import AlarmRecord, InputRecord, IntakeBatch
from reconcile.store.core import ANTENNA, COVERAGE, LYING, READER, STAY, insert_new
from reconcile.store.intake import take
from reconcile.store.portals import BeamSetting, set_beam
from tests.reconcile.findings.scene import GATE, Scene

EVIDENCE = (
    '{"model":"portal-3","parts":{"base":-3.5,"order":1.7,"end":1.0,"reads":2.9,"sides":-2.8,"beam":1.5},'
    '"beam":{"passes":[{"at":%d,"way":"out"}],"watched":true,"offset_us":-900000,"offset_flagged":true}}'
)


def a_gate(scene: Scene, *, stuck: bool = False) -> None:
    """The gate listens with both antennas, and has a beam; `stuck`: its inner barrier has been broken for long."""
    with scene.database.writing() as connection:
        row = {"name": "gate", "enabled": True, "device": "", "title_zh": "东门", "title_en": "East gate"}
        row |= {"state": "listening", "detail": "", "enabled_at": scene.now - 86_400 * SECOND}
        insert_new(connection, READER, [row | {"through_at": scene.now}])
        for number, role in ((1, "inside"), (2, "outside")):
            insert_new(connection, ANTENNA, [{"reader": "gate", "number": number, "place": GATE, "role": role}])
            row = {"reader": "gate", "antenna": number, "since_at": scene.now - 3600 * SECOND}
            connection.execute(COVERAGE.insert().values(row | {"through_at": scene.now}))
        set_beam(connection, GATE, BeamSetting("gate", 1, 2))
        changes = [(300, 1, True), (299, 1, False), (299, 2, True), (298, 2, False)]
        changes += [(90, 1, True)] if stuck else []
        inputs = [
            InputRecord(n, "gate", port, active, ago(scene, seconds), scene.now)
            for n, (seconds, port, active) in enumerate(changes, 1)
        ]
        take(connection, "edge", IntakeBatch("edge", "9a7e0001", inputs=tuple(inputs)), scene.now)


def ago(scene: Scene, seconds: float) -> Instant:
    """So many seconds before the present."""
    return scene.now - int(seconds * SECOND)


def lies_there(scene: Scene, epc: str) -> None:
    """A tag has lain at the gate for two minutes."""
    row = {
        "epc": epc,
        "portal": GATE,
        "since_at": ago(scene, 130),
        "until_at": ago(scene, 5),
        "sides": "inside outside",
    }
    with scene.database.writing() as connection:
        connection.execute(LYING.insert().values(row | {"reader": "gate", "antenna": 1, "strongest_dbm": -55.0}))


def goes_by(scene: Scene, epc: str, *, heard: bool = True) -> None:
    """It went out five minutes ago, and the guard told so; `heard`: so did the server conclude."""
    row = {"epc": epc, "place": GATE, "since_at": ago(scene, 302), "until_at": ago(scene, 298), "reads": 12}
    row |= {"reader": "gate", "antenna": 2, "direction": "out", "score": 0.93, "strongest_dbm": -48.0}
    with scene.database.writing() as connection:
        if heard:
            connection.execute(STAY.insert().values(row | {"evidence": EVIDENCE % ago(scene, 299)}))
        alarm = AlarmRecord(
            1, "gate", "P-EAST", epc, ago(scene, 299), "out", 0.93, "alarm", "list_expired", 1763, "lamp: on", "{}"
        )
        take(connection, "edge", IntakeBatch("edge", "9a7e0002", alarms=(alarm,)), scene.now)
