"""Batches from the inspector's app, and what became of each item."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, Self
from uuid import UUID

from pydantic import Field, ValidationError

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.case_actions import CheckIn
from app.api.schemas.report_actions import SelfDisposeIn, VerifyIn
from app.api.schemas.reports import ReportIn
from app.api.wording import wording
from app.dispatch.access import Thing
from app.dispatch.codes import Kind, Source
from app.dispatch.errors import BadInput, GridcaseError
from app.services.field_work import Operation, with_maker
from app.services.tasks import TaskView

Name = Literal["report", "verify", "check", "self_dispose"]
MOST_OPERATIONS: Final = 500


class OperationIn(Body):
    """One thing done in the field; `body` is that of the single call, with `report_id` or `case_id` beside them."""

    op: Name = Field(description="report, verify, check or self_dispose", examples=["report"])
    client_id: UUID = Field(description="Made by the app; the same id never acts twice")
    device_time: Instant | None = Field(default=None, description="By the device's clock")
    body: dict[str, Any] = Field(description="As for the single call")


class SyncIn(Body):
    """A batch, taken in order. Only a batch that is no batch is refused as a whole."""

    device_id: str = Field(min_length=1, max_length=100, description="The device", examples=["a1b2c3"])
    catalogue: str | None = Field(
        default=None, max_length=50, description="Edition on the device", examples=["city-practice-1"]
    )
    operations: list[dict[str, Any]] = Field(max_length=MOST_OPERATIONS, description="Up to 500, in order")

    def to_operations(self, *, account_id: UUID, digest_of: Callable[[object], bytes]) -> list[Operation]:
        """Return what was done; what cannot be read carries its error."""
        return [_operation(item, self.catalogue, account_id, digest_of) for item in self.operations]


class VerifiedIn(VerifyIn):
    """A verification with the report that it is about."""

    report_id: UUID = Field(description="The report")


class SelfDisposedIn(SelfDisposeIn):
    """A disposal on the spot with the report that it is about."""

    report_id: UUID = Field(description="The report")


class CheckedIn(CheckIn):
    """A check with the case that it is about."""

    case_id: UUID = Field(description="The case")


_BODIES: Final[Mapping[str, type[VerifiedIn | SelfDisposedIn | CheckedIn]]] = {
    "verify": VerifiedIn,
    "self_dispose": SelfDisposedIn,
    "check": CheckedIn,
}


class SyncedResult(Answer):
    """What an operation led to."""

    report_id: UUID | None = Field(default=None, description="The report")
    receipt_no: str | None = Field(default=None, description="Its receipt", examples=["7KQ2M9X4TBHW3C"])
    case_id: UUID | None = Field(default=None, description="The case")


class SyncedOut(Answer):
    """What became of an operation."""

    client_id: UUID | None = Field(description="Of the operation; null where it had none")
    status: Literal["applied", "duplicate", "rejected"] = Field(description="What became of it", examples=["applied"])
    problem: dict[str, Any] | None = Field(default=None, description="Why it was rejected")
    result: SyncedResult | None = Field(default=None, description="What it led to")


class SyncOut(Answer):
    """One answer an operation, in their order."""

    items: list[SyncedOut] = Field(description="As the operations")


class TaskOut(Answer):
    """Something the caller was sent to look at."""

    task: Literal["verify", "check"] = Field(description="Before filing, or before closing", examples=["check"])
    report_id: UUID | None = Field(default=None, description="The report to verify")
    case_id: UUID | None = Field(default=None, description="The case to check")
    number: str = Field(description="Receipt or case number", examples=["DEMO202603020000042"])
    kind: Kind | None = Field(description="component or event", examples=["event"])
    category: str | None = Field(description="Major + minor code", examples=["0305"])
    category_name: str | None = Field(description="Of the edition in force", examples=["施工扬尘"])
    description: str = Field(description="What it is about, scrubbed", examples=["路面有渣土"])
    address: str | None = Field(description="Where, in words", examples=["一号路1号"])
    lon: float | None = Field(description="Degrees east, CGCS2000", examples=[104.0005])
    lat: float | None = Field(description="Degrees north, CGCS2000", examples=[30.0005])
    distance_m: float | None = Field(description="Metres from `near`; null where none was asked for", examples=[350.5])
    due_at: Instant | None = Field(description="Due time of the report or case", examples=[None])
    since: Instant = Field(description="When the report came or the case was filed")
    sent_at: Instant | None = Field(description="When the caller got it", examples=["2026-11-22T09:00:00+08:00"])
    task_due_at: Instant | None = Field(
        description="By when to look: the check window, on the caller's shift", examples=["2026-11-22T09:30:00+08:00"]
    )
    taken_up_at: Instant | None = Field(description="When the caller took it up", examples=[None])

    @classmethod
    def of(cls, view: TaskView) -> Self:
        """Render a task."""
        row = view.row
        check = row.thing is Thing.CASE
        return cls(
            task="check" if check else "verify",
            report_id=None if check else row.id,
            case_id=row.id if check else None,
            number=row.number,
            kind=row.kind,
            category=row.category,
            category_name=view.category_name,
            description=row.description,
            address=row.address,
            lon=row.lon,
            lat=row.lat,
            distance_m=round(row.distance_m, 1) if row.distance_m is not None else None,
            due_at=row.due_at,
            since=row.since,
            sent_at=row.task_sent_at,
            task_due_at=row.task_due_at,
            taken_up_at=row.task_taken_up_at,
        )


class TasksOut(Answer):
    """The caller's tasks."""

    items: list[TaskOut] = Field(description="Due first, then waiting longest")
    next: str | None = Field(default=None, description="Always null: tasks are few", examples=[None])


def _operation(
    item: Mapping[str, Any], catalogue: str | None, account_id: UUID, digest_of: Callable[[object], bytes]
) -> Operation:
    try:
        read = OperationIn.model_validate(item)
    except ValidationError as error:
        return Operation(client_id=_client_id(item), device_time=None, name="?", body=item, error=_bad(error))
    plain = Operation(client_id=read.client_id, device_time=read.device_time, name=read.op, body=read.body)
    try:
        return _understood(plain, read, catalogue, account_id, digest_of)
    except ValidationError as error:
        return _refused(plain, _bad(error))
    except GridcaseError as error:
        return _refused(plain, error)


def _understood(
    plain: Operation,
    read: OperationIn,
    catalogue: str | None,
    account_id: UUID,
    digest_of: Callable[[object], bytes],
) -> Operation:
    if read.op == "report":
        given = {"source": Source.INSPECTOR, "catalogue": catalogue, **read.body}
        body_digest = digest_of(read.body)
        said = ReportIn.model_validate(given)
        arrival = said.to_arrival(account_id=account_id, body_digest=body_digest, in_the_field=True)
        return replace(plain, arrival=with_maker(arrival, read.client_id, read.device_time))
    body = _BODIES[read.op].model_validate(read.body)
    about = {name: getattr(body, name) for name in ("report_id", "case_id") if hasattr(body, name)}
    return replace(plain, command=body.to_command(), **about)


def _refused(plain: Operation, error: GridcaseError) -> Operation:
    return replace(plain, error=error)


def _client_id(item: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(str(item.get("client_id")))
    except ValueError:
        return None


def _bad(error: ValidationError) -> BadInput:
    found = [{"where": list(e["loc"]), "message": wording(e), "code": e["type"]} for e in error.errors()]
    return BadInput("这一项的内容不符合约定", fields={"errors": found})
