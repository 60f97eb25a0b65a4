"""Versions of master data and their activation, as they are answered and asked for."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.dispatch.set_codes import SetKind, SetState
from app.dispatch.tessellation import Severity
from app.models.activations import Activation
from app.models.sets import DataSet
from app.services.sets import Activated, Wanted

SETS_AT_MOST = 20


class FindingOut(Answer):
    """One thing found in a file or between sets."""

    code: str = Field(description="Stable English code", examples=["rule_conflict"])
    severity: Severity = Field(description="error forbids, warning does not", examples=["error"])
    where: dict[str, Any] = Field(
        description="File, row, column or feature; or codes, units, rules and their `count`",
        examples=[{"rules": ["r1", "r2"], "units": ["510107001", "510107002"], "count": 1}],
    )
    message: str = Field(description="What is wrong and how to mend it, in Chinese", examples=["请改其一"])


class SetHeadOut(Answer):
    """A set without what was found in it."""

    id: UUID = Field(description="The set", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    kind: SetKind = Field(description="Kind of master data", examples=["rules"])
    name: str = Field(description="Name given at import", examples=["2026 秋季"])
    version: int = Field(description="Counts up within the kind; decisions name it", examples=[4])
    state: SetState = Field(description="draft, scheduled, active or superseded", examples=["active"])
    valid: bool = Field(description="Whether it may be activated", examples=[True])
    counts: dict[str, Any] = Field(description="How many rows, errors and warnings", examples=[{"rows": 812}])
    active_from: Instant | None = Field(description="In force from then; null for a draft", examples=[None])
    active_to: Instant | None = Field(description="In force until then; null: until further notice", examples=[None])
    created_at: Instant = Field(description="When it was imported", examples=["2026-11-21T09:00:00+08:00"])
    source: str = Field(description="Where it came from", examples=["rules.csv"])

    @classmethod
    def head(cls, one: DataSet) -> Self:
        """Render a set."""
        return cls.model_validate(one)


class SetOut(SetHeadOut):
    """A set with what was found in it."""

    findings: list[FindingOut] = Field(description="What was found at import")


class SetPage(Answer):
    """A page of sets."""

    items: list[SetHeadOut] = Field(description="Newest first")
    next: str | None = Field(description="Cursor of the next page", examples=[None])


class ActivateIn(Body):
    """When a set comes into force."""

    since: Instant | None = Field(
        default=None,
        alias="from",
        description="An instant to come; null: now. Never a past one",
        examples=["2026-12-01T00:00:00+08:00"],
    )
    force: bool = Field(
        default=False, description="Without a complete coverage proof; conflicts are never overlooked", examples=[False]
    )
    reason: str | None = Field(
        default=None, max_length=500, description="Why; required with `force`, kept", examples=["新区尚未划定责任"]
    )

    def wanted(self, *ids: UUID) -> Wanted:
        """Return what is asked for."""
        return Wanted(ids=ids, since=self.since, force=self.force, reason=self.reason)


class ActivationIn(ActivateIn):
    """Several sets at one instant, checked together."""

    sets: list[UUID] = Field(
        min_length=1,
        max_length=SETS_AT_MOST,
        description="Set ids, one of a kind",
        examples=[["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"]],
    )


class ActivationHeadOut(Answer):
    """A recorded activation."""

    id: UUID = Field(description="The record", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    decided_at: Instant = Field(description="When it was decided", examples=["2026-11-21T09:00:00+08:00"])
    decided_by: UUID | None = Field(description="Account", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    active_from: Instant = Field(alias="from", description="In force from then", examples=["2026-12-01T00:00:00+08:00"])
    forced: bool = Field(description="Without a complete coverage proof", examples=[False])
    reason: str | None = Field(description="Why it was forced", examples=[None])
    findings: list[FindingOut] = Field(description="What was found then")
    digest: str = Field(description="SHA-256 of the findings", examples=["9f86d081884c7d65…"])


class ActivationOut(ActivationHeadOut):
    """An activation and its sets as they stand now."""

    sets: list[SetHeadOut] = Field(description="The sets")

    @classmethod
    def of(cls, done: Activated) -> Self:
        """Render an activation."""
        return cls(**_recorded(done.activation), sets=[SetHeadOut.head(one) for one in done.sets])


class ActivatedSet(Answer):
    """A set that an activation named."""

    id: UUID = Field(description="The set", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    kind: SetKind = Field(description="Kind of master data", examples=["rules"])
    version: int = Field(description="Its version", examples=[4])


class ActivationRecord(ActivationHeadOut):
    """An activation as it was recorded."""

    sets: list[ActivatedSet] = Field(description="The sets")

    @classmethod
    def of(cls, one: Activation) -> Self:
        """Render a record."""
        return cls(**_recorded(one), sets=[ActivatedSet(**told) for told in one.sets])


class ActivationPage(Answer):
    """A page of activations."""

    items: list[ActivationRecord] = Field(description="Newest first")
    next: str | None = Field(description="Cursor of the next page", examples=[None])


def _recorded(one: Activation) -> dict[str, Any]:
    return {
        "id": one.id,
        "decided_at": one.decided_at,
        "decided_by": one.decided_by,
        "from": one.active_from,
        "forced": one.forced,
        "reason": one.reason,
        "findings": one.findings,
        "digest": one.digest,
    }
