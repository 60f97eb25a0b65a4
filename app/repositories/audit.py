"""All SQL of the audit: chains and stored facts are read in stretches of subjects, never a table at once."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Enum, Text, func, literal, select, text, true, type_coerce, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.dispatch.audit import Finding, Flaw, Head, StoredText
from app.models.base import Base
from app.models.cases import Case
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.history import HistoryRow, HistoryText
from app.models.reports import Report

Ids = tuple[InstrumentedAttribute[UUID], ...]
SUBJECTS: Final[Ids] = (HistoryRow.subject_id, HistoryText.subject_id, Case.id, Report.id)
CASES: Final[Ids] = (Case.id, RoundFactsRow.case_id)
REPORTS: Final[Ids] = (Report.id, ReportFactsRow.report_id)

_BATCH: Final = 500
_ESTIMATE: Final = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)")


class AuditRepository:
    """What an audit reads."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def snapshot(self) -> None:
        """Let everything that follows in this session be read as of one moment; must come first."""
        settings = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        await self._session.connection(execution_options=settings)

    async def last(self, ids: Ids) -> UUID | None:
        """Return the greatest id there is: where an audit that begins now will end."""
        ends = (select(one.label("id")).order_by(one.desc()).limit(1).subquery() for one in ids)
        every = union(*(select(one.c.id) for one in ends)).subquery()
        found: UUID | None = await self._session.scalar(select(every.c.id).order_by(every.c.id.desc()).limit(1))
        return found

    async def stretch(self, ids: Ids, after: UUID | None, last: UUID, size: int) -> list[UUID]:
        """Return the next ids in order, `size` at most."""
        parts = (
            select(one.label("id")).where(_after(one, after), one <= last).distinct().order_by(one).limit(size)
            for one in ids
        )
        every = union(*(select(part.subquery().c.id) for part in parts)).subquery()
        return list(await self._session.scalars(select(every.c.id).order_by(every.c.id).limit(size)))

    async def estimate(self, table: str) -> int | None:
        """Return about how many rows a table has, if the database has counted them."""
        rows = await self._session.scalar(_ESTIMATE, {"name": table})
        return rows if rows is not None and rows > 0 else None

    async def heads(self, after: UUID | None, upto: UUID) -> dict[UUID, Head]:
        """Return what the own rows of the reports and cases of a stretch say."""
        found = {}
        for subject, table in (("report", Report), ("case", Case)):
            query = select(table.id, table.version).where(_after(table.id, after), table.id <= upto)
            for one, version in await self._session.execute(query):
                found[one] = Head(subject=subject, version=version)
        return found

    async def steps(
        self, columns: Collection[str], after: UUID | None, upto: UUID
    ) -> AsyncIterator[tuple[dict[str, Any], dict[str, StoredText]]]:
        """Yield the history of a stretch in order, each row with its texts, from a cursor of the server."""
        salted = func.json_build_array(func.encode(HistoryText.salt, "hex"), HistoryText.body)
        texts = (
            select(func.json_object_agg(HistoryText.field, salted, type_=JSON))
            .where(HistoryText.subject_id == HistoryRow.subject_id, HistoryText.number == HistoryRow.number)
            .scalar_subquery()
            .label("_texts")
        )
        query = (
            select(*(_plain(HistoryRow, name) for name in columns), texts)
            .where(_after(HistoryRow.subject_id, after), HistoryRow.subject_id <= upto)
            .order_by(HistoryRow.subject_id, HistoryRow.number)
            .execution_options(yield_per=_BATCH)
        )
        async for row in (await self._session.stream(query)).mappings():
            step = dict(row)
            kept = (step.pop("_texts") or {}).items()
            yield step, {field: StoredText(salt=bytes.fromhex(salt), body=body) for field, (salt, body) in kept}

    async def stray_texts(self, after: UUID | None, upto: UUID) -> list[Finding]:
        """Return the texts of a stretch whose row is not there."""
        row = select(literal(1)).where(
            HistoryRow.subject_id == HistoryText.subject_id, HistoryRow.number == HistoryText.number
        )
        query = (
            select(HistoryText.subject_id, HistoryText.number, HistoryText.field)
            .where(_after(HistoryText.subject_id, after), HistoryText.subject_id <= upto, ~row.exists())
            .order_by(HistoryText.subject_id, HistoryText.number, HistoryText.field)
        )
        return [
            Finding(subject="", subject_id=subject_id, number=number, flaw=Flaw.STRAY_TEXT, field=field)
            for subject_id, number, field in (await self._session.execute(query))
        ]

    async def stored(self, table: type[Base], key: str, ids: Collection[UUID]) -> list[dict[str, Any]]:
        """Return all columns of the rows of a table that belong to these subjects, codes as plain text."""
        names = [name for name, _ in table.__mapper__.columns.items() if name not in _SHAPES]
        query = select(*(_plain(table, name) for name in names)).where(getattr(table, key).in_(ids))
        return [dict(row) for row in (await self._session.execute(query)).mappings()]


_SHAPES: Final = frozenset({"geom", "geog"})


def _after(column: InstrumentedAttribute[UUID], after: UUID | None) -> ColumnElement[bool]:
    return true() if after is None else column > after


def _plain(table: type[Base], name: str) -> ColumnElement[Any]:
    """Return a column as it is stored: a code that somebody made up must not end the audit."""
    column = getattr(table, name)
    coerced: ColumnElement[Any] = type_coerce(column, Text).label(name) if isinstance(column.type, Enum) else column
    return coerced
