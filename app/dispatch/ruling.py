"""What a coordinator may rule: one unit for a place and a category, from now or later on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.dispatch.book import Book
from app.dispatch.codes import AreaLevel, Kind, Scope
from app.dispatch.errors import BadInput

_AREAS = {Scope(level.value): level for level in AreaLevel}


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingWanted:
    """A ruling as it is asked for. What is None matches anything; `valid_from` None is now."""

    unit_code: str
    scope: Scope
    scope_code: str | None = None
    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class Fault(NamedTuple):
    """By which field a ruling could have no effect, and why."""

    field: str
    message: str
    code: str


def check(wanted: RulingWanted, book: Book, now: datetime) -> None:
    """Raise BadInput where a ruling could have no effect: it names a unit, place or category that is not active."""
    found = fault(wanted, book, now)
    if found is not None:
        raise BadInput.at(["body", found.field], found.message, code=found.code)


def fault(wanted: RulingWanted, book: Book, now: datetime) -> Fault | None:
    """Return the first thing by which a ruling could have no effect."""
    return next(_faults(wanted, book, now), None)


def _faults(wanted: RulingWanted, book: Book, now: datetime) -> Iterator[Fault]:
    if wanted.unit_code not in book.units:
        yield Fault("unit_code", f"没有启用这个单位：{wanted.unit_code}", "unknown_unit")
    if (wanted.scope is Scope.CITY) != (wanted.scope_code is None):
        yield Fault("scope_code", "除全市外须给出范围代码，全市则不给", "scope_code_wrong")
    if wanted.scope_code is not None and not _is_place(wanted.scope, wanted.scope_code, book):
        yield Fault("scope_code", f"启用的数据中没有这个范围：{wanted.scope_code}", "unknown_place")
    if wanted.minor is not None and wanted.major is None:
        yield Fault("major", "给出小类时须给出大类", "major_required")
    if not _is_category(wanted, book):
        yield Fault("minor", "启用的目录中没有这个类别", "unknown_category")
    if wanted.valid_from is not None and wanted.valid_from < now:
        yield Fault("valid_from", "裁定不能从过去开始；请留空或给出将来的时间", "past_instant")
    if wanted.valid_to is not None and wanted.valid_to <= (wanted.valid_from or now):
        yield Fault("valid_to", "裁定的结束须晚于开始", "ends_before_it_begins")


def _is_place(scope: Scope, code: str, book: Book) -> bool:
    match scope:
        case Scope.ZONE:
            return code in book.zone_names
        case Scope.CELL:
            return code in book.cells.codes
        case Scope.BEAT:
            return code in book.beat_names
    area = book.areas.get(code)
    return area is not None and area.level is _AREAS[scope]


def _is_category(wanted: RulingWanted, book: Book) -> bool:
    return any(
        wanted.kind in {None, one.kind} and wanted.major in {None, one.major} and wanted.minor in {None, one.minor}
        for one in book.catalogue.categories.values()
    )
