"""The live desk: what is held to the desk's reader appears as it is tapped. A badge, then carriers, then one button.

The list is kept in the page, as at the scan desk, with the last tap that it took (`since`): a page that lost its
connection asks for what came after that, so none is lost and none is shown twice. Every form that the page sends takes
in what was tapped meanwhile, but for the one that enters an act: what is entered is what was shown.

A tap says what was in a hand at the desk. Nothing is concluded from it but what a person then enters.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.codes import CODES_MAX, resolve, split_codes
from api.web.acts import badges
from api.web.acts.borrower import FIELD
from api.web.acts.desk import FIELDS_MAX, Asked, DeskLine, lines_of, pages_counted, place_named
from api.web.acts.table import due_of
from api.web.people import cleared_for
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, needs, posted_up_to
from api.web.words import days_after
from custody.access import Permission
from custody.carrier import Status
from custody.entries import CarrierFact
from custody.register import Directory
from custody.rules import NotFound, Refusal, Refused
from custody.store.queries import CarrierItem
from custody.values import SECOND, Person
from reconcile.store.taps import TAKEN_MAX, DeskReader, Tap, desk_readers, last_tap, taps_after

router = APIRouter(include_in_schema=False)
clerk = needs(Permission.LEND)
OLDEST = 600 * SECOND
"""What was tapped longer ago than this and arrives only now is not put on the desk."""
ENTERING = ("borrow", "return")


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a tap, in a short line; `sound`: new, repeated, wrong, done."""

    key: str
    sound: str
    params: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """Something on the desk. `way`: what can become of it: borrow, return, other (somebody else has it), ghost, no,
    unknown.
    """

    code: str
    way: str
    item: CarrierItem | None
    desk: DeskLine | None = None


@dataclass(frozen=True, slots=True)
class TapDesk:
    """What lies on the desk of a reader, and who stands there. `waiting`: whose badge came while the list was full of
    another's.
    """

    reader: DeskReader
    since: int
    due: str
    place: str = ""
    codes: tuple[str, ...] = ()
    holder: Person | None = None
    waiting: Person | None = None
    said: tuple[Said, ...] = ()
    lines: tuple[Line, ...] = ()
    facts: dict[str, tuple[CarrierFact, ...]] = field(default_factory=dict)
    done: tuple[tuple[str, str], ...] = ()
    """Acts just entered: kind and number."""
    more: bool = False
    """Whether more was tapped than is taken at once."""

    def of(self, way: str) -> list[Line]:
        """The lines of which that can become."""
        return [line for line in self.lines if line.way == way]

    def clear(self, way: str) -> bool:
        """Whether all lines of a way can be entered."""
        return not any(line.desk and (line.desk.refusals or line.desk.to_count) for line in self.of(way))

    def to_count(self, way: str) -> bool:
        """Whether they can as soon as the pages are counted."""
        held = [line.desk for line in self.of(way) if line.desk]
        return any(one.to_count for one in held) and not any(one.refusals for one in held)


def reader_named(visit: Visit, name: str) -> DeskReader:
    """The desk's reader. Raises NotFound."""
    with visit.reading() as connection:
        found = next((one for one in desk_readers(connection) if one.name == name), None)
    if found is None:
        raise NotFound
    return found


def _empty(visit: Visit, reader: DeskReader) -> TapDesk:
    with visit.services.database.reading() as connection:
        since = last_tap(connection, reader.name)
    return TapDesk(reader, since, days_after(visit.day, visit.services.scheme.number("loan_days_default")))


def _read(visit: Visit, reader: DeskReader, form: Form) -> TapDesk:
    """The desk as its form has it, before anything new is put on it."""
    with visit.reading() as connection:
        persons = visit.services.books.directory(connection).persons
    default = days_after(visit.day, visit.services.scheme.number("loan_days_default"))
    since = form.number("since")
    if since is None:
        since = _empty(visit, reader).since
    return TapDesk(
        reader,
        since,
        form.text("due") or default,
        form.text("place"),
        tuple(split_codes(form.secret("codes"))),  # whole: it may be longer than anybody types
        persons.get(form.number("holder") or 0),
        persons.get(form.number("waiting") or 0),
    )


# What is put on the desk.


