"""What people sign for, and what nobody gets who has not (clause j.2, rules 5 and 7)."""

from collections.abc import Callable

import pytest

from custody.access import INSTALLATION, Role
from custody.clock import day
from custody.entries import Borrowed, Fact, text_hash
from custody.entries.circulation import LegStarted, TakenToRead
from custody.entries.entry import Acknowledged, InstructionIssued
from custody.procedures.undertakings import SUBJECTS, due_on, obliged, signed_for, to_sign
from custody.register import Directory
from custody.rules import Refused
from custody.values import DAY
from tests.builders import (
    CLERK,
    NOW,
    PEOPLE,
    PERSONS,
    READING,
    SCHEME,
    SECRECY_OFFICE,
    TODAY,
    Archive,
    Ticking,
    subject,
)
from tests.custody.circulation.scene import a_circulation
from tests.custody.copying import scenes as copying
from tests.custody.entry.scene import TEXT, hash_signed, issued, refused, signs
from tests.custody.meetings.scene import in_session

Patch = pytest.MonkeyPatch
CHEN, LIN = PEOPLE["chen"], PEOPLE["lin"]


def the_directory(archive: Archive) -> Directory:
    """As it stands."""
    with archive.books.database.reading() as connection:
        return archive.books.directory(connection)


def test_j_2_record__a_person_signs_the_text_in_force_with_the_own_name(archive: Archive) -> None:
    issued(archive)
    chen = subject("chen", Role.BORROWER)
    archive.enter(chen, [Acknowledged(CHEN, "undertaking", TEXT)], "acknowledge")
    assert hash_signed(archive, "chen") == text_hash(TEXT)
    assert hash_signed(archive, "sun") is None
    assert archive.books.rebuild_check() == []


