"""GeoJSON, GeoPackage and zipped Shapefile, by GDAL: only these drivers, only local files, vertices counted before."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio import errors, raw

from app.adapters.readers import counting
from app.adapters.readers.limits import MOST_COLUMNS, MOST_FEATURES, refused
from app.dispatch.importing.findings import Ledger, Where
from app.dispatch.importing.tables import Table

_GDAL: Final = (errors.DataSourceError, errors.DataLayerError, errors.FieldError, RuntimeError, ValueError, OSError)
_BROKEN_SHAPES: Final = (shapely.errors.ShapelyError, ValueError, TypeError)
_SNIFFED: Final = 4 * 1024 * 1024
_GEOJSON_DEFAULT: Final = "EPSG:4326"
_CODE_PAGES: Final = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "gb18030": "gb18030"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What GDAL is asked to open."""

    path: str
    file: str
    layer: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    is_geojson: bool = False


def read_geojson(path: Path, file: str) -> list[Table]:
    """Return the features of a GeoJSON file."""
    counting.refuse_many(counting.count_geojson(path, file), file)
    # the prefix names the driver: other formats are JSON too, and some would open further files
    return [_read(_Source(path=f"GeoJSON:{path}", file=file, is_geojson=True))]


def read_geopackage(path: Path, file: str, layer: str | None) -> list[Table]:
    """Return the features of the one layer of a GeoPackage, or of the layer named."""
    layers = counting.geopackage_layers(path, file)
    names = [table for table, _ in layers]
    if layer is not None:
        layers = [one for one in layers if one[0] == layer]
    if len(layers) != 1:
        said = "、".join(names) or "没有图层"
        text = f"GeoPackage 须有且只有一个图层可读（现有：{said}）；请只保留一个，或指明 layer"
        raise refused("unreadable", text, file=file)
    table, column = layers[0]
    counting.refuse_many(counting.count_geopackage(path, table, column, file), file)
    return [_read(_Source(path=str(path), file=file, layer=table, sheet=table))]


def read_shapefiles(parts: list[Path], file: str, encoding: str | None, ledger: Ledger) -> list[Table]:
    """Return the features of the shapefiles that a zip held; one without its .dbf or .shx is noted."""
    tables = []
    shapes = [part for part in parts if part.suffix == ".shp"]
    counting.refuse_many(sum(counting.count_shapefile(one) for one in shapes), file)
    for one in shapes:
        missing = [suffix for suffix in (".shx", ".dbf") if not one.with_suffix(suffix).exists()]
        if missing:
            text = f"{one.name} 缺少 {'、'.join(missing)}；Shapefile 的几个文件须一起打包"
            ledger.error("unreadable", Where(file=file, sheet=one.stem), text)
            continue
        spoken = encoding or _encoding_of(one)
        tables.append(_read(_Source(path=str(one), file=file, encoding=spoken, sheet=one.stem)))
    return tables


def _read(source: _Source) -> Table:
    """Read one layer; feature numbers count from 1 in the order of the file."""
    more = {"DATE_AS_STRING": "YES"} if source.is_geojson else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on oddities; what matters is checked below
            info = pyogrio.read_info(source.path, layer=source.layer, encoding=source.encoding)
            _check(info, source)
            meta, _, shapes, values = raw.read(
                source.path, layer=source.layer, encoding=source.encoding, datetime_as_string=True, **more
            )
    except _GDAL as error:
        raise refused("unreadable", "地理数据文件已损坏或不完整，请重新导出", file=source.file) from error
    if shapes is None:
        raise refused("unreadable", "文件里没有图形，请导出带几何的图层", file=source.file)
    columns = {str(name): _plain(column) for name, column in zip(meta["fields"], values, strict=True)}
    crs = meta["crs"]
    if source.is_geojson and crs == _GEOJSON_DEFAULT:
        crs = None  # GDAL says so of every GeoJSON that does not say otherwise
    return Table(
        file=source.file,
        sheet=source.sheet,
        columns=columns,
        numbers=range(1, len(shapes) + 1),
        shapes=_shapes(shapes),
        crs=crs,
    )


def _check(info: dict[str, Any], source: _Source) -> None:
    if info["features"] > MOST_FEATURES:
        text = f"有 {info['features']:,} 个要素，一次最多 {MOST_FEATURES:,} 个，请拆分"
        raise refused("too_large", text, file=source.file)
    if len(info["fields"]) > MOST_COLUMNS:
        raise refused("too_large", f"有 {len(info['fields'])} 列，最多 {MOST_COLUMNS} 列", file=source.file)


def _shapes(wkb: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes; one that GEOS cannot build (an open ring, a line of one point) becomes None."""
    found: NDArray[np.object_]
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are found, and told, later
        try:
            found = shapely.from_wkb(wkb, on_invalid="raise")
        except _BROKEN_SHAPES:
            found = shapely.from_wkb(wkb, on_invalid="ignore")
    return found


def vertices(table: Table) -> int:
    """Return how many vertices the shapes of a table have."""
    return 0 if table.shapes is None else int(shapely.get_num_coordinates(table.shapes).sum())


def _plain(column: NDArray[Any]) -> list[object]:
    """Return Python's own values; numpy's instants as texts."""
    if column.dtype.kind == "M":
        return [None if np.isnat(one) else str(one) for one in column]
    return [one.tolist() if isinstance(one, np.ndarray) else one for one in column.tolist()]


def _encoding_of(shape: Path) -> str:
    """Return in what a shapefile's table is written: as its .cpg says, else UTF-8 if its bytes are, else GBK."""
    page = shape.with_suffix(".cpg")
    if page.exists():
        said = page.read_text(encoding="ascii", errors="ignore").strip().lower().removeprefix("ansi ").strip()
        if said:
            return _CODE_PAGES.get(said, said)
    with shape.with_suffix(".dbf").open("rb") as table:
        content = table.read(_SNIFFED)
    return "utf-8" if _is_utf8(content) else "gb18030"


def _is_utf8(content: bytes) -> bool:
    """Tell whether what is not ASCII is UTF-8; characters cut off at the end of a field are let pass."""
    start = int.from_bytes(content[8:10], "little")
    names = [content[at : at + 11].partition(b"\x00")[0] for at in range(32, start - 1, 32)]
    body = b" ".join([*names, content[start:]])
    lost = body.decode("utf-8", errors="replace").count("\ufffd")
    foreign = sum(1 for byte in body if byte > 0x7F)  # noqa: PLR2004  # the last of ASCII
    return lost * 10 <= foreign
