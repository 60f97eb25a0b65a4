import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest
import shapely

from app.demo.catalogue import load_catalogue
from app.demo.city import DemoCity, build
from app.demo.graph import components
from app.demo.plane import METRES_A_DEGREE
from app.dispatch.codes import AreaLevel, Kind, Post

_SQUARE_METRES = float(METRES_A_DEGREE[0] * METRES_A_DEGREE[1])


def _parts(geometries: Iterable[shapely.Geometry]) -> list[shapely.Polygon]:
    return list(shapely.get_parts(list(geometries)))


def _neighbours(city: DemoCity) -> dict[int, list[int]]:
    shapes = [cell.geometry for cell in city.cells]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    edges = shapely.length(shapely.intersection([shapes[i] for i in one], [shapes[i] for i in other])) > 0
    found = defaultdict(list)
    for a, b in zip(one[edges].tolist(), other[edges].tolist(), strict=True):
        found[a].append(b)
    return found


def test_the_cells_cover_the_city_without_gap_or_overlap(city: DemoCity) -> None:
    shapes = [cell.geometry for cell in city.cells]
    whole = shapely.union_all(shapes)
    assert all(shape.is_valid for shape in shapes)
    assert shapely.coverage_is_valid(shapes)
    assert whole.geom_type == "Polygon"
    assert len(shapely.get_rings(whole)) == 1
    assert whole.area == pytest.approx(sum(shape.area for shape in shapes), rel=1e-12)
    assert 55e6 < whole.area * _SQUARE_METRES < 65e6


def test_cells_are_many_and_of_usual_size_but_not_alike(city: DemoCity) -> None:
    sizes = sorted(cell.geometry.area * _SQUARE_METRES for cell in city.cells)
    assert len(sizes) >= 4000
    assert sizes[0] > 4_000
    assert sizes[-1] < 30_000
    assert 10_000 < sizes[len(sizes) // 2] < 16_900
    assert len({round(size) for size in sizes}) > len(sizes) / 2


def test_the_mean_of_a_cells_corners_lies_in_the_cell(city: DemoCity) -> None:
    for cell in city.cells:
        corners = shapely.get_coordinates(cell.geometry)[:-1]
        assert cell.geometry.covers(shapely.Point(corners.mean(axis=0)))


def test_cells_lie_in_the_areas_that_their_codes_name(city: DemoCity) -> None:
    codes = [cell.code for cell in city.cells]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"\d{15}", code) for code in codes)
    assert Counter(area.level for area in city.areas) == {
        AreaLevel.DISTRICT: 2,
        AreaLevel.STREET: 8,
        AreaLevel.COMMUNITY: 40,
    }
    names = {area.code: area for area in city.areas}
    held = defaultdict(list)
    for cell in city.cells:
        for size in (6, 9, 12):
            held[cell.code[:size]].append(cell.geometry)
    assert held.keys() == names.keys()
    for code, shapes in held.items():
        assert shapely.equals(shapely.coverage_union_all(shapes), names[code].geometry)
        assert names[code].parent_code == (code[:-3] if len(code) > 6 else None)
        assert names[code].geometry.geom_type == "Polygon"


def test_cells_of_a_community_are_numbered_from_one_without_a_hole(city: DemoCity) -> None:
    numbers = defaultdict(list)
    for cell in city.cells:
        numbers[cell.code[:12]].append(int(cell.code[12:]))
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())


def test_every_cell_is_in_one_beat_and_beats_are_connected(city: DemoCity) -> None:
    beat_of = {row.cell_code: row.code for row in city.beats}
    assert len(beat_of) == len(city.beats) == len(city.cells)
    assert all(beat_of[cell.code] == cell.beat_code for cell in city.cells)
    number = {cell.code: place for place, cell in enumerate(city.cells)}
    beats = defaultdict(set)
    for row in city.beats:
        beats[row.code].add(number[row.cell_code])
    neighbours = _neighbours(city)
    assert all(40 <= len(members) <= 60 for members in beats.values())
    assert all(len(components(members, neighbours)) == 1 for members in beats.values())


def test_zones_of_five_classes_do_not_overlap_but_for_bridges(city: DemoCity) -> None:
    by_class = defaultdict(list)
    for zone in city.zones:
        assert zone.geometry.is_valid, zone.code
        by_class[zone.zone_class].append(zone.geometry)
    assert by_class.keys() == {"road", "compound", "green", "water", "market"}
    for shapes in by_class.values():
        assert shapely.coverage_is_valid(_parts(shapes))
    shapes = [zone.geometry for zone in city.zones]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        pair = {city.zones[a].zone_class, city.zones[b].zone_class}
        if len(pair) == 2 and pair != {"road", "water"}:
            assert shapely.intersection(shapes[a], shapes[b]).area == 0, (city.zones[a].code, city.zones[b].code)


def test_units_form_a_tree_with_one_fallback_unit_a_street(city: DemoCity) -> None:
    codes = {unit.code for unit in city.units}
    assert 40 <= len(codes) == len(city.units) <= 99
    assert all(unit.parent_code is None or unit.parent_code in codes for unit in city.units)
    assert all(unit.parent_code is None or unit.parent_code < unit.code for unit in city.units)
    streets = sorted(area.code for area in city.areas if area.level is AreaLevel.STREET)
    assert sorted(unit.region_code or "" for unit in city.units if unit.fallback) == streets


def test_everything_names_units_that_exist(city: DemoCity) -> None:
    codes = {unit.code for unit in city.units}
    assert {zone.manager_unit for zone in city.zones} <= codes
    assert {rule.unit_code for rule in city.rules} <= codes
    for part in city.components:
        assert {part.competent_unit, part.owner_unit, part.maintainer_unit} <= codes


def test_components_lie_in_their_district_and_their_category_is_in_the_catalogue(city: DemoCity) -> None:
    known = {row.major_code + row.minor_code: row.minor_name for row in load_catalogue() if row.kind is Kind.COMPONENT}
    codes = {part.code for part in city.components}
    assert 3000 <= len(codes) == len(city.components)
    shapes = {area.code: area.geometry for area in city.areas}
    for shape in shapes.values():
        shapely.prepare(shape)
    for part in city.components:
        assert re.fullmatch(r"\d{16}", part.code)
        assert part.code[6:10] == part.category
        assert known[part.category] == part.name
        assert shapes[part.code[:6]].covers(part.geometry)


def test_accounts_are_those_of_the_contract(city: DemoCity) -> None:
    accounts = {account.username: account for account in city.accounts}
    assert len(accounts) == len(city.accounts)
    assert sum(Post.INSPECTOR in account.posts for account in city.accounts) >= 12
    for name in ("inspector01", "operator01", "lead01", "dispatcher01", "supervisor01", "coordinator01"):
        assert accounts[name].regions == accounts[name].units == ()
    assert {"admin01", "officer01"} <= accounts.keys()
    of_units = [account for account in city.accounts if account.username.startswith("unit")]
    assert sorted(account.units[0] for account in of_units) == sorted(unit.code for unit in city.units)
    parents = {unit.parent_code for unit in city.units}
    assert accounts["unit01"].units[0] not in parents


def test_the_same_seed_grows_the_same_city_and_another_seed_another(city: DemoCity) -> None:
    assert build() == city
    other = build(7)
    assert other.cells != city.cells
    assert shapely.coverage_is_valid([cell.geometry for cell in other.cells])
    assert len(other.cells) >= 4000
