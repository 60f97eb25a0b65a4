"""Reach as SQL: the same five ways to see a row that `Sight.covers` has."""

from sqlalchemy import ColumnElement, false, or_, true

from app.dispatch.access import Sight
from app.models.cases import Case
from app.models.reports import Report


def reports_in_sight(sight: Sight) -> ColumnElement[bool]:
    """Return the condition under which a report is seen; units never see one, they have no part in it."""
    if sight.everywhere:
        return true()
    ways: list[ColumnElement[bool]] = []
    if sight.regions:
        ways += [column.in_(sorted(sight.regions)) for column in (Report.district, Report.street, Report.community)]
    if sight.author_id is not None:
        ways.append(Report.account_id == sight.author_id)
    if sight.task_id is not None:
        ways.append(Report.verifier_id == sight.task_id)
    return or_(false(), *ways)


def cases_in_sight(sight: Sight) -> ColumnElement[bool]:
    """Return the condition under which a case is seen; `unit_codes` holds every unit that ever had a leg of it."""
    if sight.everywhere:
        return true()
    ways: list[ColumnElement[bool]] = []
    if sight.regions:
        ways += [column.in_(sorted(sight.regions)) for column in (Case.district, Case.street, Case.community)]
    if sight.units:
        ways.append(Case.unit_codes.overlap(sorted(sight.units)))
    if sight.author_id is not None:
        ways.append(Case.author_id == sight.author_id)
    if sight.task_id is not None:
        ways.append(Case.inspector_id == sight.task_id)
    return or_(false(), *ways)
