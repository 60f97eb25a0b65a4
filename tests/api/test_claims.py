"""Claims on reports and cases, over HTTP: who may, who must wait, what ends them, and that they leave no trace."""

from datetime import datetime, timedelta
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


def _later(application: FastAPI, minutes: int) -> None:
    """Let time pass for claims and for who is held to them."""
    frame = application.state.wired.cases.frame
    now, moved = frame.now, timedelta(minutes=minutes)
    for one in (application.state.wired.cases.frame, application.state.wired.reports.frame):
        object.__setattr__(one, "now", lambda: now() + moved)  # a frozen value, with a clock of its own for this test


async def test_what_one_has_claimed_is_not_anothers_to_accept(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    (report,) = await day.reported(mine)
    before = await day.get(mine, f"/reports/{report}")
    claimed = await day.done(mine, f"/reports/{report}/actions/claim")
    (claim,) = claimed["claims"]
    assert (claim["post"], claim["account_id"]) == ("operator", str(mine.id))
    assert claimed["version"] == before["version"]
    refused = await day.post(other, f"/reports/{report}/actions/accept", ACCEPT)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "claimed_by_other")
    assert (problem["claimed_by"], problem["until"], problem["post"]) == ("王敏", claim["until"], "operator")
    assert (await day.done(mine, f"/reports/{report}/actions/accept", ACCEPT))["state"] == "accepted"
    assert (await day.get(mine, "/me/handover"))["claims"] == []


async def test_a_claim_ends_with_what_its_holder_does_and_the_next_stage_is_free(day: Day) -> None:
    desk, other = await day.person(*DESK), await day.person(*DESK)
    (report,) = await day.reported(desk)
    await day.done(desk, f"/reports/{report}/actions/claim")
    refused = await day.post(other, f"/reports/{report}/actions/accept_file_dispatch", AT_ONCE)
    assert refused.json()["code"] == "claimed_by_other"
    await day.done(desk, f"/reports/{report}/actions/accept", ACCEPT)
    assert (await day.done(other, f"/reports/{report}/actions/file", {"cases": [{"condition": 1}]}))["state"] == "filed"


