"""A partner's end of the callbacks: takes them by HTTP, sometimes fails, sometimes does not answer at all."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from app.adapters.dialects import StandardWebhooks
from app.demo.seed import SECRET

_HANG_S: Final = 17
"""A little longer than the sender waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One try that reached us, and whether we took it."""

    order_no: str
    kind: str
    event_id: str
    taken: bool


class Receiver:
    """Moody until `healthy` is set: one call in five fails in one of three ways, but none more than twice in a row."""

    def __init__(self, chance: Random) -> None:
        self.calls: list[Call] = []
        self.healthy = False
        self.url = ""
        self._chance = chance
        self._refused: dict[str, int] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the sender was killed, or the test is over
        finally:
            self._serving.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def close(self) -> None:
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        StandardWebhooks().verify(SECRET, headers, body, datetime.now(UTC))
        status = self._mood(json.loads(body)["id"])
        self._note(body, taken=status == 204)
        if status == 0:
            await asyncio.sleep(_HANG_S)
            return
        writer.write(f"HTTP/1.1 {status} said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    def _mood(self, event_id: str) -> int:
        """Return the status to answer, 0 for none at all."""
        if self.healthy or self._refused.get(event_id, 0) >= 2:
            return 204
        status = self._chance.choices((204, 500, 429, 0), (80, 10, 5, 5))[0]
        self._refused[event_id] = self._refused.get(event_id, 0) + (status != 204)
        return status

    def _note(self, body: bytes, *, taken: bool) -> None:
        said = json.loads(body)
        self.calls.append(Call(order_no=said["data"]["order_no"], kind=said["type"], event_id=said["id"], taken=taken))


@asynccontextmanager
async def receiving(chance: Random) -> AsyncIterator[Receiver]:
    """Lend a receiver that listens on this machine only."""
    receiver = Receiver(chance)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callbacks"
    try:
        yield receiver
    finally:
        server.close()
        await receiver.close()
        await server.wait_closed()
