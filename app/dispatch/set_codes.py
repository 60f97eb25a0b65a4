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


class Fault(StrEnum):
    """What a coverage proof finds amiss with a place and a condition."""

    NONE = "none"
    TWO = "two"


class Skipped(StrEnum):
    """Why a rehearsal could not replay a case."""

    NO_LOCATION = "no_location"
    OTHER_CATALOGUE = "other_catalogue"


class PlaceMatch(StrEnum):
    """Why a place is a candidate for an address."""

    NAME = "name"
    ALIAS = "alias"
    SIMILAR = "similar"
    DOOR = "door"
    BETWEEN_DOORS = "between_doors"
    NEXT_DOOR = "next_door"
    CROSSING = "crossing"
    STRETCH = "stretch"
    ROAD = "road"
    OFFSET = "offset"
    NEARBY = "nearby"
    REGION = "region"
    CONFIRMED = "confirmed"
