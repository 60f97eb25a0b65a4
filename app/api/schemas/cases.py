"""A case as it is answered."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Instant
from app.api.schemas.claims import ClaimOut
from app.api.schemas.orders import OrderBriefOut
from app.dispatch.codes import (
    CaseState,
    Datum,
    EndKind,
    Handling,
    Kind,
    LegEnd,
    LegKind,
    Light,
    Post,
    RequestKind,
    Source,
)
from app.services.case_queries import CaseView, SeenReport


class PointOut(Answer):
    """A canonical point: CGCS2000 degrees."""

    lon: float = Field(description="Longitude in degrees", examples=[104.0612])
    lat: float = Field(description="Latitude in degrees", examples=[30.6587])
    datum: Datum = Field(default=Datum.CGCS2000, description="Always cgcs2000", examples=["cgcs2000"])


class LegOut(Answer):
    """One unit's turn within a round."""

    round: int = Field(description="Which round", examples=[1])
    number: int = Field(description="Number within the round", examples=[1])
    unit_code: str = Field(description="The unit", examples=["510107003"])
    kind: LegKind = Field(description="main, assist or sub", examples=["main"])
    parent: int | None = Field(description="Leg that this one is a part of; null for main ones", examples=[None])
    dispatched_at: Instant = Field(description="Sent to the unit", examples=["2026-03-02T09:00:00+08:00"])
    signed_at: Instant | None = Field(description="Seen by the unit", examples=["2026-03-02T09:20:00+08:00"])
    due_at: Instant | None = Field(description="Due time of this leg", examples=["2026-03-02T17:00:00+08:00"])
    ended_at: Instant | None = Field(description="End of the turn", examples=[None])
    end: LegEnd | None = Field(description="How it ended; returned, recalled, overruled are annulled", examples=[None])


class RequestOut(Answer):
    """What a unit asked for and nobody has ruled on yet."""

    id: UUID = Field(description="To be named by grant and refuse", examples=["0192d3a0-5c1e-5a52-9f8a-6f3d2b1c0e4f"])
    kind: RequestKind = Field(description="What is asked", examples=["extension"])
    round: int = Field(description="Which round", examples=[1])
    leg: int = Field(description="Which leg", examples=[1])
    reason_code: str = Field(description="Why", examples=["weather"])
    claim: EndKind | None = Field(default=None, description="The end that is asked for", examples=[None])
    chain: list[Post] = Field(description="The posts that rule, one after the other", examples=[["shift_lead"]])
    step: int = Field(description="How many of them have granted", examples=[0])
    ruler: Post | None = Field(description="Whose word it waits for now", examples=["shift_lead"])
    asked_at: Instant = Field(description="When", examples=["2026-03-02T10:00:00+08:00"])
    ruling_due_at: Instant | None = Field(
        description="Until when the whole chain may take; what goes beyond is given back to the unit",
        examples=["2026-03-02T11:00:00+08:00"],
    )


class ReporterOut(Answer):
    """The reporter, masked."""

    name: str | None = Field(description="Masked name", examples=["张*"])
    phone: str | None = Field(description="Masked phone", examples=["138****1234"])


class OpinionOut(Answer):
    """What a reporter said of what came of it."""

    at: Instant = Field(description="When", examples=["2026-03-03T10:00:00+08:00"])
    solved: bool | None = Field(description="Whether it is solved, in his view", examples=[False])
    satisfaction: int | None = Field(description="1 to 5", examples=[2])
    text: str | None = Field(description="In his words, scrubbed", examples=["还没有清理干净"])


class CarriedReportOut(Answer):
    """A report that the case carries."""

    id: UUID = Field(description="The report", examples=["0192d3a0-5c1e-7a52-9f8a-6f3d2b1c0e4f"])
    receipt_no: str = Field(description="Its receipt", examples=["7KQ2M9X4TBHW3C"])
    source: Source = Field(description="Its channel", examples=["hotline_12345"])
    received_at: Instant = Field(description="When it came", examples=["2026-03-02T08:40:00+08:00"])
    reporter: ReporterOut | None = Field(description="Masked; for the desk and oversight only", examples=[None])
    asks_call: bool = Field(default=False, description="Wants to be called what came of it", examples=[True])
    called_back_at: Instant | None = Field(default=None, description="Last call to the reporter", examples=[None])
    opinions: list[OpinionOut] = Field(
        default=[], description="What the reporter said, first and last; for the desk and oversight only"
    )

    @classmethod
    def of(cls, seen: SeenReport) -> Self:
        """Render a report as far as it was let through."""
        one = seen.carried
        reporter = ReporterOut.model_validate(seen.reporter) if seen.reporter else None
        return cls(
            id=one.id,
            receipt_no=one.receipt_no,
            source=one.source,
            received_at=one.received_at,
            reporter=reporter,
            asks_call=one.asks_call,
            called_back_at=one.called_back_at,
            opinions=[OpinionOut.model_validate(said) for said in seen.opinions],
        )


