"""The end of "not mine": three units give a case back, the coordinator rules, the next one goes right; who counts."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.models.people import Account
from tests.e2e.served import Json, Served, report

ACCEPTED = {"kind": "event", "category": "0110"}
DAY = {"from": "2026-03-02", "to": "2026-03-03"}
RETURNED = {"return_requested": 1, "return_granted": 1}
"""All that a wrong dispatch leaves in the row of the unit it went to."""

OF_REPORTS = {"reported", "valid_reported", "accepted", "taken_up"}
"""These stand under the unit that was proposed when the report came in."""


async def _filed(city: Served, place: tuple[float, float]) -> tuple[Json, Json]:
    """Return a report as it was answered, and the case that was filed of it."""
    received = (await city.post("/reports", "inspector01", report(place))).json()
    await city.act("reports", received["id"], "accept", "operator01", **ACCEPTED)
    filed = await city.act("reports", received["id"], "file", "lead01", cases=[{"condition": 1}])
    case: Json = filed["cases"][0]
    return received, case


async def _returned(city: Served, case_id: str, unit: str) -> Json:
    """Let a unit give the case back, and the dispatcher take it."""
    asked = await city.act("cases", case_id, "request_return", city.accounts[unit], reason_code="not_ours")
    (request,) = asked["requests"]
    assert (request["chain"], request["ruler"]) == (["dispatcher"], "dispatcher")
    back = await city.act("cases", case_id, "grant", "dispatcher01", request_id=request["id"])
    assert back["state"] == "filed"
    city.clock.pass_by(minutes=2)
    return back


async def _sent(city: Served, case_id: str, unit: str) -> Json:
    city.clock.pass_by(minutes=2)
    by_hand = {"unit_code": unit, "reason_code": "local_knowledge"}
    return await city.act("cases", case_id, "dispatch", "dispatcher01", **by_hand)


async def _closed(city: Served, case_id: str, unit: str) -> Json:
    await city.act("cases", case_id, "dispose", city.accounts[unit], result="solved", public_answer="已清理")
    sent = await city.act("cases", case_id, "send_check", "operator01")
    async with city.sessions() as session:
        chosen = select(Account.username).where(Account.id == UUID(sent["inspector_id"]))
        inspector = str(await session.scalar(chosen))
    await city.act("cases", case_id, "check", inspector, result="pass")
    return await city.act("cases", case_id, "close", "lead01")


async def _rows(city: Served, group_by: str) -> dict[str | None, Json]:
    """Return what is not zero in each row of the day's closure table."""
    answer = await city.get("/stats/closure", "supervisor01", params={**DAY, "group_by": group_by})
    assert answer.status_code == 200, answer.text
    return {
        row["group"]["code"] if row["group"] else None: {
            "counts": _counted(row["counts"]),
            "times": _counted(row["times"]),
        }
        for row in answer.json()["rows"]
    }


def _counted(numbers: dict[str, Any]) -> dict[str, int]:
    return {name: number for name, number in numbers.items() if number and name not in OF_REPORTS}


async def _asked_by_the_third(city: Served, case_id: str, unit: str) -> None:
    """Let the third unit ask: it is told that the coordinator rules, and nobody else does."""
    asked = await city.act("cases", case_id, "request_return", city.accounts[unit], reason_code="not_ours")
    (request,) = asked["requests"]
    assert (request["chain"], request["ruler"], request["step"]) == (["coordinator"], "coordinator", 0)
    assert request["ruling_due_at"].startswith("2026-03-03T09:")
    for who, status in (("dispatcher01", 403), ("lead01", 403), ("coordinator01", 409)):
        answer = await city.post(f"/cases/{case_id}/actions/grant", who, {"request_id": request["id"]})
        assert answer.status_code == status, (who, answer.text)
    (queue,) = (await city.get("/me/worklist", "coordinator01")).json()["items"]
    assert (queue["queue"], [item["id"] for item in queue["items"]]) == ("to_arbitrate", [case_id])
    not_his = await city.post(f"/cases/{case_id}/actions/arbitrate", "dispatcher01", {"unit_code": unit})
    assert not_his.status_code == 403


async def _ruled(city: Served, case: Json, places: Json, unit: str) -> None:
    """Let the coordinator name the unit, from now on; the ruling knows its case, and explanations the ruling."""
    wanted = {"unit_code": unit, "ruling": {"scope": "cell"}, "text": "该处由贵单位管养"}
    ruled = await city.act("cases", case["id"], "arbitrate", "coordinator01", **wanted)
    assert (ruled["state"], ruled["unit_code"], ruled["requests"]) == ("dispatched", unit, [])
    assert ruled["case_due_at"] == case["case_due_at"]
    assert ruled["leg_due_at"] > case["leg_due_at"]
    assert [leg["end"] for leg in ruled["legs"]] == ["returned", "returned", "returned", None]
    (ruling,) = (await city.get("/admin/rulings", "coordinator01")).json()["items"]
    assert (ruling["case_id"], ruling["unit_code"], ruling["scope_code"]) == (case["id"], unit, places["cell_code"])
    assert (ruling["kind"], ruling["major"] + ruling["minor"]) == ("event", "0110")
    steps = (await city.get(f"/cases/{case['id']}/history", "coordinator01")).json()["items"]
    assert steps[-1]["details"]["ruling_id"] == ruling["id"]
    point = {name: places["location"][name] for name in ("lon", "lat", "datum")}
    asked = {**point, **ACCEPTED, "condition": 1}
    told = (await city.get("/dispatch/explain", "coordinator01", params=asked)).json()
    assert (told["unit_code"], told["decided_by"], told["rule_id"]) == (unit, "ruling", ruling["id"])


async def test_a_loop_of_three_units_ends_at_the_coordinator(city: Served) -> None:
    place = city.place()
    received, case = await _filed(city, place)
    assert received["routing"]["decided_by"] != "ruling"
    case = await city.act("cases", case["id"], "dispatch", "dispatcher01")
    a = case["unit_code"]
    b, c, d = [code for code in sorted(city.accounts) if code != a][:3]
    await _returned(city, case["id"], a)
    await _sent(city, case["id"], b)
    await _returned(city, case["id"], b)
    await _sent(city, case["id"], c)
    await _asked_by_the_third(city, case["id"], c)
    await _ruled(city, case, received, d)

    again, following = await _filed(city, place)
    assert (again["routing"]["decided_by"], again["routing"]["unit_code"]) == ("ruling", d)
    following = await city.act("cases", following["id"], "dispatch", "dispatcher01")
    assert following["unit_code"] == d
    for one in (case, following):
        city.clock.pass_by(minutes=5)
        assert (await _closed(city, one["id"], d))["state"] == "closed"

    units = await _rows(city, "unit")
    for wrong in (a, b, c):
        assert units[wrong] == {"counts": RETURNED, "times": {}}
    of_both = {"dispatched": 2, "dispatched_accurately": 1, "to_close": 2, "closed_on_time": 2}
    assert of_both.items() <= units[d]["counts"].items()
    assert "return_requested" not in units[d]["counts"]
    async with city.sessions() as session:
        dispatcher = await session.scalar(select(Account.id).where(Account.username == "dispatcher01"))
    for group_by, group in (("desk", "city"), ("dispatcher", str(dispatcher))):
        row = (await _rows(city, group_by))[group]
        assert ({"return_requested": 3, "return_granted": 3} | of_both).items() <= row["counts"].items(), group_by
        assert row["times"] == {"returns": 3}
