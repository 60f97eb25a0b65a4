"""Named places in PostgreSQL: by key, by number along a road, by likeness, around a point; only those in force."""

from datetime import timedelta
from uuid import UUID

import pytest
import shapely
from sqlalchemy import insert, text
from uuid_utils.compat import uuid7

from app.dispatch.geocoding.gazetteer import Wanted, name_rows
from app.dispatch.geocoding.keys import as_key, parts_of
from app.dispatch.geocoding.parsing import parse
from app.dispatch.set_codes import SetKind
from app.models.places import PlacePair
from app.repositories.places import PlaceRepository
from app.repositories.plans import PlanRepository
from app.repositories.sets import wkb
from app.services.transaction import Sessions, reading, writing
from tests.places_made import HERE, Row, area, known, line, point, row, town
from tests.sets_stored import store_draft
from tests.small_city import SINCE


async def in_force(sessions: Sessions, rows: list[Row]) -> UUID:
    set_id = await store_draft(sessions, SetKind.PLACES, rows)
    async with writing(sessions) as session:
        plans = PlanRepository(session)
        await plans.activate([set_id], (await plans.plan()).after(SINCE))
    return set_id


async def test_names_and_aliases_are_found_by_key_and_only_in_their_set(sessions: Sessions) -> None:
    old = await in_force(sessions, [row(1, "老名字", "poi", point(0, 0))])
    new = await in_force(sessions, town())
    async with reading(sessions) as session:
        repository = PlaceRepository(session)
        assert await repository.active() == new
        keys = tuple(parts_of(as_key("我在老街幸福里和老名字")))
        found = await repository.hits(new, keys)
        assert [(one.place.name, one.key, one.alias) for one in found] == [
            ("幸福小区", "幸福里", True),
            ("人民路", "老街", True),
        ]
        assert [one.place.name for one in await repository.hits(old, keys)] == ["老名字"]
        assert await repository.hits(new, ()) == []
        shape = found[0].place.shape
        assert shape.equals(town()[3]["geom"])


async def test_doors_come_with_their_neighbours_of_all_bases_asked_for(sessions: Sessions) -> None:
    far = [row(20, "人民路500号", "door", point(900, 20)), row(21, "路口124号", "door", point(0, 99))]
    new = await in_force(sessions, [*town(), *far])
    async with reading(sessions) as session:
        asked = Wanted(keys=(), bases=("西街人民路", "人民路", "路口"), numbers=(124,))
        found = await PlaceRepository(session).doors(new, asked)
        assert [(one.base, one.number) for one in found] == [
            ("人民路", 120),
            ("人民路", 121),
            ("人民路", 128),
            ("路口", 124),
        ]
        assert await PlaceRepository(session).doors(new, Wanted(keys=(), bases=(), numbers=())) == []


@pytest.mark.parametrize(("said", "name"), [("幸福小去", "幸福小区"), ("万家超式", "万家超市"), ("毫不相干", None)])
async def test_what_is_like_a_name_is_found(sessions: Sessions, said: str, name: str | None) -> None:
    new = await in_force(sessions, town())
    async with reading(sessions) as session:
        found = await PlaceRepository(session).like(new, [said])
    assert {one.place.name for one in found} == ({name} if name else set())
    assert all(0.4 <= one.likeness < 1 for one in found)


async def test_around_a_point_are_lines_and_things_of_the_set_in_force(sessions: Sessions) -> None:
    await in_force(sessions, [row(1, "旧店", "poi", point(0, 0))])
    crowd = [row(100 + n, f"小店{n}", "poi", point(n / 10, 5)) for n in range(200)]
    new = await in_force(sessions, [*town(), *crowd])
    async with reading(sessions) as session:
        found = await PlaceRepository(session).around(new, *HERE.degrees(0, 0), 300)
    names = {one.name for one in found}
    assert names >= {"人民路", "新华路", "小店0"}
    assert names.isdisjoint({"旧店", "解放路", "小店199"})
    assert len(found) == 62


async def test_names_of_every_shape_are_indexed_as_the_rule_says(sessions: Sessions) -> None:
    odd = [
        row(1, "人民路与新华路交叉口", "crossing", point(0, 0)),
        row(2, "大" * 300, "poi", point(1, 1)),
        row(3, "号", "poi", point(2, 2)),
        row(
            4, "环岛", "road", shapely.MultiLineString([line((0, 0), (5, 5)), line((9, 9), (12, 12))]), "环 岛", "圆盘"
        ),
        row(5, "荷湖", "water", shapely.MultiPolygon([area(0, 0, 5, 5)])),
    ]
    set_id = await in_force(sessions, odd)
    async with reading(sessions) as session:
        kept = await session.execute(
            text("SELECT number, entry, key, alias FROM place_names WHERE set_id = :one ORDER BY 1, 2"), {"one": set_id}
        )
        told = [tuple(one) for one in kept]
    assert told == [(one["number"], one["entry"], one["key"], one["alias"]) for one in name_rows(odd)]
    assert {one[0] for one in told} == {1, 2, 4, 5}
    assert known(odd, parse("新华路与人民路交叉口")).hits


async def test_pairs_are_the_newest_of_their_digest(sessions: Sessions) -> None:
    rows = [
        {"id": uuid7(), "digest": digest, "geom": wkb(point(n, 0)), "confirmed_at": SINCE + timedelta(days=n)}
        for digest, n in ((b"a", 1), (b"a", 2), (b"b", 3))
    ]
    async with writing(sessions) as session:
        await session.execute(insert(PlacePair), rows)
        found = await PlaceRepository(session).pairs(b"a")
        assert [one.at for one in found] == [SINCE + timedelta(days=2), SINCE + timedelta(days=1)]
        assert await PlaceRepository(session).pairs(b"c") == []
