"""That a queue is read in the order of an index, as far as its page goes, and never sorted as a whole."""

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.dispatch.access import Sight
from app.dispatch.codes import Post
from app.dispatch.worklist import Queue, queues_of
from app.repositories.worklists import Place, WorklistRepository
from app.services.transaction import Sessions
from tests.reports_stored import NOON

INDEXED = {
    "to_accept": "ix_reports_waiting_since",
    "to_file": "ix_reports_waiting_since",
    "to_send_check": "ix_cases_waiting_since",
    "to_close": "ix_cases_waiting_since",
    "to_dispatch": "ix_cases_waiting_since",
}
QUEUES = [one for one in queues_of(frozenset(Post)) if one.name in INDEXED]


@pytest.mark.parametrize("behind", [None, Place(key=NOON, id=uuid4())], ids=["first page", "next page"])
@pytest.mark.parametrize("queue", QUEUES, ids=[one.name for one in QUEUES])
async def test_a_queue_is_read_in_the_order_of_its_index(
    sessions: Sessions, queue: Queue, behind: Place | None
) -> None:
    bound = sessions.kw["bind"]
    assert isinstance(bound, AsyncConnection)
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    async with sessions() as session:
        for forced in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):  # tables without rows tempt to both
            await session.execute(text(f"SET LOCAL {forced} = off"))
        event.listen(bound.sync_connection, "before_cursor_execute", note)
        try:
            desk = Sight(desks=frozenset({"city"}))
            await WorklistRepository(session).queued(queue, desk, uuid4(), NOON, limit=20, behind=behind)
        finally:
            event.remove(bound.sync_connection, "before_cursor_execute", note)
        ((statement, parameters),) = [one for one in sent if "SAVEPOINT" not in one[0]]
        plan = (await bound.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)).scalar_one()
    told = json.dumps(plan)
    assert f'"Index Name": "{INDEXED[queue.name]}"' in told
    assert '"Node Type": "Sort"' not in told
