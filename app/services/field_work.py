"""Inspectors' batches: what was collected without a network, taken in order, each item answered apart."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.dispatch import commands
from app.dispatch.access import Actor, appointment_for
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Post
from app.dispatch.errors import GridcaseError, NotPermitted, Unavailable
from app.services.arrivals import Incoming
from app.services.cases import Cases, Meta
from app.services.idempotency import KeyUse
from app.services.intake import Intake, Received
from app.services.ledger import Acting
from app.services.reports import Reports

Status = Literal["applied", "duplicate", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that was done in the field: a report, or a command about a report or case."""

    client_id: UUID | None
    device_time: datetime | None
    name: str
    body: object
    arrival: Arrival | None = None
    command: commands.Command | None = None
    report_id: UUID | None = None
    case_id: UUID | None = None
    error: GridcaseError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What became of an operation."""

    client_id: UUID | None
    status: Status
    error: GridcaseError | None = None
    report_id: UUID | None = None
    case_id: UUID | None = None


class FieldWork:
    """Batches of inspectors."""

    def __init__(self, intake: Intake, reports: Reports, cases: Cases, now: Callable[[], datetime]) -> None:
        """Take who does what was done."""
        self._intake = intake
        self._reports = reports
        self._cases = cases
        self._now = now

    async def sync(self, operations: Sequence[Operation], actor: Actor) -> list[Synced]:
        """Take operations in their order; a bad one never blocks the rest, and a repeat changes nothing.

        Raises Unavailable when the database goes away half-way: what was taken until then is a duplicate next time.
        """
        held = appointment_for(actor, (Post.INSPECTOR,))
        if held is None:
            raise NotPermitted("只有采集员可以同步")
        answers: list[Synced] = []
        run: list[Operation] = []
        for one in operations:
            if one.arrival is not None and one.error is None:
                run.append(replace(one, arrival=replace(one.arrival, desk=held.desk)))
                continue
            answers += await self._reported(run, actor)
            run = []
            answers.append(await self._acted(one, actor))
        return answers + await self._reported(run, actor)

    async def _reported(self, run: Sequence[Operation], actor: Actor) -> list[Synced]:
        """Take reports that follow each other in one transaction; if one of them is refused, each alone."""
        acting = Acting(now=self._now(), post=Post.INSPECTOR, actor_id=actor.account_id)
        incoming = [Incoming(arrival=one.arrival, acting=acting) for one in run if one.arrival is not None]
        if not incoming:
            return []
        try:
            received = await self._intake.receive(incoming)
        except Unavailable:  # nothing is wrong with the batch: the device keeps it and sends all of it again
            raise
        except GridcaseError as error:
            if len(run) == 1:
                return [Synced(client_id=run[0].client_id, status="rejected", error=error)]
            return [answer for one in run for answer in await self._reported([one], actor)]
        return [_received(one, what) for one, what in zip(run, received, strict=True)]

    async def _acted(self, one: Operation, actor: Actor) -> Synced:
        if one.error is not None or one.command is None:
            return Synced(client_id=one.client_id, status="rejected", error=one.error)
        digest = hashlib.sha256(json.dumps(one.body, sort_keys=True).encode()).digest()
        use = KeyUse(scope=str(actor.account_id), route=f"sync:{one.name}", key=str(one.client_id), body_digest=digest)
        meta = Meta(key=use, occurred_at=one.device_time, as_post=Post.INSPECTOR)
        try:
            applied = await self._act(one, one.command, actor, meta)
        except Unavailable:
            raise
        except GridcaseError as error:
            return Synced(client_id=one.client_id, status="rejected", error=error)
        status: Status = "applied" if applied else "duplicate"
        return Synced(client_id=one.client_id, status=status, report_id=one.report_id, case_id=one.case_id)

    async def _act(self, one: Operation, command: commands.Command, actor: Actor, meta: Meta) -> bool:
        if one.case_id is not None:
            return await self._cases.act(one.case_id, command, actor, meta)
        report_id = one.report_id
        assert report_id is not None  # noqa: S101  # the schema asks for one of the two
        return await self._reports.act(report_id, command, actor, meta)


def _received(one: Operation, what: Received) -> Synced:
    status: Status = "applied" if what.created else "duplicate"
    return Synced(client_id=one.client_id, status=status, report_id=what.report_id)


def with_maker(arrival: Arrival, client_id: UUID, device_time: datetime | None) -> Arrival:
    """Return an arrival under the id of its operation; the device's time counts where no other was said."""
    return replace(arrival, client_id=client_id, occurred_at=arrival.occurred_at or device_time)
