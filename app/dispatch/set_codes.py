"""The codes of versioned master data, each with its Chinese name in docs/glossary.md."""

from enum import StrEnum


class SetKind(StrEnum):
    """The versioned sets of master data."""

    AREAS = "areas"
    CELLS = "cells"
    ZONES = "zones"
    PLACES = "places"
    COMPONENTS = "components"
    UNITS = "units"
    RULES = "rules"
    CATALOGUE = "catalogue"
    CALENDAR = "calendar"
    BEATS = "beats"


class SetState(StrEnum):
    """The life of a set."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
