"""Tags in batches: numbers taken, labels printed or tags written, read back, bound; every number accounted for.

The page works without script. A label shows number and level as configured, never a title; its preview is drawn here.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts.codes import resolve, split_codes
from api.acts.tagging import normal_epc
from api.locale import known
from api.reports import Report
from api.web.exports import given
from api.web.render import render
from api.web.visit import Form, Unfit, Visit, needs, posted
from api.web.words import level_name
from custody.access import Permission
from custody.entries import Fact
from custody.rules import NotFound, Refused
from custody.store import tag_numbers as store
from custody.store.queries import tags as by_tags
from custody.tag_numbers import BINDABLE, NumberInvalid
from readers.llrp import LlrpSettings
from readers.llrp.access import Written, write_tag
from readers.wire import LLRP_PORT
from readers.zpl import Printer, in_house, layout
from reconcile.commissioning import TOPIC, Labels, Printing, facts_of, give_up_lost, label_of, pause, reader_outcome

router = APIRouter(include_in_schema=False)
LISTED_MAX = 50
EYE_MAX = 100
BLANK_MAX = 500
takes_in = needs(Permission.TAKE_IN)
SOURCES = ("untagged", "codes", "blank")
HAND, WRITE, PRINT = "hand", "write", "print"

LOOKS: Mapping[str, tuple[str, str]] = {
    "reserved": ("mute", "clock"),
    "sent": ("act", "print"),
    "printed": ("due", "eye"),
    "verified": ("act", "chip"),
    "failed": ("bad", "alert"),
    "spoiled": ("mute", "off"),
    "bound": ("ok", "ok"),
}
"""How a number stands -> colour and icon."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the bar over a batch: x and width in hundredths."""

    kind: str
    x: float
    width: float


def bar_of(account: store.Account) -> tuple[Share, ...]:
    """The bar: bound, read back, in doubt, given up; what is left is empty."""
    found, x = [], 0.0
    parts = {"ok": account.bound, "act": account.verified, "bad": account.failed, "mute": account.spoiled}
    for kind, count in parts.items():
        width = 100 * count / max(account.taken, 1)
        if count:
            found.append(Share(kind, round(x, 2), round(width, 2)))
        x += width
    return tuple(found)


def _printing(visit: Visit) -> Printing:
    found: Printing = visit.request.app.state.printing
    return found


def _labels(visit: Visit) -> Labels:
    return Labels(visit.services.database, visit.services.scheme, secrets.randbelow, visit.subject.person, visit.now)


def _printer(visit: Visit, name: str) -> Printer | None:
    return next((one for one in visit.services.printers if one.name == name), None)


# The list.


@router.get("/commissioning")
def batches_page(visit: Visit = Depends(takes_in)) -> Response:
    """Batches, the newest first; tags that do not answer; the way to begin a batch."""
    return _draw_list(visit)


def _draw_list(visit: Visit, **more: Any) -> Response:
    with visit.reading() as connection:
        rows = store.batches(connection, LISTED_MAX)
        accounts = store.accounts(connection, [row.number for row in rows])
        silent = by_tags.by_eye_only(connection, visit.subject, EYE_MAX)
        untagged = by_tags.untagged(connection, visit.subject, store.BATCH_MAX)
        directory = visit.services.books.directory(connection)
    means = [
        (f"{PRINT}:{one.name}", visit.t("commissioning.print_on", name=one.name)) for one in visit.services.printers
    ]
    means += [(one, visit.t(f"commissioning.means.{one}")) for one in (WRITE, HAND)]
    names: dict[str, Any] = {
        "batches": [(row, accounts.get(row.number, store.Account())) for row in rows],
        "bars": {row.number: bar_of(accounts.get(row.number, store.Account())) for row in rows},
        "silent": silent,
        "untagged": len(untagged),
        "means": means,
        "sources": [(one, visit.t(f"commissioning.source.{one}")) for one in SOURCES],
        "directory": directory,
        "refusals": (),
    }
    return render(visit, "commissioning/list.html", **(names | more))


