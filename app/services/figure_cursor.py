"""The cursor of a drill-down: where the last page ended, and the `as_of` that all its pages share."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.errors import BadInput
from app.dispatch.figures import Key
from app.repositories.paging import cursor

_MOST: Final = 10**6
"""More rounds or legs than any case has; the database holds larger numbers no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """After which thing to go on."""

    as_of: datetime
    key: Key


def text_of(place: Place) -> str:
    """Return the opaque cursor of a place."""
    return cursor([place.as_of, *place.key])


def place_of(text: str) -> Place:
    """Return the place that a cursor names; raise BadInput for one that is not ours."""
    try:
        as_of, at, subject, number, leg = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        place = Place(as_of=_instant(as_of), key=(_instant(at), UUID(subject), _number(number), _number(leg)))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, AttributeError) as error:
        raise BadInput.at(["query", "after"], "翻页游标无效，请从第一页重新开始", code="bad_cursor") from error
    return place


def _number(given: str) -> int:
    if not -1 <= int(given) <= _MOST:
        raise ValueError(given)
    return int(given)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant
