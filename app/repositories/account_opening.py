"""Open accounts with their posts, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.importing.organs import AccountRow, reaches
from app.models import people

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be stored; its password only as a hash."""

    row: AccountRow
    password_hash: str = field(repr=False)


class AccountOpening:
    """New accounts within one session."""

    def __init__(self, session: AsyncSession, *, city_desk: str) -> None:
        """Work within `session`; `city_desk` is the desk of those who name none."""
        self._session = session
        self._city_desk = city_desk

    async def taken(self, usernames: Sequence[str]) -> set[str]:
        """Return which of the names somebody has."""
        query = select(people.Account.username).where(people.Account.username.in_(usernames))
        return set(await self._session.scalars(query))

    async def open(self, accounts: Sequence[NewAccount], now: datetime) -> None:
        """Store accounts and what they are appointed to."""
        for first in range(0, len(accounts), _CHUNK):
            chunk = [(uuid7(), one) for one in accounts[first : first + _CHUNK]]
            await self._session.execute(insert(people.Account), [_account(key, one, now) for key, one in chunk])
            posts = [post for key, one in chunk for post in self._posts(key, one.row)]
            await self._session.execute(insert(people.Appointment), posts)

    def _posts(self, account_id: UUID, row: AccountRow) -> list[dict[str, object]]:
        """Return one appointment a post and reach; neither region nor unit means the whole city."""
        return [
            {
                "id": uuid7(),
                "account_id": account_id,
                "post": post,
                "desk": row.desk or self._city_desk,
                "region_code": region,
                "unit_code": unit,
            }
            for post in row.posts
            for region, unit in reaches(row, post)
        ]


def _account(account_id: UUID, one: NewAccount, now: datetime) -> dict[str, object]:
    return {
        "id": account_id,
        "username": one.row.username,
        "name": one.row.name,
        "password_hash": one.password_hash,
        "active": True,
        "demo": False,
        "epoch": 1,
        "failed_sign_ins": 0,
        "locked_until": None,
        "created_at": now,
    }
