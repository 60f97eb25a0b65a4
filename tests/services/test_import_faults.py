"""The faults that files have, each by itself and as many at once as a format can hold; none changes anything."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from app.adapters.readers import counting
from app.services.transaction import Sessions
from tests.files_made import LAT, LON, geojson, geopackage, shapefile, square, table, workbook
from tests.services.importing import Bring, codes, count_of_sets, refused
from tests.small_city import WEST, store_small_city

Features = list[tuple[dict[str, Any], BaseGeometry]]
CATALOGUE = (
    *("kind", "major_code", "major_name", "minor_code", "minor_name", "condition"),
    *("filing_condition", "limit", "closing_condition"),
)
RULES = ("unit_code", "scope", "scope_code", "kind", "major", "minor", "condition", "valid_from", "valid_to")

WRITERS = [
    pytest.param(geojson, "c.geojson", id="geojson"),
    pytest.param(geopackage, "c.gpkg", id="geopackage"),
    pytest.param(shapefile, "c.zip", id="shapefile"),
]


def code(number: int) -> str:
    return f"{WEST}001{number:03d}"


def block() -> Features:
    """Return eight cells around a gap."""
    around = [(column, row) for column in range(3) for row in range(3) if (column, row) != (1, 1)]
    return [({"code": code(number)}, square(*at)) for number, at in enumerate(around, start=1)]


BOW = Polygon([(LON + 0.02, LAT), (LON + 0.021, LAT + 0.001), (LON + 0.021, LAT), (LON + 0.02, LAT + 0.001)])
FAULTS: dict[str, tuple[dict[str, Any], BaseGeometry]] = {
    "invalid_shape": ({"code": code(101)}, BOW),
    "duplicate_code": ({"code": code(1)}, square(30, 0)),
    "wrong_community": ({"code": "999999999999001"}, square(32, 0)),
    "overlap": ({"code": code(103)}, square(2.5, 0)),
    "swapped_axes": ({"code": code(104)}, shapely.transform(square(34, 0), lambda points: points[:, ::-1])),
}


def with_nan() -> BaseGeometry:
    points = [(LON + 0.04, LAT), (LON + 0.041, float("nan")), (LON + 0.041, LAT), (LON + 0.04, LAT)]
    with np.errstate(invalid="ignore"):
        return Polygon(points)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("write", "name"), WRITERS)
async def test_each_fault_of_cells_is_named_and_nothing_is_kept(
    sessions: Sessions, bring: Bring, tmp_path: Path, write: Callable[..., Path], name: str, fault: str
) -> None:
    await store_small_city(sessions)
    before = await count_of_sets(sessions)
    path = write(tmp_path / name, [*block(), FAULTS[fault]])
    findings = await refused(bring("cells", path, datum="cgcs2000"))
    assert [one["code"] for one in findings if one["severity"] == "error"] == [fault]
    assert findings[0]["where"]["feature"] in {6, 7, 8, 9}
    assert await count_of_sets(sessions) == before


@pytest.mark.parametrize(("write", "name"), WRITERS)
async def test_seven_kinds_at_once_in_each_format(
    sessions: Sessions, bring: Bring, tmp_path: Path, write: Callable[..., Path], name: str
) -> None:
    await store_small_city(sessions)
    features = [*block(), *FAULTS.values(), ({"code": code(105)}, with_nan())]
    findings = await refused(bring("cells", write(tmp_path / name, features), datum="cgcs2000"))
    assert set(codes(findings)) == {*FAULTS, "nan_coordinate", "gap"}
    shown = {one["code"]: one["where"] for one in findings}
    assert shown["nan_coordinate"]["feature"] == len(features)
    assert shown["swapped_axes"]["feature"] == len(features) - 1
    assert shown["overlap"]["geometry"]["type"] == "Polygon"
    assert shown["gap"]["geometry"]["type"] == "Polygon"
    assert shown["invalid_shape"]["geometry"]["type"] == "Point"
    assert len(shown["gap"]["codes"]) == 8
    assert all(one["message"] for one in findings)


async def test_a_gap_alone_is_a_warning(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    done = await bring("cells", geojson(tmp_path / "c.geojson", block()), datum="wgs84")
    assert (done.valid, codes(done.findings), done.counts["findings"]) == (True, ["gap"], {"gap": 1})


async def test_degrees_where_metres_were_declared(bring: Bring, tmp_path: Path) -> None:
    path = geopackage(tmp_path / "c.gpkg", block(), crs=None)
    findings = await refused(bring("cells", path, datum="EPSG:4549"))
    assert set(codes(findings)) == {"degrees_not_metres"}
    assert len(findings) == 8
    assert "121" in findings[0]["message"]


async def test_metres_where_degrees_were_declared(bring: Bring, tmp_path: Path) -> None:
    metric = [(values, shapely.transform(shape, lambda points: points * 3000)) for values, shape in block()]
    findings = await refused(bring("cells", geojson(tmp_path / "c.geojson", metric), datum="gcj02"))
    assert set(codes(findings)) == {"metres_not_degrees"}


async def test_a_file_that_says_another_system(bring: Bring, tmp_path: Path) -> None:
    path = geopackage(tmp_path / "c.gpkg", block(), crs="EPSG:4549")
    findings = await refused(bring("cells", path, datum="cgcs2000"))
    assert [one["code"] for one in findings if one["severity"] == "error"] == ["datum_differs"]
    assert "EPSG:4549" in findings[0]["message"]


async def test_an_unknown_unit(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    row = ["nobody", "city", None, "event", "03", "05", None, None, None]
    done = await bring("rules", table(tmp_path / "rules.csv", RULES, [row]))
    [finding] = done.findings
    assert (finding["code"], finding["severity"]) == ("unknown_unit", "warning")
    assert (finding["where"]["row"], finding["where"]["column"], finding["where"]["value"]) == (
        2,
        "unit_code",
        "nobody",
    )


async def test_unreadable_and_missing_limits_name_sheet_row_and_text(bring: Bring, tmp_path: Path) -> None:
    header = ["大类代码", "大类名称", "小类代码", "小类名称", "立案条件", "处置时限", "结案条件"]
    path = workbook(
        tmp_path / "c.xlsx",
        {
            "部件": [header, [1, "公用设施", 1, "井盖", "缺失", "赶快", "恢复"]],
            "事件": [header, [3, "施工", 5, "扬尘", "明显", None, "消除"], [None] * 4 + ["很大", "4工作时", "消除"]],
        },
    )
    findings = await refused(bring("catalogue", path))
    assert [(one["code"], one["where"]["sheet"], one["where"]["row"]) for one in findings] == [
        ("limit_missing", "事件", 2),
        ("limit_unreadable", "部件", 2),
    ]
    assert "赶快" in findings[1]["message"]
    assert findings[0]["where"]["column"] == "处置时限"


@pytest.mark.parametrize("kind", ["units", "rules", "catalogue", "calendar", "beats", "accounts"])
async def test_missing_columns_are_all_named(bring: Bring, tmp_path: Path, kind: str) -> None:
    findings = await refused(bring(kind, table(tmp_path / "t.csv", ["foo", "name"], [["1", "2"]])))
    assert set(codes(findings)) == {"missing_column"}
    assert all("foo" in one["message"] for one in findings)


async def test_missing_columns_of_shapes(bring: Bring, tmp_path: Path) -> None:
    path = geojson(tmp_path / "z.geojson", [({"编号": "1"}, square(0, 0))])
    findings = await refused(bring("zones", path, datum="wgs84"))
    assert [one["where"]["column"] for one in findings] == ["code", "name", "class", "manager_unit"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("cells", b""),
        ("cells", b"\xef\xbb\xbf \n"),
        ("units", b"  \r\n"),
        ("units", b"code,name,parent_code,kind,region_code,fallback\n"),
        ("cells", b'{"type": "FeatureCollection", "features": []}'),
    ],
)
async def test_an_empty_file(bring: Bring, tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    findings = await refused(bring(kind, path, **({"datum": "wgs84"} if kind == "cells" else {})))
    assert "empty_file" in codes(findings)


def _huge(path: Path, write: Callable[..., Path]) -> Path:
    """Write a file of 5,000,000 vertices, as cheaply as its format allows."""
    if write is geojson:
        head = (
            b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[['
        )
        path.write_bytes(head + b"[121.1,31.2]," * 4_999_999 + b"[121.1,31.2]]]}}]}")
    elif write is geopackage:
        write(path, [({"code": code(1)}, shapely.polygons(np.tile([[LON, LAT], [LON, LAT + 1]], (2_500_000, 1))))])
    else:
        write(path, [({"code": code(1)}, square(0, 0))])
        with zipfile.ZipFile(path) as small, zipfile.ZipFile(path.with_suffix(".big"), "w") as large:
            for one in small.infolist():
                large.writestr(one.filename, small.read(one) + (b" " * 80_000_000 if ".shp" in one.filename else b""))
        path = path.with_suffix(".big")
    return path


@pytest.mark.parametrize(("write", "name"), WRITERS)
async def test_five_million_vertices_are_refused_before_they_are_read(
    bring: Bring, tmp_path: Path, write: Callable[..., Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _huge(tmp_path / name, write)

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("pyogrio.raw.read", never)
    [finding] = await refused(bring("cells", path, datum="wgs84"))
    assert finding["code"] == "too_large"
    assert "4,000,000" in finding["message"]


def test_vertices_of_geojson_are_counted_over_blanks_and_ends_of_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": [{"properties": {"a": "[x"}, "geometry": {"coordinates": '
        "[ [ [ \n -1.0, 2 ], [\t3, 4 ], [5,6],[-1.0,2] ] ] } } ] }",
        encoding="ascii",
    )
    for size in (1, 2, 3, 7, 1000):
        monkeypatch.setattr(counting, "_CHUNK", size)
        assert counting.count_geojson(path, "c") == 4
