"""What proofs and rehearsals share: the book that sets would make, and a thread in which one runs after the other."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.book import Book
from app.dispatch.editions import Edition, SetHead
from app.dispatch.errors import BadInput
from app.dispatch.set_codes import SetKind, SetState
from app.repositories.sets import SetRepository
from app.services.books import Books

TRIED: Final = (SetKind.RULES, SetKind.CELLS, SetKind.ZONES)
"""The kinds of sets that can be tried before they come into force."""

_DRAFTED: Final = 0  # the number of no version in force
_ONE_AT_A_TIME: Final = ThreadPoolExecutor(1, thread_name_prefix="proof")
"""A proof takes seconds of a processor; several at once would only starve the requests of everybody else."""

T = TypeVar("T")


async def apart(work: Callable[[], T]) -> T:
    """Do long work beside the event loop, when its turn has come."""
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, work)


async def books_of(
    books: Books, session: AsyncSession, wanted: Mapping[SetKind, UUID], at: datetime, *, source: str
) -> tuple[Book, Book, Edition]:
    """Return the book in force, the one that the wanted sets would make of it, and the edition of the latter.

    Raises BadInput naming the parameter of a set that is not there, or is of another kind.
    """
    loaded = await books.at(session, at)
    found = {one.id: one for one in await SetRepository(session).some(wanted.values())}
    heads = dict(loaded.edition.sets)
    for kind, set_id in wanted.items():
        one = found.get(set_id)
        if one is None or one.kind is not kind:
            raise BadInput.at([source, kind.value], f"没有编号为 {set_id} 的 {kind.value} 数据集", code="unknown_set")
        heads[kind] = SetHead(id=one.id, kind=kind, name=one.name, version=one.version, state=SetState(one.state))
    if heads == dict(loaded.edition.sets):
        return loaded.book, loaded.book, loaded.edition
    edition = replace(loaded.edition, number=_DRAFTED, sets=heads)
    return loaded.book, await books.drafted(session, edition), edition
