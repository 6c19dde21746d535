"""The map of places: coloured by what is open, hatched where nobody listens; arranged by hand; places on a page."""

import re

import pytest

from api.web.place_looks import front, look_of, sums
from api.web.place_map import cut, short_code, wide
from api.web.places import children
from api.web.plan_arranging import overlaps
from api.web.plan_layout import WIDTH, Children, laid_out, plan_of, start_of
from custody.access import Role
from custody.store import accounts, audit, queries
from custody.values import SECOND, Place
from reconcile.checks import KINDS
from reconcile.store.core import ANTENNA, COVERAGE, FINDING, READER
from reconcile.store.place_states import OnShelf
from reconcile.store.plans import Spot
from tests.builders import CORRIDOR, LOW_SHELF, PEOPLE, READING, SHELF, SHELF_2, directory
from tests.web.front import Front, words

SITE, BUILDING, STORE, CABINET, GATE = 1, 2, 3, 4, 10
BELOW: Children = children(directory())


def opened(front: Front, kind: str, place: int, carrier: int | None = None, number: str = "") -> None:
    """A finding of this kind is open at a place."""
    known = KINDS[kind]
    with front.archive.books.database.writing() as connection:
        connection.execute(
            FINDING.insert().values(
                number=number or f"F-{kind}-{place}-{carrier}",
                kind=kind,
                about=f"carrier:{carrier}",
                carrier=carrier,
                place=place,
                unit=1,
                urgency=known.urgency,
                happened_at=front.clock.at,
                opened_at=front.clock.at,
                open=True,
                state="open",
                evidence="{}",
            )
        )


def listening_at(front: Front, place: int, ago_seconds: int = 5) -> None:
    """An antenna listens at a place."""
    name, through = f"reader-{place}", front.clock.at - ago_seconds * SECOND
    with front.archive.books.database.writing() as connection:
        connection.execute(
            READER.insert().values(
                name=name, device="", title_zh="", title_en="", enabled=True, state="listening", detail=""
            )
        )
        connection.execute(ANTENNA.insert().values(reader=name, number=1, place=place, role="place"))
        connection.execute(
            COVERAGE.insert().values(reader=name, antenna=1, since_at=through - 3600 * SECOND, through_at=through)
        )


def box(page: str, place: int) -> str:
    """The words and marks of a place's box on the plan."""
    found = re.search(rf'<a href="/places/{place}" class="p[bd][^>]*>', page)
    assert found, f"place {place} is not on the plan"
    return found[0]


