"""What a supervised process runs: `python -m app.runtime.child api|worker NAME file|stderr [SOCKET]`."""

import socket
import sys

import structlog

from app.runtime.crew import LogTarget
from app.runtime.leave import leave
from app.runtime.logs import configure_logs
from app.runtime.processes import serve_here, stop_with_parent, work_here
from app.settings import load_settings

log = structlog.stdlib.get_logger(__name__)


def main(kind: str, name: str, target: str, descriptor: str = "") -> None:
    """Become the API (on the inherited socket) or the worker; standard input is the lifeline to the parent."""
    stop_with_parent(sys.stdin.fileno())
    settings = load_settings()
    configure_logs(settings, name, to_file=LogTarget(target) is LogTarget.FILE)
    try:
        if kind == "api":
            serve_here(settings, socket.socket(fileno=int(descriptor)))
        else:
            work_here(settings)
    except Exception:
        log.exception("process failed", process=name)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main(*sys.argv[1:])
    leave(0)
