"""Engines and session factories: the settings under which every process talks to PostgreSQL."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

STATEMENT_MS: Final = 30_000
"""Milliseconds after which the server ends a statement; nothing of ours should take that long."""

IDLE_IN_TRANSACTION_MS: Final = 60_000
POOL: Final = 10
OVERFLOW: Final = 10


def open_engine(url: str, *, pool: int = POOL) -> AsyncEngine:
    """Return an engine; values never appear in its logs or errors.

    A connection that died while idle (the database was restarted) is replaced on the way out, unseen.
    """
    return create_async_engine(
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
            },
        },
    )


def open_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return the session factory of an engine; what was loaded stays readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
