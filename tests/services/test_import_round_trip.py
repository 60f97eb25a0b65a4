"""The demo city's own sets, written to files and imported again, are the same rows."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import shapely

from app.adapters.holidays import published_notices
from app.demo.catalogue import load_catalogue
from app.demo.city import DemoCity, build
from app.dispatch.limits import parse_limit
from app.models import sets
from app.services.transaction import Sessions
from tests.files_made import geopackage, table
from tests.services.importing import Bring, stored


@pytest.fixture(scope="module")
def city() -> DemoCity:
    return build()


def features(rows: Sequence[Any], **renamed: str) -> list[tuple[dict[str, Any], Any]]:
    """Return rows as features; empty instants are left out."""
    return [
        ({renamed.get(n, n): v for n, v in _values(row).items() if not n.startswith("valid_")}, row.geometry)
        for row in rows
    ]


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__ if name != "geometry"}


@pytest.mark.parametrize(
    ("kind", "model", "but", "renamed"),
    [
        pytest.param("areas", sets.Area, (), {}, id="areas"),
        pytest.param("cells", sets.Cell, ("beat_code",), {}, id="cells"),
        pytest.param("zones", sets.Zone, ("width_m",), {"zone_class": "class"}, id="zones"),
        pytest.param("components", sets.Component, (), {}, id="components"),
    ],
)
async def test_shapes_come_back(
    sessions: Sessions,
    bring: Bring,
    tmp_path: Path,
    city: DemoCity,
    kind: str,
    model: Any,
    but: tuple[str, ...],
    renamed: dict[str, str],
) -> None:
    rows = getattr(city, kind)
    path = geopackage(tmp_path / f"{kind}.gpkg", features(rows, **renamed))
    done = await bring(kind, path, datum="cgcs2000")
    assert [f for f in done.findings if f["severity"] == "error"] == []
    found = {row.code: row for row in await stored(sessions, model, done)}
    assert len(found) == len(rows)
    for row in rows:
        kept = found[row.code]
        for name, value in _values(row).items():
            if name not in but:
                assert getattr(kept, name) == value
        assert shapely.from_wkb(bytes(kept.geom.data)).equals(row.geometry)


@pytest.mark.parametrize(
    ("kind", "model", "keys"),
    [
        pytest.param("units", sets.Unit, ("code",), id="units"),
        pytest.param("beats", sets.BeatCell, ("cell_code",), id="beats"),
        pytest.param("rules", sets.Rule, (), id="rules"),
    ],
)
async def test_rows_come_back(
    sessions: Sessions, bring: Bring, tmp_path: Path, city: DemoCity, kind: str, model: Any, keys: tuple[str, ...]
) -> None:
    rows = [_values(row) for row in getattr(city, kind)]
    path = table(tmp_path / f"{kind}.csv", list(rows[0]), [list(row.values()) for row in rows], encoding="gb18030")
    done = await bring(kind, path)
    assert (done.valid, done.findings) == (True, [])
    kept = [{name: getattr(one, name) for name in rows[0]} for one in await stored(sessions, model, done)]
    by_key: Callable[[dict[str, Any]], Any] = lambda row: tuple(row[key] for key in keys)  # noqa: E731  # a key of sorting
    assert (sorted(kept, key=by_key) if keys else kept) == (sorted(rows, key=by_key) if keys else rows)


async def test_the_catalogue_comes_back(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    rows = [asdict(row) for row in load_catalogue()]
    path = table(tmp_path / "c.csv", list(rows[0]), [list(row.values()) for row in rows])
    done = await bring("catalogue", path)
    kept = {
        (one.kind, one.major_code, one.minor_code, one.condition): one
        for one in await stored(sessions, sets.Condition, done)
    }
    assert len(kept) == len(rows) == 519
    for row in rows:
        one = kept[row["kind"], row["major_code"], row["minor_code"], row["condition"]]
        limit = parse_limit(row.pop("limit"))
        assert (one.limit_value, one.limit_unit) == (limit.value, limit.unit)
        assert {name: getattr(one, name) for name in row} == row


async def test_the_calendar_comes_back(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    days = published_notices().days
    path = table(tmp_path / "d.csv", ("date", "working"), [[day, one.working] for day, one in days.items()])
    done = await bring("calendar", path)
    kept = {row.day: row.working for row in await stored(sessions, sets.CalendarDay, done)}
    assert kept == {day: one.working for day, one in days.items()}


async def test_what_zone_classes_take_comes_with_the_zones(
    sessions: Sessions, bring: Bring, tmp_path: Path, city: DemoCity
) -> None:
    path = geopackage(tmp_path / "zones.gpkg", features(city.zones, zone_class="class"))
    done = await bring("zones", path, datum="cgcs2000")
    kept = {(one.zone_class, one.kind, one.major, one.minor) for one in await stored(sessions, sets.ZoneTakes, done)}
    assert kept == {(one.zone_class, one.kind, one.major, one.minor) for one in city.takes}