@router.post("/commissioning")
def open_batch(visit: Visit = Depends(takes_in), form: Form = Depends(posted)) -> Response:
    """Take the numbers; nothing is printed yet."""
    try:
        wanted = _wanted(visit, form)
        means, device = _means(visit, form)
        with visit.services.database.writing() as connection:
            number = store.open_batch(
                connection,
                visit.services.scheme.numbering(),
                secrets.randbelow,
                wanted,
                means=means,
                device=device,
                by=visit.subject.person,
                now=visit.now,
                timezone=visit.services.scheme.timezone,
            )
    except Unfit as unfit:
        return _draw_list(visit, errors=unfit.errors, kept=form.kept())
    except NumberInvalid as error:
        wrong = visit.error("source", "commissioning.no_numbers", why=str(error))
        return _draw_list(visit, errors=(wrong,), kept=form.kept())
    visit.services.bulletin.publish(TOPIC)
    return RedirectResponse(f"/commissioning/{number}", status_code=303)


def _wanted(visit: Visit, form: Form) -> Sequence[int | None]:
    """For which carriers (None: a blank label). Raises Unfit."""
    source = form.text("source")
    if source == "blank":
        count = form.number("count")
        if not count or count > BLANK_MAX:
            raise Unfit([visit.error("count", "commissioning.count_wrong", most=BLANK_MAX)])
        return [None] * count
    found: list[int | None] = []
    with visit.reading() as connection:
        if source == "codes":
            for code in split_codes(form.text("codes")):
                item = resolve(connection, visit.subject, code)
                if item is None:
                    raise Unfit([visit.error("codes", "commissioning.code_unknown", code=code)])
                found.append(item.id)
            waiting = store.waiting_for(connection, [one for one in found if one is not None])
            if waiting:
                raise Unfit([visit.error("codes", "commissioning.waits_already", count=len(waiting))])
        elif source == "untagged":
            begins, matter = form.text("begins"), form.text("order")
            rows = by_tags.untagged(connection, visit.subject, store.BATCH_MAX, begins=begins, matter=matter)
            found = [row.id for row in rows]
    if not found:
        raise Unfit([visit.error("codes" if source == "codes" else "source", "commissioning.nobody")])
    return list(dict.fromkeys(found))


def _means(visit: Visit, form: Form) -> tuple[str, str]:
    """How the tags are made, and on what. Raises Unfit."""
    means, _, device = form.text("means").partition(":")
    if means == PRINT and _printer(visit, device) is not None:
        return PRINT, device
    if means == HAND:
        return HAND, ""
    if means == WRITE:
        address = form.text("reader")
        if _address(address) is None:
            raise Unfit([visit.error("reader", "commissioning.address_wrong")])
        return WRITE, address
    raise Unfit([visit.error("means", "commissioning.means_needed")])


def _address(text: str) -> tuple[str, int] | None:
    """Host and port of a reader within the house; None for anything else."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65_536):
        return None
    return in_house(host, int(port) if colon else LLRP_PORT) if host else None


# One batch.


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch as the visitor sees it."""

    row: Any
    lines: Sequence[Any]
    account: store.Account

    def line(self, epc: str) -> Any:
        """One of its lines. Raises NotFound."""
        for one in self.lines:
            if one.epc == epc:
                return one
        raise NotFound


def _batch(visit: Visit, number: str) -> _Batch:
    """A batch and those of its lines that the visitor sees. Raises NotFound."""
    with visit.reading() as connection:
        row = store.batch(connection, number)
        if row is None:
            raise NotFound
        lines = store.lines(connection, number)
        return _Batch(row, lines, store.accounts(connection, [number]).get(number, store.Account()))


@router.get("/commissioning/{number}")
def batch_page(number: str, visit: Visit = Depends(takes_in)) -> Response:
    """A batch: how every number stands, and what can be done."""
    return _draw_batch(visit, _batch(visit, number))


def _draw_batch(visit: Visit, batch: _Batch, **more: Any) -> Response:
    names: dict[str, Any] = {
        "batch": batch.row,
        "lines": batch.lines,
        "account": batch.account,
        "bar_parts": bar_of(batch.account),
        "reason_of": lambda reason: reason_words(visit, reason),
        "looks": LOOKS,
        "bindable": [one for one in batch.lines if one.standing in BINDABLE and one.carrier is not None],
        "printer": _printer(visit, batch.row.device) if batch.row.means == PRINT else None,
        "shown": next((one for one in batch.lines if one.standing != "spoiled"), None),
        "refusals": (),
        "note": "",
    }
    return render(visit, "commissioning/batch.html", **(names | more))


