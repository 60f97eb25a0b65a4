"""Histories made by the services themselves, over a small city; slower, and with all that services do besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.api.deps import Wired
from app.dispatch import commands
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Kind, LocationFrom, Post, RequestState
from app.dispatch.errors import GridcaseError
from app.dispatch.points import Point
from app.models.cases import Case, CaseReport, CaseRequest
from app.models.reports import Report
from app.services.arrivals import Incoming
from app.services.ledger import Acting
from app.services.transaction import writing
from tests.brute.moves import Around, Arriving, CaseNow, Move, ReportNow, meant, post_of
from tests.partners_stored import Clock
from tests.small_city import IN_EAST, IN_WEST

PLACES: Final = (IN_WEST, IN_EAST, None)


@dataclass(slots=True)
class Served:
    """The services over a city, with a clock of our own."""

    wired: Wired
    clock: Clock
    second: UUID

    async def live(self, moves: Sequence[Move]) -> None:
        """Let everything happen; what the rules refuse does not."""
        for move in moves:
            self.clock.at += move.gap
            wanted = meant(move, await self._around())
            if isinstance(wanted, Arriving):
                await self._receive(wanted)
                continue
            try:
                await self._act(*wanted)
            except GridcaseError:
                continue

    async def _around(self) -> Around:
        asked = (
            select(Case.id, Case.state, CaseReport.report_id, CaseRequest.id, CaseRequest.ruler)
            .join(CaseReport, (CaseReport.case_id == Case.id) & CaseReport.first)
            .outerjoin(CaseRequest, (CaseRequest.case_id == Case.id) & (CaseRequest.state == RequestState.PENDING))
            .order_by(Case.id)
        )
        async with self.wired.sessions() as session:
            cases = [
                CaseNow(id=case, state=state, report_id=report, request_id=request, ruler=ruler)
                for case, state, report, request, ruler in await session.execute(asked)
            ]
            reports = await session.execute(select(Report.id, Report.state).order_by(Report.id))
            return Around(
                now=self.clock.at,
                reports=[ReportNow(id=one, state=state) for one, state in reports],
                cases=cases,
                conditions=(1, 2),
                kinds=(Kind.EVENT,),
                second=self.second,
            )

    async def _receive(self, arriving: Arriving) -> None:
        place = PLACES[arriving.place]
        arrival = Arrival(
            id=uuid7(),
            source=arriving.source,
            description="路面有渣土",
            kind=arriving.kind,
            category="0305",
            point=_point(place) if place else None,
            answer_due_at=self.clock.at + arriving.answer_within if arriving.answer_within else None,
        )
        acting = Acting(now=self.clock.at, post=Post.OPERATOR)
        await self.wired.intake.receive([Incoming(arrival=arrival, acting=acting)])

    async def _act(self, thing: ReportNow | CaseNow, command: commands.Command) -> None:
        async with writing(self.wired.sessions) as session:
            if isinstance(thing, ReportNow):
                await self.wired.reports.act_within(session, thing.id, command, post=Post.OPERATOR)
                return
            post = post_of(thing, command)
            await self.wired.cases.act_within(session, thing.id, command, policy="drawn", post=post)


def _point(place: tuple[float, float]) -> Point:
    lon, lat = place
    return Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.DEVICE)
