"""Nobody can tell two worlds apart that differ only in what is hidden from them (daily rule 7, clauses b.3, c.1).

The same question is put to both worlds: status, headers and bytes must be the same. And within one world, what is
hidden and what is not there must answer alike. `make test` puts a slice of the questions, chosen by their own
words; `make prove` puts every question as everybody, and a slice of them on PostgreSQL.

Out of scope: how long an answer takes; and that something has a number, a tag or a place at all, where a rule has to
refuse its being given twice (the threat model says what is left).
"""

import io
import re
import secrets
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from api import locale
from api.web.events import TOPICS, look
from api.web.visit import COOKIE
from custody.database import Database
from reconcile.store.devices import token_hash
from tests.prove.record import WHOLE
from tests.trust.asking import NOT_ASKED, Asked, Things, everything, routes, things
from tests.trust.posting import Sent, codes, conflicts, on_what_is_not_seen
from tests.trust.worlds import LOOKERS, VARIANTS, Client, World, build

pytestmark = [pytest.mark.prove, pytest.mark.timeout(7200 if WHOLE else 600)]

HASHES = re.compile(rb"\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b|[A-Za-z0-9+/]{43}=")
TELLS_HASHES = frozenset({"/ledger", "/ledger/bundle", "/ledger/checkpoints/{size}", "/api/v1/checkpoint"})
"""Routes that show the ledger's own hashes: of leaves with a random nonce each, from which nothing is guessed."""
EVERYBODY = (*LOOKERS, "nobody")
SLICE = 300
ROUTES_SLICE = 4
"""`make test` puts one of SLICE questions as everybody; as the clerk, of one in so many routes one of each sort."""
SENT_AS = ("clerk", "clerk_of_planning", "manager_of_planning", "borrower", "secretary", "secrecy_office")
SENT_SLICE, CONFLICT_SLICE = 80, 4


class Worlds:
    """Both worlds, with a browser of each looker in each."""

    def __init__(self, worlds: Sequence[World]) -> None:
        self.worlds = tuple(worlds)
        self.known: Things = things(self.worlds[0])
        self._clients: dict[str, tuple[Client, ...]] = {}
        self.tokens = [count(1) for _ in worlds]

    def clients(self, who: str) -> tuple[Client, ...]:
        """The looker's browser in each world."""
        if who not in self._clients:
            number = LOOKERS[who].number if who in LOOKERS else None
            language = "zh" if len(self._clients) % 2 else "en"
            self._clients[who] = tuple(world.client(number, language) for world in self.worlds)
        return self._clients[who]

    def put(self, who: str, ask: Callable[[Client], Any], route: str = "") -> list[tuple[Any, ...]]:
        """What each world answers: status, headers and bytes, with what may differ masked."""
        return [self._answer(one, at, ask, route) for at, one in enumerate(self.clients(who))]

    def _answer(self, client: Client, at: int, ask: Callable[[Client], Any], route: str) -> tuple[Any, ...]:
        with pytest.MonkeyPatch.context() as patch:
            # What is drawn at random is drawn alike: a difference that is left is one of the worlds'.
            patch.setattr(secrets, "token_hex", lambda size=16: f"{next(self.tokens[at]):0{2 * size}x}")
            answer = ask(client)
            if answer.status_code == 303 and answer.headers["location"].startswith(
                ("/carriers?", "/balance", "/import/", "/handhelds/")
            ):
                answer = client.http.get(answer.headers["location"])
        assert answer.status_code < 500, f"{answer.request.url}: {answer.text[:300]}"
        return answer.status_code, _headers(answer), _bytes(answer, client, route)


def _headers(answer: Any) -> tuple[tuple[str, str], ...]:
    left_out = {"set-cookie"} | ({"content-length"} if _is_workbook(answer) else set())
    return tuple((name, value) for name, value in sorted(answer.headers.items()) if name not in left_out)


def _is_workbook(answer: Any) -> bool:
    return "spreadsheetml" in answer.headers.get("content-type", "")


def _bytes(answer: Any, client: Client, route: str) -> Any:
    if _is_workbook(answer):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            # The properties name the minute in which the file was written, by the machine's own clock.
            return {name: book.read(name) for name in book.namelist() if name != "docProps/core.xml"}
    body = answer.content.replace(client.csrf.encode(), b"CSRF") if client.csrf else answer.content
    return HASHES.sub(b"HASH", body) if route in TELLS_HASHES else body


