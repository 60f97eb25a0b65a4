"""One order about two things, and three reports of one: what each reporter is told, when, and what is counted."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select

from app.demo.seed import PARTNER
from app.models.history import HistoryRow
from app.models.people import Account
from app.models.work import OutboxEvent
from tests.e2e.served import MONDAY, Json, Served, location, report

LAMP = {"kind": "component", "category": "0137", "condition": 3}
RUBBISH = {"kind": "event", "category": "0110", "condition": 1}


@pytest.fixture(autouse=True)
async def _monday(city: Served) -> None:
    """Begin on a Monday, with a partner who wants to be told."""
    city.clock.at = MONDAY
    owner = await asyncpg.connect(city.town.admin_dsn)
    try:
        await owner.execute("UPDATE test.partners SET callback_url = 'http://partner.test' WHERE code = $1", PARTNER)
    finally:
        await owner.close()


async def _told(city: Served, order_no: str) -> list[tuple[str, Json]]:
    """Return what goes to the partner about an order, in order."""
    async with city.sessions() as session:
        events = await session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))
        return [(one.kind, one.payload) for one in events if one.payload["order_no"] == order_no]


async def _replies(city: Served, report_id: str) -> int:
    """Return how often a report was answered after its cases."""
    asked = select(HistoryRow.action).where(HistoryRow.subject_id == UUID(report_id))
    async with city.sessions() as session:
        return [str(action) for action in await session.scalars(asked)].count("reply")


async def _send(city: Served, case: Json) -> str:
    """Send a case to the unit that is proposed, or by hand to some other; return the unit's account."""
    given = {} if case["unit_code"] else {"unit_code": next(iter(city.accounts)), "reason_code": "local_knowledge"}
    sent = await city.act("cases", case["id"], "dispatch", "dispatcher01", **given)
    return city.accounts[sent["unit_code"]]


async def _done(city: Served, case_id: str, unit: str, answer: str) -> Json:
    await city.act("cases", case_id, "dispose", unit, result="solved", public_answer=answer)
    sent = await city.act("cases", case_id, "send_check", "operator01")
    async with city.sessions() as session:
        inspector = await session.scalar(select(Account.username).where(Account.id == UUID(sent["inspector_id"])))
    assert inspector is not None
    await city.act("cases", case_id, "check", inspector, result="pass")
    city.clock.pass_by(seconds=1)
    return await city.act("cases", case_id, "close", "lead01")


async def test_one_order_about_a_dark_lamp_and_rubbish_is_answered_when_both_are_done(city: Served) -> None:
    order_no = f"two-{uuid4()}"
    made = await city.order(order_no, title="路灯不亮，灯下有垃圾", location=location(city.place()))
    report_id = made.json()["report_id"]
    await city.act("reports", report_id, "accept", "operator01", kind="event", category="0110")
    filed = await city.act("reports", report_id, "file", "lead01", cases=[LAMP, RUBBISH])
    lamp, rubbish = sorted(filed["cases"], key=lambda one: one["unit_code"] != filed["cases"][0]["unit_code"])
    units = {one: await _send(city, one_case) for one, one_case in (("lamp", lamp), ("rubbish", rubbish))}
    assert units["lamp"] != units["rubbish"]
    about = [(one["category"], one["kind"]) for one in (await _cases(city, lamp, rubbish))]
    assert sorted(about) == [("0110", "event"), ("0137", "component")]

    await _done(city, rubbish["id"], units["rubbish"], "垃圾已清运")
    assert await _replies(city, report_id) == 0
    assert [kind for kind, _ in await _told(city, order_no)].count("case.closed") == 1
    closed = await _done(city, lamp["id"], units["lamp"], "路灯已修复")
    assert closed["state"] == "closed"
    assert await _replies(city, report_id) == 1
    told = await _told(city, order_no)
    assert [kind for kind, _ in told] == [
        "report.accepted",
        *["case.filed"] * 2,
        *["case.dispatched"] * 2,
        *["case.disposed", "case.closed"] * 2,
    ]
    ends = [(one["case_no"], one["public_answer"], one["end_kind"]) for kind, one in told if kind == "case.closed"]
    assert ends == [(rubbish["case_no"], "垃圾已清运", "solved"), (lamp["case_no"], "路灯已修复", "solved")]


async def _cases(city: Served, *cases: Json) -> list[Json]:
    return [(await city.get(f"/cases/{one['id']}", "lead01")).json() for one in cases]


async def test_three_reports_of_one_heap_are_one_case_scored_once_with_three_answers(city: Served) -> None:
    since, place, order_no = city.clock.at - timedelta(seconds=1), city.place(), f"heap-{uuid4()}"
    first = (await city.post("/reports", "inspector01", report(place))).json()
    told = {**RUBBISH, "description": "一堆垃圾", "location": location(place)}
    citizen = (await city.post("/citizen/reports", None, told)).json()
    await city.order(order_no, title="一堆垃圾", location=location(place))
    hotline = (await city.order(order_no, action="supplement", content="还在")).json()["report_id"]
    await city.act("reports", first["id"], "accept", "operator01", kind="event", category="0110")
    case = (await city.act("reports", first["id"], "file", "lead01", cases=[RUBBISH]))["cases"][0]
    for report_id in (citizen["id"], hotline):
        await city.act("reports", report_id, "merge", "operator01", into_case=case["id"])
    unit = await _send(city, case)
    await _done(city, case["id"], unit, "已清运")

    assert [await _replies(city, one) for one in (first["id"], citizen["id"], hotline)] == [1, 1, 1]
    mine = (await city.get(f"/reports/{first['id']}", "inspector01")).json()
    assert (mine["state"], mine["cases"][0]["state"]) == ("filed", "closed")
    code = {"X-Query-Code": citizen["query_code"]}
    followed = (await city.get(f"/citizen/reports/{citizen['receipt_no']}", headers=code)).json()
    assert followed["public_answer"] == "已清运"
    ends = [one["public_answer"] for kind, one in await _told(city, order_no) if kind == "case.closed"]
    assert ends == ["已清运"]
    counts = await _figures(city, since, first["cell_code"])
    assert {name: counts[name] for name in ("filed", "dispatched", "disposed", "to_close", "closed", "reworked")} == {
        **dict.fromkeys(("filed", "dispatched", "disposed", "to_close", "closed"), 1),
        "reworked": 0,
    }
    assert (counts["reported"], counts["valid_reported"], counts["merged"]) == (3, 3, 2)


async def _figures(city: Served, since: Any, cell: str) -> dict[str, int]:
    """Return the counts of the cell that all of it lies in, and nothing else."""
    asked = {"from": since.isoformat(), "to": (since + timedelta(days=2)).isoformat(), "cell": cell}
    found: dict[str, int] = (await city.get("/stats/closure", "supervisor01", params=asked)).json()["total"]["counts"]
    return found
