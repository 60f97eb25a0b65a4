"""The cursor of a page that is drawn from several queues at once: a place in each that goes on."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.dispatch.errors import BadInput
from app.repositories.worklists import Place


@dataclass(frozen=True, slots=True)
class At:
    """Behind a place of a queue; without one, before its first."""

    place: Place | None


START: Final = At(None)
Places = Mapping[str, At]


def queue_cursor(places: Places) -> str:
    """Return the cursor that names these places."""
    plain = {name: _plain(at.place) for name, at in places.items()}
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def places_of(text: str) -> Places:
    """Return the places that a cursor names; raise BadInput for one that is not ours."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return {str(name): At(_place(one)) for name, one in found.items()}
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, AttributeError) as error:
        raise BadInput.at(["query", "after"], "翻页游标无效，请从第一页重新开始", code="bad_cursor") from error


def _plain(place: Place | None) -> list[str | None] | None:
    return None if place is None else [place.key.isoformat() if place.key else None, str(place.id)]


def _place(value: list[str | None] | None) -> Place | None:
    if value is None:
        return None
    at, one = value
    key = datetime.fromisoformat(at).astimezone(UTC) if at else None
    return Place(key=key, id=UUID(one))
