"""Lock and read everything that a batch of steps needs, one statement a kind; what nothing needs is not asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.book import Book
from app.dispatch.codes import Kind, Post
from app.dispatch.policies import Policies
from app.repositories.sets import SetRepository
from app.repositories.step_reading import LinkedReport, NearCase, Spotted, StepReading
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
    inspectors: Sequence[tuple[UUID, str | None]] = ()
    shift_leads: frozenset[UUID] = frozenset()
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
        linked = await reading.linked_reports(wanted.telling & cases.keys())
        reports = await reading.lock_reports(wanted.reports | _concerned(wanted, linked))
        histories = await reading.histories(cases.keys() | reports.keys())
        belonging = await reading.cases_of(_ending(wanted, linked) & reports.keys())
        gathered = Gathered(
            cases={one: HeldCase.of(row, histories[one], linked.get(one, ())) for one, row in cases.items()},
            reports={one: HeldReport.of(row, histories[one], belonging.get(one, {})) for one, row in reports.items()},
            known=await self._known(wanted, linked),
            inspectors=await reading.inspectors() if wanted.inspectors else (),
            shift_leads=frozenset(await reading.holders(wanted.seconds, Post.SHIFT_LEAD)),
        )
        await self._for_filing(reading, wanted, gathered)
        return gathered

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
        gathered.maintainers = await SetRepository(self.session).maintainers(codes)
        filings = [(one, filing) for one, filing in wanted.filings if one.subject_id in gathered.reports]
        if not filings:
            return
        earliest = min(one.now for one, _ in filings)
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
            cases=sum(len(filing.cases) for _, filing in filings),
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


def _ending(wanted: Wanted, linked: Mapping[UUID, Sequence[LinkedReport]]) -> set[UUID]:
    """Return the reports that cases about to close carry, or will carry by then."""
    joining = {report for case, some in wanted.joining.items() if case in wanted.closing for report in some}
    return joining | {one.report_id for case in wanted.closing for one in linked.get(case, ())}


def _concerned(wanted: Wanted, linked: Mapping[UUID, Sequence[LinkedReport]]) -> set[UUID]:
    """Return the reports that steps of cases take a step of, too: replies, and opinions where they belong."""
    called = {
        report
        for case, report in wanted.called_back
        if any(one.report_id == report for one in linked.get(case, ())) or report in wanted.joining.get(case, ())
    }
    return called | _ending(wanted, linked)
