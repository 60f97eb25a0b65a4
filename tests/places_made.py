"""A handful of places on a flat map around one point, as rows of their file; and what a lookup would find of them."""

from collections.abc import Sequence
from typing import Any, Final

from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from app.dispatch.geocoding.gazetteer import Hit, Known, KnownDoor, Place, name_rows, wanted, with_aliases
from app.dispatch.geocoding.ground import Plane
from app.dispatch.geocoding.phrases import Phrase

Row = dict[str, Any]

HERE: Final = Plane(lon=104.001, lat=30.001)
"""The middle of the small city."""


def point(east: float, north: float) -> Point:
    return Point(HERE.degrees(east, north))


def line(*metres: tuple[float, float]) -> LineString:
    return LineString([HERE.degrees(*one) for one in metres])


def area(west: float, south: float, east: float, north: float) -> Polygon:
    return Polygon([HERE.degrees(*one) for one in ((west, south), (east, south), (east, north), (west, north))])


def metres(lon: float, lat: float) -> tuple[float, float]:
    """Return a place as metres east and north of `HERE`."""
    flat = HERE.flat(Point(lon, lat)).centroid
    return float(flat.x), float(flat.y)


def row(number: int, name: str, kind: str, shape: BaseGeometry, *aliases: str) -> Row:
    return {"number": number, "name": name, "kind": kind, "aliases": list(aliases), "geom": shape}


def town() -> list[Row]:
    """Return 人民路 west to east and 新华路, 解放路 across it, doors 120 and 128, a compound, two shops of one name."""
    return [
        row(1, "人民路", "road", line((-1000, 0), (1000, 0)), "老街"),
        row(2, "新华路", "road", line((0, -800), (0, 800))),
        row(3, "解放路", "road", line((400, -800), (400, 800))),
        row(4, "幸福小区", "compound", area(100, 50, 200, 150), "幸福里"),
        row(5, "人民路120号", "door", point(250, 20)),
        row(6, "人民路128号", "door", point(300, 20)),
        row(7, "万家超市", "poi", point(-80, 20)),
        row(8, "万家超市", "poi", point(600, 20)),
        row(9, "人民路121号", "door", point(260, -20)),
    ]


def known(rows: Sequence[Row], phrase: Phrase) -> Known:
    """Return what a lookup among these rows finds for a phrase."""
    asked = wanted(phrase)
    places = {
        one["number"]: Place(number=one["number"], name=one["name"], kind=one["kind"], shape=one["geom"])
        for one in rows
    }
    entries = list(name_rows(rows))
    hits = [
        Hit(place=places[one["number"]], key=one["key"], alias=one["alias"])
        for one in entries
        if one["key"] in asked.keys
    ]
    bases = with_aliases(asked, phrase, hits).bases
    doors = [
        KnownDoor(place=places[one["number"]], base=one["base"], number=one["door"])
        for one in entries
        if one["base"] in bases
    ]
    return Known(hits=hits, doors=doors)
