"""Every kind of act has its paper: a heading of its own in both languages, under the code of the ledger."""

from dataclasses import replace

import pytest

from api.forms import Paper, qr_code
from api.locale import known, translate
from api.web.printing import loading, pages
from api.web.printing.model import Printed
from api.web.printing.table import PAPERS
from custody.entries import Moved
from custody.procedures import ACTS
from tests.builders import CLERK, SHELF_2
from tests.web.front import Front


def test_every_kind_of_act_has_a_paper_of_its_own_or_a_heading_for_the_list() -> None:
    assert [kind for kind in ACTS if kind not in PAPERS and not known(f"forms.heading.{kind}")] == []
    assert set(PAPERS) <= set(ACTS), "no builder for what is no act"
    for language in ("zh", "en"):
        headings = {translate(language, f"forms.heading.{kind}") for kind in ACTS if kind not in PAPERS}
        assert translate(language, "forms.heading.act") not in headings


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_opens_and_is_sealed(signing: Front, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Each kind's own builder is given an act, and its paper is drawn with number, code and room to sign."""
    seen: list[Printed] = []

    def kept(printed: Printed) -> Paper:
        seen.append(printed)
        return loading.paper_of(printed)

    monkeypatch.setattr(pages, "paper_of", kept)
    act = signing.archive.books.enter(CLERK, [Moved(signing.archive.carrier(), SHELF_2)], act="move").act
    clerk = signing.signed_in("clerk", language)
    sent = clerk.send(f"/acts/{act}/form/printed", copies=1)
    page = clerk.get(sent.headers["location"]).text
    assert f'data-print-now="{act}/1/1"' in page
    note = signing.archive.books.checkpoint()
    headings = set()
    for kind in ACTS:
        paper = loading.paper_of(replace(seen[-1], kind=kind))
        assert (paper.number, bool(paper.heading), bool(paper.office)) == (act, True, True), kind
        headings.add(paper.heading)
    # What every page is drawn with: the very code of this paper stands on it.
    paper = loading.paper_of(seen[-1])
    assert loading.seal(paper, seen[-1], note).code.path in page
    assert qr_code("").path not in page
    assert len(headings) > len(ACTS) - len(PAPERS)
