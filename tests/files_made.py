"""Make files of master data as cities send them: GeoJSON, GeoPackage, zipped Shapefile, CSV, XLSX."""

import csv
import io
import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from openpyxl import Workbook
from pyogrio import raw
from shapely import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

LON, LAT = 121.0, 31.0
STEP = 0.001
NO_NUMBER = 31.040404
"""Stands for NaN until a shapefile is written: its writer refuses that."""
COMMUNITY = "310109001001"


def square(column: float, row: float, size: float = 1.0) -> Polygon:
    """Return a square cell of `size` hundredths of a degree's tenth, exact to seven digits."""
    west, south = LON + column * STEP, LAT + row * STEP
    east, north = west + size * STEP, south + size * STEP
    return box(round(west, 7), round(south, 7), round(east, 7), round(north, 7))


def cell_code(number: int) -> str:
    return f"{COMMUNITY}{number:03d}"


def grid(side: int) -> list[tuple[dict[str, Any], BaseGeometry]]:
    """Return `side` × `side` sound cells with their properties."""
    return [
        ({"code": cell_code(column * side + row + 1)}, square(column, row))
        for column in range(side)
        for row in range(side)
    ]


Features = Sequence[tuple[Mapping[str, Any], BaseGeometry | None]]


def geojson(path: Path, features: Features, *, crs: str | None = None) -> Path:
    """Write a FeatureCollection; NaN is written as programs do that know no better."""
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": dict(values),
                "geometry": None if shape is None else shapely.geometry.mapping(shape),
            }
            for values, shape in features
        ],
    }
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def geopackage(
    path: Path, features: Features, *, crs: str | None = "EPSG:4490", layer: str = "layer", append: bool = False
) -> Path:
    """Write a layer of a GeoPackage."""
    _write(path, features, "GPKG", crs, layer=layer, append=append)
    return path


def shapefile(
    path: Path, features: Features, *, crs: str | None = "EPSG:4490", encoding: str = "UTF-8", cpg: bool = True
) -> Path:
    """Write a zip with the parts of a shapefile, without its .cpg where asked."""
    folder = path.parent / f"{path.stem}-parts"
    folder.mkdir()
    marked = [(values, shape and _without_nan(shape)) for values, shape in features]
    _write(folder / "图层.shp", marked, "ESRI Shapefile", crs, encoding=encoding)
    shapes = (folder / "图层.shp").read_bytes()
    (folder / "图层.shp").write_bytes(shapes.replace(_bytes(NO_NUMBER), _bytes(float("nan"))))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            if cpg or part.suffix != ".cpg":
                archive.write(part, part.name)
    return path


def _without_nan(shape: BaseGeometry) -> BaseGeometry:
    with np.errstate(invalid="ignore"):
        return shapely.transform(shape, lambda points: np.where(np.isnan(points), NO_NUMBER, points))


def _bytes(value: float) -> bytes:
    return np.array([value], dtype="<f8").tobytes()


def _write(path: Path, features: Features, driver: str, crs: str | None, **more: Any) -> None:
    names = list(dict.fromkeys(name for values, _ in features for name in values))
    columns = [np.array([values.get(name) for values, _ in features], dtype=object) for name in names]
    shapes = np.array([shape for _, shape in features], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some files are meant to name no system
        _to_disk(path, columns, names, shapes, driver, crs, more)


def _to_disk(
    path: Path, columns: list[Any], names: list[str], shapes: Any, driver: str, crs: str | None, more: dict[str, Any]
) -> None:
    mixed = any(isinstance(shape, MultiPolygon) for shape in shapes) and driver == "GPKG"
    raw.write(
        str(path),
        shapely.to_wkb(shapes),
        [_typed(column) for column in columns],
        np.array(names),
        geometry_type="Unknown" if mixed or driver == "GPKG" else str(shapes[0].geom_type),
        crs=crs,
        driver=driver,
        promote_to_multi=False,
        **more,
    )


def _typed(column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if all(isinstance(value, int) and not isinstance(value, bool) for value in column):
        return column.astype(np.int64)
    if all(value is None or isinstance(value, float) for value in column):
        return column.astype(np.float64)
    return column


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], *, encoding: str = "utf-8") -> Path:
    """Write a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write an XLSX workbook; the first row of a sheet is its header."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path
