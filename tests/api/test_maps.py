"""Layers of the map and lists of master data."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from app.dispatch.book import Book
from app.dispatch.codes import Post
from app.dispatch.commands import Dispatch
from app.dispatch.reasons import BUILT_IN_VERSION
from app.services.transaction import Sessions
from tests.cases_stored import Tale
from tests.people_stored import Person
from tests.small_city import EAST, IN_EAST, IN_WEST, SINCE, WEST_CELL

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("book")


async def get(client: AsyncClient, person: Person, path: str, **params: Any) -> Any:
    answer = await client.get(f"/api/v1/{path}", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_cells_come_whole_and_in_pages(app_client: AsyncClient, west: Person) -> None:
    whole = await get(app_client, west, "geo/cells")
    assert (whole["type"], whole["next"], len(whole["features"])) == ("FeatureCollection", None, 4)
    first = whole["features"][0]
    assert (first["id"], first["properties"]) == (WEST_CELL, {"code": WEST_CELL, "beat_code": "B1"})
    assert first["geometry"]["type"] == "MultiPolygon"
    assert set(first["geometry"]) == {"type", "coordinates"}
    assert [104.0, 30.0] in first["geometry"]["coordinates"][0][0]
    page = await get(app_client, west, "geo/cells", limit=3)
    rest = await get(app_client, west, "geo/cells", limit=3, after=page["next"])
    assert page["features"] + rest["features"] == whole["features"]
    assert rest["next"] is None


@pytest.mark.parametrize(("layer", "count"), [("cells", 2), ("zones", 1), ("areas", 5), ("components", 1)])
async def test_a_box_takes_what_it_meets(app_client: AsyncClient, west: Person, layer: str, count: int) -> None:
    assert len((await get(app_client, west, f"geo/{layer}"))["features"]) >= count
    corner = await get(app_client, west, f"geo/{layer}", bbox="104.0004,30.0004,104.0006,30.0011")
    expected = {"cells": 2, "zones": 1, "areas": 3, "components": 1}[layer]
    assert len(corner["features"]) == expected
    assert (await get(app_client, west, f"geo/{layer}", bbox="10,10,11,11"))["features"] == []


async def test_cases_on_the_map_are_those_in_sight(
    app_client: AsyncClient, sessions: Sessions, book: Book, west: Person, supervisor: Person
) -> None:
    minute = timedelta(minutes=1)
    tale = Tale(book=book, at=MONDAY, place=IN_WEST).step(minute, Post.DISPATCHER, Dispatch())
    mine = await tale.store(sessions)
    other = await Tale(book=book, at=MONDAY, place=IN_EAST).store(sessions)
    found = await get(app_client, west, "geo/cases")
    assert [one["id"] for one in found["features"]] == [str(mine)]
    assert found["features"][0]["geometry"] == {"type": "Point", "coordinates": list(IN_WEST)}
    assert found["features"][0]["properties"]["light"] == "red"
    page = await get(app_client, supervisor, "geo/cases", limit=1)
    rest = await get(app_client, supervisor, "geo/cases", limit=1, after=page["next"])
    assert {page["features"][0]["id"], rest["features"][0]["id"]} == {str(mine), str(other)}


@pytest.mark.parametrize(
    "path", ["geo/moon", "geo/cells?limit=2001", "geo/cells?bbox=1", "geo/cases?after=x", "ref/moon", "ref/units?x=1"]
)
async def test_what_cannot_be_drawn_is_refused(app_client: AsyncClient, west: Person, path: str) -> None:
    assert (await app_client.get(f"/api/v1/{path}", headers=west.headers)).status_code == 422


BUILT_IN = ("reasons", "policies", "sources")
"""Lists that come with the program."""


async def test_every_list_has_a_version_and_can_be_kept(app_client: AsyncClient, west: Person) -> None:
    lists = ("catalogue", "units", "areas", "zones", "beats", "reasons", "calendars", "policies", "sources")
    for name in lists:
        answer = await app_client.get(f"/api/v1/ref/{name}", headers=west.headers)
        assert answer.json()["version"] == (BUILT_IN_VERSION if name in BUILT_IN else 1), name
        assert answer.json()["items"], name
        again = {**west.headers, "If-None-Match": answer.headers["etag"]}
        assert (await app_client.get(f"/api/v1/ref/{name}", headers=again)).status_code == 304
        later = (await get(app_client, west, f"ref/{name}", changed_since=SINCE.isoformat()))["items"]
        assert later == []
        before = SINCE - timedelta(seconds=1)
        assert (await get(app_client, west, f"ref/{name}", changed_since=before.isoformat()))["items"]


async def test_lists_of_different_names_have_different_tags(app_client: AsyncClient, west: Person) -> None:
    answers = [await app_client.get(f"/api/v1/ref/{name}", headers=west.headers) for name in ("units", "areas")]
    assert answers[0].headers["etag"] != answers[1].headers["etag"]


async def test_lists_tell_what_clients_need(app_client: AsyncClient, west: Person) -> None:
    (category,) = (await get(app_client, west, "ref/catalogue"))["items"]
    assert (category["category"], category["minor_name"]) == ("0305", "施工扬尘")
    assert [one["limit"] for one in category["conditions"]] == [
        {"value": 4, "unit": "work_hour"},
        {"value": 2, "unit": "continuous_hour"},
    ]
    assert (await get(app_client, west, "ref/beats"))["items"] == [{"code": "B1", "name": "西一", "cells": [WEST_CELL]}]
    (calendar,) = (await get(app_client, west, "ref/calendars"))["items"]
    assert {"date": "2026-10-01", "working": False, "slots": None} in calendar["days"]
    areas = {one["code"]: one for one in (await get(app_client, west, "ref/areas"))["items"]}
    assert areas[EAST]["level"] == "street"
    assert (await get(app_client, west, "ref/zones"))["items"][0]["class"] == "road"
