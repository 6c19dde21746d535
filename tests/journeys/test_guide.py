"""What the how-to shows can be done: every journey of the guide, and every picture of it is in the how-to."""

import re
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.guide import JOURNEYS, PICTURES, Guide
from tests.journeys.house import House
from tests.journeys.watchful import Visitor, a_visitor

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
SHOWN = re.compile(r"!\[[^\]]{12,}\]\(pictures/([a-z0-9-]+)\.png\)")


def test_the_how_to_shows_every_picture_and_no_other() -> None:
    shown = [name for path in HOW_TO.glob("*.md") for name in SHOWN.findall(path.read_text(encoding="utf-8"))]
    assert set(shown) == PICTURES
    assert {path.stem for path in (HOW_TO / "pictures").glob("*.png")} == PICTURES, "make pictures"
    assert sum(path.stat().st_size for path in (HOW_TO / "pictures").glob("*.png")) < 4_000_000


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_every_journey_of_the_guide_ends_where_it_should(house: House, browser: Browser) -> None:
    taken: list[str] = []

    def shot(_visitor: Visitor, step: str, *, to: int = 0) -> None:
        taken.append(step)

    def arrive(language: str, **how: int) -> AbstractContextManager[Visitor]:
        return partial(a_visitor, browser, house)(language, **how)

    guide = Guide(house, arrive, shot, "zh", year="2034")
    for journey in JOURNEYS:
        journey(guide)
    assert len(taken) == len(set(taken))
    assert set(taken) == PICTURES
