"""Clients that ask over real connections, each the next thing as soon as it has its answer."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"


@dataclass(slots=True)
class Loaded:
    """What came back: answers by status, and the seconds from the first request to the last answer."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)

    def rate(self, wanted: int) -> float:
        """Return answers of the wanted status a second; raise where there was any other."""
        others = {status: times for status, times in self.statuses.items() if status != wanted}
        if others or not self.statuses:
            raise RuntimeError(f"answers that were not {wanted}: {others or 'none at all'}")
        return self.statuses[wanted] / self.seconds


def post(path: str, body: object, headers: Mapping[str, str]) -> bytes:
    """Return a POST request as it goes over the wire."""
    content = json.dumps(body, ensure_ascii=False).encode()
    given = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{given}"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def load(
    where: tuple[str, int], requests: Iterator[bytes], *, connections: int, seconds: float | None = None
) -> Loaded:
    """Send requests over so many connections until the time is over, or until there are none left."""
    loaded, loop = Loaded(), asyncio.get_running_loop()
    began = time.perf_counter()
    until = began + seconds if seconds is not None else None
    clients = [_Client(requests, until, loaded) for _ in range(connections)]
    opened = [await loop.create_connection(lambda client=client: client, *where) for client in clients]  # type: ignore[misc]
    began = time.perf_counter()
    for client in clients:
        client.begin()
    try:
        await asyncio.gather(*(client.done for client in clients))
    finally:
        for transport, _ in opened:
            transport.close()
    loaded.seconds = time.perf_counter() - began
    return loaded


class _Client(asyncio.Protocol):
    """One connection that is kept; it reads no more of an answer than its status and its length."""

    def __init__(self, requests: Iterator[bytes], until: float | None, loaded: Loaded) -> None:
        self._requests = requests
        self._until = until
        self._loaded = loaded
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # what a stream's transport is
        self._transport = transport

    def begin(self) -> None:
        """Send the next request, or be done."""
        over = self._until is not None and time.perf_counter() >= self._until
        request = None if over else next(self._requests, None)
        if request is None or self._transport is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(_HEAD_END)
        if not found:
            return
        length = _length(head)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._loaded.statuses[int(head[9:12])] += 1
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError("an answer without a length")
