"""Lists, figures and maps are read where the settings say; nothing else is."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.dispatch.codes import Post
from tests.people_stored import SignIn

pytestmark = pytest.mark.anyio


@pytest.fixture
def away(booked: FastAPI) -> None:
    """Point the replica at nothing."""
    engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nowhere")
    booked.state.wired.replica = async_sessionmaker(engine)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cases", 503),
        ("/stats/closure?from=2026-03-01&to=2026-04-01", 503),
        ("/geo/cells", 503),
        ("/reports", 200),
        ("/me/worklist", 200),
        ("/cases/0190a8b2-6c5e-7d31-9a55-0c1f1a6b2c3d", 404),
    ],
)
@pytest.mark.usefixtures("away")
async def test_only_lists_figures_and_maps_go_to_the_replica(
    path: str, status: int, app_client: AsyncClient, sign_in: SignIn
) -> None:
    supervisor = await sign_in(Post.SUPERVISOR)
    answer = await app_client.get(f"/api/v1{path}", headers=supervisor.headers)
    assert answer.status_code == status
    assert (answer.headers.get("retry-after") is not None) == (status == 503)
