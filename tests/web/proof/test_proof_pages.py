"""The state of the proof in plain words, and papers held against the ledger."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from api.forms import code_text
from api.store import Checkpoint as Signed
from api.web.proof_state import CHECK_OLD, HOUR, Looked, judged, worst
from custody.access import Role
from custody.ledger import parse_checkpoint
from custody.store import accounts, witnessing
from custody.store.key_history import Change
from custody.store.witnessing import Check, Cosignature
from custody.values import DAY
from tests.builders import NOW, PEOPLE
from tests.ledger.builders import key, witness_key
from tests.web.forms.test_checkpoint import note_of
from tests.web.forms.test_printing import logged, print_it
from tests.web.front import Front, words

# The judgement.

FIRST, SECOND = key(1), key(2)
WELL: dict[str, Any] = {
    "now": NOW,
    "size": 100,
    "checkpoint": Signed(100, NOW - HOUR, ""),
    "watching": 1,
    "cosigned": Cosignature(1, "w", 90, "", NOW - HOUR, NOW - HOUR),
    "largest_cosigned": 90,
    "check": Check(1, NOW - DAY, NOW - DAY, 7, 80, 0, ()),
    "changes": (),
    "present": FIRST.public,
    "sealed_at": NOW,
    "sealed_entry": 99,
}
ROTATED = (Change(50, NOW - DAY, FIRST.public, SECOND.public, False, "…"),)
LOST = (Change(95, NOW - DAY, FIRST.public, SECOND.public, True, ""),)
STATES: dict[str, tuple[Mapping[str, Any], str, str]] = {
    "all is well": ({}, "", "ok"),
    "some not signed yet": ({"size": 105}, "checkpoint.behind", "ok"),
    "signing is late": ({"size": 105, "checkpoint": Signed(100, NOW - 3 * HOUR, "")}, "checkpoint.late", "due"),
    "signing stopped": ({"size": 105, "checkpoint": Signed(100, NOW - 2 * DAY, "")}, "checkpoint.stopped", "bad"),
    "nothing new for long": ({"checkpoint": Signed(100, NOW - 20 * DAY, "")}, "checkpoint.all", "ok"),
    "never signed": ({"checkpoint": None}, "checkpoint.none", "bad"),
    "cut off": ({"size": 95}, "checkpoint.cut", "bad"),
    "cut off below what a witness saw": ({"size": 85, "checkpoint": None}, "witness.cut", "bad"),
    "nobody watches": ({"watching": 0}, "witness.none", "due"),
    "never came": ({"cosigned": None, "largest_cosigned": 0}, "witness.never", "due"),
    "late": ({"cosigned": Cosignature(1, "w", 90, "", NOW, NOW - 27 * HOUR)}, "witness.late", "due"),
    "silent": ({"cosigned": Cosignature(1, "w", 90, "", NOW, NOW - 8 * DAY)}, "witness.silent", "bad"),
    "never checked": ({"check": None}, "check.never", "due"),
    "checked long ago": ({"check": Check(1, 0, NOW - CHECK_OLD - 1, 0, 80, 0, ())}, "check.old", "due"),
    "differences": ({"check": Check(1, 0, NOW, 0, 80, 3, ("tag 4: epc",))}, "check.differences", "bad"),
    "rotated": ({"changes": ROTATED, "present": SECOND.public}, "key.changed", "ok"),
    "the old key after a rotation": ({"changes": ROTATED}, "key.missing", "bad"),
    "no key": ({"present": None}, "key.missing", "bad"),
    "lost": ({"changes": LOST, "present": SECOND.public}, "key.lost", "due"),
    "lost, and seen by a witness since": (
        {"changes": LOST, "present": SECOND.public, "largest_cosigned": 97},
        "key.changed",
        "ok",
    ),
    "logs never sealed": ({"sealed_at": None}, "logs.none", "due"),
}


@pytest.mark.parametrize(("changed", "code", "light"), STATES.values(), ids=STATES.keys())
def test_what_is_said_of_the_proof(changed: Mapping[str, Any], code: str, light: str) -> None:
    lines = judged(Looked(**{**WELL, **changed}))
    assert worst(lines) == light
    assert not code or code in {f"{line.key}.{line.code}" for line in lines}


# The pages.


def test_the_office_and_the_three_read_it_in_plain_words_and_nobody_else(signing: Front) -> None:
    signing.archive.carrier(title="远山三号总体方案")
    signing.archive.books.checkpoint()
    for who in ("secrecy", "admin", "he"):
        page = signing.signed_in(who).get("/proof").text
        assert "There is no witness: nobody outside remembers this record." in words(page)
        assert "远山三号" not in page
        assert "YS-2026" not in page
    for who in ("clerk", "manager", "chen"):
        assert signing.signed_in(who).get("/proof").status_code == 403
        assert signing.signed_in(who).send("/proof/check").status_code == 403
    assert signing.signed_in("secrecy").send("/proof/witnesses", key=str(witness_key())).status_code == 403
    assert signing.signed_in("he").send("/proof/witnesses/end", name="x").status_code == 403


def test_a_whole_check_is_run_from_the_page_and_finds_what_was_changed(signing: Front) -> None:
    carrier = signing.archive.carrier()
    auditor, checker = signing.signed_in("he"), signing.app.state.checker

    def checked() -> str:
        assert auditor.send("/proof/check", back="ledger").headers["location"] == "/ledger"
        checker.wait(60)
        return words(auditor.get("/ledger").text)

    assert "ledger, tables and logs all agree" in checked()
    with signing.archive.books.database.writing() as connection:
        connection.execute(text("UPDATE carrier SET title = '别的' WHERE id = :id"), {"id": carrier})
    shown = checked()
    assert "The check found 1 differences" in shown
    assert f"carrier {carrier}: title differ" in shown
    assert "别的" not in shown
    # Who else reads the page is told how many, not which rows.
    office = words(signing.signed_in("secrecy").get("/proof").text)
    assert "The check found 1 differences" in office
    assert f"carrier {carrier}" not in office
    with signing.archive.books.database.reading() as connection:
        last = witnessing.last_check(connection)
        told = connection.execute(text("SELECT by FROM audit_event WHERE kind = 'ledger_checked'")).all()
    assert last is not None
    assert (last.by, last.differences) == (PEOPLE["he"], 1)
    assert [row.by for row in told] == [PEOPLE["he"]] * 2


def test_a_witness_is_added_by_the_system_administrator_and_its_token_shown_once(signing: Front) -> None:
    admin = signing.signed_in("admin")
    answer = admin.send("/proof/witnesses", key=str(witness_key()), password="correct horse battery")
    assert answer.status_code == 200, words(answer.text)
    token = answer.text.partition('proof-token">')[2].partition("<")[0]
    headers = {"Authorization": f"Bearer {token}"}
    assert signing.browser().http.get("/api/v1/witness/keys", headers=headers).status_code == 200
    again = admin.get("/proof").text
    assert token not in again
    assert witness_key().name in again
    for wrong in (str(key().public), "nonsense", str(witness_key())):
        assert admin.send("/proof/witnesses", key=wrong, password="correct horse battery").status_code == 422
    assert admin.send("/proof/witnesses", key=str(witness_key(78, "b"))).status_code == 422  # not confirmed
    assert admin.send("/proof/witnesses/end", name=witness_key().name).status_code == 303
    assert signing.browser().http.get("/api/v1/witness/keys", headers=headers).status_code == 401


# Papers.


@pytest.fixture
def printed(signing: Front) -> tuple[Front, str, str]:
    """A front, an act that was printed, and what the code on its paper says."""
    receipt = signing.archive.borrow(signing.archive.carrier(), "chen")
    print_it(signing.signed_in("clerk"), receipt.act)
    (made,) = logged(signing, receipt.act)
    return signing, receipt.act, code_text(note_of(signing, receipt.act), receipt.act, receipt.last, made.paper_hash)


def asked(front: Front, code: str, who: str = "clerk") -> str:
    """The answer to a code, in words."""
    page = front.signed_in(who).send("/verify-print", code=code).text
    return words(page[page.index("proof-answers") : page.index("<form class")]) if "proof-answers" in page else page


def test_a_true_paper_is_called_true_however_it_is_read(printed: tuple[Front, str, str]) -> None:
    front, act, code = printed
    front.archive.carriers(3)  # the ledger went on
    for who in ("clerk", "he", "secrecy"):
        said = asked(front, code.replace("\n", "\r\n"), who)
        assert f"true This version of {act} was printed here" in said
        assert "none is missing and none was changed" in said
    digest = code.rpartition("form sha256 ")[2][:16].upper()
    typed = asked(front, f"act {act}\nform sha256 {digest[:8]} {digest[8:]}")
    assert "was printed here" in typed
    assert "No checkpoint was given" in typed


def test_a_false_paper_is_called_false_and_why(printed: tuple[Front, str, str]) -> None:
    front, act, code = printed
    size = parse_checkpoint(code.partition("\n\nact")[0].rstrip("\n") + "\n").size
    digest = code.rpartition("form sha256 ")[2].strip()
    false = {
        "altered": (code.replace(digest, "0" * 64), "No " + act),
        "of another act": (code.replace(act, "JY-2026-0999"), "No JY-2026-0999"),
        "a size that was never signed": (
            code.replace(f"\n{size}\n", f"\n{size - 1}\n", 1),
            "not signed by this ledger",
        ),
        "signed by a stranger": (
            key(66, front.archive.scheme.ledger_origin).sign(size, bytes(32)) + code[code.index("\nact") :],
            "not signed by this ledger",
        ),
        "put together": (code.replace(f"entry {size}", "entry 1"), "does not belong to"),
    }
    for what, (given, why) in false.items():
        assert given != code, what
        assert why in asked(front, given), what
    for given in ("", "act X", "form sha256 " + digest, code.replace("— ", "- "), "x\n" * 3000):
        answer = front.signed_in("clerk").send("/verify-print", code=given)
        assert (answer.status_code, "proof-answers" in answer.text) == (422, False)


def test_a_ledger_that_was_changed_since_is_shown_by_the_paper(printed: tuple[Front, str, str]) -> None:
    front, _act, code = printed
    database = front.archive.books.database
    with database.writing() as connection:
        connection.execute(
            text("UPDATE entry SET body = (SELECT body FROM entry WHERE sequence = 1) WHERE sequence = 2")
        )
    assert "the ledger was rewritten" in asked(front, code)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM entry WHERE sequence > 3"))
        connection.execute(text("UPDATE ledger_state SET size = 3"))
    assert "the ledger was cut off" in asked(front, code, "he")


def test_whoever_may_not_see_the_act_learns_no_more_than_if_there_were_none(printed: tuple[Front, str, str]) -> None:
    front, act, code = printed
    with front.archive.books.database.writing() as connection:
        accounts.grant(connection, PEOPLE["ma"], Role.CLERK)  # cleared to confidential only
    assert "was printed here" in asked(front, code)
    absent = code.replace(act, "JY-2026-0999")
    for part in ("", "the checkpoint as well"):
        codes = [one if part else one[one.index("\n\nact") + 2 :] for one in (code, absent)]
        hidden, none = (asked(front, one, "ma") for one in codes)
        assert f"No {act} that reads like this was printed here for you" in hidden
        assert none.replace("JY-2026-0999", act) == hidden
    assert front.signed_in("chen").get("/verify-print").status_code == 403
