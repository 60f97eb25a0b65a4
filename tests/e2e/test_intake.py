"""What comes in by each channel: placed, routed, kept, done once, or refused for the right reason."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.dispatch.access import Appointment
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.case_life import Spot
from app.dispatch.clock import due
from app.dispatch.codes import Kind, Post
from app.models.reports import Report
from app.services.vault import Personal
from tests.e2e.served import FORGED, Json, Served, location, report

FAR = (119.0, 20.0)


def _by_the_book(
    city: Served, place: tuple[float, float], condition: int | None
) -> tuple[Spot, str | None, str | None]:
    """Return spot, unit and rule as the pure rules say."""
    placed = city.book.locate(*place, city.clock(), tolerance_m=30)
    category = city.book.catalogue.find(Kind.EVENT, "0110")
    assert category is not None
    decision = city.book.decide(placed.spot, category.matter(condition), city.clock())
    return placed.spot, decision.unit_code, decision.rule_id


def _agrees(got: Json, spot: Spot, unit: str | None, rule: str | None) -> None:
    assert got["cell_code"] == spot.cell_code
    assert spot.cell_code is not None
    assert got["zones"] == sorted(spot.zones.values())
    assert (got["district_code"], got["street_code"], got["community_code"]) == (
        spot.district,
        spot.street,
        spot.community,
    )
    assert got["routing"]["unit_code"] == unit
    assert got["routing"]["rule_id"] == rule
    assert unit is not None


async def _filed(city: Served, report_id: str) -> Json:
    await city.act("reports", report_id, "accept", "operator01", kind="event", category="0110")
    filed = await city.act("reports", report_id, "file", "lead01", cases=[{"condition": 1}])
    case: Json = filed["cases"][0]
    return case


async def _due_as_the_clock_says(city: Served, report_id: str, unit: str | None) -> None:
    case = await _filed(city, report_id)
    assert case["unit_code"] == unit
    assert case["due_at"] is None
    sent = await city.act("cases", case["id"], "dispatch", "dispatcher01")
    category = city.book.catalogue.find(Kind.EVENT, "0110")
    assert category is not None
    at = due(city.clock(), category.conditions[1].limit, city.book.calendar).at
    for name in ("case_due_at", "leg_due_at", "due_at"):
        assert sent[name] == at.astimezone(LOCAL_ZONE).isoformat()
    assert sent["unit_code"] == unit


async def test_an_inspectors_report_is_placed_routed_and_due(city: Served) -> None:
    place = city.place()
    answer = await city.post("/reports", "inspector01", report(place))
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/reports/{made['id']}"
    spot, unit, rule = _by_the_book(city, place, 1)
    _agrees(made, spot, unit, rule)
    await _due_as_the_clock_says(city, made["id"], unit)


async def test_a_synced_report_is_placed_like_a_single_one_and_a_bad_one_blocks_none(city: Served) -> None:
    place, good, bad = city.place(), str(uuid4()), str(uuid4())
    said = {name: value for name, value in report(place).items() if name != "source"}
    batch = {
        "device_id": "d1",
        "operations": [
            {"op": "report", "client_id": bad, "body": {**said, "odd": 1}},
            {"op": "report", "client_id": good, "body": said},
            {"op": "dance", "client_id": str(uuid4()), "body": {}},
        ],
    }
    first = (await city.post("/inspector/sync", "inspector01", batch)).json()["items"]
    assert [one["status"] for one in first] == ["rejected", "applied", "rejected"]
    assert first[0]["problem"]["status"] == 422
    made = (await city.get(f"/reports/{first[1]['result']['report_id']}", "inspector01")).json()
    spot, unit, rule = _by_the_book(city, place, 1)
    _agrees(made, spot, unit, rule)
    again = (await city.post("/inspector/sync", "inspector01", batch)).json()["items"]
    assert [one["status"] for one in again] == ["rejected", "duplicate", "rejected"]
    assert again[1]["result"] == first[1]["result"]
    await _due_as_the_clock_says(city, made["id"], unit)


async def test_a_citizens_report_is_placed_routed_and_due(city: Served) -> None:
    place = city.place()
    body = {"kind": "event", "category": "0110", "description": "垃圾没人收", "location": location(place)}
    answer = await city.post("/citizen/reports", None, body)
    assert answer.status_code == 201
    spot, unit, rule = _by_the_book(city, place, None)
    assert answer.json()["cell_code"] == spot.cell_code
    assert answer.json()["routing"] == {}
    seen = (await city.get(f"/reports/{answer.json()['id']}", "operator01")).json()
    _agrees(seen, spot, unit, rule)
    await _due_as_the_clock_says(city, seen["id"], unit)


async def test_a_hotline_order_is_placed_routed_and_due(city: Served) -> None:
    place = city.place()
    taken = await city.order(f"H{uuid4().hex}", kind="event", category="0110", content="垃圾", location=location(place))
    assert taken.status_code == 200
    seen = (await city.get(f"/reports/{taken.json()['report_id']}", "operator01")).json()
    assert seen["source"] == "hotline_12345"
    spot, unit, rule = _by_the_book(city, place, None)
    _agrees(seen, spot, unit, rule)
    await _due_as_the_clock_says(city, seen["id"], unit)


@pytest.mark.parametrize("channel", ["inspector", "citizen", "hotline"])
async def test_a_point_outside_every_cell_is_kept(city: Served, channel: str) -> None:
    body = report(FAR)
    match channel:
        case "inspector":
            answer = await city.post("/reports", "inspector01", body)
            assert answer.status_code == 201
            made = answer.json()["id"]
        case "citizen":
            answer = await city.post("/citizen/reports", None, {k: v for k, v in body.items() if k != "source"})
            assert answer.status_code == 201
            made = answer.json()["id"]
        case _:
            answer = await city.order(f"H{uuid4().hex}", content="远", location=location(FAR))
            assert answer.status_code == 200
            made = answer.json()["report_id"]
    kept = await city.get(f"/reports/{made}", "operator01")
    assert kept.status_code == 200
    assert "out_of_coverage" in kept.json()["attention"]
    assert kept.json()["cell_code"] is None
    districts = [code for code, area in city.book.areas.items() if area.parent_code is None]
    for number, district in enumerate(districts):
        who = f"district{number}-{channel}"
        await city.employ(who, Appointment(post=Post.OPERATOR, desk="city", region_code=district))
        assert (await city.get(f"/reports/{made}", who)).status_code == 404
    for who in ("inspector02", "unit01"):
        assert (await city.get(f"/reports/{made}", who)).status_code == 404
    expected = 200 if channel == "inspector" else 404
    assert (await city.get(f"/reports/{made}", "inspector01")).status_code == expected
    listed = (await city.get("/reports", "operator01", params={"attention": "out_of_coverage"})).json()["items"]
    assert made in {one["id"] for one in listed}


async def test_what_has_no_category_waits_in_the_operators_worklist(city: Served) -> None:
    body = {"description": "不知道归哪类", "location": location(city.place())}
    by_citizen = (await city.post("/citizen/reports", None, body)).json()
    by_hotline = (await city.order(f"H{uuid4().hex}", content="说不清", location=location(city.place()))).json()
    queues = (await city.get("/me/worklist?limit=100", "operator01")).json()["items"]
    waiting = {one["id"]: one for queue in queues if queue["queue"] == "to_accept" for one in queue["items"]}
    for report_id, receipt in ((by_citizen["id"], by_citizen["receipt_no"]), (by_hotline["report_id"], None)):
        assert "no_category" in waiting[report_id]["attention"]
        assert receipt in {None, waiting[report_id]["number"]}


async def test_the_same_event_twenty_times_at_once_is_one_report(city: Served) -> None:
    order_no = f"H{uuid4().hex}"
    answers = await asyncio.gather(*(city.order(order_no, version=1, content="同一件") for _ in range(20)))
    assert [one.status_code for one in answers] == [200] * 20
    said = [one.json() for one in answers]
    assert len({(one["receipt_no"], one["report_id"]) for one in said}) == 1
    assert sum(one["duplicate"] for one in said) == 19
    async with city.sessions() as session:
        held = await session.scalar(select(func.count()).select_from(Report).where(Report.order_no == order_no))
    assert held == 1


async def test_who_signs_wrongly_or_too_late_is_not_believed(city: Served) -> None:
    body = b'{"order_no": "H-forged", "action": "create"}'
    assert (await city.push(body, signature=FORGED)).status_code == 401
    assert (await city.push(body, at=city.clock() - timedelta(minutes=6))).status_code == 401
    assert (await city.push(body, at=city.clock() + timedelta(minutes=6))).status_code == 401
    unsigned = await city.call("POST", "/hotline/demo12345/orders", content=body)
    assert unsigned.status_code == 401
    stranger = await city.call("POST", "/hotline/nobody/orders", content=body)
    assert {**stranger.json(), "instance": ""} == {**unsigned.json(), "instance": ""}
    assert (await city.push(b"{")).status_code == 400
    assert (await city.push(b'{"action": "create"}')).status_code == 422


async def test_unknown_fields_of_the_partner_are_kept_and_ours_refused(city: Served) -> None:
    taken = await city.order(f"H{uuid4().hex}", content="x", odd={"深": ["嵌套", 1]}, urgency="surprising")
    assert taken.status_code == 200
    report_id = UUID(taken.json()["report_id"])
    async with city.sessions() as session:
        opened = await city.app.state.wired.vault.open(session, [report_id], [Personal.RAW_PAYLOAD])
    assert '"odd": {"深": ["嵌套", 1]}' in opened[report_id][Personal.RAW_PAYLOAD][0]
    place = city.place()
    ours = report(place, odd=1)
    assert (await city.post("/reports", "inspector01", ours)).status_code == 422
    assert (await city.post("/citizen/reports", None, {"description": "x", "odd": 1})).status_code == 422
    inside = report(place)
    inside["location"]["odd"] = 1
    assert (await city.post("/reports", "inspector01", inside)).status_code == 422
    assert (await city.post("/reports?odd=1", "inspector01", report(place))).status_code == 422
    for path in ("/reports?odd=1", "/cases?odd=1", "/me?odd=1", "/stats/closure?odd=1", "/dispatch/locate?odd=1"):
        assert (await city.get(path, "operator01")).json()["code"] in {"unknown_parameter", "bad_input"}, path


async def test_a_client_id_is_one_report_for_ever(city: Served) -> None:
    body = report(city.place(), client_id=str(uuid4()))
    first = await city.post("/reports", "inspector01", body)
    second = await city.post("/reports", "inspector01", {**body, "description": "又说一遍"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second.json()["description"] == body["description"]
    for who, path in (("inspector02", "/reports"), ("operator01", "/reports")):
        taken = await city.post(path, who, body)
        assert (taken.status_code, taken.json()["code"]) == (409, "client_id_taken")
    strange = await city.post("/citizen/reports", None, {k: v for k, v in body.items() if k != "source"})
    assert (strange.status_code, strange.json()["code"]) == (409, "client_id_taken")


async def test_a_citizens_client_id_needs_the_same_body(city: Served) -> None:
    body = {"description": "x", "location": location(city.place()), "client_id": str(uuid4())}
    first = await city.post("/citizen/reports", None, body)
    again = await city.post("/citizen/reports", None, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["query_code"] == first.json()["query_code"]
    other = await city.post("/citizen/reports", None, {**body, "description": "y"})
    assert (other.status_code, other.json()["code"]) == (409, "client_id_taken")


async def test_a_key_acts_once(city: Served) -> None:
    key, body = {"Idempotency-Key": str(uuid4())}, report(city.place())
    first = await city.post("/reports", "inspector01", body, headers=key)
    again = await city.post("/reports", "inspector01", body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = await city.post("/reports", "inspector01", {**body, "description": "y"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    somebody = await city.post("/reports", "inspector02", body, headers=key)
    assert somebody.json()["id"] != first.json()["id"]


async def test_a_refusal_does_not_use_the_key_up(city: Served) -> None:
    key, body = {"Idempotency-Key": str(uuid4())}, report(city.place())
    assert (await city.post("/reports", "inspector01", {**body, "odd": 1}, headers=key)).status_code == 422
    made = await city.post("/reports", "inspector01", body, headers=key)
    assert made.status_code == 201
    key = {"Idempotency-Key": str(uuid4())}
    wrong = {"kind": "event", "category": "9999"}
    path = f"/reports/{made.json()['id']}/actions/accept"
    assert (await city.post(path, "operator01", wrong, headers=key)).status_code == 422
    assert (await city.post(path, "operator01", {**wrong, "category": "0110"}, headers=key)).status_code == 200
    assert (await city.post(path, "operator01", {**wrong, "category": "0110"}, headers=key)).status_code == 200
    assert (await city.post(path, "operator01", {**wrong, "category": "0110"})).status_code == 409


async def test_a_key_sent_many_times_at_once_acts_once(city: Served) -> None:
    key, body = {"Idempotency-Key": str(uuid4())}, report(city.place())
    answers = await asyncio.gather(*(city.post("/reports", "inspector01", body, headers=key) for _ in range(8)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["id"] for one in answers}) == 1
    path, accepted = f"/reports/{answers[0].json()['id']}/actions/accept", {"kind": "event", "category": "0110"}
    acted = await asyncio.gather(*(city.post(path, "operator01", accepted, headers=key) for _ in range(8)))
    assert {one.status_code for one in acted} == {200}
    assert {one.json()["version"] for one in acted} == {2}


async def test_citizens_without_a_client_id_do_not_share_keys(city: Served) -> None:
    key = {"Idempotency-Key": "1"}
    bodies = [{"description": f"第{number}位", "location": location(city.place())} for number in range(2)]
    answers = [await city.post("/citizen/reports", None, body, headers=key) for body in bodies]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["receipt_no"] != answers[1].json()["receipt_no"]
    again = await city.post("/citizen/reports", None, bodies[0], headers=key)
    assert again.json()["receipt_no"] == answers[0].json()["receipt_no"]
