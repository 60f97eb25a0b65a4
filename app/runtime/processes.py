"""Be the API or the worker: what runs inside one process."""

import asyncio
import os
import signal
import socket
import threading
from typing import Final

import structlog
import uvicorn
import uvloop

from app.settings import Settings

APPLICATION: Final = "app.main:create_app"
_GRACE_S: Final = 10
"""Seconds that a process has to finish what it is doing when told to stop."""

log = structlog.stdlib.get_logger(__name__)


def serve_here(settings: Settings, listener: socket.socket) -> None:
    """Answer requests on `listener` until told to stop."""
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )
    log.info("api starts", city=settings.city, pid=os.getpid())
    uvicorn.Server(config).run(sockets=[listener])


def work_here(settings: Settings) -> None:
    """Send what waits and fire what is due until told to stop."""
    log.info("worker starts", city=settings.city, pid=os.getpid())
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    from app.services.worker import run_forever

    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    await run_forever(settings, stop)


def stop_with_parent(lifeline: int) -> None:
    """End this process when the other end of the pipe `lifeline` closes: nobody would end it otherwise."""

    def watch() -> None:
        while os.read(lifeline, 1):
            continue
        os.kill(os.getpid(), signal.SIGTERM)
        ended.wait(2 * _GRACE_S)
        os._exit(1)

    ended = threading.Event()
    threading.Thread(target=watch, name="lifeline", daemon=True).start()
