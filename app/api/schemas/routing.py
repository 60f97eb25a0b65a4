"""Where a point lies and who is responsible, as it is answered."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, Field
from pydantic_core import to_json

from app.api.schemas.base import Answer, Body
from app.api.schemas.query import Code, Moment
from app.dispatch.book import Placed
from app.dispatch.codes import Datum, DecidedBy, Kind, LostBecause
from app.dispatch.responsibility import Considered
from app.services.dispatching import Asked, CaseRouting, Explanation


class LocateOut(Answer):
    """Where a point lies."""

    cell_code: str | None = Field(description="Its cell; null out of coverage", examples=["510107003012005"])
    zones: list[str] = Field(description="Codes of the zones it lies in, one a class", examples=[["R0012"]])
    on_boundary: bool = Field(description="Within 1 mm of another cell", examples=[False])
    candidates: list[str] = Field(description="Every cell it could be counted to", examples=[["510107003012005"]])
    snapped: bool = Field(description="Outside every cell, counted to the nearest", examples=[False])
    distance_m: float | None = Field(description="Metres to that cell; 0 inside", examples=[0.0])
    beat_code: str | None = Field(description="Inspector's beat", examples=["B0107003"])
    community_code: str | None = Field(description="Community", examples=["510107003012"])
    street_code: str | None = Field(description="Street", examples=["510107003"])
    district_code: str | None = Field(description="District", examples=["510107"])
    versions: dict[str, int] = Field(description="Versions that say so", examples=[{"book": 1, "cells": 1}])

    @classmethod
    def of(cls, placed: Placed, versions: Mapping[str, int]) -> Self:
        """Render a place."""
        return cls(**_place(placed), versions=dict(versions))


class ConsideredOut(Answer):
    """A ground that could have named a unit, and why it did not."""

    ground: DecidedBy = Field(description="Kind of ground", examples=["rule"])
    rule_id: str | None = Field(description="Rule or ruling", examples=["r17"])
    unit_code: str | None = Field(description="Whom it names", examples=["510107003"])
    lost_because: LostBecause = Field(description="Why it lost", examples=["less_specific"])
    text: str = Field(description="The same in Chinese", examples=["另有范围或类别更具体的规则"])


class ExplainOut(LocateOut):
    """Where a point lies and who is responsible there, by which ground."""

    unit_code: str | None = Field(description="Who is responsible; null: a person decides", examples=["510107003"])
    unit_name: str | None = Field(description="The unit's name", examples=["滨江街道综合执法队"])
    decided_by: DecidedBy = Field(description="Which ground named it", examples=["rule"])
    rule_id: str | None = Field(description="The rule or ruling", examples=["r3"])
    considered: list[ConsideredOut] = Field(description="What else was considered")
    attention: list[str] = Field(description="What a person should look at", examples=[[]])

    @classmethod
    def explaining(cls, found: Explanation) -> Self:
        """Render a decision with its reasons."""
        return cls.model_validate(_explanation(found))


class ExplainIn(BaseModel):
    """One question: where, and what is wrong there."""

    # as strict as a `Body`, without its second look at every field: `Code` itself refuses what cannot be stored
    model_config = Body.model_config

    lon: float = Field(description="Longitude, or x of an EPSG system", examples=[104.0612], allow_inf_nan=False)
    lat: float = Field(description="Latitude, or y", examples=[30.6587], allow_inf_nan=False)
    datum: Code = Field(
        default=Datum.CGCS2000.value, description="wgs84, cgcs2000, gcj02, bd09 or EPSG:n", examples=["gcj02"]
    )
    kind: Kind | None = Field(default=None, description="component or event", examples=["event"])
    category: Code | None = Field(default=None, description="Major + minor code", examples=["0305"])
    condition: int | None = Field(default=None, ge=1, le=99, description="Filing condition", examples=[1])
    component_code: Code | None = Field(default=None, description="The component named", examples=[None])
    at: Moment | None = Field(default=None, description="By the rules valid then; default now", examples=[None])

    def asked(self) -> Asked:
        """Return the question."""
        return Asked(
            lon=self.lon,
            lat=self.lat,
            datum=self.datum,
            kind=self.kind,
            category=self.category,
            condition=self.condition,
            component_code=self.component_code,
            at=self.at,
        )


class ExplainManyIn(Body):
    """Many questions."""

    items: list[ExplainIn] = Field(max_length=10_000, description="Answered in this order")

    def asked(self) -> list[Asked]:
        """Return the questions."""
        return [item.asked() for item in self.items]


class ExplainManyOut(Answer):
    """As many answers, in the order of the questions."""

    items: list[ExplainOut] = Field(description="One answer a question")


class CaseRoutingOut(Answer):
    """How a case was routed."""

    decided: dict[str, Any] = Field(
        description="What was decided then: unit_code, decided_by, rule_id, considered, versions",
        examples=[{"unit_code": "510107003", "decided_by": "rule", "rule_id": "r3"}],
    )
    today: ExplainOut = Field(description="What the rules in force now say of the same place and category")
    differs: bool = Field(description="Whether today another unit would be responsible", examples=[False])
    changes: list[str] = Field(
        description="What today's decision says otherwise: unit_code, decided_by, rule_id", examples=[[]]
    )

    @classmethod
    def of(cls, routing: CaseRouting) -> Self:
        """Render both."""
        return cls(
            decided=dict(routing.then),
            today=ExplainOut.explaining(routing.today),
            differs="unit_code" in routing.changes,
            changes=routing.changes,
        )


_GROUNDS: Final = {one: one.value for one in DecidedBy}
_LOST: Final = {one: one.value for one in LostBecause}
"""Plain texts: the value of a code costs more than all the rest of an answer."""


class Telling:
    """Tell explanations as the JSON of an `ExplainOut`, thousands of them without models.

    Grounds and versions return in answer after answer: they are told once, and set in as they are.
    """

    __slots__ = ("_grounds", "_versions", "_versions_told")

    def __init__(self) -> None:
        """Know nothing yet."""
        self._grounds: dict[Considered, bytes] = {}
        self._versions: Mapping[str, int] = {}
        self._versions_told = to_json(self._versions)

    def __call__(self, found: Explanation) -> bytes:
        """Tell one."""
        if found.versions is not self._versions:  # one mapping for all answers of a book
            self._versions, self._versions_told = found.versions, to_json(found.versions)
        grounds = b",".join([self._grounds.get(one) or self._ground(one) for one in found.decision.considered])
        return b'%b,"considered":[%b],"versions":%b}' % (
            to_json(_place(found.placed) | _outcome(found))[:-1],
            grounds,
            self._versions_told,
        )

    def _ground(self, one: Considered) -> bytes:
        told = self._grounds[one] = to_json(_considered(one))
        return told


def listed(told: Iterable[bytes]) -> bytes:
    """Return the JSON of an `ExplainManyOut` of answers that were told."""
    return b'{"items":[%b]}' % b",".join(told)


def _explanation(found: Explanation) -> dict[str, Any]:
    """Return a decision with its reasons as plain JSON values."""
    considered = [_considered(one) for one in found.decision.considered]
    return {**_place(found.placed), **_outcome(found), "considered": considered, "versions": dict(found.versions)}


def _outcome(found: Explanation) -> dict[str, Any]:
    decision = found.decision
    return {
        "unit_code": decision.unit_code,
        "unit_name": found.unit_name,
        "decided_by": _GROUNDS[decision.decided_by],
        "rule_id": decision.rule_id,
        "attention": sorted(found.attention),
    }


def _considered(one: Considered) -> dict[str, Any]:
    return {
        "ground": _GROUNDS[one.ground],
        "rule_id": one.rule_id,
        "unit_code": one.unit_code,
        "lost_because": _LOST[one.lost_because],
        "text": one.text,
    }


def _place(placed: Placed) -> dict[str, Any]:
    spot, hit = placed.spot, placed.hit
    return {
        "cell_code": spot.cell_code,
        "zones": sorted(spot.zones.values()),
        "on_boundary": hit.on_boundary,
        "candidates": list(hit.candidates),
        "snapped": hit.snapped,
        "distance_m": round(hit.distance_m, 3) if hit.distance_m is not None else None,
        "beat_code": spot.beat_code,
        "community_code": spot.community,
        "street_code": spot.street,
        "district_code": spot.district,
    }