@router.post("/commissioning/{number}")
def act_on_batch(number: str, visit: Visit = Depends(takes_in), form: Form = Depends(posted)) -> Response:
    """What a person does with the batch or one of its labels: the button's name says which."""
    batch = _batch(visit, number)
    try:
        note = _DOES.get(form.text("do"), _nothing)(visit, batch, form)
    except Unfit as unfit:
        return _draw_batch(visit, _batch(visit, number), errors=unfit.errors, kept=form.kept())
    except Refused as refused:
        return _draw_batch(visit, _batch(visit, number), refusals=refused.refusals, status_code=409)
    except NumberInvalid as error:
        wrong = visit.error("epc", "commissioning.no_numbers", why=str(error))
        return _draw_batch(visit, _batch(visit, number), errors=(wrong,))
    visit.services.bulletin.publish(TOPIC)
    if note:
        return _draw_batch(visit, _batch(visit, number), note=note)
    return RedirectResponse(f"/commissioning/{number}", status_code=303)


def _nothing(visit: Visit, _batch: _Batch, _form: Form) -> str:
    raise Unfit([visit.error("do", "commissioning.nothing_asked")])


def _start(visit: Visit, batch: _Batch, _form: Form) -> str:
    printer = _printer(visit, batch.row.device)
    if batch.row.means != PRINT or printer is None:
        raise Unfit([visit.error("do", "commissioning.no_printer")])
    _printing(visit).start(batch.row.number, printer)
    return ""


def _pause(visit: Visit, batch: _Batch, _form: Form) -> str:
    pause(visit.services.database, batch.row.number)
    give_up_lost(visit.services.database, batch.row.number, visit.now)
    return ""


def _spoil(visit: Visit, batch: _Batch, form: Form) -> str:
    line = batch.line(form.text("line"))
    _labels(visit).spoil(batch.row.number, line.epc, form.text("reason") or visit.t("commissioning.given_up"))
    return ""


def _again(visit: Visit, batch: _Batch, form: Form) -> str:
    line = batch.line(form.text("line"))
    _labels(visit).again(batch.row.number, line.epc, form.text("reason"))
    return ""


def _doubt(visit: Visit, batch: _Batch, form: Form) -> str:
    _labels(visit).doubt(batch.row.number, batch.line(form.text("line")).epc)
    return ""


def _verify(visit: Visit, batch: _Batch, form: Form) -> str:
    """A label was scanned: it is the line that bears this number."""
    epc, tid = normal_epc(form.text("epc")), normal_epc(form.text("tid"))
    line = next((one for one in batch.lines if one.epc == epc), None)
    if line is None:
        raise Unfit([visit.error("epc", "commissioning.not_of_batch")])
    _labels(visit).verify(batch.row.number, line.epc, epc, tid or None)
    return visit.t("commissioning.verified_now", line=line.line)


def _bind(visit: Visit, batch: _Batch, form: Form) -> str:
    """The labels are on their carriers: one act, each number with its chip."""
    rows = [batch.line(epc) for epc in form.texts("line")] or [
        one for one in batch.lines if one.standing == "verified" and one.carrier is not None
    ]
    if not rows:
        raise Unfit([visit.error("epc", "commissioning.nothing_to_bind")])
    carriers: list[int | None] = []
    with visit.reading() as connection:
        for row in rows:
            item = None if row.carrier is not None else resolve(connection, visit.subject, form.text("carrier"))
            if row.carrier is None and item is None:
                raise Unfit([visit.error("carrier", "commissioning.carrier_needed")])
            carriers.append(item.id if item else None)
    facts: list[Fact] = facts_of(rows, carriers)
    receipt = visit.services.books.enter(visit.subject, facts, act="tag")
    visit.services.books_changed()
    return visit.t("commissioning.bound_now", count=len(rows), act=receipt.act)


