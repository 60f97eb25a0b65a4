"""Numbers that people read out: city, local date, and a sequence that never resets. Never sorted by."""

from datetime import datetime

from app.dispatch.calendar import LOCAL_ZONE


def case_no(city: str, number: int, at: datetime) -> str:
    """Return a case number such as `DEMO202611210000042`."""
    return f"{city.upper()}{at.astimezone(LOCAL_ZONE):%Y%m%d}{number:07d}"


def order_no(city: str, number: int, at: datetime) -> str:
    """Return the number of an order to a unit, such as `DEMO-O202611210000042`; no case is numbered like it."""
    return f"{city.upper()}-O{at.astimezone(LOCAL_ZONE):%Y%m%d}{number:07d}"
