"""Half-open validity: from the first instant on, up to but not including the last; None is open."""

from datetime import datetime


def valid_at(start: datetime | None, end: datetime | None, at: datetime) -> bool:
    """Tell whether `at` lies in [start, end)."""
    return (start is None or start <= at) and (end is None or at < end)


def overlapping(a: tuple[datetime | None, datetime | None], b: tuple[datetime | None, datetime | None]) -> bool:
    """Tell whether two validities share an instant; one that ends before it begins shares none."""
    starts = [start for start, _ in (a, b) if start is not None]
    ends = [end for _, end in (a, b) if end is not None]
    return not starts or not ends or max(starts) < min(ends)


def within(inner: tuple[datetime | None, datetime | None], outer: tuple[datetime | None, datetime | None]) -> bool:
    """Tell whether `outer` holds at every instant of `inner`."""
    begins = outer[0] is None or (inner[0] is not None and outer[0] <= inner[0])
    return begins and (outer[1] is None or (inner[1] is not None and inner[1] <= outer[1]))
