"""What reporters said of what came of their reports: first and last, with the words as they were kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.history import HistoryRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An opinion; `text` is gone where the words were erased, or none were said."""

    at: datetime
    solved: bool | None
    satisfaction: int | None
    text: str | None


async def opinions_of(
    session: AsyncSession, stored: Mapping[UUID, Sequence[Mapping[str, Any]]]
) -> dict[UUID, list[Said]]:
    """Return the opinions of reports from the rows' own column; the words cost a statement where there are any."""
    keys = [(report, one["number"]) for report, said in stored.items() for one in said]
    texts = await HistoryRepository(session).texts(keys)
    return {
        report: [
            Said(
                at=datetime.fromisoformat(one["at"]),
                solved=one["solved"],
                satisfaction=one["satisfaction"],
                text=texts.get((report, one["number"]), {}).get("opinion"),
            )
            for one in said
        ]
        for report, said in stored.items()
    }
