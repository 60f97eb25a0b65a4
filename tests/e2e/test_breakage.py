"""What once broke the service or slipped past it: each of these was a 500, a silent default or a double effect."""

import base64
import json
from typing import get_args
from uuid import uuid4

import pytest

from app.api.case_params import Flag
from tests.e2e.served import Json, Served, location, report

ENDS_OF_TIME = ("9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")
FLAGS = (
    *("reworked", "returned", "extended", "suspended", "reopened", "recurrent", "urged"),
    *("request_pending", "appeal_pending"),
)
JSON = {"content-type": "application/json"}


async def _dispatched(city: Served) -> Json:
    made = (await city.post("/reports", "inspector01", report(city.place()))).json()
    await city.act("reports", made["id"], "accept", "operator01", kind="event", category="0110")
    filed = await city.act("reports", made["id"], "file", "lead01", cases=[{"condition": 1}])
    return await city.act("cases", filed["cases"][0]["id"], "dispatch", "dispatcher01")


async def _citizens(city: Served) -> tuple[str, Json]:
    body = {"description": "路灯不亮", "location": location(city.place())}
    made: Json = (await city.post("/citizen/reports", None, body)).json()
    return f"/citizen/reports/{made['receipt_no']}", {"X-Query-Code": made["query_code"]}


@pytest.mark.parametrize("instant", ENDS_OF_TIME)
async def test_an_instant_that_could_never_be_told_again_is_refused(city: Served, instant: str) -> None:
    case = await _dispatched(city)
    note = {"text": "x", "occurred_at": instant}
    assert (await city.post(f"/cases/{case['id']}/actions/note", "operator01", note)).status_code == 422
    many = {**note, "ids": [case["id"]]}
    assert (await city.post("/cases/actions/note", "operator01", many)).status_code == 422
    odd = report(city.place(), occurred_at=instant)
    assert (await city.post("/reports", "inspector01", odd)).status_code == 422
    del odd["source"]
    assert (await city.post("/citizen/reports", None, odd)).status_code == 422
    assert (await city.get("/cases", "operator01", params={"filed_from": instant})).status_code == 422
    assert (await city.get(f"/cases/{case['id']}/history", "operator01")).status_code == 200


async def test_names_and_receipts_that_no_database_holds_are_nobodys(city: Served) -> None:
    form = {"username": "a\x00", "password": "x"}
    assert (await city.client.post("/api/v1/auth/token", data=form)).status_code == 422
    code = {"X-Query-Code": "x"}
    nothing = await city.get("/citizen/reports/NOSUCHRECEIPT", headers=code)
    assert nothing.status_code == 404
    for receipt_no in ("%00", "A%00", "%ED%A0%80", "--", "%20"):
        answer = await city.get(f"/citizen/reports/{receipt_no}", headers=code)
        assert answer.status_code == 404, receipt_no
        assert {**answer.json(), "instance": ""} == {**nothing.json(), "instance": ""}


async def test_half_characters_come_back_as_a_refusal(city: Served) -> None:
    for path, who in (("/reports", "inspector01"), ("/cases/actions/note", "operator01"), ("/citizen/reports", None)):
        for body in (rb'{"\ud800": 1}', rb'{"description": "\udfff", "text": "\ud800"}', rb'{"a\u0000": "\u0000"}'):
            answer = await city.call("POST", path, who, content=body, headers=JSON)
            assert answer.status_code == 422, (path, body)


async def test_a_second_person_who_is_nobody_voids_nothing(city: Served) -> None:
    case = await _dispatched(city)
    wanted = {"reason_code": "by_mistake", "second_person": str(uuid4())}
    answer = await city.post(f"/cases/{case['id']}/actions/void", "lead01", wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "second_person_unknown")
    me = (await city.get("/me", "operator01")).json()["account"]["id"]
    answer = await city.post(f"/cases/{case['id']}/actions/void", "lead01", {**wanted, "second_person": me})
    assert (answer.status_code, answer.json()["code"]) == (422, "second_person_unknown")


async def test_an_inspector_must_classify_under_whatever_source(city: Served) -> None:
    for source in ("leader", "walk_in", "hotline_12345"):
        said = report(city.place(), source=source)
        del said["category"]
        answer = await city.post("/reports", "inspector01", said)
        assert (answer.status_code, answer.json()["code"]) == (422, "category_required"), source
        assert (await city.post("/reports", "operator01", said)).status_code == 201
    operation = {"op": "report", "client_id": str(uuid4()), "body": said}
    batch = {"device_id": "d1", "operations": [operation]}
    synced = (await city.post("/inspector/sync", "inspector01", batch)).json()["items"][0]
    assert (synced["status"], synced["problem"]["code"]) == ("rejected", "category_required")


async def _steps(city: Served, receipt_no: str) -> int:
    listed = (await city.get("/reports", "operator01", params={"limit": 500})).json()["items"]
    return next(int(one["version"]) for one in listed if one["receipt_no"] == receipt_no)