async def test_claiming_again_prolongs_and_anothers_claim_is_told(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    (report,) = await day.reported(mine)
    path = f"/reports/{report}/actions/claim"
    first = (await day.done(mine, path))["claims"][0]["until"]
    again = (await day.done(mine, path))["claims"][0]["until"]
    assert datetime.fromisoformat(again) > datetime.fromisoformat(first)
    refused = await day.post(other, path)
    assert (refused.status_code, refused.json()["until"]) == (409, again)


async def test_a_claim_vanishes_by_itself(day: Day, application: FastAPI) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    (report,) = await day.reported(mine)
    await day.done(mine, f"/reports/{report}/actions/claim")
    _later(application, 14)
    assert (await day.post(other, f"/reports/{report}/actions/accept", ACCEPT)).status_code == 409
    _later(application, 2)
    assert (await day.done(other, f"/reports/{report}/actions/accept", ACCEPT))["state"] == "accepted"


async def test_what_is_anybodys_is_not_held_up(day: Day) -> None:
    desk, other = await day.person(*DESK), await day.person(*DESK)
    case = await day.case(desk)
    await day.done(await day.person(Post.UNIT, unit=UNIT_WEST), f"/cases/{case}/actions/dispose", {"result": "solved"})
    await day.person(Post.INSPECTOR)
    await day.done(desk, f"/cases/{case}/actions/claim")
    for action, body in (("note", {"text": "已电话核实"}), ("urge", {}), ("tag", {"add": ["台风"]})):
        await day.done(other, f"/cases/{case}/actions/{action}", body)
    refused = await day.post(other, f"/cases/{case}/actions/send_check", {"as_post": "operator"})
    assert refused.json()["code"] == "claimed_by_other"


async def test_only_who_leads_the_shift_releases_anothers(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    (report,) = await day.reported(mine)
    claim, release = (f"/reports/{report}/actions/{action}" for action in ("claim", "release"))
    await day.done(mine, claim)
    assert (await day.post(other, release)).json()["code"] == "claimed_by_other"
    for post in (Post.SHIFT_LEAD, Post.SUPERVISOR):
        leader = await day.person(post)
        assert (await day.done(leader, release))["claims"] == []
        taken_away = (await day.get(mine, "/me/handover"))["handovers"][0]
        assert (taken_away["by_account"], taken_away["to_account"]) == (str(leader.id), None)
        await day.done(mine, claim)
    assert (await day.done(mine, release))["claims"] == []
    free = await day.post(mine, release)
    assert (free.status_code, free.json()["code"]) == (409, "not_claimed")


async def test_who_may_claim_what(day: Day) -> None:
    operator, lead = await day.person(Post.OPERATOR), await day.person(Post.SHIFT_LEAD)
    unit, desk = await day.person(Post.UNIT, unit=UNIT_WEST), await day.person(*DESK)
    (report,) = await day.reported(operator)
    path = f"/reports/{report}/actions/claim"
    assert (await day.post(unit, path)).status_code == 404
    assert (await day.post(await day.person(Post.SUPERVISOR), path)).status_code == 403
    assert (await day.post(operator, path, {"as_post": "dispatcher"})).status_code == 403
    too_early = await day.post(lead, path)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "action_not_allowed")
    assert too_early.json()["state"] == "received"
    assert "accept" in too_early.json()["allowed"]
    case = await day.case(desk)
    for body in ({}, {"never": "heard of"}):
        assert (await day.post(unit, f"/cases/{case}/actions/claim", body)).status_code == 403
    assert (await day.post(desk, f"/cases/{case}/actions/claim")).json()["state"] == "dispatched"
    assert (await day.post(operator, f"/reports/{uuid4()}/actions/claim")).status_code == 404
    stale = await day.post(operator, path, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await day.post(operator, path, {"unit": "W"})).status_code == 422


async def test_the_list_of_actions_leaves_out_what_a_colleague_has_claimed(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    (report,) = await day.reported(mine)

    async def listed(person: object) -> set[str]:
        found = await day.get(person, f"/reports/{report}/actions")  # type: ignore[arg-type]  # a Person
        assert all(one["fields"]["type"] == "object" for one in found["items"])
        return {one["action"] for one in found["items"]}

    assert {"accept", "reject", "claim"} <= await listed(other)
    await day.done(mine, f"/reports/{report}/actions/claim")
    assert {"accept", "claim", "release"} <= await listed(mine)
    left = await listed(other)
    assert "withdraw" in left
    assert left.isdisjoint({"accept", "reject", "answer", "forward", "merge", "claim", "release"})


async def test_many_are_claimed_and_released_in_one_call_each_answered_once(day: Day) -> None:
    mine, other = await day.person(Post.OPERATOR), await day.person(Post.OPERATOR)
    one, two, three = await day.reported(mine, 3)
    await day.done(other, f"/reports/{two}/actions/claim")
    missing, key = str(uuid4()), {"Idempotency-Key": str(uuid4())}
    ids = [one, two, one, missing, three]
    for _ in range(2):
        found = (await day.done(mine, "/reports/actions/claim", {"ids": ids}, key))["items"]
        assert [(item["id"], item["status"]) for item in found] == [
            (one, 200),
            (two, 409),
            (missing, 404),
            (three, 200),
        ]
        assert found[1]["problem"]["code"] == "claimed_by_other"
    held = {item["id"] for item in (await day.get(mine, "/me/handover"))["claims"]}
    assert held == {one, three}
    released = (await day.done(mine, "/reports/actions/release", {"ids": [one, two]}))["items"]
    assert [item["status"] for item in released] == [200, 409]


async def test_the_same_key_claims_once(day: Day) -> None:
    mine = await day.person(Post.OPERATOR)
    (report,) = await day.reported(mine)
    path, key = f"/reports/{report}/actions/claim", {"Idempotency-Key": "take-it"}
    await day.done(mine, path, headers=key)
    await day.done(mine, f"/reports/{report}/actions/release")
    assert (await day.done(mine, path, headers=key))["claims"] == []
    mismatch = await day.post(mine, path, {"as_post": "operator"}, key)
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "idempotency_mismatch")


async def test_history_and_version_know_nothing_of_claims(day: Day) -> None:
    desk = await day.person(*DESK)
    case = await day.case(desk)
    await day.done(await day.person(Post.UNIT, unit=UNIT_WEST), f"/cases/{case}/actions/dispose", {"result": "solved"})
    before = await day.get(desk, f"/cases/{case}/history")
    await day.done(desk, f"/cases/{case}/actions/claim")
    await day.done(desk, f"/cases/{case}/actions/release")
    assert await day.get(desk, f"/cases/{case}/history") == before
