"""Boxes whose carriers move together. Pure, no database."""

import pytest

from reconcile.presence import Memory, Site, advance_tag, fold_tag, follow
from tests.reconcile.presence.scenes import EARS, HOME, NEXT, SETTINGS, SITE, at, scene, still

AT_HOME = still("home", 0, 300)


def tag(text: str, through: int, site: Site = SITE) -> Memory:
    """The memory after a scene, and silence through a second of it."""
    memory, _ = fold_tag(Memory(), scene(text), site, SETTINGS)
    return advance_tag(memory, at(through), site, SETTINGS)[0]


CARRIED = tag(AT_HOME + "\n" + still("next", 310, 400, -45), 400)
UNREAD = tag(AT_HOME, 400)
STILL_AT_HOME = tag(still("home", 0, 400), 400)
ELSEWHERE = tag(AT_HOME + "\n" + still("far", 310, 400, -45), 400)


@pytest.mark.parametrize(
    ("what", "others", "follows"),
    [
        ("all others went next door", [CARRIED, CARRIED, CARRIED], True),
        ("half of the box did", [CARRIED, CARRIED, STILL_AT_HOME], True),
        ("one did", [CARRIED, STILL_AT_HOME, STILL_AT_HOME], False),
        ("they went apart", [CARRIED, ELSEWHERE, STILL_AT_HOME], False),
        ("nobody is heard any more", [UNREAD, UNREAD, UNREAD], False),
        ("the others are where they were", [STILL_AT_HOME, STILL_AT_HOME], False),
    ],
)
def test_a_tag_that_is_heard_no_more_follows_its_box(what: str, others: list[Memory], follows: bool) -> None:
    box = {"unread": UNREAD} | {f"other-{n}": memory for n, memory in enumerate(others)}
    found = follow(box, SITE, SETTINGS)
    assert list(found) == (["unread"] if follows else []), what
    for memory, move in found.values():
        assert (memory.place, memory.strength) == (NEXT, "probable")
        assert (move.from_place, move.to_place, move.cause) == (HOME, NEXT, "companions")
        assert move.evidence["companions"] == {"there": others.count(CARRIED), "of": len(box)}


def test_what_is_heard_at_home_stays_there_whoever_went() -> None:
    assert follow({"mine": STILL_AT_HOME, "a": CARRIED, "b": CARRIED, "c": CARRIED}, SITE, SETTINGS) == {}


def test_of_a_place_that_nobody_listened_to_nothing_follows() -> None:
    dead = Site(EARS, SITE.portals, {HOME: at(300), NEXT: at(9999)})
    unknown = tag(AT_HOME, 400, dead)
    assert unknown.strength == "confirmed"
    assert follow({"mine": unknown, "a": CARRIED, "b": CARRIED}, dead, SETTINGS) == {}


def test_who_followed_and_is_not_heard_there_either_is_unconfirmed_there() -> None:
    ((memory, _),) = follow({"mine": UNREAD, "a": CARRIED, "b": CARRIED}, SITE, SETTINGS).values()
    after, _ = advance_tag(memory, at(900), SITE, SETTINGS)
    assert (after.place, after.strength) == (NEXT, "unconfirmed")
