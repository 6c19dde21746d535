"""Cases as they open, are taken up, concluded, reopened; and what of them is whose to see."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from custody.access import Grant, Role, Subject
from custody.rules import NotFound, Refused
from custody.store.covered import CHECKS
from reconcile import cases
from reconcile.findings import settle as settle_finding
from reconcile.findings.running import limits_of
from reconcile.store import cases as store
from reconcile.store.case_queries import CaseDetail, CaseFilter, CaseItem
from reconcile.store.core import CASE_FILE, CASE_MEMBER
from tests.builders import CLERK, PEOPLE, SCHEME, SECRECY_OFFICE, SHELF, SHELF_2, signatures, subject
from tests.reconcile.findings.scene import Scene

HOUR = 3_600
# Cleared to secret only, and answers for the whole house.
SECRET_ONLY = subject("sun", Role.CLERK)


def gone(scene: Scene) -> None:
    """Nothing was heard on the shelf, which was listened to for hours."""
    scene.wait(10 * HOUR)
    scene.listening(SHELF, 10 * HOUR)
    scene.check("missing")


def a_box(scene: Scene, number: int = 3, **changes: Any) -> list[int]:
    """So many carriers of one shelf, all of them gone."""
    carriers = scene.archive.carriers(number, **changes)
    gone(scene)
    return carriers


def listed(scene: Scene, who: Subject = CLERK, **asked: Any) -> tuple[CaseItem, ...]:
    """Cases as somebody sees them."""
    with scene.database.reading() as connection:
        return cases.cases(connection, who, CaseFilter(**asked)).items


def one(scene: Scene, who: Subject = CLERK, number: str = "", state: str = "open") -> CaseDetail:
    """The one case there is, whole."""
    if not number:
        (item,) = listed(scene, who, state=state)
        number = item.number
    with scene.database.reading() as connection:
        return cases.case_detail(connection, who, number)


def said(detail: CaseDetail) -> list[tuple[str, int | None, str]]:
    """Its events: what, by whom, in which words."""
    return [(step.what, step.by, step.note) for step in detail.steps]


def test_a_whole_box_is_one_case_and_one_notice(scene: Scene) -> None:
    # Given a box of fourteen, when all of it is gone
    a_box(scene, 14)
    # Then it is one case of fourteen findings, of which each person concerned is told once
    (item,) = listed(scene)
    assert (item.cause, item.about, item.findings, item.open, item.state) == (
        *("gone_together", f"place:{SHELF}", 14, 14, "open"),
    )
    for who in ("clerk", "secrecy"):
        assert [(n.kind, n.count, n.case) for n in scene.inbox(who)] == [("opened_case", 14, item.number)]
    # And the list holds one line for all of them
    (line,) = scene.found(grouped=True)
    assert line.case is not None
    assert (line.case.number, line.case.count) == (item.number, 14)
    assert len(scene.found()) == 14


def test_what_is_alone_is_no_case_until_somebody_makes_one(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    a_box(scene, 1)
    assert listed(scene) == ()
    assert [n.kind for n in scene.inbox("clerk")] == ["opened"]
    number = scene.only().line.number
    case = cases.open_case(scene.database, SCHEME, CLERK, [number], "查借阅台", scene.now)
    detail = one(scene)
    assert (detail.item.number, detail.item.cause, detail.item.owner) == (case, "by_hand", PEOPLE["clerk"])
    assert said(detail) == [("joined", PEOPLE["clerk"], "查借阅台")]


def test_it_closes_by_itself_when_all_of_it_is_back(scene: Scene) -> None:
    box = a_box(scene)
    number = one(scene).item.number
    for carrier in box[:2]:
        scene.heard(carrier, SHELF)
    scene.check("missing")
    assert [(i.open, i.state) for i in listed(scene)] == [(1, "open")]
    scene.heard(box[2], SHELF)
    scene.check("missing")
    assert listed(scene) == ()
    assert one(scene, state="closed").item.state == "cleared"
    # What goes from there a day later is another case
    scene.ticking.days(1)
    gone(scene)
    assert one(scene).item.number != number


def test_taken_up_assigned_given_time_and_given_back(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    a_box(scene)
    number, database = one(scene).item.number, scene.database
    cases.acknowledge(database, CLERK, number, scene.now, "我去看")
    assert {line.line.state for line in scene.found()} == {"acknowledged"}
    cases.assign(database, SCHEME, CLERK, number, PEOPLE["secrecy"], PEOPLE["clerk"], scene.now)
    cases.set_due(database, CLERK, number, scene.now + HOUR * 1_000_000, scene.now)
    cases.note(database, SECRECY_OFFICE, number, "柜门未锁", scene.now)
    item = one(scene).item
    assert (item.state, item.owner, item.deputy) == ("acknowledged", PEOPLE["secrecy"], PEOPLE["clerk"])
    assert item.due_at == scene.now + HOUR * 1_000_000
    assert {line.line.owner for line in scene.found()} == {PEOPLE["secrecy"]}
    assert [i.number for i in listed(scene, CLERK, state="mine")] == [number]
    cases.give_back(database, SECRECY_OFFICE, number, "出差", scene.now)
    assert (one(scene).item.state, one(scene).item.deputy) == ("open", None)
    clerk, office = PEOPLE["clerk"], PEOPLE["secrecy"]
    assert said(one(scene)) == [
        ("acknowledged", clerk, "我去看"),
        ("assigned", clerk, ""),
        ("due", clerk, ""),
        ("noted", office, "柜门未锁"),
        ("given_back", office, "出差"),
    ]
    for wrong, code in (
        (lambda: cases.note(database, CLERK, number, " ", scene.now), "text_missing"),
        (lambda: cases.set_due(database, CLERK, number, scene.now, scene.now), "time_impossible"),
        (lambda: cases.assign(database, SCHEME, CLERK, number, PEOPLE["chen"], None, scene.now), "case_not_theirs"),
        (lambda: cases.enquire(database, CLERK, number, "问", scene.now), "not_permitted"),
        (lambda: cases.reopen(database, CLERK, number, "问", scene.now), "case_open"),
    ):
        with pytest.raises(Refused, match=code):
            wrong()


def crossing(scene: Scene, number: int = 2, **changes: Any) -> str:
    """So many carriers that leave by the gate in one bag; their case."""
    carriers = scene.archive.carriers(number, **changes)
    scene.wait(HOUR)
    for carrier in carriers:
        scene.passes(carrier)
    scene.check()
    return one(scene, SECRECY_OFFICE).item.number


def test_settling_closes_its_events_under_one_signed_act(scene: Scene) -> None:
    # Given two carriers that left in one bag
    number, books = crossing(scene), scene.archive.books
    detail = one(scene)
    assert cases.resolutions_of(detail) == ("brought_back", "did_not_leave", "enquiry_opened", "other")
    # When the clerk concludes
    facts = cases.settled_facts(detail, "brought_back", "当面追回")
    with pytest.raises(Refused, match="case_changed"):
        cases.settle(scene.database, books, CLERK, number, "brought_back", "x", scene.now, before=facts[:1])
    act = cases.settle(
        scene.database, books, CLERK, number, "brought_back", "当面追回", scene.now,
        signatures=signatures(facts, scene.now, CLERK.person), before=facts,
    )  # fmt: skip
    # Then both are settled in one act with one reason, and the case is over
    assert scene.found() == []
    after = one(scene, state="closed")
    assert (after.item.state, after.act, after.item.closed) == ("settled", act, True)
    assert {line.resolution for line in after.findings} == {"brought_back"}
    with pytest.raises(Refused, match="case_closed"):
        cases.note(scene.database, CLERK, number, "还有", scene.now)
    # And may be gone on with
    cases.reopen(scene.database, CLERK, number, "监控显示另有其人", scene.now)
    assert one(scene).item.state == "over"
    assert said(one(scene))[-1] == ("reopened", PEOPLE["clerk"], "监控显示另有其人")


def test_settled_while_something_is_open_it_closes_with_the_last(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    box = a_box(scene, 2)
    number = one(scene).item.number
    assert cases.settle(scene.database, scene.archive.books, CLERK, number, "other", "在装订", scene.now) == ""
    assert [(i.state, i.closed, i.open) for i in listed(scene)] == [("settled", False, 2)]
    for carrier in box:
        scene.heard(carrier, SHELF)
    scene.check("missing")
    assert one(scene, state="closed").item.closed


def test_a_finding_with_another_cause_is_taken_out_and_does_not_come_back(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    first, *_ = a_box(scene, 4)
    number = one(scene).item.number
    finding = next(item.line.number for item in scene.found() if item.line.carrier == first)
    with pytest.raises(Refused, match="text_missing"):
        cases.leave(scene.database, CLERK, number, finding, "", scene.now)
    cases.leave(scene.database, CLERK, number, finding, "在借阅台", scene.now)
    # When one more of the same box and hour is told of, it joins the case; the one taken out does not
    left = sorted(item.line.number for item in scene.found() if item.line.number != finding)
    with scene.database.writing() as connection:
        connection.execute(CASE_MEMBER.delete().where(CASE_MEMBER.c.finding == left[-1]))
        assert store.join(connection, [left[-1]], scene.now, limits_of(SCHEME)) == {left[-1]: number}
    assert sorted(line.number for line in one(scene).findings) == left


def test_what_one_may_not_see_of_a_case_is_not_there(scene: Scene) -> None:
    # Given a box with two secret carriers and one that is top secret
    scene.archive.carrier(level="top_secret")
    a_box(scene, 2)
    secret = one(scene, SECRET_ONLY)
    assert (secret.item.findings, secret.item.incident) == (2, False)
    number = secret.item.number
    # Then who is cleared sees three and an incident, and writes of it; who is not sees two, no incident and no word
    whole = one(scene, SECRECY_OFFICE)
    assert (whole.item.findings, whole.item.incident) == (3, True)
    cases.note(scene.database, SECRECY_OFFICE, number, "绝密件也在内", scene.now)
    cases.attach(scene.database, SCHEME, SECRECY_OFFICE, number, "清单.txt", b"1", "", scene.now)
    seen = one(scene, SECRET_ONLY)
    assert seen.item == secret.item
    assert (seen.steps, seen.files, seen.grave, seen.losses) == ((), (), frozenset(), ())
    with scene.database.reading() as connection, pytest.raises(NotFound):
        cases.file_content(connection, SECRET_ONLY, number, 1)
    # What he says himself he reads, and so do they
    cases.note(scene.database, SECRET_ONLY, number, "已问过", scene.now)
    assert [step.note for step in one(scene, SECRET_ONLY).steps] == ["已问过"]
    assert len(one(scene, SECRECY_OFFICE).steps) == 3


def test_a_case_of_which_one_sees_a_single_finding_is_none(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scene.archive.carriers(2, level="top_secret")
    a_box(scene, 1)
    number = one(scene, SECRECY_OFFICE).item.number
    assert listed(scene, SECRET_ONLY) == ()
    (item,) = scene.found(SECRET_ONLY, grouped=True)
    assert item.case is None
    for act in (cases.acknowledge, lambda *a: cases.note(*a[:3], "问", a[3])):
        with pytest.raises(NotFound):
            act(scene.database, SECRET_ONLY, number, scene.now)
    # Nor for who sees no findings at all
    assert listed(scene, subject("chen", Role.BORROWER)) == ()


def test_files_are_known_by_their_bytes_and_held_against_their_hash(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    a_box(scene, 2)
    number = one(scene).item.number
    pdf = b"%PDF-1.7 " + b"x" * 100
    for name, content in (("C:\\scan\\记录.pdf", pdf), ("a.pdf", b"MZ\x90\x00"), ("b.txt", b"<script>")):
        cases.attach(scene.database, SCHEME, CLERK, number, name, content, "现场", scene.now)
    cases.attach(scene.database, SCHEME, CLERK, number, "big.pdf", pdf + b"y" * 9_000_000, "", scene.now)
    cases.attach_hash(scene.database, CLERK, number, "监控.mp4", 10**9, "AB" * 32, "保卫处保存", scene.now)
    files = one(scene).files
    assert [(f.name, f.media, f.kept) for f in files] == [
        ("记录.pdf", "application/pdf", True),
        ("a.pdf", "", False),
        ("b.txt", "", False),
        ("big.pdf", "application/pdf", False),
        ("监控.mp4", "", False),
    ]
    assert files[0].sha256 == hashlib.sha256(pdf).hexdigest()
    with scene.database.reading() as connection:
        assert cases.file_content(connection, CLERK, number, files[0].id) == (files[0], pdf)
        with pytest.raises(NotFound):
            cases.file_content(connection, CLERK, number, files[1].id)
    with pytest.raises(Refused, match="hash_wrong"):
        cases.attach_hash(scene.database, CLERK, number, "x", 1, "no hash", "", scene.now)
    with pytest.raises(Refused, match="file_empty"):
        cases.attach(scene.database, SCHEME, CLERK, number, "x", b"", "", scene.now)
    # Whoever changes the bytes behind our back is found
    with scene.database.writing() as connection:
        assert not [told for check in CHECKS for told in check(connection) if told.startswith("case_file")]
        connection.execute(CASE_FILE.update().where(CASE_FILE.c.id == files[0].id).values(content=b"%PDF-other"))
        assert [told for check in CHECKS for told in check(connection) if told.startswith("case_file")]


def test_settled_one_by_one_it_still_wants_a_word(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    number = crossing(scene)
    cases.acknowledge(scene.database, CLERK, number, scene.now)
    for item in scene.found():
        settle_finding(scene.database, scene.archive.books, CLERK, item.line.number, "brought_back", "追回", scene.now)
    assert one(scene).item.state == "over"
    cases.settle(scene.database, scene.archive.books, CLERK, number, "other", "同一人误带", scene.now)
    assert one(scene, state="closed").item.state == "settled"


def test_who_answers_for_another_unit_has_no_such_case(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    a_box(scene, 2, unit=4, scope=("unit:4",))
    assert len(listed(scene)) == 1
    assert listed(scene, subject("manager", Grant(Role.MANAGER, 3))) == ()


def test_findings_on_the_other_shelf_are_another_case(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scene.archive.carriers(2)
    scene.archive.carriers(2, place=SHELF_2)
    scene.wait(10 * HOUR)
    scene.listening(SHELF, 10 * HOUR)
    scene.listening(SHELF_2, 10 * HOUR)
    scene.check("missing")
    assert sorted(item.about for item in listed(scene)) == [f"place:{SHELF}", f"place:{SHELF_2}"]
    with scene.database.reading() as connection:
        assert len(connection.execute(select(CASE_MEMBER)).all()) == 4
