"""What a row of a policy changes, where it is in force and nowhere else; and that it changes back when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import event, select

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import Kind, LimitUnit, Post
from app.dispatch.set_codes import SetKind
from app.models.history import HistoryRow
from app.models.reports import Report
from app.models.work import OutboxEvent
from app.repositories.sets import SetRepository
from app.services.timers import Timers
from app.services.transaction import Sessions, writing
from tests.partners_stored import order, signed, store_partner
from tests.people_stored import Person, signed_in
from tests.sets_stored import rule, store_draft
from tests.small_city import IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST

API = "/api/v1"
PLACE = {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000"}
AT = {**PLACE, "from": "by_hand"}
Json = dict[str, Any]


def _condition(minor: str, number: int) -> Json:
    return {
        "kind": Kind.EVENT,
        "major_code": "03",
        "minor_code": minor,
        "condition": number,
        "major_name": "施工管理",
        "minor_name": f"施工{minor}",
        "filing_condition": "明显",
        "limit_value": 4,
        "limit_unit": LimitUnit.WORK_HOUR,
        "closing_condition": "消除",
        "limit_source": "test-2",
    }


def _unit(code: str, parent: str | None, *, desk: bool) -> Json:
    return {
        "code": code,
        "name": code,
        "parent_code": parent,
        "kind": "city",
        "region_code": None,
        "fallback": False,
        "desk": desk,
    }


class Office:
    """Everybody who works here, and short ways to let them act over HTTP."""

    def __init__(self, client: AsyncClient, application: FastAPI, keys: Keys) -> None:
        self.client = client
        self.wired = application.state.wired
        self._application, self._keys = application, keys
        self.people: dict[str, Person] = {}

    async def person(self, post: Post, desk: str = "city", unit: str | None = None) -> Person:
        name = f"{post} {desk} {unit}"
        if name not in self.people:
            self.people[name] = await signed_in(self._application, self._keys, post, desk=desk, unit=unit)
        return self.people[name]

    async def post(self, post: Post, path: str, body: Json, *, desk: str = "city", unit: str | None = None) -> Any:
        person = await self.person(post, desk, unit)
        return await self.client.post(f"{API}/{path}", json=body, headers=person.headers)

    async def get(self, path: str) -> Json:
        person = await self.person(Post.SUPERVISOR)
        answer = await self.client.get(f"{API}/{path}", headers=person.headers)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def lay(self, policy: str, value: Any, **narrowed: Any) -> str:
        body = {"policy": policy, "value": value, "reason": "试行", **narrowed}
        answer = await self.post(Post.ADMIN, "admin/policies", body)
        assert answer.status_code == 201, answer.text
        row: str = answer.json()["id"]
        return row

    async def end(self, row: str) -> None:
        assert (await self.post(Post.ADMIN, f"admin/policies/{row}/end", {})).status_code == 200

    async def report(self, category: str = "0306", desk: str = "city", **fields: Any) -> str:
        body = {
            "description": "渣土",
            "source": "walk_in",
            "kind": "event",
            "category": category,
            "location": AT,
            **fields,
        }
        answer = await self.post(Post.OPERATOR, "reports", body, desk=desk)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    async def on_report(self, report: str, action: str, desk: str = "city", **body: Any) -> Json:
        post = Post.OPERATOR if action == "accept" else Post.SHIFT_LEAD
        answer = await self.post(post, f"reports/{report}/actions/{action}", body, desk=desk)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def filed(self, category: str = "0306", desk: str = "city") -> str:
        report = await self.report(category, desk)
        await self.on_report(report, "accept", desk, kind="event", category=category)
        found = await self.on_report(report, "file", desk, cases=[{"condition": 1}])
        case: str = found["cases"][0]["id"]
        return case

    async def dispatched(self, category: str = "0306", desk: str = "city") -> str:
        case = await self.filed(category, desk)
        sent = await self.post(Post.DISPATCHER, f"cases/{case}/actions/dispatch", {}, desk=desk)
        assert sent.status_code == 200, sent.text
        return case

    async def dispose(self, case: str, **body: Any) -> Any:
        return await self.post(Post.UNIT, f"cases/{case}/actions/dispose", {"result": "solved", **body}, unit=UNIT_WEST)

    async def told(self, subject: str) -> list[tuple[str, str | None, str]]:
        """Return action, policy and post of every step."""
        query = select(HistoryRow.action, HistoryRow.policy, HistoryRow.post).order_by(HistoryRow.number)
        async with self.wired.sessions() as session:
            rows = await session.execute(query.where(HistoryRow.subject_id == UUID(subject)))
            return [(str(action), policy, str(post)) for action, policy, post in rows]

    async def received(self, receipt_no: str) -> str:
        async with self.wired.sessions() as session:
            return str(await session.scalar(select(Report.id).where(Report.receipt_no == receipt_no)))

    async def report_of(self, case: str) -> str:
        (report,) = (await self.get(f"cases/{case}"))["reports"]
        found: str = report["id"]
        return found

    async def fire(self) -> None:
        await Timers(self.wired.sessions, self.wired.acts, self.wired.now).fire_due()


@pytest.fixture
async def office(app_client: AsyncClient, application: FastAPI, keys: Keys, sessions: Sessions, book: Book) -> Office:
    """Return the small city with two minors of one condition each, and a town's desk of its own."""
    assert book.number == 1
    drafts = [
        await store_draft(
            sessions,
            SetKind.CATALOGUE,
            [_condition("05", 1), _condition("06", 1), _condition("07", 1), _condition("07", 2)],
        ),
        await store_draft(sessions, SetKind.RULES, [rule("w", UNIT_WEST, minor=None)]),
        await store_draft(
            sessions,
            SetKind.UNITS,
            [
                _unit(UNIT_TOP, None, desk=True),
                _unit(UNIT_WEST, UNIT_TOP, desk=False),
                _unit(UNIT_EAST, UNIT_TOP, desk=False),
            ],
        ),
    ]
    async with writing(sessions) as session:
        await SetRepository(session).activate(drafts, datetime.now(UTC))
    await application.state.wired.books.refresh()
    made = Office(app_client, application, keys)
    await made.person(Post.INSPECTOR)
    return made


