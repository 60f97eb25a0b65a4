"""Before anything is said about contents: is the thing in sight, and may the caller do that to it at all."""

from typing import Final
from uuid import UUID

from fastapi import Request

from app.api.deps import wired
from app.dispatch.access import Actor, Thing
from app.dispatch.codes import Action
from app.dispatch.errors import GridcaseError, NotVisible
from app.dispatch.leases import CLAIM
from app.dispatch.order_codes import OrderAction

_THINGS: Final = {"case_id": Thing.CASE, "report_id": Thing.REPORT}
_ORDER: Final = "order_id"
_ACTIONS: Final = "/actions/"
_KNOWN: Final = frozenset(action.value for action in Action)
_KNOWN_OF_ORDERS: Final = frozenset(action.value for action in OrderAction)


async def earlier_refusal(request: Request) -> GridcaseError | None:
    """Return the refusal that comes before any about the contents; None where the path names none of ours."""
    actor = request.scope.get("state", {}).get("actor")
    named = next((name for name in (*_THINGS, _ORDER) if name in request.path_params), None)
    if not isinstance(actor, Actor) or named is None:
        return None
    try:
        subject_id = UUID(str(request.path_params[named]))
    except ValueError:
        return NotVisible()
    try:
        if named == _ORDER:
            return await wired(request).precedence.order_refusal(actor, subject_id, _order_action(request))
        precedence, claiming = wired(request).precedence, request.scope["path"].endswith(f"{_ACTIONS}{CLAIM}")
        return await precedence.refusal(actor, _THINGS[named], subject_id, _action(request), claiming=claiming)
    except GridcaseError as error:
        return error


def _action(request: Request) -> Action | None:
    _, found, name = request.scope["path"].rpartition(_ACTIONS)
    return Action(name) if found and name in _KNOWN else None


def _order_action(request: Request) -> OrderAction | None:
    _, found, name = request.scope["path"].rpartition(_ACTIONS)
    return OrderAction(name) if found and name in _KNOWN_OF_ORDERS else None
