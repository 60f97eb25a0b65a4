"""Rulings through the API: they go first, replace each other, end, and earlier instants do not know them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import Post, Scope
from app.dispatch.errors import ActionNotAllowed
from app.dispatch.ruling import RulingWanted
from app.services.effects import Ruled
from app.services.rulings import record_ruled
from app.services.transaction import Sessions, writing
from tests.cases_stored import Tale
from tests.people_stored import Person, signed_in
from tests.small_city import IN_EAST, IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, WEST_CELL

pytestmark = pytest.mark.usefixtures("book")
PATH = "/api/v1/admin/rulings"
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
Json = dict[str, Any]


@pytest.fixture
async def coordinator(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.COORDINATOR)


async def told(client: AsyncClient, person: Person, place: tuple[float, float] = IN_WEST, **params: Any) -> Json:
    asked = {"lon": place[0], "lat": place[1], "kind": "event", "category": "0305", "condition": 1, **params}
    answer = await client.get("/api/v1/dispatch/explain", params=asked, headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def ruled(client: AsyncClient, person: Person, key: str | None = None, **fields: Any) -> Any:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post(PATH, json=fields, headers=headers)


async def test_a_ruling_goes_first_a_newer_replaces_it_and_an_ended_one_says_why_it_lost(
    app_client: AsyncClient, coordinator: Person
) -> None:
    before = datetime.now(UTC)
    first = (await ruled(app_client, coordinator, unit_code=UNIT_EAST, scope="cell", scope_code=WEST_CELL)).json()
    found = await told(app_client, coordinator)
    assert (found["unit_code"], found["decided_by"], found["rule_id"]) == (UNIT_EAST, "ruling", first["id"])
    assert found["versions"]["book"] == 2
    assert (await told(app_client, coordinator, IN_EAST))["decided_by"] == "rule"
    second = (await ruled(app_client, coordinator, unit_code=UNIT_TOP, scope="cell", scope_code=WEST_CELL)).json()
    found = await told(app_client, coordinator)
    assert (found["unit_code"], found["rule_id"]) == (UNIT_TOP, second["id"])
    assert {one["rule_id"]: one["lost_because"] for one in found["considered"]}[first["id"]] == "older_ruling"
    ended = await app_client.post(f"{PATH}/{second['id']}/end", headers=coordinator.headers)
    assert ended.json()["ended_at"] is not None
    found = await told(app_client, coordinator)
    assert (found["unit_code"], found["versions"]["book"]) == (UNIT_EAST, 4)
    assert {one["rule_id"]: one["lost_because"] for one in found["considered"]}[second["id"]] == "not_valid_then"
    again = await app_client.post(f"{PATH}/{second['id']}/end", headers=coordinator.headers)
    assert (again.status_code, again.json()["code"]) == (409, "ruling_ended")
    then = await told(app_client, coordinator, at=before.isoformat())
    assert (then["unit_code"], then["versions"]["book"]) == (UNIT_WEST, 1)
    assert first["id"] not in {one["rule_id"] for one in then["considered"]}
    while_second = await told(app_client, coordinator, at=second["recorded_at"])
    assert (while_second["unit_code"], while_second["versions"]["book"]) == (UNIT_TOP, 3)


async def test_a_ruling_for_a_street_and_a_category_reaches_no_farther(
    app_client: AsyncClient, coordinator: Person
) -> None:
    fields: Json = {"scope": "street", "scope_code": WEST, "kind": "event", "major": "03", "minor": "05"}
    soon = datetime.now(UTC) + timedelta(hours=1)
    later = await ruled(app_client, coordinator, unit_code=UNIT_TOP, valid_from=soon.isoformat(), **fields)
    assert later.status_code == 201, later.text
    found = await told(app_client, coordinator)
    assert found["unit_code"] == UNIT_WEST
    assert {one["rule_id"]: one["lost_because"] for one in found["considered"]}[later.json()["id"]] == "not_valid_then"
    assert (await told(app_client, coordinator, at=soon.isoformat()))["unit_code"] == UNIT_TOP


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"unit_code": "gone", "scope": "city"}, "unknown_unit"),
        ({"unit_code": UNIT_TOP, "scope": "cell", "scope_code": "none"}, "unknown_place"),
        ({"unit_code": UNIT_TOP, "scope": "district", "scope_code": WEST}, "unknown_place"),
        ({"unit_code": UNIT_TOP, "scope": "city", "scope_code": WEST}, "scope_code_wrong"),
        ({"unit_code": UNIT_TOP, "scope": "street"}, "scope_code_wrong"),
        ({"unit_code": UNIT_TOP, "scope": "city", "major": "99"}, "unknown_category"),
        ({"unit_code": UNIT_TOP, "scope": "city", "minor": "05"}, "major_required"),
        ({"unit_code": UNIT_TOP, "scope": "city", "valid_from": "2020-01-01T00:00:00+08:00"}, "past_instant"),
        ({"unit_code": UNIT_TOP, "scope": "city", "valid_to": "2020-01-01T00:00:00+08:00"}, "ends_before_it_begins"),
    ],
)
async def test_a_ruling_without_effect_is_refused(
    app_client: AsyncClient, coordinator: Person, fields: Json, code: str
) -> None:
    answer = await ruled(app_client, coordinator, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await told(app_client, coordinator))["versions"]["book"] == 1


async def test_only_coordinators_rule_and_the_same_key_rules_once(
    app_client: AsyncClient, coordinator: Person, application: FastAPI, keys: Keys, west: Person
) -> None:
    for other in (west, await signed_in(application, keys, Post.ADMIN)):
        assert (await ruled(app_client, other, unit_code=UNIT_TOP, scope="city")).status_code == 403
        assert (await app_client.get(PATH, headers=other.headers)).json()["items"] == []
    first = await ruled(app_client, coordinator, key="k", unit_code=UNIT_TOP, scope="city")
    again = await ruled(app_client, coordinator, key="k", unit_code=UNIT_TOP, scope="city")
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    other_body = await ruled(app_client, coordinator, key="k", unit_code=UNIT_EAST, scope="city")
    assert other_body.json()["code"] == "idempotency_mismatch"
    listed = (await app_client.get(PATH, params={"unit": UNIT_TOP}, headers=coordinator.headers)).json()
    assert [one["id"] for one in listed["items"]] == [first.json()["id"]]
    past = {"valid_at": "2026-01-02"}
    assert (await app_client.get(PATH, params=past, headers=coordinator.headers)).json()["items"] == []


async def test_a_ruling_made_by_a_step_shares_its_fate(
    app_client: AsyncClient, application: FastAPI, sessions: Sessions, book: Book, coordinator: Person
) -> None:
    case_id = await Tale(book=book, at=MONDAY, place=IN_WEST).store(sessions)
    now = application.state.wired.now
    wanted = RulingWanted(unit_code=UNIT_TOP, scope=Scope.CELL, scope_code=WEST_CELL)
    ruled_by_step = Ruled(id=uuid4(), wanted=wanted, case_id=case_id, by=coordinator.id)

    async def step_that_fails() -> None:
        async with writing(sessions) as session:
            await record_ruled(session, [ruled_by_step], now)
            raise ActionNotAllowed("arbitrate", "closed", [])

    with pytest.raises(ActionNotAllowed):
        await step_that_fails()
    await application.state.wired.books.refresh()
    assert (await told(app_client, coordinator))["versions"]["book"] == 1
    async with writing(sessions) as session:
        assert await record_ruled(session, [ruled_by_step], now)
    await application.state.wired.books.changed()
    found = await told(app_client, coordinator)
    assert (found["rule_id"], found["versions"]["book"]) == (str(ruled_by_step.id), 2)
    listed = (await app_client.get(PATH, headers=coordinator.headers)).json()["items"]
    assert [one["case_id"] for one in listed] == [str(case_id)]


async def test_a_towns_coordinator_names_the_unit_of_a_case_but_rules_for_no_cases_to_come(
    app_client: AsyncClient, application: FastAPI, keys: Keys, coordinator: Person
) -> None:
    desk = (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER, Post.COORDINATOR)
    town = await signed_in(application, keys, *desk, desk=UNIT_TOP)
    west = await signed_in(application, keys, Post.UNIT, unit=UNIT_WEST)

    async def done(path: str, body: Json, by: Person = town) -> Json:
        answer = await app_client.post(f"/api/v1/{path}", json=body, headers=by.headers)
        assert answer.status_code in {200, 201}, answer.text
        found: Json = answer.json()
        return found

    place = {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000", "from": "by_hand"}
    matter = {"kind": "event", "category": "0305"}
    report = await done("reports", {"description": "渣土", "source": "walk_in", "location": place, **matter})
    steps = f"reports/{report['id']}/actions"
    await done(f"{steps}/accept", matter)
    case = (await done(f"{steps}/file", {"cases": [{"condition": 1}]}))["cases"][0]["id"]
    steps = f"cases/{case}/actions"
    await done(f"{steps}/dispatch", {})
    asked = await done(f"{steps}/request_return", {"reason_code": "not_ours"}, west)
    await done(f"{steps}/grant", {"request_id": asked["requests"][0]["id"]})
    named = {"unit_code": UNIT_EAST, "text": "东街的"}
    lasting = {**named, "ruling": {"scope": "city"}}
    refused = await app_client.post(f"/api/v1/{steps}/arbitrate", json=lasting, headers=town.headers)
    assert refused.status_code == 403, refused.text
    assert (await app_client.get(PATH, headers=coordinator.headers)).json()["items"] == []
    assert (await told(app_client, coordinator))["decided_by"] == "rule"
    assert (await done(f"{steps}/arbitrate", named))["unit_code"] == UNIT_EAST
