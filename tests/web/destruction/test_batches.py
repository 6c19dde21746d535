"""A batch of destruction through the pages and through the interface, and its papers."""

import re
from typing import Any

import pytest

from custody.life_cycle import Status
from reconcile.store.core import ANTENNA, READER, SIGHTING
from tests.builders import PEOPLE, SHELF_2, Archive
from tests.custody.destruction.batches import CENTRE, Batch, a_batch, at_the_centre
from tests.web.front import PASSWORD, Browser, Front, words

LONG = (
    "“远山三号”与协作单位联合开展的高低温循环、随机振动、盐雾及电磁兼容鉴定试验实施细则（试行）"
    "及其附件、附图、附表和历次修改记录的全套汇编（二〇二一年度第三次修订稿，内部征求意见后定稿）"
)
"""More than eighty characters."""


@pytest.fixture
def the_archive(front: Front) -> Archive:
    """The archive behind the pages, where a test may bring a batch as far as it needs."""
    return front.archive


def enter(browser: Browser, batch: Batch, key: str, *cosigners: str, **fields: Any) -> str:
    """Enter an act on the batch, everybody signing; gives the act's number."""
    for at, number in enumerate(cosigners):
        fields |= {f"cosign.{at}.number": number, f"cosign.{at}.password": PASSWORD}
    answer = browser.send(f"/matters/{batch.matter}/{key}", password=PASSWORD, **fields)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"]).rpartition("done=")[2]


def codes_of(batch: Batch) -> str:
    """What a clerk would scan."""
    states = [batch.archive.state(carrier) for carrier in batch.carriers]
    return "\n".join(state.tags[0].epc for state in states)


def paper(browser: Browser, number: str) -> str:
    """The words of an act's paper."""
    answer = browser.get(f"/acts/{number}/form")
    assert answer.status_code == 200
    return words(re.split(r'class="paper ', answer.text)[1])


def test_on_site_from_the_pages(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 2, carrier={"title": LONG})
    clerk, other = front.signed_in("clerk"), front.signed_in("clerk2")
    answer = clerk.send(
        "/business/new/destruction",
        unit="1",
        carriers=codes_of(batch),
        method="shred",
        disposal="on_site",
        reason="保密期限届满",
        appraisal="不需归档",
        password=PASSWORD,
    )
    assert answer.status_code == 303, words(answer.text)
    batch.matter = int(re.findall(r"/matters/(\d+)", answer.headers["location"])[0])
    assert batch.now.level == "secret"
    enter(clerk, batch, "ask")
    for who in ("secrecy", "leader"):
        enter(front.signed_in(who), batch, "approve")
    enter(clerk, batch, "set-apart", place="B1-01-2", **{"lines.all": "1"})
    seal = enter(clerk, batch, "seal", bag="D-01", seal="880001", **{"lines.all": "1"})
    assert "D-01 / 880001" in paper(clerk, seal)
    page = clerk.get(f"/matters/{batch.matter}").text
    assert f"/matters/{batch.matter}/check?bag=D-01" in page
    # What is not checked is not destroyed: the button is dashed, with the clause under it.
    assert "g.5" in page
    assert f'href="/matters/{batch.matter}/destroy"' not in page
    enter(other, batch, "check", bag="D-01", seal="880001", carriers=codes_of(batch))
    three = {"destroyer": "1012", "supervisor_1": "1004", "supervisor_2": "1005"}
    # Nor what was not read once more: scan by scan, until it equals the list.
    stopped = other.get(f"/matters/{batch.matter}").text
    assert "The last read does not stand for this list" in words(stopped)
    assert f'href="/matters/{batch.matter}/destroy"' not in stopped
    other.send(f"/weighing/{batch.matter}/scan", scan=codes_of(batch))
    assert "Equal to the list" in words(other.get(f"/weighing/{batch.matter}").text)
    read = enter(other, batch, "weigh", place="B1-01-2")
    assert batch.now.body.weighing.list_hash in paper(other, read).replace(" ", "")
    certificate = enter(other, batch, "destroy", "1004", "1005", place="B1-01-2", device="SZ-3", fineness="6", **three)
    assert {the_archive.state(carrier).status for carrier in batch.carriers} == {Status.DESTROYED}
    said = paper(other, certificate)
    for text in (
        batch.now.number,
        read,
        "SZ-3",
        "particles level 6",
        "Song Lin",
        "Liang Wenqu",
        "Shen Lan",
        "Sun Li",
        LONG,
    ):
        assert text in said
    assert the_archive.books.rebuild_check() == []


