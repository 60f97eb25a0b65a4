"""One transaction over many reports and cases: all that is touched is read at once, decided in memory, written at once.

The number of statements depends on what kinds of steps are wanted, never on how many of them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Appointment
from app.dispatch.beats import beats_of
from app.dispatch.book import Book
from app.dispatch.catalogue import Category
from app.dispatch.codes import CaseState, EndKind
from app.dispatch.deciding import Scene
from app.dispatch.drawing import Candidate, candidates
from app.dispatch.policies import Policies
from app.dispatch.policy_about import about, about_case, about_report
from app.dispatch.scrub import scrub
from app.repositories.step_writing import StepWriting
from app.services.effects import Effects
from app.services.gathering import Gathered, Gatherer
from app.services.held import HeldCase, HeldReport
from app.services.intents import Intent, Wanted
from app.services.ledger import Acting, Ledger
from app.services.step_rows import rows_of
from app.services.vault import Vault


@dataclass(slots=True, kw_only=True)
class Sitting:
    """Hold, take steps, store: in this order, within a transaction that somebody else commits."""

    session: AsyncSession
    book: Book
    vault: Vault
    policies: Policies
    ledger: Ledger = field(default_factory=lambda: Ledger(clean=str))
    effects: Effects = field(default_factory=Effects)
    _gathered: Gathered = field(default_factory=Gathered)
    _before: dict[UUID, tuple[HeldCase | HeldReport, tuple[Any, ...]]] = field(default_factory=dict)
    _opened: list[UUID] = field(default_factory=list)
    _numbered: int = 0

    async def hold(self, intents: Sequence[Intent]) -> None:
        """Lock and read everything that these steps, and no others, will need."""
        reader = Gatherer(session=self.session, book=self.book, vault=self.vault, policies=self.policies)
        self._gathered = await reader.gather(Wanted(intents))

    async def store(self) -> None:
        """Write what the steps led to."""
        await StepWriting(self.session).store(rows_of(self._gathered, self.effects, self.ledger))

    def case(self, case_id: UUID) -> HeldCase | None:
        """Return a case that is held."""
        return self._gathered.cases.get(case_id)

    def report(self, report_id: UUID) -> HeldReport | None:
        """Return a report that is held."""
        return self._gathered.reports.get(report_id)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take steps as one: where any of them is refused, none of them leaves a trace. May stand within another."""
        ledger, effects, opened, numbered = self.ledger.mark(), self.effects.mark(), len(self._opened), self._numbered
        around, self._before = self._before, {}
        try:
            yield
        except BaseException:
            for held, state in self._before.values():
                held.put_back(state)
            for case_id in self._opened[opened:]:
                del self._gathered.cases[case_id]
            del self._opened[opened:]
            self._numbered = numbered
            self.ledger.cut(ledger)
            self.effects.cut(effects)
            self._before = around
            raise
        for one, before in self._before.items():
            around.setdefault(one, before)
        self._before = around

    def touch(self, held: HeldCase | HeldReport) -> None:
        """Remember how something was before it changes."""
        if held.id not in self._before:
            self._before[held.id] = held, held.now()

    def add(self, held: HeldCase) -> None:
        """Hold a case that was just opened."""
        self._gathered.cases[held.id] = held
        self._opened.append(held.id)

    def scene(self, acting: Acting, held: HeldCase | HeldReport, *, sends: bool = False) -> Scene:
        """Return what a decision may look at; the inspectors within reach only where somebody may be sent."""
        inspectors = self._within_reach(held, acting.now) if sends else ()
        return Scene(
            now=acting.now,
            post=acting.post,
            actor_id=acting.actor_id,
            calendar=self.book.calendar,
            policies=self.policies_of(held, acting.now),
            units=self.book.units,
            own_units=acting.own_units,
            inspectors=inspectors,
        )

    def _within_reach(self, held: HeldCase | HeldReport, at: datetime) -> tuple[Candidate, ...]:
        """Return the inspectors as they stand to a case or report, with what this sitting has given and taken."""
        changed = self._tasks_changed()
        known = (replace(one, load=one.load + changed[one.account_id]) for one in self._gathered.inspectors)
        return candidates(known, held.life.spot, held.life.desk, at, beats_of(self.book.cells).away_m)

    def _tasks_changed(self) -> Counter[UUID]:
        """Return how many tasks more each inspector has in hand than when they were counted."""
        changed: Counter[UUID] = Counter()
        moved: list[HeldCase | HeldReport] = [*self._gathered.cases.values(), *self._gathered.reports.values()]
        for held in moved:
            if held.changed and held.standing.task_id != held.counted_task_id:
                changed.update([held.standing.task_id] if held.standing.task_id else ())
                changed.subtract([held.counted_task_id] if held.counted_task_id else ())
        return changed

    def policies_of(self, held: HeldCase | HeldReport, at: datetime) -> Policies:
        """Return what holds for a case or report as it stands now."""
        if not self.book.policies.rows:
            return self.policies
        what = about_case(held.life, self.book) if isinstance(held, HeldCase) else about_report(held.life, self.book)
        return self.book.policies.of(what, at, self.policies)

    def city_policies(self, at: datetime) -> Policies:
        """Return what holds before anything is known of a report."""
        return self.book.city_policies(at, self.policies)

    def cleaner(self, held: HeldCase | HeldReport) -> Callable[[str], str]:
        """Return what takes numbers, and what is known of the reporters, out of a text about a report or case."""
        reports = [one.report_id for one in held.linked] if isinstance(held, HeldCase) else [held.id]
        known = {value for one in reports for value in self._gathered.known.get(one, ())}
        return lambda text: scrub(text, known).text

    def appointments_of(self, account_id: UUID) -> tuple[Appointment, ...]:
        """Return what a second person who was named is appointed to."""
        return tuple(self._gathered.seconds.get(account_id, ()))

    def maintainer(self, code: str | None) -> tuple[str | None, bool]:
        """Return who maintains a component, and whether the component is known at all."""
        known = self._gathered.maintainers
        return known.get(code or ""), code in known

    def next_number(self) -> int:
        """Return the next number behind `case_no`."""
        self._numbered += 1
        return self._gathered.numbers[self._numbered - 1]

    def came_back(self, report: HeldReport, category: Category, lon: float, lat: float, now: datetime) -> bool:
        """Tell whether what a report says was closed hereabouts a short while ago, perhaps just now in this sitting."""
        what = about(category, report.life.source, report.life.desk, report.life.unit_code, self.book)
        since = now - self.book.policies.of(what, now, self.policies).recurrence_within
        for one in self._gathered.near[category.kind, category.code, lon, lat]:
            held = self.case(one.id)
            state, closed_at = (held.life.state, held.life.round.closed_at) if held else (one.state, one.closed_at)
            if held and held.life.round.end_kind is EndKind.MERGED:
                continue
            if state is CaseState.CLOSED and closed_at is not None and closed_at >= since:
                return True
        return False

    def carrying(self, report_id: UUID) -> list[HeldCase]:
        """Return the cases held here that carry a report."""
        cases = self._gathered.cases.values()
        return [case for case in cases if any(one.report_id == report_id for one in case.linked)]

    def state_of(self, case_id: UUID, stored: CaseState) -> CaseState:
        """Return the state of a case that a report belongs to, as this sitting has left it."""
        held = self.case(case_id)
        return held.life.state if held is not None else stored
