"""Who is calling is settled before a body is read: everything under the API needs a token, save what is listed."""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.deps import wired
from app.api.problems import answer
from app.dispatch.access import Actor
from app.dispatch.errors import GridcaseError, Unauthenticated

PREFIX: Final = "/api/v1/"
PUBLIC: Final = ("/api/v1/auth/", "/api/v1/citizen/", "/api/v1/hotline/")
"""Below these the routes know their callers otherwise: by password, receipt and code, signature."""
_SCHEME: Final = "bearer"


class Gate:
    """Put the actor into the request's state, or answer 401. Routes ask for him by `CurrentActor`."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its actor, or answer in its stead."""
        if scope["type"] != "http" or not _needs_token(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            actor = await _actor(request)
        except GridcaseError as error:
            await answer(request, error)(scope, receive, send)
            return
        scope.setdefault("state", {})["actor"] = actor
        await self._app(scope, receive, send)


def _needs_token(path: str) -> bool:
    return path.startswith(PREFIX) and not path.startswith(PUBLIC)


async def _actor(request: Request) -> Actor:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        raise Unauthenticated("请先登录")
    return await wired(request).identity.actor(token.strip())
