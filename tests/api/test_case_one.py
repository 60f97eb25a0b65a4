"""One case, its history, clocks and routing, as each post is told them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import CheckResult, DisposalResult, FailCode, Post
from app.dispatch.commands import (
    CallBack,
    Check,
    Dispatch,
    Dispose,
    GrantRequest,
    Note,
    RequestExtension,
    RequestSuspension,
    SendCheck,
    Sign,
)
from app.services.transaction import Sessions
from app.services.vault import Personal
from tests.cases_stored import Tale
from tests.people_stored import Person, signed_in
from tests.small_city import IN_EAST, IN_WEST, UNIT_WEST

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 local."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PATH = "/api/v1/cases"
SECRETS = ("反映人说过的话", "采集员的话")


def tale(book: Book, **given: Any) -> Tale:
    return Tale(book=book, at=MONDAY, place=IN_WEST, **given)


async def get(client: AsyncClient, person: Person, path: str) -> Any:
    answer = await client.get(f"{PATH}/{path}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def reworked(sessions: Sessions, book: Book, inspector: Person, supervisor: Person) -> Tale:
    """Return a case that was disposed, found incomplete, and disposed again."""
    told = (
        tale(book, author_id=inspector.id)
        .step(MINUTE, Post.DISPATCHER, Dispatch(note="台里的话"), by=supervisor.id)
        .step(MINUTE, Post.UNIT, Sign())
        .step(HOUR, Post.UNIT, Dispose(result=DisposalResult.SOLVED, public_answer="已清理", internal_note="单位的话"))
        .step(MINUTE, Post.OPERATOR, SendCheck(), inspectors=[inspector.id])
    )
    failed = Check(result=CheckResult.FAIL, code=FailCode.INCOMPLETE, note="采集员的话")
    told.step(HOUR, Post.INSPECTOR, failed, by=inspector.id)
    told.step(MINUTE, Post.UNIT, Dispose(result=DisposalResult.SOLVED, public_answer="已彻底清理"))
    told.step(
        MINUTE,
        Post.OPERATOR,
        CallBack(report_id=told.report_id, reached=True, satisfaction=4, opinion="反映人说过的话"),
    )
    await told.store(sessions)
    return told


async def test_desk_and_unit_see_the_case_each_in_its_way(
    app_client: AsyncClient, application: FastAPI, sessions: Sessions, reworked: Tale, supervisor: Person, west: Person
) -> None:
    wired = application.state.wired
    async with sessions() as session, session.begin():
        values = {Personal.NAME: "张三丰", Personal.PHONE: "13800001234"}
        await wired.vault.store(session, wired.vault.seal(reworked.report_id, values))
    seen = await get(app_client, supervisor, str(reworked.id))
    (report,) = seen["reports"]
    assert report["id"] == str(reworked.report_id)
    assert report["reporter"]["phone"] not in {None, "13800001234"}
    assert seen["category_name"] == "施工扬尘"
    assert seen["flags"] == ["reworked"]
    assert seen["due_at"] == seen["case_due_at"]
    answer = await app_client.get(f"{PATH}/{reworked.id}", headers=west.headers)
    theirs = answer.json()
    assert theirs["reports"] == []
    assert theirs["inspector_id"] is None
    assert theirs["due_at"] == theirs["leg_due_at"] != theirs["case_due_at"]
    assert [leg["unit_code"] for leg in theirs["legs"]] == [UNIT_WEST]
    for secret in (str(reworked.report_id), str(reworked.author_id), report["receipt_no"], "张", "1234"):
        assert secret not in answer.text.replace(theirs["case_no"], "")


async def test_the_inspector_on_his_way_is_named_to_the_desk_only(
    app_client: AsyncClient, sessions: Sessions, book: Book, inspector: Person, supervisor: Person, west: Person
) -> None:
    told = (
        tale(book)
        .step(MINUTE, Post.DISPATCHER, Dispatch())
        .step(MINUTE, Post.UNIT, Dispose(result=DisposalResult.GONE))
        .step(MINUTE, Post.OPERATOR, SendCheck(), inspectors=[inspector.id])
    )
    await told.store(sessions)
    assert (await get(app_client, supervisor, str(told.id)))["inspector_id"] == str(inspector.id)
    for path in (str(told.id), f"{told.id}/history", f"{told.id}/clock", f"{told.id}/routing"):
        answer = await app_client.get(f"{PATH}/{path}", headers=west.headers)
        assert answer.status_code == 200
        assert str(inspector.id) not in answer.text


async def test_what_one_may_not_see_is_not_there(
    app_client: AsyncClient,
    application: FastAPI,
    keys: Keys,
    sessions: Sessions,
    book: Book,
    reworked: Tale,
    east: Person,
) -> None:
    undispatched = await Tale(book=book, at=MONDAY, place=IN_EAST).store(sessions)
    admin = await signed_in(application, keys, Post.ADMIN)
    strangers: list[tuple[UUID, Person]] = [
        (reworked.id, east),
        (undispatched, east),
        (uuid4(), east),
        (reworked.id, admin),
    ]
    for case_id, person in strangers:
        for path in ("", "/history", "/clock", "/routing"):
            answer = await app_client.get(f"{PATH}/{case_id}{path}", headers=person.headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_nobody_is_asked_without_a_token(app_client: AsyncClient, reworked: Tale) -> None:
    assert (await app_client.get(f"{PATH}/{reworked.id}")).status_code == 401


async def test_the_etag_is_the_version(app_client: AsyncClient, supervisor: Person, reworked: Tale) -> None:
    first = await app_client.get(f"{PATH}/{reworked.id}", headers=supervisor.headers)
    assert first.headers["etag"].removeprefix("W/") == f'"{first.json()["version"]}"'
    again = {**supervisor.headers, "If-None-Match": f'"0", {first.headers["etag"]}'}
    unchanged = await app_client.get(f"{PATH}/{reworked.id}", headers=again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    stale = {**supervisor.headers, "If-None-Match": '"0"'}
    assert (await app_client.get(f"{PATH}/{reworked.id}", headers=stale)).status_code == 200


async def test_the_history_tells_the_desk_everything(
    app_client: AsyncClient, supervisor: Person, reworked: Tale
) -> None:
    found = await get(app_client, supervisor, f"{reworked.id}/history")
    steps = found["items"]
    assert [step["number"] for step in steps] == list(range(1, 9))
    assert found["next"] is None
    assert (steps[0]["from"], steps[0]["to"]) == (None, "filed")
    assert steps[1]["by"] == "王敏"
    assert steps[1]["details"]["unit_code"] == UNIT_WEST
    assert steps[3]["texts"] == {"internal_note": "单位的话", "public_answer": "已清理"}
    assert steps[3]["text"] == "单位的话\n已清理"
    assert [step["text"] for step in steps if step["text"] in SECRETS] == ["采集员的话", "反映人说过的话"]
    assert steps[7]["details"]["satisfaction"] == 4


async def test_the_history_tells_a_unit_no_names_and_nothing_of_the_reporter(
    app_client: AsyncClient, west: Person, reworked: Tale
) -> None:
    answer = await app_client.get(f"{PATH}/{reworked.id}/history", headers=west.headers)
    steps = answer.json()["items"]
    assert all(step["by"] is None for step in steps)
    assert steps[1]["text"] == "台里的话"
    assert steps[3]["texts"] == {"internal_note": "单位的话", "public_answer": "已清理"}
    assert steps[5]["details"] == {"result": "fail", "code": "incomplete"}
    for secret in (*SECRETS, "satisfaction", "inspector_id", str(reworked.report_id), str(reworked.author_id)):
        assert secret not in answer.text


async def test_the_history_is_paged_by_number(app_client: AsyncClient, supervisor: Person, reworked: Tale) -> None:
    first = await get(app_client, supervisor, f"{reworked.id}/history?limit=5")
    rest = await get(app_client, supervisor, f"{reworked.id}/history?after={first['next']}")
    assert [step["number"] for step in first["items"] + rest["items"]] == list(range(1, 9))


async def test_a_note_of_oversight_is_not_for_the_unit(
    app_client: AsyncClient, sessions: Sessions, book: Book, supervisor: Person, west: Person
) -> None:
    told = tale(book).step(MINUTE, Post.DISPATCHER, Dispatch()).step(MINUTE, Post.SUPERVISOR, Note(text="督查的话"))
    told.step(MINUTE, Post.OPERATOR, Note(text="请抓紧"))
    await told.store(sessions)
    texts = [step["text"] for step in (await get(app_client, west, f"{told.id}/history"))["items"]]
    assert texts == [None, None, None, "请抓紧"]
    texts = [step["text"] for step in (await get(app_client, supervisor, f"{told.id}/history"))["items"]]
    assert texts == [None, None, "督查的话", "请抓紧"]


async def test_before_dispatch_the_clock_has_a_limit_and_no_start(
    app_client: AsyncClient, sessions: Sessions, book: Book, supervisor: Person
) -> None:
    case_id = await tale(book).store(sessions)
    clocks = await get(app_client, supervisor, f"{case_id}/clock")
    assert clocks["leg"] is None
    assert clocks["case"]["start"] is None
    assert clocks["case"]["segments"] == []
    assert clocks["case"]["limit"] == {"value": 4, "unit": "work_hour"}
    assert clocks["case"]["limit_source"] == "test-1 0305"
    seen = await get(app_client, supervisor, str(case_id))
    assert (seen["light"], seen["due_at"], seen["proposed_unit"]) == (None, None, UNIT_WEST)


async def test_the_clocks_say_what_was_given_back_and_add_up(
    app_client: AsyncClient, supervisor: Person, reworked: Tale
) -> None:
    clocks = await get(app_client, supervisor, f"{reworked.id}/clock")
    seen = await get(app_client, supervisor, str(reworked.id))
    for name in ("case", "leg"):
        clock = clocks[name]
        assert clock["due_at"] == seen[f"{name}_due_at"]
        assert sum(one["minutes"] for one in clock["segments"]) == clock["used_minutes"] + clock["left_minutes"] == 240
        assert clock["orders"] == []
    (pause,) = clocks["leg"]["pauses"]
    assert (pause["from"], pause["to"]) == ("2026-03-02T10:02:00+08:00", "2026-03-02T11:03:00+08:00")
    assert pause["reason"] == "with_desk"
    assert clocks["case"]["pauses"] == []
    assert (clocks["case"]["used_minutes"], clocks["leg"]["used_minutes"]) == (123, 62)


async def test_extensions_and_suspensions_name_their_reason_and_who_granted_them(
    app_client: AsyncClient, sessions: Sessions, book: Book, supervisor: Person, west: Person
) -> None:
    told = tale(book).step(MINUTE, Post.DISPATCHER, Dispatch())
    told.step(MINUTE, Post.UNIT, RequestExtension(reason_code="weather"))
    told.step(
        MINUTE,
        Post.SHIFT_LEAD,
        GrantRequest(request_id=told.life.round.requests[-1].id),
        by=supervisor.id,
    )
    until = told.at + timedelta(days=7)
    told.step(MINUTE, Post.UNIT, RequestSuspension(reason_code="budget", until=until))
    pending = await waiting(sessions, app_client, told, west)
    assert pending == "suspension"
    told = await granted(told, supervisor)
    await told.store(sessions)
    clocks = await get(app_client, supervisor, f"{told.id}/clock")
    seen = await get(app_client, supervisor, str(told.id))
    for name in ("case", "leg"):
        (extension,), (pause,) = clocks[name]["extensions"], clocks[name]["pauses"]
        assert extension["limit"] == {"value": 4, "unit": "work_hour"}
        assert (extension["reason_code"], extension["granted_by"]["name"]) == ("weather", "王敏")
        assert (pause["reason"], pause["reason_code"]) == ("suspension", "budget")
        assert pause["granted_by"] == {"post": "shift_lead", "name": "王敏"}
        assert clocks[name]["due_at"] == seen[f"{name}_due_at"]
    theirs = await get(app_client, west, f"{told.id}/clock")
    assert theirs["leg"]["pauses"][0]["granted_by"] == {"post": "shift_lead", "name": None}


async def waiting(sessions: Sessions, client: AsyncClient, told: Tale, person: Person) -> str:
    """Store another case in the state of `told` and return the kind of its pending request."""
    twin = tale(told.book).step(MINUTE, Post.DISPATCHER, Dispatch())
    twin.step(MINUTE, Post.UNIT, RequestSuspension(reason_code="budget", until=twin.at + timedelta(days=7)))
    await twin.store(sessions)
    (request,) = (await get(client, person, str(twin.id)))["requests"]
    assert request["id"] == str(twin.life.round.requests[-1].id)
    return str(request["kind"])


async def granted(told: Tale, by: Person) -> Tale:
    command = GrantRequest(request_id=told.life.round.requests[-1].id)
    return told.step(MINUTE, Post.SHIFT_LEAD, command, by=by.id)


async def test_routing_tells_then_and_now(
    app_client: AsyncClient, sessions: Sessions, book: Book, supervisor: Person
) -> None:
    case_id = await tale(book).store(sessions)
    found = await get(app_client, supervisor, f"{case_id}/routing")
    assert found["decided"]["unit_code"] == UNIT_WEST
    assert found["today"]["unit_code"] == UNIT_WEST
    assert (found["today"]["decided_by"], found["today"]["rule_id"]) == ("rule", "r1")
