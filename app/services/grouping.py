"""Do together what is asked at the same time: the first goes at once, those that come meanwhile go in common."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from app.dispatch.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

AT_MOST: Final = 500
"""As many in one group; beyond that a statement only grows."""

LINGER_S: Final = 0.003
CROWDED_S: Final = 0.05
"""A group waits so long for others if there was one of several so lately; somebody alone never waits."""

ANSWER_WITHIN_S: Final = 20.0
"""After this the asker is told to come again; what was asked may still be done."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    answer: asyncio.Future[Answer]


class Grouped(Generic[Asked, Answer]):
    """A queue in front of `work`, which answers every item of a group, in order, by a value or an error of its own.

    An asker who goes away takes nothing from the others, and what he asked is done.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer | Exception]]],
        *,
        at_most: int = AT_MOST,
        linger_s: float = LINGER_S,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        """Take what a group is done by; `work` is never run twice at once."""
        self._work = work
        self._at_most = at_most
        self._linger_s = linger_s
        self._answer_within_s = answer_within_s
        self._waiting: deque[_Waiting[Asked, Answer]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._crowded_until = 0.0

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer; raise the item's own error, or Unavailable when it takes too long."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(asked, future))
        if self._running is None or self._running.done():
            # a context of its own: the group belongs to no single request
            self._running = asyncio.create_task(self._run(), context=Context())
        try:
            async with asyncio.timeout(self._answer_within_s):
                answer: Answer = await future
        except TimeoutError as error:
            raise Unavailable("处理超时，请稍后用同一编号重试", code="not_answered_in_time") from error
        return answer

    async def drain(self) -> None:
        """Wait until everything that was asked is done."""
        while self._running is not None and not self._running.done():
            await asyncio.wait({self._running})

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        while self._waiting:
            if now() < self._crowded_until:
                await asyncio.sleep(self._linger_s)
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._at_most))]
            await self._do(group)
            if len(group) > 1:
                self._crowded_until = now() + CROWDED_S

    async def _do(self, group: Sequence[_Waiting[Asked, Answer]]) -> None:
        answers: Sequence[Answer | Exception]
        try:
            answers = await self._work([one.asked for one in group])
        except Exception as error:  # noqa: BLE001  # each asker gets it, and what it is is told there
            answers = [error] * len(group)
        for one, answer in zip(group, answers, strict=True):
            if one.answer.done():
                continue
            if isinstance(answer, Exception):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)