def _new_taps(visit: Visit, desk: TapDesk) -> list[Tap]:
    """What was tapped since, in order."""
    with visit.services.database.reading() as connection:
        return taps_after(connection, desk.reader.name, desk.since)


def _put(visit: Visit, desk: TapDesk, scanned: Iterable[str]) -> TapDesk:
    """The desk with what was tapped and scanned since."""
    taps = _new_taps(visit, desk)
    through = taps[-1].id if taps else desk.since
    young = [tap for tap in taps if tap.when >= visit.now - OLDEST]
    desk = replace(desk, more=len(taps) == TAKEN_MAX)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    if len(young) < len(taps):
        desk = _says(desk, Said("late", "wrong", {"n": len(taps) - len(young)}))
    for tap in young:
        if len(desk.codes) >= CODES_MAX and tap.uid not in desk.codes and tap.uid not in directory.badges:
            # It waits at the reader until there is room again.
            return replace(_says(desk, Said("full", "wrong", {"n": CODES_MAX})), since=tap.id - 1)
        desk = _put_one(visit, desk, tap.uid, directory)
    for code in scanned:
        if len(desk.codes) >= CODES_MAX and code not in desk.codes:
            return replace(_says(desk, Said("full", "wrong", {"n": CODES_MAX})), since=through)
        desk = _put_one(visit, desk, code, directory)
    return replace(desk, since=through)


def _says(desk: TapDesk, said: Said) -> TapDesk:
    return desk if said in desk.said else replace(desk, said=(*desk.said, said))


def _put_one(visit: Visit, desk: TapDesk, code: str, directory: Directory) -> TapDesk:
    badge = directory.badges.get(code.upper())
    if badge is None:
        if code in desk.codes:
            return _says(desk, Said("already", "repeated", {"code": code}))
        return _says(replace(desk, codes=(*desk.codes, code)), Said("new", "new"))
    if not badge.valid:
        return _says(desk, Said("withdrawn", "wrong"))
    person = directory.persons.get(badge.person)
    if person is None or (person.left_on and person.left_on <= visit.day):
        return _says(desk, Said("left", "wrong"))
    if desk.holder is not None and desk.holder.id == person.id:
        return _says(replace(desk, waiting=None), Said("again", "repeated", {"name": _name(visit, person)}))
    if desk.holder is not None and desk.codes:
        return _says(replace(desk, waiting=person), Said("another", "wrong", {"name": _name(visit, person)}))
    return _says(replace(desk, holder=person, waiting=None), Said("person", "new", {"name": _name(visit, person)}))


def _name(visit: Visit, person: Person) -> str:
    return person.name_en if visit.language == "en" and person.name_en else person.name


# What everything on it is.


def way_of(item: CarrierItem | None, holder: Person | None) -> str:
    """What can become of a carrier on the desk."""
    if item is None:
        return "unknown"
    if item.status is Status.DESTROYED:
        return "ghost"
    if item.status is Status.ON_LOAN:
        return "return" if holder is None or item.holder == holder.id else "other"
    return "borrow" if item.status is Status.IN_PLACE else "no"


def _drawn(visit: Visit, desk: TapDesk, form: Form | None) -> tuple[TapDesk, tuple[FieldError, ...]]:
    """The desk with its lines, each asked of the books; and which fields are wrong."""
    errors: list[FieldError] = []
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        items = {code: resolve(connection, visit.subject, code) for code in desk.codes}
    place = place_named(directory, desk.place)
    if desk.place and place is None:
        errors.append(visit.error("place", "acts.place_unknown"))
    pages: dict[int, int] = {}
    if form is not None:
        pages, unclear = pages_counted(visit, form, items)
        errors += unclear
    asked = Asked(desk.holder, desk.due, place, pages)
    drawn: dict[str, DeskLine] = {}
    facts: dict[str, tuple[CarrierFact, ...]] = {}
    for way in ENTERING:
        of_way = {code: item for code, item in items.items() if way_of(item, desk.holder) == way}
        lines, facts[way] = lines_of(visit, way, of_way, asked)
        drawn |= {line.code: line for line in lines}
    shown: dict[int | str, Line] = {}
    for code, item in items.items():
        # The same thing by its tag and by its number is one line.
        shown.setdefault(
            code if item is None else item.id, Line(code, way_of(item, desk.holder), item, drawn.get(code))
        )
    return replace(desk, lines=tuple(shown.values()), facts=facts), tuple(errors)


