"""What the filled forms of copying enter, what they propose, and what is asked for their buttons."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from api.acts.disposition.lists import lowest, the_unit
from api.acts.model import Cosigner, Ground, Unfit, Values
from api.acts.production.numbers import epcs_of
from custody.carrier import CarrierState
from custody.effects.copying import COPYABLE
from custody.entries import Fact, Shelved, TagBound
from custody.entries.circulation import Recalled
from custody.entries.copying import (
    Copied,
    CopiesMade,
    CopiesRecalled,
    CopyingClosed,
    CopyingOpened,
    IssuerAgreed,
    SourceListed,
    SourceStruck,
)
from custody.matters.copying import Copying
from custody.procedures.copying.descent import called, in_hands
from custody.procedures.copying.inheriting import inherited
from custody.procedures.copying.making import SUFFIX
from custody.rules import NotFound
from custody.store import queries
from custody.values import DAY, Description, Scope, Tag

SOURCE = "source"
"""State of the lines that are to be copied."""


def body(ground: Ground) -> Copying:
    """What the application says."""
    known: Copying = ground.the_matter.body
    return known


def _states(ground: Ground, carriers: Sequence[int]) -> Mapping[int, CarrierState]:
    """These carriers as the books have them, as far as they are seen. Raises NotFound where one is not."""
    if len(ground.items(carriers)) != len(set(carriers)):
        raise NotFound
    with ground.services.database.reading() as connection:
        return queries.states_of(connection, carriers)


# The application.


def _opened(ground: Ground, values: Values, carriers: Sequence[int]) -> list[Fact]:
    matter = ground.reserve("matter")
    level = values["level"] or ground.highest_level(carriers)
    opened = CopyingOpened(
        matter,
        values["unit"],
        level,
        values["manner"],
        values["copies"],
        values["place"],
        values["organisation"],
        values["machine"],
        values["recipient"],
        values["reason"],
    )
    return [opened, *_listed(ground, matter, carriers, secret=ground.scheme.rank(level) > 0)]


def _listed(ground: Ground, matter: int, carriers: Sequence[int], *, secret: bool) -> list[Fact]:
    items = ground.items(carriers)
    return [SourceListed(one, matter, items[one].issuer.strip() if secret and one in items else "") for one in carriers]


def applying(ground: Ground, values: Values) -> list[Fact]:
    return _opened(ground, values, values["carriers"])


def applying_for_this(ground: Ground, values: Values) -> list[Fact]:
    return _opened(ground, values, (ground.the_item.id,))


def probe_application(ground: Ground) -> Fact:
    return CopyingOpened(0, the_unit(ground), lowest(ground), "copy", 1, None, None, "", ground.person.id, "")


def probe_this(ground: Ground) -> Fact | None:
    if ground.the_item.status not in COPYABLE:
        raise NotFound
    return probe_application(ground)


def listing(ground: Ground, values: Values) -> list[Fact]:
    secret = ground.scheme.rank(ground.the_matter.level) > 0
    return _listed(ground, ground.the_matter.id, values["carriers"], secret=secret)


def striking(ground: Ground, values: Values) -> list[Fact]:
    return [SourceStruck(one, ground.the_matter.id, values["reason"]) for one in values["lines"]]


def probe_own(ground: Ground) -> Fact | None:
    """Only who applied says what is copied."""
    if ground.the_matter.opened_by != ground.subject.person:
        raise NotFound
    return None


def agreeing(ground: Ground, values: Values) -> list[Fact]:
    wanted = (values["authority"], values["letter"], values["letter_on"])
    return [IssuerAgreed(one, ground.the_matter.id, *wanted) for one in values["lines"]]


def unanswered(ground: Ground) -> str:
    """The authority that is to be asked first."""
    found = ground.items(body(ground).unanswered)
    return next((found[one].issuer for one in body(ground).unanswered if one in found), "")


def unanswered_lines(ground: Ground) -> str:
    """The papers of that authority whose copying it has not allowed yet, as they are typed."""
    found = ground.items(body(ground).unanswered)
    issuer = unanswered(ground)
    return " ".join(str(one) for one in body(ground).unanswered if one in found and found[one].issuer == issuer)


def probe_agreeing(ground: Ground) -> Fact | None:
    if not body(ground).unanswered:
        raise NotFound
    return probe_own(ground)


# Making the copies.


def left_of(ground: Ground, source: int) -> int:
    """Copies of a source (0: of all together) that may still be made."""
    return max(0, body(ground).copies - body(ground).tally(source).made)


def most_left(ground: Ground) -> str:
    """The same, of the source of which most are left."""
    whole = body(ground).manner == "compilation"
    return str(max((left_of(ground, one) for one in ((0,) if whole else body(ground).sources)), default=0))


def _number(ground: Ground, source: int, described: Description) -> str:
    """The control number under which copies of this source go on, or the next free one."""
    told = body(ground).tally(source).number
    if told:
        return told
    stem = f"{described.control_number}-{SUFFIX[body(ground).manner]}"
    with ground.services.database.reading() as connection:
        return f"{stem}{queries.highest_number(connection, stem) + 1}"


def _stricter(described: Description, values: Values) -> Description:
    """What the form says besides: it may say more than the sources do, the rules see that it is not less."""
    return replace(
        described,
        title=values.get("title") or described.title,
        level=values["level"] or described.level,
        period=values["period"] or described.period,
        scope=Scope(values["scope"]) if values["scope"] else described.scope,
        pages=described.pages if values["pages"] is None else values["pages"],
    )


def _of_source(ground: Ground, state: CarrierState, values: Values) -> Description:
    """A copy or an excerpt: the source's own description, under the copy's number."""
    was = state.description
    whole = body(ground).manner == "copy"
    own = replace(
        was,
        control_number=_number(ground, state.id, was),
        copies=body(ground).copies,
        remark="",
        archive_by="",
        intermediate="",
        pages=was.pages if whole else None,
        medium=values["medium"] or was.medium,
        kind=values["kind"] or was.kind,
    )
    return _stricter(own, values)


def _of_all(ground: Ground, states: Sequence[CarrierState], values: Values) -> Description:
    """A compilation: its own number and title, as secret as all its sources together."""
    taken = inherited([one.description for one in states], ground.scheme, ground.directory)
    own = Description(
        control_number=values["control_number"],
        copy_number=1,
        copies=body(ground).copies,
        title=values["title"],
        kind=values["kind"] or "document",
        level=taken.level,
        period=taken.period,
        scope=taken.scope,
        unit=ground.the_matter.unit,
        classified_on=taken.classified_on,
        medium=values["medium"] or "paper",
        basis=values["basis"],
        determined_by=values["determined_by"],
    )
    return _stricter(own, values)


def _registered(
    ground: Ground, values: Values, whats: Sequence[tuple[tuple[int, ...], Description, int]]
) -> list[Fact]:
    """Each copy with its tag and home; then who made them; then, where none is left to make, the end of it."""
    count = sum(number for _sources, _described, number in whats)
    epcs = epcs_of("epcs", values["epcs"])
    if len(epcs) != count:
        raise Unfit("epcs", "copying.tags_differ", count=count, given=len(epcs))
    matter, told = ground.the_matter.id, body(ground)
    facts: list[Fact] = []
    tags, carriers = iter(epcs), iter(ground.reserve_several("carrier", count))
    for sources, described, number in whats:
        made = told.tally(sources[0] if told.manner != "compilation" else 0).made
        for step in range(number):
            carrier = next(carriers)
            one = replace(described, copy_number=made + step + 1)
            facts += [
                Copied(carrier, matter, sources, told.manner, one),
                TagBound(carrier, Tag(next(tags))),
                Shelved(carrier, values["home"]),
            ]
    facts.append(CopiesMade(matter, values["operator"], values["witness"], values["machine"], count))
    total = ground.the_matter.count("made") + count
    return [*facts, CopyingClosed(matter, total)] if total >= told.approved else facts


def _count(values: Values) -> int:
    count: int = values["number"]
    if count < 1:
        raise Unfit("number", "copying.number_needed")
    return count


def making(ground: Ground, values: Values) -> list[Fact]:
    states, count = _states(ground, values["lines"]), _count(values)
    if values["title"] and body(ground).manner == "copy":
        raise Unfit("title", "copying.title_kept")
    return _registered(
        ground, values, [((one,), _of_source(ground, states[one], values), count) for one in values["lines"]]
    )


def compiling(ground: Ground, values: Values) -> list[Fact]:
    sources = body(ground).sources
    states = _states(ground, sources)
    count = _count(values)
    described = _of_all(ground, [states[one] for one in sources], values)
    told = body(ground).tally(0)
    if told.number:
        described = replace(described, control_number=told.number)
    return _registered(ground, values, [(sources, described, count)])


def hands_sign(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """The operator and the witness, but who enters the act and signs it already."""
    return [
        Cosigner(f"ask.{name}", values.get(name))
        for name in ("operator", "witness")
        if values.get(name) is None or values.get(name) != ground.person.id
    ]


def _probe_making(ground: Ground, *, whole: bool) -> Fact | None:
    done = not int(most_left(ground))
    if (body(ground).manner == "compilation") is not whole or done or not body(ground).sources:
        raise NotFound
    return CopiesMade(ground.the_matter.id, 0, 0, "", 0)


def probe_copies(ground: Ground) -> Fact | None:
    return _probe_making(ground, whole=False)


def probe_compilation(ground: Ground) -> Fact | None:
    return _probe_making(ground, whole=True)


def compiled_number(ground: Ground) -> str:
    """The number under which copies of the compilation were made before."""
    return body(ground).tally(0).number


def closing(ground: Ground, values: Values) -> list[Fact]:
    return [CopyingClosed(ground.the_matter.id, ground.the_matter.count("made"), values["reason"])]


# Recall.


def _out(ground: Ground) -> list[CarrierState]:
    """What was made from the carrier, is seen, and is on loan."""
    with ground.services.database.reading() as connection:
        kin = queries.kin_of(connection, ground.subject, ground.the_item.id)
        states = queries.states_of(connection, [one.item.id for one in kin.made])
    return [states[one] for one in sorted(states) if in_hands(states[one])]


def recalling(ground: Ground, values: Values) -> list[Fact]:
    due = ground.end_of(values["due"])
    out = _out(ground)
    facts: list[Fact] = [Recalled(one.id, due, values["reason"]) for one in out if not called(one, due)]
    return [*facts, CopiesRecalled(ground.the_item.id, due, values["reason"], tuple(one.id for one in out))]


def probe_recall(ground: Ground) -> Fact | None:
    out = _out(ground)
    due = ground.now + DAY
    if all(called(one, due) for one in out):
        raise NotFound
    return CopiesRecalled(ground.the_item.id, due, "", tuple(one.id for one in out))
