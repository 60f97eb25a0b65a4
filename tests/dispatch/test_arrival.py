from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shapely import box

from app.dispatch.arrival import Arrival, Reporter, Triage, contact_mode, triage
from app.dispatch.book import Area, Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue, Category, Condition
from app.dispatch.codes import AreaLevel, Attention, Contact, DecidedBy, Kind, LimitUnit, LocationFrom, Scope, Source
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.limits import Limit
from app.dispatch.points import Point
from app.dispatch.policies import DEFAULTS
from app.dispatch.responsibility import Rule, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import Zone, ZoneIndex

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
COMMUNITY, STREET, DISTRICT = "330702001003", "330702001", "330702"
CELL = COMMUNITY + "001"
UNITS = [
    Unit(code="bureau", name="城管局"),
    Unit(code="greens", name="园林所", parent_code="bureau"),
    Unit(code="roads", name="市政所", parent_code="bureau"),
    Unit(code="crew", name="养护班", parent_code="roads"),
]
LITTER = Category(
    kind=Kind.EVENT,
    major="03",
    major_name="市容环境",
    minor="05",
    minor_name="暴露垃圾",
    conditions={
        1: Condition(
            number=1,
            filing_condition="路面有垃圾",
            limit=Limit(value=4, unit=LimitUnit.WORK_HOUR),
            closing_condition="清理干净",
            limit_source="city practice",
        )
    },
)


def book(*rules: Rule) -> Book:
    """Return a city of one cell, about a kilometre wide, whose middle is 120.005, 30.005."""
    square = box(120.0, 30.0, 120.01, 30.01)
    zones = [Zone(code="Z1", name="人民路", zone_class="road", polygon=box(120.004, 30.0, 120.006, 30.01))]
    return Book(
        number=7,
        versions={"cells": 1},
        cells=CellIndex.build([Cell(code=CELL, polygon=square, beat_code="B1")]),
        zones=ZoneIndex.build(zones),
        zone_names={"Z1": "人民路"},
        areas={
            DISTRICT: Area(code=DISTRICT, name="江北区", level=AreaLevel.DISTRICT, parent_code=None),
            STREET: Area(code=STREET, name="东街道", level=AreaLevel.STREET, parent_code=DISTRICT),
        },
        beat_names={"B1": "一号责任区"},
        rules=RuleBook.compile(rules, UNITS, zones, []),
        catalogue=Catalogue.of("city-practice-1", [LITTER]),
        calendar=WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None),
    )


CITY = book(Rule(id="R1", unit_code="greens", scope=Scope.CITY))


def point(lon: float = 120.005, lat: float = 30.005) -> Point:
    return Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.DEVICE)


ARRIVAL = Arrival(
    id=UUID(int=1),
    source=Source.INSPECTOR,
    description="路边垃圾",
    kind=Kind.EVENT,
    category="0305",
    condition=1,
    point=point(),
    account_id=UUID(int=2),
)


def seen(at: Book = CITY, *, component_known: bool = True, here: tuple[UUID, ...] = (), **fields: object) -> Triage:
    arrival = replace(ARRIVAL, **fields)  # type: ignore[arg-type]  # fields by name
    return triage(arrival, at, DEFAULTS, NOON, component_known=component_known, media_known=here)


def test_a_plain_arrival_gets_place_category_and_unit() -> None:
    found = seen()
    assert (found.spot.cell_code, found.spot.beat_code, found.spot.street) == (CELL, "B1", STREET)
    assert (found.spot.district, found.spot.community, found.spot.zones) == (DISTRICT, None, {"road": "Z1"})
    assert (found.category, found.condition, found.attention) == (LITTER, 1, frozenset())
    assert (found.decision.unit_code, found.decision.decided_by) == ("greens", DecidedBy.RULE)


