"""Limits by the grade of a zone, through the API: filing, amending the place, and what the clock says of it."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in
from tests.reports_filed import act, filed
from tests.small_city import IN_EAST, IN_WEST, ROAD

pytestmark = pytest.mark.usefixtures("book")
PLAIN = "test-1: test-1 0305"


@pytest.fixture
async def desk(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)


@pytest.fixture
async def admin(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.ADMIN)


async def laid(client: AsyncClient, admin: Person, value: Any, **fields: Any) -> None:
    body = {"policy": "grade_limits", "value": value, "reason": "窗口地段", **fields}
    answer = await client.post("/api/v1/admin/policies", json=body, headers=admin.headers)
    assert answer.status_code == 201, answer.text


async def limit(client: AsyncClient, person: Person, case_id: str) -> tuple[float, str, str]:
    clock = (await client.get(f"/api/v1/cases/{case_id}/clock", headers=person.headers)).json()["case"]
    return float(clock["limit"]["value"]), clock["limit"]["unit"], clock["limit_source"]


async def test_a_place_of_a_grade_has_its_limit(app_client: AsyncClient, desk: Person, admin: Person) -> None:
    before = await filed(app_client, desk)
    assert await limit(app_client, desk, before["id"]) == (4, "work_hour", PLAIN)
    await laid(app_client, admin, {"A": 0.5})
    inside, outside = await filed(app_client, desk), await filed(app_client, desk, place=IN_EAST)
    named = f"{PLAIN}; zone {ROAD} grade A; policy grade_limits"
    assert await limit(app_client, desk, inside["id"]) == (2, "work_hour", named)
    assert await limit(app_client, desk, outside["id"]) == (4, "work_hour", PLAIN)
    assert await limit(app_client, desk, before["id"]) == (4, "work_hour", PLAIN)


async def test_the_category_chooses_among_the_rows(app_client: AsyncClient, desk: Person, admin: Person) -> None:
    await laid(app_client, admin, {"A": 0.5})
    await laid(app_client, admin, {"A": {"value": 30, "unit": "minute"}}, kind="event", major="03", minor="05")
    case = await filed(app_client, desk)
    assert (await limit(app_client, desk, case["id"]))[:2] == (30, "minute")


async def test_an_amended_place_is_counted_anew(app_client: AsyncClient, desk: Person, admin: Person) -> None:
    await laid(app_client, admin, {"A": 0.5})
    case = await filed(app_client, desk, place=IN_EAST)
    sent = await act(app_client, desk, "cases", case["id"], "dispatch")
    there = {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000", "from": "by_hand"}
    moved = await act(app_client, desk, "cases", case["id"], "amend", location=there)
    assert moved["case_due_at"] < sent["case_due_at"]
    value, unit, source = await limit(app_client, desk, case["id"])
    assert (value, unit) == (2, "work_hour")
    assert f"zone {ROAD} grade A" in source
    back = there | {"lon": IN_EAST[0], "lat": IN_EAST[1]}
    again = await act(app_client, desk, "cases", case["id"], "amend", location=back)
    assert again["case_due_at"] == sent["case_due_at"]
    assert await limit(app_client, desk, case["id"]) == (4, "work_hour", PLAIN)
