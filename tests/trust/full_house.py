"""An archive in which every table of the record holds rows, written by the product's own hands, and sealed."""

from collections.abc import Sequence
from random import Random

from sqlalchemy import Connection, select

from api import import_records, saved_views, store
from custody.access import Permission, Role
from custody.database import Database
from custody.entries import Delegated
from custody.entries.badges import BadgeGiven, BadgeWithdrawn
from custody.entries.circulation import Queued
from custody.entries.production import LabelsAllotted
from custody.ledger import LedgerKey, VerifierKey
from custody.procedures.undertakings import SUBJECTS
from custody.rules import Refusal, Refused
from custody.store import account_requests, audit, credentials, emergency, looks, tag_numbers, witnessing
from custody.store.books import Books
from custody.store.checking import whole_check
from custody.store.marks import highest_rank, write_mark
from custody.store.refused import Tried, note_refusal
from custody.store.schema import COSIGNATURE, MATTER, TAG
from custody.store.sealing import seal
from custody.store.tag_numbers import Step
from custody.values import DAY, Delegation, Instant
from readers.handheld import Read
from reconcile import cases
from reconcile.findings import acts as finding_acts
from reconcile.intake import SightingRecord
from reconcile.presence import Calibration, Hearing, Lying, Move
from reconcile.rounds import open_round, pause, scan_many
from reconcile.rounds.acts import Scan
from reconcile.rounds.handing import HandOver, hand_over
from reconcile.rounds.replaying import Event
from reconcile.store import (
    calibrations,
    counts,
    devices,
    digests,
    door_lists,
    handhelds,
    plans,
    portals,
    readers,
    setting_up,
    taps,
    trials,
)
from reconcile.store.core import DOOR_ALARM, READER_EVENT, TAG_READABILITY
from reconcile.store.handhelds import Upload
from reconcile.store.plans import Spot
from reconcile.store.presence import conclusions
from reconcile.store.references import add_reference_tag
from tests.builders import (
    CLERK,
    LEADER,
    LOW_SHELF,
    NOW,
    PEOPLE,
    READING,
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
from tests.reconcile.findings.scene import GATE, Scene, a_scene
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
        for passed in (2, 1):
            write_mark(connection, highest_rank(SCHEME), books.position(connection) // passed)
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


def _desk(scene: Scene) -> None:
    """Two badges, one of them withdrawn; each was held to a desk and signed something there."""
    database, archive = scene.database, scene.archive
    cards = ("04A2B3C4D5E680", "1A2B3C4D")
    for who, card in zip(("chen", "zhao"), cards, strict=True):
        archive.enter(CLERK, [BadgeGiven(PEOPLE[who], card)], "badge", who)
    archive.enter(CLERK, [BadgeWithdrawn(PEOPLE["zhao"], cards[1], "lost")], "badge_withdrawal")
    with database.writing() as connection:
        readers.upsert_reader(connection, "desk-1", scene.now, title_zh="借阅台", title_en="Lending desk")
        readers.upsert_antenna(connection, "desk-1", 1, READING, "desk")
        heard = [
            SightingRecord(at, one, None, "desk-1", 1, NOW, NOW, 1, None, None, NOW) for at, one in enumerate(cards)
        ]
        taps.take_taps(connection, heard, scene.now)
        for number, tap in enumerate(taps.taps_after(connection, "desk-1", 0), 1):
            taps.use_tap(connection, tap, PEOPLE["chen"], f"JY-2026-000{number}", scene.now)


def _tags(scene: Scene) -> None:
    """Two batches: one for two carriers, of which one label is given up, and one of blank labels."""
    random = Random(3)
    for carriers in (scene.archive.carriers(2, tagged=False), [None, None]):
        with scene.database.writing() as connection:
            number = tag_numbers.open_batch(
                connection,
                SCHEME.numbering(),
                random.randrange,
                carriers,
                means="hand",
                device="",
                by=CLERK.person,
                now=scene.now,
                timezone=SCHEME.timezone,
            )
            first, second = tag_numbers.lines(connection, number)
            tag_numbers.step(connection, first, Step(first.epc, "spoiled", "撕裂", by=CLERK.person), scene.now)
            chip = f"E280116060{number[-4:]}0001"
            tag_numbers.step(connection, second, Step(second.epc, "verified", tid=chip), scene.now)


def _handhelds(scene: Scene) -> None:
    """What three handhelds brought: one file with a tag that is nobody's, one sent by itself, one withdrawn."""
    with scene.database.writing() as connection:
        tags = [*connection.scalars(select(TAG.c.epc).order_by(TAG.c.carrier)), epc_of(888_888)]
        for nth, (by, some) in enumerate(((CLERK.person, tags), (None, tags[:2]), (CLERK.person, tags[:1]))):
            reads = [Read(row, epc, None, NOW + row, NOW + row, NOW + row, -60.0, 1, 1) for row, epc in enumerate(some)]
            brought = Upload(f"H{nth}", "file", f"{nth:064x}", f"{nth}.csv", by, len(reads), 0)
            taken = handhelds.take(connection, brought, reads, scene.now, SCHEME.timezone)
        handhelds.withdraw(connection, taken.number, CLERK.person, "拿错了", scene.now)


def _doors(scene: Scene) -> None:
    """The beam of a portal, and two lists of what may pass, the second because the first had aged."""
    with scene.database.writing() as connection:
        readers.upsert_reader(connection, "gate", scene.now, title_zh="东门", title_en="East gate")
        portals.set_beam(connection, GATE, portals.BeamSetting("gate", 1, 2))
        for epc in connection.scalars(select(TAG.c.epc)).all():
            lay = Lying(GATE, scene.now, scene.now + 90, ("inside",), "gate", 1, -50.0)
            portals.keep_lying(connection, {epc: [lay]})
        for later in (0, DAY):
            door_lists.present_list(connection, SCHEME.ledger_origin, SCHEME, scene.now + later)


def _taught(scene: Scene) -> None:
    """What was concluded of every tag, how well it answers; and two versions of what the site taught, once in force."""
    with scene.database.writing() as connection:
        for number, epc in enumerate(connection.scalars(select(TAG.c.epc).order_by(TAG.c.epc)).all()):
            move = Move(None, SHELF, scene.now, scene.now, "confirmed", "places", {})
            conclusions.add(connection, [conclusions.row_of(epc, move, scene.now)])
            row = {"epc": epc, "at": scene.now, "windows": 900, "expected": 800, "got": 30, "weak": number % 2 == 0}
            connection.execute(TAG_READABILITY.insert().values(row))
        for version in (1, 2):
            heard = {("reader-4-place", 1, SHELF): Hearing((0.2, 0.6, 0.9), -55.0 - version, 6.0, 900, 5)}
            span = {"since_at": scene.now - DAY, "until_at": scene.now, "tags": 5, "observations": 900}
            learnt = Calibration(version, heard)
            calibrations.keep_version(connection, learnt, at=scene.now, by=CLERK.person, **span)
            calibrations.put_in_force(connection, version, at=scene.now + version, by=CLERK.person, reason="核对过")


def _comparison(scene: Scene) -> None:
    database, archive = scene.database, scene.archive
    gone, astray = archive.carriers(2, place=LOW_SHELF, level="confidential")
    with database.writing() as connection:
        for number, place in ((1, SHELF), (2, LOW_SHELF)):
            name = f"reader-{place}-place"
            readers.upsert_reader(connection, name, scene.now, title_zh=f"{number}号柜", title_en=f"Cabinet {number}")
            readers.upsert_antenna(connection, name, 1, place)
            add_reference_tag(connection, name, 1, f"3414F4A2FFFFFFFFFFFFFF0{number}", scene.now)
            setting_up.call_antenna(connection, name, 1, f"{number}号天线")
            reached = {"host": f"10.0.0.{number}", "antennas": [1]}
            setting_up.keep_setup(connection, setting_up.Setup(name, f"edge-{number - 1}", "llrp", reached))
            row = {"source": 1, "sequence": number, "reader": name, "state": "listening", "at": scene.now, "detail": ""}
            connection.execute(READER_EVENT.insert().values(row))
            # Known to nobody's register: what alarms at a door need not be a tag of ours.
            row = {"source": 1, "sequence": 10 + number, "reader": name, "portal": "west", "epc": f"E0{number:02X}"}
            row |= {"at": scene.now, "direction": "out", "score": 0.9, "level": "alarm", "reason": "unknown_tag"}
            row |= {"door_list": 1, "outputs": "", "parts": "{}", "received_at": scene.now}
            connection.execute(DOOR_ALARM.insert().values(row))
    _tags(scene)
    _desk(scene)
    _handhelds(scene)
    _doors(scene)
    _taught(scene)
    _trials_and_counts(scene)
    scene.wait(2 * 86_400)
    scene.heard(gone, SHELF, seconds=86_400)
    scene.heard(astray, SHELF, seconds=86_400)
    opened = scene.check("misplaced").opened
    assert len(opened) == 2
    finding_acts.acknowledge(database, SECRECY_OFFICE, opened[0], scene.now, "看到了")
    _cases(scene, opened)
    for place in (SHELF, LOW_SHELF):
        sweep = open_round(database, archive.books, CLERK, place, scene.now)
        with database.writing() as connection:
            scans = [Scan(f"{sweep}-{one}", epc_of(one), scene.now) for one in (gone, astray)]
            scan_many(connection, CLERK, sweep, scans)
            pause(connection, CLERK, sweep, f"{sweep}-rests", "下班", scene.now)
            left = Event(f"{sweep}-left", code=epc_of(gone), at=scene.now)
            hand_over(
                connection, CLERK, HandOver(sweep, "d-00000001", CLERK.person, "net", "closed", (left,)), scene.now
            )


def _cases(scene: Scene, opened: Sequence[str]) -> None:
    """Two cases: of the two findings together, and then of one by itself; both noted, with a file each."""
    for numbers in (opened, opened[:1]):
        case = cases.open_case(scene.database, SCHEME, SECRECY_OFFICE, numbers, "并案", scene.now)
        cases.attach(scene.database, SCHEME, SECRECY_OFFICE, case, "记录.txt", case.encode(), "现场", scene.now)


def _trials_and_counts(scene: Scene) -> None:
    """Two trials of a portal with a tag of their own, scans in a matter's count, a day's message to two people."""
    with scene.database.writing() as connection:
        matters = connection.scalars(select(MATTER.c.id).order_by(MATTER.c.id)).all()
        for number, epc in enumerate(("E280AA0000000001", "E280AA0000000002")):
            trials.add_tag(connection, epc, bool(number), CLERK.person, scene.now + number)
            trials.begin(connection, GATE, "exit", epc, CLERK.person, scene.now + number)
            trials.skip(connection, GATE, CLERK.person, scene.now + number + 1)
        for matter in matters:
            scan = counts.CountScan(f"count-{matter}", epc_of(1), "scan", None, scene.now, CLERK.person)
            counts.add(connection, matter, "weighing", [scan])
        for who in ("clerk", "chen"):
            run = import_records.Run(0, PEOPLE[who], scene.now, "00", 1, 1, 0, ("DJ-2026-0001",))
            import_records.note_run(connection, who, run)
            import_records.keep_mapping(connection, PEOPLE[who], "清单", "00", {"编号": "number"}, scene.now)
            saved_views.add_view(connection, PEOPLE[who], "/carriers", "机密", "level=secret", None, scene.now)
        plans.arrange(
            connection, 2, {SHELF: Spot(1, 1, 2, 1), LOW_SHELF: Spot(4, 1, 2, 1)}, by=CLERK.person, at=scene.now
        )
        for item in ("mail", "portal"):
            plans.waive(connection, item, "不用", by=CLERK.person, at=scene.now)
        digests.keep(connection, [(PEOPLE[who], 1, "[]") for who in ("clerk", "chen")], "2026-11-20", scene.now)


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
