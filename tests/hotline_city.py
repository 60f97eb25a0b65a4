"""A small city in force with its hotline, and short ways to look at what became of an event."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.adapters.sealing import Sealer
from app.dispatch import commands
from app.dispatch.access import Appointment
from app.dispatch.codes import CheckResult, DisposalResult, Kind, Post
from app.main import wire
from app.models.cases import Case, CaseReport
from app.models.history import HistoryRow, HistoryText
from app.models.reports import Report
from app.models.work import OutboxEvent
from app.repositories.engine import open_sessions
from app.repositories.sets import SetRepository
from app.services.acts import Acts
from app.services.cases import Cases
from app.services.hotline import Hotline, Taken
from app.services.intake import Intake
from app.services.orders import Orders
from app.services.partner_secrets import PartnerSecrets
from app.services.reports import Reports
from app.services.timers import Timers
from app.services.transaction import Sessions, writing
from app.services.vault import Personal, Vault
from tests.partners_stored import Clock, order, signed, store_partner
from tests.people_stored import store_account
from tests.small_city import IN_WEST, store_small_city
from tests.towns import Town

PLACE = {"lon": IN_WEST[0], "lat": IN_WEST[1], "datum": "cgcs2000"}


@dataclass(slots=True)
class City:
    """The services over a database in which things are committed, with a clock of our own."""

    sessions: Sessions
    hotline: Hotline
    intake: Intake
    acts: Acts
    cases: Cases
    orders: Orders
    reports: Reports
    vault: Vault
    timers: Timers
    clock: Clock
    partner_id: UUID
    code: str

    async def say(self, order_no: str, action: str = "create", **fields: object) -> Taken:
        body = order(order_no, action, **fields)
        return await self.hotline.take(self.code, signed(body, self.clock.at), body)

    async def report(self, report_id: UUID) -> Report:
        async with self.sessions() as session:
            return (await session.scalars(select(Report).where(Report.id == report_id))).one()

    async def case_of(self, report_id: UUID) -> Case:
        async with self.sessions() as session:
            query = select(Case).join(CaseReport, CaseReport.case_id == Case.id)
            return (await session.scalars(query.where(CaseReport.report_id == report_id))).one()

    async def steps(self, subject_id: UUID) -> list[str]:
        async with self.sessions() as session:
            query = select(HistoryRow.action).where(HistoryRow.subject_id == subject_id).order_by(HistoryRow.number)
            return [str(one) for one in await session.scalars(query)]

    async def texts(self, subject_id: UUID) -> list[str]:
        async with self.sessions() as session:
            query = select(HistoryText.body).where(HistoryText.subject_id == subject_id).order_by(HistoryText.number)
            return list(await session.scalars(query))

    async def raw(self, report_id: UUID) -> list[str]:
        async with self.sessions() as session:
            opened = await self.vault.open(session, [report_id], [Personal.RAW_PAYLOAD])
            return opened[report_id][Personal.RAW_PAYLOAD]

    async def on_report(self, report_id: UUID, command: commands.Command) -> None:
        async with writing(self.sessions) as session:
            await self.reports.act_within(session, report_id, command, post=Post.OPERATOR)

    async def file(self, report_id: UUID) -> Case:
        await self.on_report(report_id, commands.Accept(kind=Kind.EVENT, category="0305"))
        await self.on_report(report_id, commands.File(cases=(commands.CaseWanted(condition=1),)))
        return await self.case_of(report_id)

    async def on_case(self, case_id: UUID, *wanted: commands.Command, post: Post = Post.POLICY) -> None:
        for command in wanted:
            self.clock.pass_by(seconds=1)
            async with writing(self.sessions) as session:
                await self.cases.act_within(session, case_id, command, policy="test", post=post)

    async def close(self, case_id: UUID) -> None:
        disposal = commands.Dispose(result=DisposalResult.SOLVED, public_answer="已洒水降尘")
        passed = commands.Check(result=CheckResult.PASS)
        sent = commands.SendCheck()
        await self.on_case(case_id, commands.Dispatch(), disposal, sent, passed, commands.Close())

    async def told(self, order_no: str) -> list[tuple[str, dict[str, Any]]]:
        async with self.sessions() as session:
            query = select(OutboxEvent).where(OutboxEvent.lane == f"{self.partner_id}:{order_no}")
            return [(one.kind, one.payload) for one in await session.scalars(query.order_by(OutboxEvent.id))]


@asynccontextmanager
async def open_city(town: Town, keys: Keys, home: Path) -> AsyncIterator[City]:
    """Open a database, filled when it is opened first, with a partner of its own."""
    engine = create_async_engine(town.app_url, pool_size=25)
    sessions = open_sessions(engine)
    async with sessions() as session:
        empty = await SetRepository(session).book_number() == 0
    if empty:
        await store_small_city(sessions)
        await _inspector(sessions)
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    wired = wire(town.settings(home), sessions, keys, now=clock)
    await wired.books.refresh()
    code = f"p{uuid7().hex}"
    hotline = Hotline(
        sessions=sessions,
        intake=wired.intake,
        reports=wired.reports,
        cases=wired.cases,
        orders=wired.orders,
        vault=wired.vault,
        secrets=PartnerSecrets(Sealer(keys)),
        now=clock,
        demo=False,
    )
    yield City(
        sessions=sessions,
        hotline=hotline,
        intake=wired.intake,
        acts=wired.acts,
        cases=wired.cases,
        orders=wired.orders,
        reports=wired.reports,
        vault=wired.vault,
        timers=Timers(sessions, wired.acts, clock, wired.orders),
        clock=clock,
        partner_id=await store_partner(sessions, keys, code, callback_url="http://p.test"),
        code=code,
    )
    await engine.dispose()


async def _inspector(sessions: Sessions) -> None:
    await store_account(sessions, "inspector", Appointment(post=Post.INSPECTOR, desk="city"))