def _page(
    visit: Visit,
    desk: TapDesk,
    form: Form | None = None,
    *,
    errors: tuple[FieldError, ...] = (),
    refusals: tuple[Refusal, ...] = (),
    status_code: int = 200,
) -> Response:
    desk, wrong = _drawn(visit, desk, form)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    counted = {name: text for name, text in form.kept().items() if name.startswith("pages.")} if form else {}
    return render(
        visit,
        "acts/taps.html",
        status_code=status_code,
        errors=(*wrong, *errors),
        kept=counted,
        desk=desk,
        directory=directory,
        refusals=refusals,
        cleared=cleared_for(visit, desk.holder) if desk.holder else None,
        badge=badges.badge_state(visit, desk.holder, desk.reader.name) if desk.holder else None,
        badge_counts=visit.services.scheme.badge,
        badge_seconds=badges.seconds_of(visit),
        due_max=days_after(visit.day, visit.services.scheme.number("loan_days_max")),
    )


@router.get("/desk/{reader}")
def desk_page(reader: str, visit: Visit = Depends(clerk)) -> Response:
    """An empty desk, which takes what is tapped from now on. Raises NotFound."""
    return _page(visit, _empty(visit, reader_named(visit, reader)))


@router.post("/desk/{reader}")
def work(reader: str, visit: Visit = Depends(clerk), form: Form = Depends(posted_up_to(FIELDS_MAX))) -> Response:
    """Take in what was tapped or scanned; or take a line away, begin with another person, enter what is there."""
    desk = _read(visit, reader_named(visit, reader), form)
    wanted = form.text("do")
    if wanted == "scan" and not form.text("scan") and form.secret(FIELD):
        wanted = "borrow"  # Enter in the borrower's field is the borrower's signature, not one more scan
    if wanted in ENTERING:
        return _enter(visit, desk, form, wanted)
    if form.text("remove"):
        desk = replace(desk, codes=tuple(code for code in desk.codes if code != form.text("remove")))
    step = _STEPS.get(wanted)
    if step is not None:
        desk = step(desk)
    scanned = split_codes(form.text("scan"))
    return _page(visit, _put(visit, desk, scanned), form)


_STEPS: dict[str, Callable[[TapDesk], TapDesk]] = {
    "clear": lambda desk: replace(desk, codes=(), holder=None, waiting=None),
    "swap": lambda desk: replace(desk, codes=(), holder=desk.waiting, waiting=None),
    "stay": lambda desk: replace(desk, waiting=None),
}
"""Buttons: everything off the desk; the waiting person instead, the list cleared; the waiting person not."""


def _enter(visit: Visit, desk: TapDesk, form: Form, way: str) -> Response:
    drawn, errors = _drawn(visit, desk, form)
    facts = drawn.facts[way]
    try:
        _ready(visit, drawn, form, way)
    except Unfit as unfit:
        return _page(visit, desk, form, errors=unfit.errors)
    if errors:
        return _page(visit, desk, form)
    try:
        confirmed = badges.Confirmed(())
        if way == "borrow":
            assert desk.holder is not None  # asked by `_ready`
            confirmed = badges.confirmed_borrower(visit, facts, desk.holder, form.secret(FIELD), desk.reader.name)
        receipt = badges.enter_confirmed(visit, facts, way, confirmed)
    except Unfit as unfit:
        return _page(visit, desk, form, errors=unfit.errors)
    except Refused as refused:
        return _page(visit, desk, form, refusals=refused.refusals, status_code=409)
    visit.services.books_changed()
    entered = {fact.carrier for fact in facts}
    left = {line.code for line in drawn.lines if line.item is None or line.item.id not in entered}
    codes = tuple(code for code in desk.codes if code in left)
    done = Said(f"done.{way}", "done", {"n": len(facts)})
    return _page(visit, _says(replace(desk, codes=codes, done=((way, receipt.act),)), done))


def _ready(visit: Visit, desk: TapDesk, form: Form, way: str) -> None:
    """Raises Unfit where it is not yet clear what is to be entered."""
    if way == "borrow":
        due_of(visit, form)
        if desk.holder is None:
            raise Unfit([visit.error("scan", "tap.badge_first")])
    if not desk.facts[way]:
        raise Unfit([visit.error("scan", "desk.nothing")])
