"""Numbers that people read out: city, local date, and a sequence that never resets. Never sorted by."""

from datetime import datetime
from typing import Final

from app.dispatch.calendar import LOCAL_ZONE

PREFIX: Final = "GC"


def case_no(number: int, at: datetime) -> str:
    """Return a case number such as `GC20261121-000042`."""
    return f"{PREFIX}{at.astimezone(LOCAL_ZONE):%Y%m%d}-{number:06d}"
