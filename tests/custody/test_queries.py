"""Reading: lists, paging, search, and the wall around what is hidden."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from custody.access import INSTALLATION, Grant, Role, Subject, sees
from custody.entries import Borrowed, Imported, Moved, RoundSigned
from custody.life_cycle import Status
from custody.rules import NotFound
from custody.store import queries
from custody.store import schema as t
from custody.store.queries import CarrierFilter
from custody.store.queries.paging import KeyInvalid, pack, unpack
from custody.values import DAY, Period, Tag
from tests.builders import (
    CLERK,
    LOW_SHELF,
    NOW,
    PEOPLE,
    SCHEME,
    SHELF,
    SHELF_2,
    TODAY,
    Archive,
    description,
    directory,
    epc_of,
    signatures,
    subject,
)


def numbers(page: queries.Page[queries.CarrierItem]) -> list[tuple[str, int]]:
    """What a page lists."""
    return [(item.control_number, item.copy_number) for item in page.items]


def a_mixed_house(archive: Archive) -> list[int]:
    """Carriers of every level, of three units, with several scopes; some of them lent."""
    made = []
    scopes = (("all",), ("unit:3",), ("unit:4", "person:5"), ("post:core", "unit:3", "person:4"), ("person:4",), ())
    for unit in (1, 3, 4):
        for level in ("top_secret", "secret", "confidential", "internal"):
            for scope in scopes:
                made.append(archive.carrier(unit=unit, level=level, scope=scope))
    clock = archive.books.clock()
    for carrier, who in zip(made[::5], ["chen", "sun", "manager", "ma"] * 20, strict=False):
        loan = Borrowed(carrier, PEOPLE[who], clock + DAY)
        if archive.books.refusals(CLERK, [loan], signatures=signatures([loan], clock, who)) == [()]:
            archive.enter(CLERK, [loan], "borrow", who)
    return made


SUBJECTS = st.builds(
    Subject,
    person=st.integers(0, 9),
    name=st.just(""),
    grants=st.lists(
        st.builds(Grant, st.sampled_from(Role), st.sampled_from([None, 1, 3, 4])), max_size=2, unique=True
    ).map(tuple),
    clearance_rank=st.integers(-1, 3),
    principals=st.frozensets(
        st.sampled_from(["all", "unit:1", "unit:3", "unit:4", "post:core", "person:4", "x' OR 1"])
    ),
    reach=st.none() | st.frozensets(st.sampled_from([1, 2, 3, 4])),
)


class TestSight:
    """What one may not see is in no list, no count, no search and no journal."""

    def test_the_condition_in_sql_agrees_with_the_function(self, archive: Archive) -> None:
        made = a_mixed_house(archive)
        with archive.books.database.reading() as connection:
            states = queries.states_of(connection, made)
            assert len({state.holder for state in states.values()}) > 2

            @given(SUBJECTS)
            @settings(max_examples=150)
            def agree(who: Subject) -> None:
                shown = set(connection.execute(select(t.CARRIER.c.id).where(queries.visible(who))).scalars())
                assert shown == {carrier for carrier, state in states.items() if sees(who, state, SCHEME)}

            agree()

    def test_counts_that_are_kept_are_of_what_is_seen(self, archive: Archive) -> None:
        """Whoever asks is told as many as he can count himself: in reach, in common and singly in scope, in hand."""
        made = a_mixed_house(archive)
        archive.enter(CLERK, [Moved(made[3], SHELF_2), Moved(made[21], SHELF_2)], "move")
        with archive.books.database.reading() as connection:
            states = queries.states_of(connection, made)

            @given(SUBJECTS)
            @settings(max_examples=150)
            def agree(who: Subject) -> None:
                seen = [state for state in states.values() if sees(who, state, SCHEME)]
                origins, told = queries.origin_and_status_counts(connection, who)
                assert queries.status_counts(connection, who) == told
                assert {status: n for status, n in told.items() if n} == Counter(state.status for state in seen)
                assert {origin: n for origin, n in origins.items() if n} == Counter(state.origin for state in seen)
                places = queries.counts_by_place(connection, who)
                assert places == Counter(state.place for state in seen if state.place is not None)

            agree()

    def test_hidden_carriers_change_nothing_that_is_shown(self, archive: Archive) -> None:
        """Noninterference: every answer is the same with and without the carriers that are hidden."""
        who = subject("ma", Role.BORROWER)
        shown = archive.carriers(5, level="confidential", title="远山三号方案", place=LOW_SHELF)
        archive.borrow(shown[0], "ma")

        def answers(connection: Connection) -> list[Any]:
            filters = [
                CarrierFilter(),
                CarrierFilter(text="方案"),
                CarrierFilter(text="YS-2026"),
                CarrierFilter(text="1"),
                CarrierFilter(text="陈国栋"),
                CarrierFilter(text=epc_of(7)),
                CarrierFilter(level="secret"),
                CarrierFilter(place=3),
                CarrierFilter(status=Status.ON_LOAN),
                CarrierFilter(holder=PEOPLE["chen"]),
                CarrierFilter(unit=1),
            ]
            pages = [queries.carriers(connection, who, asked, limit=n) for asked in filters for n in (2, 50)]
            return [
                *pages,
                queries.loans(connection, who, NOW),
                queries.status_counts(connection, who),
                queries.origin_and_status_counts(connection, who),
                queries.counts_by_place(connection, who),
                queries.latest_entries(connection, who, 100),
                queries.carriers_by_id(connection, who, range(1, 30)),
            ]

        with archive.books.database.reading() as connection:
            before = answers(connection)
        hidden = archive.carriers(4, title="远山三号方案") + archive.carriers(2, level="confidential", scope=())
        archive.borrow(hidden[0], "chen")
        archive.books.enter(CLERK, [RoundSigned("QC-1", SHELF, 1, 1, 1, 0, 0, 0, "")], act="round")
        with archive.books.database.reading() as connection:
            assert answers(connection) == before
            for carrier in (*hidden, 99_999, 2**70, -1):
                for ask in (
                    lambda c=carrier: queries.carrier(connection, who, c),
                    lambda c=carrier: queries.entries_of(connection, who, c),
                    lambda c=carrier: queries.carrier_by_epc(connection, who, epc_of(max(0, c % 2**60))),
                    lambda c=carrier: queries.carrier_by_number(connection, who, f"YS-2026-{c:05d}"),
                ):
                    with pytest.raises(NotFound):
                        ask()

    def test_the_three_administrators_and_the_installation_see_no_carrier(self, archive: Archive) -> None:
        archive.carriers(3, level="internal")
        roles = (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR, Role.DEVICE)
        with archive.books.database.reading() as connection:
            for who in (*(subject("clerk", role) for role in roles), INSTALLATION):
                assert queries.carriers(connection, who).total == 0
                assert queries.latest_entries(connection, who, 10) == []
                assert sum(queries.status_counts(connection, who).values()) == 0

    def test_entries_about_no_carrier_are_for_who_answers_for_the_house(self, archive: Archive) -> None:
        with archive.books.database.reading() as connection:
            assert queries.latest_entries(connection, CLERK, 1)[0].fact.kind == "person_recorded"
            assert queries.latest_entries(connection, subject("clerk", Grant(Role.CLERK, 1)), 10) == []


class TestPaging:
    """Keyset paging: everything once, whatever the size of the page, in both directions."""

    @pytest.mark.parametrize("limit", [1, 3, 7, 50])
    def test_every_carrier_is_visited_once(self, archive: Archive, limit: int) -> None:
        archive.carriers(9)
        for copy in (1, 2, 10):
            archive.carrier(control_number="YS-2026-5", copy_number=copy, copies=10)
        with archive.books.database.reading() as connection:
            visited, after = [], None
            pages = []
            while True:
                page = queries.carriers(connection, CLERK, after=after, limit=limit)
                assert page.total == 12
                visited += numbers(page)
                pages.append(numbers(page))
                if (after := page.after) is None:
                    break
            assert len(visited) == len(set(visited)) == 12
            assert [copy for number, copy in visited if number == "YS-2026-5"] == [1, 2, 10]
            backwards = []
            while page is not None:
                backwards.append(numbers(page))
                if page.before is None:
                    break
                page = queries.carriers(connection, CLERK, before=page.before, limit=limit)
            assert sorted(number for page_ in backwards for number in page_) == sorted(visited)
            assert backwards[-1][0] == visited[0]

    def test_a_list_that_changes_is_neither_skipped_nor_repeated(self, archive: Archive) -> None:
        carriers = archive.carriers(6)
        on = CarrierFilter(status=Status.IN_PLACE)
        database = archive.books.database
        with database.reading() as connection:
            first = queries.carriers(connection, CLERK, on, limit=3)
        archive.borrow(carriers[0], "chen")
        with database.reading() as connection:
            second = queries.carriers(connection, CLERK, on, after=first.after, limit=3)
        assert [item.id for item in first.items + second.items] == carriers
        assert (second.total, second.after) == (5, None)

    def test_totals_are_counted_so_far_and_no_further(self, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
        archive.carriers(6)
        with archive.books.database.reading() as connection:
            for most, expected in ((5, (5, True)), (6, (6, False))):
                monkeypatch.setattr("custody.store.queries.paging.COUNTED_MAX", most)
                page = queries.carriers(connection, CLERK, limit=2)
                assert (page.total, page.capped) == expected

    @pytest.mark.parametrize(
        "key", ["", "?", "x" * 40, pack(["a"]), pack([1, 1]), pack(["a", "b"]), pack(["a", 2**64])]
    )
    def test_a_damaged_address_is_said_to_be_damaged(self, sqlite_archive: Archive, key: str) -> None:
        with sqlite_archive.books.database.reading() as connection, pytest.raises(KeyInvalid, match="first page"):
            queries.carriers(connection, CLERK, after=key)

    @given(st.text(), st.integers(-(2**62), 2**62))
    def test_keys_come_back_as_they_went(self, number: str, copy: int) -> None:
        packed = pack([number, copy])
        assert packed.isascii()
        assert not set(packed) & set("+/=&?")
        assert unpack(packed, (str, int)) == (number, copy)

    def test_a_page_has_at_least_one_row(self, sqlite_archive: Archive) -> None:
        with sqlite_archive.books.database.reading() as connection, pytest.raises(ValueError, match="at least one"):
            queries.carriers(connection, CLERK, limit=0)


SHELVED = {
    "YS-2026-00017": "远山三号总体方案",
    "YS-2017-00001": "天线阵面测试报告（第二册）",
    "YS-2026-00100": "Antenna Test Report, Volume 2",
    "KY〔2026〕7号": "２０２６年度保密工作计划",
    "A%B_C": "100%_\\",
}
SEARCHES = [
    ("方案", {"YS-2026-00017"}),
    ("三号总体", {"YS-2026-00017"}),
    ("总体三号", set()),  # its pieces are not all there
    ("00017", {"YS-2026-00017"}),  # not YS-2017-00001, which has all its pieces
    ("ys-2026", {"YS-2026-00017", "YS-2026-00100"}),
    ("2026", {"YS-2026-00017", "YS-2026-00100", "KY〔2026〕7号"}),
    ("2026年度", {"KY〔2026〕7号"}),  # full width in the title
    ("２０２６年", {"KY〔2026〕7号"}),
    ("测试 报告", {"YS-2017-00001"}),
    ("报告 方案", set()),
    ("antenna report", {"YS-2026-00100"}),
    ("ANTENNA", {"YS-2026-00100"}),
    ("%_", {"A%B_C"}),
    ("a%b", {"A%B_C"}),
    ("_\\", {"A%B_C"}),
    ("册", {"YS-2017-00001"}),
    ("K", {"KY〔2026〕7号"}),
    ("7号", {"KY〔2026〕7号"}),
    ("孙丽", {"YS-2017-00001"}),
    ("1005", {"YS-2017-00001"}),
    ("sun li", {"YS-2017-00001"}),
    (epc_of(2).lower(), {"YS-2017-00001"}),
    (" 3414F4A2 0000 0000 0000 0002 ", {"YS-2017-00001"}),
    ("不存在", set()),
    ("' OR 1=1 --", set()),
    ("\x00方案", set()),
    ("  ", set(SHELVED)),
]


def test_search_finds_words_parts_of_numbers_tags_and_holders(archive: Archive) -> None:
    for number, title in SHELVED.items():
        archive.carrier(control_number=number, title=title)
    archive.borrow(2, "sun")
    with archive.books.database.reading() as connection:
        for text, expected in SEARCHES:
            page = queries.carriers(connection, CLERK, CarrierFilter(text=text))
            assert {number for number, _ in numbers(page)} == expected, text


def test_search_is_the_same_where_its_words_are_common(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Common pieces are looked up from the list, rare ones lead it: the answer is the same."""
    monkeypatch.setattr("custody.store.queries.search._RARE_BELOW", 1)
    test_search_finds_words_parts_of_numbers_tags_and_holders(archive)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (CarrierFilter(level="secret"), {1, 2, 5}),
        (CarrierFilter(status=Status.ON_LOAN), {1, 2}),
        (CarrierFilter(kind="disc"), {4}),
        (CarrierFilter(unit=4), {3}),
        (CarrierFilter(place=SHELF), {1, 2, 3}),
        (CarrierFilter(place=3), {1, 2, 3, 5}),  # the store room and everything in it
        (CarrierFilter(place=1), {1, 2, 3, 4, 5}),
        (CarrierFilter(place=10), set()),
        (CarrierFilter(holder=PEOPLE["sun"]), {2}),
        (CarrierFilter(overdue_before=NOW + 3 * DAY), {1}),
        (CarrierFilter(origin="legacy", level="confidential"), {3, 4}),
        (CarrierFilter(origin="received"), set()),
        (CarrierFilter(unit=2**70), set()),
        (CarrierFilter(place=2**70), set()),
        (CarrierFilter(level="\x00"), set()),
    ],
)
def test_filters(archive: Archive, asked: CarrierFilter, expected: set[int]) -> None:
    archive.carriers(2)
    archive.carrier(level="confidential", unit=4)
    archive.carrier(level="confidential", kind="disc", place=LOW_SHELF)
    archive.carrier(place=SHELF_2)
    archive.borrow(1, "chen", 1)
    archive.borrow(2, "sun", 9)
    with archive.books.database.reading() as connection:
        page = queries.carriers(connection, CLERK, asked)
    assert {item.id for item in page.items} == expected
    assert page.total == len(expected)


