"""How much a request may bring: stated by path, refused before or while it is read."""

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer
from app.dispatch.errors import TooLarge
from app.dispatch.importing.kinds import KINDS

MIB: Final = 1024 * 1024
ORDINARY: Final = 8 * MIB
"""Bytes; room for ten thousand questions in one batch."""
LARGER: Final = (
    *(("/api/v1/media", 101 * MIB), ("/api/v1/citizen/media", 101 * MIB)),
    *((f"/api/v1/admin/{kind}", 512 * MIB) for kind in KINDS),
)
"""Where files come in; a film may have 100 MiB, and its form some bytes around it. Other bodies are read whole."""


class Limit:
    """Answer 413 to a body that is, or turns out to be, larger than its path allows."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, counting what it brings."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = most_bytes(scope["path"])
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and int(said) > most:
            error = TooLarge(f"内容超过 {most // MIB} MiB")
            await answer(Request(scope), error)(scope, receive, send)
            return
        seen = 0

        async def count() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(status_code=413)  # the one kind of error that passes FastAPI's reading of bodies
            return message

        await self._app(scope, count, send)


def most_bytes(path: str) -> int:
    """Return how large a body may be that is sent to `path`."""
    return next((most for prefix, most in LARGER if path.startswith(prefix)), ORDINARY)