class TestLayout:
    """The plan is laid out from the tree alone, and where somebody arranged it, so."""

    def test_one_begins_where_there_is_something_to_choose(self) -> None:
        assert start_of(BELOW) == BUILDING
        assert start_of({}) is None

    @pytest.mark.parametrize(
        ("place", "shown"),
        [(SITE, SITE), (BUILDING, BUILDING), (STORE, BUILDING), (SHELF, BUILDING), (LOW_SHELF, BUILDING)],
    )
    def test_a_place_is_shown_on_the_plan_of_its_building(self, place: int, shown: int) -> None:
        assert plan_of(directory(), BELOW, place) == shown

    def test_a_room_of_a_very_large_building_is_shown_alone(self) -> None:
        further = [Place(at, f"R-{at}", "室", "room", 2) for at in range(99, 400)]
        many: Children = dict(BELOW) | {BUILDING: [*BELOW[BUILDING], *further]}
        assert plan_of(directory(), many, SHELF) == STORE

    def test_rooms_stand_in_rows_that_fill_the_plan_and_cover_no_other(self) -> None:
        rooms = [Place(at, f"R-{at}", "室", "room", 2) for at in range(20, 33)]
        boxes: Children = {20: [Place(at, f"C-{at}", "柜", "cabinet", 20) for at in range(40, 63)]}
        (floor,) = laid_out({BUILDING: rooms, **boxes}, BUILDING, {})
        spots = [frame.at for frame in floor.frames]
        assert len(spots) == 13
        assert not [1 for one in spots for other in spots if one is not other and overlaps(one, other)]
        for y in {spot.y for spot in spots}:
            row = [spot for spot in spots if spot.y == y]
            assert sum(spot.w for spot in row) == WIDTH
            assert len({spot.h for spot in row}) == 1
        inner = [spot for frame in floor.frames for _, spot in frame.boxes]
        assert len(inner) == 23
        assert not [1 for one in inner for other in inner if one is not other and overlaps(one, other)]
        outer = floor.frames[0].at
        assert all(outer.x < one.x and one.x + one.w < outer.x + outer.w for one in inner)
        assert all(outer.y < one.y and one.y + one.h < outer.y + outer.h for one in inner)

    def test_what_is_arranged_stands_where_it_was_put_and_the_rest_below_it(self) -> None:
        (floor,) = laid_out(BELOW, BUILDING, {READING: Spot(3, 2, 12, 9)})
        spots = {frame.place.id: frame.at for frame in floor.frames}
        assert spots[READING] == Spot(3, 2, 12, 9)
        assert all(spot.y >= 11 for place, spot in spots.items() if place != READING)

    def test_a_room_is_never_smaller_than_what_stands_in_it(self) -> None:
        (floor,) = laid_out(BELOW, BUILDING, {STORE: Spot(0, 0, 2, 2)})
        store = next(frame for frame in floor.frames if frame.place.id == STORE)
        (_, inner) = store.boxes[0]
        assert inner.x + inner.w < store.at.w
        assert inner.y + inner.h < store.at.h

    def test_floors_are_plans_of_their_own(self) -> None:
        floors = laid_out(BELOW, BUILDING, {READING: Spot(0, 0, 12, 9, "2F"), STORE: Spot(0, 0, 12, 9, "1F")})
        assert [floor.name for floor in floors] == ["", "1F", "2F"]

    def test_a_portal_stands_on_the_wall_that_its_places_share(self) -> None:
        portal = Place(77, "P", "门", "portal", BUILDING, inside=STORE, outside=READING)
        rooms = [place for place in BELOW[BUILDING] if place.id in (STORE, READING)]
        spots = {STORE: Spot(0, 0, 10, 9), READING: Spot(10, 2, 10, 9)}
        (floor,) = laid_out({BUILDING: [*rooms, portal]}, BUILDING, spots)
        assert [(door.x, door.y) for door in floor.doors] == [(10, 5.5)]

    def test_words_are_cut_to_what_fits(self) -> None:
        assert cut("库房", 100, 14) == "库房"
        assert cut("一号库房", 44, 14) == "一号…"
        assert wide(cut("a rather long name of a room", 60, 12), 12) <= 60
        assert short_code(directory().places[CABINET], directory().places[STORE]) == "01"
        assert short_code(directory().places[STORE], None) == "B1-store"


