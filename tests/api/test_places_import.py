"""Places from a file: imported as a draft, put in force, found; other sets of places stay what they were."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.adapters.keys import Keys
from app.dispatch.codes import Datum, Post
from app.dispatch.datum import from_canonical
from tests.files_made import geojson
from tests.people_stored import Person, signed_in
from tests.places_made import HERE, Row, metres, town

ADMIN = "/api/v1/admin"


@pytest.fixture
async def admin(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.ADMIN)


def features(rows: list[Row]) -> list[tuple[Mapping[str, Any], BaseGeometry]]:
    return [
        ({"名称": one["name"], "类别": one["kind"], "别名": "；".join(one["aliases"])}, one["geom"]) for one in rows
    ]


@pytest.mark.usefixtures("book")
async def test_a_file_of_points_lines_and_areas_is_found_once_it_is_in_force(
    app_client: AsyncClient, admin: Person, tmp_path: Path
) -> None:
    path = geojson(tmp_path / "p.geojson", features(town()))
    answer = await app_client.post(
        f"{ADMIN}/places",
        headers=admin.headers,
        files={"file": (path.name, path.read_bytes())},
        data={"name": "2026-12", "datum": "cgcs2000"},
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["valid"], told["counts"]["rows"], told["findings"]) == (True, len(town()), [])

    asked = {"q": "幸福里门口"}
    before = await app_client.get("/api/v1/geocode", params=asked, headers=admin.headers)
    assert before.json()["candidates"] == []
    done = await app_client.post(f"{ADMIN}/sets/{told['id']}/activate", headers=admin.headers, json={})
    assert done.status_code == 200, done.text
    found = (await app_client.get("/api/v1/geocode", params=asked, headers=admin.headers)).json()
    assert found["versions"]["places"] == 1
    best = found["candidates"][0]
    assert (best["name"], best["matched"]) == ("幸福小区", ["alias", "nearby"])
    assert metres(best["lon"], best["lat"]) == pytest.approx((150, 100), abs=0.1)


@pytest.mark.usefixtures("book")
async def test_a_declared_datum_is_brought_home_and_a_nameless_place_refused(
    app_client: AsyncClient, admin: Person, tmp_path: Path
) -> None:
    moved = Point(from_canonical(*HERE.degrees(0, 0), Datum.GCJ02))
    path = geojson(tmp_path / "p.geojson", [({"name": "望江亭", "kind": "poi"}, moved), ({"kind": "poi"}, moved)])
    files = {"file": (path.name, path.read_bytes())}
    form = {"name": "n", "datum": "gcj02"}
    refused = await app_client.post(f"{ADMIN}/places", headers=admin.headers, files=files, data=form)
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["where"]["feature"] == 2

    path = geojson(tmp_path / "q.geojson", [({"name": "望江亭", "kind": "poi"}, moved)])
    files = {"file": (path.name, path.read_bytes())}
    told = (await app_client.post(f"{ADMIN}/places", headers=admin.headers, files=files, data=form)).json()
    await app_client.post(f"{ADMIN}/sets/{told['id']}/activate", headers=admin.headers, json={})
    found = (await app_client.get("/api/v1/geocode", params={"q": "望江亭"}, headers=admin.headers)).json()
    best = found["candidates"][0]
    assert metres(best["lon"], best["lat"]) == pytest.approx((0, 0), abs=0.1)
