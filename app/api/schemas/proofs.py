"""Proofs and rehearsals as they are asked and answered."""

import json
from typing import Any, Literal, Self
from uuid import UUID

import numpy as np
import shapely
from pydantic import Field
from shapely.geometry.base import BaseGeometry

from app.api.schemas.base import Answer, Body, Instant
from app.dispatch.codes import DecidedBy, LostBecause
from app.dispatch.coverage import Coverage
from app.dispatch.coverage_story import Story
from app.dispatch.rehearsal import LISTED_AT_MOST, Moved
from app.dispatch.responsibility import LOST_TEXTS, Decision
from app.dispatch.set_codes import Fault, SetKind
from app.services.coverage import GROUPS_AT_MOST, Proven
from app.services.rehearsals import Played

_CODES_AT_MOST = 500
_DIGITS = 8  # of degrees: about a millimetre


class CoverageCountsOut(Answer):
    """How much was proven."""

    cells: int = Field(description="Cells", examples=[2400])
    faces: int = Field(description="Really existing parts of cell and zones", examples=[5200])
    conditions: int = Field(description="Filing conditions of the catalogue", examples=[519])
    pairs: int = Field(description="faces × conditions, each of which was decided", examples=[2698800])
    place_classes: int = Field(description="Kinds of faces that the rules tell apart", examples=[310])
    matter_classes: int = Field(description="Kinds of conditions that the rules tell apart", examples=[174])
    none: int = Field(description="Pairs without a responsible unit", examples=[0])
    two: int = Field(description="Pairs that several units claim alike", examples=[0])


class CoverageGroupOut(Answer):
    """The same conditions in some places, with the same fault."""

    id: int = Field(description="The feature of `geojson` with this id is its place", examples=[1])
    fault: Fault = Field(description="none: nobody; two: several claim it alike", examples=["none"])
    text: str = Field(description="The same in Chinese", examples=["云台街道的 12 个网格：事件 03没有责任单位"])
    unit_codes: list[str] = Field(description="Who claims it", examples=[[]])
    rule_ids: list[str] = Field(description="Rules that contradict each other in one of the places", examples=[[]])
    conditions: list[str] = Field(description="Which conditions, shortened", examples=[["事件 03"]])
    condition_count: int = Field(description="How many", examples=[21])
    cells: list[str] = Field(description=f"Cells, {_CODES_AT_MOST} at most", examples=[["510107003012005"]])
    cell_count: int = Field(description="How many", examples=[12])
    zones: list[str] = Field(description=f"Zones, {_CODES_AT_MOST} at most", examples=[["R0012"]])
    streets: dict[str, int] = Field(description="Cells by street", examples=[{"510107003": 12}])
    faces: int = Field(description="Faces", examples=[14])

    @classmethod
    def of(cls, number: int, story: Story) -> Self:
        """Render a group."""
        return cls(
            id=number,
            fault=story.group.fault,
            text=story.text,
            unit_codes=list(story.group.unit_codes),
            rule_ids=list(story.group.rule_ids),
            conditions=list(story.conditions),
            condition_count=len(story.group.matters),
            cells=list(story.cells[:_CODES_AT_MOST]),
            cell_count=len(story.cells),
            zones=list(story.zones[:_CODES_AT_MOST]),
            streets=dict(story.streets),
            faces=len(story.group.faces),
        )


class PlaceOut(Answer):
    """The place of a group."""

    type: Literal["Feature"] = Field(default="Feature", description="Always Feature", examples=["Feature"])
    id: int = Field(description="The group", examples=[1])
    geometry: dict[str, Any] = Field(description="Polygons in CGCS2000 degrees", examples=[{"type": "Polygon"}])
    properties: dict[str, Any] = Field(
        description="fault, text; rough: cells are drawn whole", examples=[{"fault": "none", "rough": False}]
    )


