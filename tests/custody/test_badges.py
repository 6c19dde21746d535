"""Badges: one card, one person; given with the bearer's signature, withdrawn without; never a carrier's label."""

from collections.abc import Sequence

import pytest

from custody.access import Role, Subject
from custody.entries import Fact, TagBound, decode
from custody.entries.badges import BadgeGiven, BadgeWithdrawn
from custody.procedures.badges import UID
from custody.register import Directory, fold
from custody.rules import Refused
from custody.scheme import SchemeInvalid, scheme_from
from custody.store.books import bodies
from custody.values import Tag
from tests.builders import CLERK, MANAGER, PEOPLE, SECRECY_OFFICE, Archive, epc_of, subject

CHEN, SUN, LIN = (PEOPLE[name] for name in ("chen", "sun", "lin"))
CARD = "04A2B3C4D5E680"


def stops(archive: Archive, who: Subject, facts: Sequence[Fact], *others: str) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        archive.enter(who, facts, "badge", *others)
    return [(one.clause, one.code) for one in caught.value.refusals]


def badges(archive: Archive) -> Directory:
    with archive.books.database.reading() as connection:
        return archive.books.directory(connection)


def give(archive: Archive, person: str = "chen", uid: str = CARD) -> None:
    archive.enter(CLERK, [BadgeGiven(PEOPLE[person], uid)], "badge", person)


def test_a_badge_is_folded_from_the_ledger_and_told_by_it(archive: Archive) -> None:
    give(archive)
    archive.enter(CLERK, [BadgeWithdrawn(CHEN, CARD, "returned")], "badge_withdrawal")
    give(archive, "sun")
    known = badges(archive)
    assert [badge.uid for badge in known.badges_of(SUN)] == [CARD]
    assert known.badges_of(CHEN) == ()
    assert archive.books.rebuild_check() == []
    with archive.books.database.reading() as connection:
        told = fold(decode(body) for body in bodies(connection, archive.books.position(connection)))
    assert told.directory.badges == known.badges


def test_c_5_record__no_card_stands_for_a_person_who_did_not_sign_for_it(sqlite_archive: Archive) -> None:
    given = [BadgeGiven(CHEN, CARD)]
    assert stops(sqlite_archive, CLERK, given) == [("c.5", "signature_missing")]
    assert stops(sqlite_archive, CLERK, given, "sun") == [("c.5", "signature_missing")]
    give(sqlite_archive)


def test_c_5_refuse__a_card_stands_for_one_person_at_a_time(sqlite_archive: Archive) -> None:
    give(sqlite_archive)
    assert stops(sqlite_archive, CLERK, [BadgeGiven(SUN, CARD)], "sun") == [("c.5", "badge_taken")]
    sqlite_archive.enter(CLERK, [BadgeWithdrawn(CHEN, CARD, "replaced")], "badge_withdrawal")
    give(sqlite_archive, "sun")


def test_a_card_is_no_label_and_a_label_no_card(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    sqlite_archive.enter(CLERK, [TagBound(carrier, Tag("E00401508A5B6C7D"))], "tag")
    label = [BadgeGiven(CHEN, "E00401508A5B6C7D")]
    assert stops(sqlite_archive, CLERK, label, "chen") == [("", "badge_is_a_tag")]
    give(sqlite_archive, uid="04A2B3C4")
    assert stops(sqlite_archive, CLERK, [TagBound(carrier, Tag("04A2B3C4"))]) == [("", "tag_is_a_badge")]
    sqlite_archive.enter(CLERK, [BadgeWithdrawn(CHEN, "04A2B3C4", "lost")], "badge_withdrawal")
    sqlite_archive.enter(CLERK, [TagBound(carrier, Tag("04A2B3C4"))], "tag")


@pytest.mark.parametrize(
    ("fact", "signer", "code"),
    [
        (BadgeGiven(CHEN, epc_of(1)), "chen", "badge_malformed"),
        (BadgeGiven(CHEN, "04a2b3c4"), "chen", "badge_malformed"),
        (BadgeGiven(CHEN, ""), "chen", "badge_malformed"),
        (BadgeGiven(LIN, CARD), "lin", "badge_of_leaver"),
        (BadgeGiven(999, CARD), "chen", "reference_unknown"),
        (BadgeWithdrawn(CHEN, CARD, "lost"), "chen", "badge_not_given"),
    ],
)
def test_what_is_no_badge_is_not_given(sqlite_archive: Archive, fact: Fact, signer: str, code: str) -> None:
    assert code in [found for _clause, found in stops(sqlite_archive, CLERK, [fact], signer)]


def test_whose_badge_may_be_withdrawn_by_whom(sqlite_archive: Archive) -> None:
    """The registry's, the secrecy office's, one's own; nobody else's, and the three administrators not at all."""
    lost = [BadgeWithdrawn(CHEN, CARD, "lost")]
    give(sqlite_archive)
    assert stops(sqlite_archive, MANAGER, lost) == [("", "not_own")]
    assert stops(sqlite_archive, subject("admin", Role.SECURITY_ADMINISTRATOR), lost) == [("", "not_permitted")]
    assert stops(sqlite_archive, CLERK, [BadgeWithdrawn(CHEN, CARD, "bored")]) == [("", "text_missing")]
    for who in (SECRECY_OFFICE, subject("chen", Role.BORROWER), CLERK):
        sqlite_archive.enter(who, lost, "badge_withdrawal", signed=False)
        give(sqlite_archive)
    assert stops(sqlite_archive, MANAGER, [BadgeGiven(SUN, "04A2B3C4")], "sun") == [("", "not_permitted")]


def test_a_card_has_four_seven_eight_or_ten_bytes() -> None:
    assert [length for length in range(14) if UID.fullmatch("A7" * length)] == [4, 7, 8, 10]


def test_the_scheme_says_what_a_badge_counts_for() -> None:
    assert scheme_from({}).badge == "borrower"
    assert scheme_from({"signing": {"badge": "never"}}).badge == "never"
    with pytest.raises(SchemeInvalid, match=r"signing\.badge must be one of never, borrower, with_password"):
        scheme_from({"signing": {"badge": "always"}})
    with pytest.raises(SchemeInvalid, match=r"signing\.pin is not known"):
        scheme_from({"signing": {"pin": 1}})
