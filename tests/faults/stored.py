"""What the database holds when all is over, asked as the owner and compared with what clients were told."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from tests.faults.journal import Told
from tests.faults.receiver import Call

AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
"""What asking a database that was killed a moment ago looks like."""
TOLD_OF: Final = {"accept": "report.accepted", "file": "case.filed", "dispatch": "case.dispatched"}


class Stored:
    """The owner's view; a connection for each question, since any of them may be killed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def run(self, statement: str, *values: object) -> str:
        """Run a statement; return its tag, such as `UPDATE 3`."""
        connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            return str(await connection.execute(statement, *values))
        finally:
            await connection.close(timeout=10)

    async def rows(self, question: str, *values: object) -> Sequence[Mapping[str, Any]]:
        connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            return [dict(row) for row in await connection.fetch(question, *values)]
        finally:
            await connection.close(timeout=10)

    async def reports(self) -> Mapping[str, list[str]]:
        """Return the ids of the reports under each key of a client."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in await self.rows("SELECT id::text, client_id::text, order_no FROM reports"):
            found[f"client:{row['client_id']}" if row["client_id"] else f"order:{row['order_no']}"].append(row["id"])
        return found

    async def hurry(self) -> None:
        """Bring timers that are hours away into the next seconds, in the middle of what is being killed."""
        await self.run(
            "UPDATE timers SET due_at = now() + random() * interval '10 seconds'"
            " WHERE kind = 'auto_sign' AND done_at IS NULL AND due_at > now() + interval '1 minute'"
        )

    async def waiting(self) -> int:
        """Count what is still to be sent or fired."""
        (row,) = await self.rows(
            "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL)"
            " + (SELECT count(*) FROM timers WHERE done_at IS NULL) AS count"
        )
        return int(row["count"])


async def settled(stored: Stored, seconds: int = 300) -> None:
    """Wait until nothing waits any more: leases of killed workers have to run out first."""
    left = -1
    for _ in range(seconds):
        await stored.hurry()
        left = await stored.waiting()
        if left == 0:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"{left} timers and callbacks still wait")


def misplaced(told: Told, held: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Name the keys that are lost, doubled, never sent by anybody, or under another id than the client was told."""
    acknowledged = told.acknowledged()
    return {
        "lost": [key for key in acknowledged if key not in held],
        "doubled": [key for key, ids in held.items() if len(ids) > 1],
        "stray": sorted(set(held) - told.sent()),
        "renamed": [key for key, ids in acknowledged.items() if key in held and ids != set(held[key])],
    }


async def repeated_steps(stored: Stored) -> list[tuple[str, str, int]]:
    """Name the steps that stand more than once in one history; the loader takes none twice."""
    question = "SELECT subject_id::text, action, count(*) FROM history GROUP BY 1, 2 HAVING count(*) > 1"
    return [(row["subject_id"], row["action"], row["count"]) for row in await stored.rows(question)]


async def missing_steps(stored: Stored, told: Told, dispatched: Sequence[str]) -> list[tuple[str, str]]:
    """Name the acknowledged steps, and the signatures by policy, that are in no history."""
    rows = await stored.rows("SELECT subject_id::text, action, policy FROM history")
    there = {(row["subject_id"], row["action"]) for row in rows}
    by_policy = {row["subject_id"] for row in rows if row["action"] == "sign" and row["policy"] == "auto_sign"}
    wanted = {(line["subject_id"], line["action"]) for line in told.of("step")}
    return [*sorted(wanted - there), *((case_id, "sign") for case_id in dispatched if case_id not in by_policy)]


async def misdelivered(stored: Stored, told: Told, calls: Sequence[Call]) -> dict[str, list[str]]:
    """Name the orders whose callbacks are missing, out of order, or about nothing that happened."""
    due: dict[str, list[str]] = defaultdict(list)
    for row in await stored.rows("SELECT id::text, payload ->> 'order_no' AS order_no FROM outbox ORDER BY id"):
        due[row["order_no"]].append(row["id"])
    tried: dict[str, list[str]] = defaultdict(list)
    for call in calls:
        if tried[call.order_no][-1:] != [call.event_id]:  # a try again of the same is no disorder
            tried[call.order_no].append(call.event_id)
    taken = {call.event_id for call in calls if call.taken}
    kinds = Counter({(call.order_no, call.kind): 0 for call in calls})
    kinds.update({(one.order_no, one.kind) for one in {call.event_id: call for call in calls if call.taken}.values()})
    wanted = {(line["order_no"], TOLD_OF[line["action"]]) for line in told.of("step") if line["action"] in TOLD_OF}
    return {
        "out_of_order": [order_no for order_no in due | tried if due.get(order_no) != tried.get(order_no)],
        "never_taken": [one for ids in due.values() for one in ids if one not in taken],
        "untold": [f"{order_no} {kind}" for order_no, kind in sorted(wanted) if kinds[order_no, kind] != 1],
    }


async def while_it_lasts(stored: Stored, ending: asyncio.Event) -> None:
    """Hurry new timers again and again, whether or not the database is there."""
    while not ending.is_set():
        try:
            await stored.hurry()
        except AWAY:
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