def without(name: str, answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """An answer without the identifier that was asked for, where an address holds it; nor its length."""
    status, headers, body = answer
    named = re.compile(r"(?<=[/=])" + re.escape(name) + r"(?![0-9A-Za-z])")
    kept = tuple((key, named.sub("#", unquote(value))) for key, value in headers if key != "content-length")
    return status, kept, named.sub("#", body.decode()) if isinstance(body, bytes) else body


@pytest.fixture(scope="module", autouse=True)
def strict_catalogue() -> Iterator[None]:
    """A text that is missing fails the test instead of showing its key."""
    locale.be_strict()
    yield
    locale.be_strict(False)


def two_worlds(urls: Sequence[str], folder: Path) -> Iterator[Worlds]:
    """Both worlds, each on a database of its own."""
    with ExitStack() as stack:
        made = []
        for at, (url, variant) in enumerate(zip(urls, VARIANTS, strict=True)):
            data = folder / str(at)
            data.mkdir()
            made.append(build(stack.enter_context(Database.open(url)), data, variant))
        yield Worlds(made)


@pytest.fixture(scope="module")
def pair(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Both worlds on SQLite."""
    yield from two_worlds([new_sqlite() for _ in VARIANTS], tmp_path_factory.mktemp("worlds"))


def chosen(who: str, asked: Sequence[Asked], slice_of: int) -> list[Asked]:
    """What this looker asks: a slice by the words of the question, so that hidden and absent are asked together."""
    found: list[Asked] = []
    met: set[tuple[str, str]] = set()
    for one in asked:
        by_chance = zlib.crc32(f"{who} {one.route} {one.unnamed}".encode()) % slice_of == 0
        sort = (one.route, "" if "{key}" in one.route else one.sort)
        in_turn = who == "clerk" and zlib.crc32(one.route.encode()) % ROUTES_SLICE == 0
        if by_chance or (in_turn and sort not in met):
            met.add(sort)
            found.append(one)
    return found


def compare(worlds: Worlds, who: str, asked: Sequence[Asked]) -> tuple[list[str], Counter[str]]:
    """What differs between the worlds, or between hidden and absent; and how often each route was asked."""
    wrong: list[str] = []
    asked_of: Counter[str] = Counter()
    absent: dict[tuple[str, str], tuple[Any, ...]] = {}
    hidden: list[tuple[Asked, tuple[Any, ...]]] = []
    for one in asked:
        first, second = worlds.put(who, lambda client, one=one: client.http.get(one.address), one.route)  # type: ignore[misc]
        asked_of[one.route] += 1
        if first != second:
            wrong.append(f"{who}: {one.address}: the worlds differ: {_difference(first, second)}")
        if one.sort == "absent":
            absent[one.route, one.unnamed] = without(one.name, first)
        elif one.sort == "hidden":
            hidden.append((one, without(one.name, first)))
    for one, told in hidden:
        there = absent.get((one.route, one.unnamed))
        if there is not None and there != told:
            wrong.append(f"{who}: {one.address}: hidden is not as absent: {_difference(told, there)}")
    return wrong, asked_of


def _difference(first: tuple[Any, ...], second: tuple[Any, ...]) -> str:
    for name, one, other in zip(("status", "headers", "body"), first, second, strict=True):
        if one != other:
            if isinstance(one, bytes | str) and isinstance(other, bytes | str):
                at = next((i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), 0)
                return f"{one[max(0, at - 80) : at + 80]!r} / {other[max(0, at - 80) : at + 80]!r}"
            return f"{name}: {str(one)[:300]} / {str(other)[:300]}"
    return "nothing"


def test_what_is_hidden_leaves_no_trace_in_any_answer(pair: Worlds) -> None:
    asked = everything(pair.known)
    unasked = {one.path for one in routes() if "GET" in one.methods} - {one.route for one in asked} - NOT_ASKED.keys()
    assert unasked == set()
    wrong: list[str] = []
    answered: Counter[str] = Counter()
    for who in EVERYBODY:
        found, times = compare(pair, who, asked if WHOLE else chosen(who, asked, SLICE))
        wrong += found
        answered += times
    assert not wrong, "\n".join(wrong[:40])
    assert len(answered) >= (len({one.route for one in asked}) if WHOLE else 40), "hardly any page was asked for"


def test_acts_tell_nothing_of_what_is_hidden(pair: Worlds) -> None:
    """Given acts on hidden things, on absent ones, and on seen things that run into hidden ones."""
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    for who in SENT_AS if WHOLE else SENT_AS[:1]:
        sent = [*conflicts(pair.worlds[0]), *codes(pair.worlds[0]), *on_what_is_not_seen(pair.known)]
        for_now = sent if WHOLE else [one for one in sent if _sent_now(who, one)]
        said: dict[str, list[tuple[Sent, tuple[Any, ...]]]] = defaultdict(list)
        for one in for_now:
            first, second = pair.put(who, lambda client, one=one: send(client, one))  # type: ignore[misc]
            statuses[first[0]] += 1
            if first != second:
                wrong.append(f"{who}: {one.address} {one.json or one.form}: {_difference(first, second)}")
            if one.sort in ("hidden", "absent"):
                said[one.unnamed].append((one, without(one.name, first)))
        for answers in said.values():
            absent = next((told for one, told in answers if one.sort == "absent"), None)
            wrong += [
                f"{who}: {one.address}: hidden is not as absent: {_difference(told, absent)}"
                for one, told in answers
                if absent is not None and told != absent
            ]
    assert not wrong, "\n".join(wrong[:40])
    wanted = {201, 404, 409, 422} if WHOLE else {404, 409, 422}
    assert wanted <= statuses.keys(), "nothing of it was entered, or nothing refused"


def _sent_now(who: str, one: Sent) -> bool:
    """Whether `make test` sends it: a slice, by what hidden and absent have in common; of what conflicts more."""
    if one.sort:
        return zlib.crc32(f"{who} {one.unnamed}".encode()) % SENT_SLICE == 0
    return zlib.crc32(f"{who} {one.address} {one.json or one.form}".encode()) % CONFLICT_SLICE == 0


def send(client: Client, one: Sent) -> Any:
    """The request."""
    if one.json is not None:
        return client.http.post(one.address, json=one.json, headers={"X-CSRF-Token": client.csrf})
    return client.http.post(
        one.address, data={"csrf": client.csrf} | dict(one.form or {}), files=dict(one.files) or None
    )


def test_the_live_events_say_the_same(pair: Worlds) -> None:
    """What a stream sends is the topics that may be followed and the looker's own figures. That an act was entered
    is told as it is; the acts of both worlds are as many.
    """
    for who in LOOKERS:
        sights = [
            look(world.services, token_hash(client.http.cookies[COOKIE]), frozenset(TOPICS))
            for world, client in zip(pair.worlds, pair.clients(who), strict=True)
        ]
        assert sights[0] is not None, who
        assert sights[0] == sights[1], who


def test_whoever_may_see_it_sees_the_difference(pair: Worlds) -> None:
    """The worlds do differ: what these tests compare is not the same thing twice."""
    pair._clients["insider"] = tuple(world.client("1001") for world in pair.worlds)
    for route, address in (
        ("carriers", "/carriers?level=secret"),
        ("carrier", f"/carriers/{pair.known.carriers[1][-1]}"),
        ("matter", f"/matters/{pair.known.matters[1]['meeting']}"),
        ("finding", f"/findings/{pair.known.findings[1][-1]}"),
        ("place", "/places/5"),
        ("workbook", "/reports/overdue.xlsx"),
    ):
        first, second = pair.put("insider", lambda client, address=address: client.http.get(address))  # type: ignore[misc]
        assert (first[0], second[0]) == (200, 200), (route, first[0], second[0])
        assert first[2] != second[2], route


@pytest.mark.skipif(not WHOLE, reason="on PostgreSQL by make prove: the queries are the same, and built once")
def test_the_same_on_postgresql(new_postgres: Callable[[], str], tmp_path: Path) -> None:
    """A slice of the questions, as everybody."""
    for worlds in two_worlds([new_postgres() for _ in VARIANTS], tmp_path):
        asked = everything(worlds.known)
        wrong: list[str] = []
        for who in EVERYBODY:
            found, _times = compare(worlds, who, chosen(who, asked, SLICE // 8))
            wrong += found
        assert not wrong, "\n".join(wrong[:40])
