"""Change values that cannot be changed: `dataclasses.replace` for where a history is folded, several times as fast."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Shape:
    """How values of one class are read and written, field by field."""

    read: Callable[[Any], tuple[Any, ...]]
    write: tuple[Callable[[Any, Any], None], ...]
    places: Mapping[str, int]


def replace(value: T, **changes: Any) -> T:  # noqa: ANN401  # of any field
    """Return a value of the same class with some fields changed.

    For frozen classes with slots, two fields or more and no `__post_init__`. Raises TypeError for a field that is none.
    """
    kind = type(value)
    shape = _SHAPES.get(kind) or _learn(kind)
    found = list(shape.read(value))
    for name, one in changes.items():
        place = shape.places.get(name)
        if place is None:
            raise TypeError(f"{kind.__name__} has no field {name}")
        found[place] = one
    made = object.__new__(kind)
    for write, one in zip(shape.write, found, strict=True):
        write(made, one)
    return made


_SHAPES: Final[dict[type, _Shape]] = {}


def _learn(kind: type) -> _Shape:
    names = [one.name for one in fields(kind)]
    if hasattr(kind, "__post_init__") or len(names) < 2:  # noqa: PLR2004  # one name is read as a value, not as a tuple
        raise TypeError(f"{kind.__name__} is not to be changed field by field")
    write = tuple(getattr(kind, name).__set__ for name in names)
    places = {name: at for at, name in enumerate(names)}
    _SHAPES[kind] = _Shape(read=attrgetter(*names), write=write, places=places)
    return _SHAPES[kind]