@pytest.mark.parametrize(
    ("fields", "raised"),
    [
        pytest.param({"point": None}, {Attention.NO_LOCATION}, id="no place"),
        pytest.param({"point": point(123.0)}, {Attention.OUT_OF_COVERAGE}, id="outside every cell"),
        pytest.param({"point": point(120.0101)}, {Attention.SNAPPED}, id="ten metres outside"),
        pytest.param({"category": None}, {Attention.NO_CATEGORY}, id="no category"),
        pytest.param({"kind": None}, {Attention.NO_CATEGORY}, id="no kind"),
        pytest.param({"category": "9999"}, {Attention.UNKNOWN_CATEGORY}, id="a category nobody knows"),
        pytest.param({"kind": Kind.COMPONENT}, {Attention.UNKNOWN_CATEGORY}, id="the digits of another kind"),
        pytest.param({"catalogue": "city-practice-0"}, {Attention.OLD_CATEGORY}, id="an older edition"),
        pytest.param({"condition": 8}, {Attention.NO_CONDITION}, id="a condition nobody knows"),
        pytest.param({"condition": None}, set(), id="the condition is picked when filing"),
        pytest.param({"media": (UUID(int=9),)}, {Attention.MEDIA_PENDING}, id="a photo still on its way"),
        pytest.param({"occurred_at": NOON + timedelta(minutes=6)}, {Attention.CLOCK_SKEW}, id="from the future"),
        pytest.param({"occurred_at": NOON + timedelta(minutes=5)}, set(), id="a clock a little fast"),
        pytest.param({"occurred_at": NOON - timedelta(days=9)}, set(), id="sent late, as phones without a net do"),
        pytest.param({"attention": frozenset({"unknown_value"})}, {Attention.UNKNOWN_VALUE}, id="said by the channel"),
    ],
)
def test_what_is_odd_is_said_and_never_refused(fields: dict[str, object], raised: set[Attention]) -> None:
    assert seen(**fields).attention == raised  # type: ignore[arg-type]  # fields by name


def test_a_component_nobody_knows_is_said() -> None:
    assert seen(component_code="X1", component_known=False).attention == {Attention.UNKNOWN_COMPONENT}
    assert seen(component_code="X1").attention == frozenset()
    assert seen(component_known=False).attention == frozenset()


def test_photos_that_are_there_are_not_waited_for() -> None:
    here, coming = UUID(int=8), UUID(int=9)
    assert seen(media=(here,), here=(here,)).attention == frozenset()
    arrival = replace(ARRIVAL, media=(here, coming))
    assert triage(arrival, CITY, DEFAULTS, NOON, media_known=[here, coming]).attention == frozenset()
    assert triage(arrival, CITY, DEFAULTS, NOON, media_known=[here]).attention == {Attention.MEDIA_PENDING}


def test_the_components_maintainer_is_asked_before_the_rules() -> None:
    found = triage(replace(ARRIVAL, component_code="X1"), CITY, DEFAULTS, NOON, maintainer="roads")
    assert (found.decision.unit_code, found.decision.decided_by) == ("roads", DecidedBy.COMPONENT)


def test_what_nobody_is_responsible_for_waits_for_a_person() -> None:
    found = seen(book())
    assert (found.decision.unit_code, found.attention) == (None, frozenset({Attention.UNASSIGNED}))


@pytest.mark.parametrize("fields", [{"point": None}, {"category": None}])
def test_without_place_or_category_nobody_is_proposed(fields: dict[str, object]) -> None:
    found = seen(**fields)  # type: ignore[arg-type]  # fields by name
    assert (found.decision.unit_code, found.decision.decided_by) == (None, DecidedBy.UNASSIGNED)


@pytest.mark.parametrize(
    ("source", "asked", "mode"),
    [
        pytest.param(Source.INSPECTOR, Contact.RELAY, Contact.CONFIDENTIAL, id="inspectors stay unknown to units"),
        pytest.param(Source.CITIZEN, None, Contact.CONFIDENTIAL, id="and who sends a snapshot"),
        pytest.param(Source.HOTLINE_12345, None, Contact.VIA_DESK, id="callers are called by the desk"),
        pytest.param(Source.HOTLINE_12345, Contact.RELAY, Contact.RELAY, id="unless they allow more"),
        pytest.param(Source.HOTLINE_12345, Contact.CONFIDENTIAL, Contact.CONFIDENTIAL, id="or less"),
    ],
)
def test_how_a_unit_may_reach_the_reporter(source: Source, asked: Contact | None, mode: Contact) -> None:
    assert contact_mode(source, asked) is mode


def test_what_is_known_of_a_reporter_is_what_must_not_stand_in_texts() -> None:
    assert Reporter(name="张三", phone="13800001234", callback_phone="").known == ("张三", "13800001234")


def test_the_tree_of_units() -> None:
    assert CITY.units_below("bureau") == {"bureau", "greens", "roads", "crew"}
    assert CITY.units_below("roads") == {"roads", "crew"}
    assert CITY.units_below("gone") == {"gone"}
    assert (CITY.root_of("crew"), CITY.root_of("gone")) == ("bureau", "gone")


def test_names_of_groups() -> None:
    named = {
        ("unit", "greens"): "园林所",
        ("unit_root", "bureau"): "城管局",
        ("street", STREET): "东街道",
        ("beat", "B1"): "一号责任区",
        ("unit", "gone"): None,
        ("source", "inspector"): None,
    }
    assert {key: CITY.name_of(*key) for key in named} == named
    assert CITY.catalogue.major_name("event:03") == "市容环境"
    assert CITY.catalogue.major_name("component:03") is None
