"""What tests of imports share: refusals taken apart, sets counted."""

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import func, select

from app.dispatch.errors import BadInput
from app.models import sets
from app.services.import_values import Imported
from app.services.transaction import Sessions, reading

Bring = Callable[..., Awaitable[Imported]]


async def refused(attempt: Awaitable[Imported]) -> list[dict[str, Any]]:
    """Return the findings of a file that was refused."""
    with pytest.raises(BadInput) as caught:
        await attempt
    assert caught.value.code == "unreadable_file", caught.value.fields
    findings: list[dict[str, Any]] = caught.value.fields["findings"]  # type: ignore[assignment]
    json.dumps(findings)
    return findings


def codes(findings: Iterable[Any]) -> list[str]:
    return [found["code"] for found in findings]


async def stored(sessions: Sessions, of: Any, one: Imported) -> list[Any]:
    """Return the rows of a set, in the order of their first column."""
    async with reading(sessions) as session:
        columns = [column for column in of.__table__.columns if column.name not in {"set_id", "geog"}]
        return list((await session.execute(select(*columns).where(of.set_id == one.id).order_by(columns[0]))).all())


async def count_of_sets(sessions: Sessions) -> int:
    async with reading(sessions) as session:
        return await session.scalar(select(func.count()).select_from(sets.DataSet)) or 0