class TestLooks:
    """The gravest of what is open gives the colour; silence is hatched; nothing is called right that is not seen."""

    @pytest.mark.parametrize(
        ("kinds", "heard", "sees", "colour", "count"),
        [
            ({}, True, True, "ok", 0),
            ({}, False, True, "deaf", 0),
            ({}, True, False, "mute", 0),
            ({"misplaced": 2}, True, True, "odd", 2),
            ({"misplaced": 2, "overdue_loan": 1}, True, True, "due", 3),
            ({"misplaced": 2, "overdue_loan": 1, "missing": 1}, False, True, "bad", 4),
            ({"reader_silent": 1}, True, True, "deaf", 1),
        ],
    )
    def test_look(self, kinds: dict[str, int], heard: bool, sees: bool, colour: str, count: int) -> None:
        look = look_of(kinds, 5, heard=heard, sees_findings=sees)
        assert (look.colour, look.open) == (colour, count)

    def test_what_is_open_counts_upwards(self) -> None:
        total = sums(BELOW, {SHELF: {"missing": 1}, SHELF_2: {"missing": 2, "misplaced": 1}}, {SHELF: 4, STORE: 1})
        assert total[CABINET] == ({"missing": 3, "misplaced": 1}, 4)
        assert total[SITE] == ({"missing": 3, "misplaced": 1}, 5)
        assert total[CORRIDOR] == ({}, 0)

    def test_a_cabinet_from_the_front(self) -> None:
        shelves = [directory().places[one] for one in (SHELF, SHELF_2)]
        items = [OnShelf(SHELF, "in_place", True, ()) for _ in range(45)]
        items[7] = OnShelf(SHELF, "in_place", True, ("missing",))
        items[30] = OnShelf(SHELF, "on_loan", False, ("overdue_loan",))
        seen = front(directory().places[CABINET], shelves, items, lambda one: one == SHELF)
        assert [one.place.id for one in seen.shelves] == [SHELF_2, SHELF]
        upper, lower = seen.shelves
        assert (upper.colour, upper.carriers) == ("deaf", 0)
        assert (seen.each, len(lower.blocks), lower.carriers, lower.out) == (3, 15, 45, 1)
        assert [block.colour for block in lower.blocks] == [
            "bad" if at == 2 else "out" if at == 10 else "there" for at in range(15)
        ]
        assert (lower.word, lower.n) == ("finding_kind.missing", 1)


class TestMap:
    """The map in the pages."""

    def test_boxes_are_coloured_by_what_is_open_in_them_and_hatched_where_nobody_listens(
        self, front_on_both: Front
    ) -> None:
        carriers = front_on_both.archive.carriers(3)
        listening_at(front_on_both, STORE)
        opened(front_on_both, "misplaced", SHELF, carriers[0])
        opened(front_on_both, "missing", SHELF_2, carriers[1])
        browser = front_on_both.signed_in("clerk")
        page = browser.get("/places").text
        assert "k-bad" in box(page, CABINET)
        assert "Not found 2, 3 carriers" in box(page, CABINET)
        assert "k-deaf" in box(page, READING)
        assert "k-deaf" in box(page, GATE)
        place = words(browser.get(f"/places/{SHELF}").text)
        assert "Now Misplaced 1" in place
        assert "1 Not found" in place

    def test_what_one_may_not_see_colours_nothing(self, front: Front) -> None:
        (seen,) = front.archive.carriers(1, scope=("person:1",))
        (hidden,) = front.archive.carriers(1, level="top_secret", place=SHELF_2, scope=("person:1",))
        listening_at(front, STORE)
        opened(front, "misplaced", SHELF, seen)
        opened(front, "missing", SHELF_2, hidden)
        page = front.signed_in("clerk").get("/places").text
        assert "Not found 2, 2 carriers" in box(page, CABINET)
        with front.archive.books.database.writing() as connection:
            accounts.revoke(connection, PEOPLE["manager"], Role.MANAGER, at=front.clock.at)
            accounts.grant(connection, PEOPLE["manager"], Role.MANAGER, 4, at=front.clock.at)
        page = front.signed_in("manager").get("/places").text
        assert "Nothing open, 0 carriers" in box(page, CABINET)

    def test_who_sees_no_findings_is_not_told_that_there_are_none(self, front: Front) -> None:
        carrier = front.archive.carrier()
        listening_at(front, STORE)
        opened(front, "missing", SHELF, carrier)
        page = front.signed_in("secretary").get("/places").text
        assert "k-mute" in box(page, CABINET)
        assert "Nothing open" not in box(page, CABINET)

    def test_a_place_says_who_cares_for_it(self, front: Front) -> None:
        listening_at(front, STORE, ago_seconds=7200)
        page = words(front.signed_in("clerk").get(f"/places/{STORE}").text)
        assert "never swept" in page
        assert "1 silent" in page