def test_by_the_designated_unit_from_the_pages(front: Front, the_archive: Archive) -> None:
    batch = at_the_centre(the_archive, 2).ready()
    clerk, other = front.signed_in("clerk"), front.signed_in("clerk2")
    page = clerk.get(f"/matters/{batch.matter}").text
    assert f'href="/matters/{batch.matter}/destroy"' not in page
    escorts = {"escort_1": "1004", "escort_2": "1005"}
    number = enter(
        clerk, batch, "hand-over", "1004", "1005", vehicle="京A·12345", driver="刘师傅", weight="14", **escorts
    )
    for text in (CENTRE, "京A·12345", "刘师傅", "Chen Guodong", "Sun Li", "D-01 / 880001"):
        assert text in paper(clerk, number)
    answer = clerk.send(f"/matters/{batch.matter}/receipt", receipt="XH-118", counted="1", password=PASSWORD)
    assert answer.status_code == 409
    assert "g.7" in words(answer.text)
    enter(clerk, batch, "receipt", receipt="XH-118", counted="2")
    three = {"destroyer": "1012", "supervisor_1": "1004", "supervisor_2": "1005"}
    done = {"certificate": "ZM-0907", "destroyed_on": "2026-11-20", "operator": "王师傅", "fineness": "7"}
    number = enter(other, batch, "certificate", "1004", "1005", **three, **done)
    assert batch.now.status == "destroyed"
    for text in ("ZM-0907", "XH-118", "王师傅", CENTRE, "Deliverer"):
        assert text in paper(other, number)


def test_the_interface_takes_the_same_acts_with_the_same_rules(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 2).ready()
    program = front.program("clerk2")
    three = {"destroyer": "1012", "supervisor_1": "1004", "supervisor_2": "1010"}
    body = {**three, "place": "B1-01-2", "device": "", "fineness": 6, "password": PASSWORD}

    def signed(*numbers: str) -> list[dict[str, str]]:
        return [{"number": number, "password": PASSWORD} for number in numbers]

    answer = program.call(f"/matters/{batch.matter}/destroy", **body, cosignatures=signed("1004", "1010"))
    assert answer.status_code == 409, answer.text
    assert "g.5" in answer.text  # 1010 is the leader, who approved
    assert batch.now.status == "set_apart"
    body["supervisor_2"] = "1005"
    answer = program.call(f"/matters/{batch.matter}/destroy", **body, cosignatures=signed("1004", "1005"))
    assert answer.status_code == 201, answer.text
    assert batch.now.status == "destroyed"


def test_no_form_offers_a_way_that_is_no_destruction(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 1)
    clerk = front.signed_in("clerk")
    assert "scrap" not in clerk.get("/business/new/destruction").text
    answer = front.program("clerk").call(
        "/business/destruction",
        unit=1,
        carriers=batch.carriers,
        method="shred",
        disposal="scrap",
        reason="保密期限届满",
        appraisal="不需归档",
        password=PASSWORD,
    )
    assert (answer.status_code, "disposal" in answer.text) == (422, True), answer.text


def test_a_deviation_and_its_settlement_stand_on_the_page(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 1).ready()
    clerk, office = front.signed_in("clerk"), front.signed_in("secrecy")
    enter(clerk, batch, "deviation", what="seal", bag="D-01", circumstances="袋口有拆痕")
    assert "袋口有拆痕" in clerk.get(f"/matters/{batch.matter}").text
    enter(office, batch, "settle", outcome="系搬运磕碰")
    page = office.get(f"/matters/{batch.matter}").text
    assert "系搬运磕碰" in page
    enter(clerk, batch, "rebag", bag="D-02", seal="880002", **{"lines.all": "1"})
    assert batch.now.counts == {"sealed": 1}
    enter(clerk, batch, "take-off", reason="仍需查阅", lines=str(batch.carriers[0]))
    enter(clerk, batch, "call-off", reason="清册已空")
    assert batch.now.status == "called_off"


def test_everything_of_a_batch_in_chinese_too(front: Front, the_archive: Archive) -> None:
    batch = at_the_centre(the_archive, 1).ready().hand_over().receive()
    receipt = batch.enter_certificate()
    clerk = front.signed_in("clerk", "zh")
    assert "已销毁" in words(clerk.get(f"/matters/{batch.matter}").text)
    said = paper(clerk, receipt)
    for text in ("涉密载体销毁证明", "送销人签字", "监销人签字", "内容无法还原"):
        assert text in said


# The last read (g.5).


def weighing(browser: Browser, batch: Batch) -> str:
    """The words of the page of the last read."""
    return words(browser.get(f"/weighing/{batch.matter}").text)


