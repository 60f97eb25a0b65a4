"""Reports as they come from our own clients, and as they are answered."""

from dataclasses import replace
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.cases import OpinionOut, ReporterOut
from app.api.schemas.claims import ClaimOut
from app.api.schemas.location import LocationIn, LocationOut
from app.dispatch.arrival import Arrival, Reporter
from app.dispatch.codes import CaseState, Contact, Kind, ReportState, Source
from app.dispatch.errors import BadInput
from app.services.report_queries import ReportView

Short = Annotated[str, Field(min_length=1, max_length=100)]
LONGEST_TEXT = 5_000


class ReporterIn(Body):
    """Who reports; goes to the vault."""

    name: str | None = Field(default=None, max_length=100, description="Name", examples=["张三"])
    phone: str | None = Field(default=None, max_length=40, description="Phone", examples=["13800001234"])
    anonymous: bool = Field(default=False, description="Wants to stay unnamed", examples=[False])
    contact: Contact | None = Field(default=None, description="How a unit may reach him", examples=["via_desk"])
    call_back: bool = Field(default=False, description="Wants to be called what came of it", examples=[True])

    def to_reporter(self) -> Reporter:
        """Return who reports."""
        return Reporter(**self.model_dump())


class _ReportIn(Body):
    """What every channel of ours may say."""

    kind: Kind | None = Field(default=None, description="component or event", examples=["event"])
    category: str | None = Field(
        default=None, min_length=1, max_length=20, description="Major + minor code", examples=["0305"]
    )
    condition: int | None = Field(default=None, ge=1, le=99, description="Filing condition's number", examples=[1])
    catalogue: str | None = Field(
        default=None, max_length=50, description="Edition; default the active one", examples=["city-practice-1"]
    )
    description: str = Field(
        min_length=1, max_length=LONGEST_TEXT, description="What is wrong", examples=["人行道上有暴露垃圾"]
    )
    location: LocationIn | None = Field(default=None, description="Where; a point, an address, or both")
    component_code: str | None = Field(default=None, max_length=40, description="A named component", examples=[None])
    media: list[UUID] = Field(default=[], max_length=20, description="Media ids; may still be on their way")
    occurred_at: Instant | None = Field(
        default=None, description="When it was seen, by the device's clock", examples=["2026-03-02T08:40:00+08:00"]
    )
    client_id: UUID | None = Field(default=None, description="Made by the client; unique for ever")

    def _said(self, *, source: Source, body_digest: bytes, reporter: Reporter) -> dict[str, Any]:
        point = self.location.to_point() if self.location else None
        address = self.location.address if self.location else None
        if point is None and not address:
            raise BadInput.at(["body", "location"], "须给出坐标或地址", code="location_required")
        return {
            "id": uuid7(),
            "source": source,
            "description": self.description,
            "kind": self.kind,
            "category": self.category,
            "condition": self.condition,
            "catalogue": self.catalogue,
            "address": address,
            "point": point,
            "component_code": self.component_code,
            "media": tuple(self.media),
            "reporter": reporter,
            "occurred_at": self.occurred_at,
            "client_id": self.client_id,
            "body_digest": body_digest,
        }


class ReportIn(_ReportIn):
    """A report by an inspector or the desk."""

    source: Source = Field(description="Channel it came by", examples=["inspector"])
    tags: list[Short] = Field(default=[], max_length=20, description="Tags", examples=[[]])
    campaign: str | None = Field(default=None, max_length=100, description="Campaign", examples=[None])
    reporter: ReporterIn | None = Field(default=None, description="Who told the desk")

    def to_arrival(self, *, account_id: UUID, body_digest: bytes, in_the_field: bool) -> Arrival:
        """Return the arrival; raises BadInput where an inspector's report lacks what it must have.

        `in_the_field` says that an inspector brings it in, by whichever channel it is said to have come.
        """
        of_inspector = in_the_field or self.source is Source.INSPECTOR
        if of_inspector and (self.kind is None or self.category is None):
            raise BadInput.at(["body", "category"], "采集员上报须给出 kind 和 category", code="category_required")
        given = self.reporter or ReporterIn()
        reporter = given.to_reporter()
        said = self._said(source=self.source, body_digest=body_digest, reporter=reporter)
        return Arrival(**said, tags=tuple(self.tags), campaign=self.campaign, account_id=account_id)


class CitizenReportIn(_ReportIn):
    """A report by a citizen, without an account."""

    reporter: ReporterIn | None = Field(default=None, description="Who reports, if he wants to say")

    def to_arrival(self, *, body_digest: bytes) -> Arrival:
        """Return the arrival."""
        given = self.reporter or ReporterIn(anonymous=True)
        reporter = replace(given.to_reporter(), contact=None)
        return Arrival(**self._said(source=Source.CITIZEN, body_digest=body_digest, reporter=reporter))


class DuplicateOut(Answer):
    """An open case that may be the same thing."""

    case_id: UUID = Field(description="The case")
    case_no: str = Field(description="Its number", examples=["GC20260302-000042"])
    distance_m: float = Field(description="Distance in metres", examples=[12.3])
    age_hours: float = Field(description="Age in hours", examples=[5.5])
    score: float = Field(description="0 to 1; 1 is the same component", examples=[0.8])


