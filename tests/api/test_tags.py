"""Tags through the API: written one way, bounded, hung on many at once, brought along by reports, searched for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in
from tests.reports_filed import act, bring, case_of, filed

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
async def desk(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)


async def tagged(client: AsyncClient, person: Person, case_id: str, **fields: Any) -> tuple[int, Any]:
    path = f"/api/v1/cases/{case_id}/actions/tag"
    answer = await client.post(path, json=fields, headers=person.headers)
    return answer.status_code, answer.json()


async def test_tags_are_kept_one_way_and_once(app_client: AsyncClient, desk: Person) -> None:
    case = await filed(app_client, desk, tags=["  雨季 ", "雨季", "ＶＩＰ"])
    assert case["tags"] == ["雨季", "VIP"]
    _, told = await tagged(app_client, desk, case["id"], add=["回头 看", " 回头  看", "VIP"], remove=["雨季 "])
    assert told["tags"] == ["VIP", "回头 看"]
    listed = await app_client.get("/api/v1/cases", params={"tag": "回头 看"}, headers=desk.headers)
    assert [one["id"] for one in listed.json()["items"]] == [case["id"]]
    for fields, code in (({}, "no_tags"), ({"add": ["  "]}, None)):
        status, problem = await tagged(app_client, desk, case["id"], **fields)
        assert status == 422
        assert code is None or problem["code"] == code
    assert (await case_of(app_client, desk, case["id"]))["version"] == told["version"]


async def test_a_case_has_so_many_tags_and_no_more(app_client: AsyncClient, desk: Person) -> None:
    case = await filed(app_client, desk)
    assert (await tagged(app_client, desk, case["id"], add=[f"t{n}" for n in range(20)]))[0] == 200
    status, problem = await tagged(app_client, desk, case["id"], add=["one more"])
    assert (status, problem["code"]) == (422, "too_many_tags")
    assert (await tagged(app_client, desk, case["id"], add=["one more"], remove=["t0"]))[0] == 200
    assert (await tagged(app_client, desk, case["id"], add=["长" * 51]))[0] == 422
    refused = await bring(app_client, desk, tags=["长" * 51])
    assert (refused.status_code, refused.json()["code"]) == (422, "tag_too_long")


async def test_many_cases_are_tagged_at_once_each_answered_apart(app_client: AsyncClient, desk: Person) -> None:
    full, empty = await filed(app_client, desk), await filed(app_client, desk)
    await tagged(app_client, desk, full["id"], add=[f"t{n}" for n in range(20)])
    ids = [full["id"], empty["id"], str(uuid4())]
    body = {"ids": ids, "add": [" 台风 "]}
    answer = await app_client.post("/api/v1/cases/actions/tag", json=body, headers=desk.headers)
    assert [one["status"] for one in answer.json()["items"]] == [422, 200, 404]
    assert (await case_of(app_client, desk, empty["id"]))["tags"] == ["台风"]
    assert len((await case_of(app_client, desk, full["id"]))["tags"]) == 20


async def test_a_report_brings_its_tags_to_the_case_it_joins(app_client: AsyncClient, desk: Person) -> None:
    case = await filed(app_client, desk, tags=["雨季"])
    report = (await bring(app_client, desk, tags=["雨季", "媒体关注"])).json()
    await act(app_client, desk, "reports", report["id"], "merge", into_case=case["id"])
    told = await case_of(app_client, desk, case["id"])
    assert told["tags"] == ["雨季", "媒体关注"]
    history = await app_client.get(f"/api/v1/cases/{case['id']}/history", headers=desk.headers)
    last = history.json()["items"][-1]
    assert (last["action"], last["policy"], last["details"]["add"]) == ("tag", "tags_of_reports", ["媒体关注"])
    plain = (await bring(app_client, desk)).json()
    await act(app_client, desk, "reports", plain["id"], "merge", into_case=case["id"])
    assert (await case_of(app_client, desk, case["id"]))["version"] == told["version"]


async def test_figures_count_what_bears_all_of_the_tags_now(app_client: AsyncClient, desk: Person) -> None:
    both, one = await filed(app_client, desk, tags=["雨季", "主干道"]), await filed(app_client, desk, tags=["雨季"])
    await filed(app_client, desk)
    now = datetime.now(UTC)
    period = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(days=1)).isoformat()}

    async def counted(*tags: str, **asked: str) -> tuple[int, int]:
        params = {**period, **asked, "tag": list(tags)}
        answer = await app_client.get("/api/v1/stats/closure", params=params, headers=desk.headers)
        assert answer.status_code == 200, answer.text
        counts = answer.json()["total"]["counts"]
        return counts["reported"], counts["filed"]

    assert await counted() == (3, 3)
    assert await counted("雨季") == (2, 2)
    assert await counted("雨季 ", "主干道") == (1, 1)
    assert await counted("none") == (0, 0)
    before = datetime.now(UTC).isoformat()
    await act(app_client, desk, "cases", one["id"], "tag", add=["主干道"])
    assert await counted("雨季", "主干道") == (1, 2)
    assert await counted("雨季", "主干道", as_of=before) == (1, 2)
    listed = {"count": "filed", "tag": "主干道", **period}
    found = await app_client.get("/api/v1/stats/cases", params=listed, headers=desk.headers)
    assert {item["case_id"] for item in found.json()["items"]} == {both["id"], one["id"]}
