"""What the services do while the database is away: nothing is refused for good, and nobody gives up looking."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.access import Actor, Appointment
from app.dispatch.arrival import Arrival, Reporter
from app.dispatch.codes import Post, Source
from app.dispatch.errors import Unavailable
from app.repositories.engine import open_engine, open_sessions
from app.services import worker
from app.services.books import Books
from app.services.cases import Cases
from app.services.field_work import FieldWork, Operation
from app.services.intake import Intake
from app.services.reports import Reports
from app.services.transaction import Sessions, is_gone, reading
from app.services.worker import repeat


@pytest.fixture
async def nowhere(tmp_path: Path) -> AsyncIterator[Sessions]:
    """Return sessions of a server that does not run."""
    engine = open_engine(f"postgresql+asyncpg://demo_app@/gridcase?host={tmp_path}")
    yield open_sessions(engine)
    await engine.dispose()


async def test_books_open_without_a_database_and_say_that_it_is_too_early(nowhere: Sessions) -> None:
    async with Books(nowhere) as books:
        assert not books.ready
        with pytest.raises(Unavailable) as caught:
            _ = books.current
    assert caught.value.retry_after_s > 0


async def test_a_server_that_does_not_run_is_unavailable(nowhere: Sessions) -> None:
    with pytest.raises(Unavailable):
        async with reading(nowhere) as session:
            await session.connection()


def test_a_pool_without_a_free_connection_is_a_reason_to_come_back() -> None:
    assert is_gone(PoolTimeout("QueuePool limit"))
    assert not is_gone(ValueError())


class _Away:
    """Every service, with its database gone."""

    async def receive(self, *_: object, **__: object) -> Sequence[object]:
        raise Unavailable("away")

    async def act(self, *_: object, **__: object) -> bool:
        raise Unavailable("away")


def _report() -> Operation:
    arrival = Arrival(
        id=uuid7(),
        source=Source.INSPECTOR,
        description="垃圾",
        reporter=Reporter(),
        address="幸福路",
        client_id=uuid4(),
    )
    return Operation(client_id=arrival.client_id, device_time=None, name="report", body={}, arrival=arrival)


def _note() -> Operation:
    return Operation(
        client_id=uuid4(), device_time=None, name="check", body={}, command=commands.Sign(), case_id=uuid4()
    )


@pytest.mark.parametrize("operations", [[_report()], [_report(), _report()], [_note()]], ids=["one", "two", "act"])
async def test_a_batch_is_not_rejected_because_the_database_is_away(operations: list[Operation]) -> None:
    away = _Away()
    work = FieldWork(
        cast("Intake", away), cast("Reports", away), cast("Cases", away), lambda: datetime(2026, 3, 2, tzinfo=UTC)
    )
    actor = Actor(
        account_id=uuid4(), username="i", name="采", appointments=(Appointment(post=Post.INSPECTOR, desk="city"),)
    )
    with pytest.raises(Unavailable):
        await work.sync(operations, actor)


async def test_a_loop_goes_on_after_an_outage_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LONGEST_PAUSE", timedelta())
    stop, rounds = asyncio.Event(), 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds > 200:
            stop.set()
        raise OSError("away")

    await asyncio.wait_for(repeat("test", timedelta(milliseconds=500), work, stop), 30)
    assert rounds == 201
