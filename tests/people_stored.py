"""Store accounts with posts, and sign requests in their name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.adapters.tokens import Tokens
from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.models import people
from app.services.transaction import Sessions, writing

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A stored account and the headers that speak for it."""

    id: UUID
    username: str
    headers: dict[str, str]


SignIn = Callable[..., Awaitable[Person]]
"""The fixture `sign_in`: `await sign_in(Post.OPERATOR)`, `await sign_in(Post.UNIT, unit="U1")`."""


async def store_account(
    sessions: Sessions, username: str, *held: Appointment, password_hash: str = "", demo: bool = False
) -> UUID:
    """Store an account with its posts."""
    account_id = uuid7()
    account = {
        "id": account_id,
        "username": username,
        "name": "王敏",
        "password_hash": password_hash,
        "active": True,
        "demo": demo,
        "epoch": 0,
        "failed_sign_ins": 0,
        "created_at": START,
    }
    async with writing(sessions) as session:
        await session.execute(insert(people.Account).values(account))
        for one in held:
            await session.execute(
                insert(people.Appointment).values(
                    id=uuid7(),
                    account_id=account_id,
                    post=one.post,
                    desk=one.desk,
                    region_code=one.region_code,
                    unit_code=one.unit_code,
                )
            )
    return account_id


async def signed_in(
    application: FastAPI, keys: Keys, *posts: Post, unit: str | None = None, desk: str = "city"
) -> Person:
    """Store an account with posts of a whole desk (or of a unit) and return it with its headers."""
    wired = application.state.wired
    username = f"test-{uuid7()}"
    held = [Appointment(post=post, desk=desk, unit_code=unit) for post in posts]
    account_id = await store_account(wired.sessions, username, *held)
    token = Tokens(keys.token, wired.settings.city).sign(account_id, 0, wired.now())
    return Person(id=account_id, username=username, headers={"Authorization": f"Bearer {token}"})
