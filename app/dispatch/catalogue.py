"""The category tree of one edition: kind + major + minor, each with numbered conditions that carry a limit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from app.dispatch.codes import Kind
from app.dispatch.limits import Limit
from app.dispatch.responsibility import Matter

MAJOR_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a case of a category is filed, how long it may take, when it may be closed."""

    number: int
    filing_condition: str
    limit: Limit
    closing_condition: str
    limit_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One minor of the tree; `code` is major + minor."""

    kind: Kind
    major: str
    major_name: str
    minor: str
    minor_name: str
    conditions: Mapping[int, Condition]

    @property
    def code(self) -> str:
        """The category's code within its kind and edition."""
        return self.major + self.minor

    def matter(self, condition: int | None) -> Matter:
        """Return what is to be routed."""
        return Matter(kind=self.kind, major=self.major, minor=self.minor, condition=condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One edition; a category means nothing without it."""

    edition: str
    categories: Mapping[tuple[Kind, str], Category]

    @classmethod
    def of(cls, edition: str, categories: Iterable[Category]) -> Self:
        """Build the edition from its categories."""
        return cls(edition=edition, categories={(one.kind, one.code): one for one in categories})

    def find(self, kind: Kind | None, code: str | None) -> Category | None:
        """Return the category, if the edition has it."""
        return self.categories.get((kind, code)) if kind is not None and code is not None else None

    def major_name(self, code: str) -> str | None:
        """Return the name of a major as `kind:code` names it."""
        kind, _, major = code.partition(":")
        names = (c.major_name for c in self.categories.values() if c.kind == kind and c.major == major)
        return next(names, None)
