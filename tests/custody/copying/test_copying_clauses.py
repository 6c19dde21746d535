"""What clauses d.1 to d.6, and daily rule 7, refuse and demand of copying."""

from dataclasses import replace
from typing import Any

import pytest

from custody.entries import Fact, PersonRecorded, UnitRecorded
from custody.entries.approvals import Approved
from custody.entries.copying import Copied, CopyingClosed, SourceListed
from custody.entries.organisations import LicenceRecorded, LicenceWithdrawn, OrganisationRecorded
from custody.scheme import Scheme
from custody.store.books import Books
from custody.values import Licence, Organisation, Period, Place, Scope, Unit
from tests.builders import (
    CLERK,
    CLERK_2,
    CORRIDOR,
    LEADER,
    PEOPLE,
    PERSONS,
    READING,
    SECRECY_OFFICE,
    Archive,
    Ticking,
    nonces,
)
from tests.custody.copying.scenes import (
    CHEN,
    agreed,
    applied,
    approve,
    approved,
    ask,
    copied,
    made,
    opened,
    received,
    refused,
    session,
    tried,
)


def as_scheme(archive: Archive, **changes: Any) -> Archive:
    """The same books under another configuration."""
    books = archive.books
    return Archive(Books(books.database, replace(Scheme(), **changes), books.clock, nonces()))


