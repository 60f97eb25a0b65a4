"""The counts as SQL: every condition of `dispatch.figures`, said once more over columns.

Parameters are shared by name, so that a statement of thirty counts still sends each instant once.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    null,
    or_,
    true,
)
from sqlalchemy.sql.elements import KeyedColumnElement

from app.dispatch.catalogue import MAJOR_DIGITS
from app.dispatch.counts import Count, Counted, Flag
from app.dispatch.figure_codes import Cohort, GroupBy
from app.dispatch.figures import (
    CATEGORY_GROUPS,
    COLUMNS,
    DUE,
    LEG_COLUMNS,
    REGIONS,
    TO_CLOSE,
    Question,
    counts_of,
)
from app.models.cases import Case
from app.models.cases import LegFacts as LegRow
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.reports import Report

Column = KeyedColumnElement[object]
Condition = ColumnElement[bool]

ROUNDS: Final = RoundFactsRow.__table__
REPORTS: Final = ReportFactsRow.__table__
LEGS: Final = LegRow.__table__
LEGS_OF_ROUNDS: Final = LEGS.join(ROUNDS, and_(LEGS.c.case_id == ROUNDS.c.case_id, LEGS.c.round == ROUNDS.c.round))

SOURCES: Final[Mapping[Counted, FromClause]] = {
    Counted.ROUND: ROUNDS,
    Counted.LEG: LEGS_OF_ROUNDS,
    Counted.REPORT: REPORTS,
}

START: Final = bindparam("start", type_=DateTime(timezone=True))
END: Final = bindparam("end", type_=DateTime(timezone=True))
AS_OF: Final = bindparam("as_of", type_=DateTime(timezone=True))


def parameters(question: Question) -> dict[str, object]:
    """Return the values of the shared parameters."""
    return {"start": question.start, "end": question.end, "as_of": question.as_of}


def column(of: Counted, name: str) -> Column | None:
    """Return a column of the facts; None where this kind of thing has no such column."""
    if of is Counted.REPORT:
        return REPORTS.c.get(name)
    return LEGS.c[name] if of is Counted.LEG and name in LEG_COLUMNS else ROUNDS.c.get(name)


def keys(of: Counted) -> tuple[Column, ...]:
    """Return what names a thing: report, case and round, or case, round and leg."""
    match of:
        case Counted.REPORT:
            return (REPORTS.c.report_id,)
        case Counted.ROUND:
            return ROUNDS.c.case_id, ROUNDS.c.round
        case Counted.LEG:
            return LEGS.c.case_id, LEGS.c.round, LEGS.c.number


def fresh(of: Counted) -> Condition:
    """Say that the stored row is what was known at `as_of`; a leg is as fresh as its round."""
    return _known(of, "last_recorded_at") <= AS_OF


def stale(of: Counted, question: Question) -> Condition:
    """Say that there was something at `as_of`, but the stored row knows more; what is asked outside the facts holds."""
    later = _known(of, "last_recorded_at") > AS_OF
    return and_(later, _known(of, "first_recorded_at") <= AS_OF, *_tagged(of, question))


def seen(of: Counted, question: Question) -> Condition:
    """Say what filters and sight let through."""
    filters = (_among(of, name, codes) for name, codes in question.filters.items())
    return and_(true(), _sight(of, question), *filters, *_tagged(of, question))


def applies(count: Count, question: Question) -> Condition:
    """Say what `figures.applies` says, of fresh rows."""
    come = [_known(count.of, name) <= AS_OF for name in (count.at, count.passed) if name]
    return and_(*come, _in_scope(count, question), *(_holds(flag, count.of) for flag in count.flags))


def any_applies(of: Counted, question: Question) -> Condition:
    """Say, on indexed columns alone, that some count may apply."""
    instants = dict.fromkeys(count.at for count in counts_of(of, question.clock))
    if question.cohort is Cohort.FILED:
        counted = or_(*(LEGS.c[at].is_not(None) for at in instants)) if of is Counted.LEG else true()
        scopes = [and_(_begun(of), counted)]
    else:
        scopes = [_within(_known(of, at)) for at in instants]
    return or_(*scopes, *([_carried(question)] if question.carry_over and of is Counted.ROUND else []))


def group_code(of: Counted, group_by: GroupBy | None) -> ColumnElement[str | None]:
    """Return the code of a thing's group as text; null where it has none."""
    known = column(of, COLUMNS[group_by]) if group_by else None
    if known is None:
        return cast(null(), Text())
    code: ColumnElement[str | None] = cast(known, Text())
    return func.left(code, MAJOR_DIGITS, type_=Text()) if group_by is GroupBy.MAJOR else code


