"""The ways of a case from report to end, each step by the post it belongs to, and what is said to be possible."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.models.people import Account
from tests.e2e.served import MONDAY, Json, Served, location, report

POSTS = ("operator01", "lead01", "dispatcher01")
ACCEPTED = {"kind": "event", "category": "0110"}


@pytest.fixture(autouse=True)
async def _monday(city: Served) -> None:
    """Begin each way at nine o'clock of the same Monday."""
    city.clock.at = MONDAY


async def _received(city: Served, **more: object) -> str:
    answer = await city.post("/reports", "inspector01", report(city.place(), **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _filed(city: Served, report_id: str) -> Json:
    await city.act("reports", report_id, "accept", "operator01", **ACCEPTED)
    filed = await city.act("reports", report_id, "file", "lead01", cases=[{"condition": 1}])
    case: Json = filed["cases"][0]
    return case


async def _dispatched(city: Served) -> tuple[Json, str]:
    """Return a dispatched case and the account of its unit."""
    filed = await _filed(city, await _received(city))
    case = await city.act("cases", filed["id"], "dispatch", "dispatcher01")
    return case, city.accounts[case["unit_code"]]


async def _inspector(city: Served, case: Json) -> str:
    async with city.sessions() as session:
        return str(await session.scalar(select(Account.username).where(Account.id == case["inspector_id"])))


async def _checked(city: Served, case_id: str, unit: str) -> Json:
    await city.act("cases", case_id, "dispose", unit, result="solved", public_answer="已清理")
    sent = await city.act("cases", case_id, "send_check", "operator01")
    return await city.act("cases", case_id, "check", await _inspector(city, sent), result="pass")


async def _closed(city: Served, case_id: str, unit: str) -> Json:
    await _checked(city, case_id, unit)
    return await city.act("cases", case_id, "close", "lead01")


async def _ask(city: Served, case_id: str, action: str, unit: str, **body: Any) -> str:
    asked = await city.act("cases", case_id, action, unit, **body)
    (pending,) = asked["requests"]
    return str(pending["id"])


async def test_the_plain_way(city: Served) -> None:
    case, unit = await _dispatched(city)
    closed = await _closed(city, case["id"], unit)
    assert (closed["state"], closed["end_kind"], closed["public_answer"]) == ("closed", "solved", "已清理")
    steps = (await city.get(f"/cases/{case['id']}/history", "lead01")).json()["items"]
    assert [(one["action"], one["from"], one["to"], one["post"]) for one in steps] == [
        ("file", None, "filed", "shift_lead"),
        ("dispatch", "filed", "dispatched", "dispatcher"),
        ("dispose", "dispatched", "disposed", "unit"),
        ("send_check", "disposed", "checking", "operator"),
        ("check", "checking", "checked", "inspector"),
        ("close", "checked", "closed", "shift_lead"),
    ]
    assert [one["number"] for one in steps] == [1, 2, 3, 4, 5, 6]
    assert closed["version"] == 6


async def test_a_returned_case_goes_to_another_unit(city: Served) -> None:
    case, unit = await _dispatched(city)
    other = next(code for code in city.accounts if code != case["unit_code"])
    request = await _ask(city, case["id"], "request_return", unit, reason_code="not_our_area", proposed_unit=other)
    twice = await city.post(f"/cases/{case['id']}/actions/request_return", unit, {"reason_code": "not_our_area"})
    assert (twice.status_code, twice.json()["code"]) == (409, "action_not_allowed")
    for who in ("operator01", "lead01", unit):
        answer = await city.post(f"/cases/{case['id']}/actions/grant", who, {"request_id": request})
        assert answer.status_code == 403, (who, answer.text)
    back = await city.act("cases", case["id"], "grant", "dispatcher01", request_id=request)
    assert back["state"] == "filed"
    city.clock.pass_by(minutes=5)
    again = await city.act(
        "cases", case["id"], "dispatch", "dispatcher01", unit_code=other, reason_code="local_knowledge"
    )
    assert again["unit_code"] == other
    assert again["case_due_at"] == case["case_due_at"]
    assert again["leg_due_at"] > case["leg_due_at"]
    assert [(leg["unit_code"], leg["end"]) for leg in again["legs"]] == [(case["unit_code"], "returned"), (other, None)]
    assert (await city.get(f"/cases/{case['id']}", unit)).status_code == 200
    assert (await city.post(f"/cases/{case['id']}/actions/dispose", unit, {"result": "solved"})).status_code == 403


async def test_a_refused_return_stays(city: Served) -> None:
    case, unit = await _dispatched(city)
    request = await _ask(city, case["id"], "request_return", unit, reason_code="not_our_area")
    assert (
        await city.post(f"/cases/{case['id']}/actions/refuse", "dispatcher01", {"request_id": request})
    ).status_code == 422
    kept = await city.act("cases", case["id"], "refuse", "dispatcher01", request_id=request, text="属贵单位职责")
    assert (kept["state"], kept["unit_code"], kept["requests"]) == ("dispatched", case["unit_code"], [])


async def test_an_extension_moves_both_clocks(city: Served) -> None:
    case, unit = await _dispatched(city)
    more = {"value": 2, "unit": "work_hour"}
    request = await _ask(city, case["id"], "request_extension", unit, reason_code="weather", limit=more)
    later = await city.act("cases", case["id"], "grant", "lead01", request_id=request)
    assert later["case_due_at"] > case["case_due_at"]
    assert later["leg_due_at"] > case["leg_due_at"]
    assert "extended" in later["flags"]
    clock = (await city.get(f"/cases/{case['id']}/clock", "lead01")).json()["case"]
    assert sum(one["minutes"] for one in clock["segments"]) == clock["used_minutes"] + clock["left_minutes"] == 360
    too_long = {"reason_code": "weather", "limit": {"value": 9, "unit": "work_hour"}}
    refused = await city.post(f"/cases/{case['id']}/actions/request_extension", unit, too_long)
    assert refused.status_code == 422


async def test_a_suspension_pauses_and_resumes(city: Served) -> None:
    case, unit = await _dispatched(city)
    until = (city.clock() + timedelta(days=10)).isoformat()
    request = await _ask(city, case["id"], "request_suspension", unit, reason_code="season", until=until)
    rests = await city.act("cases", case["id"], "grant", "lead01", request_id=request)
    assert rests["state"] == "suspended"
    disposing = await city.post(f"/cases/{case['id']}/actions/dispose", unit, {"result": "solved"})
    assert disposing.status_code == 409
    city.clock.pass_by(days=7)
    goes_on = await city.act("cases", case["id"], "resume", unit)
    assert goes_on["state"] == "dispatched"
    assert case["case_due_at"] < goes_on["case_due_at"] < rests["case_due_at"]


async def test_a_failed_check_goes_back_to_the_same_unit(city: Served) -> None:
    case, unit = await _dispatched(city)
    await city.act("cases", case["id"], "dispose", unit, result="solved")
    sent = await city.act("cases", case["id"], "send_check", "operator01")
    inspector = await _inspector(city, sent)
    assert inspector != "inspector01"
    tasks = (await city.get("/inspector/tasks", inspector)).json()["items"]
    assert case["id"] in {one["case_id"] for one in tasks}
    checking = f"/cases/{case['id']}/actions/check"
    assert (await city.post(checking, "inspector01", {"result": "pass"})).status_code == 403
    assert (await city.post(checking, inspector, {"result": "fail"})).status_code == 422
    back = await city.act("cases", case["id"], "check", inspector, result="fail", code="not_done")
    assert (back["state"], back["unit_code"]) == ("dispatched", case["unit_code"])
    assert "reworked" in back["flags"]
    assert (await _closed(city, case["id"], unit))["state"] == "closed"


async def test_a_check_without_access_is_offered_to_another(city: Served) -> None:
    case, unit = await _dispatched(city)
    await city.act("cases", case["id"], "dispose", unit, result="gone")
    sent = await city.act("cases", case["id"], "send_check", "operator01")
    first = await _inspector(city, sent)
    tried = await city.post(f"/cases/{case['id']}/actions/check", first, {"result": "no_access"})
    assert tried.status_code == 200, tried.text
    offered = (await city.get(f"/cases/{case['id']}", "lead01")).json()
    assert offered["state"] == "checking"
    second = await _inspector(city, offered)
    assert second != first
    passed = await city.act("cases", case["id"], "check", second, result="not_found")
    assert passed["state"] == "checked"


async def test_a_sync_checks_once(city: Served) -> None:
    case, unit = await _dispatched(city)
    await city.act("cases", case["id"], "dispose", unit, result="solved")
    sent = await city.act("cases", case["id"], "send_check", "operator01")
    inspector = await _inspector(city, sent)
    check = {"op": "check", "client_id": str(uuid4()), "body": {"case_id": case["id"], "result": "pass"}}
    batch = {"device_id": "d2", "operations": [check]}
    for status in ("applied", "duplicate"):
        items = (await city.post("/inspector/sync", inspector, batch)).json()["items"]
        assert [one["status"] for one in items] == [status], items
    assert (await city.get(f"/cases/{case['id']}", "lead01")).json()["state"] == "checked"


async def test_a_void_case_is_over(city: Served) -> None:
    filed = await _filed(city, await _received(city))
    voided = await city.act("cases", filed["id"], "void", "lead01", reason_code="filed_by_mistake")
    assert voided["state"] == "voided"
    for action, who in (("dispatch", "dispatcher01"), ("reopen", "operator01")):
        body = {"reason_code": "x"}
        assert (await city.post(f"/cases/{filed['id']}/actions/{action}", who, body)).status_code == 409


async def test_an_overdue_case_is_voided_by_two(city: Served) -> None:
    case, _ = await _dispatched(city)
    city.clock.pass_by(days=3)
    path, body = f"/cases/{case['id']}/actions/void", {"reason_code": "filed_by_mistake"}
    assert (await city.post(path, "lead01", body)).json()["code"] == "second_person_required"
    me = (await city.get("/me", "lead01")).json()["account"]["id"]
    assert (await city.post(path, "lead01", {**body, "second_person": me})).status_code == 422
    other = (await city.get("/me", "lead02")).json()["account"]["id"]
    for nobody in (str(uuid4()), (await city.get("/me", "unit01")).json()["account"]["id"]):
        answer = await city.post(path, "lead01", {**body, "second_person": nobody})
        assert answer.status_code == 422, answer.text
    assert (await city.post(path, "lead01", {**body, "second_person": other})).status_code == 200


async def test_a_reopened_case_starts_a_round(city: Served) -> None:
    case, unit = await _dispatched(city)
    await _closed(city, case["id"], unit)
    again = await city.act("cases", case["id"], "reopen", "operator01", reason_code="dissatisfied")
    assert (again["state"], again["round"], again["unit_code"]) == ("dispatched", 2, case["unit_code"])
    assert (await _closed(city, case["id"], unit))["round"] == 2
    city.clock.pass_by(days=16)
    late = await city.post(f"/cases/{case['id']}/actions/reopen", "operator01", {"reason_code": "dissatisfied"})
    assert late.status_code == 409


async def test_a_report_joins_a_case_and_leaves_it_again(city: Served) -> None:
    case, unit = await _dispatched(city)
    joins = await _received(city)
    merged = await city.act("reports", joins, "merge", "operator01", into_case=case["id"])
    assert (merged["state"], [one["id"] for one in merged["cases"]]) == ("merged", [case["id"]])
    carried = (await city.get(f"/cases/{case['id']}", "lead01")).json()["reports"]
    assert joins in {one["id"] for one in carried}
    left = await city.act("reports", joins, "unmerge", "operator01", reason_code="not_same")
    assert (left["state"], left["cases"]) == ("accepted", [])
    await _closed(city, case["id"], unit)
    into_closed = await city.post(f"/reports/{joins}/actions/merge", "operator01", {"into_case": case["id"]})
    assert into_closed.status_code == 409
    nowhere = await city.post(f"/reports/{joins}/actions/merge", "operator01", {"into_case": str(uuid4())})
    assert nowhere.status_code == 422


async def test_an_inspector_mends_it_himself(city: Served) -> None:
    mended = await _received(city)
    assert (await city.post(f"/reports/{mended}/actions/self_dispose", "inspector02", {})).status_code == 404
    assert (await city.act("reports", mended, "self_dispose", "inspector01"))["state"] == "self_disposed"
    assert (await city.post(f"/reports/{mended}/actions/accept", "operator01", ACCEPTED)).status_code == 409


async def test_a_report_is_verified_first(city: Served) -> None:
    body = {**ACCEPTED, "description": "请核实", "location": location(city.place())}
    report_id = (await city.post("/citizen/reports", None, body)).json()["id"]
    await city.act("reports", report_id, "request_verification", "operator01")
    verifier = None
    for number in range(1, 17):
        who = f"inspector{number:02d}"
        tasks = (await city.get("/inspector/tasks", who)).json()["items"]
        if report_id in {one["report_id"] for one in tasks}:
            verifier = who
    assert verifier is not None
    other = "inspector01" if verifier != "inspector01" else "inspector02"
    path = f"/reports/{report_id}/actions/verify"
    assert (await city.post(path, other, {"result": "true"})).status_code == 404
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        done = await city.post(path, verifier, {"result": "true"}, headers=key)
        assert (done.status_code, done.json()["state"]) == (200, "received"), done.text
    assert (await city.get(f"/reports/{report_id}", verifier)).status_code == 404
    assert (await city.post(path, verifier, {"result": "false"}, headers=key)).status_code == 404
    assert (await city.get(f"/reports/{report_id}", "operator01")).json()["state"] == "received"


async def test_a_citizen_follows_his_report(city: Served) -> None:
    body = {**ACCEPTED, "description": "垃圾", "location": location(city.place())}
    made = (await city.post("/citizen/reports", None, body)).json()
    path, code = f"/citizen/reports/{made['receipt_no']}", {"X-Query-Code": made["query_code"]}
    case = await _filed(city, made["id"])
    sent = await city.act("cases", case["id"], "dispatch", "dispatcher01")
    await _closed(city, case["id"], city.accounts[sent["unit_code"]])
    told = (await city.get(path, headers=code)).json()
    assert told["public_answer"] == "已清理"
    wrong = await city.get(path, headers={"X-Query-Code": "WRONG"})
    missing = await city.get("/citizen/reports/NOSUCHRECEIPT", headers=code)
    assert (wrong.status_code, missing.status_code) == (404, 404)
    assert {**wrong.json(), "instance": ""} == {**missing.json(), "instance": ""}
    said = await city.post(f"{path}/evaluation", None, {"satisfaction": 1, "solved": False}, headers=code)
    assert said.status_code == 200, said.text


_SAMPLES: dict[str, Json] = {
    "accept": ACCEPTED,
    "accept_file_dispatch": {**ACCEPTED, "cases": [{"condition": 1}]},
    "reject": {"reason_code": "unclear"},
    "answer": {"reason_code": "advice"},
    "forward": {"reason_code": "other_city"},
    "withdraw": {"reason_code": "by_mistake"},
    "unmerge": {"reason_code": "not_same"},
    "file": {"cases": [{"condition": 1}]},
    "verify": {"result": "true"},
    "contact": {"reached": True, "at": "2026-03-02T09:00:00+08:00", "method": "via_desk"},
    "request_return": {"reason_code": "not_our_area"},
    "request_extension": {"reason_code": "weather"},
    "dispose": {"result": "solved"},
    "check": {"result": "pass"},
    "desk_check": {"result": "pass"},
    "void": {"reason_code": "filed_by_mistake"},
    "reopen": {"reason_code": "dissatisfied"},
    "note": {"text": "说明"},
    "tag": {"add": ["typhoon"]},
    "amend": {"condition": 1},
}
_NEEDS_MORE = {
    *("merge", "merge_case", "grant", "refuse", "request_suspension", "call_back"),
    *("assign_sub", "return_sub", "report_up"),
}
"""Actions that need the id of something else, or a time to come."""


@pytest.mark.parametrize("stage", ["filed", "dispatched", "signed", "disposed", "checking", "checked", "closed"])
async def test_what_is_said_to_be_possible_is_and_nothing_else(city: Served, stage: str) -> None:
    case, people = await _at_stage(city, stage)
    tried = 0
    for place, who in enumerate(people):
        path = f"/cases/{case['id']}/actions"
        offered = {one["action"]: one["fields"] for one in (await city.get(path, who)).json()["items"]}
        for action in sorted(_CASE_ACTIONS - set(offered) - _NEEDS_MORE):
            refused = await city.post(f"{path}/{action}", who, _SAMPLES.get(action, {}))
            assert refused.status_code in {403, 409}, (who, action, refused.text)
        for action in sorted(set(offered) - _NEEDS_MORE):
            assert offered[action]["additionalProperties"] is False
            fresh, others = await _at_stage(city, stage)
            done = await city.post(f"/cases/{fresh['id']}/actions/{action}", others[place], _SAMPLES.get(action, {}))
            assert done.status_code == 200, (others[place], action, done.text)
            tried += 1
    assert tried >= 5


async def test_who_rules_is_told_while_there_is_something_to_rule_on(city: Served) -> None:
    case, unit = await _dispatched(city)

    async def offered(who: str) -> set[str]:
        items = (await city.get(f"/cases/{case['id']}/actions", who)).json()["items"]
        return {one["action"] for one in items}

    rulings = {"grant", "refuse"}
    assert rulings.isdisjoint(await offered("dispatcher01") | await offered("lead01"))
    request = await _ask(city, case["id"], "request_return", unit, reason_code="not_our_area")
    assert rulings <= await offered("dispatcher01")
    assert rulings.isdisjoint(await offered("lead01"))
    assert "request_extension" not in await offered(unit)
    await city.act("cases", case["id"], "refuse", "dispatcher01", request_id=request, text="属贵单位职责")
    assert "request_extension" in await offered(unit)
    assert "request_return" not in await offered(unit)
    city.clock.pass_by(days=2)
    assert "request_extension" not in await offered(unit)


_CASE_ACTIONS = {
    *("dispatch", "recall", "sign", "contact", "request_return", "request_extension", "resume", "dispose"),
    *("send_check", "check", "desk_check", "close", "void", "reopen", "urge", "note", "tag", "take_up", "hand_over"),
    *_NEEDS_MORE,
} - {"merge"}


async def _at_stage(city: Served, stage: str) -> tuple[Json, list[str]]:
    """Return a case of a stage and everybody who works on it."""
    filed = await _filed(city, await _received(city))
    people = [*POSTS, "supervisor01", "coordinator01", "inspector01"]
    if stage == "filed":
        return filed, people
    case = await city.act("cases", filed["id"], "dispatch", "dispatcher01")
    unit = city.accounts[case["unit_code"]]
    people.append(unit)
    for step in ("signed", "disposed", "checking", "checked", "closed"):
        if stage == "dispatched":
            break
        match step:
            case "signed":
                case = await city.act("cases", case["id"], "sign", unit)
            case "disposed":
                case = await city.act("cases", case["id"], "dispose", unit, result="solved")
            case "checking":
                case = await city.act("cases", case["id"], "send_check", "operator01")
                people.append(await _inspector(city, case))
            case "checked":
                case = await city.act("cases", case["id"], "check", people[-1], result="pass")
            case _:
                case = await city.act("cases", case["id"], "close", "lead01")
        if stage == step:
            break
    return case, people
