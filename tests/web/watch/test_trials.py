"""Staged trials at a portal: the page that guides them, what it claims, and that they alarm nobody."""

import pytest
from sqlalchemy import select

from custody.values import SECOND
from readers.portal import MODEL
from reconcile.store import door_lists
from reconcile.store.core import DOOR_ALARM, LYING, PRESENCE, STAY, insert_new
from reconcile.store.trials import TrialRefused, add_tag, tags
from tests.builders import CLERK, NOW, SCHEME
from tests.reconcile.findings.scene import GATE
from tests.web.front import words
from tests.web.watch.gate import a_gate, ago
from tests.web.watch.house import House

PAGE = f"/portals/{GATE}/trials"
BLOCK = SCHEME.epc_block
PLAIN, SIREN = f"{BLOCK}{'7' * (24 - len(BLOCK))}", f"{BLOCK}{'8' * (24 - len(BLOCK))}"


def heard(house: House, epc: str, direction: str, score: float) -> None:
    """The portal concluded something of a tag, a few seconds ago."""
    row = {"epc": epc, "place": GATE, "since_at": ago(house.scene, 10), "until_at": ago(house.scene, 8), "reads": 9}
    row |= {"reader": "gate", "antenna": 2, "direction": direction, "score": score, "strongest_dbm": -50.0}
    with house.database.writing() as connection:
        connection.execute(STAY.insert().values(row | {"evidence": f'{{"model":"{MODEL}","parts":{{}}}}'}))


def staged(house: House, kind: str, direction: str = "", score: float = 0.0, epc: str = PLAIN) -> str:
    """One trial from its beginning to its end; the page afterwards."""
    secrecy = house.client("secrecy")
    assert secrecy.post(PAGE, do="begin", kind=kind, tag=epc).status_code == 303
    house.scene.wait(13)
    if direction:
        heard(house, epc, direction, score)
    assert secrecy.post(PAGE, do="done").status_code == 303
    return words(secrecy.page(PAGE))


def test_trials_are_guided_kept_and_say_what_may_be_claimed(house: House) -> None:
    a_gate(house.scene)
    secrecy = house.client("secrecy")
    assert "nothing can be claimed of this portal" in words(secrecy.page(PAGE))
    assert secrecy.post(PAGE, do="tag", epc=PLAIN.lower()).status_code == 303
    # When it is begun the page says how to walk, and listens: it cannot be written down too soon
    assert secrecy.post(PAGE, do="begin", kind="exit", tag=PLAIN).status_code == 303
    page = secrecy.page(PAGE)
    assert "Begin six metres inside" in words(page)
    assert "nothing yet" in words(page)
    assert "wait some seconds" in words(secrecy.post(PAGE, do="done").text)
    assert "end or skip it first" in words(secrecy.post(PAGE, do="begin", kind="exit", tag=PLAIN).text)
    assert secrecy.post(PAGE, do="skip").status_code == 303
    # Then what is skipped counts for nothing, and what is done with what the portal said
    for _ in range(3):
        page = staged(house, "exit", "out", 0.95)
    page = staged(house, "exit", "unknown", 0.5)
    assert "An exit 4 3 75.0 19.4–99.4 % " in page
    page = staged(house, "parallel_inside")
    assert "A walk past, inside 1 1 100.0 2.5–100.0 % 0 0–9750 0" in page
    assert "20 for 90 %" not in page
    assert "368 for 99 %" in page
    # An administrator of the system sees it, and stages nothing; who has no part in it does not see it.
    admin = house.client("admin")
    assert "An exit 4 3" in words(admin.page(PAGE))
    assert admin.post(PAGE, do="begin", kind="exit", tag=PLAIN).status_code == 403
    assert house.client("chen").get(PAGE).status_code == 403


def test_a_trial_that_is_taken_back_stays_and_does_not_count(house: House) -> None:
    a_gate(house.scene)
    secrecy = house.client("secrecy")
    secrecy.post(PAGE, do="tag", epc=PLAIN)
    assert "An exit 1 0" in staged(house, "exit")
    trial = secrecy.page(PAGE).split('name="trial" value="')[1].split('"')[0]
    assert secrecy.post(PAGE, do="undo", trial=trial).status_code == 303
    page = words(secrecy.page(PAGE))
    assert "taken back, not counted" in page
    assert "An exit 1 0" not in page
    assert "is not there any more" in words(secrecy.post(PAGE, do="undo", trial=trial).text)


def test_tags_of_the_trials_open_no_finding_and_the_guard_lets_them_by(house: House) -> None:
    a_gate(house.scene)
    with house.database.writing() as connection:
        for epc, sounds in ((PLAIN, False), (SIREN, True)):
            row = {"epc": epc, "portal": GATE, "since_at": ago(house.scene, 130), "until_at": ago(house.scene, 5)}
            row |= {"sides": "inside", "reader": "gate", "antenna": 1, "strongest_dbm": -55.0}
            connection.execute(LYING.insert().values(row))
            present = {"epc": epc, "heard_at": house.scene.now, "reader": "gate", "antenna": 1, "reads": 900}
            present |= {"strength": "unconfirmed", "state": b""}
            insert_new(connection, PRESENCE, [present])
            alarm = {"source": 1, "sequence": 90 + sounds, "reader": "gate", "portal": "P-EAST", "epc": epc}
            alarm |= {"at": ago(house.scene, 20), "direction": "out", "score": 0.95, "level": "alarm"}
            alarm |= {"reason": "not_listed", "door_list": 3, "outputs": "bell: on", "parts": "{}", "outcome": ""}
            connection.execute(DOOR_ALARM.insert().values(alarm | {"received_at": house.scene.now}))
            # The same tags as nobody's would be told: each of them lies there, is unknown, went out.
            add_tag(connection, epc, sounds, CLERK.person, house.scene.now)
    house.scene.check()
    assert [one.line.kind for one in house.scene.found() if one.line.epc in (PLAIN, SIREN)] == []
    with house.database.reading() as connection:
        outcomes = set(connection.scalars(select(DOOR_ALARM.c.outcome)))
        passes = door_lists.may_pass(connection, house.scene.now)
    assert outcomes == {"trial"}
    assert (PLAIN in passes, SIREN in passes) == (True, False)


@pytest.mark.parametrize(("epc", "reason"), [("a carrier's", "taken"), ("XYZ", "epc"), ("3414", "epc")])
def test_a_carriers_tag_is_never_for_trials(house: House, epc: str, reason: str) -> None:
    if epc == "a carrier's":
        (epc,) = house.scene.epcs(house.scene.archive.carrier())
    with house.database.writing() as connection, pytest.raises(TrialRefused) as refused:
        add_tag(connection, epc, False, CLERK.person, NOW + SECOND)
    assert refused.value.reason == reason
    with house.database.reading() as connection:
        assert tags(connection) == ()