async def test_a_citizens_key_urges_once(city: Served) -> None:
    path, code = await _citizens(city)
    receipt_no = path.rpartition("/")[2]
    key = {**code, "Idempotency-Key": "k1"}
    for headers, steps in ((key, 2), (key, 2), (code, 3), (code, 4)):
        assert (await city.post(f"{path}/urge", headers=headers)).status_code == 200
        assert await _steps(city, receipt_no) == steps
    other, code = await _citizens(city)
    assert (await city.post(f"{other}/urge", headers={**code, "Idempotency-Key": "k1"})).status_code == 200
    assert await _steps(city, other.rpartition("/")[2]) == 2


async def test_a_citizens_key_stands_for_one_evaluation(city: Served) -> None:
    made = (await city.post("/reports", "inspector01", report(city.place()))).json()
    path, code = f"/citizen/reports/{made['receipt_no']}", {"X-Query-Code": made["query_code"]}
    await city.act("reports", made["id"], "accept", "operator01", kind="event", category="0110")
    await city.act("reports", made["id"], "file", "lead01", cases=[{"condition": 1}])
    key, said = {**code, "Idempotency-Key": "k1"}, {"solved": True, "satisfaction": 5}
    answers = [await city.post(f"{path}/evaluation", None, said, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert await _steps(city, made["receipt_no"]) == 4
    other = await city.post(f"{path}/evaluation", None, {"solved": False, "satisfaction": 1}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_every_body_may_be_refused_as_unreadable_too_large_or_of_another_type(city: Served) -> None:
    for path, methods in city.app.openapi()["paths"].items():
        for method, route in methods.items():
            if "requestBody" in route and "hotline" not in path:
                assert {"400", "413", "415"} <= set(route["responses"]), (method, path)


async def test_a_cursor_serves_the_order_it_was_made_in(city: Served) -> None:
    for _ in range(2):
        await _dispatched(city)
    orders = ("-filed_at", "due_at", "-updated_at")
    cursors = {}
    for order in orders:
        page = (await city.get("/cases", "operator01", params={"sort": order, "limit": 1})).json()
        cursors[order] = page["next"]
    for made in orders:
        for order in orders:
            answer = await city.get("/cases", "operator01", params={"sort": order, "after": cursors[made]})
            assert answer.status_code == (200 if made == order else 422), (made, order)
        assert (await city.get("/reports", "operator01", params={"after": cursors[made]})).status_code == 422


async def test_no_forged_cursor_reaches_the_database(city: Served) -> None:
    last, one = "9999-12-31T23:59:59-14:00", str(uuid4())
    forged: list[object] = [
        ["-filed_at", "2026-03-02T01:00:00", one],
        ["-filed_at", last, one],
        [last, one],
        [[]],
        None,
    ]
    for values in forged:
        after = _cursor(values)
        answer = await city.get("/cases", "operator01", params={"after": after})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor"), values
    asked = {"from": "2026-03-01", "to": "2026-04-01", "count": "filed"}
    now = "2026-03-02T01:00:00+00:00"
    forged = [[now, now, one, 10**19, 0], [now, now, one, 1, "9" * 30], [now, now, one, 1e400, 0]]
    for values in forged:
        answer = await city.get("/stats/cases", "operator01", params={**asked, "after": _cursor(values)})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor"), values


async def test_a_flag_that_nobody_raises_is_a_typing_error(city: Served) -> None:
    assert get_args(Flag) == tuple(FLAGS)
    for flag in FLAGS:
        assert (await city.get("/cases", "operator01", params={"flag": flag})).status_code == 200
    assert (await city.get("/cases", "operator01", params={"flag": "revorked"})).status_code == 422


async def test_what_is_wrong_with_a_field_is_said_in_chinese(city: Served) -> None:
    body = {"source": "nowhere", "description": "", "condition": 0, "odd": 1, "client_id": "x", "occurred_at": "now"}
    errors = (await city.post("/reports", "inspector01", body)).json()["errors"]
    wrong = {tuple(one["where"]) for one in errors}
    assert {("body", name) for name in body} == wrong
    asked = await city.get("/cases", "operator01", params={"limit": 0, "filed_from": "2026-13-01", "near": "x"})
    batch = {"device_id": "d", "operations": [{"op": "verify", "client_id": str(uuid4()), "body": {"result": "odd"}}]}
    synced = (await city.post("/inspector/sync", "inspector01", batch)).json()["items"][0]["problem"]
    for one in (*errors, *asked.json()["errors"], *synced["errors"]):
        assert any("\u4e00" <= character <= "\u9fff" for character in one["message"]), one


async def test_who_was_not_reached_has_no_opinion(city: Served) -> None:
    case = await _dispatched(city)
    report_id = (await city.get(f"/cases/{case['id']}", "operator01")).json()["reports"][0]["id"]
    path, said = f"/cases/{case['id']}/actions/call_back", {"report_id": report_id, "reached": False}
    for opinion in ({"solved": True}, {"satisfaction": 5}, {"opinion": "好"}):
        assert (await city.post(path, "operator01", {**said, **opinion})).status_code == 422
        many = {**said, **opinion, "ids": [case["id"]]}
        assert (await city.post("/cases/actions/call_back", "operator01", many)).status_code == 422


def _cursor(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
