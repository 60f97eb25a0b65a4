"""Batches of a desk over HTTP: each id answered once, refused ones apart; and one account with several posts."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.api.desk_day import ACCEPT, AT_ONCE, DESK, Day
from tests.small_city import UNIT_WEST

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def day(app_client: AsyncClient, application: FastAPI, keys: Keys) -> Day:
    return Day(client=app_client, application=application, keys=keys)


def answered(found: Any) -> list[tuple[str, int]]:
    return [(one["id"], one["status"]) for one in found["items"]]


async def test_an_id_that_is_named_twice_is_answered_once(day: Day) -> None:
    desk = await day.person(*DESK)
    one, two = await day.reported(desk, 2)
    for _ in range(2):
        found = await day.done(
            desk, "/reports/actions/accept", {"ids": [one, two, one], **ACCEPT}, {"Idempotency-Key": "twice"}
        )
        assert answered(found) == [(one, 200), (two, 200)]
    steps = [step["action"] for step in (await day.get(desk, f"/cases/{await day.case(desk)}/history"))["items"]]
    assert steps.count("file") == 1


async def test_what_is_refused_stops_none_of_the_others_and_may_be_tried_again(day: Day) -> None:
    desk, colleague = await day.person(*DESK), await day.person(Post.OPERATOR)
    one, two, three = await day.reported(desk, 3)
    await day.done(desk, f"/reports/{one}/actions/accept", ACCEPT)
    await day.done(colleague, f"/reports/{two}/actions/claim")
    missing, key = str(uuid4()), {"Idempotency-Key": "mixed"}
    body = {"ids": [one, two, missing, three], **AT_ONCE}
    found = await day.done(desk, "/reports/actions/accept_file_dispatch", body, key)
    assert answered(found) == [(one, 409), (two, 409), (missing, 404), (three, 200)]
    problems = [item["problem"] for item in found["items"]]
    assert [problem["code"] if problem else None for problem in problems] == [
        "action_not_allowed",
        "claimed_by_other",
        "not_found",
        None,
    ]
    assert problems[0]["state"] == "accepted"
    await day.done(colleague, f"/reports/{two}/actions/release")
    again = await day.done(desk, "/reports/actions/accept_file_dispatch", body, key)
    assert answered(again) == [(one, 409), (two, 200), (missing, 404), (three, 200)]
    cases = (await day.get(desk, f"/reports/{three}"))["cases"]
    assert len(cases) == 1


@pytest.mark.parametrize("post", [*DESK, None])
async def test_a_step_for_three_posts_names_each_with_its_part(day: Day, post: Post | None) -> None:
    desk = await day.person(*DESK)
    (report,) = await day.reported(desk)
    body = {**AT_ONCE, "on_behalf_of": "李阿姨13812345678", **({"as_post": post} if post else {})}
    case = (await day.done(desk, f"/reports/{report}/actions/accept_file_dispatch", body))["cases"][0]["id"]
    steps = (await day.get(desk, f"/cases/{case}/history"))["items"]
    assert [(step["action"], step["post"]) for step in steps] == [("file", "shift_lead"), ("dispatch", "dispatcher")]
    assert "13812345678" not in str(steps)


async def test_a_post_that_has_no_part_in_it_cannot_be_named(day: Day) -> None:
    desk = await day.person(*DESK, Post.SUPERVISOR)
    (report,) = await day.reported(desk)
    refused = await day.post(
        desk, f"/reports/{report}/actions/accept_file_dispatch", {**AT_ONCE, "as_post": "supervisor"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


@pytest.mark.parametrize("post", ["operator", "shift_lead"])
async def test_the_history_names_the_post_one_acts_as(day: Day, post: str) -> None:
    desk = await day.person(*DESK)
    case = await day.case(desk)
    await day.person(Post.INSPECTOR)
    await day.done(await day.person(Post.UNIT, unit=UNIT_WEST), f"/cases/{case}/actions/dispose", {"result": "solved"})
    await day.done(desk, "/cases/actions/send_check", {"ids": [case], "as_post": post})
    steps = (await day.get(desk, f"/cases/{case}/history"))["items"]
    assert (steps[-1]["action"], steps[-1]["post"]) == ("send_check", post)
    only = await day.person(Post.DISPATCHER)
    refused = await day.done(only, "/cases/actions/close", {"ids": [case], "as_post": "shift_lead"})
    assert answered(refused) == [(case, 403)]


async def test_two_hundred_ids_and_not_one_more(day: Day) -> None:
    desk = await day.person(*DESK)
    ids = [str(uuid4()) for _ in range(201)]
    found = await day.done(desk, "/cases/actions/close", {"ids": ids[:200]})
    assert {status for _, status in answered(found)} == {404}
    assert (await day.post(desk, "/cases/actions/close", {"ids": ids})).status_code == 422
