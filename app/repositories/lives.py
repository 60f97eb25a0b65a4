"""All SQL for whoever plays the city: the accounts by name, and how reports and cases stand between two steps."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import CaseState, ReportState, RequestState
from app.models.cases import Case, CaseRequest
from app.models.people import Account
from app.models.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStanding:
    """Whose a case is, who was sent to check it, and which request waits for a ruling."""

    unit_code: str | None
    inspector_id: UUID | None
    request_id: UUID | None


class LivesRepository:
    """Reports and cases from outside, read only."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def account_ids(self) -> dict[str, UUID]:
        """Return the active accounts by username."""
        found = await self._session.execute(select(Account.username, Account.id).where(Account.active))
        return {username: account_id for username, account_id in found}  # noqa: C416  # rows are not tuples to the type checker

    async def of_cases(self, case_ids: Collection[UUID]) -> dict[UUID, CaseStanding]:
        """Return how cases stand; at most one request of a case waits."""
        if not case_ids:
            return {}
        waits = (CaseRequest.case_id == Case.id) & (CaseRequest.state == RequestState.PENDING)
        found = await self._session.execute(
            select(Case.id, Case.unit_code, Case.inspector_id, CaseRequest.id)
            .outerjoin(CaseRequest, waits)
            .where(Case.id.in_(case_ids))
        )
        return {
            case_id: CaseStanding(unit_code=unit, inspector_id=inspector, request_id=request)
            for case_id, unit, inspector, request in found
        }

    async def verifiers(self, report_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
        """Return who was sent to verify each report."""
        if not report_ids:
            return {}
        found = await self._session.execute(select(Report.id, Report.verifier_id).where(Report.id.in_(report_ids)))
        return {report_id: verifier for report_id, verifier in found}  # noqa: C416  # as above

    async def case_states(self) -> dict[CaseState, int]:
        """Return how many cases stand in each state."""
        found = await self._session.execute(select(Case.state, func.count()).group_by(Case.state))
        return {CaseState(state): number for state, number in found}

    async def report_states(self) -> dict[ReportState, int]:
        """Return how many reports stand in each state."""
        found = await self._session.execute(select(Report.state, func.count()).group_by(Report.state))
        return {ReportState(state): number for state, number in found}
