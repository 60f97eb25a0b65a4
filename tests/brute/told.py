"""Histories told by the decisions alone, and stored at once: rows and facts as the services write them step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import case_actions, case_fold, commands, report_actions, report_life
from app.dispatch.calendar import WorkCalendar
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.case_filing import file_case
from app.dispatch.case_life import CaseLife, Spot
from app.dispatch.codes import Action, CaseState, Kind, LimitUnit, Post, ReportState, Source
from app.dispatch.deciding import Amended, Scene
from app.dispatch.drawing import Candidate
from app.dispatch.errors import GridcaseError
from app.dispatch.facts import LegFacts, RoundFacts
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.policies import Policies
from app.dispatch.report_actions import Placed
from app.dispatch.report_life import ReportLife, received_payload, report_facts
from app.dispatch.responsibility import Unit
from app.services.ledger import Acting, Ledger, Thread
from tests.brute.moves import BEGIN, Around, Arriving, CaseNow, Move, ReportNow, meant, post_of
from tests.dispatch.facts_drawn import Facts
from tests.repositories.facts_stored import store
from tests.small_city import DISTRICT, EAST, EAST_CELL, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, WEST_CELL

LIMITS: Final = {
    1: Limit(value=Decimal(4), unit=LimitUnit.WORK_HOUR),
    2: Limit(value=Decimal(2), unit=LimitUnit.CONTINUOUS_HOUR),
    3: Limit(value=Decimal(2), unit=LimitUnit.WORK_DAY),
    4: Limit(value=Decimal(1), unit=LimitUnit.CONTINUOUS_DAY),
}
SPOTS: Final = (
    (Spot(cell_code=WEST_CELL, community=f"{WEST}001", street=WEST, district=DISTRICT, zones={}), UNIT_WEST),
    (Spot(cell_code=EAST_CELL, community=f"{EAST}001", street=EAST, district=DISTRICT, zones={}), UNIT_EAST),
    (Spot(zones={}), None),
)
UNITS: Final = {
    UNIT_TOP: Unit(code=UNIT_TOP, name="top", desk=True),
    **{code: Unit(code=code, name=code, parent_code=UNIT_TOP) for code in (UNIT_WEST, UNIT_EAST)},
}
PEOPLE: Final = tuple(UUID(int=n) for n in range(1, 5))


@dataclass(slots=True)
class ToldReport:
    """A report so far."""

    thread: Thread
    life: ReportLife
    cases: list[UUID] = field(default_factory=list)


@dataclass(slots=True)
class ToldCase:
    """A case so far, with the facts of each round as they were written when it was the present one."""

    thread: Thread
    life: CaseLife
    rounds: dict[int, RoundFacts] = field(default_factory=dict)
    legs: dict[tuple[int, int], LegFacts] = field(default_factory=dict)

    def take(self, life: CaseLife) -> None:
        self.life = life
        case_id, present = self.thread.subject_id, life.round.number
        self.rounds |= {one.round: one for one in round_facts(case_id, life) if one.round == present}
        self.legs |= {(one.round, one.number): one for one in leg_facts(case_id, life) if one.round == present}


@dataclass(slots=True)
class Told:
    """All that has happened."""

    calendar: WorkCalendar
    policies: Policies
    now: datetime = BEGIN
    ledger: Ledger = field(default_factory=lambda: Ledger(clean=str))
    reports: dict[UUID, ToldReport] = field(default_factory=dict)
    cases: dict[UUID, ToldCase] = field(default_factory=dict)

    def live(self, moves: Sequence[Move]) -> None:
        """Let everything happen; what the rules refuse does not."""
        for move in moves:
            self.now += move.gap
            wanted = meant(move, self._around())
            if isinstance(wanted, Arriving):
                self._receive(wanted)
                continue
            thing, command = wanted
            try:
                self._on_case(thing, command) if isinstance(thing, CaseNow) else self._on_report(thing.id, command)
            except GridcaseError:
                continue

    async def store(self, session: AsyncSession) -> None:
        """Write rows and facts."""
        facts = Facts(
            rounds=[one for case in self.cases.values() for one in case.rounds.values()],
            legs=[one for case in self.cases.values() for one in case.legs.values()],
            reports=[report_facts(report_id, report.life) for report_id, report in self.reports.items()],
        )
        await store(session, facts)
        await self.ledger.store(session)

    def _around(self) -> Around:
        cases = []
        for case_id, case in self.cases.items():
            pending = case.life.round.pending
            cases.append(
                CaseNow(
                    id=case_id,
                    state=case.life.state,
                    report_id=case.life.report_id,
                    request_id=pending.id if pending else None,
                    ruler=pending.ruler if pending else None,
                )
            )
        return Around(
            now=self.now,
            reports=[ReportNow(id=one, state=report.life.state) for one, report in self.reports.items()],
            cases=cases,
            conditions=tuple(LIMITS),
            kinds=tuple(Kind),
            second=PEOPLE[1],
        )

    def _scene(self, post: Post) -> Scene:
        return Scene(
            now=self.now,
            post=post,
            actor_id=PEOPLE[0],
            calendar=self.calendar,
            policies=self.policies,
            units=UNITS,
            inspectors=[Candidate(account_id=one) for one in PEOPLE[2:]],
        )

    def _acting(self, post: Post) -> Acting:
        return Acting(now=self.now, post=post, actor_id=PEOPLE[0])

    def _receive(self, arriving: Arriving) -> None:
        spot, unit_code = SPOTS[arriving.place]
        due_at = self.now + arriving.answer_within if arriving.answer_within else None
        payload = received_payload(
            source=arriving.source,
            kind=arriving.kind,
            category="0305",
            campaign=None,
            desk="city",
            spot=_json(spot),
            unit_code=unit_code,
            author_id=PEOPLE[2] if arriving.source is Source.INSPECTOR else None,
            answer_due_at=due_at,
            attention=(),
        )
        thread = Thread("report", UUID(int=1000 + len(self.reports)))
        draft = Draft(action=Action.RECEIVE, target=ReportState.RECEIVED, payload=payload)
        life = report_life.fold([self.ledger.add(thread, draft, self._acting(Post.OPERATOR))])
        self.reports[thread.subject_id] = ToldReport(thread, life)

    def _on_report(self, report_id: UUID, command: commands.Command) -> None:
        report = self.reports[report_id]
        match command:
            case commands.AcceptFileDispatch():
                self._on_report(report_id, command.accept)
                self._on_report(report_id, command.file)
                for case_id in report.cases:
                    self._step(self.cases[case_id], command.dispatch, Post.DISPATCHER)
            case commands.Accept():
                spot, unit_code = SPOTS[len(self.reports) % 2] if report.life.spot.street is None else _where(report)
                self._tell(report, command, Placed(spot=spot, unit_code=unit_code, attention=frozenset()))
            case commands.File() if report.life.kind is None:
                return  # unmerged before anybody gave it a category: the service asks for one
            case commands.File():
                self._tell(report, command)
                report.cases = [self._open(report, wanted.condition) for wanted in command.cases]
            case commands.Merge():
                if self.cases[command.into_case].life.state not in {CaseState.CLOSED, CaseState.VOIDED}:
                    self._tell(report, command)
                    report.cases = [command.into_case]
            case commands.Unmerge():
                self._tell(report, command)
                report.cases = []
            case _:
                self._tell(report, command)

    def _tell(self, report: ToldReport, command: commands.Command, placed: Placed | None = None) -> None:
        draft = report_actions.decide(report.life, command, self._scene(Post.OPERATOR), placed)
        report.life = report_life.apply(report.life, self.ledger.add(report.thread, draft, self._acting(Post.OPERATOR)))

    def _open(self, report: ToldReport, condition: int) -> UUID:
        life, number = report.life, len(self.cases)
        assert life.kind is not None
        draft = file_case(
            case_no=f"T{number}",
            report_id=report.thread.subject_id,
            source=life.source,
            kind=life.kind,
            category="0305",
            condition=condition,
            catalogue="test",
            limit=LIMITS[condition],
            limit_source="test",
            spot=life.spot,
            desk="city",
            unit_code=life.unit_code,
            author_id=life.author_id,
            operator_id=life.operator_id,
            campaign=None,
            tags=(),
            attention=(),
            recurrent=number % 2 == 1,
        )
        thread = Thread("case", UUID(int=2000 + number))
        case = ToldCase(thread, case_fold.fold([self.ledger.add(thread, draft, self._acting(Post.SHIFT_LEAD))]))
        case.take(case.life)
        self.cases[thread.subject_id] = case
        return thread.subject_id

    def _on_case(self, now: CaseNow, command: commands.Command) -> None:
        post = post_of(now, command)
        case, ended = self.cases[now.id], {CaseState.CLOSED, CaseState.VOIDED}
        before = case.life.state
        if isinstance(command, commands.MergeCase):
            self._merge(now.id, command)
            return
        self._step(case, command, post)
        if isinstance(command, commands.CallBack):
            self._tell(self.reports[command.report_id], command)
        if case.life.state in ended and before not in ended:
            self._reply(now.id)

    def _merge(self, case_id: UUID, command: commands.MergeCase) -> None:
        """Let a case end in another that is open, and its reports wait for that one."""
        if self.cases[command.into_case].life.state in {CaseState.CLOSED, CaseState.VOIDED}:
            return
        self._step(self.cases[case_id], command, Post.SHIFT_LEAD)
        for report in self.reports.values():
            if case_id in report.cases and command.into_case not in report.cases:
                report.cases = [*report.cases, command.into_case]

    def _step(self, case: ToldCase, command: commands.Command, post: Post) -> None:
        scene = self._scene(post)
        if isinstance(command, commands.Amend):
            scene = replace(scene, amended=_amended(case.life, command))
        draft = case_actions.decide(case.life, command, scene)
        case.take(case_fold.apply(case.life, self.ledger.add(case.thread, draft, self._acting(post))))

    def _reply(self, case_id: UUID) -> None:
        """Tell the reporters of a closed case who wait for no other."""
        end_kind = self.cases[case_id].life.round.end_kind
        ended = {CaseState.CLOSED, CaseState.VOIDED}
        for report in self.reports.values():
            if case_id in report.cases and all(self.cases[one].life.state in ended for one in report.cases):
                self._tell(report, commands.Reply(case_id=case_id, end_kind=end_kind))


def _amended(life: CaseLife, wanted: commands.Amend) -> Amended:
    """Return the case under another condition, routed to the street it does not lie in."""
    condition = wanted.condition or life.condition
    _, unit_code = SPOTS[condition % 2]
    return Amended(
        kind=life.kind,
        category=life.category,
        condition=condition,
        catalogue=life.catalogue,
        limit=LIMITS[condition],
        limit_source="test",
        unit_code=unit_code,
        attention=life.attention,
    )


def _where(report: ToldReport) -> tuple[Spot, str | None]:
    return next(one for one in SPOTS if one[0].street == report.life.spot.street)


def _json(spot: Spot) -> dict[str, Any]:
    names = ("cell_code", "beat_code", "community", "street", "district")
    return {**{name: getattr(spot, name) for name in names}, "zones": {}}
