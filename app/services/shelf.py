"""Put books together from sets, keeping the parts: a book that differs in its rules shares the grid with the last."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.book import Book
from app.dispatch.calendar import WorkCalendar
from app.dispatch.catalogue import Catalogue
from app.dispatch.editions import Edition
from app.dispatch.grid import CellIndex
from app.dispatch.policy_book import PolicyBook
from app.dispatch.responsibility import Takes
from app.dispatch.routing import RuleBook
from app.dispatch.set_codes import SetKind
from app.dispatch.zones import ZoneIndex
from app.models import Base, sets
from app.repositories import set_values as values
from app.repositories.set_rows import SetRows
from app.repositories.sets import SetRepository

T = TypeVar("T")
_Ids = Mapping[SetKind, UUID]


class Shelf:
    """Parts of books by the sets they are made of. Building happens in a thread, reading in portions.

    Not for several tasks at once: whoever loads holds the lock of `Books`.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._parts: dict[tuple[Hashable, ...], Any] = {}
        self._used: set[tuple[Hashable, ...]] = set()

    async def book(self, session: AsyncSession, edition: Edition) -> Book:
        """Return the book of a complete edition; only what no book on the shelf has is read."""
        ids, rows = edition.ids, SetRows(session)
        zones, _ = await self._zones(rows, ids)
        beat_of, beat_names = await self._beats(rows, ids)
        rules = await self._rules(rows, ids)
        if edition.rulings:
            rules = await asyncio.to_thread(rules.with_rulings, edition.rulings)
        return Book(
            number=edition.number,
            versions={kind.value: one.version for kind, one in edition.sets.items()},
            cells=await self._grid(rows, ids, beat_of),
            zones=zones,
            zone_names={zone.code: zone.name for zone in zones.zones},
            areas=await self._simple(rows, ids, SetKind.AREAS, sets.Area, values.areas_of, shapes=False),
            beat_names=beat_names,
            rules=rules,
            catalogue=await self._catalogue(rows, edition),
            calendar=await self._calendar(session, edition),
            policies=PolicyBook(edition.policies),
        )

    def clear(self, used: Iterable[Edition]) -> None:
        """Let go of the parts of all books but these."""
        kept = {one for edition in used for one in edition.ids.values()}
        self._parts = {key: part for key, part in self._parts.items() if kept.issuperset(key[1:])}

    async def _part(self, key: tuple[Hashable, ...], build: Callable[[], Awaitable[T]]) -> T:
        if key not in self._parts:
            self._parts[key] = await build()
        part: T = self._parts[key]
        return part

    async def _simple(
        self,
        rows: SetRows,
        ids: _Ids,
        kind: SetKind,
        table: type[Base],
        build: Callable[[list[Any]], T],
        *,
        shapes: bool = True,
    ) -> T:
        """Return what `build` makes of the rows of one set; of none where the kind has no active set."""
        one = ids.get(kind)

        async def read() -> T:
            return await asyncio.to_thread(build, await rows.of(table, one, shapes=shapes))

        return await self._part((table.__tablename__, *([one] if one else [])), read)

    async def _grid(self, rows: SetRows, ids: _Ids, beat_of: Mapping[str, str]) -> CellIndex:
        cells = await self._simple(rows, ids, SetKind.CELLS, sets.Cell, _cells)
        if SetKind.BEATS not in ids:
            return cells

        async def under_beats() -> CellIndex:
            return await asyncio.to_thread(cells.with_beats, beat_of)

        return await self._part(("grid", ids[SetKind.CELLS], ids[SetKind.BEATS]), under_beats)

    async def _beats(self, rows: SetRows, ids: _Ids) -> tuple[dict[str, str], dict[str, str]]:
        return await self._simple(rows, ids, SetKind.BEATS, sets.BeatCell, _beats)

    async def _zones(self, rows: SetRows, ids: _Ids) -> tuple[ZoneIndex, list[Takes]]:
        zones = await self._simple(rows, ids, SetKind.ZONES, sets.Zone, _zones)
        return zones, await self._simple(rows, ids, SetKind.ZONES, sets.ZoneTakes, values.takes_of)

    async def _rules(self, rows: SetRows, ids: _Ids) -> RuleBook:
        units = await self._simple(rows, ids, SetKind.UNITS, sets.Unit, values.units_of)
        rules = await self._simple(rows, ids, SetKind.RULES, sets.Rule, values.rules_of)
        zones, takes = await self._zones(rows, ids)

        async def compiled() -> RuleBook:
            return await asyncio.to_thread(RuleBook.compile, rules, units, zones.zones, takes)

        used = (ids[kind] for kind in (SetKind.RULES, SetKind.UNITS, SetKind.ZONES) if kind in ids)
        return await self._part(("rule book", *used), compiled)

    async def _catalogue(self, rows: SetRows, edition: Edition) -> Catalogue:
        name = edition.sets[SetKind.CATALOGUE].name

        def build(found: list[Any]) -> Catalogue:
            return values.catalogue_of(name, found)

        return await self._simple(rows, edition.ids, SetKind.CATALOGUE, sets.Condition, build)

    async def _calendar(self, session: AsyncSession, edition: Edition) -> WorkCalendar:
        head = edition.sets[SetKind.CALENDAR]

        async def read() -> WorkCalendar:
            found = await SetRepository(session).calendar(head.version)
            assert found is not None  # noqa: S101  # rows of a set are never removed
            return found

        return await self._part(("calendar", head.id), read)


def _cells(rows: list[Any]) -> CellIndex:
    return CellIndex.build(values.cells_of(rows))


def _zones(rows: list[Any]) -> ZoneIndex:
    return ZoneIndex.build(values.zones_of(rows))


def _beats(rows: list[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the beat of each cell and the name of each beat."""
    return {row.cell_code: row.code for row in rows}, {row.code: row.name for row in rows}