def test_a_carrier_is_shown_whole(archive: Archive) -> None:
    period = Period("years", "15")
    carrier = archive.carrier(period=period, scope=("unit:4", "all"), copy_number=2, copies=3, unit=4)
    archive.borrow(carrier, "chen", 3)
    with archive.books.database.reading() as connection:
        item = queries.carrier(connection, CLERK, carrier)
        assert item == queries.carrier_by_epc(connection, CLERK, epc_of(carrier).lower())
        assert item == queries.carrier_by_number(connection, CLERK, "YS-2026-00001", 2)
        assert {carrier: item} == queries.carriers_by_id(connection, CLERK, [carrier, 77])
    assert (item.title, item.level, item.rank, item.period) == ("远山三号总体方案", "secret", 2, period)
    assert (item.unit_code, item.unit_name, item.unit_name_en) == ("RES", "研究部", "Research")
    assert (item.home_code, item.home_name, item.place_code) == ("B1-01-1", "一号柜一层", None)
    assert (item.holder_number, item.holder_name, item.holder_name_en) == ("1004", "陈国栋", "Chen Guodong")
    assert (item.scope, item.tags, item.status) == (("all", "unit:4"), (Tag(epc_of(carrier)),), Status.ON_LOAN)
    assert (item.due_at, item.since_at) == (archive.due(3), NOW)


