"""The values from which responsibility is decided, and the decision itself; see docs/routing.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from app.dispatch.codes import DecidedBy, Kind, LostBecause, Scope

LOST_TEXTS: Final[Mapping[LostBecause, str]] = {
    LostBecause.INACTIVE_UNIT: "该单位不在现行单位表中",
    LostBecause.NOT_VALID_THEN: "当时不在有效期内",
    LostBecause.OTHER_CATEGORY: "该类地块的管理单位不承接此类问题",
    LostBecause.LESS_SPECIFIC: "另有范围或类别更具体的规则",
    LostBecause.LATER_GROUND: "已由更优先的依据确定",
    LostBecause.OLDER_RULING: "已被更晚的裁定取代",
    LostBecause.SAME_UNIT: "与采用的规则指向同一单位",
    LostBecause.CONFLICT: "同等具体的依据指向不同单位，须人工确定",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is wrong: codes of the catalogue edition in force; `minor` in its own digits."""

    kind: Kind
    major: str
    minor: str
    condition: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it is wrong: everything a rule's scope can name. `zones` maps zone class to zone code."""

    cell_code: str | None
    zones: Mapping[str, str]
    beat: str | None = None
    community: str | None = None
    street: str | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit of the active set; a fallback unit takes what is left in its street or district (`region_code`)."""

    code: str
    name: str
    parent_code: str | None = None
    kind: str | None = None
    region_code: str | None = None
    fallback: bool = False
    desk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the rule book; what is None matches anything. `scope_code` means nothing for the city."""

    id: str
    unit_code: str
    scope: Scope
    scope_code: str | None = None
    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None
    condition: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A coordinator's reusable decision for a place and a category; a later one replaces an earlier."""

    id: str
    unit_code: str
    scope: Scope
    scope_code: str | None = None
    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """The managers of zones of `zone_class` take this category; what is None matches anything."""

    zone_class: str
    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None


class Considered(NamedTuple):
    """A ground that could have named a unit, and why it did not; a tuple, since every decision makes several."""

    ground: DecidedBy
    rule_id: str | None
    unit_code: str | None
    lost_because: LostBecause

    @property
    def text(self) -> str:
        """Say it in Chinese."""
        return LOST_TEXTS[self.lost_because]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who is responsible and by which ground; `unit_code` None means that a person decides."""

    unit_code: str | None
    decided_by: DecidedBy
    rule_id: str | None = None
    considered: tuple[Considered, ...] = ()
