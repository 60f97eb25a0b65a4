"""The codes of inspectors' tasks, each with its Chinese name in docs/glossary.md."""

from enum import StrEnum


class WhoMayCheck(StrEnum):
    """Who is sent to look before closing (policy)."""

    OTHER_IF_NEAR = "other_if_near"
    OTHER_ONLY = "other_only"
    SAME_ALLOWED = "same_allowed"


class SentBecause(StrEnum):
    """Why this inspector was sent, the best fit first."""

    OF_BEAT = "of_beat"
    NEAREST = "nearest"
    IN_REACH = "in_reach"
    OFF_SHIFT = "off_shift"
    NAMED = "named"
