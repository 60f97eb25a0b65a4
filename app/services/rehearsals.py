"""Replay a past period's cases under drafts, straight from the table, some thousands at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Office, Thing, office_holder, sight
from app.dispatch.errors import BadInput
from app.dispatch.policies import Policies
from app.dispatch.rehearsal import Filed, Rehearsal, Rehearsed
from app.dispatch.set_codes import SetKind
from app.repositories.filed_cases import FiledCases, FiledRow
from app.repositories.sets import SetRepository
from app.services.books import Books
from app.services.proving import apart, books_of
from app.services.transaction import Sessions, reading

CASES_AT_MOST: Final = 1_000_000
PERIOD_AT_MOST: Final = timedelta(days=732)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a rehearsal found, under which versions; units by name. `listed` only for those who see every case."""

    found: Rehearsed
    listed: bool
    unit_names: Mapping[str, str]
    versions: Mapping[str, int]


class Rehearsals:
    """Rehearsals; nothing is stored."""

    def __init__(
        self, sessions: Sessions, replica: Sessions, books: Books, policies: Policies, now: Callable[[], datetime]
    ) -> None:
        """Take where the sets are, and where cases are read without being in anybody's way."""
        self._sessions = sessions
        self._replica = replica
        self._books = books
        self._policies = policies
        self._now = now

    async def play(self, actor: Actor, wanted: Mapping[SetKind, UUID], start: datetime, end: datetime) -> Played:
        """Replay the cases filed in [start, end); raises NotPermitted, and BadInput for too much at once."""
        office_holder(actor, Office.PROOFS)
        _check(start, end)
        async with reading(self._sessions) as session:
            before, after, edition = await books_of(self._books, session, wanted, self._now(), source="body")
        tolerance_m = before.city_policies(self._now(), self._policies).snap_tolerance_m
        edition_name = before.catalogue.edition
        rehearsal = await apart(lambda: Rehearsal(before, after, tolerance_m=tolerance_m))
        async with reading(self._replica) as session:
            if await FiledCases(session).count(start, end, CASES_AT_MOST + 1) > CASES_AT_MOST:
                raise BadInput.at(
                    ["body", "filed_to"],
                    f"这段时间立案超过 {CASES_AT_MOST} 件，请缩短时间范围",
                    code="rehearsal_too_large",
                )
            await replay(session, rehearsal, start, end, edition_name)
        names = {code: unit.name for book in (before, after) for code, unit in book.units.items()}
        return Played(
            found=rehearsal.outcome(),
            listed=sight(actor, Thing.CASE, after.units_below).everywhere,
            unit_names=names,
            versions={kind.value: one.version for kind, one in edition.sets.items()},
        )


async def replay(session: AsyncSession, rehearsal: Rehearsal, start: datetime, end: datetime, edition: str) -> None:
    """Feed a rehearsal with the cases filed in [start, end), beside the event loop."""
    async for rows in FiledCases(session).chunks(start, end):
        codes = {row.component_code for row in rows if row.component_code is not None}
        maintainers = await SetRepository(session).maintainers(codes)
        await apart(partial(_play, rehearsal, rows, maintainers, edition))


def _check(start: datetime, end: datetime) -> None:
    if end <= start:
        raise BadInput.at(["body", "filed_to"], "结束须晚于开始", code="bad_period")
    if end - start > PERIOD_AT_MOST:
        message = f"一次演练的时间范围不超过 {PERIOD_AT_MOST.days} 天"
        raise BadInput.at(["body", "filed_to"], message, code="rehearsal_too_long")


def _play(rehearsal: Rehearsal, rows: Sequence[FiledRow], maintainers: Mapping[str, str | None], edition: str) -> None:
    rehearsal.play(_filed(rows, maintainers, edition))


def _filed(rows: Sequence[FiledRow], maintainers: Mapping[str, str | None], edition: str) -> list[Filed]:
    return [
        Filed(
            case_no=row.case_no,
            lon=row.lon,
            lat=row.lat,
            kind=row.kind,
            category=row.category if row.catalogue == edition else None,
            condition=row.condition,
            maintainer=maintainers.get(row.component_code) if row.component_code is not None else None,
            filed_at=row.filed_at,
        )
        for row in rows
    ]