def _write(visit: Visit, batch: _Batch, _form: Form) -> str:
    """Write the next number into the one tag that lies on the reader."""
    address = _address(batch.row.device)
    if batch.row.means != WRITE or address is None:
        raise Unfit([visit.error("do", "commissioning.address_wrong")])
    database = visit.services.database
    with database.writing() as connection:
        row = store.next_reserved(connection, batch.row.number)
        if row is None:
            raise Unfit([visit.error("do", "commissioning.nothing_to_write")])
        store.step(connection, row, store.Step(row.epc, "sent", by=visit.subject.person), visit.now)
        sent = store.line(connection, row.epc)

    def free(old: str) -> bool:
        with database.reading() as connection:
            return not store.known_anywhere(connection, [old])

    settings = LlrpSettings("desk", address[0], address[1], keepalive_seconds=2.0, answer_seconds_max=5.0)
    written = write_tag(settings, row.epc, visit.services.clock, may_overwrite=free)
    reader_outcome(database, sent, written.result, written.reason, written.tid, visit.services.clock())
    return _said(visit, row, written)


def _said(visit: Visit, row: Any, written: Written) -> str:
    if written.result == "verified":
        return visit.t("commissioning.written", line=row.line)
    raise Unfit([visit.error("do", f"commissioning.reason.{written.reason}")])


def _close(visit: Visit, batch: _Batch, _form: Form) -> str:
    _labels(visit).close(batch.row.number)
    return ""


_DOES = {
    "start": _start,
    "pause": _pause,
    "spoil": _spoil,
    "again": _again,
    "doubt": _doubt,
    "verify": _verify,
    "bind": _bind,
    "write": _write,
    "close": _close,
}


# What goes on paper.


@router.get("/commissioning/{number}/label.svg")
def label_picture(number: str, line: str = "", visit: Visit = Depends(takes_in)) -> Response:
    """How a label will look, drawn here: nobody else is asked."""
    batch = _batch(visit, number)
    row = batch.line(line) if line else next(iter(batch.lines))
    printer = _printer(visit, batch.row.device) or Printer("", "")
    wide, high = printer.width_mm, printer.height_mm
    texts = "".join(
        f'<text x="{one.x_mm}" y="{one.y_mm + one.height_mm * 0.85:.2f}" font-size="{one.height_mm}" '
        f'font-family="sans-serif" fill="#111">{escape(one.text)}</text>'
        for one in layout(label_of(row, visit.services.scheme), high)
    )
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide * 6}" height="{high * 6}">'
        f'<rect x="0.2" y="0.2" width="{wide - 0.4}" height="{high - 0.4}" rx="1.5" fill="#fff" stroke="#666" '
        f'stroke-width="0.3"/>{texts}</svg>'
    )
    return Response(picture, media_type="image/svg+xml")


_COLUMNS = ("line", "label_epc", "chip", "number", "copy", "level", "label_state", "label_reason")


@router.get("/commissioning/{number}/labels.xlsx")
def batch_workbook(number: str, visit: Visit = Depends(takes_in)) -> Response:
    """Every number of the batch, and what became of it."""
    batch, scheme = _batch(visit, number), visit.services.scheme
    rows = [
        {
            "line": one.line,
            "label_epc": one.epc,
            "chip": one.tid or "",
            "number": one.control_number or "",
            "copy": one.copy_number,
            "level": level_name(scheme, one.level, visit.language) if one.level else "",
            "label_state": visit.t(f"number_state.{one.standing}"),
            "label_reason": reason_words(visit, one.reason),
        }
        for one in batch.lines
    ]
    heads = {
        name: visit.t(f"commissioning.col.{name}")
        for name in ("line", "label_epc", "chip", "label_state", "label_reason")
    }
    report = Report(
        "labels",
        _COLUMNS,
        rows,
        False,
        max((scheme.rank(one.level) for one in batch.lines if one.level), default=-1),
        heads=heads,
        numbers=frozenset({"line"}),
        carriers=tuple(dict.fromkeys(one.carrier_id for one in batch.lines if one.carrier_id is not None)),
    )
    return given(visit, report, {"batch": number})


def reason_words(visit: Visit, reason: str) -> str:
    """Why a number stands so: a code's words, or what a person wrote."""
    key = f"commissioning.reason.{reason}"
    return visit.t(key) if reason and known(key) else reason
