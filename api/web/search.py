"""One search: the words are kept in the session, and what they mean is shown in groups; one exact thing is led to."""

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.web.render import render, url
from api.web.search_things import GROUPS, Hit, found_of, plain, sorts, the_one
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_CARRIERS)
SHOWN = 10
"""Of each sort, on the page of what was found."""
SUGGESTED = 8
SUGGESTED_OF = {"carriers": 4}
SUGGESTED_OF_OTHERS = 2
RECENT = 8
HOUSE = "house"
"""How a search of everything is told from those of one list."""


@router.post("/search")
def search(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Keep the words, and go to what they mean; what is named exactly is led to at once."""
    text = plain(form.text("q"))
    if not text:
        return RedirectResponse("/search", status_code=303)
    with visit.reading() as connection:
        found = found_of(visit, connection, text, SHOWN)
    one = the_one(hit for hits in found.values() for hit in hits)
    if one is not None:
        return RedirectResponse(one.href, status_code=303)
    name = store.search_name(visit.now)
    with visit.services.database.writing() as connection:
        store.keep_search(connection, visit.session.token_hash, name, {"text": text, "of": HOUSE})
    return RedirectResponse(url("/search", q=name), status_code=303)


@router.get("/search")
def found_page(q: str = "", visit: Visit = Depends(reads)) -> Response:
    """What the words of a search of this session mean, in groups; without one, what may be looked for."""
    with visit.reading() as connection:
        kept = store.kept_search(connection, visit.session.token_hash, q) if q else None
        text = (kept or {}).get("text", "")
        found = found_of(visit, connection, text, SHOWN + 1) if text else {}
        recent = store.searches_of(connection, visit.session.token_hash, RECENT)
    return render(
        visit,
        "search/found.html",
        text=text,
        q=q if text else "",
        found={group: hits[:SHOWN] for group, hits in found.items()},
        more={group for group, hits in found.items() if len(hits) > SHOWN},
        sorts=sorts(visit),
        # What was typed may be a title.
        recent=[] if visit.titles_hidden else [(name, words) for name, words in recent if name != q],
    )


def suggested(found: dict[str, list[Hit]]) -> list[Hit]:
    """The few to suggest: what is named exactly first, then by sort."""
    exact = [hit for hits in found.values() for hit in hits if hit.exact]
    rest = [
        hit
        for group in GROUPS
        for hit in [one for one in found.get(group, ()) if not one.exact][
            : SUGGESTED_OF.get(group, SUGGESTED_OF_OTHERS)
        ]
    ]
    return (exact + rest)[:SUGGESTED]


@router.post("/search/suggest")
def suggest(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """The options beneath the box while somebody types: part of a page."""
    text = plain(form.text("q"))
    hits: list[Hit] = []
    if len(text) >= 2:
        with visit.reading() as connection:
            hits = suggested(found_of(visit, connection, text, SUGGESTED_OF["carriers"]))
    return render(visit, "search/options.html", hits=hits)
