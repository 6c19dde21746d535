"""The set-up guide: each role its own part, worked out from how the house stands; nothing is ticked by hand."""

import re
from dataclasses import replace

import pytest

from api.web.setup_steps import BY_KEY, STEPS, House, lines
from custody.store import audit
from reconcile.store.plans import Waiver
from tests.builders import PEOPLE
from tests.web.front import Front, words

BARE = House(named=False)
READY = House(
    named=True,
    units=3,
    places=9,
    stores=4,
    people=7,
    carriers=20,
    labels=20,
    swept=True,
    protected=True,
    devices=1,
    readers=2,
    portals=1,
    mail=True,
    calendar=True,
    backup=True,
    checkpoint=True,
    witnesses=1,
    cosigned=True,
)


def state(key: str, house: House, waived: bool = False) -> str:
    """How a step stands in a house."""
    said = {key: Waiver("没有", 1, 0)} if waived else {}
    return lines(house, [BY_KEY[key]], said)[0].state


class TestSteps:
    """Every step is done when the house is so, and to do again when it is so no longer."""

    def test_a_house_that_is_ready_has_nothing_to_do_and_a_bare_one_has_nearly_everything(self) -> None:
        assert {line.state for line in lines(READY, STEPS, {})} == {"done"}
        bare = replace(BARE, secrets_unchanged=3, texts_missing=3, roles_missing=("clerk",))
        assert {line.state for line in lines(bare, STEPS, {})} == {"todo"}

    @pytest.mark.parametrize(
        ("key", "change"),
        [
            ("rated", {"unrated": 1}),
            ("rated", {"unanswered": 2}),
            ("undertakings", {"unsigned": 1}),
            ("secrets", {"secrets_unchanged": 1}),
            ("roles", {"roles_missing": ("leader",)}),
            ("readers", {"readers_silent": 1}),
            ("portal", {"portals_deaf": 1}),
            ("requests", {"requests": 1}),
            ("witness", {"cosigned": False}),
        ],
    )
    def test_what_is_not_so_any_more_is_to_do_again(self, key: str, change: dict[str, object]) -> None:
        assert state(key, READY) == "done"
        assert state(key, replace(READY, **change)) == "todo"  # type: ignore[arg-type]

    def test_only_what_a_house_may_do_without_is_called_not_needed_and_what_is_there_is_done(self) -> None:
        assert state("mail", BARE, waived=True) == "waived"
        assert state("mail", READY, waived=True) == "done"
        assert state("places", BARE, waived=True) == "todo"


def steps_on(page: str) -> set[str]:
    """The steps that a page shows."""
    return set(re.findall(r'<li id="([a-z]+)" class="step', page))


class TestGuide:
    """Each sees his own part."""

    @pytest.mark.parametrize(
        ("who", "mine", "not_mine"),
        [
            ("clerk", {"units", "places", "import"}, {"backup", "witness", "undertakings"}),
            ("admin", {"backup", "readers", "roles"}, {"import", "places", "witness"}),
            ("he", {"checkpoint", "witness"}, {"import", "backup"}),
            ("secrecy", {"undertakings"}, {"import", "backup", "witness"}),
        ],
    )
    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_his_own_steps_and_no_others(
        self, front: Front, who: str, mine: set[str], not_mine: set[str], language: str
    ) -> None:
        page = front.signed_in(who, language).get("/set-up").text
        assert mine <= steps_on(page)
        assert not not_mine & steps_on(page)

    @pytest.mark.parametrize("who", ["chen", "manager", "leader"])
    def test_nobody_else_has_a_guide(self, front: Front, who: str) -> None:
        assert front.signed_in(who).get("/set-up").status_code == 403

    def test_a_step_gets_done_by_doing_it(self, front: Front) -> None:
        clerk = front.signed_in("clerk")
        assert "No carriers yet" in words(clerk.get("/set-up").text)
        front.archive.carriers(2)
        assert "Carriers that you see: 2" in words(clerk.get("/set-up").text)

    def test_administrators_are_told_of_no_carrier(self, front: Front) -> None:
        front.archive.carriers(7)
        page = words(front.signed_in("admin").get("/set-up").text)
        assert "steps done" in page
        assert "Carriers that you see" not in page

    def test_what_is_not_needed_is_kept_with_who_and_why(self, front: Front) -> None:
        admin = front.signed_in("admin")
        unsaid = admin.send("/set-up", step="mail", do="waive", why=" ")
        assert unsaid.status_code == 422
        assert "Say why" in words(unsaid.text)
        assert admin.send("/set-up", step="mail", do="waive", why="单机使用").status_code == 303
        page = words(admin.get("/set-up").text)
        assert "Not needed" in page
        assert "单机使用" in page
        with front.archive.books.database.reading() as connection:
            (event,) = audit.events(connection, kinds=("setup_waived",))
        assert (event.by, event.detail) == (PEOPLE["admin"], {"item": "mail", "waived": True})
        assert front.archive.books.rebuild_check() == []
        assert admin.send("/set-up", step="mail", do="need").status_code == 303
        assert "单机使用" not in admin.get("/set-up").text

    @pytest.mark.parametrize(
        ("who", "step"), [("admin", "import"), ("clerk", "mail"), ("clerk", "places"), ("he", "x")]
    )
    def test_nobody_says_so_of_anothers_step_or_of_one_that_is_needed(self, front: Front, who: str, step: str) -> None:
        assert front.signed_in(who).send("/set-up", step=step, do="waive", why="不要").status_code == 404
