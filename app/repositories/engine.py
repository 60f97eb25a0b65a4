"""Engines and session factories: the settings under which every process talks to PostgreSQL."""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

STATEMENT_MS: Final = 30_000
"""Milliseconds after which the server ends a statement; nothing of ours should take that long."""

IDLE_IN_TRANSACTION_MS: Final = 60_000
POOL: Final = 10
OVERFLOW: Final = 10
_WARNINGS: Final = "warnings"


def open_engine(url: str, *, pool: int = POOL, durable: bool = True) -> AsyncEngine:
    """Return an engine; values never appear in its logs or errors.

    A connection that died while idle (the database was restarted) is replaced on the way out, unseen. Without `durable`
    a commit does not wait for the disk: for cities that are played anew after a power cut, never for reports of people.
    """
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=pool,
        max_overflow=OVERFLOW,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": "gridcase",
                "statement_timeout": str(STATEMENT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                "timezone": "UTC",
                **({} if durable else {"synchronous_commit": "off"}),
            },
        },
    )
    event.listen(engine.sync_engine, "connect", _listen)
    return engine


def warnings_of(connection: AsyncConnection) -> list[str]:
    """Return the texts of the WARNINGs that the server has sent over a connection so far; the list goes on growing."""
    found = connection.sync_connection.info if connection.sync_connection else {}
    heard: list[str] = found.setdefault(_WARNINGS, [])
    return heard


def _listen(connection: Any, record: Any) -> None:  # noqa: ANN401  # the driver's connection, and the pool's record of it
    heard: list[str] = record.info.setdefault(_WARNINGS, [])

    def hear(_: object, message: Any) -> None:  # noqa: ANN401  # the driver's class for it has no types
        if message.severity_en == "WARNING":
            heard.append(str(message))

    connection.driver_connection.add_log_listener(hear)


def open_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return the session factory of an engine; what was loaded stays readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