def test_loans_come_longest_overdue_first(archive: Archive) -> None:
    carriers = archive.carriers(5)
    for carrier, days in zip(carriers, (9, 1, 5, 1, 14), strict=True):
        archive.borrow(carrier, "chen", days)
    with archive.books.database.reading() as connection:
        page = queries.loans(connection, CLERK, NOW, limit=3)
        rest = queries.loans(connection, CLERK, NOW, after=page.after, limit=3)
        assert [item.id for item in page.items + rest.items] == [2, 4, 3, 1, 5]
        late = queries.loans(connection, CLERK, NOW + 6 * DAY, overdue_only=True)
        assert [item.id for item in late.items] == [2, 4, 3]
        assert late.total == 3


def test_counts_by_state_origin_and_place(archive: Archive) -> None:
    archive.carriers(3)
    archive.carrier(place=SHELF_2)
    archive.borrow(1, "chen")
    with archive.books.database.reading() as connection:
        states = queries.status_counts(connection, CLERK)
        assert set(states) == set(Status)
        assert {status: count for status, count in states.items() if count} == {Status.IN_PLACE: 3, Status.ON_LOAN: 1}
        assert queries.origin_and_status_counts(connection, CLERK)[0]["legacy"] == 4
        assert queries.counts_by_place(connection, CLERK) == {SHELF: 2, SHELF_2: 1}