class PlacesOut(Answer):
    """The places of all groups."""

    type: Literal["FeatureCollection"] = Field(
        default="FeatureCollection", description="Always FeatureCollection", examples=["FeatureCollection"]
    )
    features: list[PlaceOut] = Field(description="One a group")


class LaterOut(Answer):
    """What the same sets say from a later instant on, when something begins or ends."""

    at: Instant = Field(description="From when on", examples=["2026-12-01T00:00:00+08:00"])
    complete: bool = Field(description="Exactly one unit each", examples=[True])
    none: int = Field(description="Pairs without a responsible unit", examples=[0])
    two: int = Field(description="Pairs that several units claim alike", examples=[0])

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        """Render a later proof in short."""
        counts = coverage.counts
        return cls(at=coverage.at, complete=coverage.complete, none=counts.none, two=counts.two)


class CoverageOut(Answer):
    """Whether every spot has exactly one responsible unit for everything, and where not."""

    complete: bool = Field(description="Exactly one unit each", examples=[True])
    at: Instant = Field(description="As of when", examples=["2026-11-21T10:00:00+08:00"])
    counts: CoverageCountsOut = Field(description="How much was proven")
    groups: list[CoverageGroupOut] = Field(description=f"What is amiss, the largest first, {GROUPS_AT_MOST} at most")
    group_count: int = Field(description="How many groups there are", examples=[0])
    geojson: PlacesOut = Field(description="Where the groups listed are")
    later: list[LaterOut] = Field(description="Each later instant within a year at which something begins or ends")
    unproven_from: Instant | None = Field(
        description="The first such instant that was not looked at any more", examples=[None]
    )
    versions: dict[str, int] = Field(description="Versions that say so", examples=[{"rules": 2, "cells": 1}])

    @classmethod
    def of(cls, proven: Proven) -> Self:
        """Render a proof."""
        coverage, stories = proven.coverage, list(enumerate(proven.stories, start=1))
        return cls(
            complete=coverage.complete,
            at=coverage.at,
            counts=CoverageCountsOut.model_validate(coverage.counts),
            groups=[CoverageGroupOut.of(number, story) for number, story in stories],
            group_count=len(coverage.groups),
            geojson=PlacesOut(features=[_place(number, story) for number, story in stories]),
            later=[LaterOut.of(one) for one in proven.later],
            unproven_from=proven.unproven_from,
            versions=dict(proven.versions),
        )


class RehearsalIn(Body):
    """Which drafts to try on which past period."""

    rules: UUID | None = Field(default=None, description="Set of rules to try; default the active one")
    cells: UUID | None = Field(default=None, description="Set of cells to try; default the active one")
    zones: UUID | None = Field(default=None, description="Set of zones to try; default the active one")
    filed_from: Instant = Field(description="Cases filed from here on", examples=["2026-10-01T00:00:00+08:00"])
    filed_to: Instant = Field(description="and before this instant", examples=["2026-11-01T00:00:00+08:00"])

    def wanted(self) -> dict[SetKind, UUID]:
        """Return the sets to try."""
        return wanted(self.rules, self.cells, self.zones)


class UnitChangeOut(Answer):
    """What a unit would gain and lose."""

    unit_code: str | None = Field(description="null: a person decides", examples=["510107003"])
    unit_name: str | None = Field(description="Its name", examples=["云台街道办事处"])
    before: int = Field(description="Cases by the sets in force", examples=[120])
    after: int = Field(description="Cases by the sets tried", examples=[131])
    gained: int = Field(description="Cases it would gain", examples=[14])
    lost: int = Field(description="Cases it would lose", examples=[3])


class WhyOut(Answer):
    """Who gets a case, by which ground."""

    unit_code: str | None = Field(description="null: a person decides", examples=["510107003"])
    decided_by: DecidedBy = Field(description="Which ground", examples=["rule"])
    rule_id: str | None = Field(description="The rule or ruling", examples=["r3"])

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """Render a decision in short."""
        return cls(unit_code=decision.unit_code, decided_by=decision.decided_by, rule_id=decision.rule_id)


