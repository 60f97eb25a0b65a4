"""Random rule books with the zones, rulings and places they speak of: few codes, so that rows meet."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from shapely import box

from app.dispatch.codes import Kind, Scope
from app.dispatch.responsibility import Matter, Place, Rule, Ruling, Takes, Unit
from app.dispatch.zones import Zone
from tests.dispatch.naive_routing import City

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def zone(code: str, zone_class: str, manager: str | None) -> Zone:
    return Zone(code=code, name=code, zone_class=zone_class, polygon=box(0, 0, 1, 1), manager_unit=manager)


instants = st.none() | st.sampled_from([NOON + n * DAY for n in range(-2, 3)])
unit_codes = st.sampled_from(["u1", "u2", "u3", "nobody"])
kinds, majors, minors = st.sampled_from(list(Kind)), st.sampled_from(["01", "03"]), st.sampled_from(["04", "05"])
scope_codes = st.sampled_from(["Z1", "Z2", "C1", "B1", "Q1", "S1", "D1", None])
SCOPE_OF = {
    "Z": Scope.ZONE,
    "C": Scope.CELL,
    "B": Scope.BEAT,
    "Q": Scope.COMMUNITY,
    "S": Scope.STREET,
    "D": Scope.DISTRICT,
}
row = {
    "unit_code": unit_codes,
    "scope_code": scope_codes,
    "kind": st.none() | kinds,
    "major": st.none() | majors,
    "minor": st.none() | minors,
    "valid_from": instants,
    "valid_to": instants,
}


def named(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Give each row its id, and the scope its code belongs to."""
    return [
        {
            **row,
            "id": f"{number:03d}",
            "scope": SCOPE_OF[str(row["scope_code"])[0]] if row["scope_code"] else Scope.CITY,
        }
        for number, row in enumerate(rows)
    ]


@st.composite
def cities(draw: st.DrawFn) -> City:
    rules = draw(
        st.lists(st.fixed_dictionaries({**row, "condition": st.none() | st.sampled_from([1, 2])}), max_size=12)
    )
    rulings = draw(st.lists(st.fixed_dictionaries(row), max_size=3))
    regions = st.none() | st.sampled_from(["S1", "S2", "D1"])
    units = [
        Unit(code=code, name=code, region_code=draw(regions), fallback=draw(st.booleans()))
        for code in draw(st.sampled_from([["u1", "u2", "u3"], ["u1", "u2"], ["u3"], []]))
    ]
    takes = draw(
        st.lists(
            st.builds(
                Takes,
                zone_class=st.sampled_from(["road", "green"]),
                kind=st.none() | kinds,
                major=st.none() | majors,
                minor=st.none() | minors,
            ),
            max_size=3,
        )
    )
    return City(
        rules=[Rule(**row) for row in named(rules)],  # type: ignore[arg-type]  # rows as data
        units=units,
        zones=[zone("Z1", "road", draw(st.none() | unit_codes)), zone("Z2", "green", draw(st.none() | unit_codes))],
        takes=takes,
        rulings=[Ruling(**row) for row in named(rulings)],  # type: ignore[arg-type]  # rows as data
    )


places = st.builds(
    Place,
    cell_code=st.sampled_from(["C1", "C2", None]),
    zones=st.sampled_from([{}, {"road": "Z1"}, {"green": "Z2"}, {"road": "Z1", "green": "Z2"}]),
    beat=st.sampled_from(["B1", None]),
    community=st.sampled_from(["Q1", "Q2"]),
    street=st.sampled_from(["S1", "S2", None]),
    district=st.sampled_from(["D1", None]),
)
matters = st.builds(Matter, kind=kinds, major=majors, minor=minors, condition=st.sampled_from([1, 2, None]))