class TestArranging:
    """A clerk puts the boxes where they stand in the house."""

    def test_boxes_stay_where_they_were_put_on_record_and_can_be_laid_out_anew(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        page = clerk.get(f"/places/{STORE}/plan").text
        assert f'name="x.{CABINET}"' in page
        fields = {f"x.{CABINET}": "9", f"y.{CABINET}": "6", f"w.{CABINET}": "8", f"h.{CABINET}": "5"}
        assert clerk.send(f"/places/{STORE}/plan", do="save", **fields).status_code == 303
        again = clerk.get(f"/places/{STORE}/plan").text
        assert f'name="x.{CABINET}" type="number" min="0" max="200" value="9"' in again
        with front.archive.books.database.reading() as connection:
            (event,) = audit.events(connection, kinds=("plan_arranged",))
        assert (event.by, event.detail) == (PEOPLE["clerk"], {"place": STORE, "boxes": 1})
        assert front.archive.books.rebuild_check() == []
        assert clerk.send(f"/places/{STORE}/plan", do="anew").status_code == 303
        assert 'value="9"' not in clerk.get(f"/places/{STORE}/plan").text

    def test_boxes_that_cover_one_another_are_not_taken(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        ids = [STORE, READING, LOW_SHELF, CORRIDOR]
        fields = {f"{name}.{one}": "5" for one in ids for name in "xywh"}
        answer = clerk.send(f"/places/{BUILDING}/plan", do="save", **fields)
        assert answer.status_code == 422
        assert "covers" in words(answer.text)
        answer = clerk.send(f"/places/{BUILDING}/plan", do="save", **(fields | {f"x.{CORRIDOR}": "900"}))
        assert "a whole number from 0 to 200" in words(answer.text)

    @pytest.mark.parametrize("who", ["secrecy", "manager", "admin"])
    def test_only_clerks_arrange(self, front: Front, who: str) -> None:
        assert front.signed_in(who).send(f"/places/{STORE}/plan", do="anew").status_code == 403


class TestDirectory:
    """Places, units and persons, one by one, on a page."""

    def test_a_building_its_room_and_its_door(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        plain = {"rating": "inherit"}
        clerk.enter("/business/new/place", place_kind="building", code="B2", name="二号楼", inside_of="SITE", **plain)
        with front.archive.books.database.reading() as connection:
            building = queries.place_by_code(connection, "B2")
        assert (building.kind, building.parent) == ("building", SITE)
        room = clerk.send(f"/places/{building.id}/add", place_kind="room", code="B2-1", name="一室", **plain)
        assert room.status_code == 303, words(room.text)
        door = {"code": "B2-gate", "name": "二号楼门", "joins_inside": "B2"}
        wrong = clerk.send(f"/places/{building.id}/portal", joins_outside="B2", **door)
        assert "two places" in words(wrong.text)
        assert clerk.send(f"/places/{building.id}/portal", joins_outside="SITE", **door).status_code == 303
        with front.archive.books.database.reading() as connection:
            gate = queries.place_by_code(connection, "B2-gate")
        assert (gate.kind, gate.inside, gate.outside) == ("portal", building.id, SITE)
        assert "B2-gate" in clerk.get(f"/places/{building.id}").text

    def test_a_unit_and_a_person_in_it(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        clerk.enter("/business/new/unit", code="OPT", name="光学室", unit_above="1")
        with front.archive.books.database.reading() as connection:
            unit = next(one for one in queries.directory(connection).units.values() if one.code == "OPT")
        fields = {"name": "叶知秋", "unit": str(unit.id), "post": "工程师", "post_class": "general"}
        missing = clerk.send("/business/new/person", staff_number="2001", **fields)
        assert "needs the day" in words(missing.text)
        clerk.enter("/business/new/person", staff_number="2001", cleared_from="2026-11-01", **fields)
        known = clerk.send("/business/new/person", staff_number="2001", cleared_from="2026-11-01", **fields)
        assert "has the staff number 2001 already" in words(known.text)
        with front.archive.books.database.reading() as connection:
            person = next(one for one in queries.directory(connection).persons.values() if one.number == "2001")
        assert (person.unit, person.post_class, person.cleared_from) == (unit.id, "general", "2026-11-01")
