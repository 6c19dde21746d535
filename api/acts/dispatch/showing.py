"""How receipts, dispatches, distributions and widenings are shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.acts.disposition.lists import day_words
from api.acts.model import Ground, View
from api.locale.values import level_name
from custody.matters import Line, Matter
from custody.matters.dispatch.distribution import Distribution, Widening
from custody.matters.dispatch.receipt import Receipt, ReceiptRow
from custody.matters.dispatch.sending import Sending

Rows = list[tuple[str, str]]


def _said(rows: Sequence[tuple[str, str]]) -> Rows:
    return [row for row in rows if row[1]]


def _join(ground: Ground, *texts: str) -> str:
    return ground.t("punctuation.list").join(text for text in texts if text)


def body_name(ground: Ground, organisation: int | None) -> str:
    """Another body's name in the visitor's language; empty where there is none."""
    found = ground.directory.organisations.get(organisation or 0)
    return ground.name_of(found) if found else ""


def _receipt_rows(ground: Ground, matter: Matter) -> Rows:
    body: Receipt = matter.body
    t = ground.t
    told = t(f"ask.told_how.{body.told_how}") if body.told_how else ""
    return _said(
        [
            (t("ask.sender"), body_name(ground, body.sender) or body.sender_name),
            (t("ask.manifest_number"), body.manifest_number),
            (t("ask.way"), t(f"ask.way.{body.mode}")),
            (t("ask.seal"), _join(ground, body.seal, t(f"ask.seal_state.{body.seal_state}"))),
            (t("dispatch.form.delivered_by"), ground.person_name(body.delivered_by) or body.delivered_by_name),
            (t("ask.witness"), ground.person_name(body.witness)),
            (t("dispatch.differences"), str(body.differences) if body.differences else ""),
            (t("dispatch.told"), _join(ground, told, body.told_to, body.told_number)),
            (t("ask.remark"), body.note),
        ]
    )


def _outcome(ground: Ground, row: ReceiptRow) -> str:
    t = ground.t
    if row.outcome == "wrong":
        what = t(f"ask.difference.{row.wrong}")
        return _join(ground, what, t(f"ask.sent_or_kept.{'kept' if row.kept else 'sent_back'}"), row.note)
    return _join(ground, t(f"dispatch.outcome.{row.outcome or 'open'}"), row.note)


def _manifest(ground: Ground, matter: Matter) -> Mapping[str, Any]:
    """The manifest beside what was registered for it, as far as that may be seen; and what is over."""
    body: Receipt = matter.body
    named = [row.carrier for row in body.rows] + [one.carrier for one in body.over]
    items = ground.items(one for one in named if one is not None)
    return {
        "manifest": [(row, items.get(row.carrier or 0), _outcome(ground, row), _colour(row)) for row in body.rows],
        "over": [(one, items.get(one.carrier or 0)) for one in body.over],
        "level_words": {
            level.code: level_name(ground.scheme, level.code, ground.language) for level in ground.scheme.levels
        },
    }


def _colour(row: ReceiptRow) -> tuple[str, str]:
    """Colour and icon of a row."""
    return {"received": ("ok", "ok"), "short": ("bad", "lost"), "wrong": ("odd", "swap")}.get(
        row.outcome, ("act", "round")
    )


def _received_line(ground: Ground, _matter: Matter, line: Line) -> tuple[str]:
    return (ground.t("dispatch.of_row", n=line.label) if line.label else ground.t("dispatch.not_listed"),)


def _dispatch_rows(ground: Ground, matter: Matter) -> Rows:
    body: Sending = matter.body
    t = ground.t
    escorts = _join(ground, *(ground.person_name(one) for one in body.escorts))
    sent = _join(ground, ground.person_name(body.sent_by), day_words(ground, ground.day_of(body.sent_at)))
    return _said(
        [
            (t("ask.addressee"), body_name(ground, body.addressee)),
            (t("ask.attention"), body.attention),
            (t("ask.dispatch.recipient"), ground.person_name(body.recipient)),
            (t("ask.way"), t(f"ask.way.{body.mode}")),
            (t("ask.arrive_on"), day_words(ground, ground.day_of(body.arrive_by))),
            (t("ask.route"), body.route),
            (t("ask.vehicle"), body.vehicle),
            (t("ask.dispatch.escorts"), escorts),
            (t("ask.export_permit"), body.export_permit),
            (t("ask.parcel"), body.parcel),
            (t("ask.seal"), body.seal),
            (t("dispatch.sent"), sent),
            (t("dispatch.form.taken_by"), ground.person_name(body.taken_by) or body.taken_by_name),
            (t("ask.witness"), ground.person_name(body.witness)),
            (t("ask.reason"), body.reason),
        ]
    )


def _sent_line(ground: Ground, _matter: Matter, line: Line) -> tuple[str]:
    pages = "" if line.pages is None else ground.t("carriers.pages", n=line.pages)
    return (_join(ground, line.label, ground.person_name(line.person), pages),)


def _distribution_rows(ground: Ground, matter: Matter) -> Rows:
    body: Distribution = matter.body
    t = ground.t
    return _said(
        [
            (t("ask.control_number"), body.control_number),
            (t("ask.collect_on"), day_words(ground, ground.day_of(body.collect_by))),
            (t("ask.reason"), body.reason),
        ]
    )


def _handed_line(ground: Ground, _matter: Matter, line: Line) -> tuple[str, str]:
    pages = "" if line.pages is None else ground.t("carriers.pages", n=line.pages)
    due = day_words(ground, ground.day_of(line.due_at))
    return (ground.person_name(line.person), _join(ground, due, line.label, pages))


def scope_names(ground: Ground, principals: Sequence[str]) -> str:
    """Who a scope names, in words."""
    return _join(ground, *(_principal(ground, one) for one in principals))


def _principal(ground: Ground, principal: str) -> str:
    kind, _, name = principal.partition(":")
    directory = ground.directory
    known: Mapping[str, Mapping[int, Any]] = {
        "unit": directory.units,
        "person": directory.persons,
        "organisation": directory.organisations,
    }
    if kind in known:
        found = known[kind].get(int(name))
        return ground.name_of(found) if found else name
    return ground.t("scope.all") if kind == "all" else ground.t(f"scope.post.{name}")


def _widening_rows(ground: Ground, matter: Matter) -> Rows:
    body: Widening = matter.body
    t = ground.t
    return _said(
        [
            (t("ask.control_number"), body.control_number),
            (t("dispatch.widened_to"), scope_names(ground, body.principals)),
            (t("ask.authority"), body.authority),
            (t("ask.consent"), body.consent),
            (t("ask.reason"), body.reason),
        ]
    )


def _scope_line(ground: Ground, _matter: Matter, line: Line) -> tuple[str]:
    item = ground.items([line.carrier]).get(line.carrier)
    return (scope_names(ground, item.scope) if item else "",)


_ENDS = {"closed": ("ok", "ok"), "cancelled": ("mute", "off")}
VIEWS: tuple[View, ...] = (
    View(
        "receipt",
        "in",
        _receipt_rows,
        columns=("dispatch.col.row",),
        line=_received_line,
        looks={"told": ("act", "clock"), "received": ("ok", "in"), **_ENDS},
        panel="dispatch/_manifest.html",
        more=_manifest,
    ),
    View(
        "dispatch",
        "up",
        _dispatch_rows,
        columns=("dispatch.col.delivery",),
        line=_sent_line,
        looks={
            "sealed": ("act", "box"),
            "under_way": ("due", "up"),
            "listed": ("act", "doc"),
            "dispatched": ("due", "up"),
            "acknowledged": ("ok", "ok"),
            "taken_in": ("ok", "in"),
            "returned": ("odd", "back"),
            "short": ("bad", "lost"),
            "struck": ("mute", "undo"),
            **_ENDS,
        },
    ),
    View(
        "distribution",
        "swap",
        _distribution_rows,
        columns=("dispatch.col.recipient", "dispatch.col.until"),
        line=_handed_line,
        looks={
            "distributed": ("act", "out"),
            "listed": ("act", "doc"),
            "kept": ("ok", "shelf"),
            "on_loan": ("act", "out"),
            "remainder": ("ok", "ok"),
            "collected": ("ok", "back"),
            "struck": ("mute", "undo"),
            **_ENDS,
        },
    ),
    View(
        "widening",
        "user",
        _widening_rows,
        columns=("dispatch.col.scope",),
        line=_scope_line,
        looks={"listed": ("act", "doc"), "widened": ("ok", "ok"), **_ENDS},
    ),
)
