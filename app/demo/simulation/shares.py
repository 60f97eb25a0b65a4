"""Play one month in two processes: each takes every other story, and none runs ahead of the other."""

import asyncio
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any, Final

from app.adapters.keys import load_keys
from app.demo.city import DemoCity
from app.demo.simulation.driver import Tally
from app.demo.simulation.plan import Plan
from app.settings import Settings

_LOOK_S: Final = 0.001
"""How often one who waits looks whether the other has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What the other process needs: the city it connects to, and what is played there."""

    settings: Settings
    city: DemoCity
    plan: Plan


class SharedGate:
    """A mark a process in shared memory."""

    def __init__(self, marks: Any, mine: int, alive: Callable[[], bool]) -> None:  # noqa: ANN401  # a shared array
        """Take the marks of both, and how to tell whether the other still lives."""
        self._marks, self._mine, self._alive = marks, mine, alive

    async def reach(self, mark: int) -> None:
        """Wait until the other has come as far; raises RuntimeError when it never will."""
        self._marks[self._mine] = mark
        while self._marks[1 - self._mine] < mark:
            if not self._alive():
                raise RuntimeError("the process that plays the other half of the month has ended")
            await asyncio.sleep(_LOOK_S)


@dataclass(slots=True)
class Helper:
    """The other process as this one sees it."""

    process: BaseProcess
    results: Any
    gate: SharedGate

    async def result(self) -> Tally:
        """Wait for the other half; raises RuntimeError with what went wrong there."""
        tally, wrong = await asyncio.to_thread(self.results.recv)
        if wrong:
            raise RuntimeError(f"the other half of the month could not be played:\n{wrong}")
        found: Tally = tally
        return found


@contextmanager
def helped(share: Share) -> Iterator[Helper]:
    """Lend another process that plays the other half; it is gone afterwards, whatever happened."""
    context = get_context("spawn")
    marks = context.Array("q", 2, lock=False)
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_other_half, args=(share, marks, theirs, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Helper(process, mine, SharedGate(marks, 0, process.is_alive))
    except BaseException:
        process.terminate()
        raise
    finally:
        process.join()
        mine.close()


def _other_half(share: Share, marks: Any, results: Any, parent: int) -> None:  # noqa: ANN401  # shared things
    gate = SharedGate(marks, 1, lambda: os.getppid() == parent)
    try:
        results.send((asyncio.run(_play(share, gate)), None))
    except Exception:  # noqa: BLE001  # told to the one who waits
        results.send((None, traceback.format_exc()))


async def _play(share: Share, gate: SharedGate) -> Tally:
    from app.demo.simulation.month import play_half  # noqa: PLC0415  # month starts this process
    from app.main import wire  # noqa: PLC0415
    from app.repositories.engine import open_engine, open_sessions  # noqa: PLC0415

    settings = share.settings
    if settings.database_url is None:
        raise RuntimeError("no database address")
    engine = open_engine(settings.database_url, durable=False)
    try:
        wired = wire(settings, open_sessions(engine), load_keys(settings.keys_dir))
        return await play_half(wired, share.city, share.plan, gate)
    finally:
        await engine.dispose()
