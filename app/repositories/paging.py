"""Keyset paging: an opaque cursor that holds the sort key of the last row shown."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.dispatch.errors import BadInput

LIMIT_AT_MOST = 500
LIMIT = 100


def cursor(values: Sequence[object]) -> str:
    """Return the cursor behind a row with these sort values."""
    plain = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def position(text: str, *, order: str) -> tuple[datetime, UUID]:
    """Return the instant and the id that a cursor holds; raise BadInput for one that is not ours, or of another order.

    `order` is the name that the cursor was made with, before instant and id.
    """
    try:
        name, at, one = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        instant, row_id = datetime.fromisoformat(at), UUID(one)
        if name == order and instant.tzinfo is not None:
            return instant.astimezone(UTC), row_id
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, AttributeError) as error:
        raise _bad_cursor() from error
    raise _bad_cursor()


def _bad_cursor() -> BadInput:
    return BadInput.at(["query", "after"], "翻页游标无效，请从第一页重新开始", code="bad_cursor")


def after(
    columns: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]], place: Sequence[object], *, descending: bool
) -> ColumnElement[bool]:
    """Return the condition for rows that come after a place in the order of `columns`."""
    key = tuple_(*columns)
    return key < tuple_(*place) if descending else key > tuple_(*place)
