"""Books in memory: parts are shared, loading happens once however many ask, requests in flight keep theirs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.book import Book
from app.dispatch.codes import Scope
from app.dispatch.editions import Edition
from app.dispatch.errors import BadInput
from app.dispatch.set_codes import SetKind
from app.repositories.engine import open_engine, open_sessions
from app.repositories.sets import SetRepository
from app.services.books import PAST_AT_MOST, Books
from app.services.shelf import Shelf
from app.services.transaction import Sessions, writing
from tests.partners_stored import Clock
from tests.sets_stored import rule, store_draft, two_cells
from tests.small_city import SINCE, UNIT_TOP, WEST, store_small_city
from tests.statements import counted
from tests.towns import Town

DAY = timedelta(days=1)


@pytest.fixture
async def committed(fresh_city: Town) -> AsyncIterator[Sessions]:
    engine = open_engine(fresh_city.app_url)
    found = open_sessions(engine)
    async with found() as session:
        empty = await SetRepository(session).book_number() == 0
    if empty:
        await store_small_city(found)
    yield found
    await engine.dispose()


async def begin(sessions: Sessions, kind: SetKind, rows: list[dict[str, Any]], at: datetime) -> UUID:
    draft = await store_draft(sessions, kind, rows)
    async with writing(sessions) as session:
        await SetRepository(session).activate([draft], at)
    return draft


class SlowShelf(Shelf):
    """Take a while to put a book together, and note which."""

    def __init__(self) -> None:
        super().__init__()
        self.built: list[int] = []

    async def book(self, session: AsyncSession, edition: Edition) -> Book:
        self.built.append(edition.number)
        await asyncio.sleep(0.05)
        return await super().book(session, edition)


async def held(books: Books, sessions: Sessions, at: datetime) -> Book:
    async with sessions() as session:
        return (await books.at(session, at)).book


async def test_only_what_changed_is_built_again(sessions: Sessions) -> None:
    await store_small_city(sessions)
    books = Books(sessions, now=Clock(SINCE + 9 * DAY))
    await books.refresh()
    first = books.current
    await begin(sessions, SetKind.RULES, [rule("new", UNIT_TOP)], SINCE + DAY)
    await books.refresh()
    second = books.current
    assert (second.number, second.versions["rules"]) == (2, 2)
    assert second.rules is not first.rules
    assert (second.cells, second.zones, second.calendar) == (first.cells, first.zones, first.calendar)
    assert second.cells is first.cells
    assert second.catalogue is first.catalogue
    await begin(sessions, SetKind.BEATS, [], SINCE + 2 * DAY)
    await books.refresh()
    assert books.current.cells._locator is first.cells._locator
    assert books.current.rules is second.rules
    await begin(sessions, SetKind.CELLS, two_cells(), SINCE + 3 * DAY)
    await books.refresh()
    assert books.current.cells.codes != first.cells.codes
    assert books.current.rules is second.rules


async def test_past_books_are_kept_two_at_most_and_tell_what_was_true(sessions: Sessions) -> None:
    await store_small_city(sessions)
    for day in range(1, 6):
        await begin(sessions, SetKind.RULES, [rule(f"of day {day}", UNIT_TOP, Scope.STREET, WEST)], SINCE + day * DAY)
    shelf = SlowShelf()
    books = Books(sessions, now=Clock(SINCE + 9 * DAY), shelf=shelf)
    await books.refresh()
    for day in (0, 1, 2, 3, 1, 4, 0):
        assert (await held(books, sessions, SINCE + day * DAY + timedelta(hours=1))).number == day + 1
        assert len(books._past) <= PAST_AT_MOST
    loaded = [one for one in (books._held, *books._past.values()) if one is not None]
    used = {set_id for one in loaded for set_id in one.edition.ids.values()}
    assert {set_id for key in shelf._parts for set_id in key[1:]} <= used
    assert len([key for key in shelf._parts if key[0] == "rules"]) == len(loaded)
    again = await held(books, sessions, SINCE + timedelta(hours=1))
    shelf.built.clear()
    assert await held(books, sessions, SINCE + timedelta(hours=2)) is again
    assert shelf.built == []
    with pytest.raises(BadInput, match="尚未启用"):
        await held(books, sessions, SINCE - DAY)


async def test_many_writers_at_once_load_a_new_book_once_and_agree_on_it(committed: Sessions) -> None:
    shelf = SlowShelf()
    books = Books(committed, shelf=shelf)
    await books.refresh()
    old = books.current
    number = old.number
    await begin(committed, SetKind.RULES, [rule("many", UNIT_TOP)], datetime.now(UTC))
    shelf.built.clear()

    async def agree() -> int:
        async with writing(committed) as session:
            return (await books.agreed(session)).number

    asking = [asyncio.create_task(agree()) for _ in range(12)]
    await asyncio.sleep(0.01)
    assert books.current is old  # who only reads goes on with what there is
    assert set(await asyncio.gather(*asking)) == {number + 1}
    assert shelf.built == [number + 1]
    assert old.number == number


async def test_a_look_at_what_is_known_is_one_statement(committed: Sessions) -> None:
    books = Books(committed)
    await books.refresh()
    async with committed() as session:
        with counted(committed) as statements:
            await books.agreed(session)
    assert len(statements) == 1
