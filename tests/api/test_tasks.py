"""Inspectors' tasks through the API: listed, taken up, handed over; a unit never learns whose they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import DisposalResult, Post
from app.dispatch.commands import Dispatch, Dispose
from app.services.transaction import Sessions
from tests.cases_stored import Tale
from tests.people_stored import Person, signed_in
from tests.small_city import IN_EAST, IN_WEST

pytestmark = pytest.mark.usefixtures("book")
MINUTE = timedelta(minutes=1)
NOTE = "李四今天请假，转给王五"
Json = dict[str, Any]


@pytest.fixture
async def operator(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.OPERATOR)


@pytest.fixture
async def other(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.INSPECTOR)


async def disposed(sessions: Sessions, book: Book, place: tuple[float, float] = IN_WEST) -> Tale:
    told = Tale(book=book, at=datetime.now(UTC) - timedelta(hours=1), place=place)
    told.step(MINUTE, Post.DISPATCHER, Dispatch()).step(MINUTE, Post.UNIT, Dispose(result=DisposalResult.SOLVED))
    await told.store(sessions)
    return told


async def act(client: AsyncClient, person: Person, path: str, **body: Any) -> Json:
    answer = await client.post(f"/api/v1/{path}", json=body, headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def tasks(client: AsyncClient, person: Person, **params: str) -> list[Json]:
    answer = await client.get("/api/v1/inspector/tasks", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def send(client: AsyncClient, operator: Person, told: Tale, inspector: Person) -> Json:
    return await act(client, operator, f"cases/{told.id}/actions/send_check", inspector=str(inspector.id))


async def test_a_task_tells_what_where_and_by_when(
    app_client: AsyncClient, sessions: Sessions, book: Book, operator: Person, inspector: Person
) -> None:
    told = await disposed(sessions, book)
    await send(app_client, operator, told, inspector)
    (task,) = await tasks(app_client, inspector)
    assert (task["task"], task["case_id"], task["report_id"]) == ("check", str(told.id), None)
    assert (task["kind"], task["category"], task["category_name"]) == ("event", "0305", "施工扬尘")
    assert ((task["lon"], task["lat"]), task["distance_m"], task["taken_up_at"]) == (IN_WEST, None, None)
    sent_at, due_at = (datetime.fromisoformat(task[name]) for name in ("sent_at", "task_due_at"))
    assert due_at - sent_at == timedelta(minutes=30)
    await act(app_client, inspector, f"cases/{told.id}/actions/take_up")
    (taken,) = await tasks(app_client, inspector)
    assert taken["taken_up_at"] is not None
    assert await tasks(app_client, operator) == []


async def test_tasks_come_as_they_are_due_and_with_distances_where_asked(
    app_client: AsyncClient, sessions: Sessions, book: Book, operator: Person, inspector: Person
) -> None:
    west, east = await disposed(sessions, book), await disposed(sessions, book, IN_EAST)
    for told in (east, west):
        await send(app_client, operator, told, inspector)
    found = await tasks(app_client, inspector, near=f"{IN_WEST[0]},{IN_WEST[1]}")
    assert [one["case_id"] for one in found] == [str(east.id), str(west.id)]
    assert found[0]["distance_m"] == pytest.approx(96.5, abs=0.5)
    assert found[1]["distance_m"] == 0
    for wrong in ("1", "a,b", "200,30"):
        answer = await app_client.get("/api/v1/inspector/tasks", params={"near": wrong}, headers=inspector.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_near")


async def test_a_task_is_handed_to_who_is_named_or_drawn(
    app_client: AsyncClient, sessions: Sessions, book: Book, operator: Person, inspector: Person, other: Person
) -> None:
    told = await disposed(sessions, book)
    await send(app_client, operator, told, inspector)
    path = f"cases/{told.id}/actions/hand_over"
    await act(app_client, inspector, path, inspector=str(other.id), note=NOTE)
    assert await tasks(app_client, inspector) == []
    assert [one["case_id"] for one in await tasks(app_client, other)] == [str(told.id)]
    refused = await app_client.post(f"/api/v1/{path}", json={}, headers=inspector.headers)
    assert refused.status_code == 403, "it is not his any more"
    await act(app_client, operator, path)
    assert [one["case_id"] for one in await tasks(app_client, inspector)] == [str(told.id)], "drawn by the desk"


@pytest.mark.parametrize(("named", "code"), [("himself", "same_inspector"), ("desk", "unknown_inspector")])
async def test_a_task_is_not_handed_to_just_anybody(
    app_client: AsyncClient,
    sessions: Sessions,
    book: Book,
    operator: Person,
    inspector: Person,
    named: str,
    code: str,
) -> None:
    told = await disposed(sessions, book)
    await send(app_client, operator, told, inspector)
    whom = {"himself": inspector, "desk": operator}[named]
    answer = await app_client.post(
        f"/api/v1/cases/{told.id}/actions/hand_over", json={"inspector": str(whom.id)}, headers=inspector.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_with_nobody_else_it_stays_and_taken_up_is_taken_up(
    app_client: AsyncClient, sessions: Sessions, book: Book, operator: Person, inspector: Person
) -> None:
    told = await disposed(sessions, book)
    await send(app_client, operator, told, inspector)
    possible = await app_client.get(f"/api/v1/cases/{told.id}/actions", headers=inspector.headers)
    found = {one["action"] for one in possible.json()["items"]}
    assert found & {"check", "take_up", "hand_over"} == {"check", "take_up"}
    await act(app_client, inspector, f"cases/{told.id}/actions/take_up")
    for action in ("take_up", "hand_over"):
        path = f"/api/v1/cases/{told.id}/actions/{action}"
        answer = await app_client.post(path, json={}, headers=inspector.headers)
        assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (
            409,
            "action_not_allowed",
            "checking",
        )


async def test_a_unit_never_learns_who_looks_or_why_another_does(
    app_client: AsyncClient,
    sessions: Sessions,
    book: Book,
    operator: Person,
    inspector: Person,
    other: Person,
    west: Person,
) -> None:
    told = await disposed(sessions, book)
    await send(app_client, operator, told, inspector)
    await act(app_client, operator, f"cases/{told.id}/actions/hand_over", inspector=str(other.id), note=NOTE)
    await act(app_client, other, f"cases/{told.id}/actions/take_up", note=NOTE)
    for path in (f"cases/{told.id}", f"cases/{told.id}/history", f"cases/{told.id}/actions", "cases"):
        answer = await app_client.get(f"/api/v1/{path}", headers=west.headers)
        assert answer.status_code == 200
        for secret in (str(inspector.id), str(other.id), NOTE):
            assert secret not in answer.text
    assert NOTE in (await app_client.get(f"/api/v1/cases/{told.id}/history", headers=operator.headers)).text
    mine = await app_client.get("/api/v1/inspector/tasks", headers=west.headers)
    assert mine.json()["items"] == []


async def test_a_look_before_filing_is_taken_up_and_handed_over_as_well(
    app_client: AsyncClient, operator: Person, inspector: Person, other: Person
) -> None:
    place = {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000", "from": "by_hand"}
    body = {"source": "walk_in", "description": "路面有渣土", "location": place}
    answer = await app_client.post("/api/v1/reports", json=body, headers=operator.headers)
    assert answer.status_code == 201, answer.text
    report = answer.json()
    path = f"reports/{report['id']}/actions"
    await act(app_client, operator, f"{path}/request_verification", inspector=str(inspector.id))
    await act(app_client, inspector, f"{path}/take_up")
    (task,) = await tasks(app_client, inspector)
    assert (task["task"], task["report_id"], task["number"]) == ("verify", report["id"], report["receipt_no"])
    assert task["taken_up_at"] is not None
    await act(app_client, inspector, f"{path}/hand_over", note="不在我的责任区")
    assert await tasks(app_client, inspector) == []
    (given,) = await tasks(app_client, other)
    assert given["taken_up_at"] is None
    assert (await act(app_client, other, f"{path}/verify", result="true"))["state"] == "received"
