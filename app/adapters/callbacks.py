"""Send a message to a partner's address: once, signed before, never followed elsewhere, never read beyond a limit."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Protocol, Self

import httpx

from app.adapters.addresses import AllowedAddresses, Resolve, resolve

TIMEOUT: Final = timedelta(seconds=15)
ANSWER_AT_MOST: Final = 64 * 1024
GONE: Final = 410
"""The status by which a partner says that the address is gone for good."""
_WELL_KNOWN: Final = 1024
_WEB_PORTS: Final = {"http": 80, "https": 443}
_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try ended. `error` is a short code that goes into our records; it holds nothing that was received."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    final: bool = False
    """Whether trying again is pointless."""

    @property
    def delivered(self) -> bool:
        """Whether the partner has it."""
        return self.error is None


_NOT_THERE: Final = Outcome(error="address_refused")


class Caller(Protocol):
    """Who carries messages out."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send; every failure is an outcome."""
        ...


class HttpCaller:
    """The real one, by HTTP. The name is resolved once and the connection pinned to what was checked."""

    def __init__(self, allowed: AllowedAddresses, *, resolver: Resolve = resolve, timeout: timedelta = TIMEOUT) -> None:
        """Take where we may connect to; proxies of the environment are not used, they would resolve anew."""
        self._allowed = allowed
        self._resolve = resolver
        self._seconds = timeout.total_seconds()
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=self._seconds,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self._client.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send within the time limit, resolving and answering included."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._send(httpx.URL(url), headers, body)
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(error="timeout")
        except httpx.InvalidURL:
            return _NOT_THERE
        except (httpx.HTTPError, OSError, UnicodeError, ValueError) as error:
            return Outcome(error=f"unreachable: {type(error).__name__}")

    async def _send(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> Outcome:
        if not _plausible(url):
            return _NOT_THERE
        port = url.port or _WEB_PORTS[url.scheme]
        address = self._allowed.pick(await self._resolve(url.raw_host.decode("ascii"), port))
        if address is None:
            return _NOT_THERE
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode("ascii"), "Content-Type": "application/json"},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        response = await self._client.send(request, stream=True)
        try:
            await _swallow(response)
        finally:
            await response.aclose()
        return outcome_of(response.status_code, response.headers.get("retry-after"), datetime.now(UTC))


@dataclass
class RecordedCall:
    """What the fake was given."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class RecordingCaller:
    """The shipped fake: keeps what it is given, answers what it was told to, in order; then always success."""

    answers: list[Outcome] = field(default_factory=list)
    calls: list[RecordedCall] = field(default_factory=list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Record."""
        self.calls.append(RecordedCall(url, dict(headers), body))
        return self.answers.pop(0) if self.answers else Outcome(status=200)


def outcome_of(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """Judge an answer by its status alone; anything but 2xx, redirects too, is a failure."""
    if status in _OK:
        return Outcome(status=status)
    wish = _wait(retry_after, now)
    return Outcome(status=status, error=f"status {status}", retry_after=wish, final=status == GONE)


def _plausible(url: httpx.URL) -> bool:
    """Check what can be checked without the network: a web address without credentials, on a port of the web."""
    odd_port = url.port is not None and url.port < _WELL_KNOWN and url.port not in _WEB_PORTS.values()
    return url.scheme in _WEB_PORTS and bool(url.host) and not url.userinfo and not odd_port


async def _swallow(response: httpx.Response) -> None:
    """Read a polite amount of the answer, undecoded: a bomb in it stays packed."""
    left = ANSWER_AT_MOST
    async for chunk in response.aiter_raw():
        left -= len(chunk)
        if left <= 0:
            return


def _wait(retry_after: str | None, now: datetime) -> timedelta | None:
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=int(retry_after[:9]))
    try:
        until = parsedate_to_datetime(retry_after)
        return max((until if until.tzinfo else until.replace(tzinfo=UTC)) - now, timedelta())
    except (ValueError, OverflowError):
        return None
