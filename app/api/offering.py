"""Which codes go with an action, written into the schema of its body, so that no client keeps lists of its own."""

from typing import Any, Final

from app.dispatch.case_disposal import CLAIMS
from app.dispatch.codes import Action, EndKind
from app.dispatch.reasons import BUILT_IN_VERSION, END_NAMES, REASONS

_SAME_AS: Final = {Action.DESK_CHECK: Action.CHECK}
"""Actions that share the list of another."""
_ENDS: Final = {Action.CLOSE: tuple(end for end in EndKind if end is not EndKind.MERGED), Action.DISPOSE: CLAIMS}
"""How a round may be said to end; merged comes from merging only."""
_FIELDS: Final = {Action.CHECK: "code", Action.DESK_CHECK: "code"}
_END_FIELDS: Final = {Action.CLOSE: "end_kind", Action.DISPOSE: "claim"}


def with_codes(schema: dict[str, Any], action: Action) -> dict[str, Any]:
    """Return the schema of an action with `x-reasons` and `x-end-kinds`, where it has such codes.

    Each says which field they are for, the version of the list, and every code with its Chinese name.
    """
    listed = _SAME_AS.get(action, action)
    reasons = [{"code": one.code, "name": one.name} for one in REASONS if one.action is listed]
    ends = [{"code": end.value, "name": END_NAMES[end]} for end in _ENDS.get(action, ())]
    more = {}
    if reasons:
        more["x-reasons"] = _list(_FIELDS.get(action, "reason_code"), reasons)
    if ends:
        more["x-end-kinds"] = _list(_END_FIELDS[action], ends)
    return {**schema, **more}


def _list(field: str, codes: list[dict[str, str]]) -> dict[str, Any]:
    return {"field": field, "version": BUILT_IN_VERSION, "codes": codes}
