"""Store cases by telling their steps: each is decided, recorded and projected as the service does it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shapely import Point
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.book import Book
from app.dispatch.case_actions import decide
from app.dispatch.case_facts import leg_facts
from app.dispatch.case_filing import file_case
from app.dispatch.case_fold import apply, fold
from app.dispatch.case_life import CaseLife
from app.dispatch.case_projection import present, requests
from app.dispatch.codes import Contact, Kind, Post, ReportState, Source
from app.dispatch.deciding import Scene
from app.dispatch.drawing import Candidate
from app.dispatch.policies import DEFAULTS
from app.models.cases import Case, CaseReport
from app.models.reports import Report
from app.repositories.facts import FactsRepository
from app.repositories.sets import wkb
from app.services.ledger import Acting, Ledger, Thread
from app.services.transaction import Sessions, writing


@dataclass(slots=True)
class Tale:
    """A case that is being told; `store` writes it with its history, its report, and what follows from them."""

    book: Book
    at: datetime
    place: tuple[float, float]
    condition: int = 1
    author_id: UUID | None = None
    description: str = "路面有渣土"
    source: Source = Source.INSPECTOR
    id: UUID = field(default_factory=uuid7)
    report_id: UUID = field(default_factory=uuid7)
    ledger: Ledger = field(default_factory=lambda: Ledger(clean=str))
    thread: Thread = field(init=False)
    life: CaseLife = field(init=False)

    def __post_init__(self) -> None:
        category = self.book.catalogue.find(Kind.EVENT, "0305")
        assert category is not None
        spot = self.book.locate(*self.place, self.at, tolerance_m=30).spot
        condition = category.conditions[self.condition]
        draft = file_case(
            case_no=f"T{self.id.int % 10**12:012d}",
            report_id=self.report_id,
            source=self.source,
            kind=Kind.EVENT,
            category="0305",
            condition=self.condition,
            catalogue=self.book.catalogue.edition,
            limit=condition.limit,
            limit_source=condition.limit_source,
            spot=spot,
            desk="city",
            unit_code=self.book.decide(spot, category.matter(self.condition), self.at).unit_code,
            author_id=self.author_id,
            operator_id=None,
            campaign=None,
            tags=[],
            attention=[],
            recurrent=False,
        )
        self.thread = Thread("case", self.id)
        acting = Acting(now=self.at, post=Post.SHIFT_LEAD)
        self.life = fold([self.ledger.add(self.thread, draft, acting)])

    def step(
        self, after: timedelta, post: Post, command: commands.Command, *, by: UUID | None = None, inspectors: Any = ()
    ) -> "Tale":
        """Take a step so long after the one before."""
        self.at += after
        scene = Scene(
            now=self.at,
            post=post,
            actor_id=by,
            calendar=self.book.calendar,
            policies=DEFAULTS,
            units=self.book.units,
            inspectors=[Candidate(account_id=one) for one in inspectors],
        )
        draft = decide(self.life, command, scene)
        entry = self.ledger.add(self.thread, draft, Acting(now=self.at, post=post, actor_id=by))
        self.life = apply(self.life, entry)
        return self

    async def store(self, sessions: Sessions) -> UUID:
        """Write everything; return the case's id."""
        async with writing(sessions) as session:
            await session.execute(insert(Report).values(self._report()))
            await session.execute(insert(Case).values(self._case()))
            link = {"case_id": self.id, "report_id": self.report_id, "since": self.life.filed_at, "first": True}
            await session.execute(insert(CaseReport).values(link))
            await self._facts(session)
            await self.ledger.store(session)
        return self.id

    async def _facts(self, session: AsyncSession) -> None:
        facts = FactsRepository(session)
        await facts.put_legs(leg_facts(self.id, self.life))
        await facts.put_requests(requests(self.id, self.life))

    def _case(self) -> dict[str, Any]:
        return {
            **present(self.life),
            "id": self.id,
            "case_no": self.life.case_no,
            "source": self.source,
            "catalogue": self.life.catalogue,
            "description": self.description,
            "address": "一号路1号",
            "routing": {"unit_code": self.life.proposed_unit, "decided_by": "rule", "rule_id": "r1"},
            "desk": "city",
            "author_id": self.author_id,
            "filed_at": self.life.filed_at,
            "geom": wkb(Point(*self.place)),
        }

    def _report(self) -> dict[str, Any]:
        spot = self.life.spot
        return {
            "id": self.report_id,
            "receipt_no": f"R{self.report_id.int % 10**12:012d}",
            "query_digest": b"x",
            "state": ReportState.FILED,
            "source": self.source,
            "catalogue": self.life.catalogue,
            "description": self.description,
            "tags": [],
            "attention": [],
            "community": spot.community,
            "street": spot.street,
            "district": spot.district,
            "zones": {},
            "routing": {},
            "duplicates": [],
            "contact": Contact.VIA_DESK,
            "anonymous": False,
            "account_id": self.author_id,
            "received_at": self.life.filed_at,
            "updated_at": self.life.filed_at,
            "version": 1,
        }
