"""Components around a point, and whom they bring when they are named."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.dispatch.codes import Datum
from app.dispatch.components import is_gone
from app.dispatch.datum import from_canonical
from app.dispatch.set_codes import SetKind
from app.repositories.plans import PlanRepository
from app.repositories.sets import wkb
from app.services.transaction import Sessions, writing
from tests.people_stored import Person
from tests.places_made import HERE, point
from tests.sets_stored import store_draft
from tests.small_city import SINCE, UNIT_EAST, UNIT_TOP

PATH = "/api/v1/dispatch"


def component(code: str, east: float, *, category: str = "0305", state: str = "in_use") -> dict[str, Any]:
    return {
        "code": code,
        "category": category,
        "name": "井盖",
        "competent_unit": UNIT_TOP,
        "owner_unit": UNIT_TOP,
        "maintainer_unit": UNIT_EAST,
        "state": state,
        "geom": wkb(point(east, 0)),
    }


@pytest.fixture
async def street(sessions: Sessions, book: Any) -> None:
    """Put components along a street in force; one of another category, one taken away, one lost."""
    del book
    rows = [
        component("C10", 10),
        component("C20", 20, state="已拆除"),
        component("C30", 30, state="丢失"),
        component("C40", -40),
        component("C45", 45, category="0102"),
        component("C90", 90),
    ]
    set_id = await store_draft(sessions, SetKind.COMPONENTS, rows)
    async with writing(sessions) as session:
        plans = PlanRepository(session)
        await plans.activate([set_id], (await plans.plan()).after(SINCE))


async def near(client: AsyncClient, person: Person, **params: Any) -> list[dict[str, Any]]:
    lon, lat = HERE.degrees(0, 0)
    answer = await client.get(f"{PATH}/components", params={"lon": lon, "lat": lat, **params}, headers=person.headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.usefixtures("street")
async def test_the_nearest_come_first_and_what_is_gone_does_not_come(app_client: AsyncClient, west: Person) -> None:
    found = await near(app_client, west, category="0305")
    assert [one["code"] for one in found] == ["C10", "C30", "C40"]
    assert [one["distance_m"] for one in found] == pytest.approx([10, 30, 40], abs=0.05)
    assert found[0]["maintainer_unit"] == UNIT_EAST
    assert [one["code"] for one in await near(app_client, west)] == ["C10", "C30", "C40", "C45"]
    assert [one["code"] for one in await near(app_client, west, radius_m=100, limit=5)][-1] == "C90"
    lon, lat = from_canonical(*HERE.degrees(0, 0), Datum.BD09)
    assert [one["code"] for one in await near(app_client, west, lon=lon, lat=lat, datum="bd09", limit=1)] == ["C10"]


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    ("code", "unit", "ground"),
    [("C10", UNIT_EAST, "component"), ("C30", UNIT_EAST, "component"), ("C20", "W", "rule")],
)
async def test_a_component_that_was_taken_away_brings_nobody(
    app_client: AsyncClient, west: Person, code: str, unit: str, ground: str
) -> None:
    params: dict[str, Any] = {"lon": 104.0005, "lat": 30.0005, "kind": "event", "category": "0305", "condition": 1}
    asked = {**params, "component_code": code}
    found = (await app_client.get(f"{PATH}/explain", params=asked, headers=west.headers)).json()
    assert (found["unit_code"], found["decided_by"]) == (unit, ground)
    assert "unknown_component" not in found["attention"]


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("params", [{"radius_m": 0}, {"radius_m": 1001}, {"limit": 0}, {"lat": 95}])
async def test_bad_questions_are_refused(app_client: AsyncClient, west: Person, params: dict[str, float]) -> None:
    asked = {"lon": 104.0, "lat": 30.0, **params}
    answer = await app_client.get(f"{PATH}/components", params=asked, headers=west.headers)
    assert answer.status_code == 422


def test_which_states_mean_gone() -> None:
    assert [is_gone(one) for one in ("移除", "已拆除", "Removed", " 废弃 ")] == [True] * 4
    assert [is_gone(one) for one in ("in_use", "good", "丢失", "破损", "完好", "")] == [False] * 6
