"""The inspector's app: tasks, and batches collected without a network."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.api.deps import CurrentActor, taken
from app.api.problems import document, problems, taking
from app.api.reports import Queries
from app.api.schemas.inspector import SyncedOut, SyncedResult, SyncIn, SyncOut, TaskOut, TasksOut
from app.api.schemas.query import here
from app.services.field_work import FieldWork, Synced
from app.services.tasks import Tasks

router = APIRouter(prefix="/api/v1/inspector", tags=["inspector"])

FieldWorkService = Annotated[
    FieldWork, Depends(taken(lambda wired: FieldWork(wired.intake, wired.reports, wired.cases, wired.now)))
]
TaskService = Annotated[Tasks, Depends(taken(lambda wired: Tasks(wired.sessions, wired.books)))]
MOST_TASKS = 200


@router.get("/tasks", operation_id="list_tasks", responses=problems())
async def list_tasks(
    actor: CurrentActor,
    tasks: TaskService,
    near: Annotated[str | None, Query(max_length=100, description="lon,lat (CGCS2000): tells distances")] = None,
) -> TasksOut:
    """List what the caller was sent to look at: reports to verify, cases to check."""
    return TasksOut(items=[TaskOut.of(one) for one in await tasks.of(actor, near=here(near), limit=MOST_TASKS)])


@router.post("/sync", operation_id="sync_field_work", responses=taking(403))
async def sync_field_work(
    body: SyncIn, request: Request, actor: CurrentActor, work: FieldWorkService, queries: Queries
) -> SyncOut:
    """Take a batch in its order, each item answered apart; repeating it changes nothing."""
    operations = body.to_operations(account_id=actor.account_id, digest_of=_digest)
    synced = await work.sync(operations, actor)
    views = await queries.many([one.report_id for one in synced if one.report_id is not None])
    receipts = {report_id: view.report.receipt_no for report_id, view in views.items()}
    return SyncOut(
        items=[_answer(request, one, receipts.get(one.report_id) if one.report_id else None) for one in synced]
    )


def _answer(request: Request, one: Synced, receipt_no: str | None) -> SyncedOut:
    if one.error is not None:
        return SyncedOut(client_id=one.client_id, status=one.status, problem=document(request, one.error))
    result = SyncedResult(report_id=one.report_id, receipt_no=receipt_no, case_id=one.case_id)
    return SyncedOut(client_id=one.client_id, status=one.status, result=result)


def _digest(body: object) -> bytes:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
