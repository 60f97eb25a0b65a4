"""Chains of approval as an administrator lays them down, step by step through the API; works, claims, arbitrations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from tests.e2e.served import Json, Served, location, report

HOTLINE = {"source": "hotline_12345"}
LEAD = "head_of_unit"


@pytest.fixture(autouse=True)
async def _later(city: Served) -> None:
    """Begin each test after the one before: rows of policies that ended then have ended."""
    city.clock.pass_by(minutes=1)


@asynccontextmanager
async def _laid(city: Served, rows: list[Json], **narrowed: str) -> AsyncIterator[None]:
    """Let rows of chains hold for a while."""
    body = {"policy": "approval_chains", "value": rows, "reason": "试行", **narrowed}
    answer = await city.post("/admin/policies", "admin01", body)
    assert answer.status_code == 201, answer.text
    yield
    ended = await city.post(f"/admin/policies/{answer.json()['id']}/end", "admin01", {"reason": "结束"})
    assert ended.status_code == 200, ended.text


async def _dispatched(city: Served, report_id: str) -> tuple[Json, str]:
    """Return the dispatched case of a report, and the account of its unit."""
    accepted = {"kind": "event", "category": "0110", "location": location(city.place())}
    await city.act("reports", report_id, "accept", "operator01", **accepted)
    filed = await city.act("reports", report_id, "file", "lead01", cases=[{"condition": 1}])
    case = await city.act("cases", filed["cases"][0]["id"], "dispatch", "dispatcher01")
    return case, city.accounts[case["unit_code"]]


async def _of_inspector(city: Served) -> tuple[Json, str]:
    received = await city.post("/reports", "inspector01", report(city.place()))
    return await _dispatched(city, received.json()["id"])


async def _of_hotline(city: Served, order_no: str) -> tuple[Json, str]:
    taken = await city.order(order_no, content="路面破损")
    return await _dispatched(city, taken.json()["report_id"])


async def _ask(city: Served, case: Json, action: str, unit: str, **body: Any) -> Json:
    (request,) = (await city.act("cases", case["id"], action, unit, **body))["requests"]
    found: Json = request
    return found


async def _now(city: Served, case: Json) -> Json:
    found: Json = (await city.get(f"/cases/{case['id']}", "lead01")).json()
    return found


async def test_the_head_of_the_unit_first_and_then_the_shift_lead(city: Served) -> None:
    case, unit = await _of_inspector(city)
    await city.employ(LEAD, Appointment(post=Post.UNIT_LEAD, desk="city", unit_code=case["unit_code"]))
    other = next(code for code in city.accounts if code != case["unit_code"])
    await city.employ("head_of_another", Appointment(post=Post.UNIT_LEAD, desk="city", unit_code=other))
    rows: list[Json] = [{"kind": "extension", "posts": ["unit_lead", "shift_lead"]}]
    async with _laid(city, rows, unit_code=case["unit_code"]):
        request = await _ask(city, case, "request_extension", unit, reason_code="weather")
    assert (request["chain"], request["step"], request["ruler"]) == (["unit_lead", "shift_lead"], 0, "unit_lead")
    wish = {"request_id": request["id"]}
    for who, status in (("head_of_another", 404), ("lead01", 403), (unit, 403)):
        answer = await city.post(f"/cases/{case['id']}/actions/grant", who, wish)
        assert answer.status_code == status, (who, answer.text)
    assert await _queued(city, LEAD, "own_to_rule") == [case["id"]]
    assert case["id"] not in await _queued(city, "lead01", "to_rule")
    (request,) = (await city.act("cases", case["id"], "grant", LEAD, **wish))["requests"]
    assert (request["step"], request["ruler"]) == (1, "shift_lead")
    assert await _queued(city, LEAD, "own_to_rule") == []
    assert case["id"] in await _queued(city, "lead01", "to_rule")
    done = await city.act("cases", case["id"], "grant", "lead01", **wish)
    assert (done["requests"], done["case_due_at"] > case["case_due_at"]) == ([], True)
    steps = (await city.get(f"/cases/{case['id']}/history", "lead01")).json()["items"]
    assert [(one["post"], one["details"]["step"]) for one in steps[-2:]] == [("unit_lead", 1), ("shift_lead", 2)]


async def _queued(city: Served, who: str, name: str) -> list[str]:
    queues = (await city.get("/me/worklist", who)).json()["items"]
    return [item["id"] for one in queues if one["queue"] == name for item in one["items"]]


BY_PARTNER: list[Json] = [
    {"kind": "return", "posts": ["dispatcher", "partner"]},
    {"kind": "extension", "posts": ["partner"]},
]


async def test_the_partner_has_the_last_word_on_its_own_orders(city: Served) -> None:
    case, unit = await _of_hotline(city, "K1")
    async with _laid(city, BY_PARTNER, **HOTLINE):
        request = await _ask(city, case, "request_return", unit, reason_code="not_ours")
    await city.order("K1", "return_approved", content="抢先")
    assert (await _now(city, case))["requests"][0]["step"] == 0, "it is not the partner's turn yet"
    await city.act("cases", case["id"], "grant", "dispatcher01", request_id=request["id"])
    assert (await _now(city, case))["requests"][0]["ruler"] == "partner"
    await city.order("K1", "extension_approved", content="说的是别的")
    assert (await _now(city, case))["state"] == "dispatched"
    taken = await city.order("K1", "return_approved", content="同意退回")
    assert taken.status_code == 200
    back = await _now(city, case)
    assert (back["state"], back["legs"][0]["end"]) == ("filed", "returned")
    steps = (await city.get(f"/cases/{case['id']}/history", "lead01")).json()["items"]
    assert (steps[-1]["action"], steps[-1]["post"], steps[-1]["texts"]) == ("grant", "partner", {"text": "同意退回"})


async def test_the_partner_refuses(city: Served) -> None:
    case, unit = await _of_hotline(city, "K2")
    async with _laid(city, BY_PARTNER, **HOTLINE):
        request = await _ask(city, case, "request_extension", unit, reason_code="weather")
    assert request["ruler"] == "partner"
    await city.order("K2", "extension_refused")
    refused = await _now(city, case)
    assert (refused["requests"], refused["case_due_at"]) == ([], case["case_due_at"])
    again = await city.order("K2", "extension_refused", event_id="late")
    assert again.status_code == 200
    looked_at = (await city.get(f"/reports/{again.json()['report_id']}", "operator01")).json()
    assert "unknown_value" in looked_at["attention"]


async def test_works_take_as_long_as_their_plan_says(city: Served) -> None:
    case, unit = await _of_inspector(city)
    until = (city.clock() + timedelta(days=40)).isoformat()
    bare = await city.post(f"/cases/{case['id']}/actions/request_extension", unit, {"reason_code": "engineering"})
    assert (bare.status_code, bare.json()["code"]) == (422, "plan_required")
    request = await _ask(city, case, "request_extension", unit, reason_code="engineering", until=until)
    assert request["chain"] == ["shift_lead", "supervisor"]
    for who in ("lead01", "supervisor01"):
        later = await city.act("cases", case["id"], "grant", who, request_id=request["id"])
    assert later["case_due_at"] >= until[:10]


async def test_evidence_then_the_coordinator_and_no_ruling_unless_he_makes_one(city: Served) -> None:
    case, unit = await _of_inspector(city)
    other = next(code for code in sorted(city.accounts) if code != case["unit_code"])
    asked = await _ask(city, case, "request_return", unit, reason_code="not_ours", proposed_unit=other)
    await city.act("cases", case["id"], "refuse", "dispatcher01", request_id=asked["id"], text="属贵单位职责")
    path = f"/cases/{case['id']}/actions/request_arbitration"
    bare = await city.post(path, unit, {"text": "道路已移交", "media": []})
    assert (bare.status_code, bare.json()["code"]) == (422, "evidence_required")
    wanted = {"text": "道路已移交", "media": ["0192d3a0-5c1e-7a52-9f8a-6f3d2b1c0e4f"], "handle_under_reserve": True}
    request = await _ask(city, case, "request_arbitration", unit, **wanted)
    assert (request["kind"], request["ruler"]) == ("arbitration", "coordinator")
    done = await city.act("cases", case["id"], "dispose", unit, result="solved", public_answer="已清理")
    assert [one["kind"] for one in done["requests"]] == ["arbitration"]
    before = (await city.get("/admin/rulings", "coordinator01")).json()["items"]
    ruled = await city.act("cases", case["id"], "arbitrate", "coordinator01", unit_code=other)
    assert (ruled["state"], ruled["requests"]) == ("disposed", [])
    assert [(leg["unit_code"], leg["end"]) for leg in ruled["legs"]] == [(case["unit_code"], "overruled")]
    assert (await city.get("/admin/rulings", "coordinator01")).json()["items"] == before
    twice = await city.post(f"/cases/{case['id']}/actions/arbitrate", "coordinator01", {"unit_code": other})
    assert (twice.status_code, twice.json()["code"]) == (409, "action_not_allowed")


@pytest.mark.parametrize(
    ("ruling", "where"),
    [
        ({"scope": "cell", "from": "2026-03-01T00:00:00+08:00"}, ["body", "ruling", "from"]),
        ({"scope": "cell", "to": "2026-03-01T00:00:00+08:00"}, ["body", "ruling", "to"]),
        ({"scope": "zone", "scope_code": "nowhere"}, ["body", "ruling", "scope"]),
    ],
)
async def test_a_ruling_that_could_have_no_effect_leaves_no_trace(city: Served, ruling: Json, where: list[str]) -> None:
    case, unit = await _of_inspector(city)
    request = await _ask(city, case, "request_return", unit, reason_code="not_ours")
    await city.act("cases", case["id"], "grant", "dispatcher01", request_id=request["id"])
    body = {"unit_code": case["unit_code"], "ruling": ruling}
    answer = await city.post(f"/cases/{case['id']}/actions/arbitrate", "coordinator01", body)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, where)
    assert (await _now(city, case))["state"] == "filed"
