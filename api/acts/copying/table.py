"""The acts of copying, in the order of their buttons."""

from typing import get_args

from api.acts.copying import facts as make
from api.acts.disposition.lists import own_number, own_unit
from api.acts.model import Act, Field, Ground
from custody.access import Permission
from custody.entries.copying import CopyingClosed, Manner
from custody.matters.copying import KEY
from custody.scheme import MEDIA
from custody.values import DAY, CarrierKind

_P = Permission
_REASON = Field("reason", "area")
KINDS = get_args(CarrierKind)


def _kinds(ground: Ground) -> list[tuple[str, str]]:
    return [(kind, ground.t(f"kind.{kind}")) for kind in KINDS]


def _media(ground: Ground) -> list[tuple[str, str]]:
    return [(medium, ground.t(f"medium.{medium}")) for medium in MEDIA]


_APPLICATION = (
    Field("manner", "choice", options=get_args(Manner), default="copy"),
    Field("copies", "number", default="1"),
    Field("recipient", "person", default=own_number),
    Field("reason", "area"),
    Field("place", "place", required=False),
    Field("organisation", "organisation", required=False),
    Field("machine", max_length=80),
    Field("unit", "unit", default=own_unit),
    Field("level", "level", required=False),
)
_STRICTER = (
    Field("level", "level", required=False),
    Field("period", "period", required=False),
    Field("scope", "scope", required=False),
)
_MADE = (
    Field("number", "number", default=make.most_left),
    Field("epcs", "area", max_length=300_000),
    Field("home", "place"),
    Field("operator", "person", default=own_number),
    Field("witness", "person"),
    Field("machine", max_length=80, default=lambda ground: make.body(ground).machine),
    Field("pages", "number", required=False),
    Field("kind", "choice", required=False, options=_kinds),
    Field("medium", "choice", required=False, options=_media),
)
_OPEN = frozenset({"draft", "asked", "approved", "making"})
_READY = frozenset({"approved", "making"})

ACTS: tuple[Act, ...] = (
    Act(
        "copying",
        "copying",
        "copy",
        _P.TAKE_PART,
        make.applying,
        make.probe_application,
        on="house",
        kind=KEY,
        opens=True,
        fields=(Field("carriers", "carriers"), *_APPLICATION),
    ),
    Act(
        "copying",
        "copying",
        "copy",
        _P.TAKE_PART,
        make.applying_for_this,
        make.probe_this,
        on="carrier",
        kind=KEY,
        opens=True,
        fields=(Field("manner", "choice", options=("copy", "excerpt"), default="copy"), *_APPLICATION[1:]),
    ),
    Act(
        "copies-recall",
        "copies_recall",
        "undo",
        _P.LEND,
        make.recalling,
        make.probe_recall,
        on="carrier",
        fields=(Field("due", "day", default=lambda ground: ground.day_of(ground.now + 3 * DAY)), _REASON),
    ),
    Act(
        "list",
        "copying_sources",
        "plus",
        _P.TAKE_PART,
        make.listing,
        make.probe_own,
        kind=KEY,
        fields=(Field("carriers", "carriers"),),
        statuses=frozenset({"draft"}),
    ),
    Act(
        "strike",
        "copying_sources",
        "undo",
        _P.TAKE_PART,
        make.striking,
        make.probe_own,
        kind=KEY,
        fields=(Field("lines", "lines", states=(make.SOURCE,)), _REASON),
        statuses=frozenset({"draft"}),
    ),
    Act(
        "issuer",
        "copying_issuer",
        "stamp",
        _P.TAKE_PART,
        make.agreeing,
        make.probe_agreeing,
        kind=KEY,
        fields=(
            Field("lines", "lines", states=(make.SOURCE,), default=make.unanswered_lines),
            Field("authority", max_length=100, default=make.unanswered),
            Field("letter", max_length=80),
            Field("letter_on", "day"),
        ),
        statuses=frozenset({"draft"}),
        main=frozenset({"draft"}),
    ),
    Act(
        "copy",
        "copy",
        "copy",
        _P.COPY,
        make.making,
        make.probe_copies,
        kind=KEY,
        fields=(
            Field("lines", "lines", states=(make.SOURCE,), default="*"),
            *_MADE,
            Field("title", required=False, max_length=300),
            *_STRICTER,
        ),
        cosigners=make.hands_sign,
        standing=frozenset({"copying_not_approved", "copy_place_too_low"}),
        statuses=_OPEN,
        main=_READY,
    ),
    Act(
        "compile",
        "copy",
        "copy",
        _P.COPY,
        make.compiling,
        make.probe_compilation,
        kind=KEY,
        fields=(
            Field("control_number", max_length=80, default=make.compiled_number),
            Field("title", max_length=300),
            *_MADE,
            Field("basis", required=False, max_length=300),
            Field("determined_by", required=False, max_length=100),
            *_STRICTER,
        ),
        cosigners=make.hands_sign,
        standing=frozenset({"copying_not_approved", "copy_place_too_low"}),
        statuses=_OPEN,
        main=_READY,
    ),
    Act(
        "close",
        "copying_close",
        "ok",
        _P.COPY,
        make.closing,
        lambda ground: CopyingClosed(ground.the_matter.id, 0),
        kind=KEY,
        fields=(Field("reason", "area", required=False),),
        statuses=frozenset({"making"}),
    ),
)
