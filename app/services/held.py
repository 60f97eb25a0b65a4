"""Reports and cases locked for writing: their rows, their lives, and the ends of their chains, as steps move them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from app.dispatch import case_fold, report_life
from app.dispatch.access import Standing
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import CaseState
from app.dispatch.history import Entry
from app.dispatch.report_life import ReportLife
from app.repositories.step_reading import LinkedReport, LockedCase, LockedReport
from app.services import standings
from app.services.ledger import Thread

ENDED: Final = frozenset({CaseState.CLOSED, CaseState.VOIDED})
Steps = Sequence[tuple[Entry, str]]
"""What is stored of a history, each step with its hash."""


@dataclass(slots=True, kw_only=True)
class HeldCase:
    """A case under change; `row` is missing where it is new, `opened` then holds what came from its first report.

    `claimed`: the answer that goes out once the end is granted that a unit asked for; `placed`: columns of amending.
    """

    thread: Thread
    row: LockedCase | None = None
    steps: Steps = ()
    linked: tuple[LinkedReport, ...] = ()
    public_answer: str | None = None
    claimed: str | None = None
    opened: Mapping[str, Any] = field(default_factory=dict)
    placed: Mapping[str, Any] = field(default_factory=dict)
    folded: CaseLife | None = None
    first_round: int = 1
    stored: int = 0

    @classmethod
    def of(cls, row: LockedCase, steps: Steps, linked: Sequence[LinkedReport]) -> "HeldCase":
        """Take up a stored case; its history is folded when it is asked for first."""
        thread = Thread.of("case", row.id, steps)
        answer = row.public_answer
        return cls(
            thread=thread, row=row, steps=steps, linked=tuple(linked), public_answer=answer, stored=thread.number
        )

    @property
    def id(self) -> UUID:
        """The case's own id."""
        return self.thread.subject_id

    @property
    def version(self) -> int:
        """The version that was locked."""
        return self.row.version if self.row else 0

    @property
    def life(self) -> CaseLife:
        """The case as its history tells it, with the steps just taken."""
        if self.folded is None:
            self.folded = case_fold.fold(entry for entry, _ in self.steps)
            self.first_round = self.folded.round.number
        return self.folded

    @property
    def changed(self) -> bool:
        """Whether a step was taken since it was locked."""
        return self.thread.number > self.stored

    @property
    def counted_task_id(self) -> UUID | None:
        """Whose task it was when it was locked."""
        return self.row.inspector_id if self.row else None

    @property
    def standing(self) -> Standing:
        """What access needs to know of it."""
        if self.row is None or self.changed:
            return standings.of_case_life(self.life)
        return standings.of_case(self.row)

    def take(self, entry: Entry) -> None:
        """Go on by a step that was recorded."""
        self.folded = case_fold.apply(self.life, entry)

    def now(self) -> tuple[Any, ...]:
        """Return what steps change, for `put_back`."""
        return self.folded, self.linked, self.public_answer, self.claimed, self.placed, _end(self.thread)

    def put_back(self, before: tuple[Any, ...]) -> None:
        """Be as before a step that was refused."""
        self.folded, self.linked, self.public_answer, self.claimed, self.placed, end = before
        self.thread.number, self.thread.state, self.thread.hash = end


@dataclass(slots=True, kw_only=True)
class HeldReport:
    """A report under change. `cases`: those it belongs to, where somebody asks; `placed`: columns of accepting."""

    thread: Thread
    row: LockedReport
    steps: Steps = ()
    cases: Mapping[UUID, CaseState] = field(default_factory=dict)
    placed: Mapping[str, Any] = field(default_factory=dict)
    folded: ReportLife | None = None
    stored: int = 0

    @classmethod
    def of(cls, row: LockedReport, steps: Steps, cases: Mapping[UUID, CaseState]) -> "HeldReport":
        """Take up a stored report; its history is folded when it is asked for first."""
        thread = Thread.of("report", row.id, steps)
        return cls(thread=thread, row=row, steps=steps, cases=cases, stored=thread.number)

    @property
    def id(self) -> UUID:
        """The report's own id."""
        return self.thread.subject_id

    @property
    def version(self) -> int:
        """The version that was locked."""
        return self.row.version

    @property
    def life(self) -> ReportLife:
        """The report as its history tells it, with the steps just taken."""
        if self.folded is None:
            self.folded = report_life.fold(entry for entry, _ in self.steps)
        return self.folded

    @property
    def changed(self) -> bool:
        """Whether a step was taken since it was locked."""
        return self.thread.number > self.stored

    @property
    def counted_task_id(self) -> UUID | None:
        """Whose task it was when it was locked."""
        return self.row.verifier_id

    @property
    def standing(self) -> Standing:
        """What access needs to know of it."""
        return standings.of_report_life(self.life) if self.changed else standings.of_report(self.row)

    @property
    def link(self) -> LinkedReport:
        """The report as the cases that carry it know it."""
        row = self.row
        return LinkedReport(
            report_id=row.id,
            receipt_no=row.receipt_no,
            order_no=row.order_no,
            tells=row.tells,
            asks_call=row.asks_call,
            called_at=self.life.called_back_at,
        )

    def join(self, case_id: UUID, state: CaseState) -> None:
        """Belong to a case from now on."""
        self.cases = {**self.cases, case_id: state}

    def leave(self) -> None:
        """Belong to no case any more."""
        self.cases = {}

    def take(self, entry: Entry) -> None:
        """Go on by a step that was recorded."""
        self.folded = report_life.apply(self.life, entry)

    def now(self) -> tuple[Any, ...]:
        """Return what steps change, for `put_back`."""
        return self.folded, self.row, self.cases, self.placed, _end(self.thread)

    def put_back(self, before: tuple[Any, ...]) -> None:
        """Be as before a step that was refused."""
        self.folded, self.row, self.cases, self.placed, end = before
        self.thread.number, self.thread.state, self.thread.hash = end


def _end(thread: Thread) -> tuple[int, str | None, str | None]:
    return thread.number, thread.state, thread.hash
