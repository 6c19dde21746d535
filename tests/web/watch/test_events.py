"""The stream of what changed: numbers and topics, filtered by who listens, over a real server."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn

from api import store
from api.web.events import STREAMS_OF_ONE_MAX, Streams, allowed_topics, look, moved
from custody.access import Role
from tests.builders import CLERK, subject
from tests.web.watch.house import House, Visitor, trouble

WAIT_SECONDS = 20


@contextmanager
def served(house: House) -> Iterator[int]:
    """The application on a free port of this machine."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    server = uvicorn.Server(uvicorn.Config(house.app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off"))
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]))
    thread.start()
    try:
        yield int(sock.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


class Stream:
    """A line that is listened to."""

    def __init__(self, port: int, visitor: Visitor, address: str, last_id: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.http.cookies.items())
        headers = {"Cookie": cookie} | ({"Last-Event-ID": last_id} if last_id else {})
        self.connection.request("GET", address, headers=headers)
        self.answer = self.connection.getresponse()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.connection.close()

    def next(self) -> tuple[str, str, Any]:
        """The next event: name, id, data."""
        fields: dict[str, str] = {}
        while True:
            read = self.answer.readline()
            if not read:
                raise EOFError("the stream has ended")
            line = read.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                return fields["event"], fields["id"], json.loads(fields["data"])
            else:
                fields = {}

    def until(self, name: str) -> tuple[str, str, Any]:
        """The next event of this name."""
        while (event := self.next())[0] != name:
            pass
        return event


def test_a_listener_hears_that_something_changed_and_never_what(house: House) -> None:
    troubled = trouble(house.scene)
    found = len(house.scene.found())
    visitor = house.client("clerk")
    with served(house) as port, ExitStack() as opened:
        stream = opened.enter_context(Stream(port, visitor, "/events?topics=findings,inbox,readers"))
        assert stream.answer.getheader("content-type", "").startswith("text/event-stream")
        assert "default-src 'none'" in stream.answer.getheader("content-security-policy", "")
        name, _, first = stream.next()
        assert (name, first["counts"]["findings"], first["counts"]["at_once"]) == ("beat", found, 2)
        house.scene.archive.give_back(troubled.back)
        house.scene.check()
        version = house.services.bulletin.publish("findings")
        _, number, told = stream.until("change")
        assert number == str(version)
        assert set(told["topics"]) == {"findings"}
        assert told["counts"]["findings"] == found - 1
        assert set(told) == {"topics", "counts"}
        assert all(isinstance(value, int) for value in told["counts"].values())


def test_a_line_that_was_cut_goes_on_where_it_stopped(house: House) -> None:
    visitor, bulletin = house.client("clerk"), house.services.bulletin
    heard = bulletin.publish("rounds")
    bulletin.publish("readers")
    with served(house) as port, ExitStack() as opened:
        stream = opened.enter_context(Stream(port, visitor, "/events?topics=rounds,readers", last_id=str(heard)))
        _, _, told = stream.until("change")
        assert set(told["topics"]) == {"readers"}
        # A version of before a restart is higher than any now: everything is told anew.
        stream = opened.enter_context(Stream(port, visitor, "/events?topics=rounds,readers", last_id="999999"))
        _, _, told = stream.until("change")
        assert set(told["topics"]) == {"readers", "rounds"}


def test_a_session_that_was_ended_hears_nothing_more(house: House) -> None:
    visitor = house.client("clerk")
    with served(house) as port, ExitStack() as opened:
        stream = opened.enter_context(Stream(port, visitor, "/events?topics=findings"))
        stream.next()
        with house.database.writing() as connection:
            for session in store.sessions_of(connection, CLERK.person):
                store.end_session(connection, CLERK.person, session.token_hash)
        house.services.bulletin.publish("findings")
        assert stream.until("end")[2] == {}
        assert stream.answer.read() == b""


def test_without_a_session_there_is_no_stream(house: House) -> None:
    visitor = house.client("clerk")
    visitor.http.cookies.clear()
    assert visitor.get("/events?topics=findings").status_code == 303


@pytest.mark.parametrize(
    ("role", "topics"),
    [
        (Role.CLERK, {"findings", "books", "presence", "passages", "readers", "rounds", "inbox"}),
        (Role.BORROWER, {"books", "presence", "inbox"}),
        (Role.SYSTEM_ADMINISTRATOR, {"readers", "inbox"}),
        (Role.AUDITOR, {"inbox"}),
    ],
)
def test_topics_are_those_that_the_role_may_see(role: Role, topics: set[str]) -> None:
    wanted = frozenset({"findings", "books", "presence", "passages", "readers", "rounds", "inbox", "nonsense"})
    assert allowed_topics(subject("chen", role), wanted) == topics


def test_figures_count_only_what_the_subject_sees(house: House) -> None:
    trouble(house.scene)
    manager, clerk = house.client("sun"), house.client("clerk")
    wanted = frozenset({"findings"})
    figures = []
    for visitor, person in ((manager, 5), (clerk, 1)):
        assert visitor.page("/overview")
        with house.database.reading() as connection:
            session = store.sessions_of(connection, person)[0]
        sight = look(house.services, session.token_hash, wanted)
        assert sight is not None
        figures.append(sight.figures["findings"])
    assert figures[0] <= figures[1] == len(house.scene.found())


def test_looking_keeps_no_session_alive(house: House) -> None:
    visitor = house.client("clerk")
    with house.database.reading() as connection:
        (session,) = store.sessions_of(connection, CLERK.person)
    house.scene.wait(house.services.scheme.number("session_idle_seconds") + 1)
    assert look(house.services, session.token_hash, frozenset({"inbox"})) is None
    assert visitor.get("/overview").status_code == 303


@pytest.mark.parametrize(
    ("before", "after", "topics"),
    [
        ({"findings": 1, "at_once": 0}, {"findings": 1, "at_once": 0}, set()),
        ({"findings": 1, "at_once": 0}, {"findings": 1, "at_once": 1}, {"findings"}),
        ({"inbox": 1}, {"inbox": 0}, {"inbox"}),
    ],
)
def test_another_servers_change_shows_in_the_figures(
    before: dict[str, int], after: dict[str, int], topics: set[str]
) -> None:
    assert moved(before, after) == topics


def test_one_session_cannot_take_all_the_streams() -> None:
    streams = Streams()
    assert all(streams.enter("a") for _ in range(STREAMS_OF_ONE_MAX))
    assert not streams.enter("a")
    assert streams.enter("b")
    streams.leave("a")
    assert streams.enter("a")
