"""An archive in which every table of the record holds rows, written by the product's own hands, and sealed."""

from sqlalchemy import Connection

from api import store
from custody.access import Permission, Role
from custody.database import Database
from custody.entries import Delegated
from custody.entries.circulation import Queued
from custody.entries.production import LabelsAllotted
from custody.ledger import LedgerKey, VerifierKey
from custody.procedures.undertakings import SUBJECTS
from custody.rules import Refusal, Refused
from custody.store import account_requests, audit, credentials, emergency, looks, witnessing
from custody.store.books import Books
from custody.store.checking import whole_check
from custody.store.refused import Tried, note_refusal
from custody.store.schema import COSIGNATURE
from custody.store.sealing import seal
from custody.values import DAY, Delegation, Instant
from reconcile.findings import acts as finding_acts
from reconcile.rounds import open_round, scan_many
from reconcile.rounds.acts import Scan
from reconcile.store import devices, readers
from reconcile.store.core import DOOR_ALARM, READER_EVENT
from tests.builders import (
    CLERK,
    LEADER,
    LOW_SHELF,
    NOW,
    PEOPLE,
    SCHEME,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    Archive,
    epc_of,
    subject,
)
from tests.custody.copying import scenes as copying
from tests.custody.destruction.batches import a_batch
from tests.custody.entry.scene import answered_for, issued, signs
from tests.custody.production import scene as production
from tests.reconcile.findings.scene import Scene, a_scene
from tests.trust.accounts_scene import lived


def a_full_house(database: Database, key: LedgerKey) -> Books:
    """Books in which everything has happened at least twice, sealed, with two checkpoints."""
    scene = a_scene(database)
    books = Books(database, SCHEME, scene.clock, scene.archive.books.nonce, key)
    scene.archive.books = books
    _books(scene.archive)
    books.checkpoint()
    _comparison(scene)
    with database.writing() as connection:
        lived(connection, scene.now)
        for at in range(3):
            _logs(connection, at)
    assert seal(books) > 0
    books.checkpoint()
    scene.wait(60)
    with database.writing() as connection:
        for at in range(3, 6):
            _logs(connection, at)
        _trust(connection, scene.now)
    whole_check(books)
    whole_check(books)
    with database.writing() as connection:
        audit.note(connection, "signed_out", scene.now, by=PEOPLE["chen"])
    assert seal(books) > 0
    assert books.rebuild_check() == []
    return books


def _trust(connection: Connection, now: Instant) -> None:
    """What administrators and witnesses leave behind."""
    asked = account_requests.Asked("grant", PEOPLE["clerk"], "增派", (Role.MEETING_SECRETARY,), 3)
    account_requests.ask(connection, SCHEME, asked, PEOPLE["admin"], now)
    asked = account_requests.Asked("close", PEOPLE["manager"], "调离")
    account_requests.ask(connection, SCHEME, asked, PEOPLE["admin"], now)
    for name, unit in (("clerk", 4), ("manager", 4)):
        role = Role.MANAGER if name == "clerk" else Role.CLERK
        by = PEOPLE["secrecy"]
        who = PEOPLE[name]
        emergency.begin(
            connection, SCHEME, person=who, role=role, unit=unit, seconds=60, reason="夜间", confirmed_by=by, now=now
        )
    for name in ("clerk", "manager"):
        credentials.begin_totp(connection, PEOPLE[name], f"sealed-{name}", now)
        begun = credentials.totp(connection, PEOPLE[name], confirmed=False)
        assert begun is not None
        credentials.confirm_totp(connection, begun.id, 7, now)
        credentials.set_recovery(connection, PEOPLE[name], [f"{name}{at}" for at in range(2)], now)
    for number in range(2):
        devices.create_device(connection, f"edge-{number}", f"{number:064x}", now, by=PEOPLE["admin"])
        vkey = VerifierKey(f"witness-{number}", bytes([number]) * 32, b"\x04")
        witnessing.add(connection, str(vkey), f"token {number}", now, by=PEOPLE["admin"])
        row = {"witness": vkey.name, "size": 5 + number, "line": f"— {number}", "witnessed_at": now, "received_at": now}
        connection.execute(COSIGNATURE.insert().values(row))


