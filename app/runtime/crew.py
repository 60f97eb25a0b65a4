"""Name the processes that make up a running city."""

import os
import socket
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from app.runtime.supervisor import Duty
from app.settings import Settings


class LogTarget(StrEnum):
    """Where a process logs: files in the home, or standard error for a machine that collects it."""

    FILE = "file"
    STDERR = "stderr"


def api_duties(settings: Settings, listener: socket.socket, target: LogTarget) -> list[Duty]:
    """Return one duty for each API process; all of them answer on `listener`."""
    descriptor = listener.fileno()
    names = [f"api-{number}" for number in range(1, settings.workers + 1)]
    return [
        Duty(name=name, command=child_command("api", name, target, str(descriptor)), descriptors=(descriptor,))
        for name in names
    ]


def worker_duty(target: LogTarget) -> Duty:
    """Return the duty of the worker."""
    return Duty(name="worker", command=child_command("worker", "worker", target))


def child_command(*arguments: str) -> tuple[str, ...]:
    """Return the command of a process: api or worker, its name, where it logs, and the socket it answers on."""
    return (sys.executable, "-m", "app.runtime.child", *arguments)


def child_environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment of API and worker: the app's database address, never the owner's."""
    inherited = {key: value for key, value in os.environ.items() if key != "GRIDCASE_ADMIN_URL"}
    return {
        **inherited,
        "GRIDCASE_DATABASE_URL": settings.database_url or "",
        "GRIDCASE_HOME": str(settings.home),
        # our own `app`, not one that happens to lie in the folder we were started from
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONSAFEPATH": "1",
    }
