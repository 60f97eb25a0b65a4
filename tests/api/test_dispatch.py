"""Where a point lies and who is responsible, asked through the API."""

import json
import threading
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.api.schemas.routing import ExplainOut, Telling
from app.dispatch.codes import Datum
from app.dispatch.datum import from_canonical
from app.dispatch.policies import DEFAULTS
from app.services import dispatching
from app.services.dispatching import Asked, Dispatching
from tests.people_stored import Person
from tests.small_city import DISTRICT, EAST_CELL, IN_EAST, IN_WEST, ROAD, SINCE, UNIT_EAST, UNIT_WEST, WEST, WEST_CELL

pytestmark = pytest.mark.usefixtures("book")
PATH = "/api/v1/dispatch"
EDGE, CORNER, NEAR, FAR, FARTHER = (104.001, 30.0005), (104.001, 30.001), (103.9999, 30.0005), (103.997, 30), (107, 30)


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


async def test_each_of_many_is_answered_as_if_asked_alone(
    app_client: AsyncClient, west: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "_AT_ONCE", 7)  # so that answers come in several rounds
    items = [drawn(Random(number)) for number in range(60)]  # noqa: S311 - questions, no secrets
    answer = await app_client.post(f"{PATH}/explain", json={"items": items}, headers=west.headers)
    assert answer.status_code == 200, answer.text
    told = answer.json()["items"]
    alone = [
        await get(app_client, west, "explain", **{name: value for name, value in one.items() if value is not None})
        for one in items
    ]
    assert told == alone
    assert {one["decided_by"] for one in told} >= {"rule", "component", "unassigned"}
    assert {code for one in told for code in one["attention"]} >= {
        *("no_category", "unknown_category", "no_condition", "unknown_component"),
        *("on_boundary", "snapped", "out_of_coverage"),
    }
    assert any(one["considered"] for one in told)


def drawn(chance: Random) -> dict[str, Any]:
    """Draw a question, odd in any of the ways there are."""
    datum = chance.choice([Datum.CGCS2000, Datum.WGS84, Datum.GCJ02, Datum.BD09])
    place = chance.choice([IN_WEST, IN_WEST, IN_EAST, IN_EAST, EDGE, CORNER, NEAR, FAR, FARTHER])
    return {
        **at(from_canonical(*place, datum)),
        "datum": datum,
        "kind": chance.choice(["event", "event", "event", "component", None]),
        "category": chance.choice(["0305", "0305", "0305", "9999", None]),
        "condition": chance.choice([None, 1, 2, 7]),
        "component_code": chance.choice([None, None, "5101070305000001", "none"]),
        "at": chance.choice([None, None, SINCE.isoformat(), "2026-03-01", "2026-06-01T08:00:00+08:00"]),
    }


async def test_an_instant_before_anything_was_in_force_is_refused_alone_and_among_many(
    app_client: AsyncClient, west: Person
) -> None:
    early: dict[str, Any] = {**at(IN_WEST), "at": "2020-01-01"}
    alone = await app_client.get(f"{PATH}/explain", params=early, headers=west.headers)
    many = await app_client.post(f"{PATH}/explain", json={"items": [at(IN_WEST), early]}, headers=west.headers)
    assert [(one.status_code, one.json()["code"]) for one in (alone, many)] == [(422, "nothing_in_force_then")] * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("category", text) for text in ("03\x00", "03\ud800", "  ", "x" * 101, 305)],
        *[("component_code", "\ud800"), ("datum", ""), ("kind", "thing"), ("condition", 0)],
        *[("lon", None), ("lat", "north"), ("at", "yesterday"), ("at", "2026-01-01T00:00:00"), ("colour", "red")],
    ],
)
async def test_what_cannot_be_read_or_kept_among_many_is_named(
    app_client: AsyncClient, west: Person, name: str, value: object
) -> None:
    body = json.dumps({"items": [at(IN_WEST), {**at(IN_WEST), name: value}]})  # escapes halves of characters
    headers = {**west.headers, "Content-Type": "application/json"}
    answer = await app_client.post(f"{PATH}/explain", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"][:4] == ["body", "items", 1, name]


async def test_every_answer_names_the_versions_that_it_was_found_under(application: FastAPI) -> None:
    wired = application.state.wired
    asked = Asked(lon=IN_WEST[0], lat=IN_WEST[1])
    [found] = await Dispatching(wired.sessions, wired.books, DEFAULTS, wired.now).explain([asked], lambda one: one)
    telling, answers = Telling(), [found, replace(found, versions={"book": 7}), found]
    assert [json.loads(telling(one)) for one in answers] == [
        ExplainOut.explaining(one).model_dump(mode="json") for one in answers
    ]


async def test_others_are_served_while_many_are_answered(application: FastAPI) -> None:
    wired = application.state.wired
    service = Dispatching(wired.sessions, wired.books, DEFAULTS, wired.now)
    asked = [Asked(lon=IN_WEST[0], lat=IN_WEST[1], at=instant) for instant in (None, SINCE)]
    threads = await service.explain(asked, lambda _: threading.get_ident())
    assert len(threads) == 2
    assert threading.get_ident() not in threads  # the event loop's


@pytest.mark.parametrize(
    "params", [{"lon": 200, "lat": 10}, {"lon": "nan", "lat": 10}, {"lon": 1}, {"lon": 1, "lat": 1, "x": 1}]
)
async def test_what_is_no_place_is_refused(app_client: AsyncClient, west: Person, params: dict[str, Any]) -> None:
    answer = await app_client.get(f"{PATH}/locate", params=params, headers=west.headers)
    assert answer.status_code == 422
