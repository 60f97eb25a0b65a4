"""The end of a shift, over HTTP: what is in hand, and where it goes."""

from uuid import uuid4

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


async def test_a_colleague_gets_what_he_may_do_and_the_rest_goes_back(day: Day) -> None:
    mine, operator = await day.person(Post.OPERATOR, Post.SHIFT_LEAD), await day.person(Post.OPERATOR)
    one, two = await day.reported(mine, 2)
    await day.done(mine, f"/reports/{one}/actions/claim")
    await day.done(mine, f"/reports/{two}/actions/accept", ACCEPT)
    await day.done(mine, f"/reports/{two}/actions/claim")
    body = {"to": operator.username, "note": "第二件请回电13812345678"}
    given = await day.done(mine, "/me/handover", body)
    assert {(item["id"], item["post"], item["moved"]) for item in given["items"]} == {
        (one, "operator", True),
        (two, "shift_lead", False),
    }
    assert (given["from_account"], given["to_account"]) == (str(mine.id), str(operator.id))
    assert "第二件请回电" in given["note"]
    assert "13812345678" not in given["note"]
    seen = await day.get(operator, "/me/handover")
    assert [item["id"] for item in seen["claims"]] == [one]
    assert seen["handovers"] == [given]
    assert (await day.get(mine, "/me/handover"))["claims"] == []
    refused = await day.post(mine, f"/reports/{one}/actions/reject", {"reason_code": "out_of_scope"})
    assert refused.json()["code"] == "claimed_by_other"
    await day.done(await day.person(Post.SHIFT_LEAD), f"/reports/{two}/actions/claim")


async def test_without_a_colleague_all_goes_back_to_the_queue(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    await day.reported(mine, 3)
    await day.done(mine, "/me/queue/next", {"post": "operator", "count": 3})
    key = {"Idempotency-Key": "home"}
    given = await day.done(mine, "/me/handover", {}, key)
    assert [item["moved"] for item in given["items"]] == [False] * 3
    assert len((await day.done(other, "/me/queue/next", {"post": "operator", "count": 3}))["items"]) == 3
    assert await day.done(mine, "/me/handover", {}, key) == given


async def test_it_lists_tasks_and_requests_too(day: Day) -> None:
    desk, inspector = await day.person(*DESK), await day.person(Post.INSPECTOR)
    (report,) = await day.reported(desk)
    await day.done(desk, f"/reports/{report}/actions/request_verification", {"inspector": str(inspector.id)})
    assert [one["id"] for one in (await day.get(inspector, "/me/handover"))["tasks"]] == [report]
    case, unit = await day.case(desk), await day.person(Post.UNIT, unit=UNIT_WEST)
    await day.done(unit, f"/cases/{case}/actions/request_extension", {"reason_code": "weather"})
    asked = (await day.get(desk, "/me/handover"))["requests"]
    assert [(one["id"], one["queue"]) for one in asked] == [(case, "to_rule")]


async def test_only_to_somebody_of_the_same_desk(day: Day) -> None:
    mine = await day.person(Post.OPERATOR)
    for nobody in ("niemand", str(uuid4()), mine.username):
        refused = await day.post(mine, "/me/handover", {"to": nobody})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_colleague")
        assert refused.json()["errors"][0]["where"] == ["body", "to"]
    colleague = await day.person(Post.OPERATOR)
    given = await day.done(mine, "/me/handover", {"to": str(colleague.id)})
    assert (given["to_account"], given["items"]) == (str(colleague.id), [])
