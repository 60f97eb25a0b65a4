"""What co-units and sub-units did beside the unit that answers for a round, read from the rows alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.demo.self_check.rows import Row


@dataclass(slots=True)
class Part:
    """A part: whose, since when, due when, and when its unit said that it was done."""

    number: int
    unit_code: str
    at: datetime
    due: datetime | None
    done: datetime | None = None

    @property
    def on_time(self) -> bool:
        """Tell whether it was done, and not after its due time."""
        return self.done is not None and (self.due is None or self.done <= self.due)


def parts(rows: Sequence[Row]) -> Iterator[Part]:
    """Return the parts that the rows of a round tell of, as they stand after the last row."""
    found: dict[int, Part] = {}
    for row in rows:
        for part in _given(row):
            found[part.number] = part
        for number, clock in row.payload.get("part_clocks", {}).items():
            found[int(number)].due = datetime.fromisoformat(clock["due_at"])
        if row.action == "report_up":
            found[row.payload["leg"]].done = row.at
    return iter(found.values())


def _given(row: Row) -> Iterator[Part]:
    p = row.payload
    if row.action == "assign_sub":
        yield Part(number=p["leg"], unit_code=p["unit_code"], at=row.at, due=row.instant("part_clock", "due_at"))
    for number, unit in enumerate(p.get("co_units", ()), start=p.get("leg", 0) + 1):
        yield Part(number=number, unit_code=unit, at=row.at, due=row.instant("leg_clock", "due_at"))