class TestLeave:
    """Clause d.1: with the approval of the producing or issuing authority."""

    def test_d_1_refuse__nothing_is_copied_without_the_approval(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = applied(archive, [one], copies=1)
        facts = session(archive, matter, [one])
        assert tried(archive, facts) == ["d.1 copying_not_approved"]
        ask(archive, matter)
        assert tried(archive, facts) == ["d.1 copying_not_approved"]
        archive.enter(SECRECY_OFFICE, [Approved(matter, "office")], "approval")
        assert tried(archive, facts) == ["d.1 copying_not_approved"]
        archive.enter(LEADER, [Approved(matter, "leader")], "approval")
        assert tried(archive, facts) == []

    def test_d_1_refuse__never_a_copy_more_than_was_approved(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one, other = archive.carriers(2)
        matter = approved(archive, [one], copies=2)
        archive.enter(CLERK, session(archive, matter, [one], 2), "copy", "clerk2")
        third = copied(archive, matter, [one], 2, copy_number=3, copies=3)
        assert "d.1 beyond_approved" in tried(archive, [*third, made(matter)])
        second = approved(archive, [other], copies=2)
        assert tried(archive, session(archive, second, [other], 2)) == []

    def test_d_1_refuse__only_what_was_approved_in_the_manner_approved(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one, other = archive.carriers(2)
        matter = approved(archive, [one], copies=1)
        another = [*copied(archive, matter, [other]), made(matter)]
        assert tried(archive, another) == ["d.1 not_as_approved"]
        right = session(archive, matter, [one])
        excerpt = [replace(f, manner="excerpt") if isinstance(f, Copied) else f for f in right]
        assert tried(archive, excerpt) == ["d.1 not_as_approved"]
        assert tried(archive, right) == []

    def test_d_1_refuse__an_approval_lapses_even_when_begun(self, sqlite_archive: Archive) -> None:
        clock = Ticking()
        archive = Archive(Books(sqlite_archive.books.database, Scheme(), clock, nonces()))
        one = archive.carrier()
        fresh, begun = approved(archive, [one], copies=1), approved(archive, [one], copies=2)
        number = archive.state(one).description.control_number
        first = [*copied(archive, begun, [one], control_number=f"{number}-F2"), made(begun)]
        archive.enter(CLERK, first, "copy", "clerk2")
        clock.days(31)
        assert tried(archive, session(archive, fresh, [one])) == ["d.1 approval_lapsed"]
        second = [*copied(archive, begun, [one], 2, control_number=f"{number}-F2"), made(begun)]
        assert tried(archive, second) == ["d.1 approval_lapsed"]
        closed = CopyingClosed(begun, 1, "批准过期，另行申请")
        assert refused(archive, CLERK, [closed], "copying_close") == []

    def test_d_1_refuse__what_another_authority_issued_is_copied_with_its_leave(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        paper = received(archive)
        left_out = opened(archive)
        hidden = [left_out, SourceListed(paper, left_out.matter)]
        assert refused(archive, CHEN, hidden, "copying") == ["d.1 issuer_differs"]
        matter = applied(archive, [paper], copies=1)
        assert ask(archive, matter) == ["d.1 issuer_unanswered"]

        def answers(**changes: Any) -> list[str]:
            return refused(archive, CHEN, [agreed(matter, paper, **changes)], "copying_issuer")

        assert answers(authority="海西院") == ["d.1 issuer_differs"]
        assert answers(number=" ") == ["d.1 text_missing"]
        assert answers(on="下周") == answers(on="2026-12-01") == ["d.1 date_invalid"]
        assert answers() == []
        assert ask(archive, matter) == []

    def test_d_1_refuse__whoever_approved_neither_copies_nor_watches(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=1)
        facts = copied(archive, matter, [one])
        for hands in ({"operator": LEADER.person}, {"witness": SECRECY_OFFICE.person}):
            told = [*facts, made(matter, **hands)]
            assert tried(archive, told, "clerk2", "leader", "secrecy") == ["d.1 approver_copies"]
        assert tried(archive, [*facts, made(matter)]) == []

    def test_d_1_refuse__who_applied_signs_and_says_why(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        assert refused(archive, CHEN, [opened(archive, reason="")], "copying") == ["d.1 text_missing"]
        assert refused(archive, CHEN, [opened(archive)], "copying", signed=False) == ["d.1 signature_missing"]
        assert refused(archive, CHEN, [opened(archive)], "copying") == []


class TestTelegrams:
    """Clause d.2: coded telegrams are copied by the cipher department alone."""

    def test_d_2_refuse__not_elsewhere_than_in_the_cipher_department(self, sqlite_archive: Archive) -> None:
        archive = as_scheme(sqlite_archive, cipher_units=("CIPHER",))
        people = [replace(p, unit=5) for p in PERSONS if p.id in (PEOPLE["clerk"], PEOPLE["chen"])]
        unit: list[Fact] = [UnitRecorded(Unit(5, "CIPHER", "机要密码处", "Cipher department", 1))]
        archive.books.reserve("unit", 1)
        archive.enter(CLERK, unit, "directory")
        telegram = archive.carrier(kind="telegram")
        elsewhere = opened(archive, copies=1)
        listed = [elsewhere, SourceListed(telegram, elsewhere.matter)]
        assert refused(archive, CHEN, listed, "copying") == ["d.2 telegram_elsewhere"]

        matter = approved(archive, [telegram], copies=1, unit=5)
        facts = session(archive, matter, [telegram])
        assert tried(archive, facts) == ["d.2 telegram_elsewhere"]  # the clerk is of the registry
        archive.enter(CLERK, [PersonRecorded(p) for p in people], "directory")
        assert tried(archive, facts) == []

    def test_d_2_refuse__nowhere_where_no_unit_is_named(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        telegram, paper = archive.carrier(kind="telegram"), archive.carrier()
        for source, found in ((telegram, ["d.2 telegram_elsewhere"]), (paper, [])):
            first = opened(archive)
            assert refused(archive, CHEN, [first, SourceListed(source, first.matter)], "copying") == found


class TestLicences:
    """Clause d.3: a business copies by licence alone."""

    @staticmethod
    def print_shop(archive: Archive, **changes: Any) -> int:
        (body,) = archive.books.reserve("organisation", 1)
        shop = Organisation(body, f"YZ-{body}", "云章印务公司", "Yunzhang Printing", **changes)
        archive.enter(SECRECY_OFFICE, [OrganisationRecorded(shop)], "organisation")
        return body

    @staticmethod
    def licence(archive: Archive, body: int | None, level: str = "secret", until: str = "2027-12-31") -> int:
        (number,) = archive.books.reserve("licence", 1)
        paper = Licence(number, "reproduction", body, "复制证 0917", "省保密局", level, "2026-01-01", until)
        archive.enter(SECRECY_OFFICE, [LicenceRecorded(paper)], "licence")
        return number

    def test_d_3_refuse__another_body_needs_a_licence_good_today_and_for_the_level(
        self, sqlite_archive: Archive
    ) -> None:
        archive = sqlite_archive
        shop = self.print_shop(archive)
        one = archive.carrier()

        def apply() -> list[str]:
            return refused(archive, CHEN, [opened(archive, place=None, organisation=shop)], "copying")

        assert apply() == ["d.3 unlicensed"]
        self.licence(archive, shop, until="2026-11-19")
        assert apply() == ["d.3 unlicensed"]
        self.licence(archive, shop, level="confidential")
        assert apply() == ["d.3 unlicensed"]
        good = self.licence(archive, shop)
        assert apply() == []
        matter = approved(archive, [one], copies=1, place=None, organisation=shop)
        archive.enter(SECRECY_OFFICE, [LicenceWithdrawn(good, "吊销")], "licence")
        facts = session(archive, matter, [one])
        assert tried(archive, facts) == ["d.3 unlicensed"]
        self.licence(archive, shop)
        assert tried(archive, facts) == []

    def test_d_3_refuse__never_one_that_is_private_or_foreign(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        shop = self.print_shop(archive)
        self.licence(archive, shop)
        archive.enter(
            SECRECY_OFFICE,
            [OrganisationRecorded(Organisation(shop, f"YZ-{shop}", "云章印务公司", ownership="foreign_funded"))],
            "organisation",
        )
        asked = [opened(archive, place=None, organisation=shop)]
        assert refused(archive, CHEN, asked, "copying") == ["d.3 ownership_forbidden"]
        assert refused(archive, CHEN, [opened(archive)], "copying") == []

    def test_d_3_refuse__the_house_needs_its_own_where_it_is_a_business(self, sqlite_archive: Archive) -> None:
        archive = as_scheme(sqlite_archive, business_unit=True)
        assert refused(archive, CHEN, [opened(archive)], "copying") == ["d.3 unlicensed"]
        self.licence(archive, None)
        assert refused(archive, CHEN, [opened(archive)], "copying") == []
        internal = opened(sqlite_archive, level="internal")
        assert refused(as_scheme(sqlite_archive, business_unit=True), CHEN, [internal], "copying") == []


class TestRegistered:
    """Clause d.4: registered, and treated as the original."""

    def test_d_4_record__a_copy_is_tagged_has_its_home_and_who_made_it_is_told(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=1)
        copy, tag, home = copied(archive, matter, [one])
        for told in ([copy, home, made(matter)], [copy, tag, made(matter)], [copy, tag, home]):
            assert tried(archive, told) == ["d.4 registered_in_part"]
        assert tried(archive, [copy, tag, home, made(matter)]) == []

    def test_d_4_record__who_copied_and_who_watched_sign(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=1)
        facts = session(archive, matter, [one])
        assert refused(archive, CLERK, facts, "copy") == ["d.4 signature_missing"]
        assert refused(archive, CLERK_2, facts, "copy", signed=False) == ["d.4 signature_missing"]
        assert refused(archive, CLERK, facts, "copy", "clerk2") == []

    def test_d_4_record__two_who_are_here_and_may_know_it_on_a_named_machine(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=1)
        facts = copied(archive, matter, [one])
        lacking: list[tuple[dict[str, Any], str]] = [
            ({"witness": PEOPLE["clerk"]}, "d.4 copier_alone"),
            ({"witness": PEOPLE["lin"]}, "d.4 copier_left"),
            ({"witness": PEOPLE["ma"]}, "d.4 copier_not_cleared"),
            ({"machine": ""}, "d.4 text_missing"),
            ({"count": 2}, "d.4 copies_miscounted"),
        ]
        for hands, code in lacking:
            told = [*facts, made(matter, **({"count": 1} | hands))]
            assert tried(archive, told, "clerk2", "ma", "lin")[:1] == [code]
        assert tried(archive, [*facts, made(matter)]) == []

    def test_a_hand_that_nobody_knows(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=1)
        unknown = [*copied(archive, matter, [one]), made(matter, witness=99)]
        assert tried(archive, unknown) == ["reference_unknown"]

    def test_d_4_record__copies_are_numbered_after_their_original(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=2)

        def numbered(**changes: Any) -> list[str]:
            return tried(archive, [*copied(archive, matter, [one], **changes), made(matter)])

        assert numbered(control_number="YS-2026-90001") == ["d.4 copy_numbered_otherwise"]
        assert numbered(copy_number=2) == ["d.4 copy_numbered_otherwise"]
        assert numbered(copies=5) == ["d.4 copy_numbered_otherwise"]
        assert numbered() == []

    def test_d_4_record__a_copy_stays_its_issuers_and_its_units(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        paper = received(archive)
        matter = applied(archive, [paper], copies=1)
        archive.enter(CHEN, [agreed(matter, paper)], "copying_issuer")
        approve(archive, matter)

        def registered(**changes: Any) -> list[str]:
            return tried(archive, [*copied(archive, matter, [paper], **changes), made(matter)])

        for changes in ({"issuer": ""}, {"issuer_number": "另号"}, {"unit": 3}, {"title": "别的题名"}):
            assert registered(**changes) == ["d.4 not_as_source"], changes
        assert registered() == []

    def test_d_4_record__it_is_closed_over_as_many_as_were_made(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=3)
        archive.enter(CLERK, session(archive, matter, [one], 2), "copy", "clerk2")

        def closed(count: int, reason: str = "", **more: Any) -> list[str]:
            return refused(archive, CLERK, [CopyingClosed(matter, count, reason)], "copying_close", **more)

        assert closed(3) == ["d.4 copies_total_differs"]
        assert closed(2) == ["d.4 text_missing"]
        assert closed(2, "会期缩短", signed=False) == ["d.4 signature_missing"]
        assert closed(2, "会期缩短") == []


SOURCE = {"level": "secret", "period": Period("years", "10"), "scope": ("unit:4", "person:5")}
LESS: list[tuple[dict[str, Any], str]] = [
    ({"level": "confidential"}, "copy_level_lowered"),
    ({"period": Period("years", "9")}, "copy_period_shortened"),
    ({"period": Period("date", "2035-01-05")}, "copy_period_shortened"),
    ({"period": Period("years", "10"), "classified_on": "2025-12-31"}, "copy_period_shortened"),
    ({"scope": Scope(("all",))}, "copy_scope_widened"),
    ({"scope": Scope(("unit:1",))}, "copy_scope_widened"),
    ({"scope": Scope(("unit:4", "person:2"))}, "copy_scope_widened"),
    ({"scope": Scope(("unit:4", "post:core"))}, "copy_scope_widened"),
]
NO_LESS: list[dict[str, Any]] = [
    {},
    {"period": Period("years", "12")},
    {"period": Period("date", "2036-01-05")},
    {"period": Period("condition", "型号定型", "主管部门")},
    {"period": Period("long_term", "", "主管部门")},
    {"scope": Scope(("person:4", "person:5"))},
    {"scope": Scope(("unit:4",))},
]


class TestAsSecret:
    """Clause d.5: as secret as the original, for as long, known to nobody else."""

    @pytest.mark.parametrize("manner", ["copy", "excerpt"])
    def test_d_5_refuse__no_lower_no_shorter_no_wider(self, manner: str, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier(**SOURCE)
        matter = approved(archive, [one], manner, copies=1)
        for changes, code in LESS:
            less = [*copied(archive, matter, [one], **changes), made(matter)]
            assert tried(archive, less) == [f"d.5 {code}"], changes
        assert tried(archive, session(archive, matter, [one])) == []

    def test_as_secret_or_stricter_is_registered(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier(**SOURCE)
        matter = approved(archive, [one], copies=len(NO_LESS))
        for k, changes in enumerate(NO_LESS, 1):
            assert tried(archive, [*copied(archive, matter, [one], k, **changes), made(matter)]) == [], changes

    def test_a_copy_above_the_level_applied_for_is_not_registered(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        one = archive.carrier(level="confidential")
        matter = approved(archive, [one], copies=1, level="confidential")
        raised = [*copied(archive, matter, [one], level="secret"), made(matter)]
        assert tried(archive, raised) == ["above_matter_level"]


class TestCompilations:
    """Clause d.6: approved for itself; the highest, the longest, the narrowest of its sources."""

    def test_d_6_refuse__not_without_its_own_approval(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        both = archive.carriers(2)
        matter = applied(archive, both, "compilation", copies=1)
        facts = session(archive, matter, both)
        assert tried(archive, facts) == ["d.6 copying_not_approved"]
        assert ask(archive, matter, route="copying") == ["7 route_wrong"]
        approve(archive, matter)
        assert tried(archive, facts) == []

    def test_d_6_refuse__of_all_that_was_approved_and_no_more_than_approved(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        first, second, third = archive.carriers(3)
        matter = approved(archive, [first, second], "compilation", copies=1)
        for sources in ([first], [first, second, third], [first, second, second]):
            facts = [*copied(archive, matter, sources), made(matter)]
            assert tried(archive, facts)[:1] == ["d.6 not_as_approved"]
        archive.enter(CLERK, session(archive, matter, [first, second]), "copy", "clerk2")
        again = copied(archive, matter, [first, second], copy_number=2, copies=2)
        assert "d.6 beyond_approved" in tried(archive, [*again, made(matter)])

    def test_d_6_refuse__the_highest_the_longest_and_the_narrowest(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        lesser: list[tuple[dict[str, Any], str]] = [
            ({"level": "confidential"}, "copy_level_lowered"),
            ({"period": Period("years", "10")}, "copy_period_shortened"),
            ({"scope": Scope(("unit:4",))}, "copy_scope_widened"),
            ({"scope": Scope(("person:6",))}, "copy_scope_widened"),
        ]
        low = archive.carrier(level="confidential", scope=("unit:4",))
        high = archive.carrier(level="secret", scope=("person:4", "person:5"))
        matter = approved(archive, [low, high], "compilation", copies=1)
        for changes, code in lesser:
            less = [*copied(archive, matter, [low, high], **changes), made(matter)]
            assert f"d.6 {code}" in tried(archive, less)
        assert tried(archive, session(archive, matter, [low, high])) == []

    def test_d_6_refuse__approved_by_two_who_are_not_the_applicant(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        both = archive.carriers(2)
        matter = applied(archive, both, "compilation", by=SECRECY_OFFICE)
        assert ask(archive, matter, SECRECY_OFFICE) == []
        own = refused(archive, SECRECY_OFFICE, [Approved(matter, "office")], "approval")
        assert own == ["d.6 same_person"]


class TestWhere:
    """Daily rule 7: nothing is copied or scanned outside a rated place, however urgent; nor at home (rule 3)."""

    @pytest.mark.parametrize("place", [CORRIDOR, 8])
    def test_7_refuse__only_where_it_may_be_read(self, place: int, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        assert refused(archive, CHEN, [opened(archive, place=place)], "copying") == ["7 copy_place_too_low"]
        assert refused(archive, CHEN, [opened(archive, place=READING)], "copying") == []

    def test_7_refuse__a_place_rated_down_meanwhile(self, sqlite_archive: Archive) -> None:
        from custody.entries import PlaceRecorded

        archive = sqlite_archive
        one = archive.carrier()
        matter = approved(archive, [one], copies=1)
        low = Place(READING, "B1-reading", "阅览室", "room", parent=2, rating="confidential")
        archive.enter(CLERK, [PlaceRecorded(low)], "directory")
        facts = session(archive, matter, [one])
        assert "7 copy_place_too_low" in tried(archive, facts)

    def test_7_refuse__somewhere_and_by_somebody(self, sqlite_archive: Archive) -> None:
        archive = sqlite_archive
        nowhere = opened(archive, place=None)
        assert refused(archive, CHEN, [nowhere], "copying") == ["7 copier_unclear"]
        assert refused(archive, CHEN, [opened(archive, place=99)], "copying") == ["reference_unknown"]
        lost = opened(archive, place=None, organisation=99)
        assert refused(archive, CHEN, [lost], "copying") == ["reference_unknown"]
        nobody = opened(archive, recipient=99)
        assert refused(archive, CHEN, [nobody], "copying") == ["reference_unknown"]

    def test_3_refuse__not_at_home_however_that_is_rated(self, sqlite_archive: Archive) -> None:
        from custody.entries import PlaceRecorded

        archive = sqlite_archive
        (home,) = archive.books.reserve("place", 1)
        rated = Place(home, "HOME", "家", "room", rating="top_secret", responsible=PEOPLE["clerk"])
        archive.enter(CLERK, [PlaceRecorded(rated)], "directory")
        assert refused(archive, CHEN, [opened(archive, place=home)], "copying") == ["3 off_premises"]


def test_no_one_person_copies_alone_whatever_roles_he_has(sqlite_archive: Archive) -> None:
    from custody.access import Role
    from tests.builders import subject

    archive = sqlite_archive
    every = [role for role in Role if role not in (Role.AUDITOR, Role.DEVICE)]
    one_man = subject("clerk", *every)
    source = archive.carrier()
    matter = applied(archive, [source], by=one_man, copies=1)
    assert ask(archive, matter, one_man) == []
    for step in ("office", "leader"):
        assert refused(archive, one_man, [Approved(matter, step)], "approval")
    facts = [*copied(archive, matter, [source]), made(matter, witness=one_man.person)]
    found = refused(archive, one_man, facts, "copy")
    assert "d.1 copying_not_approved" in found