async def test_a_hotline_order_is_dispatched_without_a_person_and_again_by_persons_when_the_rows_end(
    office: Office, sessions: Sessions, keys: Keys
) -> None:
    await store_partner(sessions, keys, "p")

    async def ordered(order_no: str, category: str = "0306") -> str:
        body = order(order_no, content="渣土", kind="event", category=category, location=PLACE)
        answer = await office.client.post(
            f"{API}/hotline/p/orders", content=body, headers=signed(body, datetime.now(UTC))
        )
        assert answer.status_code == 200, answer.text
        await office.fire()
        found: str = answer.json()["report_id"]
        return found

    source = {"source": "hotline_12345"}
    rows = [await office.lay(name, True, **source) for name in ("auto_accept", "auto_file", "auto_dispatch")]
    report = await office.get(f"reports/{await ordered('A1')}")
    assert report["state"] == "filed"
    (case,) = report["cases"]
    assert (case["state"], case["unit_code"]) == ("dispatched", UNIT_WEST)
    assert case["due_at"] is not None
    assert await office.told(case["id"]) == [("file", "auto_file", "policy"), ("dispatch", "auto_dispatch", "policy")]
    received, accepted, filed = await office.told(report["id"])
    assert (received[:2], accepted[1:], filed[1:]) == (
        ("receive", None),
        ("auto_accept", "policy"),
        ("auto_file", "policy"),
    )
    await office.fire()
    assert len(await office.told(report["id"])) == 3
    # two conditions: which one it is, a person says; the same thing again: a person looks
    assert (await office.get(f"reports/{await ordered('A2', '0307')}"))["state"] == "accepted"
    again = await office.get(f"reports/{await ordered('A3')}")
    assert (again["state"], again["attention"]) == ("accepted", ["possible_duplicate"])
    # not of this source
    assert (await office.get(f"reports/{await office.report('0305')}"))["state"] == "received"
    for row in rows:
        await office.end(row)
    assert (await office.get(f"reports/{await ordered('A4', '0305')}"))["state"] == "received"