class ChangeOut(Answer):
    """A case that would change hands."""

    case_no: str = Field(description="The case", examples=["5101072026110300012"])
    before: WhyOut = Field(description="By the sets in force")
    after: WhyOut = Field(description="By the sets tried")
    why: str = Field(description="The same in Chinese", examples=["原由 rule r3 确定，现由 rule r9 确定"])

    @classmethod
    def of(cls, moved: Moved) -> Self:
        """Render a case that changes hands."""
        return cls(case_no=moved.case_no, before=WhyOut.of(moved.before), after=WhyOut.of(moved.after), why=_why(moved))


class RehearsalOut(Answer):
    """Who would gain and lose what, case by case."""

    cases: int = Field(description="Cases filed in the period", examples=[1800])
    skipped: dict[str, int] = Field(
        description="Cases that could not be replayed, by reason: no_location, other_catalogue", examples=[{}]
    )
    moved: int = Field(description="Cases that change hands", examples=[17])
    unowned: int = Field(description="of these, those that nobody would have any more", examples=[0])
    units: list[UnitChangeOut] = Field(description="Every unit that has cases before or after; nobody last")
    changes: list[ChangeOut] = Field(
        description=f"The first {LISTED_AT_MOST} cases that change hands, in the order of filing; only for posts that"
        " see every case"
    )
    versions: dict[str, int] = Field(description="Versions of the sets tried", examples=[{"rules": 2, "cells": 1}])

    @classmethod
    def of(cls, played: Played) -> Self:
        """Render a rehearsal."""
        found = played.found
        return cls(
            cases=found.cases,
            skipped={reason.value: count for reason, count in found.skipped.items()},
            moved=found.moved_count,
            unowned=found.unowned_count,
            units=[
                UnitChangeOut(
                    unit_code=one.unit_code,
                    unit_name=played.unit_names.get(one.unit_code or ""),
                    before=one.before,
                    after=one.after,
                    gained=one.gained,
                    lost=one.lost,
                )
                for one in found.units
            ],
            changes=[ChangeOut.of(one) for one in found.moved] if played.listed else [],
            versions=dict(played.versions),
        )


def wanted(rules: UUID | None, cells: UUID | None, zones: UUID | None) -> dict[SetKind, UUID]:
    """Return the sets named."""
    named = {SetKind.RULES: rules, SetKind.CELLS: cells, SetKind.ZONES: zones}
    return {kind: set_id for kind, set_id in named.items() if set_id is not None}


def _place(number: int, story: Story) -> PlaceOut:
    properties = {"fault": story.group.fault.value, "text": story.text, "rough": story.rough}
    return PlaceOut(id=number, geometry=_geometry(story.shape), properties=properties)


def _geometry(shape: BaseGeometry) -> dict[str, Any]:
    rounded = shapely.transform(shape, lambda points: np.round(points, _DIGITS))
    found: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return found


_GROUNDS = {
    DecidedBy.RULING: "裁定",
    DecidedBy.COMPONENT: "部件养护单位",
    DecidedBy.RULE: "规则",
    DecidedBy.ZONE: "地块管理单位",
    DecidedBy.FALLBACK: "兜底单位",
}


def _why(moved: Moved) -> str:
    after = "已不在任何网格内" if moved.out_of_coverage else _ground(moved.after)
    return f"原{_ground(moved.before)}，现{after}"


def _ground(decision: Decision) -> str:
    if decision.decided_by is DecidedBy.UNASSIGNED:
        disputed = any(one.lost_because is LostBecause.CONFLICT for one in decision.considered)
        return LOST_TEXTS[LostBecause.CONFLICT] if disputed else "没有责任单位"
    return f"由{_GROUNDS[decision.decided_by]}{f' {decision.rule_id}' if decision.rule_id else ''} 确定"
