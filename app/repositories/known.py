"""What the active sets and the newest drafts hold, for a file to be compared with."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import AreaLevel, Kind
from app.dispatch.importing.kinds import ACCOUNTS
from app.dispatch.importing.known import Known
from app.dispatch.responsibility import Takes
from app.dispatch.set_codes import SetKind, SetState
from app.models import people, sets

_LIVING: Final = (SetState.DRAFT, SetState.SCHEDULED, SetState.ACTIVE)
_COMPARED: Final[dict[str, frozenset[SetKind]]] = {
    SetKind.CELLS: frozenset({SetKind.AREAS}),
    SetKind.ZONES: frozenset({SetKind.UNITS, SetKind.ZONES}),
    SetKind.COMPONENTS: frozenset({SetKind.UNITS, SetKind.CATALOGUE}),
    SetKind.UNITS: frozenset({SetKind.AREAS}),
    SetKind.RULES: frozenset(
        {SetKind.AREAS, SetKind.CELLS, SetKind.ZONES, SetKind.BEATS, SetKind.UNITS, SetKind.CATALOGUE}
    ),
    SetKind.BEATS: frozenset({SetKind.CELLS}),
    ACCOUNTS: frozenset({SetKind.AREAS, SetKind.UNITS}),
}
"""Which sets a kind of file refers to."""


class KnownRepository:
    """Reads for comparison, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def known(self, kind: str) -> Known:
        """Return what a file of that kind is compared with; codes of active sets and of the newest drafts together."""
        wanted = _COMPARED.get(kind, frozenset())
        ids = await self._living(wanted)
        areas = await self._rows(ids.get(SetKind.AREAS), sets.Area.code, sets.Area.level, of=sets.Area)
        beats = await self._rows(ids.get(SetKind.BEATS), sets.BeatCell.code, of=sets.BeatCell)
        units = await self._rows(ids.get(SetKind.UNITS), sets.Unit.code, sets.Unit.desk, of=sets.Unit)
        zones = await self._rows(ids.get(SetKind.ZONES), sets.Zone.code, of=sets.Zone) if kind == SetKind.RULES else []
        return Known(
            areas={code: AreaLevel(level) for code, level in areas},
            cells=_codes(await self._rows(ids.get(SetKind.CELLS), sets.Cell.code, of=sets.Cell)),
            zones=_codes(zones),
            beats=_codes(beats),
            units=_codes(units),
            desks=frozenset(code for code, desk in units if desk),
            categories=await self._categories(ids.get(SetKind.CATALOGUE)),
            takes=await self._takes() if kind == SetKind.ZONES else (),
            accounts=await self._accounts() if kind == ACCOUNTS else frozenset(),
        )

    async def days(self) -> tuple[list[dict[str, Any]], dict[str, Any], date | None]:
        """Return the active calendar's days, its traits, and the last day that a notice covers."""
        one = await self._session.scalar(
            select(sets.DataSet).where(sets.DataSet.kind == SetKind.CALENDAR, sets.DataSet.state == SetState.ACTIVE)
        )
        if one is None:
            return [], {}, None
        day = sets.CalendarDay
        found = await self._session.execute(select(day.day, day.working, day.slots).where(day.set_id == one.id))
        published = one.traits.get("published_until")
        rows = [{"day": row.day, "working": row.working, "slots": row.slots} for row in found]
        return rows, one.traits, date.fromisoformat(published) if published else None

    async def lock(self) -> None:
        """Let nobody else import until the transaction ends: versions are counted one after the other."""
        await self._session.execute(text("SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' imports'))"))

    async def _living(self, kinds: frozenset[SetKind]) -> dict[SetKind, list[UUID]]:
        """Return of each kind the active set, the scheduled ones, and the newest draft if it is newer."""
        if not kinds:
            return {}
        found = await self._session.execute(
            select(sets.DataSet.kind, sets.DataSet.state, sets.DataSet.id, sets.DataSet.version)
            .where(sets.DataSet.kind.in_(kinds), sets.DataSet.state.in_(_LIVING))
            .where(sets.DataSet.discarded_at.is_(None))
            .order_by(sets.DataSet.version.desc())
        )
        living: dict[SetKind, list[UUID]] = {}
        drafted: set[SetKind] = set()
        for kind, state, set_id, _version in found:
            if state == SetState.DRAFT:
                if kind in drafted or kind in living:
                    continue
                drafted.add(kind)
            living.setdefault(kind, []).append(set_id)
        return living

    async def _rows(self, ids: Sequence[UUID] | None, *columns: Any, of: Any) -> Sequence[Any]:  # noqa: ANN401  # mapped
        if not ids:
            return []
        found = await self._session.execute(select(*columns).where(of.set_id.in_(ids)).distinct())
        return found.all()

    async def _categories(self, ids: Sequence[UUID] | None) -> frozenset[tuple[Kind, str, str, int]]:
        one = sets.Condition
        rows = await self._rows(ids, one.kind, one.major_code, one.minor_code, one.condition, of=one)
        return frozenset((Kind(row.kind), row.major_code, row.minor_code, row.condition) for row in rows)

    async def _takes(self) -> tuple[Takes, ...]:
        one = sets.ZoneTakes
        found = await self._session.execute(
            select(one.zone_class, one.kind, one.major, one.minor)
            .join(sets.DataSet, sets.DataSet.id == one.set_id)
            .where(sets.DataSet.state == SetState.ACTIVE)
            .order_by(one.number)
        )
        return tuple(Takes(zone_class=row.zone_class, kind=row.kind, major=row.major, minor=row.minor) for row in found)

    async def _accounts(self) -> frozenset[str]:
        return frozenset(await self._session.scalars(select(people.Account.username)))


def _codes(rows: Sequence[Any]) -> frozenset[str]:
    return frozenset(row[0] for row in rows)
