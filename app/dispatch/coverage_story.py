"""What a proof found, for people: where it is, and which conditions, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.dispatch.book import Book
from app.dispatch.codes import Kind
from app.dispatch.coverage import Coverage, Group, conditions_of
from app.dispatch.coverage_faces import Faces
from app.dispatch.responsibility import Matter
from app.dispatch.set_codes import Fault

KINDS: Final = {Kind.COMPONENT: "部件", Kind.EVENT: "事件"}
_CUT_AT_MOST: Final = 2000
_NAMED_AT_MOST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One group told: codes of the places, the conditions shortened, the same in one sentence, and the shape.

    `rough` says that cells are drawn whole, where there are too many faces to cut each out.
    """

    group: Group
    cells: tuple[str, ...]
    zones: tuple[str, ...]
    streets: Mapping[str, int]
    conditions: tuple[str, ...]
    text: str
    shape: BaseGeometry
    rough: bool


def told(book: Book, coverage: Coverage, group: Group) -> Story:
    """Tell one group; `streets` counts its cells by street."""
    faces = coverage.faces
    cells = sorted({book.cells.codes[cell] for cell in faces.cells[group.faces].tolist()})
    zones = np.unique(faces.zones[group.faces])
    streets = Counter(book.spot_of(code, {}).street or "" for code in cells)
    conditions = tuple(shortened(group.matters, conditions_of(book)))
    shape, rough = _shape(book, faces, group)
    return Story(
        group=group,
        cells=tuple(cells),
        zones=tuple(book.zones.zones[zone].code for zone in zones[zones >= 0].tolist()),
        streets=dict(sorted(streets.items())),
        conditions=conditions,
        text=_text(book, group, len(cells), streets, conditions),
        shape=shape,
        rough=rough,
    )


def shortened(matters: Iterable[Matter], everything: Iterable[Matter]) -> Iterator[str]:
    """Say which conditions these are as shortly as it goes: all, whole kinds, majors and minors, else one by one."""
    left, whole = set(matters), set(everything)
    if left == whole:
        yield "全部立案条件"
        return
    for depth in range(3):
        for key in sorted({_key(matter)[: depth + 1] for matter in left}):
            held = {matter for matter in whole if _key(matter)[: depth + 1] == key}
            if held <= left:
                left -= held
                yield " ".join((KINDS[Kind(key[0])], "".join(key[1:]))).strip()
    for matter in sorted(left, key=lambda one: (_key(one), one.condition or 0)):
        yield f"{KINDS[matter.kind]} {matter.major}{matter.minor} 第{matter.condition}条"


def _key(matter: Matter) -> tuple[str, str, str]:
    return matter.kind, matter.major, matter.minor


def _text(book: Book, group: Group, cells: int, streets: Counter[str], conditions: tuple[str, ...]) -> str:
    names = [area.name if (area := book.areas.get(code)) else code or "街道不明处" for code, _ in streets.most_common()]
    where = _some(names, "个街道")
    what = _some(conditions, "类")
    if group.fault is Fault.NONE:
        return f"{where}的 {cells} 个网格：{what}没有责任单位"
    units = "、".join(unit.name if (unit := book.units.get(code)) else code for code in group.unit_codes)
    return f"{where}的 {cells} 个网格：{what}由 {units} 同等主张，须明确"


def _some(names: Iterable[str], counted: str) -> str:
    found = list(names)
    more = f"等 {len(found)} {counted}" if len(found) > _NAMED_AT_MOST else ""
    return "、".join(found[:_NAMED_AT_MOST]) + more


def _shape(book: Book, faces: Faces, group: Group) -> tuple[BaseGeometry, bool]:
    """Return the union of a group's faces in degrees; cells all of whose faces are in it are not cut."""
    count = np.bincount(faces.cells, minlength=len(book.cells.codes))
    held = np.bincount(faces.cells[group.faces], minlength=len(count))
    outlines = book.cells.shapes()
    partly = group.faces[(held < count)[faces.cells[group.faces]]]
    rough = len(partly) > _CUT_AT_MOST
    if rough:
        return shapely.union_all(outlines[held > 0]), True
    drawn = [_face(book, faces, number, outlines[int(faces.cells[number])]) for number in partly.tolist()]
    return shapely.union_all([*outlines[(held > 0) & (held == count)], *drawn]), False


def _face(book: Book, faces: Faces, number: int, cell: BaseGeometry) -> BaseGeometry:
    """Cut one face out of its cell: what its zones share, less the other zones that would be named there."""
    zones = book.zones.zones
    low, high = np.searchsorted(faces.cells, [faces.cells[number], faces.cells[number] + 1])
    around = {zone for zone in np.unique(faces.zones[low:high]).tolist() if zone >= 0}
    inside = {zone for zone in faces.zones[number].tolist() if zone >= 0}
    taken = {zones[zone].zone_class: zone for zone in inside}
    shape = cell
    for zone in inside:
        shape = shape.intersection(zones[zone].polygon)
    for zone in around - inside:
        if zone < taken.get(zones[zone].zone_class, len(zones)):
            shape = shape.difference(zones[zone].polygon)
    return shape
