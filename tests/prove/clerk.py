"""A clerk who lends and takes back through REST, all the time, and keeps the receipts that were given."""

import http.client
import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders import PEOPLE
from tests.prove.house import PASSWORD, House

ANSWER_SECONDS_MAX = 20
PAUSE_SECONDS = 0.04
AWAY_SECONDS = 0.2


@dataclass(frozen=True)
class Receipt:
    """An act that the server answered with 201."""

    act: str
    kind: str
    carriers: tuple[int, ...]


class ServerAway(Exception):
    """No whole answer came: what was asked may or may not have happened."""


class Desk:
    """One person's session over REST."""

    def __init__(self, house: House, number: str) -> None:
        self._port = house.port
        self._number = number
        self._cookie = ""
        self._csrf = ""

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer. Raises ServerAway."""
        headers = {"Content-Type": "application/json", "Cookie": self._cookie, "X-CSRF-Token": self._csrf}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            raw = answer.read()
            cookie = answer.headers.get("Set-Cookie")
        except (OSError, http.client.HTTPException) as error:
            raise ServerAway(str(error)) from error
        finally:
            connection.close()
        if cookie:
            self._cookie = cookie.split(";", 1)[0]
        return answer.status, json.loads(raw) if raw else None

    def sign_in(self) -> None:
        """Raises ServerAway, AssertionError where the answer is no session."""
        status, said = self.ask("POST", "/api/v1/session", {"number": self._number, "password": PASSWORD})
        assert status == 200, said
        self._csrf = said["csrf"]


class Clerk:
    """The clerk at work in a thread, over these carriers. A context manager; `surprises` must stay empty."""

    def __init__(self, house: House, carriers: list[tuple[int, int]], *, failing: bool = False) -> None:
        """`carriers`: identifier and home. `failing`: the server may answer that it cannot (500 and above)."""
        self.receipts: list[Receipt] = []
        self.surprises: list[str] = []
        self.unanswered = 0
        self._desk = Desk(house, "1001")
        self._carriers = carriers
        self._failing = failing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clerk")

    def __enter__(self) -> "Clerk":
        self._desk.sign_in()
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End after the act at hand."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._stop.wait(PAUSE_SECONDS):
            carrier, home = self._carriers[turn % len(self._carriers)]
            turn += 1
            try:
                self._act(carrier, home)
            except ServerAway:
                self.unanswered += 1
                self._stop.wait(AWAY_SECONDS)
            except Exception as error:
                self.surprises.append(f"{type(error).__name__}: {error}")

    def _act(self, carrier: int, home: int) -> None:
        """Look how the carrier stands, then lend it or take it back."""
        status, item = self._ask("GET", f"/api/v1/carriers/{carrier}")
        if status != 200:
            self.surprises.append(f"carrier {carrier}: {status} {item}")
            return
        if item["status"] == "in_place":
            due_on = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
            kind, body = "borrow", {"carriers": [carrier], "holder": PEOPLE["chen"], "due_on": due_on}
            body["holder_password"] = PASSWORD
        else:
            back = {"carrier": carrier, "place": home, "pages_counted": item["pages"]}
            kind, body = "return", {"items": [back]}
        status, said = self._ask("POST", f"/api/v1/acts/{kind}", body)
        if status == 201:
            self.receipts.append(Receipt(said["act"], kind, tuple(said["carriers"])))
        else:
            self.surprises.append(f"{kind} of carrier {carrier}: {status} {said}")

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, said = self._desk.ask(method, path, body)
        if status >= 500 and self._failing:
            raise ServerAway(str(said))
        return status, said
