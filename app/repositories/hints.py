"""Hear when another process has changed what is in force: a connection that listens, made again when it is cut.

A hint only makes a process look sooner than it would anyway; nothing depends on its coming.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.repositories.plans import CHANNEL

log = structlog.get_logger()

AGAIN_AFTER_S: Final = 1.0
ALIVE_EVERY_S: Final = 30.0
LISTENS: Final = "gridcase hints"
"""How the connection shows in `pg_stat_activity`."""


class Hints:
    """The city's channel of hints."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Take where to connect."""
        self._engine = engine

    @asynccontextmanager
    async def heard(self, on_hint: Callable[[], None]) -> AsyncIterator[None]:
        """Call `on_hint` for every hint, and after every new connection, for what may have been missed."""
        task = asyncio.create_task(self._keep_listening(on_hint))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_listening(self, on_hint: Callable[[], None]) -> None:
        while True:
            try:
                await self._listen(on_hint)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.info("hints_not_heard", kind=type(error).__name__)
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self, on_hint: Callable[[], None]) -> None:
        """Listen until the connection is cut."""
        cut = asyncio.Event()
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(select(func.set_config("application_name", LISTENS, False)))
            schema = await connection.scalar(select(func.current_schema()))
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None  # noqa: S101  # the connection has just been used
            driver.add_termination_listener(lambda _: cut.set())
            try:
                await driver.add_listener(f"{schema}{CHANNEL}", lambda *_: on_hint())
                on_hint()
                while not cut.is_set():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(cut.wait(), ALIVE_EVERY_S)
                    if not cut.is_set():
                        await connection.scalar(select(1))
            finally:
                await connection.invalidate()  # it listens: nobody else should get it from the pool
