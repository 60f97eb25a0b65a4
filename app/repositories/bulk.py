"""Store many rows of a table by one short statement, whatever their number."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.base import Base

NEW_ONLY: Final = "ON CONFLICT DO NOTHING"


async def insert_rows(
    session: AsyncSession,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    conflict: str = "",
    returning: tuple[str, ...] = (),
) -> CursorResult[Any] | None:
    """Insert rows that all have the same columns, in their order; None when there are none.

    Where other transactions insert the same keys, sort the rows by them, or the two may wait for each other.
    The rows travel as one JSON value: one statement, prepared once, and no text that grows with their number.
    """
    if not rows:
        return None
    statement = _statement(table, tuple(rows[0]), conflict, returning)
    done = await session.execute(statement, {"rows": rows_json(rows)})
    assert isinstance(done, CursorResult)  # noqa: S101  # what a text statement gives
    return done


def rows_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as one JSON value, from which PostgreSQL reads them again."""
    return json.dumps(rows, default=_plain, ensure_ascii=False, separators=(",", ":"))


@cache
def _statement(table: type[Base], columns: tuple[str, ...], conflict: str, returning: tuple[str, ...]) -> TextClause:
    name, listed = table.__tablename__, ", ".join(f'"{column}"' for column in columns)
    back = f"RETURNING {', '.join(returning)}" if returning else ""
    return text(
        f"INSERT INTO {name} ({listed}) SELECT {listed} "  # noqa: S608  # names of our own tables and columns
        f"FROM json_populate_recordset(CAST(NULL AS {name}), CAST(:rows AS json)) {conflict} {back}"
    )


def _plain(value: object) -> object:
    """Return what JSON has no word for as PostgreSQL reads it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(type(value).__name__)