def group_kind(of: Counted, group_by: GroupBy | None) -> ColumnElement[str | None]:
    """Return the kind beside a category's digits; null for other groups and where there is no category."""
    if group_by not in CATEGORY_GROUPS:
        return cast(null(), Text())
    return cast(_known(of, "kind"), Text())


def _known(of: Counted, name: str) -> Column:
    found = column(of, name)
    if found is None:
        raise KeyError(name)
    return found


def _within(at: Column) -> Condition:
    return and_(at >= START, at < END)


def _in_scope(count: Count, question: Question) -> Condition:
    scope = _begun(count.of) if question.cohort is Cohort.FILED else _within(_known(count.of, count.at))
    carries = question.carry_over and count.of is Counted.ROUND and count.at == _to_close(question)
    return or_(scope, _carried(question)) if carries else scope


def _begun(of: Counted) -> Condition:
    if of is Counted.REPORT:
        return _within(REPORTS.c.received_at)
    first = and_(ROUNDS.c.round == 1, _within(ROUNDS.c.filed_at))
    return or_(first, and_(ROUNDS.c.round > 1, _within(ROUNDS.c.started_at)))


def _carried(question: Question) -> Condition:
    later = (or_(ROUNDS.c[end].is_(None), ROUNDS.c[end] >= START) for end in ("standing_disposed_at", "closed_at"))
    overdue = ROUNDS.c[DUE.format(clock=question.clock)] < START
    return and_(ROUNDS.c[_to_close(question)] < START, overdue, *later)


def _to_close(question: Question) -> str:
    return TO_CLOSE.format(clock=question.clock)


def _holds(flag: Flag, of: Counted) -> Condition:
    known = _known(of, flag.column)
    match flag.sign:
        case "is":
            return known.is_(True)
        case "not":
            return known.is_(False)
        case "positive":
            return known > 0


def _among(of: Counted, name: str, codes: frozenset[str]) -> Condition:
    known = column(of, name)
    return false() if known is None else cast(known, Text()).in_(sorted(codes))


def _tagged(of: Counted, question: Question) -> list[Condition]:
    """Ask that the case, or the report, bears all of the tags now: they are labels, and no facts are made of them."""
    if not question.tags:
        return []
    tags = sorted(question.tags)
    if of is Counted.REPORT:
        return [exists().where(Report.id == REPORTS.c.report_id, Report.tags.contains(tags))]
    return [exists().where(Case.id == ROUNDS.c.case_id, Case.tags.contains(tags))]


def _sight(of: Counted, question: Question) -> Condition:
    sight = question.sight(of)
    if sight.everywhere:
        return true()
    regions = [_among(of, name, sight.regions) for name in REGIONS] if sight.regions else []
    desks = [_among(of, "desk", sight.desks)] if sight.desks else []
    for desk, region in sorted(sight.desk_regions):
        lies_there = or_(*(_among(of, name, frozenset({region})) for name in REGIONS))
        desks.append(and_(_among(of, "desk", frozenset({desk})), lies_there))
    units = [_among(of, "unit_code", sight.units)] if sight.units else []
    return or_(false(), *regions, *desks, *units)
