"""The interface for programs: the same subject, the same permissions, the same refusals; problems say where."""

import hashlib
import json

import pytest

from custody.values import SECOND
from reconcile.rounds.acts import open_round
from reconcile.store.devices import create_device, revoke_device
from tests.builders import CLERK, NOW, PEOPLE, SHELF, SHELF_2, epc_of
from tests.web.books.test_acts import entries, state
from tests.web.front import PASSWORD, Front, number_of

TOKEN = "a token of the edge"


class TestSession:
    """Signing in by program."""

    def test_wrong_and_unknown_get_the_same_problem(self, front: Front) -> None:
        answers = [
            front.browser().http.post("/api/v1/session", json={"number": number, "password": "x"})
            for number in ("9999", number_of("clerk"))
        ]
        assert answers[0].status_code == answers[1].status_code == 401
        assert answers[0].content == answers[1].content
        assert answers[0].headers["Content-Type"] == "application/problem+json"

    def test_who_and_out(self, front: Front) -> None:
        program = front.program("clerk")
        assert program.get("/api/v1/session").json()["roles"] == ["clerk"]
        gone = program.http.delete("/api/v1/session", headers={"X-CSRF-Token": program.csrf})
        assert gone.status_code == 204
        assert program.get("/api/v1/session").status_code == 401

    @pytest.mark.parametrize("token", [None, "", "another"])
    def test_what_changes_something_needs_the_token(self, front: Front, token: str | None) -> None:
        front.archive.carrier()
        program = front.program("clerk")
        headers = {} if token is None else {"X-CSRF-Token": token}
        answer = program.http.post("/api/v1/acts/move", json={"carriers": [1], "place": SHELF_2}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:custody:problem:forged"
        assert state(front, 1)[1] == SHELF


class TestActs:
    """Each act; entered whole, or refused whole with the clauses."""

    def test_a_carriers_whole_life(self, front_on_both: Front) -> None:
        program = front_on_both.program("clerk")
        taken = program.call(
            "/acts/take-in",
            origin="legacy",
            control_number="WS-1",
            title="高原站点选址报告",
            level="secret",
            unit=3,
            scope=["all"],
            epc=epc_of(77).lower(),
        )
        assert taken.status_code == 201, taken.text
        (carrier,) = taken.json()["carriers"]
        lent = {"carriers": [carrier], "holder": PEOPLE["chen"], "due_on": "2026-12-01"}
        steps = (
            ("/acts/shelve", {"carriers": [carrier], "place": SHELF}),
            ("/acts/borrow", lent | {"holder_password": PASSWORD}),
            ("/acts/return", {"items": [{"carrier": carrier, "place": SHELF}]}),
            ("/acts/move", {"carriers": [carrier], "place": SHELF_2}),
            ("/acts/missing", {"carrier": carrier, "circumstances": "gone"}),
            ("/acts/found", {"carrier": carrier, "place": SHELF}),
        )
        for address, body in steps:
            answer = program.call(address, **body)
            assert answer.status_code == 201, (address, answer.text)
        assert program.get(f"/api/v1/carriers/{carrier}").json()["place"]["id"] == SHELF
        kinds = [one["kind"] for one in program.get(f"/api/v1/carriers/{carrier}/history").json()["items"]]
        assert kinds == [
            "imported",
            "tag_bound",
            "shelved",
            "borrowed",
            "returned",
            "moved",
            "reported_missing",
            "loss_listed",
            "reported_found",
            "loss_found",
        ]

    def test_a_refusal_names_clause_code_and_words(self, front: Front) -> None:
        fit, unfit = front.archive.carrier(level="confidential"), front.archive.carrier(level="secret")
        before = entries(front)
        answer = front.program("clerk").call(
            "/acts/borrow", carriers=[fit, unfit], holder=PEOPLE["ma"], due_on="2026-12-01"
        )
        assert answer.status_code == 409
        body = answer.json()
        assert body["type"] == "urn:custody:problem:refused"
        (error,) = body["errors"]
        assert (error["clause"], error["code"], error["at"]) == ("c.5", "not_cleared", 1)
        assert error["message"]
        assert entries(front) == before

    def test_missing_wants_the_password_once_confirmation_is_old(self, front: Front) -> None:
        front.archive.carrier()
        program = front.program("secrecy")
        front.clock.at += 301 * SECOND
        body = {"carrier": 1, "circumstances": "gone"}
        assert program.call("/acts/missing", **body).status_code == 422
        assert program.call("/acts/missing", **body, password="wrong").status_code == 422
        assert state(front, 1)[0] == "in_place"
        assert program.call("/acts/missing", **body, password=PASSWORD).status_code == 201

    @pytest.mark.parametrize("who", ["chen", "admin", "he", "manager"])
    def test_without_the_permission_nothing_is_entered(self, front: Front, who: str) -> None:
        front.archive.carrier()
        answer = front.program(who).call("/acts/move", carriers=[1], place=SHELF_2)
        assert answer.status_code == 403
        assert state(front, 1)[1] == SHELF

    def test_what_was_sent_is_not_said_back(self, front: Front) -> None:
        answer = front.program("clerk").call("/acts/take-in", origin="legacy", title=["高原站点"], unit="x")
        assert answer.status_code == 422
        assert "高原" not in answer.text
        assert {"body.title", "body.unit"} <= {error["field"] for error in answer.json()["errors"]}


class TestReading:
    """Lists and look-ups."""

    def test_lists_page_and_search(self, front: Front) -> None:
        front.archive.carriers(60)
        program = front.program("clerk")
        first = program.get("/api/v1/carriers").json()
        second = program.get(f"/api/v1/carriers?after={first['after']}").json()
        numbers = [one["control_number"] for one in first["items"] + second["items"]]
        assert len(set(numbers)) == first["total"] == 60
        found = program.call("/carriers/search", text="YS-2026-00007").json()
        assert [one["id"] for one in found["items"]] == [7]

    def test_persons_are_looked_up_by_post_and_without_their_clearance(self, front: Front) -> None:
        found = front.program("clerk").call("/persons/search", text="陈国").json()["items"]
        assert [one["number"] for one in found] == ["1004"]
        assert not {"cleared_from", "cleared_until", "post_class"} & set(found[0])
        assert front.program("chen").call("/persons/search", text="陈").status_code == 403

    @pytest.mark.parametrize("address", ["places", "regulations", "findings", "readers", "carriers"])
    def test_a_clerk_reads(self, front: Front, address: str) -> None:
        answer = front.program("clerk").get(f"/api/v1/{address}")
        assert answer.status_code == 200
        assert isinstance(answer.json()["items"], list)
        assert front.browser().get(f"/api/v1/{address}").status_code == 401

    def test_a_sweep_is_listed(self, front: Front) -> None:
        program = front.program("clerk")
        number = open_round(front.archive.books.database, front.archive.books, CLERK, SHELF, NOW)
        (one,) = program.get("/api/v1/rounds?state=open").json()["items"]
        assert (one["number"], one["place_code"], one["state"]) == (number, "B1-01-1", "open")
        assert program.get("/api/v1/rounds?after=x").status_code == 404

    def test_health_is_open_and_says_nothing_else(self, front: Front) -> None:
        assert front.browser().get("/api/v1/health").json() == {"status": "ok", "ready": True}

    def test_the_description_and_its_page(self, front: Front) -> None:
        document = front.browser().get("/api/v1/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        page = front.signed_in("clerk").get("/api/v1/docs").text
        for path in document["paths"]:
            assert path in page

    def test_there_are_no_pages_of_the_framework(self, front: Front) -> None:
        for address in ("/docs", "/redoc", "/openapi.json"):
            assert front.browser().get(address).status_code == 404


class TestIntake:
    """The device's token opens this and nothing else."""

    @pytest.fixture
    def edge(self, front_on_both: Front) -> Front:
        """A front that knows a device."""
        with front_on_both.archive.books.database.writing() as connection:
            create_device(connection, "edge-1", hashlib.sha256(TOKEN.encode()).hexdigest(), NOW)
        return front_on_both

    def batch(self, *sequences: int) -> bytes:
        """Sightings of one tag, one a sequence."""
        rows = [[n, epc_of(1), None, "cabinet", 1, NOW, NOW, 3, -50.0, -55.0, NOW] for n in sequences]
        empty: list[object] = []
        body = {"daemon": "edge-1", "boot": "ab" * 16, "sightings": rows}
        return json.dumps(body | {"coverage": empty, "reports": empty, "losses": empty}).encode()

    def send(self, front: Front, body: bytes, token: str = TOKEN) -> tuple[int, dict[str, object]]:
        """Post a batch as a device does."""
        answer = front.browser().http.post("/api/v1/intake", content=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json()

    def test_taken_once_and_the_watch_is_woken(self, edge: Front) -> None:
        assert self.send(edge, self.batch(1, 2)) == (200, {"acknowledged": 2, "taken": 2, "repeated": 0})
        assert self.send(edge, self.batch(2, 3)) == (200, {"acknowledged": 3, "taken": 1, "repeated": 1})
        assert edge.watch.woken == 2

    def test_an_unknown_or_revoked_device_is_told_so(self, edge: Front) -> None:
        assert self.send(edge, self.batch(1), "another")[0] == 401
        with edge.archive.books.database.writing() as connection:
            revoke_device(connection, "edge-1", NOW)
        assert self.send(edge, self.batch(1))[0] == 401
        assert edge.watch.woken == 0

    def test_what_cannot_be_taken_names_its_cell(self, edge: Front) -> None:
        status, body = self.send(edge, self.batch(1).replace(epc_of(1).encode(), b"xyz"))
        assert status == 400
        errors = body["errors"]
        assert isinstance(errors, list)
        assert errors[0]["table"] == "sightings"
        assert errors[0]["row"] == 1

    def test_a_persons_session_is_no_device(self, front: Front) -> None:
        program = front.program("clerk")
        assert program.http.post("/api/v1/intake", content=b"{}").status_code == 401
