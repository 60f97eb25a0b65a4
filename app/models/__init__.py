"""SQLAlchemy mapping, one file an aggregate; importing this package knows every table."""

from app.models import activations, cases, facts, history, leases, people, places, reports, seedings, sets, work
from app.models.base import SRID, Base

__all__ = [
    "SRID",
    "Base",
    "activations",
    "cases",
    "facts",
    "history",
    "leases",
    "people",
    "places",
    "reports",
    "seedings",
    "sets",
    "work",
]
