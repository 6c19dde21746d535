"""Who discloses, reviews (clause i.2, rule 1): the author's statement, the reviewers' results, what came out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from custody.access import Role
from custody.entries import Delegated, Fact
from custody.entries.approvals import Approved, Declined
from custody.entries.disclosure import ChangesConfirmed, DisclosureReviewed, EditorsTold, Published, ReviewOpened
from custody.store import accounts
from custody.values import DAY, Delegation
from tests.builders import CLERK, LEADER, MANAGER, NOW, PEOPLE, SECRECY_OFFICE, TODAY, Archive, subject
from tests.custody.disclosure.scene import (
    CHEN,
    OTHER_TEXT,
    TEXT,
    a_passed_review,
    a_review,
    an_asked_review,
    piece,
    refusals_of,
    refused,
    result,
)

OUT = "《仪器学报》2026 年第 12 期"


def out(matter: int, **changes: Any) -> list[Fact]:
    """It came out today."""
    return [replace(Published(matter, OUT, TODAY), **changes)]


def test_a_paper_is_reviewed_by_its_unit_and_the_office_and_comes_out(archive: Archive) -> None:
    matter = an_asked_review(archive)
    archive.enter(MANAGER, result(matter, "unit"), "review_opinion")
    assert archive.the_matter(matter).status == "asked"
    archive.enter(SECRECY_OFFICE, result(matter, "office"), "review_opinion")
    archive.enter(archive.present(CHEN), out(matter, text_hash=TEXT), "publication")
    ended = archive.the_matter(matter)
    assert (ended.status, ended.ended, ended.due_at) == ("published", True, archive.due(20))
    assert [(one.step, one.person, one.result) for one in ended.body.reviews] == [
        ("unit", PEOPLE["manager"], "pass"),
        ("office", PEOPLE["secrecy"], "pass"),
    ]
    assert (ended.body.where, ended.body.published_on) == (OUT, TODAY)
    assert archive.books.rebuild_check() == []


def test_a_unit_is_the_author_of_its_own_press_release(sqlite_archive: Archive) -> None:
    matter = a_review(sqlite_archive, authors=(), author_unit=4, what="press_release")
    assert sqlite_archive.the_matter(matter).body.author_unit == 4


def test_what_is_not_to_be_public_ends_there(sqlite_archive: Archive) -> None:
    matter = an_asked_review(sqlite_archive)
    sqlite_archive.enter(MANAGER, result(matter, "unit", "no", "涉及未公开指标"), "review_opinion")
    ended = sqlite_archive.the_matter(matter)
    assert (ended.status, ended.ended, ended.body.reviews[0].opinion) == ("declined", True, "涉及未公开指标")


# Clause i.2, record: the review, its reviewer and result.


def test_i_2_record__nothing_passes_without_a_result(sqlite_archive: Archive) -> None:
    matter = an_asked_review(sqlite_archive)
    bare: Sequence[Fact] = [Approved(matter, "unit")]
    assert refusals_of(sqlite_archive, MANAGER, bare, "approval") == ["i.2 result_unsaid"]
    contrary = [DisclosureReviewed(matter, "unit", "no", "不可"), Approved(matter, "unit")]
    assert refusals_of(sqlite_archive, MANAGER, contrary, "approval") == ["i.2 result_unsaid"]
    assert refusals_of(sqlite_archive, MANAGER, result(matter, "unit"), "review_opinion") == []


def test_i_2_record__nothing_is_stopped_without_a_result(sqlite_archive: Archive) -> None:
    matter = an_asked_review(sqlite_archive)
    bare: Sequence[Fact] = [Declined(matter, "unit", "不宜")]
    assert refusals_of(sqlite_archive, MANAGER, bare, "approval") == ["i.2 result_unsaid"]
    no = result(matter, "unit", "no", " ")
    assert refusals_of(sqlite_archive, MANAGER, no, "review_opinion") == ["i.2 text_missing"]
    assert refusals_of(sqlite_archive, MANAGER, result(matter, "unit", "no", "不宜"), "review_opinion") == []


def test_i_2_record__a_result_is_the_answer_to_a_step(sqlite_archive: Archive) -> None:
    matter = an_asked_review(sqlite_archive)
    loose: Sequence[Fact] = result(matter, "unit")[:1]
    assert refusals_of(sqlite_archive, MANAGER, loose, "review_opinion") == ["i.2 answer_unsaid"]


def test_i_2_record__the_reviewer_is_no_author(sqlite_archive: Archive) -> None:
    by_two: dict[str, Any] = {"authors": (PEOPLE["chen"], PEOPLE["manager"])}
    matter = an_asked_review(sqlite_archive, **by_two)
    (against, *_) = refused(sqlite_archive, MANAGER, result(matter, "unit", "no", "不宜"), "review_opinion")
    assert (against.clause, against.code, against.params["person_en"]) == ("i.2", "reviewer_is_author", "Wu Tong")
    other = subject("leader", Role.MANAGER)
    assert refusals_of(sqlite_archive, other, result(matter, "unit"), "review_opinion") == []


def test_i_2_record__nor_is_his_deputy_one(sqlite_archive: Archive) -> None:
    with sqlite_archive.books.database.writing() as connection:
        accounts.create(connection, PEOPLE["manager"], "business", "hash", NOW)
        accounts.grant(connection, PEOPLE["manager"], Role.MANAGER)
    until = sqlite_archive.books.clock() + 5 * DAY
    for number, deputy in enumerate(("chen", "zhao"), 1):
        given = Delegation(number, PEOPLE["manager"], PEOPLE[deputy], ("approve_unit",), 0, until)
        sqlite_archive.enter(MANAGER, [Delegated(given)], "delegate")
    matter = an_asked_review(sqlite_archive)
    stead = PEOPLE["manager"]
    own = refusals_of(sqlite_archive, CHEN, result(matter, "unit", "no", "不宜", stead), "review_opinion")
    assert "i.2 reviewer_is_author" in own
    another = subject("zhao", Role.BORROWER)
    assert refusals_of(sqlite_archive, another, result(matter, "unit", stands_for=stead), "review_opinion") == []
    assert sqlite_archive.the_matter(matter).body.reviews[0].on_behalf_of == stead


PIECES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no title": ({"title": " "}, ["i.2 text_missing"]),
    "nowhere": ({"outlet": ""}, ["i.2 text_missing"]),
    "by nobody": ({"authors": ()}, ["i.2 authorless"]),
    "by somebody unknown": ({"authors": (999,)}, ["reference_unknown"]),
    "by a unit unknown": ({"author_unit": 99}, ["reference_unknown", "i.2 not_authors_unit"]),
    "for a unit that is chosen": ({"unit": 3}, ["i.2 not_authors_unit"]),
    "no text named": ({"text_hash": ""}, ["i.2 text_unidentified"]),
    "a hash that is none": ({"text_hash": "A" * 64}, ["i.2 text_unidentified"]),
    "no pages": ({"pages": 0}, ["pages_impossible"]),
    "a secret in writing": ({"secrets": "unavoidable"}, ["i.2 secret_in_text"]),
}


@pytest.mark.parametrize("case", PIECES)
def test_i_2_record__what_is_brought_to_be_reviewed(case: str, sqlite_archive: Archive) -> None:
    changes, expected = PIECES[case]
    plain: ReviewOpened = piece(sqlite_archive, sqlite_archive.matter())
    wrong = replace(plain, **changes)
    # Whoever brings it for the unit signs; the office may bring anybody's.
    assert refusals_of(sqlite_archive, CHEN, [wrong], "disclosure_review") in (
        expected,
        [*expected, "i.2 signature_missing"],
    )
    assert refusals_of(sqlite_archive, CHEN, [plain], "disclosure_review") == []


def test_i_2_record__the_author_signs_what_is_stated_of_it(sqlite_archive: Archive) -> None:
    brought = [piece(sqlite_archive, sqlite_archive.matter())]
    (against,) = refused(sqlite_archive, CLERK, brought, "disclosure_review")
    assert (against.clause, against.code, against.params["person_en"]) == ("i.2", "signature_missing", "Chen Guodong")
    assert refusals_of(sqlite_archive, CLERK, brought, "disclosure_review", "chen") == []


def test_i_2_record__nothing_comes_out_unreviewed(sqlite_archive: Archive) -> None:
    matter = an_asked_review(sqlite_archive)
    sqlite_archive.enter(MANAGER, result(matter, "unit"), "review_opinion")
    assert refusals_of(sqlite_archive, CHEN, out(matter), "publication") == ["i.2 not_reviewed"]
    sqlite_archive.enter(SECRECY_OFFICE, result(matter, "office"), "review_opinion")
    early = out(matter, published_on="2026-11-19")
    (against,) = refused(sqlite_archive, CHEN, early, "publication")
    assert (against.clause, against.code, dict(against.params)) == ("i.2", "out_before_review", {"day": TODAY})
    assert refusals_of(sqlite_archive, CHEN, out(matter), "publication") == []


def test_what_came_out_is_told_however_late(sqlite_archive: Archive) -> None:
    matter = a_passed_review(sqlite_archive)
    sqlite_archive.books.clock.days(200)  # type: ignore[attr-defined]
    assert refusals_of(sqlite_archive, CHEN, out(matter, published_on="2027-05-01"), "publication") == []


def test_i_2_record__another_text_than_the_one_reviewed(sqlite_archive: Archive) -> None:
    matter = a_passed_review(sqlite_archive)
    assert refusals_of(sqlite_archive, CHEN, out(matter, text_hash=OTHER_TEXT), "publication") == ["i.2 other_text"]
    assert refusals_of(sqlite_archive, CHEN, out(matter, text_hash="short"), "publication") == [
        "text_unidentified",
        "i.2 other_text",
    ]
    assert refusals_of(sqlite_archive, CHEN, out(matter, text_hash=TEXT), "publication") == []


def test_i_2_record__changes_that_nobody_confirmed(sqlite_archive: Archive) -> None:
    matter = a_passed_review(sqlite_archive, "changes", "删去第 3 节的指标")
    assert refusals_of(sqlite_archive, CHEN, out(matter), "publication") == ["i.2 changes_unconfirmed"]
    same: list[Fact] = [ChangesConfirmed(matter, TEXT)]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, same, "review_changes") == ["i.2 changed_text_missing"]
    none = [ChangesConfirmed(matter, OTHER_TEXT, 0)]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, none, "review_changes") == ["pages_impossible"]
    changed = [ChangesConfirmed(matter, OTHER_TEXT, 8)]
    assert refusals_of(sqlite_archive, CHEN, changed, "review_changes") == ["not_permitted"]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, changed, "review_changes") == []
    again = [ChangesConfirmed(matter, TEXT)]
    assert refusals_of(sqlite_archive, SECRECY_OFFICE, again, "review_changes") == ["no_changes"]
    assert refusals_of(sqlite_archive, CHEN, out(matter, text_hash=TEXT), "publication") == ["i.2 other_text"]
    assert refusals_of(sqlite_archive, CHEN, out(matter, text_hash=OTHER_TEXT), "publication") == []


def test_i_2_record__an_author_does_not_confirm_his_own_changes(sqlite_archive: Archive) -> None:
    both: dict[str, Any] = {"authors": (PEOPLE["chen"], PEOPLE["leader"])}
    matter = a_passed_review(sqlite_archive, "changes", "删去指标", **both)
    changed = [ChangesConfirmed(matter, OTHER_TEXT)]
    author = subject("leader", Role.MANAGER)
    assert refusals_of(sqlite_archive, author, changed, "review_changes") == ["i.2 reviewer_is_author"]
    assert refusals_of(sqlite_archive, MANAGER, changed, "review_changes") == []


def test_i_2_record__what_was_stated_to_the_editors_where_a_secret_cannot_be_avoided(sqlite_archive: Archive) -> None:
    interview: dict[str, Any] = {"what": "interview", "secrets": "unavoidable", "text_hash": "", "level": "secret"}
    matter = a_passed_review(sqlite_archive, **interview)
    assert refusals_of(sqlite_archive, CHEN, out(matter), "publication") == ["i.2 editors_untold"]
    empty: list[Fact] = [EditorsTold(matter, "本台编辑部", " ")]
    assert refusals_of(sqlite_archive, CHEN, empty, "publication") == ["i.2 text_missing"]
    stated = [EditorsTold(matter, "本台编辑部", "第二问涉密，不得播出、刊登")]
    assert refusals_of(sqlite_archive, CHEN, stated, "publication") == []
    assert refusals_of(sqlite_archive, CHEN, out(matter), "publication") == []
    assert sqlite_archive.books.rebuild_check() == []


def test_only_of_what_cannot_be_avoided_are_editors_told(sqlite_archive: Archive) -> None:
    matter = a_review(sqlite_archive)
    stated = [EditorsTold(matter, "编辑部", "请勿刊登")]
    assert refusals_of(sqlite_archive, CHEN, stated, "publication") == ["no_secret_told"]


def test_where_and_when_it_came_out(sqlite_archive: Archive) -> None:
    matter = a_passed_review(sqlite_archive)
    assert refusals_of(sqlite_archive, CHEN, out(matter, where=" "), "publication") == ["text_missing"]
    for day in ("2026-11-21", "yesterday"):
        assert refusals_of(sqlite_archive, CHEN, out(matter, published_on=day), "publication") == ["date_invalid"]


def test_i_2_record__a_review_is_signed(sqlite_archive: Archive) -> None:
    matter = an_asked_review(sqlite_archive)
    facts = result(matter, "unit")
    assert "i.2 signature_missing" in refusals_of(sqlite_archive, MANAGER, facts, "review_opinion", signed=False)
    sqlite_archive.enter(MANAGER, facts, "review_opinion")
    assert LEADER.person not in {one.person for one in sqlite_archive.the_matter(matter).body.reviews}
