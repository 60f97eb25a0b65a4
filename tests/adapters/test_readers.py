"""Files that mean harm, or are merely broken, are refused with a sentence; encodings are told apart."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from app.adapters.readers import Given, limits, read_file
from app.dispatch.errors import BadInput
from app.dispatch.importing.findings import Ledger
from app.dispatch.importing.tables import Table
from tests.files_made import geojson, geopackage, grid, shapefile, square, table, workbook

UNITS = ("code", "name", "parent_code", "kind", "region_code", "fallback")


def read(path: Path, kind: str, **said: Any) -> tuple[list[Table], Ledger]:
    ledger = Ledger()
    return read_file(Given(path=path, name=path.name, **said), kind, ledger), ledger


def refusal(path: Path, kind: str, **said: Any) -> dict[str, Any]:
    with pytest.raises(BadInput) as caught:
        read(path, kind, **said)
    assert caught.value.code == "unreadable_file"
    findings: Any = caught.value.fields["findings"]
    assert len(findings) == 1
    return dict(findings[0])


def zipped(path: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "u.csv"
    path.write_bytes("\r\n".join(separator.join(row) for row in [UNITS, ("1", "〇龘局", *"abcd")]).encode(encoding))
    [found], ledger = read(path, "units")
    assert (found.columns["name"], list(found.numbers), ledger.errors) == (["〇龘局"], [2], 0)


def test_a_csv_in_no_encoding_says_where(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_bytes(b"code,name\n1,\xff\xff\xff\n")
    assert "12" in refusal(path, "units")["message"]


def test_a_csv_with_binary_or_open_quotes_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "u.csv").write_bytes(b"code,name\n1,\x00\n")
    assert refusal(path, "units")["code"] == "unreadable"
    path.write_bytes(b'code,name\n1,"abc\n')
    assert "引号" in refusal(path, "units")["message"]


def test_rows_longer_than_the_header_are_told_and_blank_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("code,name\n\n1,a,b\n,\n2,c\n", encoding="utf-8")
    [found], ledger = read(path, "units")
    assert list(found.numbers) == [3, 5]
    assert dict(ledger.counts) == {"extra_cells": 1}


def test_a_header_may_stand_below_a_title(tmp_path: Path) -> None:
    path = table(tmp_path / "u.csv", ["某市单位表"], [UNITS, ["1", "局", None, None, None, None]])
    [found], _ = read(path, "units")
    assert (found.columns["code"], list(found.numbers)) == (["1"], [3])


def test_a_column_twice_is_told(tmp_path: Path) -> None:
    for path in (
        table(tmp_path / "u.csv", (*UNITS, "code"), [list("1234567")]),
        workbook(tmp_path / "u.xlsx", {"s": [(*UNITS, "code"), list("1234567")]}),
    ):
        _, ledger = read(path, "units")
        assert set(ledger.counts) == {"duplicate_column"}


def test_zip_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "b.zip", ("a.shp", b"\x00" * 30_000_000))
    assert "压缩比" in refusal(path, "cells")["message"]
    many = zipped(tmp_path / "m.zip", *((f"{number}.shp", b"x") for number in range(limits.MOST_MEMBERS + 1)))
    assert refusal(many, "cells")["code"] == "too_large"
    monkeypatch.setattr("app.adapters.readers.archives.MOST_UNPACKED", 1000)
    large = zipped(tmp_path / "l.zip", ("a.shp", b"abc" * 1000), compression=zipfile.ZIP_STORED)
    assert refusal(large, "cells")["code"] == "too_large"


def test_a_size_that_a_zip_only_claims_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "l.zip", ("a.shp", b"abc" * 2_000_000), compression=zipfile.ZIP_STORED)
    monkeypatch.setattr("app.adapters.readers.archives.check_zip", lambda *_: zipfile.ZipFile(path).infolist())
    monkeypatch.setattr("app.adapters.readers.archives.MOST_UNPACKED", 1_500_000)
    assert refusal(path, "cells")["code"] == "too_large"


def test_names_that_lead_out_of_the_folder_lead_nowhere(tmp_path: Path) -> None:
    inside = geojson(tmp_path / "c.geojson", grid(2)).read_bytes()
    outside = tmp_path.parent / "escaped.geojson"
    path = zipped(tmp_path / "z.zip", ("../escaped.geojson", inside), ("a/../../b.txt", b"x"))
    [found], _ = read(path, "cells")
    assert len(found.numbers) == 4
    assert not outside.exists()


def test_other_json_formats_are_not_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    for content in (
        {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {tmp_path}/x.csv"},
        {"type": "Topology", "objects": {}},
        {"displayFieldName": "", "geometryType": "esriGeometryPolygon", "features": []},
        [1, 2],
    ):
        path.write_text(json.dumps(content), encoding="utf-8")
        assert refusal(path, "cells")["code"] == "unreadable"


def test_a_vrt_or_any_other_format_of_gdal_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "v.geojson"
    path.write_text('<OGRVRTDataSource><OGRVRTLayer name="a"/></OGRVRTDataSource>', encoding="utf-8")
    assert "GeoJSON" in refusal(path, "cells")["message"]


@pytest.mark.parametrize("content", [b"SQLite format 3\x00" + b"\x00" * 100, b"PK\x03\x04broken", b'{"type": "Feature'])
def test_broken_files_of_shapes_are_refused(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "x").write_bytes(content)
    assert refusal(path, "cells")["code"] == "unreadable"


def test_geojson_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path / "c.geojson", [({"code": "甲"}, square(0, 0))])
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert "UTF-8" in refusal(path, "cells")["message"]


def test_a_shapefile_without_its_table_is_told(tmp_path: Path) -> None:
    whole = shapefile(tmp_path / "c.zip", grid(2))
    with zipfile.ZipFile(whole) as archive:
        parts = [(one.filename, archive.read(one)) for one in archive.infolist() if not one.filename.endswith(".dbf")]
    _, ledger = read(zipped(tmp_path / "d.zip", *parts), "cells")
    assert dict(ledger.counts) == {"unreadable": 1}
    assert ".dbf" in ledger.told()[0].message


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0old excel", b"\xff\xfe\x00"])
def test_broken_workbooks_are_refused(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "x.xlsx").write_bytes(content)
    assert refusal(path, "units")["code"] == "unreadable"


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "x.xlsx", ("a.txt", b"x")), "units")["code"] == "unreadable"


def test_entities_of_xml_do_not_grow(tmp_path: Path) -> None:
    book = io.BytesIO()
    Workbook().save(book)
    lines = ["<!DOCTYPE a [", '<!ENTITY a0 "aaaaaaaaaa">']
    lines += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
    evil = "".join([*lines, "]><worksheet>&a11;</worksheet>"]).encode()
    with zipfile.ZipFile(book) as archive:
        parts = [(one.filename, evil if "sheet1" in one.filename else archive.read(one)) for one in archive.infolist()]
    assert refusal(zipped(tmp_path / "e.xlsx", *parts), "units")["code"] == "unreadable"


def test_a_formula_without_its_result_is_told(tmp_path: Path) -> None:
    row = ["1", '=CONCATENATE("a","b")', None, None, None, "否"]
    _, ledger = read(workbook(tmp_path / "f.xlsx", {"s": [UNITS, row]}), "units")
    [finding] = ledger.told()
    assert (finding.code, finding.where.row, finding.where.column) == ("formula_without_value", 2, "name")


def test_files_beyond_the_stated_size_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.adapters.readers.files.MOST_BYTES", 10)
    assert refusal(table(tmp_path / "u.csv", UNITS, []), "units")["code"] == "too_large"


def test_a_geopackage_of_two_layers_asks_which(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "c.gpkg", grid(2), layer="甲")
    geopackage(path, grid(3), layer="乙", append=True)
    assert "甲、乙" in refusal(path, "cells")["message"] or "乙、甲" in refusal(path, "cells")["message"]
    [found], _ = read(path, "cells", layer="乙")
    assert (len(found.numbers), found.sheet) == (9, "乙")


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_which_bytes_were_changed_is_read_or_refused(broken: dict[str, Path], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(broken)))
    content = bytearray(broken[kind].read_bytes())
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=20)):
        content[at] = byte
    path = broken[kind].with_name("changed")
    path.write_bytes(content)
    try:
        read(path, kind.partition(".")[0])
    except BadInput as error:
        assert error.code == "unreadable_file"  # noqa: PT017  # either outcome is right


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a small file of each format, by kind and ending."""
    folder = tmp_path_factory.mktemp("sound")
    return {
        "cells.geojson": geojson(folder / "c.geojson", grid(2)),
        "cells.gpkg": geopackage(folder / "c.gpkg", grid(2)),
        "cells.zip": shapefile(folder / "c.zip", grid(2)),
        "units.csv": table(folder / "u.csv", UNITS, [["1", "局", None, None, None, "否"]]),
        "units.xlsx": workbook(folder / "u.xlsx", {"s": [UNITS, ["1", "局", None, None, None, "否"]]}),
    }
