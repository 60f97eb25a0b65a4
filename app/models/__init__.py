"""SQLAlchemy mapping, one file an aggregate; importing this package knows every table."""

from app.models import (
    activations,
    anchors,
    cases,
    facts,
    history,
    leases,
    orders,
    people,
    places,
    policies,
    reports,
    rosters,
    seedings,
    sets,
    work,
)
from app.models.base import SRID, Base

__all__ = [
    "SRID",
    "Base",
    "activations",
    "anchors",
    "cases",
    "facts",
    "history",
    "leases",
    "orders",
    "people",
    "places",
    "policies",
    "reports",
    "rosters",
    "seedings",
    "sets",
    "work",
]
