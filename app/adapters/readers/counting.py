"""How many vertices a file of shapes holds, counted before anything is built of them."""

import codecs
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from app.adapters.readers.limits import MOST_VERTICES, refused

_CHUNK: Final = 8 * 1024 * 1024
_BYTES_PER_POINT: Final = 16
_BLANKS: Final = b" \t\r\n"
_OPEN, _MINUS, _ZERO, _NINE = ord("["), ord("-"), ord("0"), ord("9")
_HEAD: Final = 64 * 1024
_COLLECTION: Final = re.compile(r'"type"\s*:\s*"(FeatureCollection|Feature)"')


def refuse_many(count: int, file: str) -> None:
    """Raise BadInput (`unreadable_file`) above the limit of vertices."""
    if count > MOST_VERTICES:
        text = f"图形约有 {count:,} 个顶点，一次最多 {MOST_VERTICES:,} 个；请简化图形，或拆分后分别导入"
        raise refused("too_large", text, file=file)


def count_geojson(path: Path, file: str) -> int:
    """Return the number of positions of a GeoJSON file in one pass; raises BadInput where it is none, or not UTF-8."""
    count, rest = 0, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as lines:
        while chunk := lines.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise refused("unreadable", "GeoJSON 须为 UTF-8 编码，请另存后重试", file=file) from error
            dense = rest + chunk.translate(None, _BLANKS)
            count += _positions(dense)
            rest = dense[-1:]
    _check_geojson(path, file)
    return count


def _positions(dense: bytes) -> int:
    """Count brackets that a number follows: each position has exactly one."""
    letters = np.frombuffer(dense, dtype=np.uint8)
    after = letters[1:]
    number = (after == _MINUS) | ((after >= _ZERO) & (after <= _NINE))
    return int(((letters[:-1] == _OPEN) & number).sum())


def _check_geojson(path: Path, file: str) -> None:
    """Refuse JSON that is no collection of features: other programs' formats look alike and may name further files."""
    with path.open("rb") as lines:
        head = lines.read(_HEAD).decode("utf-8-sig", errors="replace")
        lines.seek(max(path.stat().st_size - _HEAD, 0))
        tail = lines.read().decode("utf-8", errors="replace")
    if not (_COLLECTION.search(head) or _COLLECTION.search(tail)):
        raise refused("unreadable", "不是 GeoJSON 的 FeatureCollection，请重新导出", file=file)


def count_shapefile(path: Path) -> int:
    """Return how many points a .shp can hold at most: each takes sixteen bytes."""
    return path.stat().st_size // _BYTES_PER_POINT


def count_geopackage(path: Path, table: str, column: str, file: str) -> int:
    """Return how many points a layer can hold at most; the lengths of the blobs are read, not the blobs."""
    name, shape = (text.replace('"', '""') for text in (table, column))
    statement = f'SELECT coalesce(sum(length("{shape}")), 0) FROM "{name}"'  # noqa: S608  # quoted names of the file's own
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            return int(database.execute(statement).fetchone()[0]) // _BYTES_PER_POINT
    except sqlite3.Error as error:
        raise refused("unreadable", "GeoPackage 已损坏，请重新导出", file=file) from error


def geopackage_layers(path: Path, file: str) -> list[tuple[str, str]]:
    """Return table and geometry column of each layer of features."""
    statement = "SELECT table_name, column_name FROM gpkg_geometry_columns ORDER BY table_name"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            return [(str(table), str(column)) for table, column in database.execute(statement)]
    except sqlite3.Error as error:
        raise refused("unreadable", "不是有效的 GeoPackage，请重新导出", file=file) from error
