"""The codes of figures, each with its Chinese name in docs/glossary.md."""

from enum import StrEnum


class ClockKind(StrEnum):
    """Which of a round's two clocks judges."""

    CASE = "case"
    LEG = "leg"


class Cohort(StrEnum):
    """What puts a count into a period."""

    EVENT = "event"
    FILED = "filed"


class GroupBy(StrEnum):
    """By what the rows of a figure are told apart; most of them are filters too."""

    UNIT = "unit"
    UNIT_ROOT = "unit_root"
    DESK = "desk"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    CELL = "cell"
    BEAT = "beat"
    SOURCE = "source"
    KIND = "kind"
    MAJOR = "major"
    MINOR = "minor"
    INSPECTOR = "inspector"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    CAMPAIGN = "campaign"
    HANDLING = "handling"
