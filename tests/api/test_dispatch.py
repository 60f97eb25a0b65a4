"""Where a point lies and who is responsible, asked through the API."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.dispatch.codes import Datum
from app.dispatch.datum import from_canonical
from tests.people_stored import Person
from tests.small_city import DISTRICT, EAST_CELL, IN_EAST, IN_WEST, ROAD, UNIT_EAST, UNIT_WEST, WEST, WEST_CELL

pytestmark = pytest.mark.usefixtures("book")
PATH = "/api/v1/dispatch"


async def get(client: AsyncClient, person: Person, what: str, **params: Any) -> Any:
    answer = await client.get(f"{PATH}/{what}", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def at(place: tuple[float, float]) -> dict[str, float]:
    return {"lon": place[0], "lat": place[1]}


async def test_a_point_has_its_cell_zones_and_areas(app_client: AsyncClient, west: Person) -> None:
    found = await get(app_client, west, "locate", **at(IN_WEST))
    assert (found["cell_code"], found["zones"], found["beat_code"]) == (WEST_CELL, [ROAD], "B1")
    assert (found["community_code"], found["street_code"], found["district_code"]) == (f"{WEST}001", WEST, DISTRICT)
    assert (found["on_boundary"], found["snapped"], found["distance_m"]) == (False, False, 0)
    assert found["versions"]["cells"] == 1


async def test_a_point_of_another_datum_is_brought_home(app_client: AsyncClient, west: Person) -> None:
    lon, lat = from_canonical(*IN_EAST, Datum.GCJ02)
    assert (await get(app_client, west, "locate", lon=lon, lat=lat, datum="gcj02"))["cell_code"] == EAST_CELL
    assert (await get(app_client, west, "locate", lon=lon, lat=lat))["cell_code"] != EAST_CELL


async def test_boundaries_and_the_far_away_are_told(app_client: AsyncClient, west: Person) -> None:
    edge = await get(app_client, west, "locate", lon=104.001, lat=30.0005)
    assert (edge["cell_code"], edge["on_boundary"], edge["candidates"]) == (WEST_CELL, True, [WEST_CELL, EAST_CELL])
    near = await get(app_client, west, "locate", lon=103.9999, lat=30.0005)
    assert (near["cell_code"], near["snapped"]) == (WEST_CELL, True)
    far = await get(app_client, west, "explain", lon=107, lat=30, kind="event", category="0305")
    assert (far["cell_code"], far["unit_code"], far["decided_by"]) == (None, None, "unassigned")
    assert far["attention"] == ["out_of_coverage"]


async def test_responsibility_comes_with_its_reasons(app_client: AsyncClient, west: Person) -> None:
    found = await get(app_client, west, "explain", **at(IN_WEST), kind="event", category="0305", condition=1)
    assert (found["unit_code"], found["decided_by"], found["rule_id"]) == (UNIT_WEST, "rule", "r1")
    assert found["unit_name"] == "西街中队"
    code = "5101070305000001"
    found = await get(app_client, west, "explain", **at(IN_WEST), kind="event", category="0305", component_code=code)
    assert (found["unit_code"], found["decided_by"]) == (UNIT_EAST, "component")
    lost = {one["rule_id"]: one["lost_because"] for one in found["considered"]}
    assert lost["r1"] == "later_ground"


@pytest.mark.parametrize(
    ("params", "attention"),
    [
        ({}, "no_category"),
        ({"kind": "event", "category": "9999"}, "unknown_category"),
        ({"kind": "event", "category": "0305", "condition": 7}, "no_condition"),
        ({"kind": "event", "category": "0305", "component_code": "none"}, "unknown_component"),
    ],
)
async def test_what_is_odd_is_told(
    app_client: AsyncClient, west: Person, params: dict[str, Any], attention: str
) -> None:
    found = await get(app_client, west, "explain", **at(IN_WEST), **params)
    assert attention in found["attention"]


async def test_many_questions_are_answered_in_order(app_client: AsyncClient, west: Person) -> None:
    what = {"kind": "event", "category": "0305"}
    items = [{**at(IN_EAST if number % 3 else IN_WEST), **what} for number in range(300)]
    answer = await app_client.post(f"{PATH}/explain", json={"items": items}, headers=west.headers)
    units = [one["unit_code"] for one in answer.json()["items"]]
    assert units == [UNIT_EAST if number % 3 else UNIT_WEST for number in range(300)]
    assert answer.json()["items"][0] == await get(app_client, west, "explain", **items[0])


async def test_a_bad_question_among_many_is_named(app_client: AsyncClient, west: Person) -> None:
    items = [at(IN_WEST), {**at(IN_WEST), "datum": "mars"}]
    answer = await app_client.post(f"{PATH}/explain", json={"items": items}, headers=west.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == ["body", "items", 1]
    too_many = await app_client.post(f"{PATH}/explain", json={"items": [at(IN_WEST)] * 10_001}, headers=west.headers)
    assert too_many.status_code == 422


@pytest.mark.parametrize(
    "params", [{"lon": 200, "lat": 10}, {"lon": "nan", "lat": 10}, {"lon": 1}, {"lon": 1, "lat": 1, "x": 1}]
)
async def test_what_is_no_place_is_refused(app_client: AsyncClient, west: Person, params: dict[str, Any]) -> None:
    answer = await app_client.get(f"{PATH}/locate", params=params, headers=west.headers)
    assert answer.status_code == 422
