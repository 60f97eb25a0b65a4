"""Let lives run side by side under one simulated clock: what falls into the same hours is played together."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import chain
from typing import Final, Protocol, TypeAlias

from app.demo.simulation.plan import Plan
from app.demo.simulation.stage import Stage
from app.demo.simulation.turns import Asks, Begin, Heard, Life, Turn
from app.dispatch.codes import Action
from app.services.acts import Act, Done
from app.services.arrivals import Incoming

AT_ONCE: Final = 300
"""Steps of one wave at most."""
PARTS: Final = 2
"""Transactions that a wave is played in, side by side: while the database works on one, the other is prepared."""
_LEAST_SPAN, _MOST_SPAN = timedelta(hours=1), timedelta(hours=18)
_STEPS_A_CASE: Final = 10


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    reports: int = 0
    cases: int = 0
    acts: int = 0
    refused: Counter[tuple[Action, str]] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count what another has played."""
        self.reports += other.reports
        self.cases += other.cases
        self.acts += other.acts
        self.refused += other.refused


@dataclass(slots=True)
class Running:
    """A life; those that it begins are of its family, and no two transactions hold one family at a time.

    `stopped` when a step of it was refused.
    """

    number: int
    family: int
    life: Life
    stopped: bool = False


Due: TypeAlias = tuple[Running, Turn]
Entry: TypeAlias = tuple[datetime, int, Running, Turn]
Answered: TypeAlias = tuple[Running, Turn, Done]


class Gate(Protocol):
    """Where those who play the same month in several processes wait for each other."""

    async def reach(self, mark: int) -> None:
        """Return when everybody has reached a mark; marks rise."""
        ...


class OpenGate:
    """For one who plays alone."""

    async def reach(self, mark: int) -> None:
        """Wait for nobody."""


class Driver:
    """Play lives by stretches of some hours until the end of the plan: first all reports of a stretch, then its steps.

    What a life only learns from a step comes in a later wave, so that steps of different lives may be taken out of
    order by as many hours. All first reports are known from the start: none comes in after a case was filed that is
    younger than it.
    """

    def __init__(self, stage: Stage, plan: Plan, gate: Gate | None = None) -> None:
        """Start with no lives."""
        self.tally = Tally()
        self._stage = stage
        self._gate = gate or OpenGate()
        self._plan = plan
        self._coming: list[Entry] = []
        self._waiting: list[Entry] = []
        self._begun = 0

    def begin(self, life: Life, *, family: int | None = None) -> None:
        """Take in a life; its first turn says when it begins."""
        self._begun += 1
        self._go_on(Running(self._begun, self._begun if family is None else family, life), None)

    async def play(self, tell: Callable[[datetime], None]) -> None:
        """Play everything; `tell` hears of the end of each stretch."""
        for number, end in enumerate(_stretches(self._plan)):
            await self._receive(end)
            await self._gate.reach(2 * number + 1)
            while any(heap and heap[0][0] <= end for heap in (self._waiting, self._coming)):
                await self._wave(end)
            await self._gate.reach(2 * number + 2)
            tell(end)

    async def _receive(self, end: datetime) -> None:
        """Take in the reports of a stretch; their lives go on."""
        while self._coming and self._coming[0][0] <= end:
            due = self._next(end, (self._coming,))
            await self._arrive(due)

    async def _wave(self, end: datetime) -> None:
        wave = self._next(end, (self._waiting, self._coming))
        await self._arrive(wave)
        acting = [due for due in wave if isinstance(due[1].step, Act)]
        parts = [[due for due in acting if due[0].family % PARTS == part] for part in range(PARTS)]
        asked = await asyncio.gather(*(self._take(part) for part in parts if part))
        await self._answer(list(chain.from_iterable(asked)))

    async def _arrive(self, wave: Sequence[Due]) -> None:
        arriving = [turn.step for _, turn in wave if isinstance(turn.step, Incoming)]
        if arriving:
            await self._stage.receive(arriving)
            self.tally.reports += len(arriving)

    def _next(self, end: datetime, heaps: Sequence[list[Entry]]) -> list[Due]:
        """Take turns in the order of their instants; a life that need not hear goes on within the wave.

        While one of a family waits to hear, the others wait with it: they act upon the same case, in its order.
        """
        wave: list[Due] = []
        held: list[tuple[list[Entry], Entry]] = []
        asking: set[int] = set()
        while len(wave) < AT_ONCE and (filled := [heap for heap in heaps if heap and heap[0][0] <= end]):
            heap = min(filled)
            due = heappop(heap)
            _, _, one, turn = due
            if one.family in asking:
                held.append((heap, due))
            elif not one.stopped:
                wave.append((one, turn))
                if turn.asks is None:
                    self._go_on(one, None)
                else:
                    asking.add(one.family)
        for heap, due in held:
            heappush(heap, due)
        return wave

    async def _take(self, part: Sequence[Due]) -> list[Answered]:
        """Take steps by one transaction; return those whose lives wait for an answer."""
        steps = [turn.step for _, turn in part if isinstance(turn.step, Act)]
        done = await self._stage.play(steps)
        asked = []
        for (one, turn), step, outcome in zip(part, steps, done, strict=True):
            if self._took(one, step, outcome) and turn.asks is not None:
                asked.append((one, turn, outcome))
        return asked

    def _took(self, one: Running, step: Act, outcome: Done) -> bool:
        """Count a step; a life whose step was refused ends there."""
        if outcome.error is None:
            self.tally.acts += 1
            self.tally.cases += len(outcome.opened)
            return not one.stopped
        if not one.stopped:
            self.tally.refused[step.command.action, outcome.error.code] += 1
            one.stopped = True
            one.life.close()
        return False

    async def _answer(self, asked: Sequence[Answered]) -> None:
        """Tell each life what it asked for, and let it go on."""
        if not asked:
            return
        opened = {case_id for _, _, done in asked for case_id in done.opened}
        reports = {done.subject_id for _, turn, done in asked if _stands(turn, "report")}
        cases = opened | {done.subject_id for _, turn, done in asked if _stands(turn, "case")}
        seen = await self._stage.look(cases, reports)
        for one, _, done in asked:
            case = seen.cases.get(done.subject_id)
            heard = Heard(
                opened=done.opened,
                units={case_id: seen.cases[case_id].unit_code for case_id in done.opened},
                request_id=case.request_id if case else None,
                person_id=case.inspector_id if case else seen.verifiers.get(done.subject_id),
            )
            self._go_on(one, heard)

    def _go_on(self, one: Running, heard: Heard | None) -> None:
        """Let a life run to its next turn; what lies beyond the plan's end is never played."""
        try:
            following = one.life.send(heard)
            while isinstance(following, Begin):
                self.begin(following.life, family=one.family)
                following = one.life.send(None)
        except StopIteration:
            return
        if following.at > self._plan.until:
            one.life.close()
            return
        waiting = self._coming if isinstance(following.step, Incoming) else self._waiting
        heappush(waiting, (following.at, one.number, one, following))


def _stands(turn: Turn, subject: str) -> bool:
    return turn.asks is Asks.STANDING and isinstance(turn.step, Act) and turn.step.subject == subject


def _stretches(plan: Plan) -> Iterator[datetime]:
    """Yield the ends of stretches in which about as many steps fall as go into one wave."""
    hours = AT_ONCE * plan.days * 24 / (plan.cases * _STEPS_A_CASE)
    span = min(_MOST_SPAN, max(_LEAST_SPAN, timedelta(hours=hours)))
    end = plan.since + span
    while end < plan.until:
        yield end
        end += span
    yield plan.until
