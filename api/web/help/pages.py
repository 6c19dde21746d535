"""The help: of the page that one comes from, of all pages as a list, and a search in it.

The texts are the same for everybody but for what differs by role; nothing of the business is in them.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup, escape
from starlette.responses import Response

from api.locale import translate
from api.web.help.texts import QUOTED, marks, text
from api.web.help.topics import MARKS, TOPICS, topic_of
from api.web.navigation import ITEMS, Item
from api.web.render import render, render_door
from api.web.visit import Form, Visit, asked_language, barely_signed_in, local_address, posted
from custody.regulations import BY_ID
from custody.rules import NotFound
from reconcile.checks import KINDS

router = APIRouter(include_in_schema=False)
DOOR = "sign_in"
"""The one topic that is told to those who are not signed in."""


def quoted(t: Callable[[str], str], sentence: str) -> Markup:
    """A sentence in which the words of the catalogue stand as the page has them."""
    parts = QUOTED.split(sentence)
    shown = (Markup("<b>{}</b>").format(t(part)) if at % 2 else escape(part) for at, part in enumerate(parts))
    return Markup("").join(shown)


def _drawn(language: str, name: str, t: Callable[[str], str], role: str = "") -> dict[str, Any]:
    said = text(language, name)
    role, told = said.to(role)
    meaning = marks(language)
    return {
        "topic": TOPICS[name],
        "name_of_topic": name,
        "said": said,
        "as_role": role,
        "told": told,
        "seen": [(MARKS[mark], meaning[mark]) for mark in TOPICS[name].marks],
        "kinds": KINDS if TOPICS[name].findings else {},
        "wordings": {id: BY_ID[id].wording_zh if language == "zh" else BY_ID[id].wording_en for id in said.refuses},
        "said_as": lambda sentence: quoted(t, sentence),
    }


@router.get("/help")
def index(visit: Visit = Depends(barely_signed_in)) -> Response:
    """All topics: those of the visitor's own pages first."""
    return _index(visit, "")


@router.post("/help")
def search(visit: Visit = Depends(barely_signed_in), form: Form = Depends(posted)) -> Response:
    """The topics in which a text stands. It is sent, not put into the address: who knows what is looked for."""
    return _index(visit, form.text("help_q")[:100])


def _index(visit: Visit, wanted: str) -> Response:
    found = [name for name in TOPICS if _holds(visit, name, wanted)]
    own = {topic_of(item.path) for item in _opened(visit)}
    first, others = [name for name in found if name in own], [name for name in found if name not in own]
    texts = {name: text(visit.language, name) for name in found}
    return render(
        visit,
        "help/index.html",
        wanted=wanted,
        texts=texts,
        groups=[(key, names) for key, names in (("own", first), ("others", others)) if names],
        said_as=lambda sentence: quoted(visit.t, sentence),
        told={name: said.to(visit.standing)[1] for name, said in texts.items()},
    )


def _opened(visit: Visit) -> list[Item]:
    return [item for item in ITEMS if item.opens(visit)]


def _holds(visit: Visit, name: str, wanted: str) -> bool:
    if not wanted:
        return True
    said = text(visit.language, name)
    everything = " ".join([said.title, *(str(quoted(visit.t, one)) for one in said.sentences())]).casefold()
    everything += " ".join(visit.t(key) for key in said.words).casefold()
    return all(part in everything for part in wanted.casefold().split())


@router.get("/help/sign-in")
def at_the_door(request: Request) -> Response:
    """The help of the door, for those outside."""
    language = asked_language(request)
    drawn = _drawn(language, DOOR, lambda key: translate(language, key))
    return render_door(request, "help/door.html", **drawn)


@router.get("/help/{topic}")
def one(topic: str, back: str = "", visit: Visit = Depends(barely_signed_in)) -> Response:
    """One topic, in the words of the visitor's role; `back`: the page that it was opened from. Raises NotFound."""
    if topic not in TOPICS:
        raise NotFound
    drawn = _drawn(visit.language, topic, visit.t, visit.standing)
    return render(visit, "help/one.html", back=local_address(back, ""), **drawn)
