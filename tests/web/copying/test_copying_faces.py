"""Copying through the pages and through the interface: applied for, approved, made, called back; its papers."""

import re
from typing import Any

import pytest

from api.web.words import epc_words
from tests.builders import Archive, epc_of
from tests.custody.copying.scenes import applied, approve, copies, received
from tests.web.front import PASSWORD, Browser, Front, words


@pytest.fixture
def the_archive(front: Front) -> Archive:
    """The archive behind the pages."""
    return front.archive


def enter(browser: Browser, address: str, *cosigners: str, **fields: Any) -> str:
    """Enter an act, everybody signing; gives where one is sent."""
    for at, number in enumerate(cosigners):
        fields |= {f"cosign.{at}.number": number, f"cosign.{at}.password": PASSWORD}
    answer = browser.send(address, password=PASSWORD, **fields)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"])


def paper(browser: Browser, number: str) -> str:
    """The words of an act's paper."""
    answer = browser.get(f"/acts/{number}/form")
    assert answer.status_code == 200
    return words(re.split(r'class="paper ', answer.text)[1])


def number_of(location: str) -> str:
    """The act that an address says was done."""
    return location.rpartition("done=")[2]


MADE = {"home": "B1-01-2", "operator": "1001", "witness": "1012", "machine": "FY-02"}


def test_from_the_application_to_the_register_of_copies(front: Front, the_archive: Archive) -> None:
    source = the_archive.carrier()
    chen, clerk = front.signed_in("chen"), front.signed_in("clerk")
    page = chen.get(f"/carriers/{source}")
    assert f'href="/carriers/{source}/copying"' in page.text
    sent = enter(
        chen,
        f"/carriers/{source}/copying",
        manner="copy",
        copies="2",
        recipient="1004",
        reason="课题组评审",
        place="B1-reading",
        machine="FY-02",
        unit="4",
    )
    matter = int(re.findall(r"/matters/(\d+)", sent)[0])
    application = number_of(sent)
    # Before it is approved the button is dashed, with the clause under it.
    seen = clerk.get(f"/matters/{matter}").text
    assert "d.1" in seen
    assert f'href="/matters/{matter}/copy"' not in seen

    enter(chen, f"/matters/{matter}/ask")
    for who in ("secrecy", "leader"):
        enter(front.signed_in(who), f"/matters/{matter}/approve")
    tags = f"{epc_of(701)}\n{epc_of(702)}"
    form = clerk.get(f"/matters/{matter}/copy").text
    assert 'value="2"' in form  # as many as are left
    short = clerk.send(
        f"/matters/{matter}/copy",
        **MADE,
        number="2",
        epcs=epc_of(701),
        password=PASSWORD,
        **{"lines.all": "1", "cosign.0.number": "1012", "cosign.0.password": PASSWORD},
    )
    assert "Tags needed: 2; read: 1." in words(short.text)
    done = enter(clerk, f"/matters/{matter}/copy", "1012", **MADE, number="2", epcs=tags, **{"lines.all": "1"})
    assert the_archive.the_matter(matter).status == "closed"  # all that was approved is made

    number = the_archive.state(source).description.control_number
    register = paper(clerk, number_of(done))
    for text in (f"{number}-F1", epc_words(epc_of(701)), "B1-01-2", "Zhou Min", "Shen Lan", application):
        assert text in register
    for text in ("课题组评审", "Song Lin", "Liang Wenqu", "B1-reading", "[d.1, d.6]"):
        assert text in paper(chen, application)
    shown = words(clerk.get(f"/matters/{matter}").text)
    assert "2 of 2 made" in shown


def test_a_compilation_by_the_interface_inherits_what_its_sources_say(front: Front, the_archive: Archive) -> None:
    low, high = the_archive.carrier(level="confidential"), the_archive.carrier(scope=("unit:4",))
    matter = approve(the_archive, applied(the_archive, [low, high], "compilation", copies=1))
    program = front.program("clerk")
    body = {
        "control_number": "YS-2026-H007",
        "title": "资料汇编",
        "number": 1,
        "epcs": epc_of(711),
        "home": "B1-01-2",
        "operator": "1001",
        "witness": "1012",
        "machine": "FY-02",
        "basis": "国家秘密事项范围第三条",
        "determined_by": "柳望川",
    }
    signed = {"cosignatures": [{"number": "1012", "password": PASSWORD}], "password": PASSWORD}
    lower = program.call(f"/matters/{matter}/compile", **body, **signed, level="confidential")
    assert lower.status_code == 409, lower.text
    assert "d.6" in lower.text
    made = program.call(f"/matters/{matter}/compile", **body, **signed)
    assert made.status_code == 201, made.text
    compiled = next(one for one in made.json()["carriers"])
    state = the_archive.state(compiled)
    assert (state.description.level, state.description.scope.principals) == ("secret", ("unit:4",))
    tree = program.get(f"/api/v1/carriers/{compiled}/descent").json()
    assert [(one["id"], one["distance"]) for one in tree["sources"]] == [(low, 1), (high, 1)]
    assert tree["made"] == []
    back = program.get(f"/api/v1/carriers/{low}/descent").json()
    assert [(one["id"], one["manner"]) for one in back["made"]] == [(compiled, "compilation")]