class CaseOut(Answer):
    """One case as it stands."""

    id: UUID = Field(description="The case", examples=["0192d3a0-5c1e-7a52-9f8a-6f3d2b1c0e4f"])
    case_no: str = Field(description="Number for people; unique, never sorted by", examples=["DEMO202603020000042"])
    state: CaseState = Field(description="Where it stands", examples=["dispatched"])
    round: int = Field(description="1, and one more for each reopening", examples=[1])
    source: Source = Field(description="Channel of its first report", examples=["hotline_12345"])
    handling: Handling = Field(description="How it is handled", examples=["ordinary"])
    kind: Kind = Field(description="component or event", examples=["event"])
    category: str = Field(description="Major and minor code", examples=["0305"])
    condition: int = Field(description="Filing condition within the category", examples=[1])
    catalogue: str = Field(description="Edition of the category", examples=["city-practice-1"])
    major_name: str | None = Field(description="Name of the major", examples=["施工管理"])
    category_name: str | None = Field(description="Name of the minor", examples=["施工扬尘"])
    description: str = Field(description="What is wrong, without personal data", examples=["路面有渣土"])
    address: str | None = Field(description="Where, in words, without personal data", examples=["人民路与新华路交叉口"])
    location: PointOut | None = Field(description="Where", examples=[None])
    cell_code: str | None = Field(description="Unit grid cell", examples=["510107003012005"])
    zones: list[str] = Field(description="Codes of the zones it lies in, one a class", examples=[["R0012"]])
    beat_code: str | None = Field(description="Inspector's beat", examples=["B0107003"])
    community_code: str | None = Field(description="Community", examples=["510107003012"])
    street_code: str | None = Field(description="Street", examples=["510107003"])
    district_code: str | None = Field(description="District", examples=["510107"])
    component_code: str | None = Field(description="The component named", examples=[None])
    desk: str = Field(description="The desk that owns it", examples=["city"])
    unit_code: str | None = Field(description="Unit at work; before dispatch the proposed one", examples=["510107003"])
    unit_name: str | None = Field(description="Its name", examples=["滨江街道综合执法队"])
    proposed_unit: str | None = Field(description="Before dispatch: the unit that routing proposes", examples=[None])
    filed_at: Instant = Field(description="Filed", examples=["2026-03-02T08:55:00+08:00"])
    dispatched_at: Instant | None = Field(
        description="First dispatch of the round: the case clock's start", examples=["2026-03-02T09:00:00+08:00"]
    )
    case_due_at: Instant | None = Field(description="Due, case clock", examples=["2026-03-02T17:00:00+08:00"])
    leg_due_at: Instant | None = Field(description="Due, leg clock", examples=["2026-03-02T17:00:00+08:00"])
    due_at: Instant | None = Field(
        description="What the caller is judged by: the leg's for units, else the case's",
        examples=["2026-03-02T17:00:00+08:00"],
    )
    light: Light | None = Field(
        description="By due_at: yellow from 70 %, red from due; null before the dispatch", examples=["green"]
    )
    provisional: bool = Field(description="A due time rests on days no notice covers yet", examples=[False])
    disposed_at: Instant | None = Field(description="The standing disposal", examples=[None])
    closed_at: Instant | None = Field(description="End of the round", examples=[None])
    end_kind: EndKind | None = Field(description="How the round ended", examples=[None])
    public_answer: str | None = Field(description="What the public is told", examples=[None])
    flags: list[str] = Field(description="What happened in this round", examples=[["reworked"]])
    attention: list[str] = Field(description="Why a person should look", examples=[[]])
    tags: list[str] = Field(description="Tags", examples=[[]])
    campaign: str | None = Field(description="Campaign", examples=[None])
    urges: int = Field(description="Reminders", examples=[0])
    inspector_id: UUID | None = Field(
        default=None, description="Who checks it; for the desk and oversight only", examples=[None]
    )
    legs: list[LegOut] = Field(description="Turns of units, first ones first")
    requests: list[RequestOut] = Field(description="Requests that wait for a ruling")
    reports: list[CarriedReportOut] = Field(description="What the caller may see of its reports; never for units")
    media: list[UUID] = Field(description="Its photos and films", examples=[[]])
    orders: list[OrderBriefOut] = Field(
        default=[], description="Orders about it that the caller sees; not in lists and batches", examples=[[]]
    )
    updated_at: Instant = Field(description="Last step", examples=["2026-03-02T09:20:00+08:00"])
    version: int = Field(description="Number of the last step; also the ETag", examples=[3])

    claims: list[ClaimOut] | None = Field(
        default=None, description="Who has claimed it; told by claim and release only, null elsewhere", examples=[None]
    )

    @classmethod
    def of(cls, view: CaseView) -> Self:
        """Render a case as its caller sees it."""
        case, category = view.case, view.category
        plain: dict[str, Any] = {name: getattr(case, name) for name in _PLAIN}
        return cls(
            **plain,
            major_name=category.major_name if category else None,
            category_name=category.minor_name if category else None,
            location=PointOut(lon=view.lon, lat=view.lat) if view.lon is not None and view.lat is not None else None,
            zones=sorted(case.zones.values()),
            community_code=case.community,
            street_code=case.street,
            district_code=case.district,
            unit_name=view.unit_name,
            proposed_unit=case.unit_code if case.state is CaseState.FILED else None,
            due_at=view.due_at,
            light=view.light,
            inspector_id=case.inspector_id if view.overseen else None,
            legs=[LegOut.model_validate(leg) for leg in view.legs],
            requests=[RequestOut.model_validate(request) for request in view.requests],
            reports=[CarriedReportOut.of(report) for report in view.reports],
            media=list(view.media),
            orders=[OrderBriefOut.brief(row) for row in view.orders],
        )


_PLAIN = (
    *("id", "case_no", "state", "round", "source", "handling", "kind", "category", "condition", "catalogue"),
    *("description", "address", "cell_code", "beat_code", "component_code", "desk", "unit_code", "filed_at"),
    *("dispatched_at", "case_due_at", "leg_due_at", "provisional", "disposed_at", "closed_at", "end_kind"),
    *("public_answer", "flags", "attention", "tags", "campaign", "urges", "updated_at", "version"),
)
"""What is answered as it is stored."""


class CasesOut(Answer):
    """One page of cases."""

    items: list[CaseOut] = Field(description="Cases in the order asked for")
    next: str | None = Field(description="`after` of the next page; null on the last one", examples=[None])
