"""Reminders of every channel: each counts once a key, on the report and on its open cases; the history names them."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from app.services.citizens import URGES_AT_MOST
from tests.people_stored import Person, signed_in
from tests.reports_filed import act, bring, case_of, report

pytestmark = pytest.mark.usefixtures("book")
Json = dict[str, Any]


@pytest.fixture
async def desk(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)


async def said(client: AsyncClient, **fields: Any) -> Json:
    """Bring a report in as a citizen."""
    body = {name: value for name, value in report(**fields).items() if name != "source"}
    answer = await client.post("/api/v1/citizen/reports", json=body)
    assert answer.status_code == 201, answer.text
    told: Json = answer.json()
    return told


async def urge(client: AsyncClient, made: Json, key: str | None = None) -> Response:
    headers = {"X-Query-Code": made["query_code"]} | ({"Idempotency-Key": key} if key else {})
    return await client.post(f"/api/v1/citizen/reports/{made['receipt_no']}/urge", headers=headers)


async def taken_on(client: AsyncClient, desk: Person, report_id: str, conditions: tuple[int, ...] = (1,)) -> list[str]:
    await act(client, desk, "reports", report_id, "accept", kind="event", category="0305")
    cases = [{"condition": one} for one in conditions]
    told = await act(client, desk, "reports", report_id, "file", cases=cases)
    return [one["id"] for one in told["cases"]]


async def steps(client: AsyncClient, person: Person, case_id: str) -> list[tuple[str, str]]:
    answer = await client.get(f"/api/v1/cases/{case_id}/history", headers=person.headers)
    return [(one["action"], one["post"]) for one in answer.json()["items"] if one["action"] == "urge"]


async def test_the_reporter_reminds_of_every_open_case_once_a_key(
    app_client: AsyncClient, desk: Person, west: Person
) -> None:
    made = await said(app_client)
    first, second = await taken_on(app_client, desk, made["id"], (1, 2))
    await act(app_client, desk, "cases", second, "void", reason_code="filed_by_mistake")
    for key in ("k1", "k1", "k2"):
        assert (await urge(app_client, made, key)).status_code == 200
    assert (await case_of(app_client, desk, first))["urges"] == 2
    assert (await case_of(app_client, desk, second))["urges"] == 0
    await act(app_client, desk, "cases", first, "dispatch")
    await act(app_client, west, "cases", first, "urge")
    told = await act(app_client, desk, "cases", first, "urge")
    assert (told["urges"], "urged" in told["flags"]) == (4, True)
    assert await steps(app_client, desk, first) == [
        ("urge", "citizen"),
        ("urge", "citizen"),
        ("urge", "unit"),
        ("urge", "operator"),
    ]


async def test_the_desks_key_counts_once_too(app_client: AsyncClient, desk: Person) -> None:
    received = (await bring(app_client, desk)).json()
    (case_id,) = await taken_on(app_client, desk, received["id"])
    path, headers = f"/api/v1/cases/{case_id}/actions/urge", desk.headers | {"Idempotency-Key": "k"}
    for _ in range(2):
        assert (await app_client.post(path, json={}, headers=headers)).status_code == 200
    assert (await case_of(app_client, desk, case_id))["urges"] == 1


async def test_who_reminds_again_and_again_is_asked_to_wait(app_client: AsyncClient, desk: Person) -> None:
    made = await said(app_client)
    for number in range(URGES_AT_MOST):
        assert (await urge(app_client, made, f"k{number}")).status_code == 200
    refused = await urge(app_client, made, "more")
    assert (refused.status_code, refused.json()["code"]) == (429, "urged_enough")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert (await urge(app_client, made, "k0")).status_code == 200
    other = await said(app_client)
    assert (await urge(app_client, other)).status_code == 200
    found = await app_client.get(f"/api/v1/reports/{made['id']}", headers=desk.headers)
    assert found.headers["ETag"] == f'"{1 + URGES_AT_MOST}"'
