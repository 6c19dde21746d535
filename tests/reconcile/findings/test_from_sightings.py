"""The whole way on both engines: sightings in, presence folded, stories compared, findings out."""

from custody.values import SECOND
from reconcile.presence import settings_from
from reconcile.store.core import ANTENNA, COVERAGE, READER, SIGHTING, insert_new
from reconcile.store.presence import fold_new
from tests.builders import CLERK, SCHEME, SHELF, SHELF_2
from tests.reconcile.findings.scene import GATE, Scene

ANTENNAS = (("cabinet", 1, SHELF, "place"), ("cabinet", 2, SHELF_2, "place"))
ANTENNAS += (("portal", 1, GATE, "inside"), ("portal", 2, GATE, "outside"))


class Radio:
    """Two shelves and a gate that listen, and what they hear."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.began = scene.now
        self.sequence = 0
        with scene.database.writing() as connection:
            for reader, number, place, role in ANTENNAS:
                row = {"name": reader, "enabled": True, "device": "", "title_zh": "", "title_en": ""}
                row |= {"state": "listening", "detail": "", "enabled_at": scene.now}
                insert_new(connection, READER, [row])
                insert_new(connection, ANTENNA, [{"reader": reader, "number": number, "place": place, "role": role}])

    def hears(self, carrier: int, reader: str, antenna: int, reads: int = 5, strength_dbm: float = -50.0) -> None:
        """One sighting of a second, up to now."""
        (epc,) = self.scene.epcs(carrier)
        self.sequence += 1
        row = {"source": 1, "sequence": self.sequence, "epc": epc, "reader": reader, "antenna": antenna}
        row |= {"first_at": self.scene.now - SECOND, "last_at": self.scene.now, "count": reads}
        row |= {"strongest_dbm": strength_dbm, "mean_dbm": strength_dbm, "received_at": self.scene.now}
        with self.scene.database.writing() as connection:
            connection.execute(SIGHTING.insert().values(row))

    def compare(self) -> list[str]:
        """Fold and check, with everything listened to up to now; kinds of the open findings."""
        with self.scene.database.writing() as connection:
            connection.execute(COVERAGE.delete())
            for reader, number, _place, _role in ANTENNAS:
                row = {"reader": reader, "antenna": number, "since_at": self.began, "through_at": self.scene.now}
                connection.execute(COVERAGE.insert().values(row))
        fold_new(self.scene.database, settings_from(SCHEME), self.scene.now)
        self.scene.check()
        return self.scene.kinds()


def test_a_day_of_one_carrier(scene: Scene) -> None:
    # Given a carrier that lies on its shelf for twenty minutes
    carrier = scene.archive.carrier()
    radio = Radio(scene)
    for _ in range(120):
        scene.wait(10)
        radio.hears(carrier, "cabinet", 1)
    assert radio.compare() == []
    # When it is put on the other shelf, where it is heard in turns as on the first, it is misplaced after a minute that
    # it is believed there, and not before
    for _ in range(3):
        scene.wait(10)
        radio.hears(carrier, "cabinet", 2)
    assert radio.compare() == []
    for _ in range(18):
        scene.wait(10)
        radio.hears(carrier, "cabinet", 2)
    assert radio.compare() == ["misplaced"]
    # When it is put back, that clears; a weak cross read from the other shelf changes nothing
    for _ in range(24):
        scene.wait(10)
        radio.hears(carrier, "cabinet", 1)
        radio.hears(carrier, "cabinet", 2, reads=1, strength_dbm=-70.0)
    assert radio.compare() == []
    # When it falls silent, it is missing after five minutes of listening
    scene.wait(310)
    assert radio.compare() == ["missing"]


def test_e_1_detect__carried_past_the_gate(scene: Scene) -> None:
    # Given a carrier on its shelf, that is taken out by the gate, lent to nobody
    carrier = scene.archive.carrier()
    radio = Radio(scene)
    for _ in range(12):
        scene.wait(10)
        radio.hears(carrier, "cabinet", 1)
    assert radio.compare() == []
    scene.wait(20)
    for antenna in (1, 1, 1, 2, 2, 2):
        scene.wait(1)
        radio.hears(carrier, "portal", antenna)
    # Then the alarm is there as soon as nobody has turned round in the door, however long nobody hears it again
    scene.wait(5)
    assert radio.compare() == ["unauthorised_removal"]
    scene.wait(1_200)
    assert radio.compare() == ["unauthorised_removal"]
    line = scene.only(subject=CLERK).line
    assert line.evidence["radio"]["direction"] == "out"
    assert line.evidence["parts"]["model"].startswith("portal")