async def test_a_row_for_one_category_and_one_desk_changes_what_happens_there_and_nowhere_else(office: Office) -> None:
    here = {"kind": "event", "major": "03", "minor": "06", "desk": UNIT_TOP}
    row = await office.lay("auto_dispatch", True, **here)
    there = await office.filed("0306", UNIT_TOP)
    other_category, other_desk = await office.filed("0305", UNIT_TOP), await office.filed("0306")
    states = [(await office.get(f"cases/{one}"))["state"] for one in (there, other_category, other_desk)]
    assert states == ["dispatched", "filed", "filed"]
    assert (await office.told(there))[1:] == [("dispatch", "auto_dispatch", "policy")]
    await office.end(row)
    assert (await office.get(f"cases/{await office.filed('0306', UNIT_TOP)}"))["state"] == "filed"


async def test_the_most_specific_row_decides_and_a_unit_stands_for_those_below_it(office: Office) -> None:
    await office.lay("auto_dispatch", True, unit_code=UNIT_TOP)
    assert (await office.get(f"cases/{await office.filed()}"))["state"] == "dispatched"
    nearer = await office.lay("auto_dispatch", False, unit_code=UNIT_WEST)
    assert (await office.get(f"cases/{await office.filed()}"))["state"] == "filed"
    await office.lay("auto_dispatch", True, unit_code=UNIT_WEST, desk="city")
    assert (await office.get(f"cases/{await office.filed()}"))["state"] == "dispatched"
    await office.end(nearer)


async def test_checks_are_sent_and_rounds_closed_by_policy(office: Office) -> None:
    for name in ("auto_send_check", "auto_close"):
        await office.lay(name, True, desk="city")
    case = await office.dispatched()
    assert (await office.dispose(case)).status_code == 200
    assert (await office.get(f"cases/{case}"))["state"] == "checking"
    passed = await office.post(Post.INSPECTOR, f"cases/{case}/actions/check", {"result": "pass"})
    assert passed.status_code == 200, passed.text
    assert passed.json()["state"] == "closed"
    assert (await office.told(case))[-3:] == [
        ("send_check", "auto_send_check", "policy"),
        ("check", None, "inspector"),
        ("close", "auto_close", "policy"),
    ]
    assert (await office.told(await office.report_of(case)))[-1][0] == "reply"


async def test_a_step_stands_although_what_policy_would_do_next_is_refused(office: Office) -> None:
    await office.lay("auto_close", True)
    approval = await office.lay("answer_approval", True)
    case = await office.dispatched()
    await office.dispose(case, public_answer="已清理")
    await office.post(Post.OPERATOR, f"cases/{case}/actions/send_check", {})
    passed = await office.post(Post.INSPECTOR, f"cases/{case}/actions/check", {"result": "pass"})
    assert (passed.status_code, passed.json()["state"]) == (200, "checked")
    approved = await office.post(Post.OPERATOR, f"cases/{case}/actions/approve_answer", {"public_answer": "已清理干净"})
    assert (approved.status_code, approved.json()["state"]) == (200, "closed")
    assert [one[0] for one in await office.told(case)][-3:] == ["check", "approve_answer", "close"]
    await office.end(approval)


async def test_a_citizens_dissatisfied_word_reopens_by_itself_only_where_a_row_says_so(office: Office) -> None:
    await office.lay("auto_send_check", True)
    await office.lay("auto_close", True)

    async def evaluated(**said: Any) -> str:
        made = await office.client.post(
            f"{API}/citizen/reports",
            json={"description": "渣土", "location": AT, "kind": "event", "category": "0306"},
        )
        assert made.status_code == 201, made.text
        receipt, code = made.json()["receipt_no"], made.json()["query_code"]
        report = await office.received(receipt)
        await office.on_report(report, "accept", kind="event", category="0306")
        (case,) = (await office.on_report(report, "file", cases=[{"condition": 1}]))["cases"]
        await office.post(Post.DISPATCHER, f"cases/{case['id']}/actions/dispatch", {})
        await office.dispose(case["id"])
        closed = await office.post(Post.INSPECTOR, f"cases/{case['id']}/actions/check", {"result": "pass"})
        assert closed.json()["state"] == "closed"
        answer = await office.client.post(
            f"{API}/citizen/reports/{receipt}/evaluation",
            json=said,
            headers={"X-Query-Code": code},
        )
        assert answer.status_code == 200, answer.text
        found: str = case["id"]
        return found

    unhappy = {"solved": False, "satisfaction": 1}
    assert (await office.get(f"cases/{await evaluated(**unhappy)}"))["state"] == "closed"
    await office.lay("citizen_reopens", True, source="citizen")
    assert (await office.get(f"cases/{await evaluated(solved=True, satisfaction=5)}"))["state"] == "closed"
    reopened = await evaluated(**unhappy)
    case = await office.get(f"cases/{reopened}")
    assert (case["state"], case["round"]) == ("dispatched", 2)
    assert (await office.told(reopened))[-1] == ("reopen", "citizen_reopens", "policy")


