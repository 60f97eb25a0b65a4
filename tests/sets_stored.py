"""Drafts of sets, stored as an import leaves them; rows as in `tests/small_city.py`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shapely import box
from uuid_utils.compat import uuid7

from app.dispatch.codes import Kind, Scope
from app.dispatch.set_codes import SetKind, SetState
from app.models import sets
from app.repositories.sets import SetRepository, wkb
from app.services.transaction import Sessions, writing
from tests.small_city import EAST, SINCE, WEST


async def store_draft(
    sessions: Sessions, kind: SetKind, rows: Sequence[Mapping[str, Any]], *, valid: bool = True
) -> UUID:
    """Store a draft with its rows and return its id."""
    async with writing(sessions) as session:
        repository = SetRepository(session)
        one = sets.DataSet(
            id=uuid7(),
            kind=kind,
            name=f"draft {kind.value}",
            version=await repository.next_version(kind),
            state=SetState.DRAFT,
            valid=valid,
            findings=[],
            counts={"rows": len(rows)},
            traits={},
            source="test",
            created_at=SINCE,
        )
        await repository.add(one, rows)
    return one.id


def rule(
    rule_id: str, unit_code: str, scope: Scope = Scope.CITY, code: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return a row for events of 0305; `more` narrows or widens it."""
    return {
        "id": rule_id,
        "unit_code": unit_code,
        "scope": scope,
        "scope_code": code,
        "kind": Kind.EVENT,
        "major": "03",
        "minor": "05",
        "condition": None,
        "valid_from": None,
        "valid_to": None,
        **more,
    }


def two_cells() -> list[dict[str, Any]]:
    """Return the ground of the small city cut otherwise: one cell a street."""
    return [
        {"code": f"{WEST}001009", "geom": wkb(box(104.0, 30.0, 104.001, 30.002))},
        {"code": f"{EAST}001009", "geom": wkb(box(104.001, 30.0, 104.002, 30.002))},
    ]
