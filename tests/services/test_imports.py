"""Files into drafts: what is stored of each kind, and what is warned of."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely import LineString, MultiPolygon, Point

from app.adapters.datums import datum_of
from app.adapters.readers import Given, read_file
from app.dispatch.codes import AreaLevel, Datum, Kind, LimitUnit, Scope
from app.dispatch.datum import from_canonical
from app.dispatch.geodesy import metres_per_degree
from app.dispatch.importing.findings import Ledger
from app.dispatch.importing.known import Known
from app.dispatch.importing.preparing import Options, prepare
from app.models import sets
from app.services.transaction import Sessions, reading
from tests.files_made import (
    LAT,
    LON,
    Features,
    cell_code,
    geojson,
    geopackage,
    grid,
    shapefile,
    square,
    table,
    workbook,
)
from tests.services.importing import Bring, codes, count_of_sets, refused, stored
from tests.small_city import IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, WEST_CELL, store_small_city

UNITS = ("code", "name", "parent_code", "kind", "region_code", "fallback", "desk")
RULES = ("unit_code", "scope", "scope_code", "kind", "major", "minor", "condition", "valid_from", "valid_to")
CATALOGUE_XLSX = ("大类代码", "大类名称", "小类代码", "小类名称", "立案条件", "处置时限", "结案条件", "备注")


@pytest.mark.parametrize(("write", "name"), [(geojson, "c.geojson"), (geopackage, "c.gpkg"), (shapefile, "c.zip")])
async def test_cells_of_each_format_become_the_same_draft(
    sessions: Sessions, bring: Bring, tmp_path: Path, write: Callable[..., Path], name: str
) -> None:
    path = write(tmp_path / name, grid(3)).rename(tmp_path / "no-ending")
    done = await bring("cells", path, datum="cgcs2000")
    assert (done.state, done.valid, codes(done.findings)) == ("draft", True, ["no_areas"])
    rows = await stored(sessions, sets.Cell, done)
    assert [row.code for row in rows] == [cell_code(number) for number in range(1, 10)]
    for row, (_, shape) in zip(rows, grid(3), strict=True):
        found = shapely.from_wkb(bytes(row.geom.data))
        assert isinstance(found, MultiPolygon)
        assert found.equals(shape)


async def test_beats_named_by_cells_come_as_a_draft_of_their_own(
    sessions: Sessions, bring: Bring, tmp_path: Path
) -> None:
    features = [({**values, "beat_code": "B1", "备注": "甲"}, shape) for values, shape in grid(2)]
    done = await bring("cells", geojson(tmp_path / "c.geojson", features), datum="wgs84")
    [beats] = done.also
    assert [(row.cell_code, row.code) for row in await stored(sessions, sets.BeatCell, beats)] == [
        (cell_code(number), "B1") for number in range(1, 5)
    ]


async def test_a_wrong_file_changes_nothing(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    before = await count_of_sets(sessions)
    features = [*grid(3), ({"code": cell_code(1)}, square(9, 9))]
    findings = await refused(bring("cells", geojson(tmp_path / "c.geojson", features), datum="wgs84"))
    assert codes(findings) == ["duplicate_code", "no_areas"]
    assert findings[0]["where"] == {
        "file": "c.geojson",
        "feature": 10,
        "column": "code",
        "value": cell_code(1),
        "codes": [cell_code(1)],
    }
    assert await count_of_sets(sessions) == before


async def test_gcj_cells_are_brought_to_where_they_are(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    def shifted(points: Any) -> Any:
        return np.column_stack(from_canonical(points[:, 0], points[:, 1], Datum.GCJ02))

    features = [(values, shapely.transform(shape, shifted)) for values, shape in grid(2)]
    done = await bring("cells", geojson(tmp_path / "c.geojson", features), datum="gcj02")
    for row, (_, shape) in zip(await stored(sessions, sets.Cell, done), grid(2), strict=True):
        assert shapely.hausdorff_distance(shapely.from_wkb(bytes(row.geom.data)), shape) < 2e-8


async def test_projected_cells_are_brought_into_degrees(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    to_metres = Transformer.from_crs(4490, 4549, always_xy=True)
    features = [
        (values, shapely.transform(shape, lambda p: np.column_stack(to_metres.transform(p[:, 0], p[:, 1]))))
        for values, shape in grid(2)
    ]
    path = shapefile(tmp_path / "c.zip", features, crs="EPSG:4549")
    done = await bring("cells", path, datum="EPSG:4549")
    for row, (_, shape) in zip(await stored(sessions, sets.Cell, done), grid(2), strict=True):
        assert shapely.hausdorff_distance(shapely.from_wkb(bytes(row.geom.data)), shape) < 1e-9
    swapped = [(values, shapely.transform(shape, lambda points: points[:, ::-1])) for values, shape in features]
    findings = await refused(bring("cells", geojson(tmp_path / "s.geojson", swapped), datum="EPSG:4549"))
    assert set(codes(findings)) == {"swapped_axes"}


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
async def test_a_shapefile_says_chinese_without_saying_in_what(
    sessions: Sessions, bring: Bring, tmp_path: Path, encoding: str
) -> None:
    await store_small_city(sessions)
    values = {"代码": "R-1", "名称": "人民路", "类别": "road", "manager_un": UNIT_WEST, "宽度": 20.0}
    line = LineString([(104.0, 30.0), (104.001, 30.0)])
    path = shapefile(tmp_path / "z.zip", [(values, line)], encoding=encoding, cpg=False)
    done = await bring("zones", path, datum="cgcs2000")
    [row] = await stored(sessions, sets.Zone, done)
    assert (row.code, row.name, row.zone_class, row.manager_unit) == ("R-1", "人民路", "road", UNIT_WEST)


async def test_a_line_with_a_width_becomes_ground_in_metres(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    values = {"code": "R", "name": "路", "class": "road", "manager_unit": "u", "width_m": 20, "grade": "主干道"}
    values |= {"valid_from": "2026-01-01", "valid_to": "2027-01-01T08:00:00+08:00"}
    line = LineString([(LON, LAT), (LON + 0.01, LAT)])
    done = await bring("zones", geojson(tmp_path / "z.geojson", [(values, line)]), datum="wgs84")
    [row] = await stored(sessions, sets.Zone, done)
    east_m, north_m = metres_per_degree(LAT)
    assert shapely.from_wkb(bytes(row.geom.data)).area * east_m * north_m == pytest.approx(20 * 0.01 * east_m, rel=1e-6)
    assert row.grade == "主干道"
    assert row.valid_from == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert row.valid_to == datetime(2027, 1, 1, tzinfo=UTC)
    takes = await stored(sessions, sets.ZoneTakes, done)
    assert {one.zone_class for one in takes} == {"road"}


async def test_lines_without_width_and_wrong_shapes_are_refused(bring: Bring, tmp_path: Path) -> None:
    values = {"code": "R", "name": "路", "class": "road", "manager_unit": "u"}
    line, point = LineString([(LON, LAT), (LON + 0.01, LAT)]), Point(LON, LAT)
    features = [(values, line), ({**values, "code": "P"}, point), ({**values, "code": "N"}, None)]
    findings = await refused(bring("zones", geojson(tmp_path / "z.geojson", features), datum="wgs84"))
    assert sorted(codes(findings)) == ["empty_shape", "missing_width", "wrong_shape"]


async def test_zones_keep_what_the_active_set_takes(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    values = {"name": "绿地", "manager_unit": UNIT_WEST}
    features = [
        ({**values, "code": "G", "class": "green"}, square(0, 0)),
        ({**values, "code": "X", "class": "新"}, square(2, 0)),
    ]
    done = await bring("zones", geojson(tmp_path / "z.geojson", features), datum="wgs84")
    takes = await stored(sessions, sets.ZoneTakes, done)
    assert {one.zone_class for one in takes} == {"green"}
    assert [one.number for one in takes] == list(range(len(takes)))


async def test_components_are_points_with_units(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    values = {"code": 5101070305000002, "category": 305, "name": "井盖", "state": "完好"}
    values |= {"competent_unit": UNIT_TOP, "owner_unit": None, "maintainer_unit": "nobody"}
    path = geojson(tmp_path / "p.geojson", [(values, Point(*IN_WEST))])
    done = await bring("components", path, datum="wgs84")
    [row] = await stored(sessions, sets.Component, done)
    assert (row.code, row.category, row.owner_unit) == ("5101070305000002", "0305", None)
    assert codes(done.findings) == ["unknown_unit"]


async def test_areas_need_their_levels_parents_and_codes(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    rows = [
        ("310109", "区", "district", None),
        ("310109001", "街道", "street", "310109"),
        ("310109001001", "社区", "community", "310109001"),
    ]
    named = ("code", "name", "level", "parent_code")
    features = [(dict(zip(named, row, strict=True)), square(0, 0)) for row in rows]
    done = await bring("areas", geopackage(tmp_path / "a.gpkg", features), datum="cgcs2000")
    assert [(r.code, r.level) for r in await stored(sessions, sets.Area, done)] == [
        ("310109", AreaLevel.DISTRICT),
        ("310109001", AreaLevel.STREET),
        ("310109001001", AreaLevel.COMMUNITY),
    ]
    wrong = [
        ("310109", "区", "district", None),
        ("310109002", "街道", "street", "310110"),
        ("3101", "社区", "community", None),
    ]
    features = [(dict(zip(named, row, strict=True)), square(at, 0)) for at, row in enumerate(wrong)]
    findings = await refused(bring("areas", geojson(tmp_path / "w.geojson", features), datum="cgcs2000"))
    assert sorted(codes(findings)) == ["bad_code", "no_parent", "unknown_parent"]


async def test_units_form_a_tree(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["10", "局", None, "主管", None, "否", None],
        ["1001", "队", "10.0", "执法", None, "FALSE", "1"],
    ]
    done = await bring("units", table(tmp_path / "u.csv", UNITS, rows, encoding="gb18030"))
    assert [(r.code, r.parent_code, r.fallback, r.desk) for r in await stored(sessions, sets.Unit, done)] == [
        ("10", None, False, False),
        ("1001", "10", False, True),
    ]
    ring = [["a", "甲", "c"], ["b", "乙", "a"], ["c", "丙", "b"], ["d", "丁", "a"], ["e", "戊", "nobody"]]
    path = table(tmp_path / "r.csv", UNITS, [[*row, "x", None, "否", None] for row in ring])
    findings = await refused(bring("units", path))
    assert [(one["code"], one["where"]["row"]) for one in findings] == [
        ("cycle", 2),
        ("cycle", 3),
        ("cycle", 4),
        ("unknown_parent", 6),
    ]


async def test_rules_say_minors_in_their_own_digits(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    rows: list[list[object]] = [
        [UNIT_WEST, "street", WEST, "event", 3, "5", "1", "2026-01-01", None],
        [UNIT_WEST, "cell", WEST_CELL, "事件", "3.0", "305", None, None, None],
        [UNIT_EAST, "全市", None, None, None, None, None, None, None],
    ]
    done = await bring("rules", table(tmp_path / "r.csv", RULES, rows, encoding="utf-8-sig"))
    assert (done.valid, done.findings) == (True, [])
    assert [(r.id, r.scope, r.major, r.minor, r.condition) for r in await stored(sessions, sets.Rule, done)] == [
        ("r0001", Scope.STREET, "03", "05", 1),
        ("r0002", Scope.CELL, "03", "05", None),
        ("r0003", Scope.CITY, None, None, None),
    ]


async def test_rules_are_compared_with_everything_they_name(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    rows: list[list[object]] = [
        ["nobody", "cell", "510107001001999", "event", "03", "99", None, None, None],
        [UNIT_WEST, "planet", None, "event", None, "05", None, None, None],
        [UNIT_WEST, "street", None, "event", "03", "405", "x", "2026-02-01", "2026-01-01"],
    ]
    path = table(tmp_path / "r.csv", RULES, rows)
    findings = await refused(bring("rules", path))
    assert sorted((one["code"], one["where"]["row"], one["where"]["column"]) for one in findings) == [
        ("ambiguous_code", 4, "minor"),
        ("bad_value", 3, "scope"),
        ("bad_value", 4, "condition"),
        ("bad_value", 4, "valid_to"),
        ("missing_value", 3, "major"),
        ("missing_value", 4, "scope_code"),
        ("unknown_category", 2, "minor"),
        ("unknown_place", 2, "scope_code"),
        ("unknown_unit", 2, "unit_code"),
    ]


async def test_rules_that_contradict_each_other_make_a_draft_that_is_not_valid(
    sessions: Sessions, bring: Bring, tmp_path: Path
) -> None:
    await store_small_city(sessions)
    row = ["city", None, "event", "03", "05", None, None, None]
    done = await bring("rules", table(tmp_path / "r.csv", RULES, [[UNIT_WEST, *row], [UNIT_EAST, *row]]))
    assert (done.state, done.valid, codes(done.findings)) == ("draft", False, ["rule_conflict"])
    assert done.findings[0]["where"]["codes"] == ["r0001", "r0002"]


async def test_a_workbook_continues_codes_and_names_only(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "说明": [["本表由某市提供"]],
        "部件": [
            ["某市部件目录"],
            CATALOGUE_XLSX,
            [1, "公用设施", 1.0, "井盖", "缺失", "2紧急工作时", "恢复", "x"],
            [None, None, None, None, "破损", "4小时", "更换", None],
            [None, None, "'02", "污水井盖", "缺失", "3天", "恢复", None],
        ],
        "事件": [CATALOGUE_XLSX, ["03", "施工", "0305", "扬尘", "明显", "1紧急工作日", "消除", None]],
    }
    path = workbook(tmp_path / "c.xlsx", sheets)
    done = await bring("catalogue", path)
    rows = await stored(sessions, sets.Condition, done)
    assert [(r.kind, r.major_code, r.minor_code, r.condition, r.limit_value, r.limit_unit) for r in rows] == [
        (Kind.COMPONENT, "01", "01", 1, Decimal(2), LimitUnit.CONTINUOUS_HOUR),
        (Kind.COMPONENT, "01", "01", 2, Decimal(4), LimitUnit.WORK_HOUR),
        (Kind.COMPONENT, "01", "02", 1, Decimal(3), LimitUnit.WORK_DAY),
        (Kind.EVENT, "03", "05", 1, Decimal(1), LimitUnit.CONTINUOUS_DAY),
    ]
    assert [r.minor_name for r in rows] == ["井盖", "井盖", "污水井盖", "扬尘"]
    other = await bring("catalogue", path, plain_is_continuous=True)
    assert (await stored(sessions, sets.Condition, other))[1].limit_unit is LimitUnit.CONTINUOUS_HOUR


async def test_a_blank_condition_or_limit_is_never_continued(bring: Bring, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [1, "公用", 1, "井盖", "缺失", "4小时", "恢复", None],
        [None, None, None, None, None, None, None, "注"],
    ]
    findings = await refused(bring("catalogue", workbook(tmp_path / "c.xlsx", {"部件": [CATALOGUE_XLSX, *rows]})))
    assert sorted((one["code"], one["where"]["column"]) for one in findings) == [
        ("limit_missing", "处置时限"),
        ("missing_value", "立案条件"),
        ("missing_value", "结案条件"),
    ]
    assert {one["where"]["row"] for one in findings} == {3}


async def test_digits_that_a_spreadsheet_lost_are_told(bring: Bring, tmp_path: Path) -> None:
    header = ("code", "name", "cell_code")
    lost = table(tmp_path / "b.csv", header, [["B1", "一", "3.10109E+14"]])
    [finding] = await refused(bring("beats", lost))
    assert (finding["code"], finding["where"]["value"]) == ("ambiguous_code", "3.10109E+14")
    rounded = workbook(tmp_path / "b.xlsx", {"责任区": [header, ["B1", "一", 3101090010010010]]})
    assert codes(await refused(bring("beats", rounded))) == ["ambiguous_code"]


async def test_a_calendar_keeps_the_years_it_does_not_name(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    rows: list[list[object]] = [["2027-01-01", "否", None], ["2027/1/3", "TRUE", "09:00-12:00;13:00-24:00"]]
    done = await bring("calendar", table(tmp_path / "d.csv", ("date", "working", "slots"), rows))
    days = {row.day: row for row in await stored(sessions, sets.CalendarDay, done)}
    assert days[date(2027, 1, 1)].working is False
    assert days[date(2027, 1, 3)].slots == [["09:00", "12:00"], ["13:00", "00:00"]]
    assert days[date(2026, 10, 1)].working is False
    async with reading(sessions) as session:
        one = await session.get(sets.DataSet, done.id)
    assert one is not None
    assert one.traits["published_until"] == "2027-12-31"
    assert one.traits["slots"] == [["08:00", "12:00"], ["14:00", "18:00"]]


def test_places_become_plain_rows_with_their_other_names(tmp_path: Path) -> None:
    road = LineString([(LON, LAT), (LON, LAT + 0.01)])
    features: Features = [
        ({"name": "人民路", "kind": "road", "aliases": "老街；People Road"}, road),
        ({"name": "市民 中心", "kind": "poi", "aliases": ["市民之家"]}, Point(LON, LAT)),
    ]
    path, ledger = geojson(tmp_path / "p.geojson", features), Ledger()
    tables = read_file(Given(path=path, name=path.name), "places", ledger)
    prepared = prepare("places", tables, Known(), Options(edition="x"), ledger, datum_of("wgs84"))
    assert (ledger.errors, ledger.warnings) == (0, 0)
    assert [(row["number"], row["name"], row["kind"], row["aliases"]) for row in prepared.rows] == [
        (1, "人民路", "road", ["老街", "People Road"]),
        (2, "市民 中心", "poi", ["市民之家"]),
    ]
    assert [row["geom"].geom_type for row in prepared.rows] == ["LineString", "Point"]
