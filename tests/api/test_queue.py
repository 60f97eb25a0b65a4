"""The queue of a post and taking the next from it, over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.api.desk_day import ACCEPT, DESK, Day
from tests.small_city import UNIT_WEST

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def day(app_client: AsyncClient, application: FastAPI, keys: Keys) -> Day:
    return Day(client=app_client, application=application, keys=keys)


def told(found: Any) -> list[tuple[str, str]]:
    return [(one["queue"], one["id"]) for one in found["items"]]


def minutes(one: Any) -> timedelta:
    return datetime.fromisoformat(one["stage_due_at"]) - datetime.fromisoformat(one["since"])


async def test_what_waits_stands_in_the_order_of_its_stages(day: Day) -> None:
    desk, lead = await day.person(*DESK), await day.person(Post.SHIFT_LEAD)
    first, second, third = await day.reported(desk, 3)
    await day.done(desk, f"/reports/{first}/actions/accept", ACCEPT)
    operator = await day.get(desk, "/me/queue", post="operator")
    assert told(operator) == [("to_accept", second), ("to_accept", third)]
    one = operator["items"][0]
    assert (one["thing"], one["post"], one["state"], one["light"]) == ("report", "operator", "received", "green")
    assert (minutes(one), one["claimed"], one["claimed_by_me"]) == (timedelta(minutes=15), None, False)
    assert told(await day.get(lead, "/me/queue")) == [("to_file", first)]
    assert told(await day.get(lead, "/me/queue", post="operator")) == []
    together = await day.get(desk, "/me/queue")
    assert told(together) == [("to_accept", second), ("to_accept", third), ("to_file", first)]


async def test_a_stage_begins_anew_when_a_thing_comes_back(day: Day) -> None:
    desk, inspector = await day.person(*DESK), await day.person(Post.INSPECTOR)
    first, second = await day.reported(desk, 2)
    await day.done(desk, f"/reports/{first}/actions/request_verification", {"inspector": str(inspector.id)})
    task = (await day.get(inspector, "/me/queue"))["items"]
    assert [(one["queue"], one["id"], minutes(one)) for one in task] == [("to_verify", first, timedelta(minutes=30))]
    await day.done(inspector, f"/reports/{first}/actions/verify", {"result": "true"})
    assert told(await day.get(desk, "/me/queue")) == [("to_accept", second), ("to_accept", first)]


async def test_pages_of_several_queues_follow_each_other_without_a_gap(day: Day) -> None:
    desk = await day.person(*DESK)
    reports = await day.reported(desk, 5)
    for one in reports[1:3]:
        await day.done(desk, f"/reports/{one}/actions/accept", ACCEPT)
    whole = told(await day.get(desk, "/me/queue"))
    assert len(whole) == 5
    walked, cursor = [], None
    while True:
        page = await day.get(desk, "/me/queue", limit=2, **({"after": cursor} if cursor else {}))
        walked += told(page)
        cursor = page["next"]
        if cursor is None:
            break
    assert walked == whole
    bad = await day.client.get("/api/v1/me/queue", headers=desk.headers, params={"after": "bm8"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_cursor")


async def test_a_unit_sees_what_is_its_now_by_the_legs_due_time(day: Day) -> None:
    desk, unit = await day.person(*DESK), await day.person(Post.UNIT, unit=UNIT_WEST)
    case = await day.case(desk)
    (one,) = (await day.get(unit, "/me/queue"))["items"]
    assert (one["id"], one["queue"], one["stage_due_at"]) == (case, "to_dispose", one["due_at"])
    await day.done(desk, f"/cases/{case}/actions/recall", {"reason_code": "wrong_unit"})
    assert (await day.get(unit, "/me/queue"))["items"] == []
    assert told(await day.get(desk, "/me/queue", post="dispatcher")) == [("to_dispatch", case)]


async def test_a_ruling_waits_for_who_rules_by_its_own_due_time(day: Day) -> None:
    desk, unit = await day.person(*DESK), await day.person(Post.UNIT, unit=UNIT_WEST)
    case = await day.case(desk)
    await day.done(unit, f"/cases/{case}/actions/request_extension", {"reason_code": "weather"})
    (one,) = (await day.get(desk, "/me/queue", post="shift_lead"))["items"]
    assert (one["id"], one["queue"]) == (case, "to_rule")
    assert datetime.fromisoformat(one["stage_due_at"]) > datetime.fromisoformat(one["since"])
    assert (await day.get(desk, "/me/queue", post="dispatcher"))["items"] == []
    held = await day.done(desk, f"/cases/{case}/actions/claim")
    assert [claim["post"] for claim in held["claims"]] == ["shift_lead"]
    other, request = await day.person(Post.SHIFT_LEAD), held["requests"][0]["id"]
    refused = await day.post(other, f"/cases/{case}/actions/grant", {"request_id": request})
    assert refused.json()["code"] == "claimed_by_other"
    await day.done(desk, f"/cases/{case}/actions/grant", {"request_id": request})


async def test_the_next_are_the_first_that_nobody_has(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    one, two, three, four = await day.reported(mine, 4)
    await day.done(other, f"/reports/{two}/actions/claim")
    taken = await day.done(mine, "/me/queue/next", {"post": "operator", "count": 2})
    assert told(taken) == [("to_accept", one), ("to_accept", three)]
    assert all(item["claimed_by_me"] and item["claimed"]["account_id"] == str(mine.id) for item in taken["items"])
    assert told(await day.done(other, "/me/queue/next", {"post": "operator", "count": 20})) == [("to_accept", four)]
    assert (await day.done(other, "/me/queue/next", {"post": "operator"}))["items"] == []
    seen = (await day.get(mine, "/me/queue"))["items"]
    assert [(item["id"], item["claimed_by_me"]) for item in seen] == [
        (one, True),
        (two, False),
        (three, True),
        (four, False),
    ]
    assert all(item["claimed"]["name"] == "王敏" for item in seen)


async def test_the_same_key_takes_the_next_once(day: Day) -> None:
    mine = await day.person(Post.OPERATOR)
    await day.reported(mine, 3)
    asked, key = {"post": "operator", "count": 2}, {"Idempotency-Key": "next"}
    first = await day.done(mine, "/me/queue/next", asked, key)
    assert told(await day.done(mine, "/me/queue/next", asked, key)) == told(first)
    assert len((await day.get(mine, "/me/handover"))["claims"]) == 2


async def test_who_does_not_hold_the_post_takes_nothing(day: Day) -> None:
    operator = await day.person(Post.OPERATOR)
    assert (await day.post(operator, "/me/queue/next", {"post": "dispatcher"})).status_code == 403
    assert (await day.post(operator, "/me/queue/next", {"post": "unit"})).status_code == 422
    assert (await day.post(operator, "/me/queue/next", {"post": "operator", "count": 21})).status_code == 422
    assert (await day.client.get("/api/v1/me/queue")).status_code == 401
