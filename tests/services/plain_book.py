"""A book with three units and nothing else, for services that only ask who stands below whom."""

from app.dispatch.book import Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue
from app.dispatch.grid import CellIndex
from app.dispatch.responsibility import Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import ZoneIndex

BOOK = Book(
    number=1,
    versions={},
    cells=CellIndex.build([]),
    zones=ZoneIndex.build([]),
    zone_names={},
    areas={},
    beat_names={},
    rules=RuleBook.compile(
        [],
        [Unit(code="U1", name="处"), Unit(code="U2", name="队", parent_code="U1"), Unit(code="U3", name="处")],
        [],
        [],
    ),
    catalogue=Catalogue.of("test", []),
    calendar=WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None),
)