async def test_a_partner_hears_of_the_round_that_another_reporters_word_began(
    office: Office, sessions: Sessions, keys: Keys
) -> None:
    partner = await store_partner(sessions, keys, "p", callback_url="http://p.test")
    await office.lay("desk_check", True)
    await office.lay("citizen_reopens", True)
    said = {"description": "渣土", "location": AT, "kind": "event", "category": "0306"}
    made = (await office.client.post(f"{API}/citizen/reports", json=said)).json()
    report = await office.received(made["receipt_no"])
    await office.on_report(report, "accept", kind="event", category="0306")
    (case,) = (await office.on_report(report, "file", cases=[{"condition": 1}]))["cases"]
    body = order("H1", content="渣土", kind="event", category="0306", location=PLACE)
    sent = await office.client.post(f"{API}/hotline/p/orders", content=body, headers=signed(body, datetime.now(UTC)))
    other = sent.json()["report_id"]
    await office.on_report(other, "accept", kind="event", category="0306")
    joined = await office.post(Post.OPERATOR, f"reports/{other}/actions/merge", {"into_case": case["id"]})
    assert joined.status_code == 200, joined.text
    await office.post(Post.DISPATCHER, f"cases/{case['id']}/actions/dispatch", {})
    await office.dispose(case["id"])
    for action, more in (("desk_check", {"result": "pass"}), ("close", {})):
        done = await office.post(Post.SHIFT_LEAD, f"cases/{case['id']}/actions/{action}", more)
        assert done.status_code == 200, done.text
    told = select(OutboxEvent.kind).where(OutboxEvent.partner_id == partner).order_by(OutboxEvent.id)
    async with office.wired.sessions() as session:
        before = list(await session.scalars(told))
    headers = {"X-Query-Code": made["query_code"]}
    path = f"{API}/citizen/reports/{made['receipt_no']}/evaluation"
    unhappy = await office.client.post(path, json={"solved": False, "satisfaction": 1}, headers=headers)
    assert unhappy.status_code == 200, unhappy.text
    assert (await office.told(case["id"]))[-1] == ("reopen", "citizen_reopens", "policy")
    async with office.wired.sessions() as session:
        after = list(await session.scalars(told))
    assert after == [*before, "case.dispatched"]


