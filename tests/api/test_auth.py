"""Signing in and staying signed in, as a client sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import delete, select, update

from app.adapters.keys import Keys
from app.adapters.passwords import Passwords
from app.adapters.tokens import Tokens
from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.main import wire
from app.models import people
from app.models.people import Account, RefreshToken
from app.services import identity
from app.services.transaction import Sessions, writing
from app.settings import Mode, Settings
from tests.conftest import CHEAP
from tests.people_stored import store_account

PASSWORD = "正确的口令"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def application(
    application: FastAPI, settings: Settings, sessions: Sessions, keys: Keys, clock: Clock
) -> FastAPI:
    passwords = Passwords(CHEAP)
    application.state.wired = wire(settings, sessions, keys, now=clock, passwords=passwords)
    held = Appointment(post=Post.OPERATOR, desk="city")
    await store_account(sessions, "operator", held, password_hash=await passwords.hash(PASSWORD))
    await store_account(sessions, "demo", held, password_hash=await passwords.hash(PASSWORD), demo=True)
    return application


async def _sign_in(client: AsyncClient, username: str = "operator", password: str = PASSWORD) -> Response:
    return await client.post("/api/v1/auth/token", data={"username": username, "password": password})


async def _refresh(client: AsyncClient, token: str) -> Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await client.post("/api/v1/auth/token", data=form)


async def _definitions(client: AsyncClient, token: str) -> int:
    answer = await client.get("/api/v1/appraisal/definitions", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def test_the_right_password_gives_tokens_that_work(app_client: AsyncClient) -> None:
    answer = await _sign_in(app_client)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (1800, "bearer")
    assert await _definitions(app_client, body["access_token"]) == 200


async def test_an_unknown_name_is_answered_like_a_wrong_password(app_client: AsyncClient) -> None:
    known = [await _sign_in(app_client, password="falsch") for _ in range(7)]
    unknown = [await _sign_in(app_client, username="nobody") for _ in range(7)]
    assert [a.status_code for a in known] == [401] * 5 + [429] * 2
    assert [(a.status_code, a.json()) for a in known] == [(a.status_code, a.json()) for a in unknown]
    assert known[-1].headers["retry-after"] == unknown[-1].headers["retry-after"] == "901"


async def test_five_failures_lock_for_a_quarter_of_an_hour_even_the_right_password(
    app_client: AsyncClient, clock: Clock
) -> None:
    for _ in range(5):
        assert (await _sign_in(app_client, password="falsch")).status_code == 401
    locked = await _sign_in(app_client)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked")
    clock.at += timedelta(minutes=15)
    assert (await _sign_in(app_client)).status_code == 200


async def test_after_a_lock_there_are_five_tries_again(app_client: AsyncClient, clock: Clock) -> None:
    for _ in range(5):
        await _sign_in(app_client, password="falsch")
    clock.at += timedelta(minutes=16)
    again = [(await _sign_in(app_client, password="falsch")).status_code for _ in range(6)]
    assert again == [401] * 5 + [429]


async def test_successful_sign_ins_are_never_limited_and_forget_failures(app_client: AsyncClient) -> None:
    for _ in range(4):
        await _sign_in(app_client, password="falsch")
    assert [(await _sign_in(app_client)).status_code for _ in range(12)] == [200] * 12
    assert [(await _sign_in(app_client, password="falsch")).status_code for _ in range(5)] == [401] * 5


async def test_a_refresh_token_works_once_and_its_second_use_ends_the_family(app_client: AsyncClient) -> None:
    first = (await _sign_in(app_client)).json()["refresh_token"]
    other_family = (await _sign_in(app_client)).json()["refresh_token"]
    second = (await _refresh(app_client, first)).json()["refresh_token"]
    assert len({first, second, other_family}) == 3
    assert (await _refresh(app_client, first)).status_code == 401
    assert (await _refresh(app_client, second)).status_code == 401
    assert (await _refresh(app_client, other_family)).status_code == 200


async def test_a_refresh_token_ends_after_two_weeks(app_client: AsyncClient, clock: Clock) -> None:
    token = (await _sign_in(app_client)).json()["refresh_token"]
    clock.at += identity.REFRESH_FOR
    assert (await _refresh(app_client, token)).status_code == 401


async def test_refresh_tokens_are_stored_as_digests(app_client: AsyncClient, sessions: Sessions) -> None:
    token = (await _sign_in(app_client)).json()["refresh_token"]
    async with sessions() as session:
        stored = (await session.execute(select(RefreshToken.digest))).scalars().all()
    assert stored
    assert all(token.encode() not in digest and len(digest) == 32 for digest in stored)


async def test_an_access_token_expires(app_client: AsyncClient, clock: Clock) -> None:
    token = (await _sign_in(app_client)).json()["access_token"]
    clock.at += timedelta(minutes=31)
    assert await _definitions(app_client, token) == 401


async def test_a_removed_post_and_a_raised_epoch_stop_within_seconds(
    app_client: AsyncClient, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "REMEMBER_S", 0.0)
    token = (await _sign_in(app_client)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    wired = app_client._transport.app.state.wired  # type: ignore[attr-defined]
    assert (await wired.identity.actor(token)).posts == {Post.OPERATOR}
    async with writing(sessions) as session:
        await session.execute(delete(people.Appointment))
    assert (await wired.identity.actor(token)).posts == frozenset()
    async with writing(sessions) as session:
        await session.execute(update(Account).values(epoch=Account.epoch + 1))
    assert (await app_client.get("/api/v1/appraisal/definitions", headers=headers)).status_code == 401


def test_posts_are_remembered_for_less_than_half_of_the_promised_five_seconds() -> None:
    assert identity.REMEMBER_S <= 2.5


async def test_a_closed_account_is_a_stranger(app_client: AsyncClient, sessions: Sessions) -> None:
    signed = (await _sign_in(app_client)).json()
    async with writing(sessions) as session:
        await session.execute(update(Account).values(active=False))
    assert await _definitions(app_client, signed["access_token"]) == 401
    assert (await _refresh(app_client, signed["refresh_token"])).status_code == 401
    assert (await _sign_in(app_client)).json()["code"] == "invalid_credentials"


async def test_production_knows_no_demo_account(
    app_client: AsyncClient, settings: Settings, sessions: Sessions, keys: Keys, clock: Clock, application: FastAPI
) -> None:
    signed = (await _sign_in(app_client, username="demo")).json()
    production = settings.model_copy(update={"mode": Mode.PRODUCTION})
    application.state.wired = wire(production, sessions, keys, now=clock, passwords=Passwords(CHEAP))
    assert (await _sign_in(app_client, username="demo")).status_code == 401
    assert await _definitions(app_client, signed["access_token"]) == 401
    assert (await _refresh(app_client, signed["refresh_token"])).status_code == 401
    assert (await _sign_in(app_client, username="operator")).status_code == 200


async def test_a_token_of_another_city_is_refused(app_client: AsyncClient, keys: Keys, sessions: Sessions) -> None:
    async with sessions() as session:
        account_id = (await session.execute(select(Account.id).where(Account.username == "operator"))).scalar_one()
    now = datetime.now(UTC)
    assert await _definitions(app_client, Tokens(keys.token, "elsewhere").sign(account_id, 0, now)) == 401
    assert await _definitions(app_client, Tokens(keys.token, "test").sign(account_id, 1, now)) == 401
    assert await _definitions(app_client, Tokens(keys.token, "test").sign(account_id, 0, now)) == 200


@pytest.mark.parametrize(
    "form", [{}, {"username": "operator"}, {"grant_type": "refresh_token"}, {"grant_type": "client_credentials"}]
)
async def test_a_form_that_lacks_something_is_422(app_client: AsyncClient, form: dict[str, str]) -> None:
    assert (await app_client.post("/api/v1/auth/token", data=form)).status_code == 422
