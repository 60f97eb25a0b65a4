"""Reach as SQL: the same seven ways to see a row that `Sight.covers` has."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal_column, or_, true

from app.dispatch.access import CITY_DESK, Sight
from app.models.cases import Case
from app.models.orders import OrderRow
from app.models.reports import Report


def reports_in_sight(sight: Sight) -> ColumnElement[bool]:
    """Return the condition under which a report is seen; units never see one, they have no part in it."""
    if sight.everywhere:
        return true()
    ways = _by_place(Report, sight)
    if sight.author_id is not None:
        ways.append(Report.account_id == sight.author_id)
    if sight.task_id is not None:
        ways.append(Report.verifier_id == sight.task_id)
    return or_(false(), *ways)


def cases_in_sight(sight: Sight) -> ColumnElement[bool]:
    """Return the condition under which a case is seen; `unit_codes` holds every unit that ever had a leg of it."""
    if sight.everywhere:
        return true()
    ways = _by_place(Case, sight)
    if sight.units:
        ways.append(Case.unit_codes.overlap(sorted(sight.units)))
    if sight.author_id is not None:
        ways.append(Case.author_id == sight.author_id)
    if sight.task_id is not None:
        ways.append(Case.inspector_id == sight.task_id)
    return or_(false(), *ways)


def orders_in_sight(sight: Sight) -> ColumnElement[bool]:
    """Return the condition under which an order is seen; `Sight.covers` says the same of its `Standing`."""
    if sight.everywhere:
        return true()
    ways: list[ColumnElement[bool]] = []
    if sight.regions:
        ways.append(OrderRow.regions.overlap(sorted(sight.regions)))
    if sight.desks:
        ways.append(OrderRow.desk.in_(sorted(sight.desks)))
    ways += [
        and_(OrderRow.desk == desk, OrderRow.regions.contains([region])) for desk, region in sorted(sight.desk_regions)
    ]
    if sight.units:
        ways.append(OrderRow.unit_code.in_(sorted(sight.units)))
    return or_(false(), *ways)


def of_desks(column: Any, desks: Collection[str]) -> ColumnElement[bool]:  # noqa: ANN401  # a mapped column of desks
    """Return the condition that something belongs to one of these desks.

    Towns' desks are few among the city's: their rows have an index of their own, which is only looked at where the
    condition says outright that the city is not meant.
    """
    among: ColumnElement[bool] = column.in_(sorted(desks))
    return among if CITY_DESK in desks else and_(column != literal_column(f"'{CITY_DESK}'"), among)


def _by_place(table: Any, sight: Sight) -> list[ColumnElement[bool]]:  # noqa: ANN401  # cases or reports
    """Return the ways that lead through regions and desks."""
    areas = (table.district, table.street, table.community)
    ways = [column.in_(sorted(sight.regions)) for column in areas] if sight.regions else []
    if sight.desks:
        ways.append(of_desks(table.desk, sight.desks))
    for desk, region in sorted(sight.desk_regions):
        ways.append(and_(of_desks(table.desk, [desk]), or_(*(column == region for column in areas))))
    return ways
