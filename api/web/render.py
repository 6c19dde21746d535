"""Draws a page: the templates' environment and the words that every template may use.

`render(visit, "carriers/list.html", **context)` for those signed in; `render_door(request, …)` before that.
In templates: `t(key, **blanks)`, `icon(name)`, `st(kind, icon, word)`, `state(status)`, `what(item)`,
`mark(level, period)`, `title(text)` (hidden where titles are hidden), `when(instant)`, `day(instant or ISO day)`,
`clock(instant)`, `ago(instant)`, `span(microseconds)`, `number(n)`, `url(path, **query)`, `csrf_field()`,
`static(path)`, `here(**query)` (this address with other query values), and the names `visit`, `errors`, `kept`, `path`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from api.locale import Value, translate
from api.services import Services
from api.web import words
from api.web.help.topics import topic_of
from api.web.listing import PASSING, view_bar
from api.web.navigation import navigation
from api.web.refusals import refusal_words
from api.web.visit import (
    LANGUAGE_COOKIE,
    TITLES_COOKIE,
    FieldError,
    Visit,
    asked_language,
    fresh,
    services_of,
)
from custody import clock
from custody.life_cycle import Status
from custody.tag_numbers import medium
from custody.values import Instant, Period

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
YEAR_SECONDS = 31_536_000

environment = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


@cache
def icon(name: str, extra: str = "") -> Markup:
    """A symbol of `_icons.html`."""
    cls = f"i {extra}" if extra else "i"
    return Markup('<svg class="{}" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>').format(cls, name)


@cache
def _span(cls: str) -> Markup:
    return Markup('<span class="{}">').format(cls)


def st(kind: str, icon_name: str, word: str, extra: str = "") -> Markup:
    """A state: colour class `kind` (ok, act, due, bad, odd, mute, deaf), icon and word."""
    cls = f"st k-{kind} {extra}" if extra else f"st k-{kind}"
    return _span(cls) + icon(icon_name) + word + Markup("</span>")


def url(address: str, /, **query: object) -> str:
    """An address with its query; None and empty values are left out."""
    pairs = [(name, str(value)) for name, value in query.items() if value is not None and value != ""]
    return f"{address}?{urlencode(pairs)}" if pairs else address


def static(path: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"/static/{path}?v={words.static_version(STATIC)}"


class _Words:
    """The words of one page in one language."""

    def __init__(self, services: Services, language: str, now: Instant, visit: Visit | None) -> None:
        self.scheme, self.language, self.now, self.visit = services.scheme, language, now, visit
        self.today = clock.day(now, services.scheme.timezone)

    def t(self, key: str, /, **params: Value) -> str:
        return translate(self.language, key, **params)

    def state(self, status: Status | str, extra: str = "") -> Markup:
        """A state in the books."""
        kind, icon_name = words.STATUS[Status(status)]
        return st(kind, icon_name, self.t(f"status.{Status(status).value}"), extra)

    def what(self, item: Any) -> Markup:
        """What has to be said of a carrier beside its title: that it is a draft, a scrap, a coded telegram."""
        if item.intermediate:
            return st("due", "copy", self.t(f"intermediate.{item.intermediate}"), "st-bare")
        if item.kind == "telegram":
            return st("due", "alert", self.t("kind.telegram"), "st-bare")
        return Markup("")

    def level_name(self, level: str) -> str:
        return words.level_name(self.scheme, level, self.language)

    def noted(self, level: str) -> str:
        """Tell the shell that the page shows something of this level."""
        if self.visit is not None:
            try:
                rank = self.scheme.rank(level)
            except KeyError:
                return ""
            if rank > self.visit.seen.rank:
                self.visit.seen.rank, self.visit.seen.level = rank, level
        return ""

    def mark(self, level: str, period: Period | None = None, extra: str = "") -> Markup:
        """The level mark as on the paper; the page's highest level rises with it."""
        self.noted(level)
        return self.plain_mark(level, period, extra)

    def plain_mark(self, level: str, period: Period | None = None, extra: str = "") -> Markup:
        """A level mark that marks no carrier's content (a rating, a legend)."""
        try:
            rank = self.scheme.rank(level)
        except KeyError:
            rank = 3
        name = self.level_name(level)
        after = words.period_words(self.scheme, level, period, self.language)
        star = Markup("<i>★</i>{}").format(after) if after else ""
        cls = f"mark mark-r{min(rank, 3)} {extra}" if extra else f"mark mark-r{min(rank, 3)}"
        return Markup('<span class="{}">{}{}</span>').format(cls, name if self.language == "zh" else name.upper(), star)

    def title(self, text: str, level: str = "", carrier: int | None = None) -> Markup:
        """A carrier's title, or that it is hidden on this device; `carrier`: whose, for the disclosure record."""
        if level:
            self.noted(level)
        if self.visit is not None and carrier is not None:
            self.visit.shows(carrier)
        if self.visit is not None and self.visit.titles_hidden:
            return Markup('<span class="hidden-title">{}</span>').format(self.t("titles.hidden"))
        return escape(text)

    def when(self, at: Instant | None) -> Markup:
        """Day and time."""
        if at is None:
            return Markup("—")
        day_text = words.short_day(clock.day(at, self.scheme.timezone), self.language, self.today)
        shown = f"{day_text} {words.clock_time(at, self.scheme.timezone)}"
        return self._time(at, shown)

    def day(self, at: Instant | str | None) -> Markup:
        """A day, of an instant or in ISO form."""
        if at is None or at == "":
            return Markup("—")
        if isinstance(at, str):
            return Markup('<time datetime="{}">{}</time>').format(at, words.iso_day(at, self.language))
        return self._time(at, words.iso_day(clock.day(at, self.scheme.timezone), self.language))

    def short_day(self, at: Instant | None) -> Markup:
        """A day, without the year where it is this year's."""
        if at is None:
            return Markup("—")
        return self._time(at, words.short_day(clock.day(at, self.scheme.timezone), self.language, self.today))

    def clock(self, at: Instant, seconds: bool = False) -> Markup:
        """The time of day."""
        return self._time(at, words.clock_time(at, self.scheme.timezone, seconds=seconds))

    def _time(self, at: Instant, shown: str) -> Markup:
        iso = clock.moment(at, self.scheme.timezone).isoformat(timespec="seconds")
        return Markup('<time datetime="{}">{}</time>').format(iso, shown)

    def ago(self, at: Instant | None) -> Markup:
        """How long ago, with the exact time for those who point at it."""
        return Markup("—") if at is None else self._time(at, words.ago(at, self.now, self.language))

    def span(self, micros: int) -> str:
        return words.span(micros, self.language)

    def name(self, thing: Any) -> str:
        """Name of a person, unit or place in the visitor's language, where it has one."""
        other: str = getattr(thing, "name_en", "")
        own: str = thing.name
        return other if self.language == "en" and other else own

    def who_is(self, identifier: int | None, name: str | None) -> str:
        """Name of a person of whom a row has only the Chinese one; empty where there is none."""
        if self.language == "zh" or not identifier or self.visit is None:
            return name or ""
        with self.visit.reading() as connection:
            person = self.visit.services.books.directory(connection).persons.get(identifier)
        return self.name(person) if person is not None else name or ""

    def organisation(self) -> str:
        return self.scheme.organisation_zh if self.language == "zh" else self.scheme.organisation_en


