"""Orders through the API: issued, answered, settled; who may, who sees, and what is refused in which order."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import select

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.chain import verify
from app.dispatch.codes import Post
from app.dispatch.commands import Dispatch
from app.models.orders import OrderStep
from app.services.transaction import Sessions
from app.services.vault import Personal
from tests.adapters.pictures import photo
from tests.cases_stored import Tale
from tests.orders_made import MONDAY, PATH, acted, issued, order, read
from tests.people_stored import Person, signed_in
from tests.small_city import IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST

pytestmark = pytest.mark.usefixtures("book")
Json = dict[str, Any]
DESK = (Post.OPERATOR, Post.SHIFT_LEAD)


@pytest.fixture
async def lead(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.SHIFT_LEAD)


@pytest.fixture
async def case(sessions: Sessions, book: Book) -> Tale:
    told = Tale(book=book, at=MONDAY, place=IN_WEST)
    told.step(timedelta(minutes=1), Post.DISPATCHER, Dispatch())
    await told.store(sessions)
    return told


async def test_an_order_goes_its_way_and_keeps_every_step(
    app_client: AsyncClient, supervisor: Person, west: Person, sessions: Sessions
) -> None:
    answer = await issued(app_client, supervisor, order(UNIT_WEST, document_no="督办〔2026〕12号"))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert (made["state"], made["version"], made["sent_back"], made["late"]) == ("open", 1, 0, False)
    assert re.fullmatch(r"[A-Z]+-O[0-9]{15}", made["order_no"])
    given = await acted(app_client, west, made["id"], "answer", text="已清理")
    assert given.json()["answer"] == "已清理"
    back = await acted(app_client, supervisor, made["id"], "send_back", text="照片不清")
    assert (back.json()["state"], back.json()["sent_back"], back.json()["answered_at"]) == ("open", 1, None)
    await acted(app_client, west, made["id"], "answer", text="已补拍")
    await acted(app_client, west, made["id"], "note", text="附照片")
    done = (await acted(app_client, supervisor, made["id"], "accept")).json()
    assert (done["state"], done["version"]) == ("accepted", 6)
    assert done["ended_at"] is not None
    told = [(one["action"], one["from"], one["to"], one["text"]) for one in done["steps"]]
    assert told == [
        ("issue", None, "open", "限期清理并反馈"),
        ("answer", "open", "answered", "已清理"),
        ("send_back", "answered", "open", "照片不清"),
        ("answer", "open", "answered", "已补拍"),
        ("note", "answered", "answered", "附照片"),
        ("accept", "answered", "accepted", None),
    ]
    assert [one["post"] for one in done["steps"]][:2] == ["supervisor", "unit"]
    assert done["steps"][0]["policy"] == "order_limit"
    async with sessions() as session:
        rows = await session.scalars(select(OrderStep).order_by(OrderStep.number))
        names = [column.name for column in OrderStep.__table__.columns]
        assert verify([{name: getattr(row, name) for name in names} for row in rows]) is None


async def test_a_limit_counts_by_the_calendar_of_offices(app_client: AsyncClient, supervisor: Person) -> None:
    by_limit = await issued(app_client, supervisor, order(UNIT_WEST, limit={"value": 30, "unit": "minute"}))
    made = by_limit.json()
    waited = datetime.fromisoformat(made["due_at"]) - datetime.fromisoformat(made["issued_at"])
    assert waited == timedelta(minutes=30)
    due_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await issued(app_client, supervisor, order(UNIT_WEST, due_at=due_at))).json()["steps"][0]["policy"] is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"unit_code": "gone"}, "unknown_unit"),
        ({"case_ids": [str(uuid4())]}, "unknown_case"),
        ({"due_at": "2020-01-01T00:00:00+08:00"}, "due_in_the_past"),
        ({"due_at": "2099-01-01T00:00:00+08:00", "limit": {"value": 1, "unit": "work_day"}}, "due_given_twice"),
        ({"kind": "other"}, "invalid"),
        ({"case_ids": [str(uuid4()) for _ in range(201)]}, "invalid"),
        ({"unknown": 1}, "invalid"),
    ],
)
async def test_what_cannot_be_ordered_is_refused_and_leaves_nothing(
    app_client: AsyncClient, supervisor: Person, fields: Json, code: str
) -> None:
    answer = await issued(app_client, supervisor, {**order(UNIT_WEST), **fields})
    assert answer.status_code == 422, answer.text
    assert code == "invalid" or answer.json()["code"] == code
    assert (await app_client.get(PATH, headers=supervisor.headers)).json()["items"] == []


async def test_who_does_not_issue_is_told_so_before_anything_about_the_contents(
    app_client: AsyncClient, west: Person, application: FastAPI, keys: Keys
) -> None:
    for post in (Post.OPERATOR, Post.DISPATCHER, Post.COORDINATOR, Post.INSPECTOR, Post.ADMIN):
        person = await signed_in(application, keys, post)
        assert (await issued(app_client, person, {"bad": 1})).status_code == 403
    assert (await issued(app_client, west, {"bad": 1})).status_code == 403
    assert (await app_client.post(PATH, json={})).status_code == 401


async def test_units_see_their_own_desks_see_all_and_inspectors_none(
    app_client: AsyncClient,
    supervisor: Person,
    west: Person,
    east: Person,
    inspector: Person,
    lead: Person,
    application: FastAPI,
    keys: Keys,
) -> None:
    top = await signed_in(application, keys, Post.UNIT_LEAD, unit=UNIT_TOP)
    made = (await issued(app_client, supervisor, order(UNIT_WEST))).json()
    seen = {}
    for name, person in {"west": west, "east": east, "top": top, "lead": lead, "inspector": inspector}.items():
        listed = (await app_client.get(PATH, headers=person.headers)).json()["items"]
        one = await app_client.get(f"{PATH}/{made['id']}", headers=person.headers)
        assert (one.status_code == 200) == bool(listed)
        seen[name] = bool(listed)
        if not listed:
            for action in ("answer", "note"):
                assert (await acted(app_client, person, made["id"], action, bad=1)).status_code == 404
    assert seen == {"west": True, "east": False, "top": True, "lead": True, "inspector": False}
    assert (await app_client.get(f"{PATH}/{uuid4()}", headers=supervisor.headers)).status_code == 404
    assert (await acted(app_client, top, made["id"], "answer", text="上级代答")).status_code == 200


async def test_refusals_come_in_their_order(
    app_client: AsyncClient, supervisor: Person, west: Person, east: Person
) -> None:
    made = (await issued(app_client, supervisor, order(UNIT_WEST))).json()["id"]
    assert (await acted(app_client, east, made, "accept", bad=1, if_match=9)).status_code == 404
    assert (await acted(app_client, west, made, "accept", bad=1, if_match=9)).status_code == 403
    assert (await acted(app_client, supervisor, made, "answer", bad=1, if_match=9)).status_code == 403
    assert (await acted(app_client, supervisor, made, "accept", bad=1, if_match=9)).status_code == 422
    assert (await acted(app_client, supervisor, made, "accept", if_match=9)).status_code == 412
    refused = await acted(app_client, supervisor, made, "accept", if_match=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "action_not_allowed")
    assert (refused.json()["state"], refused.json()["allowed"]) == ("open", ["answer", "withdraw", "urge", "note"])
    assert (await read(app_client, supervisor, made))["version"] == 1
    assert (await acted(app_client, supervisor, made, "withdraw")).status_code == 422
    done = await acted(app_client, supervisor, made, "withdraw", text="重复下发", if_match=1)
    assert (done.json()["state"], done.headers["ETag"]) == ("withdrawn", '"2"')
    for action in ("answer", "accept", "send_back", "urge"):
        person = west if action == "answer" else supervisor
        late = await acted(app_client, person, made, action, text="x")
        assert (late.status_code, late.json()["allowed"]) == (409, ["note"])


async def test_what_is_possible_is_told_with_its_fields(
    app_client: AsyncClient, supervisor: Person, west: Person
) -> None:
    made = (await issued(app_client, supervisor, order(UNIT_WEST))).json()["id"]

    async def possible(person: Person) -> list[str]:
        answer = await app_client.get(f"{PATH}/{made}/actions", headers=person.headers)
        assert all(one["fields"]["properties"] for one in answer.json()["items"])
        return [one["action"] for one in answer.json()["items"]]

    assert await possible(supervisor) == ["withdraw", "urge", "note"]
    assert await possible(west) == ["answer", "urge", "note"]
    await acted(app_client, west, made, "answer", text="已办")
    assert await possible(supervisor) == ["accept", "send_back", "withdraw", "urge", "note"]
    assert await possible(west) == ["urge", "note"]


async def test_the_same_key_does_it_once(app_client: AsyncClient, supervisor: Person, west: Person) -> None:
    first = await issued(app_client, supervisor, order(UNIT_WEST), key="k")
    again = await issued(app_client, supervisor, order(UNIT_WEST), key="k")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = await issued(app_client, supervisor, order(UNIT_EAST), key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    made = first.json()["id"]
    for _ in range(2):
        urged = await acted(app_client, west, made, "urge", key="u")
        assert (urged.status_code, urged.json()["urges"]) == (200, 1)
    assert (await acted(app_client, supervisor, made, "urge", key="u")).json()["urges"] == 2
    steps = (await read(app_client, supervisor, made))["steps"]
    assert [(one["action"], one["post"]) for one in steps[1:]] == [("urge", "unit"), ("urge", "supervisor")]
    assert all(one["by"] for one in steps)
    assert not any(one["by"] for one in (await read(app_client, west, made))["steps"])


async def test_lists_narrow_and_page(app_client: AsyncClient, supervisor: Person, east: Person, case: Tale) -> None:
    about = (await issued(app_client, supervisor, order(UNIT_WEST, case.id))).json()["id"]
    watched = (await issued(app_client, supervisor, order(UNIT_EAST, kind="supervision"))).json()["id"]
    later = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    distant = (await issued(app_client, supervisor, order(UNIT_EAST, due_at=later))).json()["id"]
    await acted(app_client, east, watched, "answer", text="已办")

    async def found(**params: Any) -> list[str]:
        answer = await app_client.get(PATH, params=params, headers=supervisor.headers)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await found() == [distant, watched, about]
    assert await found(state="answered") == [watched]
    assert await found(kind="assignment") == [distant, about]
    assert await found(unit=UNIT_WEST) == [about]
    assert await found(unit_root=UNIT_TOP) == [distant, watched, about]
    assert await found(case=str(case.id)) == [about]
    assert await found(overdue=True) == []
    assert await found(desk="town") == []
    middle = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    assert await found(due_from=middle) == [distant]
    assert await found(due_to=middle) == [watched, about]
    page = (await app_client.get(PATH, params={"limit": 2}, headers=supervisor.headers)).json()
    assert [one["id"] for one in page["items"]] == [distant, watched]
    rest = await app_client.get(PATH, params={"limit": 2, "after": page["next"]}, headers=supervisor.headers)
    assert ([one["id"] for one in rest.json()["items"]], rest.json()["next"]) == ([about], None)
    assert (await app_client.get(PATH, params={"sate": "open"}, headers=supervisor.headers)).status_code == 422


async def test_supervision_marks_its_cases_and_stands_with_them(
    app_client: AsyncClient, supervisor: Person, west: Person, east: Person, inspector: Person, case: Tale
) -> None:
    plain = (await issued(app_client, supervisor, order(UNIT_WEST, case.id))).json()
    before = (await app_client.get(f"/api/v1/cases/{case.id}", headers=supervisor.headers)).json()
    assert "supervised" not in before["attention"]
    made = (await issued(app_client, supervisor, order(UNIT_WEST, case.id, kind="supervision"))).json()
    assert [one["case_no"] for one in made["cases"]] == [before["case_no"]]
    told = (await app_client.get(f"/api/v1/cases/{case.id}", headers=west.headers)).json()
    assert "supervised" in told["attention"]
    assert [(one["order_no"], one["kind"], one["state"]) for one in told["orders"]] == [
        (plain["order_no"], "assignment", "open"),
        (made["order_no"], "supervision", "open"),
    ]
    history = (await app_client.get(f"/api/v1/cases/{case.id}/history", headers=supervisor.headers)).json()["items"]
    assert [(one["action"], one["post"]) for one in history][-1] == ("supplement", "supervisor")
    hidden = (await app_client.get(f"/api/v1/cases/{case.id}", headers=inspector.headers)).json()
    assert hidden["orders"] == []
    assert (await app_client.get(f"/api/v1/cases/{case.id}", headers=east.headers)).status_code == 404


async def test_an_order_to_another_unit_shows_no_case_that_it_does_not_see(
    app_client: AsyncClient, supervisor: Person, east: Person, case: Tale
) -> None:
    made = (await issued(app_client, supervisor, order(UNIT_EAST, case.id))).json()
    assert len(made["cases"]) == 1
    assert (await read(app_client, east, made["id"]))["cases"] == []


async def test_no_order_names_who_reported(
    app_client: AsyncClient, application: FastAPI, sessions: Sessions, supervisor: Person, west: Person, case: Tale
) -> None:
    wired = application.state.wired
    async with sessions() as session, session.begin():
        values = {Personal.NAME: "张三丰", Personal.PHONE: "13800001234"}
        await wired.vault.store(session, wired.vault.seal(case.report_id, values))
    said = "请联系张三丰 13800001234"
    made = (
        await issued(app_client, supervisor, order(UNIT_WEST, case.id, title=said, text=said, on_behalf_of="张三丰"))
    ).json()
    given = await acted(app_client, west, made["id"], "answer", text=said)
    assert given.status_code == 200
    whole = (await app_client.get(f"{PATH}/{made['id']}", headers=supervisor.headers)).text
    assert "张三丰" not in whole
    assert "13800001234" not in whole


async def test_a_town_orders_only_below_itself_and_settles_only_its_own(
    app_client: AsyncClient, application: FastAPI, keys: Keys, supervisor: Person
) -> None:
    town = await signed_in(application, keys, Post.SHIFT_LEAD, desk=UNIT_WEST)
    refused = await issued(app_client, town, order(UNIT_EAST))
    assert (refused.status_code, refused.json()["code"]) == (422, "unit_out_of_reach")
    made = (await issued(app_client, town, order(UNIT_WEST))).json()
    assert made["desk"] == UNIT_WEST
    seen = await read(app_client, supervisor, made["id"])
    assert seen["desk"] == UNIT_WEST
    assert (await acted(app_client, supervisor, made["id"], "withdraw", text="x")).status_code == 403
    of_city = (await issued(app_client, supervisor, order(UNIT_EAST))).json()
    assert (await app_client.get(f"{PATH}/{of_city['id']}", headers=town.headers)).status_code == 404


async def test_the_citys_desk_does_not_put_a_towns_case_under_supervision_its_supervisor_may(
    app_client: AsyncClient, application: FastAPI, keys: Keys, lead: Person, supervisor: Person
) -> None:
    operator, chief = [await signed_in(application, keys, post, desk=UNIT_TOP) for post in DESK]
    place = {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000", "from": "by_hand"}
    said = {"description": "渣土", "source": "walk_in", "kind": "event", "category": "0305", "location": place}
    report = (await app_client.post("/api/v1/reports", json=said, headers=operator.headers)).json()["id"]
    steps = f"/api/v1/reports/{report}/actions"
    accepted = {"kind": "event", "category": "0305"}
    await app_client.post(f"{steps}/accept", json=accepted, headers=operator.headers)
    filed = await app_client.post(f"{steps}/file", json={"cases": [{"condition": 1}]}, headers=chief.headers)
    case = filed.json()["cases"][0]["id"]
    watched = order(UNIT_WEST, case, kind="supervision")
    refused = await issued(app_client, lead, watched)
    assert (refused.status_code, refused.json()["code"]) == (422, "case_of_another_desk")
    assert refused.json()["errors"][0]["where"] == ["body", "case_ids"]
    told = await app_client.get(f"/api/v1/cases/{case}", headers=lead.headers)
    assert (told.json()["version"], told.json()["attention"]) == (1, [])
    assert (await issued(app_client, lead, order(UNIT_WEST, case))).status_code == 201, (
        "asking about it changes nothing"
    )
    for may in (chief, supervisor):
        assert (await issued(app_client, may, watched)).status_code == 201
    told = await app_client.get(f"/api/v1/cases/{case}", headers=lead.headers)
    assert "supervised" in told.json()["attention"]


async def test_evidence_opens_for_those_who_see_the_order(
    app_client: AsyncClient, supervisor: Person, west: Person, east: Person
) -> None:
    kept = await app_client.post(
        "/api/v1/media", files={"file": ("a.jpg", photo(), "image/jpeg")}, headers=west.headers
    )
    media_id = kept.json()["id"]
    made = (await issued(app_client, supervisor, order(UNIT_WEST))).json()["id"]
    assert (await app_client.get(f"/api/v1/media/{media_id}", headers=supervisor.headers)).status_code == 404
    given = await acted(app_client, west, made, "answer", text="已办", media=[media_id])
    assert given.json()["steps"][-1]["media"] == [media_id]
    assert (await app_client.get(f"/api/v1/media/{media_id}", headers=supervisor.headers)).status_code == 200
    assert (await app_client.get(f"/api/v1/media/{media_id}", headers=east.headers)).status_code == 404
