"""Keep processes running: start them, start them again when they die, stop them in order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 30.0
"""A process that lived this long has recovered: its next death is answered quickly again."""
_STOP_S: Final = 15.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One process to keep: `name` for the log, the command line, the descriptors that it inherits."""

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()


class Backoff:
    """Pauses between restarts: doubling, and short again after a steady life."""

    def __init__(self) -> None:
        """Start with the short pause."""
        self._pause = _FIRST_PAUSE_S

    def after(self, lived_s: float) -> float:
        """Return how many seconds to wait after a life of `lived_s`."""
        pause = _FIRST_PAUSE_S if lived_s > _STEADY_S else self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE_S)
        return pause


class Supervisor:
    """Runs duties in groups; `stop` ends the groups in the order in which they were given."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the environment of the processes."""
        self._environment = dict(environment)
        # the children hold the reading end as stdin: it closes when we are gone, even by SIGKILL
        self._lifeline, self._held = os.pipe()
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[list[tuple[Duty, asyncio.Task[None]]]] = []

    def keep(self, *duties: Duty) -> None:
        """Start a group of duties and keep them running."""
        self._keepers.append([(duty, asyncio.create_task(self._keep(duty))) for duty in duties])

    async def stop(self) -> None:
        """Stop group after group, each when the one before has ended."""
        for group in self._keepers:
            await asyncio.gather(*(self._end(duty, keeper) for duty, keeper in group))
        self._keepers.clear()
        os.close(self._held)
        os.close(self._lifeline)

    async def _keep(self, duty: Duty) -> None:
        backoff = Backoff()
        while True:
            began = time.monotonic()
            process = await self._start(duty)
            status = await process.wait()
            pause = backoff.after(time.monotonic() - began)
            log.warning("process ended, starting it again", process=duty.name, status=status, pause_s=pause)
            await asyncio.sleep(pause)

    async def _start(self, duty: Duty) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *duty.command,
            stdin=self._lifeline,
            pass_fds=duty.descriptors,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
        )
        self._running[duty.name] = process
        return process

    async def _end(self, duty: Duty, keeper: asyncio.Task[None]) -> None:
        keeper.cancel()
        await asyncio.wait([keeper])
        process = self._running.pop(duty.name, None)
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            log.warning("process does not stop, killing it", process=duty.name)
            process.kill()
            await process.wait()


async def restore(is_up: Callable[[], bool], start: Callable[[], object]) -> None:
    """Look every second whether something is up, and start it again when it is not; for ever."""
    backoff = Backoff()
    began = time.monotonic()
    while True:
        await asyncio.sleep(1)
        if await asyncio.to_thread(is_up):
            continue
        log.warning("database ended, starting it again")
        try:
            await asyncio.to_thread(start)
        except Exception:
            log.exception("database does not start")
        await asyncio.sleep(backoff.after(time.monotonic() - began))
        began = time.monotonic()


def stop_signals() -> list[signal.Signals]:
    """List what tells us to stop; the terminal's end does not when `nohup` has asked to outlive it."""
    hang_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


async def signalled() -> None:
    """Return when this process is told to stop."""
    stop = asyncio.Event()
    for sign in stop_signals():
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    await stop.wait()
