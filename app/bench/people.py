"""Who asks during a benchmark: accounts of the demo, spoken for by tokens of our own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from app.adapters.keys import Keys
from app.adapters.tokens import Tokens
from app.models.people import Account
from app.services.transaction import Sessions, reading


async def account_id(sessions: Sessions, username: str) -> UUID:
    """Return the id of an account that is there."""
    async with reading(sessions) as session:
        return (await session.execute(select(Account.id).where(Account.username == username))).scalar_one()


async def headers_of(sessions: Sessions, keys: Keys, city: str, username: str) -> Mapping[str, str]:
    """Return the headers that speak for an account."""
    async with reading(sessions) as session:
        query = select(Account.id, Account.epoch).where(Account.username == username)
        account, epoch = (await session.execute(query)).one()
    token = Tokens(keys.token, city).sign(account, epoch, datetime.now(UTC))
    return {"Authorization": f"Bearer {token}"}
