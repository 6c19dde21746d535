"""Disclosure reviews, as rows (clause i.2, rule 1): brought, reviewed by the unit and the office, published."""

from collections.abc import Iterable, Sequence
from typing import get_args

from api.acts.disposition.lists import lowest, own_number, the_unit
from api.acts.general import stands_for
from api.acts.model import Act, Cosigner, Field, Ground, Unfit, Values, View
from api.locale.values import iso_day
from custody.access import Permission
from custody.entries import Fact
from custody.entries.approvals import Approved, Declined
from custody.entries.disclosure import (
    ChangesConfirmed,
    DisclosureReviewed,
    EditorsTold,
    Piece,
    Published,
    Result,
    ReviewOpened,
)
from custody.matters import Matter
from custody.matters.disclosure import REVIEW_KEY, ReviewBody
from custody.rules import NotFound

_P = Permission
PIECES: tuple[str, ...] = get_args(Piece)
RESULTS: tuple[str, ...] = get_args(Result)
SECRETS = ("none", "unavoidable")
LIST = "/disclosures"


def _body(ground: Ground) -> ReviewBody:
    body: ReviewBody = ground.the_matter.body
    return body


def _opened(ground: Ground, values: Values) -> list[Fact]:
    """The unit that answers for it follows from the authors: nobody chooses who reviews."""
    authors, of_unit = values["authors"], values["author_unit"]
    if not authors and of_unit is None:
        raise Unfit("authors", "ask.wrong.needed", field=ground.t("ask.authors"))
    first = ground.directory.persons[authors[0]] if authors else None
    unit = of_unit or (first.unit if first is not None else None) or the_unit(ground)
    opened = ReviewOpened(
        ground.reserve("matter"),
        unit,
        values["level"] or lowest(ground),
        values["what"],
        values["piece_title"],
        values["outlet"],
        ground.end_of(values["intended_on"]),
        authors,
        values["secrets"],
        of_unit,
        values["text_hash"],
        values["pages"],
    )
    return [opened]


def _author(ground: Ground, values: Values) -> Sequence[Cosigner]:
    """The first author signs the statement, unless he brings it himself."""
    authors = values.get("authors") or ()
    return () if not authors or authors[0] == ground.person.id else (Cosigner("disclosure.author", authors[0]),)


def _step(ground: Ground) -> str:
    approval = ground.the_matter.approval
    if approval is None or not approval.awaited:
        raise NotFound
    return approval.awaited


def _result(ground: Ground, values: Values) -> list[Fact]:
    matter, step, stead = ground.the_matter.id, _step(ground), stands_for(ground)
    said, opinion = values["result"], values["opinion"]
    if said != "pass" and not opinion:
        raise Unfit("opinion", "ask.wrong.needed", field=ground.t("ask.opinion"))
    reviewed = DisclosureReviewed(matter, step, said, opinion, stead)
    if said == "no":
        return [reviewed, Declined(matter, step, opinion, stead)]
    return [reviewed, Approved(matter, step, stead, opinion)]


def _result_probe(ground: Ground) -> Fact:
    return DisclosureReviewed(ground.the_matter.id, _step(ground), "pass", "", stands_for(ground))


def _confirm_probe(ground: Ground) -> Fact:
    if not _body(ground).changes_open:
        raise NotFound
    return ChangesConfirmed(ground.the_matter.id)


def _told_probe(ground: Ground) -> Fact:
    if _body(ground).secrets == "none":
        raise NotFound
    return EditorsTold(ground.the_matter.id, "", "")


def _statements(ground: Ground) -> Iterable[tuple[str, str]]:
    return ((code, ground.t(f"ask.secrets.{code}")) for code in SECRETS)


