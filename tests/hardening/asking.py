"""The interface asked by cases that schemathesis makes from its description: fitting ones, and ones that are wrong.

Stateless cases take any operation as any role; whatever a case did stays, so later ones meet a used archive.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.hypothesis.reporting import UnsatisfiableSchema
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reconcile.store import devices
from tests.web.front import Front

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WHO = ("clerk", "secrecy", "manager", "leader", "chen", "secretary", "admin", "he", "device", "nobody")
TOKEN = "the-token-of-the-device-of-the-cases"
MODES = (GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
_SIGN_OUT = ("DELETE", "/api/v1/session")


@dataclass
class Asked:
    """What was asked and answered."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)
    """The first words of a violation -> the request that showed it first."""


class Asking:
    """Asks the application of a front. Everybody of WHO is signed in once, and again after signing out."""

    def __init__(self, front: Front) -> None:
        self.front, self.found = front, Asked()
        carriers = front.archive.carriers(6)
        front.archive.borrow(carriers[0], "chen")
        self._acts = [front.archive.borrow(carriers[1], "chen").act, front.archive.give_back(carriers[0]).act]
        front.archive.lose(carriers[5])
        with front.archive.books.database.writing() as connection:
            devices.create_device(connection, "edge-1", devices.token_hash(TOKEN), front.clock())
        self._headers: dict[str, dict[str, str]] = {}
        schema = schemathesis.openapi.from_dict(front.app.openapi())
        schema.app = front.app
        self._operations = [result.ok() for result in schema.get_all_operations()]
        self._strategies: dict[tuple[int, GenerationMode], st.SearchStrategy[Any] | None] = {}

    def headers_of(self, who: str) -> dict[str, str]:
        """What a person, the device or nobody sends with every request."""
        if who == "nobody":
            return {}
        if who == "device":
            return {"Authorization": f"Bearer {TOKEN}"}
        if who not in self._headers:
            # Cases tried passwords too: the waits after these are over.
            self.front.clock.days(0.004)
            program = self.front.program(who)
            cookies = "; ".join(f"{name}={value}" for name, value in program.http.cookies.items())
            self._headers[who] = {"Cookie": cookies, "X-CSRF-Token": program.csrf}
        return self._headers[who]

    def ask(self, cases: int, seed_number: int) -> Asked:
        """Ask so many cases, the same ones for the same seed."""

        @seed(seed_number)
        @settings(
            max_examples=cases,
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def one(data: st.DataObject) -> None:
            at = data.draw(st.integers(0, len(self._operations) - 1))
            strategy = self._strategy(at, data.draw(st.sampled_from(MODES)))
            if strategy is None:
                return
            try:
                case = data.draw(strategy)
            except UnsatisfiableSchema:
                # Nothing can be wrong about a body that may hold anything.
                self._strategies = {key: None if one is strategy else one for key, one in self._strategies.items()}
            else:
                if data.draw(st.booleans()):
                    self._known(case, data)
                self._case(case, data.draw(st.sampled_from(WHO)))

        with asgi.get_client(self.front.app) as self._client:
            one()
        return self.found

    def _known(self, case: Any, data: st.DataObject) -> None:
        """Ask for what is there: identifiers are few, and numbers of acts are those of the archive."""
        known = {"identifier": st.integers(1, 12), "person": st.integers(1, 12), "number": st.sampled_from(self._acts)}
        for name in set(case.path_parameters or {}) & set(known):
            case.path_parameters[name] = data.draw(known[name])

    def _strategy(self, at: int, mode: GenerationMode) -> st.SearchStrategy[Any] | None:
        key = (at, mode)
        if key not in self._strategies:
            try:
                self._strategies[key] = self._operations[at].as_strategy(generation_mode=mode)
            except (Unsatisfiable, schemathesis.errors.SchemathesisError):
                # Nothing can be wrong about an operation that takes nothing.
                self._strategies[key] = None
        return self._strategies[key]

    def _case(self, case: Any, who: str) -> None:
        response = case.call(session=self._client, headers=self.headers_of(who))
        self.found.cases += 1
        self.found.statuses[response.status_code] += 1
        self.found.operations.add(case.operation.label)
        if (case.method.upper(), case.path) == _SIGN_OUT or response.status_code == 401:
            self._headers.pop(who, None)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as wrong:
            said = "; ".join(str(part) for part in wrong.exceptions)[:1_500]
            self.found.wrong.setdefault(f"{case.operation.label} {response.status_code}", f"as {who}: {said}")
