"""Take the address on which the city answers."""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from app.dispatch.errors import Conflict, Unavailable
from app.settings import Settings

Say = Callable[[str], None]
_PORT_S: Final = 25.0
"""Seconds; processes of a killed run give the port back within their own time of grace."""


def address_of(host: str, listener: socket.socket) -> str:
    """Return the address at which a browser on this machine finds `listener`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    port = listener.getsockname()[1]
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


@contextmanager
def take_port(settings: Settings, say: Say) -> Iterator[socket.socket]:
    """Lend a socket bound to the address of the settings; nobody is answered before a server listens on it.

    Raises Conflict when somebody else keeps the port, Unavailable when the address is not this machine's.
    """
    end = time.monotonic() + _PORT_S
    place = f"{settings.host}:{settings.port}"
    told = False
    while (listener := _try_port(settings)) is None:
        if time.monotonic() > end:
            raise Conflict(
                f"{place} 已被占用，请换端口 / taken, choose another: GRIDCASE_PORT={settings.port + 10}",
                code="port_taken",
            )
        if not told:
            say(f"{place} 被占用，等它空出来 / taken, waiting up to {_PORT_S:.0f} s for a killed run to give it back")
            told = True
        time.sleep(0.3)
    with listener:
        yield listener


def _try_port(settings: Settings) -> socket.socket | None:
    try:
        return _bind(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return None
        raise Unavailable(
            f"不能在 {settings.host}:{settings.port} 上监听 / cannot listen: {error.strerror}", code="port_unusable"
        ) from error


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