def test_the_leave_of_the_issuer_is_entered_before_approval_is_asked_for(front: Front, the_archive: Archive) -> None:
    paper_received = received(the_archive)
    matter = applied(the_archive, [paper_received], copies=1)
    chen = front.signed_in("chen")
    shown = chen.get(f"/matters/{matter}").text
    assert "leave awaited" in shown
    refused = chen.send(f"/matters/{matter}/ask", reason="急用", password=PASSWORD)
    assert refused.status_code == 409
    assert "d.1" in words(refused.text)
    form = chen.get(f"/matters/{matter}/issuer").text
    assert "岭南测绘院" in form
    enter(
        chen,
        f"/matters/{matter}/issuer",
        authority="岭南测绘院",
        letter="岭测函〔2026〕8号",
        letter_on="2026-11-18",
        lines=str(paper_received),
    )
    enter(chen, f"/matters/{matter}/ask", reason="急用")
    assert the_archive.the_matter(matter).status == "asked"


def test_the_tree_is_shown_both_ways_and_the_copies_are_called_back(front: Front, the_archive: Archive) -> None:
    original = the_archive.carrier()
    first, second = copies(the_archive, original, 2)
    (again,) = copies(the_archive, first, 1)
    the_archive.borrow(first, "chen")
    the_archive.borrow(again, "sun")
    clerk = front.signed_in("clerk")
    page = clerk.get(f"/carriers/{original}/descent")
    number = the_archive.state(original).description.control_number
    assert page.status_code == 200
    shown = words(page.text)
    for text in (f"{number}-F1", f"{number}-F1-F1", "Chen Guodong", "B1-01-1", "On loan"):
        assert text in shown
    assert f'href="/carriers/{again}/descent"' in clerk.get(f"/carriers/{again}").text
    sent = enter(clerk, f"/carriers/{original}/copies-recall", due="2026-11-23", reason="原件清退")
    assert [the_archive.state(one).recalled for one in (first, second, again)] == [True, False, True]
    assert "2026" in paper(clerk, sent.rpartition("/")[2])
    # Everything is asked back: there is nothing left to recall.
    assert f'href="/carriers/{original}/copies-recall"' not in clerk.get(f"/carriers/{original}").text


def test_what_is_hidden_is_neither_shown_nor_counted_in_the_tree(front: Front, the_archive: Archive) -> None:
    original = the_archive.carrier(level="confidential", scope=("person:6", "person:4"))
    matter = approve(the_archive, applied(the_archive, [original], copies=1, level="secret", recipient=4))
    from tests.builders import CLERK
    from tests.custody.copying.scenes import session

    facts = session(the_archive, matter, [original], level="secret")
    the_archive.enter(CLERK, facts, "copy", "clerk2")
    copy = facts[0].carrier  # type: ignore[attr-defined]  # a fact about a carrier
    ma, chen = front.signed_in("ma"), front.signed_in("chen")
    assert f"/carriers/{copy}" in chen.get(f"/carriers/{original}/descent").text
    hidden = ma.get(f"/carriers/{original}/descent")  # cleared to confidential only
    assert hidden.status_code == 200
    assert f"/carriers/{copy}" not in hidden.text
    assert "Nothing was copied" in words(hidden.text)
    assert ma.get(f"/api/v1/carriers/{original}/descent").json()["made"] == []
    assert ma.get(f"/carriers/{copy}/descent").status_code == 404


def test_a_place_rated_too_low_is_refused_on_the_page(front: Front, the_archive: Archive) -> None:
    source = the_archive.carrier()
    chen = front.signed_in("chen", "zh")
    fields = {"manner": "copy", "copies": "1", "recipient": "1004", "reason": "评审", "machine": "FY-02", "unit": "4"}
    low = chen.send(f"/carriers/{source}/copying", **fields, place="B1-low", password=PASSWORD)
    assert low.status_code == 409
    assert "不能复制机密载体" in words(low.text)