def number(value: int) -> str:
    """A whole number, grouped."""
    return f"{value:,}"


_PAGE_WORDS = (
    "t",
    "state",
    "what",
    "mark",
    "plain_mark",
    "title",
    "when",
    "day",
    "short_day",
    "clock",
    "ago",
    "span",
    "level_name",
    "noted",
    "name",
    "who_is",
    "organisation",
)
"""Words of a page that templates use."""
SHELL_WORDS = frozenset(
    "t name number mark plain_mark icon st url here static csrf_field nav visit language live".split()  # noqa: SIM905
)
"""Words that the shell itself is drawn with: no page may give them another meaning."""


def _context(request: Request, services: Services, language: str, now: Instant, visit: Visit | None) -> dict[str, Any]:
    page = _Words(services, language, now, visit)

    def here(**query: object) -> str:
        dropped = {"lang", "titles"} | query.keys()
        kept = [pair for pair in request.query_params.multi_items() if pair[0] not in dropped]
        kept += [(name, str(value)) for name, value in query.items() if value is not None and value != ""]
        return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path

    def csrf_field() -> Markup:
        token = visit.csrf if visit else ""
        return Markup('<input type="hidden" name="csrf" value="{}">').format(token)

    names: dict[str, Any] = {name: getattr(page, name) for name in _PAGE_WORDS}
    names |= {"icon": icon, "st": st, "url": url, "number": number, "static": static, "epc": words.epc_words}
    names |= {"medium": medium}
    names |= {"here": here, "csrf_field": csrf_field, "language": language, "path": request.url.path}
    names |= {"visit": visit, "now": now, "today": page.today, "demo": services.demo, "errors": (), "kept": {}}
    names |= {"refusal": lambda refusal: refusal_words(refusal, page.t, services.scheme, language)}
    names |= {"fresh": fresh(visit) if visit else False, "live": services.watch is not None}
    names |= {"views": lambda: view_bar(visit) if visit else None}
    names |= {
        "asked_pairs": lambda *dropped: [
            pair for pair in request.query_params.multi_items() if pair[0] not in PASSING | set(dropped)
        ]
    }
    names |= {"nav": navigation(visit, request) if visit else ()}
    names |= {"help_topic": topic_of(getattr(request.scope.get("route"), "path", "")), "asked_by": request.method}
    return names


