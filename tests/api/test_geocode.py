"""Addresses to places and back, asked through the API."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.dispatch.codes import Datum
from app.dispatch.datum import from_canonical
from app.dispatch.set_codes import SetKind
from app.repositories.plans import PlanRepository
from app.services.transaction import Sessions, writing
from tests.people_stored import Person
from tests.places_made import HERE, metres, point, row, town
from tests.sets_stored import store_draft
from tests.small_city import SINCE, WEST_CELL

PATH = "/api/v1/geocode"


@pytest.fixture
async def places(sessions: Sessions, book: Any) -> None:
    del book
    set_id = await store_draft(sessions, SetKind.PLACES, town())
    async with writing(sessions) as session:
        await PlanRepository(session).activate([set_id], SINCE)


async def get(client: AsyncClient, person: Person, what: str = "", **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{PATH}{what}", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["candidates"]
    return found


@pytest.mark.usefixtures("places")
async def test_a_crossing_and_the_way_from_it(app_client: AsyncClient, west: Person) -> None:
    (best, *_) = await get(app_client, west, q="新区西街人民路与新华路交叉口向西50米")
    assert metres(best["lon"], best["lat"]) == pytest.approx((-50, 0), abs=0.5)
    assert (best["name"], best["kind"], best["datum"]) == ("人民路与新华路交叉口", "crossing", "cgcs2000")
    assert best["matched"] == ["crossing", "name", "offset", "region"]
    assert best["cell_code"] == WEST_CELL
    assert 0.9 <= best["score"] < 0.95


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(
    ("q", "name", "kind", "why"),
    [
        ("老街１２８号附近", "人民路128号", "door", ["door", "nearby"]),
        ("人民路１２８号", "人民路128号", "door", ["door"]),
        ("人民路124号", "人民路124号", "door", ["between_doors"]),
        ("幸福里3号楼2单元", "幸福小区", "compound", ["alias"]),
        ("幸福小去", "幸福小区", "compound", ["similar"]),
        ("人民路（新华路至解放路段）", "人民路（新华路至解放路段）", "road", ["name", "stretch"]),
    ],
)
async def test_what_is_said_is_found(
    app_client: AsyncClient, west: Person, q: str, name: str, kind: str, why: list[str]
) -> None:
    found = await get(app_client, west, q=q)
    assert (found[0]["name"], found[0]["kind"], found[0]["matched"]) == (name, kind, why)


@pytest.mark.usefixtures("places")
async def test_equal_candidates_are_all_named_and_nearness_decides_their_order(
    app_client: AsyncClient, west: Person
) -> None:
    both = await get(app_client, west, q="万家超市对面")
    assert [one["name"] for one in both] == ["万家超市", "万家超市"]
    assert both[0]["score"] == both[1]["score"]
    lon, lat = from_canonical(*HERE.degrees(590, 20), Datum.GCJ02)
    near = await get(app_client, west, q="万家超市对面", near=f"{lon},{lat}", datum="gcj02")
    assert metres(near[0]["lon"], near[0]["lat"]) == pytest.approx((600, 20), abs=0.5)
    assert near[0]["score"] > near[1]["score"]


@pytest.mark.usefixtures("places")
async def test_a_point_gets_words_that_lead_back_to_it(app_client: AsyncClient, west: Person) -> None:
    lon, lat = HERE.degrees(-50, 1)
    found = await get(app_client, west, "/reverse", lon=lon, lat=lat)
    assert found[0]["name"] == "人民路与新华路交叉口向西50米"
    assert (found[0]["lon"], found[0]["lat"]) == pytest.approx((lon, lat))
    assert "万家超市附近" in [one["name"] for one in found]
    back = await get(app_client, west, q=found[0]["name"])
    assert metres(back[0]["lon"], back[0]["lat"]) == pytest.approx((-50, 1), abs=2)


async def test_without_places_nothing_is_known(app_client: AsyncClient, west: Person, book: Any) -> None:
    del book
    assert await get(app_client, west, q="人民路与新华路交叉口") == []
    assert await get(app_client, west, "/reverse", lon=104.001, lat=30.001) == []


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"q": "，"}, "bad_address"),
        ({"q": "路" * 101}, None),
        ({"q": "人民路\x00"}, None),
        ({}, None),
        ({"q": "人民路", "near": "104"}, "bad_near"),
        ({"q": "人民路", "near": "104,95"}, "bad_location"),
        ({"q": "人民路", "near": "104,30", "datum": "mars"}, "bad_location"),
        ({"q": "人民路", "mode": "x"}, None),
    ],
)
async def test_bad_questions_are_refused(
    app_client: AsyncClient, west: Person, params: dict[str, str], code: str | None
) -> None:
    answer = await app_client.get(PATH, params=params, headers=west.headers)
    assert answer.status_code == 422
    assert code is None or answer.json()["code"] == code


async def test_only_those_signed_in_may_ask(app_client: AsyncClient) -> None:
    assert (await app_client.get(PATH, params={"q": "人民路"})).status_code == 401
    assert (await app_client.get(f"{PATH}/reverse", params={"lon": 104, "lat": 30})).status_code == 401


@pytest.mark.usefixtures("book")
async def test_places_come_into_force_by_activation_and_go_with_it(
    app_client: AsyncClient, west: Person, sessions: Sessions
) -> None:
    first = await store_draft(sessions, SetKind.PLACES, [row(1, "望江亭", "poi", point(0, 50))])
    second = await store_draft(sessions, SetKind.PLACES, [row(1, "听雨轩", "poi", point(0, 50))])
    for set_id, name, gone in ((first, "望江亭", "听雨轩"), (second, "听雨轩", "望江亭")):
        async with writing(sessions) as session:
            plans = PlanRepository(session)
            await plans.activate([set_id], (await plans.plan()).after(SINCE))
        assert [one["name"] for one in await get(app_client, west, q=name)] == [name]
        assert await get(app_client, west, q=gone) == []
