"""How an application to copy is shown: what was asked, who allowed it, how much was made of it."""

from collections.abc import Sequence

from api.acts.model import Ground, View
from api.locale.values import iso_day
from custody.matters import Line, Matter
from custody.matters.copying import KEY, Copying


def _rows(ground: Ground, matter: Matter) -> Sequence[tuple[str, str]]:
    body: Copying = matter.body
    t = ground.t
    rows = [
        (t("ask.manner"), t(f"ask.manner.{body.manner}")),
        (t("copying.count"), t("copying.made_of", made=matter.count("made"), approved=body.approved)),
        (t("ask.recipient"), ground.person_name(body.recipient)),
        (t("ask.reason"), body.reason),
        (t("copying.where"), _where(ground, body)),
        (t("ask.machine"), body.machine),
    ]
    if body.agreed:
        letters = dict.fromkeys((one.authority, one.number, one.on) for one in body.agreed)
        words = (
            t("copying.letter", authority=who, number=number, day=iso_day(on, ground.language))
            for who, number, on in letters
        )
        rows.append((t("copying.agreed"), t("punctuation.list").join(words)))
    for session in body.sessions:
        names = (ground.person_name(session.operator), ground.person_name(session.witness))
        said = t("copying.session", operator=names[0], witness=names[1], machine=session.machine, n=session.count)
        rows.append((t("copying.session_of", act=session.act), said))
    if body.fewer:
        rows.append((t("copying.fewer"), body.fewer))
    return rows


def _where(ground: Ground, body: Copying) -> str:
    if body.organisation is not None:
        known = ground.directory.organisations.get(body.organisation)
        return ground.name_of(known) if known else ""
    place = ground.directory.places.get(body.place or 0)
    return f"{place.code} {ground.name_of(place)}" if place else ""


def _line(ground: Ground, matter: Matter, line: Line) -> Sequence[str]:
    body: Copying = matter.body
    if line.carrier in body.unanswered:
        return (ground.t("copying.unanswered"),)
    letter = next((one for one in body.agreed if one.carrier == line.carrier), None)
    if letter is not None:
        return (letter.number,)
    made = body.tally(line.carrier).made if line.state == "source" and body.manner != "compilation" else 0
    return (ground.t("copying.made_so_far", n=made) if made else "—",)


VIEWS: tuple[View, ...] = (
    View(
        KEY,
        "copy",
        _rows,
        columns=("copying.note",),
        line=_line,
        looks={
            "making": ("due", "copy"),
            "closed": ("mute", "ok"),
            "source": ("act", "doc"),
            "made": ("ok", "copy"),
            "struck": ("mute", "undo"),
        },
    ),
)
