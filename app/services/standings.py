"""What access needs to know of a report or case, from its row or from its life."""

from app.dispatch.access import Standing
from app.dispatch.case_life import CaseLife
from app.dispatch.report_life import ReportLife
from app.models.cases import Case
from app.models.reports import Report
from app.repositories.step_reading import LockedCase, LockedReport


def of_case(case: Case | LockedCase) -> Standing:
    """Return how a stored case stands."""
    regions = (case.district, case.street, case.community)
    return Standing(
        regions=frozenset(code for code in regions if code),
        desk=case.desk,
        unit_code=case.unit_code,
        unit_codes=frozenset(case.unit_codes),
        leg_units=frozenset(case.leg_units),
        author_id=case.author_id,
        task_id=case.inspector_id,
    )


def of_case_life(life: CaseLife) -> Standing:
    """Return how a case stands after its last step; the row will say the same."""
    return Standing(
        regions=life.spot.regions,
        desk=life.desk,
        unit_code=life.unit_code,
        unit_codes=frozenset(leg.unit_code for turn in life.rounds for leg in turn.legs),
        leg_units=frozenset(part.unit_code for part in life.round.parts),
        author_id=life.author_id,
        task_id=life.inspector_id,
    )


def of_report(report: Report | LockedReport) -> Standing:
    """Return how a stored report stands."""
    regions = (report.district, report.street, report.community)
    return Standing(
        regions=frozenset(code for code in regions if code),
        desk=report.desk,
        author_id=report.account_id,
        task_id=report.verifier_id,
    )


def of_report_life(life: ReportLife) -> Standing:
    """Return how a report stands after its last step; the row will say the same."""
    return Standing(regions=life.spot.regions, desk=life.desk, author_id=life.author_id, task_id=life.verifier_id)