def test_g_5_record__the_last_read_is_scanned_undone_and_signed_only_when_it_equals_the_list(
    front: Front, the_archive: Archive
) -> None:
    """
    what is scanned            short  over  signed
    nothing                    2      0     no
    the first                  1      0     no
    the first, a stranger      1      1     no
    the first                  1      0     no, after undo
    both                       0      0     yes
    """
    batch = a_batch(the_archive, 2).bagged()
    one, two = (the_archive.state(carrier).tags[0].epc for carrier in batch.carriers)
    stranger = the_archive.state(the_archive.carrier()).tags[0].epc
    other = front.signed_in("clerk2")

    def signed() -> int:
        answer = other.send(f"/matters/{batch.matter}/weigh", password=PASSWORD)
        return int(answer.status_code)

    def refused(short: int, over: int) -> None:
        assert signed() == 409
        assert batch.now.body.weighing is None
        said = weighing(other, batch)
        assert (f"{short} still to be read" in said) is bool(short)
        assert (f"{over} on no list" in said) is bool(over)

    refused(2, 0)
    other.send(f"/weighing/{batch.matter}/scan", scan=one, event="e-1")
    other.send(f"/weighing/{batch.matter}/scan", scan=one, event="e-1")
    refused(1, 0)
    front.clock.at += 1_000_000
    other.send(f"/weighing/{batch.matter}/scan", scan=stranger)
    refused(1, 1)
    other.send(f"/weighing/{batch.matter}/undo")
    refused(1, 0)
    other.send(f"/weighing/{batch.matter}/scan", scan="no-such-code")
    assert "1 unknown code" in weighing(other, batch)
    other.send(f"/weighing/{batch.matter}/scan", scan=two)
    # A code that nobody knows is on no list either: it is taken back before anything is signed.
    assert "Equal to the list" not in weighing(other, batch)
    assert signed() == 422
    for _scan in ("two", "no-such-code"):
        other.send(f"/weighing/{batch.matter}/undo")
    other.send(f"/weighing/{batch.matter}/scan", scan=two)
    assert "Equal to the list" in weighing(other, batch)
    assert signed() == 303
    read = batch.now.body.weighing
    assert (read.items, read.by_eye, read.by) == (2, (), PEOPLE["clerk2"])
    # Put in another bag, what was read before counts no more.
    front.clock.at += 1_000_000
    batch.seal("D-02", "880002").check("D-02", "880002")
    assert "2 still to be read" in weighing(other, batch)


def test_g_5_record__what_does_not_answer_is_seen_by_both_supervisors(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 2).bagged()
    other = front.signed_in("clerk2")
    other.send(f"/weighing/{batch.matter}/scan", scan=the_archive.state(batch.carriers[0]).tags[0].epc)
    unsaid = other.send(f"/weighing/{batch.matter}/eye", carrier=str(batch.carriers[1]))
    assert unsaid.status_code == 422
    other.send(f"/weighing/{batch.matter}/eye", carrier=str(batch.carriers[1]), reason="标签损坏")
    assert "By eye 1" in weighing(other, batch)
    alone = other.send(f"/matters/{batch.matter}/weigh", password=PASSWORD)
    assert alone.status_code == 422
    enter(other, batch, "weigh", "1004", "1005", supervisor_1="1004", supervisor_2="1005")
    read = batch.now.body.weighing
    assert (read.by_eye, read.supervisors) == ((batch.carriers[1],), (PEOPLE["chen"], PEOPLE["sun"]))


def test_what_the_reader_at_the_shredder_heard_is_taken_once(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 2).bagged()
    database, now = the_archive.books.database, the_archive.books.clock()
    with database.writing() as connection:
        row = {"name": "shredder", "enabled": True, "device": "", "title_zh": "", "title_en": "", "state": "listening"}
        connection.execute(READER.insert().values(row | {"detail": "", "enabled_at": now}))
        connection.execute(ANTENNA.insert().values(reader="shredder", number=1, place=SHELF_2, role="place"))
        for at, carrier in enumerate(batch.carriers):
            epc = the_archive.state(carrier).tags[0].epc
            heard = {"source": 1, "sequence": at, "epc": epc, "reader": "shredder", "antenna": 1, "received_at": now}
            connection.execute(SIGHTING.insert().values(heard | {"first_at": now, "last_at": now, "count": 3}))
    other = front.signed_in("clerk2")
    for _again in range(2):
        other.send(f"/weighing/{batch.matter}/heard", place=str(SHELF_2))
    assert "Equal to the list" in weighing(other, batch)
    enter(other, batch, "weigh", place="B1-01-2")
    assert batch.now.body.weighing.items == 2


def test_the_last_read_is_for_those_who_destroy(front: Front, the_archive: Archive) -> None:
    batch = a_batch(the_archive, 1).bagged()
    assert front.signed_in("chen").get(f"/weighing/{batch.matter}").status_code in (403, 404)
    clerk = front.signed_in("clerk")
    assert clerk.get("/weighing/987654").status_code == 404
    batch.weigh().destroy()
    assert clerk.send(f"/weighing/{batch.matter}/scan", scan="1").status_code == 404
