"""In which order an action is refused, what nobody without reach can tell apart, and what batches answer."""

from uuid import uuid4

import pytest
from httpx import Response

from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from tests.e2e.served import Json, Served, report

ACCEPTED = {"kind": "event", "category": "0110"}


@pytest.fixture
async def case(city: Served) -> Json:
    """Return a dispatched case; its report is the first one it names."""
    return await dispatched(city)


async def filed_case(city: Served, **more: object) -> Json:
    made = (await city.post("/reports", "inspector01", report(city.place(), **more))).json()
    await city.act("reports", made["id"], "accept", "operator01", **ACCEPTED)
    filed = await city.act("reports", made["id"], "file", "lead01", cases=[{"condition": 1}])
    return {**filed["cases"][0], "report_id": made["id"]}


async def dispatched(city: Served, **more: object) -> Json:
    filed = await filed_case(city, **more)
    sent = await city.act("cases", filed["id"], "dispatch", "dispatcher01")
    return {**sent, "report_id": filed["report_id"], "owner": city.accounts[sent["unit_code"]]}


def _stranger(city: Served, unit_code: str) -> str:
    """Return the account of a unit of which neither is above the other."""
    below = city.book.units_below
    other = next(code for code in city.accounts if unit_code not in below(code) and code not in below(unit_code))
    return city.accounts[other]


def _but_for_the_path(answer: Response) -> Json:
    return {**answer.json(), "instance": ""}


async def test_refusals_of_a_case_action_come_in_their_order(city: Served, case: Json) -> None:
    path, bad = f"/cases/{case['id']}/actions/close", {"end_kind": "nonsense"}
    stale = {"If-Match": '"1"'}
    assert (await city.post(path, None, bad, headers=stale)).status_code == 401
    stranger = _stranger(city, case["unit_code"])
    for who, body, status in (
        (stranger, bad, 404),
        (stranger, {}, 404),
        (case["owner"], bad, 403),
        (case["owner"], {}, 403),
        ("operator01", bad, 403),
        ("lead01", bad, 422),
        ("lead01", {}, 412),
    ):
        answer = await city.post(path, who, body, headers=stale)
        assert answer.status_code == status, (who, body, answer.text)
    fresh = {"If-Match": f'"{case["version"]}"'}
    answer = await city.post(path, "lead01", {}, headers=fresh)
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["state"]) == ("action_not_allowed", "dispatched")
    assert "dispose" in answer.json()["allowed"]


async def test_contents_are_judged_before_the_version(city: Served) -> None:
    filed = await filed_case(city)
    stale = {"If-Match": '"9"'}
    path = f"/cases/{filed['id']}/actions/dispatch"
    for body, status in (
        ({"unit_code": "nowhere", "reason_code": "local_knowledge"}, 422),
        ({"unit_code": next(code for code in city.accounts if code != filed["unit_code"])}, 422),
        ({"co_units": ["nowhere"]}, 422),
        ({}, 412),
    ):
        assert (await city.post(path, "dispatcher01", body, headers=stale)).status_code == status, body
    assert (await city.post(path, "dispatcher01", {}, headers={"If-Match": '"1"'})).status_code == 200


async def test_refusals_of_a_report_action_come_in_their_order(city: Served) -> None:
    made = (await city.post("/reports", "inspector01", report(city.place()))).json()
    path, bad, stale = f"/reports/{made['id']}/actions/accept", {"kind": "thing"}, {"If-Match": '"9"'}
    for who, body, status in (
        (None, bad, 401),
        ("unit01", bad, 404),
        ("inspector02", bad, 404),
        ("inspector01", bad, 403),
        ("lead01", bad, 403),
        ("operator01", bad, 422),
        ("operator01", {"kind": "event", "category": "9999"}, 422),
        ("operator01", ACCEPTED, 412),
    ):
        answer = await city.post(path, who, body, headers=stale)
        assert answer.status_code == status, (who, body, answer.text)
    typed = {"content-type": "application/json"}
    assert (await city.call("POST", path, "operator01", content=b"{")).status_code == 415
    assert (await city.call("POST", path, "unit01", content=b"{")).status_code == 404
    assert (await city.call("POST", path, "operator01", content=b"{", headers=typed)).status_code == 400
    assert (
        await city.post(f"/reports/{made['id']}/actions/file", "lead01", {"cases": [{"condition": 1}]})
    ).status_code == 409
    assert (await city.post(path, "operator01", {**ACCEPTED, "as_post": "shift_lead"})).status_code == 403