ACTS: tuple[Act, ...] = (
    Act(
        "disclosure_review",
        "disclosure_review",
        "eye",
        _P.TAKE_PART,
        _opened,
        lambda g: ReviewOpened(0, the_unit(g), lowest(g), "manuscript", "", "", 0, (g.person.id,), "none"),
        on="house",
        kind=REVIEW_KEY,
        opens=True,
        fields=(
            Field("what", "choice", options=PIECES),
            Field("piece_title", max_length=300),
            Field("outlet", max_length=200),
            Field("intended_on", "day"),
            Field("authors", "persons", required=False, default=own_number),
            Field("author_unit", "unit", required=False),
            Field("text_hash", "file", required=False),
            Field("pages", "number", required=False),
            Field("level", "level", required=False),
            Field("secrets", "choice", options=_statements),
        ),
        cosigners=_author,
    ),
    Act(
        "opinion",
        "review_opinion",
        "stamp",
        _P.TAKE_PART,
        _result,
        _result_probe,
        kind=REVIEW_KEY,
        fields=(Field("result", "choice", options=RESULTS), Field("opinion", "area", required=False)),
        standing=frozenset({"reviewer_is_author"}),
        statuses=frozenset({"asked"}),
        main=frozenset({"asked"}),
    ),
    Act(
        "confirm",
        "review_changes",
        "ok",
        _P.REVIEW_DISCLOSURE,
        lambda g, v: [ChangesConfirmed(g.the_matter.id, v["text_hash"], v["pages"], v["note"])],
        _confirm_probe,
        kind=REVIEW_KEY,
        fields=(
            Field("text_hash", "file", required=False),
            Field("pages", "number", required=False),
            Field("note", "area", required=False),
        ),
        standing=frozenset({"reviewer_is_author"}),
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
    Act(
        "editors",
        "publication",
        "pen",
        _P.TAKE_PART,
        lambda g, v: [EditorsTold(g.the_matter.id, v["editors"], v["statement"])],
        _told_probe,
        kind=REVIEW_KEY,
        fields=(Field("editors", max_length=200), Field("statement", "area")),
        statuses=frozenset({"draft", "asked", "approved"}),
    ),
    Act(
        "publish",
        "publication",
        "up",
        _P.TAKE_PART,
        lambda g, v: [Published(g.the_matter.id, v["where_out"], v["published_on"], v["text_hash"])],
        lambda g: Published(g.the_matter.id, "", g.day),
        kind=REVIEW_KEY,
        fields=(
            Field("where_out", max_length=300),
            Field("published_on", "day", default=lambda g: g.day),
            Field("text_hash", "file", required=False),
        ),
        standing=frozenset({"changes_unconfirmed", "editors_untold"}),
        statuses=frozenset({"approved"}),
        main=frozenset({"approved"}),
    ),
)


# How it is shown.


def authors_words(ground: Ground, body: ReviewBody) -> str:
    """The authors, or the unit."""
    names = [ground.person_name(one) for one in body.authors]
    if body.author_unit in ground.directory.units:
        names.append(ground.name_of(ground.directory.units[body.author_unit]))
    return ground.t("punctuation.list").join(names)


def _rows(ground: Ground, matter: Matter) -> list[tuple[str, str]]:
    body: ReviewBody = matter.body
    t = ground.t
    rows = [
        (t("ask.disclosure_review.what"), t(f"ask.what.{body.what}")),
        (t("ask.piece_title"), body.title),
        (t("ask.authors"), authors_words(ground, body)),
        (t("ask.outlet"), body.outlet),
        (t("ask.intended_on"), iso_day(ground.day_of(body.due_at), ground.language)),
        (t("ask.secrets"), t(f"ask.secrets.{body.secrets}")),
        (t("ask.text_hash"), body.text_hash[:16]),
        (t("ask.pages"), str(body.pages) if body.pages else ""),
    ]
    rows += [(t(f"step.{one.step}"), result_words(ground, one.result, one.opinion)) for one in body.reviews]
    rows += [
        (t("disclosure.changes_confirmed"), ground.person_name(body.confirmed_by)),
        (t("ask.editors"), body.told_to),
        (t("ask.statement"), body.statement),
        (t("ask.where_out"), body.where),
        (t("ask.published_on"), iso_day(body.published_on, ground.language) if body.published_on else ""),
    ]
    return [row for row in rows if row[1]]


def result_words(ground: Ground, result: str, opinion: str) -> str:
    """A reviewer's result with what he said."""
    said = ground.t(f"ask.result.{result}")
    return f"{said}{ground.t('punctuation.colon')}{opinion}" if opinion else said


VIEWS: tuple[View, ...] = (
    View(REVIEW_KEY, "eye", _rows, looks={"approved": ("ok", "ok"), "published": ("mute", "up")}),
)