def _books(archive: Archive) -> None:
    lent, queued, again = archive.carriers(3, scope=("unit:4", "post:general", "all"))
    for carrier in (lent, again):
        archive.borrow(carrier, "chen")
    archive.enter(subject("sun", Role.BORROWER), [Queued(lent, PEOPLE["sun"])], "queue")
    archive.enter(subject("zhao", Role.BORROWER), [Queued(lent, PEOPLE["zhao"])], "queue")
    copying.copies(archive, queued, 2)
    a_batch(archive).ready()
    for first in (1, 2):
        order = production.approved_order(archive, quantity=2, control_number=f"L-{first}")
        archive.enter(CLERK, [LabelsAllotted(order, (epc_of(900_000 + first),))], "production_labels")
    for number, place in enumerate((SHELF, SHELF_2)):
        answered_for(archive, place)
        given = archive.books.reserve("delegation", 1)[0]
        permissions = (Permission.APPROVE_LEADER.value,)
        until = archive.books.clock() + (3 + number) * DAY
        deputy = Delegation(given, PEOPLE["leader"], PEOPLE["committee"], permissions, NOW, until, "出差")
        archive.enter(LEADER, [Delegated(deputy)], "delegate")
        body = archive.organisation(f"BODY-{number}")
        archive.licence(body)
        archive.agreement(body)
        issued(archive, SUBJECTS[number])
        signs(archive, "chen", SUBJECTS[number])


def _comparison(scene: Scene) -> None:
    database, archive = scene.database, scene.archive
    gone, astray = archive.carriers(2, place=LOW_SHELF, level="confidential")
    with database.writing() as connection:
        for number, place in ((1, SHELF), (2, LOW_SHELF)):
            name = f"reader-{place}-place"
            readers.upsert_reader(connection, name, scene.now, title_zh=f"{number}号柜", title_en=f"Cabinet {number}")
            readers.upsert_antenna(connection, name, 1, place)
            row = {"source": 1, "sequence": number, "reader": name, "state": "listening", "at": scene.now, "detail": ""}
            connection.execute(READER_EVENT.insert().values(row))
            # Known to nobody's register: what alarms at a door need not be a tag of ours.
            row = {"source": 1, "sequence": 10 + number, "reader": name, "portal": "west", "epc": f"E0{number:02X}"}
            row |= {"at": scene.now, "direction": "out", "score": 0.9, "level": "alarm", "reason": "unknown_tag"}
            row |= {"door_list": 1, "outputs": "", "parts": "{}", "received_at": scene.now}
            connection.execute(DOOR_ALARM.insert().values(row))
    scene.wait(2 * 86_400)
    scene.heard(gone, SHELF, seconds=86_400)
    scene.heard(astray, SHELF, seconds=86_400)
    opened = scene.check("misplaced").opened
    assert len(opened) == 2
    finding_acts.acknowledge(database, SECRECY_OFFICE, opened[0], scene.now, "看到了")
    for place in (SHELF, LOW_SHELF):
        sweep = open_round(database, archive.books, CLERK, place, scene.now)
        with database.writing() as connection:
            scans = [Scan(f"{sweep}-{one}", epc_of(one), scene.now) for one in (gone, astray)]
            scan_many(connection, CLERK, sweep, scans)


def _logs(connection: Connection, at: int) -> None:
    """A row or two of each log."""
    when = NOW + 3 * DAY + at
    audit.note(connection, "signed_out", when, by=PEOPLE["chen"], about=PEOPLE["chen"], address="10.0.0.1")
    looks.note_looks(connection, when, PEOPLE["chen"], [1 + at, 20 + at], "page", f"{at}")
    tried = Tried(when, PEOPLE["chen"], f"borrow{at}", "borrowed", 1 + at, 2)
    note_refusal(connection, tried, Refused([Refusal("c.5", "not_cleared"), Refusal("c.1", "outside_scope")]))
    store.log_export(connection, PEOPLE["clerk"], when, "carriers", '{"level":"secret"}', 5 + at)
    printed = store.Print("JY-2026-0001", 1, 0, PEOPLE["clerk"], when, "zh", 1, 1, f"{at:064x}", 7 + at)
    store.log_print(connection, printed)
