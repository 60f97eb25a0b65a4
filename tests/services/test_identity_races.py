"""Sign-in where many try at once: on a database that really commits, through several connections."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select

from app.adapters.keys import Keys
from app.adapters.passwords import Passwords
from app.adapters.tokens import Tokens
from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.dispatch.errors import GridcaseError, TooMany, Unauthenticated
from app.models import people
from app.models.people import Account, RefreshToken
from app.repositories.engine import open_engine, open_sessions
from app.services.identity import Identity, Signed
from app.services.transaction import Sessions, reading, writing
from tests.conftest import CHEAP
from tests.people_stored import store_account
from tests.towns import Town


@pytest.fixture
async def committed(fresh_city: Town) -> AsyncIterator[Sessions]:
    engine = open_engine(fresh_city.app_url)
    sessions = open_sessions(engine)
    yield sessions
    async with writing(sessions) as session:
        await session.execute(delete(RefreshToken))
        await session.execute(delete(people.Appointment))
    await engine.dispose()


@pytest.fixture
async def several(committed: Sessions, keys: Keys, request: pytest.FixtureRequest) -> list[Identity]:
    """Return the identity services of three processes; the account is named after the test."""
    passwords = Passwords(CHEAP)
    held = Appointment(post=Post.OPERATOR, desk="city")
    await store_account(committed, request.node.name, held, password_hash=await passwords.hash("right"))
    tokens = Tokens(keys.token, "test")
    return [Identity(committed, tokens, Passwords(CHEAP), lambda: datetime.now(UTC), demo=True) for _ in range(3)]


async def _tried(attempt: Coroutine[Any, Any, Signed]) -> Signed | GridcaseError:
    try:
        return await attempt
    except GridcaseError as error:
        return error


async def test_guesses_at_once_are_all_counted(
    several: list[Identity], committed: Sessions, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    guesses = [_tried(several[at % 3].sign_in(name, f"guess {at}")) for at in range(30)]
    found = await asyncio.gather(*guesses)
    assert {type(one) for one in found} <= {Unauthenticated, TooMany}
    for identity in several:
        assert isinstance(await _tried(identity.sign_in(name, "right")), TooMany)
    async with reading(committed) as session:
        stored = (await session.execute(select(Account).where(Account.username == name))).scalar_one()
    assert stored.failed_sign_ins == 5
    assert stored.locked_until is not None


async def test_a_right_password_is_refused_when_others_locked_the_account_meanwhile(
    several: list[Identity], committed: Sessions, keys: Keys, request: pytest.FixtureRequest
) -> None:
    name = request.node.name

    class Slow(Passwords):
        async def matches(self, password: str, stored: str | None) -> bool:
            same = await super().matches(password, stored)
            for at in range(5):
                await _tried(several[0].sign_in(name, f"guess {at}"))
            return same

    slow = Identity(committed, Tokens(keys.token, "test"), Slow(CHEAP), lambda: datetime.now(UTC), demo=True)
    assert isinstance(await _tried(slow.sign_in(name, "right")), TooMany)


async def test_right_passwords_at_once_are_all_let_in(several: list[Identity], request: pytest.FixtureRequest) -> None:
    name = request.node.name
    found = await asyncio.gather(*(_tried(several[at % 3].sign_in(name, "right")) for at in range(24)))
    assert all(isinstance(one, Signed) for one in found)
    assert len({one.refresh_token for one in found if isinstance(one, Signed)}) == 24


async def test_a_refresh_token_used_by_many_at_once_serves_one_and_then_nobody(
    several: list[Identity], request: pytest.FixtureRequest
) -> None:
    token = (await several[0].sign_in(request.node.name, "right")).refresh_token
    found = await asyncio.gather(*(_tried(several[at % 3].refresh(token)) for at in range(12)))
    served = [one for one in found if isinstance(one, Signed)]
    assert len(served) == 1
    assert isinstance(await _tried(several[1].refresh(served[0].refresh_token)), Unauthenticated)
