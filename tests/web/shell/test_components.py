"""The page of components: in the demonstration alone, with every state, kind of finding and icon that there is."""

from dataclasses import replace

import pytest

from api.web.words import STATUS
from reconcile.checks import KINDS
from tests.web.front import Front


def test_an_installation_has_no_such_page(front: Front) -> None:
    assert front.signed_in("clerk").get("/components").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_demonstration_shows_them_all(front: Front, language: str) -> None:
    front.app.state.services = replace(front.app.state.services, demo=True)
    page = front.signed_in("clerk", language).get("/components")
    assert page.status_code == 200
    states = page.text.partition('class="pad states"')[2].partition("</section>")[0]
    assert states.count('class="st ') == len(STATUS) + 5 + len(KINDS)
    assert page.text.count("#i-ghost") >= 2
    assert "field-err" in page.text
