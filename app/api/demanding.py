"""What policy demands, written into the schema of an action's body."""

from collections.abc import Iterable
from typing import Any, Final

from app.dispatch.codes import Action
from app.dispatch.policies import Policies
from app.dispatch.required import required_of

_NULL: Final = {"type": "null"}


def with_demands(schema: dict[str, Any], action: Action, policies: Policies) -> dict[str, Any]:
    """Return the schema of an action where something more is required of it: named, not null, lists not empty."""
    names = required_of(action, policies.evidence_required, policies.required_fields)
    if not names:
        return schema
    properties = {**schema["properties"], **{name: _filled(schema["properties"][name]) for name in names}}
    return {**schema, "properties": properties, "required": _together(schema.get("required", ()), names)}


def _filled(field: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in field.items() if name != "default"}
    if field.get("type") == "array":
        return {**kept, "minItems": 1}
    return {**kept, "anyOf": [one for one in field.get("anyOf", ()) if one != _NULL]} if "anyOf" in field else kept


def _together(before: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*before, *more)))
