"""Versions of master data through the API: drafts, schedules, activation, and what each instant is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from shapely import box
from sqlalchemy import select

from app.adapters.keys import Keys
from app.adapters.passwords import Passwords
from app.adapters.tokens import Tokens
from app.dispatch.codes import Post, Scope
from app.dispatch.set_codes import SetKind
from app.main import wire
from app.models.activations import Activation
from app.models.reports import Report
from app.repositories.sets import wkb
from app.services.books import Books
from app.services.transaction import Sessions
from app.settings import Settings
from tests.conftest import CHEAP
from tests.partners_stored import Clock
from tests.people_stored import Person, signed_in
from tests.sets_stored import rule, store_draft, two_cells
from tests.small_city import IN_EAST, IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, store_small_city
from tests.towns import CITY

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADMIN = "/api/v1/admin"
Json = dict[str, Any]


@pytest.fixture
async def clock(application: FastAPI, settings: Settings, sessions: Sessions, keys: Keys) -> Clock:
    """Put the small city in force in an application whose clock is ours."""
    clock = Clock(MONDAY)
    await store_small_city(sessions)
    application.state.wired = wire(settings, sessions, keys, now=clock, passwords=Passwords(CHEAP))
    await application.state.wired.books.refresh()
    return clock


@pytest.fixture
async def admin(clock: Clock, application: FastAPI, keys: Keys) -> Person:  # noqa: ARG001  # the application comes first
    return await signed_in(application, keys, Post.ADMIN)


@pytest.fixture
async def post(app_client: AsyncClient, admin: Person, clock: Clock, keys: Keys) -> Callable[..., Any]:
    async def send(path: str, body: object = None, *, who: Person | None = None, key: str | None = None) -> Response:
        headers = awake(who or admin, clock, keys) | ({"Idempotency-Key": key} if key else {})
        return await app_client.post(f"{ADMIN}/{path}", json=body if body is not None else {}, headers=headers)

    return send


def awake(person: Person, clock: Clock, keys: Keys) -> dict[str, str]:
    """Return headers that are good by our clock."""
    return {"Authorization": f"Bearer {Tokens(keys.token, CITY).sign(person.id, 0, clock())}"}


@pytest.fixture
def told(app_client: AsyncClient, application: FastAPI, keys: Keys) -> Callable[..., Any]:
    """Return a function that asks who is responsible for the one category of the city."""

    async def explain(place: tuple[float, float] = IN_WEST, at: datetime | None = None) -> Json:
        asker = await signed_in(application, keys, Post.SUPERVISOR)
        params: Json = {"lon": place[0], "lat": place[1], "kind": "event", "category": "0305", "condition": 1}
        if at is not None:
            params["at"] = at.isoformat()
        answer = await app_client.get("/api/v1/dispatch/explain", params=params, headers=asker.headers)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    return explain


def whole_city(unit: str, name: str) -> list[Json]:
    return [rule(name, unit)]


async def test_a_draft_comes_into_force_at_once(
    sessions: Sessions, post: Any, told: Any, clock: Clock, app_client: AsyncClient, admin: Person
) -> None:
    assert (await told())["unit_code"] == UNIT_WEST
    draft = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "new"))
    answer = await post(f"sets/{draft}/activate")
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert [(one["kind"], one["state"], one["version"]) for one in done["sets"]] == [("rules", "active", 2)]
    assert (done["forced"], datetime.fromisoformat(done["from"])) == (False, clock.at)
    after = await told()
    assert (after["unit_code"], after["rule_id"]) == (UNIT_TOP, "new")
    assert (after["versions"]["book"], after["versions"]["rules"], after["versions"]["cells"]) == (2, 2, 1)
    listed = (await app_client.get(f"{ADMIN}/sets", params={"kind": "rules"}, headers=admin.headers)).json()["items"]
    assert {one["version"]: (one["state"], one["active_to"] is None) for one in listed} == {
        2: ("active", True),
        1: ("superseded", False),
    }
    recorded = (await app_client.get(f"{ADMIN}/activations", headers=admin.headers)).json()["items"]
    assert [(one["id"], one["decided_by"]) for one in recorded] == [(done["id"], str(admin.id))]


async def test_a_scheduled_set_begins_at_its_instant_although_nobody_is_awake(
    sessions: Sessions, post: Any, told: Any, clock: Clock, application: FastAPI
) -> None:
    draft, begins = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "new")), clock.at + HOUR
    done = (await post(f"sets/{draft}/activate", {"from": begins.isoformat()})).json()
    assert done["sets"][0]["state"] == "scheduled"
    clock.at = begins - timedelta(microseconds=1)
    before = await told()
    assert (before["unit_code"], before["versions"]["book"]) == (UNIT_WEST, 1)
    await application.state.wired.books.refresh()  # the look of every second, shortly before
    clock.at = begins
    after = await told()
    assert (after["unit_code"], after["versions"]["book"], after["versions"]["rules"]) == (UNIT_TOP, 2, 2)
    clock.at = begins + HOUR
    awake = Books(sessions, now=clock)
    await awake.refresh()
    assert awake.current.number == 2
    for _ in range(2):
        await awake.begin_due()
        await awake.refresh()
        assert awake.current.number == 2
    assert [(await told(at=at))["unit_code"] for at in (MONDAY, begins - timedelta(seconds=1), begins)] == [
        *(UNIT_WEST, UNIT_WEST, UNIT_TOP)
    ]


async def test_several_begin_together_and_are_checked_together(
    sessions: Sessions, post: Any, told: Any, clock: Clock
) -> None:
    units = [_unit("N", "新单位")]
    rules = await store_draft(sessions, SetKind.RULES, whole_city("N", "new"))
    new_units = await store_draft(sessions, SetKind.UNITS, units)
    alone = await post(f"sets/{rules}/activate")
    assert (alone.status_code, alone.json()["code"]) == (409, "activation_refused")
    assert {one["code"] for one in alone.json()["findings"]} >= {"rule_of_inactive_unit", "coverage_incomplete"}
    together = await post("activations", {"sets": [str(rules), str(new_units)]})
    assert together.status_code == 200, together.text
    assert {one["state"] for one in together.json()["sets"]} == {"active"}
    found = await told()
    assert (found["unit_code"], found["unit_name"], found["versions"]["book"]) == ("N", "新单位", 2)
    assert {one["code"] for one in together.json()["findings"]} >= {
        "zone_of_inactive_unit",
        "component_of_inactive_unit",
    }
    del clock


async def test_contradictions_are_refused_whatever_is_forced_and_both_rules_named(
    sessions: Sessions, post: Any, told: Any
) -> None:
    rows = [rule("a", UNIT_WEST, Scope.STREET, WEST), rule("b", UNIT_EAST, Scope.STREET, WEST), rule("c", UNIT_TOP)]
    draft = await store_draft(sessions, SetKind.RULES, rows)
    answer = await post(f"sets/{draft}/activate", {"force": True, "reason": "急用"})
    assert (answer.status_code, answer.json()["code"]) == (409, "activation_refused")
    conflict = next(one for one in answer.json()["findings"] if one["code"] == "rule_conflict")
    assert (conflict["where"]["rules"], conflict["where"]["units"]) == (["a", "b"], [UNIT_WEST, UNIT_EAST])
    assert (await told())["versions"]["rules"] == 1


async def test_rules_without_complete_coverage_need_force_and_a_reason(
    sessions: Sessions, post: Any, told: Any
) -> None:
    draft = await store_draft(sessions, SetKind.RULES, [rule("a", UNIT_WEST, Scope.STREET, WEST)])
    refused = await post(f"sets/{draft}/activate")
    assert (refused.status_code, refused.json()["code"]) == (409, "activation_refused")
    finding = next(one for one in refused.json()["findings"] if one["code"] == "coverage_incomplete")
    assert finding["severity"] == "error"
    unsaid = await post(f"sets/{draft}/activate", {"force": True, "reason": "  "})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "reason_required")
    forced = await post(f"sets/{draft}/activate", {"force": True, "reason": "东街尚未移交，联系13800138000"})
    assert forced.status_code == 200, forced.text
    async with sessions() as session:
        recorded = (await session.scalars(select(Activation))).one()
    assert (recorded.forced, "13800138000" in str(recorded.reason)) == (True, False)
    assert "东街尚未移交" in str(recorded.reason)
    assert "coverage_incomplete" in {one["code"] for one in recorded.findings}
    assert (await told(IN_EAST))["attention"] == ["unassigned"]


async def test_another_city_replaces_this_one_in_order_and_is_only_warned(
    sessions: Sessions, post: Any, told: Any
) -> None:
    """Areas, cells, units, rules, one after the other; zones, components and beats of the old city have no effect."""
    for kind, rows in _other_city().items():
        draft = await store_draft(sessions, kind, rows)
        answer = await post(f"sets/{draft}/activate")
        assert answer.status_code == 200, (kind, answer.text)
        assert {one["severity"] for one in answer.json()["findings"]} <= {"warning"}
    found = await told(IN_WEST)
    assert (found["cell_code"], found["unit_code"], found["rule_id"]) == ("620102001001001", "LZ", "lz")


async def test_past_instants_and_unfit_sets_are_refused(sessions: Sessions, post: Any, clock: Clock) -> None:
    draft = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "new"))
    past = await post(f"sets/{draft}/activate", {"from": (clock.at - timedelta(seconds=1)).isoformat()})
    assert (past.status_code, past.json()["code"]) == (422, "past_instant")
    assert past.json()["errors"][0]["where"] == ["body", "from"]
    faulty = await store_draft(sessions, SetKind.CELLS, [], valid=False)
    assert (await post(f"sets/{faulty}/activate")).json()["code"] == "set_not_valid"
    other = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "other"))
    twins = await post("activations", {"sets": [str(draft), str(other)]})
    assert (twins.status_code, twins.json()["code"]) == (422, "two_of_a_kind")
    assert (await post(f"sets/{uuid4()}/activate")).status_code == 404
    assert (await post(f"sets/{draft}/activate", {"when": "now"})).status_code == 422
    begins = (clock.at + HOUR).isoformat()
    assert (await post(f"sets/{draft}/activate", {"from": begins})).status_code == 200
    taken = await post(f"sets/{other}/activate", {"from": begins})
    assert (taken.status_code, taken.json()["code"]) == (409, "instant_taken")
    assert (await post(f"sets/{other}/activate")).status_code == 200
    again = await post(f"sets/{other}/activate")
    assert (again.status_code, again.json()["code"]) == (409, "set_active")


async def test_drafts_are_discarded_and_schedules_taken_back(
    sessions: Sessions, post: Any, told: Any, clock: Clock, app_client: AsyncClient, admin: Person, keys: Keys
) -> None:
    draft = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "new"))
    await post(f"sets/{draft}/activate", {"from": (clock.at + HOUR).isoformat()})

    async def delete(set_id: UUID | str) -> Response:
        return await app_client.delete(f"{ADMIN}/sets/{set_id}", headers=awake(admin, clock, keys))

    assert (await delete(draft)).json()["state"] == "draft"
    clock.pass_by(hours=2)
    assert (await told())["versions"]["book"] == 1
    assert (await delete(draft)).status_code == 200
    assert (await delete(draft)).status_code == 404
    shown = awake(admin, clock, keys)
    page = (await app_client.get(f"{ADMIN}/sets", params={"kind": "rules"}, headers=shown)).json()
    assert [one["version"] for one in page["items"]] == [1]
    held = await delete(page["items"][0]["id"])
    assert (held.status_code, held.json()["code"]) == (409, "set_in_use")


async def test_the_same_key_activates_once(sessions: Sessions, post: Any, told: Any) -> None:
    draft = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "new"))
    first = await post(f"sets/{draft}/activate", {}, key="k1")
    again = await post(f"sets/{draft}/activate", {}, key="k1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (await told())["versions"]["book"] == 2
    other = await post(f"sets/{draft}/activate", {"reason": "x"}, key="k1")
    assert other.json()["code"] == "idempotency_mismatch"


async def test_only_administrators_of_the_city_see_and_activate(
    sessions: Sessions, post: Any, application: FastAPI, keys: Keys, app_client: AsyncClient
) -> None:
    draft = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "new"))
    for held in (Post.DISPATCHER, Post.COORDINATOR, Post.UNIT):
        other = await signed_in(application, keys, held, unit=UNIT_WEST if held is Post.UNIT else None)
        assert (await post(f"sets/{draft}/activate", who=other)).status_code == 403
        assert (await post("activations", {"nonsense": 1}, who=other)).status_code == 403
        assert (await app_client.delete(f"{ADMIN}/sets/{draft}", headers=other.headers)).status_code == 403
        assert (await app_client.get(f"{ADMIN}/sets/{draft}", headers=other.headers)).status_code == 404
        for path in ("sets", "activations"):
            page = await app_client.get(f"{ADMIN}/{path}", headers=other.headers)
            assert (page.status_code, page.json()) == (200, {"items": [], "next": None})
    assert (await app_client.get(f"{ADMIN}/sets")).status_code == 401


async def test_sets_come_in_pages(sessions: Sessions, app_client: AsyncClient, admin: Person) -> None:
    drafts = {str(await store_draft(sessions, SetKind.RULES, [])) for _ in range(5)}
    seen: list[str] = []
    after: str | None = None
    while True:
        params: Json = {"kind": "rules", "state": "draft", "limit": 2} | ({"after": after} if after else {})
        page = (await app_client.get(f"{ADMIN}/sets", params=params, headers=admin.headers)).json()
        seen += [one["id"] for one in page["items"]]
        if (after := page["next"]) is None:
            break
    assert len(seen) == len(drafts) == 5
    assert set(seen) == drafts


async def test_four_instants_are_told_as_they_were_recorded(
    sessions: Sessions, post: Any, told: Any, clock: Clock, application: FastAPI, keys: Keys, app_client: AsyncClient
) -> None:
    """Three activations, reports between them, and a ruling that earlier instants do not know."""
    inspector = await signed_in(application, keys, Post.INSPECTOR)
    coordinator = await signed_in(application, keys, Post.COORDINATOR)

    async def reported() -> tuple[datetime, Json]:
        clock.pass_by(minutes=10)
        body = {
            "source": "inspector",
            "kind": "event",
            "category": "0305",
            "condition": 1,
            "description": "路面有渣土",
            "location": {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000", "from": "by_hand"},
        }
        answer = await app_client.post("/api/v1/reports", json=body, headers=awake(inspector, clock, keys))
        assert answer.status_code == 201, answer.text
        at = clock.at
        clock.pass_by(minutes=10)
        async with sessions() as session:
            row = await session.get(Report, UUID(answer.json()["id"]))
            assert row is not None
            return at, row.routing

    recorded = [await reported()]
    rules = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_TOP, "second"))
    assert (await post(f"sets/{rules}/activate")).status_code == 200
    recorded.append(await reported())
    cells = await store_draft(sessions, SetKind.CELLS, two_cells())
    assert (await post(f"sets/{cells}/activate", {"from": (clock.at + timedelta(minutes=5)).isoformat()})).is_success
    recorded.append(await reported())
    others = await store_draft(sessions, SetKind.RULES, whole_city(UNIT_EAST, "third"))
    assert (await post(f"sets/{others}/activate")).status_code == 200
    recorded.append(await reported())
    ruling = {"unit_code": UNIT_WEST, "scope": "street", "scope_code": WEST}
    assert (await post("rulings", ruling, who=coordinator)).status_code == 201
    recorded.append(await reported())

    asker = await signed_in(application, keys, Post.SUPERVISOR)
    items = [
        {
            "lon": IN_WEST[0],
            "lat": IN_WEST[1],
            "kind": "event",
            "category": "0305",
            "condition": 1,
            "at": at.isoformat(),
        }
        for at, _ in recorded
    ]
    answer = await app_client.post("/api/v1/dispatch/explain", json={"items": items}, headers=asker.headers)
    many = answer.json()["items"]
    units = []
    for (at, routing), bulk in zip(recorded, many, strict=True):
        one = await told(at=at)
        assert one == bulk
        for name in ("unit_code", "decided_by", "rule_id", "versions"):
            assert one[name] == routing[name], (at, name)
        assert [{k: v for k, v in row.items() if k != "text"} for row in one["considered"]] == routing["considered"]
        units.append((one["unit_code"], one["versions"]["book"], one["versions"]["cells"]))
    assert units == [
        (UNIT_WEST, 1, 1),
        (UNIT_TOP, 2, 1),
        (UNIT_TOP, 3, 2),
        (UNIT_EAST, 4, 2),
        (UNIT_WEST, 5, 2),
    ]


async def test_an_instant_before_anything_was_in_force_is_refused(
    app_client: AsyncClient, application: FastAPI, keys: Keys, clock: Clock
) -> None:
    asker = await signed_in(application, keys, Post.SUPERVISOR)
    params: Json = {"lon": IN_WEST[0], "lat": IN_WEST[1], "at": "2025-12-31T00:00:00+08:00"}
    answer = await app_client.get("/api/v1/dispatch/explain", params=params, headers=asker.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_in_force_then")
    del clock


def _unit(code: str, name: str) -> Json:
    return {
        "code": code,
        "name": name,
        "parent_code": None,
        "kind": "city",
        "region_code": None,
        "fallback": False,
        "desk": False,
    }


def _other_city() -> dict[SetKind, list[Json]]:
    ground = wkb(box(103.99, 29.99, 104.01, 30.01))
    return {
        SetKind.AREAS: [
            {"code": "620102", "name": "区", "level": "district", "parent_code": None, "geom": ground},
            {"code": "620102001", "name": "街", "level": "street", "parent_code": "620102", "geom": ground},
            {"code": "620102001001", "name": "社", "level": "community", "parent_code": "620102001", "geom": ground},
        ],
        SetKind.CELLS: [{"code": "620102001001001", "geom": ground}],
        SetKind.UNITS: [_unit("LZ", "城管局")],
        SetKind.RULES: whole_city("LZ", "lz"),
    }