async def test_photos_and_fields_are_demanded_where_a_row_says_so_and_the_schema_says_it_before(office: Office) -> None:
    here = {"kind": "event", "major": "03", "minor": "06"}
    await office.lay("evidence_required", ["dispose"], **here)
    await office.lay("required_fields", ["dispose.public_answer"], **here)
    case, other = await office.dispatched(), await office.dispatched("0305")

    async def schema(of: str) -> Json:
        person = await office.person(Post.UNIT, unit=UNIT_WEST)
        items = (await office.client.get(f"{API}/cases/{of}/actions", headers=person.headers)).json()["items"]
        found: Json = next(one["fields"] for one in items if one["action"] == "dispose")
        return found

    asked, plain = await schema(case), await schema(other)
    assert {"result", "media", "public_answer"} <= set(asked["required"])
    assert asked["properties"]["media"]["minItems"] == 1
    assert {"type": "null"} not in asked["properties"]["public_answer"]["anyOf"]
    assert plain["required"] == ["result"]
    assert "minItems" not in plain["properties"]["media"]
    bare = await office.dispose(case, public_answer="已清理")
    assert (bare.status_code, bare.json()["code"]) == (422, "evidence_required")
    assert (bare.json()["policy"], bare.json()["field"]) == ("evidence_required", "media")
    silent = await office.dispose(case, media=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    assert (silent.status_code, silent.json()["code"]) == (422, "field_required")
    assert (silent.json()["policy"], silent.json()["field"]) == ("required_fields", "public_answer")
    assert silent.json()["errors"][0]["where"] == ["body", "public_answer"]
    assert (await office.get(f"cases/{case}"))["state"] == "dispatched"
    assert (await office.dispose(other)).status_code == 200


async def test_windows_limits_and_permissions_follow_the_category(office: Office) -> None:
    await office.lay("redo_limit", {"value": 1, "unit": "work_day"}, kind="event", major="03", minor="06")
    await office.lay("desk_check", True, kind="event", major="03", minor="06")
    for category, allowed in (("0306", 200), ("0305", 409)):
        case = await office.dispatched(category)
        await office.dispose(case)
        looked = await office.post(Post.SHIFT_LEAD, f"cases/{case}/actions/desk_check", {"result": "pass"})
        assert looked.status_code == allowed, looked.text
        if allowed == 200:
            await office.post(Post.SHIFT_LEAD, f"cases/{case}/actions/close", {})
            again = {"reason_code": "dissatisfied"}
            assert (await office.post(Post.OPERATOR, f"cases/{case}/actions/reopen", again)).status_code == 200
            (step,) = [one for one in (await office.get(f"cases/{case}/clock")).items() if one[0] == "case"]
            assert (step[1]["limit"], step[1]["limit_source"]) == (
                {"value": 1, "unit": "work_day"},
                "policy redo_limit",
            )


async def test_a_step_by_policy_is_explained_later_by_the_row_that_held_then(office: Office) -> None:
    row = await office.lay("auto_dispatch", True, unit_code=UNIT_TOP)
    case = await office.filed()
    then = (await office.get(f"cases/{case}/history"))["items"][-1]["recorded_at"]
    await office.end(row)

    async def held(**params: str) -> Json:
        items = (await office.get(f"cases/{case}/policies?{urlencode(params)}"))["items"]
        return {one["policy"]: one for one in items}

    now, at_that_time = await held(), await held(at=then)
    assert (now["auto_dispatch"]["value"], now["auto_dispatch"]["row_id"]) == (False, None)
    assert (at_that_time["auto_dispatch"]["value"], at_that_time["auto_dispatch"]["row_id"]) == (True, row)
    assert at_that_time["redo_limit"] == {
        "policy": "redo_limit",
        "value": {"value": 3, "unit": "work_day"},
        "text": "3 work_day",
        "row_id": None,
        "valid_from": None,
    }
    person = await office.person(Post.SUPERVISOR)
    early = {"at": "2026-01-02"}
    before = await office.client.get(f"{API}/cases/{case}/policies", params=early, headers=person.headers)
    assert (before.status_code, before.json()["code"]) == (422, "not_filed_then")
    other = await office.person(Post.UNIT, unit=UNIT_EAST)
    hidden = await office.client.get(f"{API}/cases/{case}/policies", headers=other.headers)
    assert hidden.status_code == 404


@contextmanager
def statements(sessions: Sessions) -> Iterator[list[str]]:
    """Collect what goes over the one connection of a test."""
    connection, found = sessions.kw["bind"].sync_connection, list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "SAVEPOINT" not in statement:
            found.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)


async def test_a_policy_that_takes_no_step_here_costs_no_statement(office: Office, sessions: Sessions) -> None:
    async def disposing() -> int:
        case = await office.dispatched()
        with statements(sessions) as sent:
            assert (await office.dispose(case)).status_code == 200
        return len(sent)

    await disposing()
    before = await disposing()
    await office.lay("auto_dispatch", True, unit_code=UNIT_EAST)
    await office.lay("redo_limit", {"value": 1, "unit": "work_day"}, desk="city")
    assert await disposing() == before > 0
