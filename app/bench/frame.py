"""What a benchmark is: runs that each give one figure, and which run is the limit of which."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum

from app.settings import Settings

Run = Callable[[], Awaitable[float]]
"""Measure once; the unit is the comparison's."""


class Better(StrEnum):
    """Which figure is the better one."""

    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs in the same unit. `goal` is the ratio asked for; a figure without `limit` stands alone.

    The ratio is ours to the limit where more is better, the limit to ours where less is: 1 is as good as the limit.
    """

    title: str
    unit: str
    ours: str
    limit: str | None
    better: Better
    goal: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is measured on: a scratch city that holds the demo's master data, and the programs around it."""

    settings: Settings
    pgbench: str | None
    serve: Callable[[], AbstractContextManager[tuple[str, int]]]
    """Serve the scratch city by a process of its own; give host and port."""

    @property
    def admin_dsn(self) -> str:
        """The superuser's address, for asyncpg and the programs of PostgreSQL."""
        return str(self.settings.admin_url).replace("postgresql+asyncpg://", "postgresql://", 1)

    @property
    def app_dsn(self) -> str:
        """The application's address, for the same."""
        return str(self.settings.database_url).replace("postgresql+asyncpg://", "postgresql://", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A benchmark; `open` prepares the ground at a scale (1 is the full size) and gives the runs by name."""

    name: str
    about: str
    comparisons: tuple[Comparison, ...]
    open: Callable[[Ground, float], AbstractAsyncContextManager[Mapping[str, Run]]]
