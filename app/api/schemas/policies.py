"""Rows of policies, as they are asked for and answered."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.query import Code
from app.dispatch.codes import Kind, Source
from app.dispatch.policy_book import Selectors
from app.dispatch.policy_rows import PolicyWanted
from app.models.policies import PolicyRecord
from app.services.case_policies import Held


class PolicyIn(Body):
    """One value of one policy for what is named; what is left out matches anything."""

    policy: Code = Field(description="Its name, as in /ref/policies", examples=["auto_dispatch"])
    value: Any = Field(
        description="true or false, a number, a code, a list, null, a duration (`PT2H`, `P15D`), or a limit "
        '(`{"value": 3, "unit": "work_day"}`), as the policy has it',
        examples=[True],
    )
    kind: Kind | None = Field(default=None, description="component or event", examples=["event"])
    major: Code | None = Field(default=None, description="Major code", examples=["03"])
    minor: Code | None = Field(default=None, description="The minor's own digits", examples=["05"])
    source: Source | None = Field(default=None, description="Where reports come from", examples=["hotline_12345"])
    desk: Code | None = Field(default=None, description="`city`, or the code of a town's desk", examples=["city"])
    unit_code: Code | None = Field(
        default=None, description="A unit with everything below it: the one at work, before that the proposed one"
    )
    valid_from: Instant | None = Field(default=None, description="Null: now; never a past one", examples=[None])
    valid_to: Instant | None = Field(default=None, description="Null: until further notice", examples=[None])
    document: str | None = Field(
        default=None, min_length=1, max_length=200, description="Number of the document", examples=["城管〔2026〕12号"]
    )
    reason: str = Field(min_length=1, max_length=2000, description="Why", examples=["热线高峰期试行自动派遣"])

    def wanted(self) -> PolicyWanted:
        """Return what is asked for."""
        return PolicyWanted(
            policy=self.policy,
            value=self.value,
            selectors=Selectors(
                kind=self.kind,
                major=self.major,
                minor=self.minor,
                source=self.source,
                desk=self.desk,
                unit_code=self.unit_code,
            ),
            reason=self.reason,
            document=self.document,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class PolicyEndIn(Body):
    """Why a row ends."""

    reason: str | None = Field(default=None, min_length=1, max_length=2000, description="Why", examples=["试行结束"])


class PolicyOut(Answer):
    """A row of a policy."""

    id: UUID = Field(description="The row", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    policy: str = Field(description="Its name", examples=["auto_dispatch"])
    value: Any = Field(description="What holds, as it was given", examples=[True])
    kind: Kind | None = Field(description="component or event; null: both", examples=["event"])
    major: str | None = Field(description="Major code; null: any", examples=["03"])
    minor: str | None = Field(description="The minor's own digits; null: any", examples=["05"])
    source: Source | None = Field(description="Where reports come from; null: anywhere", examples=["hotline_12345"])
    desk: str | None = Field(description="The desk; null: any", examples=["city"])
    unit_code: str | None = Field(description="The unit with everything below it; null: any", examples=[None])
    valid_from: Instant = Field(description="In force from then", examples=["2026-11-21T09:00:00+08:00"])
    valid_to: Instant | None = Field(description="In force until then; null: until further notice", examples=[None])
    document: str | None = Field(description="Number of the document", examples=["城管〔2026〕12号"])
    reason: str = Field(description="Why", examples=["热线高峰期试行自动派遣"])
    recorded_at: Instant = Field(description="When it was recorded", examples=["2026-11-21T09:00:00+08:00"])
    recorded_by: UUID | None = Field(description="Account", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    ended_at: Instant | None = Field(description="When it was ended early", examples=[None])
    ended_by: UUID | None = Field(description="Who ended it", examples=[None])
    end_reason: str | None = Field(description="Why it was ended", examples=[None])

    @classmethod
    def of(cls, row: PolicyRecord) -> Self:
        """Render a row."""
        return cls.model_validate(row)


class PolicyPage(Answer):
    """A page of rows."""

    items: list[PolicyOut] = Field(description="Newest first")
    next: str | None = Field(description="Cursor of the next page", examples=[None])


class HeldPolicy(Answer):
    """One policy as it holds for a case."""

    policy: str = Field(description="Its name", examples=["auto_dispatch"])
    value: Any = Field(description="What holds, as rows give it", examples=[True])
    text: str = Field(description="The same, as it is shown", examples=["True"])
    row_id: UUID | None = Field(description="The row that says so; null: the default", examples=[None])
    valid_from: Instant | None = Field(description="Since when that row holds", examples=["2026-11-21T09:00:00+08:00"])


class HeldPolicies(Answer):
    """Every policy as it holds for a case."""

    items: list[HeldPolicy] = Field(description="In the order of /ref/policies")

    @classmethod
    def of(cls, held: Sequence[Held]) -> Self:
        """Render what holds."""
        return cls(
            items=[
                HeldPolicy(
                    policy=one.policy,
                    value=one.value,
                    text=one.text,
                    row_id=UUID(one.row.id) if one.row else None,
                    valid_from=one.row.valid_from if one.row else None,
                )
                for one in held
            ]
        )
