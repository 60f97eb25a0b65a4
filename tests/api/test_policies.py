"""Policies through the API: rows are laid down, refused, listed, ended; every client reads what holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in
from tests.small_city import UNIT_EAST, UNIT_WEST

pytestmark = pytest.mark.usefixtures("book")
PATH = "/api/v1/admin/policies"
REF = "/api/v1/ref/policies"
Json = dict[str, Any]


@pytest.fixture
async def admin(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.ADMIN)


async def laid(client: AsyncClient, person: Person, key: str | None = None, **fields: Any) -> Any:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post(PATH, json={"reason": "试行", **fields}, headers=headers)


async def test_a_row_is_recorded_listed_and_ended_with_who_when_and_why(app_client: AsyncClient, admin: Person) -> None:
    fields: Json = {"policy": "redo_limit", "value": {"value": 5, "unit": "work_day"}, "kind": "event", "major": "03"}
    made = await laid(app_client, admin, minor="05", source="hotline_12345", desk="city", document="1号", **fields)
    assert made.status_code == 201, made.text
    row = made.json()
    assert (row["value"], row["minor"], row["source"], row["desk"]) == (fields["value"], "05", "hotline_12345", "city")
    assert (row["recorded_by"], row["reason"], row["document"]) == (str(admin.id), "试行", "1号")
    assert (row["ended_at"], row["valid_to"], row["unit_code"]) == (None, None, None)
    for asked in ({}, {"policy": "redo_limit"}, {"minor": "05"}, {"desk": "city"}, {"source": "hotline_12345"}):
        listed = (await app_client.get(PATH, params=asked, headers=admin.headers)).json()
        assert [one["id"] for one in listed["items"]] == [row["id"]], asked
    for asked in ({"policy": "desk_check"}, {"kind": "component"}, {"unit": UNIT_WEST}, {"valid_at": "2026-01-02"}):
        assert (await app_client.get(PATH, params=asked, headers=admin.headers)).json()["items"] == [], asked
    ended = await app_client.post(f"{PATH}/{row['id']}/end", json={"reason": "试行结束"}, headers=admin.headers)
    assert ended.status_code == 200, ended.text
    assert (ended.json()["ended_by"], ended.json()["end_reason"]) == (str(admin.id), "试行结束")
    assert ended.json()["ended_at"] > row["valid_from"]
    again = await app_client.post(f"{PATH}/{row['id']}/end", headers=admin.headers)
    assert (again.status_code, again.json()["code"]) == (409, "policy_ended")
    nobody = await app_client.post(f"{PATH}/{admin.id}/end", headers=admin.headers)
    assert nobody.status_code == 404


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"policy": "tea_break", "value": True}, "unknown_policy", "policy"),
        ({"policy": "auto_close", "value": "yes"}, "policy_value_unfit", "value"),
        ({"policy": "redo_limit", "value": 3}, "policy_value_unfit", "value"),
        ({"policy": "required_fields", "value": ["close.public_answer"]}, "policy_value_unfit", "value"),
        ({"policy": "auto_close", "value": True, "major": "99"}, "unknown_category", "major"),
        ({"policy": "auto_close", "value": True, "kind": "component", "major": "03"}, "unknown_category", "major"),
        ({"policy": "auto_close", "value": True, "minor": "05"}, "major_required", "major"),
        ({"policy": "auto_close", "value": True, "unit_code": "gone"}, "unknown_unit", "unit_code"),
        ({"policy": "auto_close", "value": True, "desk": UNIT_WEST}, "unknown_desk", "desk"),
        ({"policy": "snap_tolerance_m", "value": 20, "desk": "city"}, "policy_city_wide", "policy"),
        (
            {"policy": "auto_close", "value": True, "valid_from": "2020-01-01T00:00:00+08:00"},
            "past_instant",
            "valid_from",
        ),
        (
            {"policy": "auto_close", "value": True, "valid_to": "2020-01-01T00:00:00+08:00"},
            "ends_before_it_begins",
            "valid_to",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_what_could_have_no_effect_is_refused(
    app_client: AsyncClient, admin: Person, fields: Json, code: str, field: str
) -> None:
    answer = await laid(app_client, admin, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["where"] == ["body", field]
    assert (await app_client.get(PATH, headers=admin.headers)).json()["items"] == []


async def test_two_equally_specific_rows_that_differ_are_refused_and_both_are_named(
    app_client: AsyncClient, admin: Person
) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    first = (await laid(app_client, admin, policy="desk_check", value=True, unit_code=UNIT_WEST)).json()
    for later in ({}, {"valid_from": soon}):
        other = await laid(app_client, admin, policy="desk_check", value=False, unit_code=UNIT_WEST, **later)
        assert (other.status_code, other.json()["code"]) == (409, "policy_conflict")
        assert other.json()["rows"][0] == first["id"]
        assert len(other.json()["rows"]) == 2
        assert other.json()["values"] == [True, False]
        assert first["id"] in other.json()["detail"]
    assert (await laid(app_client, admin, policy="desk_check", value=True, unit_code=UNIT_WEST)).status_code == 201
    assert (await laid(app_client, admin, policy="desk_check", value=False, unit_code=UNIT_EAST)).status_code == 201
    assert (await laid(app_client, admin, policy="desk_check", value=False)).status_code == 201
    mine = (await app_client.get(PATH, params={"unit": UNIT_WEST}, headers=admin.headers)).json()["items"]
    for one in mine:
        await app_client.post(f"{PATH}/{one['id']}/end", headers=admin.headers)
    assert (await laid(app_client, admin, policy="desk_check", value=False, unit_code=UNIT_WEST)).status_code == 201


async def test_only_administrators_of_the_city_lay_down_and_the_same_key_once(
    app_client: AsyncClient, admin: Person, application: FastAPI, keys: Keys, west: Person
) -> None:
    for other in (west, await signed_in(application, keys, Post.COORDINATOR)):
        assert (await laid(app_client, other, policy="auto_close", value=True)).status_code == 403
        assert (await app_client.get(PATH, headers=other.headers)).json()["items"] == []
    assert (await app_client.post(PATH, json={})).status_code == 401
    first = await laid(app_client, admin, key="k", policy="auto_close", value=True)
    again = await laid(app_client, admin, key="k", policy="auto_close", value=True)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    other_body = await laid(app_client, admin, key="k", policy="auto_close", value=False)
    assert other_body.json()["code"] == "idempotency_mismatch"
    no_reason = await app_client.post(PATH, json={"policy": "auto_file", "value": True}, headers=admin.headers)
    assert no_reason.status_code == 422


async def test_every_client_reads_defaults_and_rows_and_learns_of_a_change(
    app_client: AsyncClient, admin: Person, west: Person
) -> None:
    before = await app_client.get(REF, headers=west.headers)
    known = {"If-None-Match": before.headers["ETag"]}
    assert (await app_client.get(REF, headers=west.headers | known)).status_code == 304
    items = {one["name"]: one for one in before.json()["items"]}
    assert (items["auto_close"]["default"], items["auto_close"]["rows"]) == (False, [])
    assert items["auto_sign_after"]["default"] == "PT2H"
    assert items["redo_limit"]["default"] == {"value": 3, "unit": "work_day"}
    row = (await laid(app_client, admin, policy="auto_close", value=True, unit_code=UNIT_WEST)).json()
    after = await app_client.get(REF, headers=west.headers | known)
    assert after.status_code == 200
    assert after.json()["version"] > before.json()["version"]
    (told,) = next(one["rows"] for one in after.json()["items"] if one["name"] == "auto_close")
    assert (told["id"], told["value"], told["unit_code"], told["desk"]) == (row["id"], True, UNIT_WEST, None)
    assert "reason" not in told
    await app_client.post(f"{PATH}/{row['id']}/end", headers=admin.headers)
    ended = await app_client.get(REF, headers=west.headers)
    assert ended.headers["ETag"] not in {before.headers["ETag"], after.headers["ETag"]}
    assert all(one["rows"] == [] for one in ended.json()["items"])
    since = {"changed_since": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
    assert (await app_client.get(REF, params=since, headers=west.headers)).json()["items"] == []


@pytest.mark.parametrize(
    "value",
    [
        '[{"kind": "return", "posts": ["dispatcher"], "longer_than_days": NaN}]',
        '[{"kind": "return", "posts": ["dispatcher"], "longer_than_days": 1e999}]',
        '[{"kind": "return", "posts": ["dispatcher"], "reason_code": "a\\u0000b"}]',
        '[{"kind": "return", "posts": ["dispatcher"], "reason_code": "\\ud800"}]',
    ],
)
async def test_a_chain_that_no_database_keeps_is_refused(app_client: AsyncClient, admin: Person, value: str) -> None:
    body = '{"policy": "approval_chains", "reason": "x", "value": ' + value + "}"
    answer = await app_client.post(PATH, content=body, headers=admin.headers | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "policy_value_unfit"), answer.text


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("accept_limit", {"value": 10_000, "unit": "continuous_day"}),
        ("order_follow_up_limit", {"value": 10_000, "unit": "work_day"}),
        ("redo_limit", {"value": 0.5, "unit": "work_day", "rule": "day_end"}),
        ("grade_limits", {"A": {"value": 10_000, "unit": "continuous_day"}}),
    ],
)
async def test_a_limit_that_the_calendar_cannot_count_is_refused_when_laid_down_not_when_it_is_asked_for(
    app_client: AsyncClient, admin: Person, policy: str, value: Any
) -> None:
    answer = await laid(app_client, admin, policy=policy, value=value)
    assert (answer.status_code, answer.json()["code"]) == (422, "policy_value_unfit"), answer.text
    assert answer.json()["errors"][0]["where"] == ["body", "value"]
    fits = {"A": 0.5} if policy == "grade_limits" else {"value": 30, "unit": "work_day", "rule": "day_end"}
    assert (await laid(app_client, admin, policy=policy, value=fits)).status_code == 201
