"""Who stands for whom, until when: the visitor's own delegations, given and received."""

import re

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts import act_named
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.values import Delegation, Instant

router = APIRouter(include_in_schema=False)
_NUMBER = re.compile(r"[A-Z]{2}-\d{4}-\d{1,9}")


def state_of(one: Delegation, now: Instant) -> str:
    """Whether a delegation holds now: `now`, `later`, `past`."""
    if now < one.from_at:
        return "later"
    return "now" if now < one.until_at else "past"


@router.get("/delegations")
def delegations(done: str = "", visit: Visit = Depends(needs(Permission.TAKE_PART))) -> Response:
    """The list, those that hold now first."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    order = {"now": 0, "later": 1, "past": 2}

    def sorted_rows(found: list[Delegation]) -> list[tuple[Delegation, str]]:
        rows = [(one, state_of(one, visit.now)) for one in found]
        return sorted(rows, key=lambda row: (order[row[1]], -row[0].until_at))

    every = list(directory.delegations.values())
    act = act_named("house", "delegate")
    return render(
        visit,
        "business/delegations.html",
        given=sorted_rows([one for one in every if one.giver == visit.subject.person]),
        received=sorted_rows([one for one in every if one.deputy == visit.subject.person]),
        done=done if _NUMBER.fullmatch(done) else "",
        may_delegate=act is not None and visit.may(act.permission),
        directory=directory,
    )
