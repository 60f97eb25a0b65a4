"""One way in for every file: what it is, told by its first bytes; how much it may be; then its reader."""

import sqlite3
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.adapters.readers import texts
from app.adapters.readers.archives import unpack_shapes
from app.adapters.readers.counting import refuse_many
from app.adapters.readers.limits import MIB, MOST_BYTES, refused
from app.dispatch.importing.findings import Ledger, Where
from app.dispatch.importing.kinds import FIELDS, WITH_SHAPES
from app.dispatch.importing.tables import Table

_SNIFFED: Final = 4096
_ZIP: Final = b"PK\x03\x04"
_SQLITE: Final = b"SQLite format 3\x00"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_MARK: Final = b"\xef\xbb\xbf"
_BROKEN: Final = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, EOFError, OSError),
    *(AssertionError, SyntaxError, struct.error, zlib.error, zipfile.BadZipFile, sqlite3.Error),
)
"""What libraries raise over bytes that somebody changed; a file's fault, and never ours to fall over."""
_FORMATS: Final = "GeoJSON、GeoPackage（.gpkg）或打包成 .zip 的 Shapefile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file to be read: where it lies, what people call it; `layer` and `encoding` where they must be told."""

    path: Path
    name: str
    layer: str | None = None
    encoding: str | None = None


def read_file(given: Given, kind: str, ledger: Ledger) -> list[Table]:
    """Return the tables of a file of that kind, shapes as they came.

    Raises BadInput (`unreadable_file`, with findings) for what cannot be read at all; noted is what can be told apart.
    """
    size = given.path.stat().st_size
    if size > MOST_BYTES:
        raise refused("too_large", f"文件有 {size // MIB} MiB，最大 {MOST_BYTES // MIB} MiB", file=given.name)
    with given.path.open("rb") as content:
        head = content.read(_SNIFFED)
    if not head.removeprefix(_MARK).strip():
        ledger.error("empty_file", Where(file=given.name), "文件是空的，请确认导出成功")
        return []
    try:
        return _shapes(given, head, ledger) if kind in WITH_SHAPES else _values(given, head, kind, ledger)
    except _BROKEN as error:
        raise refused("unreadable", "文件已损坏或不是它看上去的格式，请重新导出", file=given.name) from error


def _shapes(given: Given, head: bytes, ledger: Ledger) -> list[Table]:
    from app.adapters.readers import geofiles  # noqa: PLC0415  # GDAL weighs 50 MB: only who reads such files carries it

    if head.startswith(_SQLITE):
        return geofiles.read_geopackage(given.path, given.name, given.layer)
    if head.startswith(_ZIP):
        return _zipped(given, ledger)
    if head.removeprefix(_MARK).lstrip().startswith(b"{"):
        return geofiles.read_geojson(given.path, given.name)
    raise refused("unreadable", f"不是 {_FORMATS}", file=given.name)


def _zipped(given: Given, ledger: Ledger) -> list[Table]:
    """Read a zip of shapefiles, or of one file of another format."""
    from app.adapters.readers import geofiles  # noqa: PLC0415  # as above

    with tempfile.TemporaryDirectory(prefix="gridcase-import-") as folder:
        parts = unpack_shapes(given.path, given.name, Path(folder))
        tables = geofiles.read_shapefiles(parts, given.name, given.encoding, ledger)
        for part in parts:
            if part.suffix in {".geojson", ".json"}:
                tables += geofiles.read_geojson(part, given.name)
            elif part.suffix == ".gpkg":
                tables += geofiles.read_geopackage(part, given.name, given.layer)
    if not tables and not ledger.errors:
        raise refused("unreadable", f"压缩包里没有 {_FORMATS}", file=given.name)
    refuse_many(sum(geofiles.vertices(table) for table in tables), given.name)
    return tables


def _values(given: Given, head: bytes, kind: str, ledger: Ledger) -> list[Table]:
    if head.startswith(_ZIP):
        from app.adapters.readers import workbooks  # noqa: PLC0415  # as above, for 14 MB

        return workbooks.read_workbook(given.path, given.name, FIELDS[kind], ledger)
    if head.startswith(_OLD_EXCEL):
        raise refused("unreadable", "是旧式 .xls 工作簿，请另存为 .xlsx 或 CSV", file=given.name)
    return [texts.read_csv(given.path, given.name, FIELDS[kind], ledger)]
