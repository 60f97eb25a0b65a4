"""The smallest book there is: units in a tree, and nothing else."""

from app.dispatch.book import Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue
from app.dispatch.grid import CellIndex
from app.dispatch.responsibility import Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import ZoneIndex

UNITS = (
    Unit(code="U1", name="环卫处"),
    Unit(code="U101", name="环卫一队", parent_code="U1"),
    Unit(code="U2", name="市政处"),
)


def bare_book() -> Book:
    """Return a book of edition `test`, version 1."""
    return Book(
        number=1,
        versions={"cells": 1},
        cells=CellIndex.build([]),
        zones=ZoneIndex.build([]),
        zone_names={},
        areas={},
        beat_names={},
        rules=RuleBook.compile([], UNITS, [], []),
        catalogue=Catalogue.of("test", []),
        calendar=WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None),
    )