class OpenedCaseOut(Answer):
    """A case that the report has become or joined."""

    id: UUID = Field(description="The case")
    case_no: str = Field(description="Its number", examples=["GC20260302-000042"])
    state: CaseState = Field(description="Where it stands", examples=["filed"])
    unit_code: str | None = Field(description="Unit at work; before dispatch the proposed one", examples=["2101"])
    due_at: Instant | None = Field(description="The case's due time; null before dispatch", examples=[None])


class ReportOut(Answer):
    """A report."""

    id: UUID = Field(description="The report")
    receipt_no: str = Field(description="Random receipt number", examples=["7KQ2M9X4TBHW3C"])
    query_code: str | None = Field(
        default=None, description="Goes with the receipt; shown to who brought the report in", examples=["9H2KQ4TB"]
    )
    state: ReportState = Field(description="Where it stands", examples=["received"])
    source: Source = Field(description="Channel", examples=["inspector"])
    attention: list[str] = Field(description="Why a person should look", examples=[["out_of_coverage"]])
    kind: Kind | None = Field(description="component or event", examples=["event"])
    category: str | None = Field(description="Major + minor code", examples=["0305"])
    category_name: str | None = Field(description="The minor's name", examples=["暴露垃圾"])
    condition: int | None = Field(description="Filing condition's number", examples=[1])
    catalogue: str = Field(description="Edition", examples=["city-practice-1"])
    description: str = Field(description="What is wrong, scrubbed", examples=["人行道上有暴露垃圾"])
    location: LocationOut = Field(description="Where")
    cell_code: str | None = Field(description="Unit grid cell", examples=["990101001001001"])
    zones: list[str] = Field(description="Zones, by class", examples=[["RD0001"]])
    district_code: str | None = Field(description="District", examples=["990101"])
    street_code: str | None = Field(description="Street", examples=["990101001"])
    community_code: str | None = Field(description="Community", examples=["990101001001"])
    beat_code: str | None = Field(description="Inspector's beat", examples=["B01"])
    component_code: str | None = Field(description="Component", examples=[None])
    routing: dict[str, Any] = Field(description="Proposed unit, by which ground, and what lost")
    possible_duplicates: list[DuplicateOut] = Field(description="Open cases that may be the same thing")
    cases: list[OpenedCaseOut] = Field(description="Cases that it has become or joined")
    media: list[UUID] = Field(description="Media ids")
    desk: str = Field(description="Desk that it came to", examples=["city"])
    contact: Contact = Field(description="How a unit may reach the reporter", examples=["confidential"])
    reporter: ReporterOut | None = Field(description="Masked; for the desk and oversight only")
    tags: list[str] = Field(description="Tags", examples=[[]])
    campaign: str | None = Field(description="Campaign", examples=[None])
    called_back_at: Instant | None = Field(default=None, description="Last call to the reporter", examples=[None])
    asks_call: bool = Field(default=False, description="Wants to be called what came of it", examples=[True])
    opinions: list[OpinionOut] = Field(
        default=[], description="What the reporter said, first and last; for the desk and oversight only"
    )
    public_answer: str | None = Field(description="What the reporter was answered", examples=[None])
    end_reason: str | None = Field(description="Reason code of an end without a case", examples=[None])
    answer_due_at: Instant | None = Field(description="When the reporter must be answered", examples=[None])
    occurred_at: Instant | None = Field(description="Claimed by the device")
    received_at: Instant = Field(description="By our clock")
    updated_at: Instant = Field(description="Last step")
    version: int = Field(description="Rises with every step; the ETag", examples=[1])

    claims: list[ClaimOut] | None = Field(
        default=None, description="Who has claimed it; told by claim and release only, null elsewhere", examples=[None]
    )

    @classmethod
    def of(cls, view: ReportView, *, query_code: str | None = None) -> Self:
        """Render a report as far as it was let through."""
        one = view.report
        plain = ("id", "receipt_no", "state", "source", "attention", "kind", "category", "condition", "catalogue")
        more = ("description", "cell_code", "beat_code", "component_code", "routing", "desk", "contact")
        rest = ("tags", "campaign", "public_answer", "end_reason", "answer_due_at", "occurred_at", "received_at")
        return cls(
            **{name: getattr(one, name) for name in (*plain, *more, *rest, "updated_at", "version")},
            query_code=query_code,
            category_name=view.category_name,
            location=LocationOut(lon=view.lon, lat=view.lat, address=one.address),
            zones=sorted(one.zones.values()),
            district_code=one.district,
            street_code=one.street,
            community_code=one.community,
            possible_duplicates=[DuplicateOut(**near) for near in one.duplicates],
            cases=[
                OpenedCaseOut(
                    id=case.id,
                    case_no=case.case_no,
                    state=case.state,
                    unit_code=case.unit_code,
                    due_at=case.case_due_at,
                )
                for case in view.cases
            ],
            media=list(view.media),
            opinions=[OpinionOut.model_validate(said) for said in view.opinions],
            called_back_at=one.called_back_at,
            asks_call=one.asks_call,
            reporter=ReporterOut.model_validate(view.reporter) if view.reporter else None,
        )

    def for_citizens(self) -> Self:
        """Return the same without what is internal: the routing, other people's cases, who it would go to."""
        return self.model_copy(update={"routing": {}, "possible_duplicates": [], "cases": [], "beat_code": None})


class ReportPage(Answer):
    """A page of reports."""

    items: list[ReportOut] = Field(description="Newest first")
    next: str | None = Field(description="Cursor behind the last item", examples=[None])
