"""One use case, one transaction, committed before the answer is sent and not to be cancelled half-way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.dispatch.errors import GridcaseError, Unavailable
from app.repositories.engine import warnings_of

log = structlog.get_logger()

Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")

CHOSEN: Final = frozenset({"40001", "40P01"})
"""SQLSTATEs under which the database let another go first."""
GONE: Final = frozenset({"57P01", "57P02", "57P03", "08000", "08001", "08003", "08006", "53300"}) | CHOSEN
"""SQLSTATEs after which the same request may be sent again: the database went away, or chose another first."""


@asynccontextmanager
async def writing(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Yield a session whose work is committed at the end, or rolled back as a whole.

    The commit runs shielded: a phone that drops the line cannot cancel it half-way. Raises Unavailable when the
    database is gone, or not sure of having the work where it should be: then nothing was acknowledged.
    """
    session = sessions()
    try:
        yield session
        await _to_the_end(_commit(session))
    except BaseException as error:
        await _to_the_end(_give_up(session))
        if is_gone(error):
            raise Unavailable("数据库暂时不可用，请稍后用同一编号重试", code="database_unavailable") from error
        raise
    finally:
        await _to_the_end(session.close())


@asynccontextmanager
async def reading(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Yield a session for reading only."""
    session = sessions()
    try:
        yield session
    except BaseException as error:
        if is_gone(error):
            raise Unavailable("数据库暂时不可用，请稍后重试", code="database_unavailable") from error
        raise
    finally:
        await _to_the_end(_part(session))


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE behind an error; errors are judged by nothing else."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_gone(error: BaseException) -> bool:
    """Tell whether the database went away, as against refusing what was asked."""
    if isinstance(error, InterfaceError | OSError | PoolTimeout):  # the last: all connections are busy or being made
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return sqlstate(error) in GONE


def concerns_one(error: BaseException) -> bool:
    """Tell whether one item of a batch may be to blame for an error, so that each had better be tried alone."""
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    if not isinstance(cause, DBAPIError):
        return False
    return sqlstate(cause) in CHOSEN or not is_gone(cause)


async def alone(work: Awaitable[T], refused: Callable[[GridcaseError], T]) -> T:
    """Await what is left of a batch for one item, in a transaction of its own; no failure stops the other items."""
    try:
        return await work
    except GridcaseError as error:
        return refused(error)
    except DBAPIError as error:
        log.warning("item_not_stored", error=type(error).__name__, sqlstate=sqlstate(error))
        return refused(Unavailable("这一项未能保存，请稍后重试", code="not_stored"))


async def _to_the_end(work: Awaitable[None]) -> None:
    """Await `work` although the caller may be cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
        raise


async def _commit(session: AsyncSession) -> None:
    """Commit; raise Unavailable where the server warns.

    A wait for the synchronous standby that somebody cancels ends in success, and a warning that it may not have it.
    """
    heard = warnings_of(await session.connection()) if session.in_transaction() else []
    before = len(heard)
    await session.commit()
    if len(heard) > before:
        log.error("commit_in_doubt", warnings=heard[before:])
        raise Unavailable("尚未确认写入备库，请稍后用同一编号重试", code="commit_in_doubt")


async def _give_up(session: AsyncSession) -> None:
    try:
        await session.rollback()
    except (DBAPIError, OSError):
        await session.invalidate()


async def _part(session: AsyncSession) -> None:
    """End a read; closing lets go of what was read, where a rollback would expire it."""
    try:
        await session.close()
    except (DBAPIError, OSError):
        await session.invalidate()
