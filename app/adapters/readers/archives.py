"""Zip files from outside: unpacked only within limits, and nowhere but into the folder given."""

import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from app.adapters.readers.limits import MIB, MOST_MEMBERS, MOST_RATIO, MOST_UNPACKED, refused

_CHUNK: Final = MIB
_UTF8_NAMES: Final = 0x800
_SHAPE_PARTS: Final = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg", ".geojson", ".json", ".gpkg"})


def check_zip(path: Path, file: str) -> list[zipfile.ZipInfo]:
    """Return the members of a zip that keeps within the limits; raises BadInput (`unreadable_file`)."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise refused("unreadable", "压缩包已损坏，请重新打包", file=file) from error
    if len(members) > MOST_MEMBERS:
        raise refused("too_large", f"压缩包里有 {len(members)} 个文件，最多 {MOST_MEMBERS} 个", file=file)
    if sum(one.file_size for one in members) > MOST_UNPACKED:
        raise refused("too_large", f"解压后超过 {MOST_UNPACKED // MIB} MiB，请拆分", file=file)
    for one in members:
        if one.file_size > max(one.compress_size * MOST_RATIO, MIB):
            raise refused("too_large", f"{_name(one)} 的压缩比异常（疑似压缩炸弹），不予解压", file=file)
        if one.flag_bits & 1:
            raise refused("unreadable", "压缩包有密码，请去掉密码后重新打包", file=file)
    return members


def unpack_shapes(path: Path, file: str, into: Path) -> list[Path]:
    """Unpack the parts of shapefiles and other layers flat into `into`; folders inside the zip become part of the name.

    Links, absolute paths and `..` lead nowhere: only the last part of a name is used, behind a number of its folder.
    """
    found, folders = [], dict[str, int]()
    members = check_zip(path, file)
    room = MOST_UNPACKED
    with zipfile.ZipFile(path) as archive:
        for one in members:
            name = PurePosixPath(_name(one).replace("\\", "/"))
            if name.suffix.lower() not in _SHAPE_PARTS or name.name.startswith("._"):
                continue
            number = folders.setdefault(str(name.parent), len(folders))
            folder = into / str(number)
            folder.mkdir(exist_ok=True)
            target = folder / f"{name.stem}{name.suffix.lower()}"
            room -= _unpack(archive, one, target, room, file)
            found.append(target)
    return found


def _unpack(archive: zipfile.ZipFile, one: zipfile.ZipInfo, target: Path, room: int, file: str) -> int:
    """Write one member; its size as stated in the zip is not believed."""
    written = 0
    try:
        with archive.open(one) as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > room:
                    raise refused("too_large", f"解压后超过 {MOST_UNPACKED // MIB} MiB，请拆分", file=file)
                sink.write(chunk)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise refused("unreadable", f"压缩包中的 {_name(one)} 已损坏，请重新打包", file=file) from error
    return written


def _name(one: zipfile.ZipInfo) -> str:
    """Return a member's name; zips of Windows write GBK without saying so."""
    if one.flag_bits & _UTF8_NAMES:
        return one.filename
    try:
        raw = one.filename.encode("cp437")
    except UnicodeEncodeError:
        return one.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return one.filename
