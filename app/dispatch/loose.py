"""Read what another system sent, value by value, noting what is not as agreed instead of refusing it."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Final, TypeVar

from app.dispatch.calendar import LOCAL_ZONE

TEXT_AT_MOST: Final = 20_000
"""Characters of one text that are stored outside the vault; the raw payload is never cut."""
_WHOLE: Final = range(-(10**15), 10**15)
"""Whole numbers that a partner may have meant; larger ones are nonsense or an attack."""
_YEARS: Final = range(2000, 2101)
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_T = TypeVar("_T")


class LooseFields:
    """One JSON object. `odd` becomes true when a value, here or further in, is not of its type or its bounds."""

    def __init__(self, values: Mapping[str, object], outer: "LooseFields | None" = None) -> None:
        """Take the object, and the one it stands in."""
        self._values = values
        self._outer = outer
        self.odd = False

    def __contains__(self, name: object) -> bool:
        """Tell whether something other than null and emptiness was given."""
        value = self._values.get(str(name))
        return value is not None and value not in ("", [], {})

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return not self._values

    def note(self, seen: bool = True) -> None:  # noqa: FBT001, FBT002  # a condition, at the place it is tested
        """Remember that something was odd, if it was."""
        self.odd |= seen
        if self._outer is not None:
            self._outer.note(seen)

    def given(self, name: str, kind: type[_T]) -> _T | None:
        """Return a value of exactly this type; true is no number."""
        value = self._values.get(name)
        if value is None or type(value) is kind:
            return value
        self.note()
        return None

    def inner(self, name: str) -> "LooseFields":
        """Return the object under a name; an empty one where there is none."""
        return LooseFields(self.given(name, dict) or {}, self)

    def text(self, name: str) -> str | None:
        """Return a text, cut to what is stored; None where nothing remains."""
        value = self.given(name, str)
        return storable(value[:TEXT_AT_MOST]).strip() or None if value else None

    def code(self, name: str, *, at_most: int) -> str | None:
        """Return a short text that some send as a whole number; a longer one is odd, cutting would change it."""
        value = self._values.get(name)
        if type(value) is int and value in _WHOLE:
            return str(value)
        whole = self.given(name, str) or ""
        self.note(len(whole) > at_most)
        return storable(whole).strip() or None if len(whole) <= at_most else None

    def coded(self, name: str, kind: Callable[[str], _T]) -> _T | None:
        """Return one of our codes."""
        value = self.given(name, str)
        try:
            return kind(value) if value else None
        except ValueError:
            self.note()
            return None

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        value = self._values.get(name)
        if type(value) is int and value in _WHOLE:
            return float(value)
        number = self.given(name, float)
        if number is None or isfinite(number):
            return number
        self.note()
        return None

    def instant(self, name: str) -> datetime | None:
        """Return an instant; one without an offset is read as local time, and noted."""
        value = self.given(name, str)
        if not value:
            return None
        try:
            read = datetime.fromisoformat(value.strip())
        except ValueError:
            self.note()
            return None
        self.note(read.tzinfo is None or read.year not in _YEARS)
        aware = read if read.tzinfo else read.replace(tzinfo=LOCAL_ZONE)
        return aware.astimezone(UTC) if read.year in _YEARS else None


def storable(text: str) -> str:
    """Take out what the database cannot hold: NUL, and halves of characters."""
    return _UNSTORABLE.sub("", text)
