"""Lock and read everything that a batch of steps needs, one statement a kind; what nothing needs is not asked for."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Appointment
from app.dispatch.book import Book
from app.dispatch.case_facts import END_ASKED
from app.dispatch.codes import Kind, RequestKind
from app.dispatch.drawing import Inspector
from app.dispatch.policies import Policies
from app.repositories.inspectors import InspectorReading
from app.repositories.sets import SetRepository
from app.repositories.step_reading import LinkedReport, LockedCase, NearCase, Spotted, StepReading
from app.services.held import HeldCase, HeldReport
from app.services.intents import Wanted
from app.services.vault import Personal, Vault

KNOWN: Final = (Personal.NAME, Personal.PHONE, Personal.CALLBACK_PHONE)
"""Values of the vault that are taken out of every text."""

Place = tuple[Kind, str, float, float]
"""What a new case would be, and where: kind, category, degrees east and north."""


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What was locked and read."""

    cases: dict[UUID, HeldCase] = field(default_factory=dict)
    reports: dict[UUID, HeldReport] = field(default_factory=dict)
    known: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    inspectors: Sequence[Inspector] = ()
    seconds: Mapping[UUID, Sequence[Appointment]] = field(default_factory=dict)
    maintainers: Mapping[str, str | None] = field(default_factory=dict)
    near: Mapping[Place, Sequence[NearCase]] = field(default_factory=dict)
    numbers: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Who reads up for a batch, within one transaction."""

    session: AsyncSession
    book: Book
    vault: Vault
    policies: Policies

    async def gather(self, wanted: Wanted) -> Gathered:
        """Lock cases, then reports, each in the order of ids; read the rest behind the locks."""
        reading = StepReading(self.session)
        left = await reading.cases_of(wanted.leaving)
        cases = await reading.lock_cases(wanted.cases | {one for some in left.values() for one in some})
        ended = _to_end(wanted, cases)
        redone = {case for report in wanted.redoing for case in left.get(report, ())}
        linked = await reading.linked_reports((wanted.telling | ended | redone) & cases.keys())
        ending = _ending(wanted, ended, linked)
        reports = await reading.lock_reports(wanted.reports | _called(wanted, linked) | ending)
        histories = await reading.histories(cases.keys() | reports.keys())
        belonging = await reading.cases_of((ending | wanted.leaving) & reports.keys())
        gathered = Gathered(
            cases={one: HeldCase.of(row, histories[one], linked.get(one, ())) for one, row in cases.items()},
            reports={one: HeldReport.of(row, histories[one], belonging.get(one, {})) for one, row in reports.items()},
            known=await self._known(wanted, linked),
            inspectors=await self._inspectors(wanted, cases),
            seconds=await reading.appointments(wanted.seconds),
        )
        await self._claimed(reading, wanted.granting & cases.keys(), gathered)
        await self._for_filing(reading, wanted, gathered)
        return gathered

    async def _claimed(self, reading: StepReading, granting: Collection[UUID], gathered: Gathered) -> None:
        """Read the answers that go out if the end is granted that a unit has asked for."""
        steps = {one: step for one in granting if (step := _claim_of(gathered.cases[one])) is not None}
        for one, answer in (await reading.texts(list(steps.items()), "public_answer")).items():
            gathered.cases[one].claimed = answer

    async def _inspectors(self, wanted: Wanted, cases: Mapping[UUID, LockedCase]) -> Sequence[Inspector]:
        """Return the inspectors where somebody may be sent; who checks what he reported may be looked over."""
        passed = (cases[one] for one in wanted.passing if one in cases)
        own = (one for one in passed if one.author_id is not None and one.author_id == one.inspector_id)
        if not wanted.inspectors and next(own, None) is None:
            return ()
        return await InspectorReading(self.session).all(min(one.now for one in wanted.intents))

    async def _known(self, wanted: Wanted, linked: Mapping[UUID, Sequence[LinkedReport]]) -> dict[UUID, frozenset[str]]:
        """Return names and numbers of those reporters about whose matter something is said."""
        cases, reports = wanted.speaking
        joining = {report for case, some in wanted.joining.items() if case in cases for report in some}
        carried = {one.report_id for case in cases for one in linked.get(case, ())}
        opened = await self.vault.open(self.session, reports | joining | carried, KNOWN)
        return {one: frozenset(v for values in fields.values() for v in values) for one, fields in opened.items()}

    async def _for_filing(self, reading: StepReading, wanted: Wanted, gathered: Gathered) -> None:
        """Read who maintains the components that reports name, what was closed near them, and new numbers."""
        placed = (gathered.reports[one] for one in wanted.placing if one in gathered.reports)
        codes = {one.row.component_code for one in placed if one.row.component_code}
        routed = [gathered.cases[one].row for one in wanted.relapsing | wanted.amending if one in gathered.cases]
        codes |= {row.component_code for row in routed if row is not None and row.component_code}
        gathered.maintainers = await SetRepository(self.session).maintainers(codes)
        filings = [(one, filing) for one, filing in wanted.filings if one.subject_id in gathered.reports]
        again = len(wanted.relapsing & gathered.cases.keys())
        if not filings and not again:
            return
        earliest = min(one.now for one in wanted.intents)
        since = earliest - max(self.book.policies.values("recurrence_within", earliest, self.policies))
        accepted = wanted.acceptances
        places = {
            place
            for one, filing in filings
            for place in self._places(gathered.reports[one.subject_id], filing, accepted.get(one.subject_id, ()))
        }
        asked = [Spotted(kind=kind, category=code, lon=lon, lat=lat, since=since) for kind, code, lon, lat in places]
        near, gathered.numbers = await reading.new_cases(
            asked,
            radius_m=self.book.city_policies(earliest, self.policies).recurrence_radius_m,
            moving=wanted.moving,
            cases=sum(len(filing.cases) for _, filing in filings) + again,
        )
        gathered.near = dict(zip(places, near, strict=True))

    def _places(self, held: HeldReport, filing: commands.File, accepted: Sequence[commands.Accept]) -> Iterator[Place]:
        """Return what may be filed where: the report as it is, or as it is accepted before in the same batch."""
        shape = held.row.shape
        points = {(shape.x, shape.y)} if shape is not None else set()
        points |= {(one.point.lon, one.point.lat) for one in accepted if one.point is not None}
        matters = {(held.life.kind, held.life.category), *((one.kind, one.category) for one in accepted)}
        for case in filing.cases:
            for kind, code in matters:
                category = self.book.catalogue.find(case.kind or kind, case.category or code)
                if category is not None:
                    yield from ((category.kind, category.code, lon, lat) for lon, lat in points)


def _to_end(wanted: Wanted, cases: Mapping[UUID, LockedCase]) -> set[UUID]:
    """Return the cases whose reporters may have to be answered, or that begin anew from their first report."""
    asked = {one for one, row in cases.items() if END_ASKED in row.flags} | wanted.claiming
    return wanted.closing | (wanted.granting & asked) | wanted.relapsing


def _ending(wanted: Wanted, ended: AbstractSet[UUID], linked: Mapping[UUID, Sequence[LinkedReport]]) -> set[UUID]:
    """Return the reports that those cases carry, or will carry by then."""
    sources = {case for case, into in wanted.merging.items() if into in ended}
    joining = {report for case, some in wanted.joining.items() if case in ended | sources for report in some}
    return joining | {one.report_id for case in ended | sources for one in linked.get(case, ())}


def _called(wanted: Wanted, linked: Mapping[UUID, Sequence[LinkedReport]]) -> set[UUID]:
    """Return the reports with which an opinion is recorded, where they belong to the case that it is about."""
    return {
        report
        for case, report in wanted.called_back
        if any(one.report_id == report for one in linked.get(case, ())) or report in wanted.joining.get(case, ())
    }


def _claim_of(held: HeldCase) -> int | None:
    """Return the number of the step by which the end was asked for that waits for its ruling."""
    pending = held.life.round.pending
    if pending is None or pending.kind is not RequestKind.END:
        return None
    steps = (entry for entry, _ in reversed(held.steps))
    return next((one.number for one in steps if one.payload.get("request_id") == str(pending.id)), None)
