import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from app.runtime.supervisor import Backoff, Duty, Supervisor, restore

_NOTES_ITS_LIFE = textwrap.dedent(
    """
    import os, signal, sys, time
    name, folder = sys.argv[1:]
    def note(what):
        with open(folder + "/notes", "a") as notes:
            notes.write(f"{what} {name} {os.getpid()}\\n")
    def end(*_):
        time.sleep(0.1)
        note("end")
        sys.exit()
    signal.signal(signal.SIGTERM, end)
    note("begin")
    time.sleep(60)
    """
)


def _duty(name: str, folder: Path) -> Duty:
    return Duty(name=name, command=(sys.executable, "-c", _NOTES_ITS_LIFE, name, str(folder)))


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # other processes set no event of ours
        await asyncio.sleep(0.02)


async def _notes(folder: Path, count: int) -> list[list[str]]:
    while True:
        path = folder / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return [line.split() for line in lines]
        await asyncio.sleep(0.02)


def test_a_killed_process_is_started_again_and_groups_stop_in_order(tmp_path: Path) -> None:
    async def live() -> list[list[str]]:
        supervisor = Supervisor(os.environ)
        supervisor.keep(_duty("api", tmp_path))
        supervisor.keep(_duty("worker", tmp_path))
        begun = {name: int(pid) for _, name, pid in await _notes(tmp_path, 2)}
        os.kill(begun["api"], signal.SIGKILL)
        await _notes(tmp_path, 3)
        await supervisor.stop()
        return await _notes(tmp_path, 5)

    notes = asyncio.run(asyncio.wait_for(live(), 20))
    assert [note[:2] for note in notes[2:]] == [["begin", "api"], ["end", "api"], ["end", "worker"]]


def test_a_process_that_is_waiting_for_its_restart_does_not_hinder_the_stop() -> None:
    async def live() -> None:
        supervisor = Supervisor(os.environ)
        supervisor.keep(Duty(name="broken", command=(sys.executable, "-c", "raise SystemExit(3)")))
        await asyncio.sleep(0.3)
        await supervisor.stop()

    asyncio.run(asyncio.wait_for(live(), 20))


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    child = textwrap.dedent(
        f"""
        import sys, time
        from app.runtime.processes import stop_with_parent
        stop_with_parent(sys.stdin.fileno())
        open({str(tmp_path / "up")!r}, "w").close()
        time.sleep(60)
        """
    )
    parent = textwrap.dedent(
        f"""
        import asyncio, os, sys
        from app.runtime.supervisor import Duty, Supervisor
        async def live():
            supervisor = Supervisor(os.environ)
            supervisor.keep(Duty(name="child", command=(sys.executable, "-c", {child!r})))
            while not supervisor._running: await asyncio.sleep(0.01)
            print(supervisor._running["child"].pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(live())
        """
    )

    async def live() -> None:
        killed = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE)
        assert killed.stdout is not None
        pid = int(await killed.stdout.readline())
        await _until((tmp_path / "up").exists)
        killed.kill()
        await killed.wait()
        await _until(lambda: not _lives(pid))

    asyncio.run(asyncio.wait_for(live(), 30))


def _lives(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def test_pauses_grow_and_shrink_again_after_a_steady_life() -> None:
    backoff = Backoff()
    quick = [backoff.after(0.1) for _ in range(12)]
    assert quick == sorted(quick)
    assert quick[0] < 1
    assert quick[-1] == 30
    assert backoff.after(3600) == quick[0]


def test_what_went_down_is_started_again() -> None:
    starts = []

    async def live() -> None:
        watching = asyncio.create_task(restore(lambda: bool(starts), lambda: starts.append("started")))
        await _until(lambda: bool(starts))
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(asyncio.wait_for(live(), 10))
    assert starts == ["started"]