def test_the_journal_of_a_carrier_and_of_an_act(archive: Archive) -> None:
    carrier = archive.carrier()
    receipt = archive.books.enter(CLERK, [Moved(carrier, SHELF_2)], act="move")
    with archive.books.database.reading() as connection:
        kinds = [entry.fact.kind for entry in queries.entries_of(connection, CLERK, carrier)]
        assert kinds == ["imported", "tag_bound", "shelved", "moved"]
        assert queries.latest_entries(connection, CLERK, 1)[0].fact == Moved(carrier, SHELF_2)
        (entry,) = queries.act(connection, CLERK, receipt.act)
        assert entry.sequence == receipt.first
        for who, act in ((CLERK, "YD-1999-0001"), (subject("chen"), receipt.act)):
            with pytest.raises(NotFound):
                queries.act(connection, who, act)


class TestPeople:
    """Persons, and who is asking."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("周敏", ["周敏"]),
            ("zhoum", ["周敏"]),
            ("Zhou M", ["周敏"]),
            ("1004", ["陈国栋"]),
            ("林", ["林涛"]),
            ("nobody", []),
            ("%", []),
            ("\x00", []),
        ],
    )
    def test_persons_are_found_by_number_name_and_pinyin(
        self, archive: Archive, text: str, expected: list[str]
    ) -> None:
        with archive.books.database.reading() as connection:
            assert [person.name for person in queries.persons(connection, text)] == expected

    def test_persons_are_listed_by_pinyin(self, archive: Archive) -> None:
        with archive.books.database.reading() as connection:
            names = [person.name for person in queries.persons(connection, limit=4)]
            assert names == ["陈国栋", "韩叙言", "何静", "梁问渠"]
            assert queries.person_by_number(connection, " 1001 ").name == "周敏"
            assert queries.place_by_code(connection, "B1-01-1").id == SHELF
            for ask in (queries.person_by_number, queries.place_by_code):
                with pytest.raises(NotFound):
                    ask(connection, "none\x00")

    def test_the_directory_reads_back_as_it_was_entered(self, archive: Archive) -> None:
        with archive.books.database.reading() as connection:
            assert queries.directory(connection) == directory()

    @pytest.mark.parametrize(
        ("who", "grants", "reach", "rank"),
        [
            ("clerk", (Grant(Role.CLERK),), None, 3),
            ("manager", (Grant(Role.MANAGER, 1),), frozenset({1, 2, 3, 4}), 3),
            ("chen", (Grant(Role.BORROWER), Grant(Role.MANAGER, 4)), frozenset({4}), 2),
            ("ma", (Grant(Role.BORROWER),), frozenset(), 1),
            ("he", (), frozenset(), 0),
            ("lin", (Grant(Role.BORROWER),), frozenset(), -1),
        ],
    )
    def test_who_is_asking(
        self, archive: Archive, who: str, grants: tuple[Grant, ...], reach: frozenset[int] | None, rank: int
    ) -> None:
        person = PEOPLE[who]
        with archive.books.database.writing() as connection:
            row = {"person": person, "family": "business", "password_hash": "", "disabled": False, "language": "en"}
            connection.execute(insert(t.ACCOUNT).values(row | {"created_at": NOW}))
            for grant in grants:
                given = {"person": person, "role": grant.role.value, "family": "business", "unit": grant.unit}
                connection.execute(insert(t.GRANT).values(given))
            asking = queries.subject_for(connection, person, SCHEME, TODAY)
            assert (set(asking.grants), asking.reach, asking.clearance_rank) == (set(grants), reach, rank)
            assert asking.principals == subject(who).principals
            assert asking.language == "en"
            connection.execute(t.ACCOUNT.update().values(disabled=True))
            assert queries.subject_for(connection, person, SCHEME, TODAY).grants == ()

    def test_a_person_without_account_has_no_roles_and_an_unknown_one_is_not_found(self, archive: Archive) -> None:
        with archive.books.database.reading() as connection:
            asking = queries.subject_for(connection, PEOPLE["chen"], SCHEME, TODAY)
            assert (asking.grants, asking.reach) == ((), frozenset())
            for nobody in (0, 999, 2**70):
                with pytest.raises(NotFound):
                    queries.subject_for(connection, nobody, SCHEME, TODAY)


def test_state_of_is_for_the_engine_and_needs_no_subject(archive: Archive) -> None:
    (carrier,) = archive.books.reserve("carrier", 1)
    described = description(scope=("unit:4", "all"))
    archive.books.enter(INSTALLATION, [Imported(carrier, described)], act="take_in")
    with archive.books.database.reading() as connection:
        state = queries.state_of(connection, carrier)
        with pytest.raises(NotFound):
            queries.state_of(connection, 99)
    assert state.description.scope.principals == ("all", "unit:4")
    assert (state.home, state.place, state.tags) == (None, None, ())
