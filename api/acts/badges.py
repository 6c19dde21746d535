"""Badges as rows: a card given to a person, who signs for it; a card that stands for nobody any more (clause c.5)."""

from collections.abc import Iterable

from api.acts.loans import signs_beside
from api.acts.model import Act, Field, Ground, Unfit, Values
from custody.access import Permission, may
from custody.entries import Fact
from custody.entries.badges import BadgeGiven, BadgeWithdrawn
from custody.procedures.badges import REASONS
from custody.rules import NotFound
from custody.store.posting import epcs_known
from custody.values import SECOND
from reconcile.store.taps import CARD_DIGITS_MAX, strange_taps

_P = Permission
_LATELY = 600 * SECOND


def just_tapped(ground: Ground) -> Iterable[tuple[str, str]]:
    """Cards held to a desk lately that stand for nobody and are no label, by number; newest first."""
    badges = {badge.uid for badge in ground.directory.badges.values() if badge.valid}
    with ground.services.database.reading() as connection:
        taps = strange_taps(connection, ground.now - _LATELY, badges)
        labels = epcs_known(connection, [tap.uid for tap in taps])
    for tap in taps:
        if tap.uid not in labels and len(tap.uid) <= CARD_DIGITS_MAX:
            yield tap.uid, f"{tap.uid} · {tap.reader}"


def normal_uid(text: str) -> str:
    """A card's number as kept: hexadecimal in capitals, without what is printed between its digits."""
    return "".join(c for c in text.upper() if c not in " -:.")


def _give(ground: Ground, values: Values) -> list[Fact]:
    tapped, typed = str(values["tapped"] or ""), normal_uid(values["uid"])
    if bool(tapped) == bool(typed):
        raise Unfit("uid", "badge.which")
    return [BadgeGiven(values["person"], tapped or typed)]


def _withdraw(ground: Ground, values: Values) -> list[Fact]:
    ending = normal_uid(values["ending"])
    badges = [badge for badge in ground.directory.badges_of(values["person"]) if badge.uid.endswith(ending)]
    if not badges:
        raise Unfit("ending", "badge.no_such")
    return [BadgeWithdrawn(badge.person, badge.uid, values["why"], values["remark"]) for badge in badges]


def _withdraw_probe(ground: Ground) -> Fact | None:
    """For whoever has a badge to give back, and for those who may withdraw anybody's."""
    anybody = may(ground.subject, _P.LEND) or may(ground.subject, _P.HEAD_ENQUIRIES)
    if not anybody and not ground.directory.badges_of(ground.subject.person):
        raise NotFound
    return None


ACTS: tuple[Act, ...] = (
    Act(
        "badge",
        "badge",
        "user",
        _P.LEND,
        _give,
        lambda _ground: None,
        on="house",
        fields=(
            Field("person", "person"),
            Field("tapped", "choice", required=False, options=just_tapped),
            Field("uid", required=False, max_length=40),
        ),
        cosigners=lambda ground, values: signs_beside(ground, "ask.badge.person", values.get("person")),
        home="/desk",
    ),
    Act(
        "badge_withdrawal",
        "badge_withdrawal",
        "off",
        _P.TAKE_PART,
        _withdraw,
        _withdraw_probe,
        on="house",
        fields=(
            Field("person", "person", default=lambda ground: ground.person.number),
            Field("why", "choice", options=REASONS),
            Field("ending", required=False, max_length=20),
            Field("remark", required=False, max_length=300),
        ),
        signs=False,
        home="/business",
    ),
)
