"""The same acts by program: one operation an act, its fields a schema, everything wrong told at once."""

from typing import Any

import pytest

from tests.builders import PEOPLE
from tests.web.front import PASSWORD, Browser, Front, number_of

OPENED = {"unit": 2, "destination": "archives", "receiver": "档案馆", "where": "收发室"}


@pytest.fixture
def clerk(front: Front) -> Browser:
    front.archive.carriers(3)
    return front.program("clerk")


def opened(clerk: Browser, *carriers: int | str) -> int:
    answer = clerk.call("/business/transfer", carriers=list(carriers), **OPENED)
    assert answer.status_code == 201, answer.text
    found: int = answer.json()["matter"]
    return found


def test_a_matters_whole_life(front: Front, clerk: Browser) -> None:
    answer = clerk.call("/business/transfer", carriers=[1, "YS-2026-00002/1", "3414F4A20000000000000003"], **OPENED)
    assert answer.status_code == 201
    matter = answer.json()["matter"]
    assert answer.json()["carriers"] == [1, 2, 3]
    assert clerk.call(f"/matters/{matter}/ask", urgent=True).status_code == 201

    manager = front.program("manager")
    waiting = manager.get("/api/v1/approvals").json()["items"]
    assert [(one["matter"]["id"], one["step"], one["on_behalf_of"]) for one in waiting] == [(matter, "unit", None)]
    assert manager.call(f"/matters/{matter}/approve", note="agreed").status_code == 201
    assert manager.get("/api/v1/approvals").json()["items"] == []

    beside = [{"number": number_of("clerk2"), "password": PASSWORD}]
    body: dict[str, Any] = {"lines": ["*"], "received_by_name": "李工", "witness": number_of("clerk2")}
    assert clerk.call(f"/matters/{matter}/hand_over", **body).status_code == 422
    answer = clerk.call(f"/matters/{matter}/hand_over", **body, password=PASSWORD, cosignatures=beside)
    assert answer.status_code == 201, answer.text
    one = clerk.get(f"/api/v1/matters/{matter}").json()
    assert (one["status"], one["lines"]) == ("closed", {"transferred": 3})
    assert one["body"]["receiver"] == "档案馆"
    lines = clerk.get(f"/api/v1/matters/{matter}/lines?limit=2").json()
    assert [line["state"] for line in lines["items"]] == ["transferred", "transferred"]
    rest = clerk.get(f"/api/v1/matters/{matter}/lines?after={lines['after']}").json()
    assert [line["carrier"]["id"] for line in rest["items"]] == [3]
    assert front.archive.books.rebuild_check() == []


def test_everything_wrong_is_told_at_once_by_field(clerk: Browser) -> None:
    answer = clerk.call(
        "/business/transfer", carriers=[99, "NOWHERE"], **(OPENED | {"destination": "moon", "unit": 99})
    )
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"carriers", "destination", "unit"}
    answer = clerk.call("/business/transfer", carriers="1", surprise=1)
    assert answer.status_code == 422
    assert {"carriers", "surprise"} <= {error["field"].partition(".")[0] for error in answer.json()["errors"]}
    assert "NOWHERE" not in answer.text


def test_a_refusal_names_the_clause_and_the_way_out(front: Front, clerk: Browser) -> None:
    matter = opened(clerk, 1)
    answer = clerk.call("/business/transfer", carriers=[1], **OPENED)
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert error["code"] == "in_matter"
    assert front.archive.the_matter(matter).number in error["message"]
    assert error["way_out"]


def test_lists_and_filters(front: Front, clerk: Browser) -> None:
    first, second = opened(clerk, 1), opened(clerk, 2)
    page = clerk.get("/api/v1/business?limit=1").json()
    assert [one["id"] for one in page["items"]] == [second]
    page = clerk.get(f"/api/v1/business?limit=1&after={page['after']}").json()
    assert [one["id"] for one in page["items"]] == [first]
    number = front.archive.the_matter(first).number
    assert [one["id"] for one in clerk.get(f"/api/v1/business?number={number}").json()["items"]] == [first]
    assert clerk.get("/api/v1/business?kind=destruction").json()["items"] == []
    assert clerk.get("/api/v1/business?kind=nothing").status_code == 404
    assert clerk.get("/api/v1/business?after=rubbish").status_code == 404
    assert front.program("manager").get("/api/v1/business?show=mine").json()["items"] == []


def test_hidden_and_absent_look_the_same(front: Front, clerk: Browser) -> None:
    matter, ma = opened(clerk, 1), front.program("ma")
    for address in ("/matters/{}", "/matters/{}/lines"):
        hidden, absent = (ma.get(f"/api/v1{address.format(one)}") for one in (matter, 999))
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json() == absent.json()
    assert ma.call(f"/matters/{matter}/ask").status_code == 404


def test_roles_open_operations_and_the_token_is_needed(front: Front, clerk: Browser) -> None:
    matter = opened(clerk, 1)
    assert front.program("chen").call("/business/transfer", carriers=[1], **OPENED).status_code == 403
    assert front.program("admin").get("/api/v1/business").status_code == 403
    assert clerk.http.post(f"/api/v1/matters/{matter}/ask", json={}).status_code == 403
    assert front.archive.the_matter(matter).status == "draft"


def test_undoing_by_program(front: Front, clerk: Browser) -> None:
    act = clerk.call("/acts/move", carriers=[1], place=6).json()["act"]
    answer = clerk.call(f"/acts/{act}/undo", reason="wrong shelf")
    assert answer.status_code == 201
    assert front.archive.state(1).home == 5
    assert clerk.call(f"/acts/{act}/undo", reason="again").status_code == 409
    assert front.program("manager").call(f"/acts/{act}/undo", reason="x").status_code == 403


def test_responsibility_for_a_place_is_accepted_by_the_responsible_person_alone(front: Front, clerk: Browser) -> None:
    from dataclasses import replace

    from custody.entries import PlaceRecorded
    from tests.builders import CLERK, PLACES

    cabinet = replace(next(place for place in PLACES if place.id == 8), responsible=PEOPLE["zhao"])
    front.archive.enter(CLERK, [PlaceRecorded(cabinet)], "directory")
    assert clerk.call("/places/8/accept").status_code == 409
    zhao = front.program("zhao")
    assert zhao.call("/places/8/accept").status_code == 201
    with front.archive.books.database.reading() as connection:
        assert front.archive.books.directory(connection).accepted[8][0] == PEOPLE["zhao"]


def test_every_act_is_described_with_its_fields(front: Front, clerk: Browser) -> None:
    document = clerk.get("/api/v1/openapi.json").json()
    operation = document["paths"]["/api/v1/business/transfer"]["post"]
    assert operation["operationId"] == "house_transfer"
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert {"carriers", "destination", "password", "cosignatures"} <= set(schema["properties"])
    assert "carriers" in schema["required"]
    several = document["paths"]["/api/v1/matters/{identifier}/list"]["post"]
    assert len(several["requestBody"]["content"]["application/json"]["schema"]["anyOf"]) > 1
    assert "$ref" not in str(several["requestBody"])
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values() if "operationId" in one]
    assert len(ids) == len(set(ids))
    assert "cosignatures" in clerk.get("/api/v1/docs").text
