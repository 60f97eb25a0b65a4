"""The key under which a request may come again, for routes that change something."""

import hashlib

from fastapi import Request

from app.dispatch.access import Actor
from app.services.idempotency import KeyUse


async def key_use(request: Request, actor: Actor, key: str | None, route: str) -> KeyUse | None:
    """Return the key's use on a route, with the digest of the body; None without a key."""
    if key is None:
        return None
    digest = hashlib.sha256(await request.body()).digest()
    return KeyUse(scope=str(actor.account_id), route=route, key=key, body_digest=digest)
