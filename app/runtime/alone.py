"""Run only the API or only the worker, as a container or a systemd unit does."""

import asyncio
from collections.abc import Sequence

from app.runtime.crew import LogTarget, api_duties, child_environment, worker_duty
from app.runtime.lend import lend_database
from app.runtime.logs import configure_logs
from app.runtime.port import take_port
from app.runtime.supervisor import Duty, Supervisor, signalled
from app.settings import Settings


def serve_alone(settings: Settings) -> None:
    """Answer requests until told to stop; the tables are expected to be there (`gridcase db upgrade`)."""
    configure_logs(settings, "serve", to_file=False)
    with take_port(settings, print) as listener, lend_database(settings) as full:
        asyncio.run(_keep(full, api_duties(full, listener, LogTarget.STDERR)))


def work_alone(settings: Settings) -> None:
    """Fire timers and send what waits until told to stop."""
    configure_logs(settings, "work", to_file=False)
    with lend_database(settings) as full:
        asyncio.run(_keep(full, [worker_duty(LogTarget.STDERR)]))


async def _keep(settings: Settings, duties: Sequence[Duty]) -> None:
    supervisor = Supervisor(child_environment(settings))
    supervisor.keep(*duties)
    await signalled()
    await supervisor.stop()