def test_j_2_record__nobody_signs_in_anothers_name(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    issued(sqlite_archive)
    refused(
        sqlite_archive, SECRECY_OFFICE, [Acknowledged(CHEN, "undertaking", TEXT)], "acknowledge",
        clause="j.2", code="signature_missing", monkeypatch=monkeypatch,
    )  # fmt: skip


@pytest.mark.parametrize("said", ["本人承诺。", TEXT + " "])
def test_j_2_record__what_is_signed_is_the_text_in_force_to_the_letter(
    sqlite_archive: Archive, said: str, monkeypatch: Patch
) -> None:
    issued(sqlite_archive)
    refused(
        sqlite_archive, SECRECY_OFFICE, [Acknowledged(CHEN, "undertaking", said)], "acknowledge", "chen",
        clause="j.2", code="not_the_text_in_force", monkeypatch=monkeypatch,
    )  # fmt: skip


def _borrowed(archive: Archive) -> tuple[Fact, str]:
    return Borrowed(archive.carrier(), CHEN, archive.due(3)), "borrow"


def _to_read(archive: Archive) -> tuple[Fact, str]:
    return TakenToRead(archive.carrier(), CHEN, READING, archive.due(0)), "read"


def _to_reader(archive: Archive) -> tuple[Fact, str]:
    carrier = archive.carrier()
    matter = a_circulation(archive, carrier, readers=("chen",))
    return LegStarted(carrier, matter, CHEN, archive.due(3)), "leg"


@pytest.mark.parametrize("gets", [_borrowed, _to_read, _to_reader], ids=["borrowed", "to read", "circulated"])
def test_j_2_record__no_state_secret_without_the_undertaking(
    sqlite_archive: Archive, gets: Callable[[Archive], tuple[Fact, str]], monkeypatch: Patch
) -> None:
    issued(sqlite_archive)
    fact, act = gets(sqlite_archive)
    refused(
        sqlite_archive, CLERK, [fact], act, "chen",
        clause="j.2", code="undertaking_missing", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_j_2_record__no_meeting_paper_without_the_undertaking(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen", "sun")
    papers = meeting.brings(2)
    issued(sqlite_archive)
    signs(sqlite_archive, "sun")
    with pytest.raises(Refused) as caught:
        meeting.hands_out({papers[0]: 1})
    assert [(one.clause, one.code) for one in caught.value.refusals] == [("j.2", "undertaking_missing")]
    meeting.hands_out({papers[1]: 2})
    signs(sqlite_archive, "chen")
    meeting.hands_out({papers[0]: 1})
    assert sqlite_archive.books.rebuild_check() == []


def test_j_2_record__a_new_text_is_signed_anew(sqlite_archive: Archive) -> None:
    issued(sqlite_archive)
    signs(sqlite_archive, "chen")
    sqlite_archive.borrow(sqlite_archive.carrier(), "chen")
    again = issued(sqlite_archive, text=TEXT + "离岗后亦同。")
    with pytest.raises(Refused) as caught:
        sqlite_archive.borrow(sqlite_archive.carrier(), "chen")
    assert [one.code for one in caught.value.refusals] == ["undertaking_missing"]
    signs(sqlite_archive, "chen", text=again)
    sqlite_archive.borrow(sqlite_archive.carrier(), "chen")


def test_internal_papers_and_what_is_taken_over_need_no_undertaking(sqlite_archive: Archive) -> None:
    issued(sqlite_archive)
    sqlite_archive.borrow(sqlite_archive.carrier(level="internal"), "he")
    late = sqlite_archive.carrier()
    sqlite_archive.books.enter(INSTALLATION, [Borrowed(late, CHEN, NOW + DAY)], act="take_in", happened_at=NOW - DAY)


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (InstructionIssued("oath", TEXT), "reference_unknown"),
        (InstructionIssued("reminder", " \n"), "text_missing"),
        (InstructionIssued("undertaking", TEXT), "instruction_unchanged"),
        (Acknowledged(77, "undertaking", TEXT), "reference_unknown"),
        (Acknowledged(LIN, "undertaking", TEXT), "signer_left"),
    ],
    ids=lambda one: getattr(one, "kind", one),
)
def test_what_is_out_of_order_is_refused(sqlite_archive: Archive, fact: Fact, code: str) -> None:
    issued(sqlite_archive)
    act = "instruction" if isinstance(fact, InstructionIssued) else "acknowledge"
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(SECRECY_OFFICE, [fact], act, "lin", 77)
    assert [(one.clause, one.code) for one in caught.value.refusals] == [("", code)]


def test_a_text_is_issued_under_the_own_signature(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    refused(
        sqlite_archive, SECRECY_OFFICE, [InstructionIssued("reminder", TEXT)], "instruction",
        clause="", code="signature_missing", monkeypatch=monkeypatch, signed=False,
    )  # fmt: skip


def test_a_clerk_has_nobody_sign_but_himself(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    issued(sqlite_archive)
    refused(
        sqlite_archive, CLERK, [Acknowledged(CHEN, "undertaking", TEXT)], "acknowledge", "chen",
        clause="", code="signs_for_himself", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_7_record__nobody_makes_copies_who_has_not_signed_the_ban_on_photographs(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    matter = copying.approved(sqlite_archive, [carrier])
    issued(sqlite_archive, "photographs")
    signs(sqlite_archive, "clerk2", "photographs")
    refused(
        sqlite_archive, CLERK, copying.session(sqlite_archive, matter, [carrier]), "copy", "clerk2",
        clause="7", code="ban_unsigned", monkeypatch=monkeypatch,
    )  # fmt: skip
    signs(sqlite_archive, "clerk", "photographs")
    second = [*copying.copied(sqlite_archive, matter, [carrier], 2), copying.made(matter)]
    assert copying.tried(sqlite_archive, second) == []


# What is due, and when.


def due(archive: Archive, what: str, who: int = CHEN) -> int | None:
    return due_on(what, the_directory(archive), who, archive.scheme)


def test_a_signature_holds_for_its_time_and_as_long_as_the_text(sqlite_archive: Archive) -> None:
    assert [due(sqlite_archive, one) for one in SUBJECTS] == [None] * 4
    for one in SUBJECTS:
        issued(sqlite_archive, one)
    assert {due(sqlite_archive, one) for one in SUBJECTS} == {NOW + 14 * DAY}
    for one in SUBJECTS:
        signs(sqlite_archive, "chen", one)
    assert [due(sqlite_archive, one) for one in SUBJECTS] == [None, NOW + 365 * DAY, NOW + 90 * DAY, None]
    clock = sqlite_archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(10)
    issued(sqlite_archive, "instruction", "新的要求。")
    assert due(sqlite_archive, "instruction") == NOW + 24 * DAY
    assert not signed_for("instruction", the_directory(sqlite_archive), CHEN)


def test_one_is_told_what_to_sign_before_it_is_due(sqlite_archive: Archive) -> None:
    issued(sqlite_archive, "reminder")
    signs(sqlite_archive, "chen", "reminder")
    chen = PERSONS[CHEN - 1]

    def asked(after_days: int) -> list[tuple[str, int]]:
        now = NOW + after_days * DAY
        return list(to_sign(the_directory(sqlite_archive), chen, SCHEME, now, day(now, SCHEME.timezone)))

    assert asked(75) == []
    assert asked(76) == [("reminder", NOW + 90 * DAY)]
    assert asked(200) == [("reminder", NOW + 90 * DAY)]


def test_who_holds_a_post_is_obliged_and_anybody_to_the_ban_on_photographs() -> None:
    chen, he, lin = (PERSONS[PEOPLE[name] - 1] for name in ("chen", "he", "lin"))
    told = {one.name_en: [what for what in SUBJECTS if obliged(what, one, TODAY)] for one in (chen, he, lin)}
    assert told == {"Chen Guodong": list(SUBJECTS), "He Jing": ["photographs"], "Lin Tao": []}
