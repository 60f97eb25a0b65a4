"""The book of a demo city, put together without a database."""

from app.adapters.holidays import published_notices
from app.demo.catalogue import EDITION, CatalogueRow, load_catalogue
from app.demo.city import DemoCity
from app.dispatch.book import Area, Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue, Category, Condition
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.limits import parse_limit
from app.dispatch.responsibility import Rule, Takes, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import Zone, ZoneIndex


def book_of(city: DemoCity) -> Book:
    """Return the book that the database would give for a seeded city."""
    notices = published_notices()
    zones = [
        Zone(code=z.code, name=z.name, zone_class=z.zone_class, polygon=z.geometry, manager_unit=z.manager_unit)
        for z in city.zones
    ]
    return Book(
        number=1,
        versions={"cells": 1},
        cells=CellIndex.build(Cell(code=c.code, polygon=c.geometry, beat_code=c.beat_code) for c in city.cells),
        zones=ZoneIndex.build(zones),
        zone_names={zone.code: zone.name for zone in zones},
        areas={a.code: Area(code=a.code, name=a.name, level=a.level, parent_code=a.parent_code) for a in city.areas},
        beat_names={row.code: row.name for row in city.beats},
        rules=RuleBook.compile(_rules(city), _units(city), zones, _takes(city)),
        catalogue=_catalogue(),
        calendar=WorkCalendar(
            name="default",
            version=1,
            slots=OFFICE_HOURS,
            days=dict(notices.days),
            published_until=notices.published_until,
        ),
    )


def _rules(city: DemoCity) -> list[Rule]:
    return [
        Rule(
            id=f"r{number:04d}",
            unit_code=row.unit_code,
            scope=row.scope,
            scope_code=row.scope_code,
            kind=row.kind,
            major=row.major,
            minor=row.minor,
            condition=row.condition,
        )
        for number, row in enumerate(city.rules, start=1)
    ]


def _units(city: DemoCity) -> list[Unit]:
    return [
        Unit(
            code=row.code,
            name=row.name,
            parent_code=row.parent_code,
            region_code=row.region_code,
            fallback=row.fallback,
        )
        for row in city.units
    ]


def _takes(city: DemoCity) -> list[Takes]:
    return [Takes(zone_class=row.zone_class, kind=row.kind, major=row.major, minor=row.minor) for row in city.takes]


def _catalogue() -> Catalogue:
    minors: dict[tuple[str, str, str], list[CatalogueRow]] = {}
    for row in load_catalogue():
        minors.setdefault((row.kind, row.major_code, row.minor_code), []).append(row)
    return Catalogue.of(EDITION, (_category(rows) for rows in minors.values()))


def _category(rows: list[CatalogueRow]) -> Category:
    return Category(
        kind=rows[0].kind,
        major=rows[0].major_code,
        major_name=rows[0].major_name,
        minor=rows[0].minor_code,
        minor_name=rows[0].minor_name,
        conditions={
            row.condition: Condition(
                number=row.condition,
                filing_condition=row.filing_condition,
                limit=parse_limit(row.limit),
                closing_condition=row.closing_condition,
                limit_source=row.limit_source,
            )
            for row in rows
        },
    )
