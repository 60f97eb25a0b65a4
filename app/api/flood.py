"""A flood of citizens: how many requests one address may send to one process; secrets are guarded in the database."""

import math
import time
from typing import Final

from fastapi import Depends, Request, Response
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.dispatch.errors import TooMany


class Flood:
    """Count requests by address over a moving window."""

    def __init__(self, rate: str) -> None:
        """Take the rate, such as `600/minute`."""
        self.rate: RateLimitItem = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def let_in(self, address: str) -> tuple[int, int]:
        """Count a request; return what remains and the seconds until the window frees. Raises TooMany."""
        taken = await self._limiter.hit(self.rate, address)
        window = await self._limiter.get_window_stats(self.rate, address)
        wait_s = max(1, math.ceil(window.reset_time - time.time()))
        if not taken:
            raise TooMany("请求过于频繁，请稍后再试", retry_after_s=wait_s)
        return window.remaining, wait_s


async def _not_too_many(request: Request, response: Response) -> None:
    flood: Flood = request.app.state.wired.flood
    remaining, wait_s = await flood.let_in(request.client.host if request.client else "unknown")
    window_s = flood.rate.get_expiry()
    response.headers["RateLimit-Policy"] = f'"citizen";q={flood.rate.amount};w={window_s}'
    response.headers["RateLimit"] = f'"citizen";r={remaining};t={wait_s}'


LIMITED: Final = [Depends(_not_too_many)]
"""`dependencies` of routes without an account."""