def _aria_wrong(errors: tuple[FieldError, ...]) -> Callable[[str], Markup]:
    """Attributes of a field: whether it is wrong, and which text says why."""
    wrong = {error.field for error in errors}

    def attributes(name: str) -> Markup:
        return Markup(' aria-invalid="true" aria-describedby="{}-e"').format(name) if name in wrong else Markup("")

    return attributes


def render(
    visit: Visit,
    template: str,
    /,
    *,
    status_code: int = 200,
    errors: tuple[FieldError, ...] = (),
    kept: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page for a signed-in person. With `errors` it is the same page again, what was typed kept in `kept`."""
    names = _context(visit.request, visit.services, visit.language, visit.now, visit)
    shadowed = sorted(context.keys() & SHELL_WORDS)
    if shadowed:
        raise ValueError(f"{template}: {', '.join(shadowed)}: the shell needs these words; name them otherwise")
    names |= {"errors": errors, "kept": kept or {}, "aria_wrong": _aria_wrong(errors)} | context
    if errors and status_code == 200:
        status_code = 422
    response = HTMLResponse(environment.get_template(template).render(names), status_code=status_code)
    _remember(visit.request, response)
    return response


def render_door(request: Request, template: str, /, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """A page for somebody who is not signed in."""
    services = services_of(request)
    language = asked_language(request)
    names = _context(request, services, language, services.clock(), None) | context
    names["aria_wrong"] = _aria_wrong(names["errors"])
    response = HTMLResponse(environment.get_template(template).render(names), status_code=status_code)
    _remember(request, response)
    return response


def _remember(request: Request, response: HTMLResponse) -> None:
    """Keep on the device what the address asked for: the language, and whether titles are hidden."""
    asked: dict[str, tuple[str, ...]] = {LANGUAGE_COOKIE: ("zh", "en"), TITLES_COOKIE: ("hide", "show")}
    for cookie, values in asked.items():
        wanted = request.query_params.get(cookie)
        if wanted in values:
            secure = request.url.scheme == "https"
            response.set_cookie(cookie, wanted, max_age=YEAR_SECONDS, samesite="strict", secure=secure, httponly=True)
