"""In which row something stands, by everything that figures can be told apart by."""

from collections.abc import Mapping
from typing import Any, Final

from app.demo.self_check.table import Group, Groups

Parents = Mapping[str, str | None]
"""The unit above each unit, as the tree is now."""
_PLACES: Final = {"district": "district", "street": "street", "community": "community"} | {
    "cell": "cell_code",
    "beat": "beat_code",
}
_MAJOR: Final = 2
_NOT_OURS: Final = ("unknown_category", "old_category")


def of_case(
    filed: Mapping[str, Any], unit_code: str | None, dispatcher: str | None, parents: Parents
) -> dict[str, Group | None]:
    """Return the rows of a round: from the case's first payload, the accountable unit and who sent it there last."""
    return {
        **_shared(filed, filed["spot"], filed["kind"], filed["category"]),
        **of_unit(unit_code, parents),
        "inspector": _group(filed["author_id"]),
        "operator": _group(filed["operator_id"]),
        "dispatcher": _group(dispatcher),
        "handling": _group(filed["handling"]),
    }


def of_report(received: Mapping[str, Any], about: Mapping[str, Any], operator: str | None, parents: Parents) -> Groups:
    """Return the rows of a report: from its first payload, and `about` it what is known now."""
    category = None if any(one in about["attention"] for one in _NOT_OURS) else about["category"]
    return {
        **_shared(received, about["spot"], about["kind"], category),
        **of_unit(about["unit_code"], parents),
        "inspector": _group(received["author_id"]),
        "operator": _group(operator),
        "dispatcher": None,
        "handling": None,
    }


def of_unit(unit_code: str | None, parents: Parents) -> dict[str, Group | None]:
    """Return the rows that follow from a unit."""
    root, passed = unit_code, set()
    while root is not None and parents.get(root) and root not in passed:
        passed.add(root)
        root = parents[root]
    return {"unit": _group(unit_code), "unit_root": _group(root)}


def _shared(
    first: Mapping[str, Any], spot: Mapping[str, Any], kind: str | None, category: str | None
) -> dict[str, Group | None]:
    return {
        **{by: _group(spot[name]) for by, name in _PLACES.items()},
        "desk": _group(first["desk"]),
        "source": _group(first["source"]),
        "campaign": _group(first["campaign"]),
        "kind": _group(kind),
        "major": (category[:_MAJOR], kind) if category else None,
        "minor": (category, kind) if category else None,
    }


def _group(code: str | None) -> Group | None:
    return (code, None) if code else None
