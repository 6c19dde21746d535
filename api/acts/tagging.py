"""Tags of a carrier: replaced in one act or taken off, said to be unreadable, said to answer again."""

from collections.abc import Callable, Iterable

from api.acts.model import Act, Field, Ground, Options, Unfit, Values
from custody.access import Permission
from custody.entries import Fact, TagBound, TagReadable, TagRetired, TagUnreadable
from custody.rules import NotFound
from custody.values import Tag

_P = Permission
TAG_MAX = 140


def normal_epc(text: str) -> str:
    """A tag's number as kept: hexadecimal in capitals, without what printers put between its digits."""
    return "".join(c for c in text.upper() if c not in " -:._")


def _shown(epc: str) -> str:
    return " ".join(epc[at : at + 4] for at in range(0, len(epc), 4))


def _bound(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(tag.epc, _shown(tag.epc)) for tag in ground.the_item.tags]


def _silent(ground: Ground) -> Iterable[tuple[str, str]]:
    return [(epc, _shown(epc)) for epc in ground.the_item.unreadable]


def _answering(ground: Ground) -> Iterable[tuple[str, str]]:
    silent = set(ground.the_item.unreadable)
    return [(tag.epc, _shown(tag.epc)) for tag in ground.the_item.tags if tag.epc not in silent]


def _first(found: Iterable[tuple[str, str]]) -> str:
    """The first tag that may be chosen; the act makes no sense where there is none. Raises NotFound."""
    for epc, _ in found:
        return epc
    raise NotFound


def _only(options: Options) -> Callable[[Ground], str]:
    """The one tag, where there is only one."""

    def default(ground: Ground) -> str:
        found = [epc for epc, _ in options(ground)]
        return found[0] if len(found) == 1 else ""

    return default


def _replaced(ground: Ground, values: Values) -> list[Fact]:
    """The old one retired and the new one bound: never a moment with both, or with neither. Without a new one the old
    only comes off.
    """
    epc, tid = normal_epc(values.get("epc") or ""), normal_epc(values.get("tid") or "")
    if epc == values["old"]:
        raise Unfit("epc", "commissioning.same_tag")
    carrier = ground.the_item.id
    facts: list[Fact] = [TagRetired(carrier, values["old"], values["reason"])]
    return [*facts, TagBound(carrier, Tag(epc, tid or None))] if epc else facts


_REASON = Field("reason", "area")
ACTS: tuple[Act, ...] = (
    Act(
        "retag",
        "tag_replace",
        "swap",
        _P.KEEP,
        _replaced,
        lambda g: TagRetired(g.the_item.id, _first(_bound(g)), ""),
        on="carrier",
        fields=(
            Field("old", "choice", options=_bound, default=_only(_bound)),
            Field("epc", required=False, max_length=TAG_MAX),
            Field("tid", required=False, max_length=TAG_MAX),
            _REASON,
        ),
    ),
    Act(
        "unreadable",
        "tag_unreadable",
        "off",
        _P.KEEP,
        lambda g, v: [TagUnreadable(g.the_item.id, v["old"], v["reason"])],
        lambda g: TagUnreadable(g.the_item.id, _first(_answering(g)), ""),
        on="carrier",
        fields=(Field("old", "choice", options=_answering, default=_only(_answering)), _REASON),
    ),
    Act(
        "readable",
        "tag_unreadable",
        "wave",
        _P.KEEP,
        lambda g, v: [TagReadable(g.the_item.id, v["old"], v["reason"])],
        lambda g: TagReadable(g.the_item.id, _first(_silent(g))),
        on="carrier",
        fields=(
            Field("old", "choice", options=_silent, default=_only(_silent)),
            Field("reason", "area", required=False),
        ),
    ),
)
VIEWS = ()
