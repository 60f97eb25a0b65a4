import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.models.sets import DataSet
from app.services.books import Books
from app.services.readiness import RELEASE, readiness
from app.services.transaction import Sessions, writing
from tests.books import bare_book
from tests.towns import Town

CELLS: dict[str, Any] = {
    "kind": "cells",
    "name": "t",
    "version": 1,
    "state": "active",
    "valid": True,
    "findings": [],
    "counts": {},
    "traits": {},
    "source": "test",
    "active_from": datetime(2026, 1, 1, tzinfo=UTC),
    "created_at": datetime(2026, 1, 1, tzinfo=UTC),
}


@pytest.fixture
async def seeded(sessions: Sessions) -> None:
    async with writing(sessions) as session:
        await session.execute(insert(DataSet).values(id=uuid4(), **CELLS))


async def test_alive(app_client: AsyncClient) -> None:
    answer = await app_client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_not_ready_before_the_first_start_has_finished(app_client: AsyncClient) -> None:
    answer = await app_client.get("/readyz")
    body = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (body["ready"], body["database"], body["seeded"], body["book"]) == (False, True, False, False)


@pytest.mark.usefixtures("booked", "seeded")
async def test_ready_with_an_active_set_of_cells_and_a_book(app_client: AsyncClient) -> None:
    answer = await app_client.get("/readyz")
    body = answer.json()
    assert answer.status_code == 200, body
    assert (body["ready"], body["clock"], body["versions"], body["release"]) == (True, True, {"cells": 1}, RELEASE)


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("skew", [timedelta(seconds=3), timedelta(seconds=-3)])
async def test_a_wrong_clock_is_not_ready(sessions: Sessions, skew: timedelta) -> None:
    found = await readiness(sessions, Books(sessions, bare_book()), lambda: datetime.now(UTC) + skew)
    assert (found.ready, found.seeded, found.clock) == (False, True, False)
    assert found.skew_s == pytest.approx(skew.total_seconds(), abs=1)


async def test_without_a_database_it_is_an_answer_and_no_error(database: Town) -> None:
    engine = create_async_engine(database.app_url.replace("/test_", "/no_such_"))
    sessions = async_sessionmaker(engine)
    found = await readiness(sessions, Books(sessions, bare_book()), lambda: datetime.now(UTC))
    assert (found.ready, found.database, found.book) == (False, False, True)
    await engine.dispose()


async def test_metrics_count_by_route(app_client: AsyncClient) -> None:
    await app_client.get("/healthz")
    text = (await app_client.get("/metrics")).text
    assert 'gridcase_requests_total{method="GET",route="/healthz",status="200"}' in text
    assert 'gridcase_request_seconds_bucket{le="0.1",route="/healthz"}' in text


async def test_the_page_names_no_foreign_host_and_reads_our_description(app_client: AsyncClient) -> None:
    page = await app_client.get("/docs")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "/api/v1/me" in (await app_client.get("/openapi.json")).json()["paths"]


def test_the_release_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == RELEASE