async def test_out_of_reach_and_not_there_cannot_be_told_apart(city: Served, case: Json) -> None:
    home = case["district_code"]
    away = next(code for code, area in city.book.areas.items() if area.parent_code is None and code != home)
    for post in (Post.INSPECTOR, Post.OPERATOR, Post.SUPERVISOR):
        await city.employ(f"away-{post}-{case['case_no']}", Appointment(post=post, desk="city", region_code=away))
    outsiders = [
        *(f"away-{post}-{case['case_no']}" for post in (Post.INSPECTOR, Post.OPERATOR, Post.SUPERVISOR)),
        *(_stranger(city, case["unit_code"]), "admin01"),
    ]
    for who in outsiders:
        nothing = _but_for_the_path(await city.get(f"/cases/{uuid4()}", who))
        assert nothing["status"] == 404
        for thing, own in (("cases", case["id"]), ("reports", case["report_id"])):
            views = ("", "/history", "/clock", "/routing", "/actions") if thing == "cases" else ("", "/actions")
            for subject_id in (own, str(uuid4()), "not-an-id", "0" * 300, "1;drop"):
                for path in (f"/{thing}/{subject_id}{view}" for view in views):
                    answer = await city.get(path, who)
                    assert answer.status_code == 404, (who, path)
                    assert _but_for_the_path(answer) == nothing, (who, path)
                for body in ({}, {"odd": 1}, {"note": "x"}):
                    answer = await city.post(f"/{thing}/{subject_id}/actions/{_ACTION[thing]}", who, body)
                    assert _but_for_the_path(answer) == nothing, (who, thing, subject_id, answer.text)
    for who in (case["owner"], "unit01"):
        assert (await city.get(f"/reports/{case['report_id']}", who)).status_code == 404


_ACTION = {"cases": "note", "reports": "accept"}


async def test_lists_leave_out_what_is_out_of_reach(city: Served, case: Json) -> None:
    stranger = _stranger(city, case["unit_code"])
    for who in (stranger, "admin01"):
        for path in ("/cases", "/reports"):
            answer = await city.get(path, who, params={"limit": 500})
            assert answer.status_code == 200
            assert {case["id"], case["report_id"]}.isdisjoint({one["id"] for one in answer.json()["items"]})
    assert (await city.get("/reports", case["owner"])).json()["items"] == []
    above = next(
        name
        for code, name in city.accounts.items()
        if case["unit_code"] in city.book.units_below(code) and code != case["unit_code"]
    )
    assert (await city.get(f"/cases/{case['id']}", above)).status_code == 200


async def test_a_batch_answers_each_of_its_items(city: Served, case: Json) -> None:
    made = [(await city.post("/reports", "inspector01", report(city.place()))).json()["id"] for _ in range(2)]
    await city.act("reports", made[1], "accept", "operator01", **ACCEPTED)
    missing = str(uuid4())
    wanted = {**ACCEPTED, "ids": [made[0], made[1], missing]}
    answer = await city.post("/reports/actions/accept", "operator01", wanted)
    assert answer.status_code == 200
    assert [(one["id"], one["status"]) for one in answer.json()["items"]] == [
        (made[0], 200),
        (made[1], 409),
        (missing, 404),
    ]
    assert answer.json()["items"][1]["problem"]["code"] == "action_not_allowed"
    stranger = _stranger(city, case["unit_code"])
    answer = await city.post("/cases/actions/note", stranger, {"text": "x", "ids": [case["id"], missing]})
    first, second = answer.json()["items"]
    assert first["problem"] == second["problem"]
    answer = await city.post("/cases/actions/close", case["owner"], {"ids": [case["id"], missing]})
    assert [one["status"] for one in answer.json()["items"]] == [403, 404]
    for ids in ([], [missing] * 201):
        assert (await city.post("/cases/actions/note", "lead01", {"text": "x", "ids": ids})).status_code == 422
    assert (
        await city.post("/cases/actions/note", "lead01", {"text": "x", "ids": [missing], "odd": 1})
    ).status_code == 422


async def test_a_batch_sent_again_under_its_key_changes_nothing(city: Served, case: Json) -> None:
    key, other = {"Idempotency-Key": str(uuid4())}, await dispatched(city)
    body = {"text": "同一份", "ids": [case["id"], other["id"]]}
    first = await city.post("/cases/actions/note", "lead01", body, headers=key)
    again = await city.post("/cases/actions/note", "lead01", body, headers=key)
    assert again.json() == first.json()
    for one in (case, other):
        steps = (await city.get(f"/cases/{one['id']}/history", "lead01")).json()["items"]
        assert [step["action"] for step in steps].count("note") == 1, (first.json(), steps)
