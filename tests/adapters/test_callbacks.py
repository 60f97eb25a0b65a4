import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.adapters.addresses import AllowedAddresses
from app.adapters.callbacks import ANSWER_AT_MOST, HttpCaller, Outcome, RecordingCaller, outcome_of

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
DEMO = AllowedAddresses.of((), loopback=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BODY = b'{"type":"case.closed"}'


class Receiver:
    """A partner's server on loopback: keeps what it is sent, answers the given bytes, then what `forever` says."""

    def __init__(self, answer: bytes, forever: bytes | None = None) -> None:
        self.answer, self.forever = answer, forever
        self.requests: list[bytes] = []
        self.sent = 0
        self.port = 0
        self.tasks: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.create_task(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head + await reader.readexactly(len(BODY)))
            writer.write(self.answer)
            await writer.drain()
            while self.forever is not None:
                writer.write(self.forever)
                await writer.drain()
                self.sent += len(self.forever)
                if len(self.forever) == 1:
                    await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def listening(answer: bytes = OK, forever: bytes | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer, forever)
    server = await asyncio.start_server(receiver.accept, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in receiver.tasks:
            task.cancel()
        await asyncio.gather(*receiver.tasks, return_exceptions=True)


def resolving(*addresses: str) -> tuple[Callable[[str, int], "asyncio.Future[Sequence[str]]"], list[str]]:
    """Return a resolver that gives these addresses, and the list of names it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return addresses

    return resolve, asked  # type: ignore[return-value]  # a coroutine is awaited like a future


async def test_the_body_arrives_with_its_headers_and_the_name_as_host() -> None:
    resolve, asked = resolving("127.0.0.1")
    async with listening() as partner, HttpCaller(DEMO, resolver=resolve) as caller:
        url = f"http://partner.test:{partner.port}/in?key=1"
        assert await caller.post(url, {"webhook-id": "m-1"}, BODY) == Outcome(status=200)
    head, _, body = partner.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /in?key=1 http/1.1"
    assert f"host: partner.test:{partner.port}" in lines
    assert "webhook-id: m-1" in lines
    assert "content-type: application/json" in lines
    assert body == BODY
    assert asked == ["partner.test"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "http://localhost.:{port}/",
        "http://1.1.1.1@127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://127.0.0.1:22/",
        "http:///x",
        "//127.0.0.1:{port}/",
        "not an address",
        "http://[::1",
    ],
)
async def test_no_way_leads_to_our_own_machine(url: str) -> None:
    allowed = AllowedAddresses.of((), loopback=False)
    async with listening() as partner, HttpCaller(allowed) as caller:
        outcome = await caller.post(url.format(port=partner.port), {}, BODY)
    assert not outcome.delivered
    assert partner.requests == []


async def test_a_name_that_answers_differently_the_second_time_is_asked_once() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(_: str, __: int) -> Sequence[str]:
        return answers.pop(0)

    async with listening() as partner, HttpCaller(DEMO, resolver=rebinding) as caller:
        assert (await caller.post(f"http://partner.test:{partner.port}/", {}, BODY)).delivered
    assert answers == [["10.0.0.1"]]


async def test_a_redirect_is_a_failure_and_not_followed() -> None:
    async with listening() as inner:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner.port}/\r\nContent-Length: 0\r\n\r\n"
        async with listening(moved.encode()) as partner, HttpCaller(DEMO) as caller:
            outcome = await caller.post(f"http://127.0.0.1:{partner.port}/", {}, BODY)
    assert (outcome.status, outcome.delivered) == (302, False)
    assert inner.requests == []


async def test_an_answer_without_end_is_read_to_the_limit_only() -> None:
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with listening(endless, b"x" * 65536) as partner, HttpCaller(DEMO) as caller:
        outcome = await caller.post(f"http://127.0.0.1:{partner.port}/", {}, BODY)
    assert outcome == Outcome(status=200)
    assert partner.sent < 200 * ANSWER_AT_MOST  # what the sockets' buffers took beyond what was read


async def test_a_packed_answer_stays_packed() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    answer = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    async with listening(answer) as partner, HttpCaller(DEMO) as caller:
        assert (await caller.post(f"http://127.0.0.1:{partner.port}/", {}, BODY)).delivered


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
async def test_a_trickle_ends_at_the_time_limit(answer: bytes) -> None:
    async with (
        listening(answer, b"x") as partner,
        HttpCaller(DEMO, timeout=timedelta(seconds=0.3)) as caller,
    ):
        outcome = await caller.post(f"http://127.0.0.1:{partner.port}/", {}, BODY)
    assert outcome.error == "timeout" or (outcome.error or "").startswith("unreachable")
    assert not outcome.delivered


async def test_headers_without_end_are_a_failure() -> None:
    huge = b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n"
    async with listening(huge) as partner, HttpCaller(DEMO) as caller:
        assert not (await caller.post(f"http://127.0.0.1:{partner.port}/", {}, BODY)).delivered


async def test_nobody_there_is_an_outcome_and_not_an_error() -> None:
    async with listening() as partner:
        port = partner.port
    async with HttpCaller(DEMO) as caller:
        outcome = await caller.post(f"http://127.0.0.1:{port}/", {}, BODY)
    assert outcome.error == "unreachable: ConnectError"


async def test_a_name_nobody_knows_is_an_outcome_and_not_an_error() -> None:
    async def unknown(_: str, __: int) -> Sequence[str]:
        raise OSError("no such name")

    async with HttpCaller(DEMO, resolver=unknown) as caller:
        assert (await caller.post("http://nobody.test/", {}, BODY)).error == "unreachable: OSError"


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [
        (204, None, Outcome(status=204)),
        (299, "7", Outcome(status=299)),
        (304, None, Outcome(status=304, error="status 304")),
        (500, None, Outcome(status=500, error="status 500")),
        (410, None, Outcome(status=410, error="status 410", final=True)),
        (429, "120", Outcome(status=429, error="status 429", retry_after=timedelta(seconds=120))),
        (
            503,
            "Tue, 10 Mar 2026 01:05:00 GMT",
            Outcome(status=503, error="status 503", retry_after=timedelta(minutes=5)),
        ),
        (503, "Tue, 10 Mar 2020 01:05:00 GMT", Outcome(status=503, error="status 503", retry_after=timedelta())),
        (503, "soon", Outcome(status=503, error="status 503")),
        (503, "-5", Outcome(status=503, error="status 503")),
        (503, "9" * 400, Outcome(status=503, error="status 503", retry_after=timedelta(seconds=999_999_999))),
    ],
)
def test_an_answer_is_judged_by_its_status(status: int, retry_after: str | None, outcome: Outcome) -> None:
    assert outcome_of(status, retry_after, NOW) == outcome


async def test_the_fake_answers_what_it_was_told_and_then_success() -> None:
    fake = RecordingCaller(answers=[Outcome(status=500, error="status 500")])
    assert not (await fake.post("http://p.test", {"a": "b"}, BODY)).delivered
    assert (await fake.post("http://p.test", {}, b"2")).delivered
    assert [call.body for call in fake.calls] == [BODY, b"2"]
