"""Figures in SQL: one pass a facts table, one `count(*) FILTER` a count, all made from `dispatch.counts`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    Integer,
    RowMapping,
    Uuid,
    cast,
    func,
    literal,
    null,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.counts import TIMES, Count, Counted
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.dispatch.figures import Key, Question, Subject, Thing, Turn, counts_of
from app.dispatch.tallies import Group, Rows, Tally
from app.models.cases import Case
from app.models.people import Account
from app.repositories import stats_terms as terms

Stale = frozenset[Subject]
"""Rounds or reports whose stored row knows more than was known at `as_of`; legs are as stale as their rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What one pass over a table gives: rows over what is fresh, and what must be folded again."""

    rows: Rows
    stale: Stale


class Stats:
    """Read models of the facts; nothing is written."""

    def __init__(self, session: AsyncSession) -> None:
        """Read in this session."""
        self._session = session

    async def sums(self, of: Counted, question: Question) -> Sums:
        """Count all fresh things of one kind, by group, and name the stale ones; one statement, so one snapshot."""
        result = await self._session.execute(_sums(of, question), terms.parameters(question))
        rows: dict[Group | None, Tally] = {}
        stale: set[Subject] = set()
        for row in result.mappings():
            stale.update(zip(row["stale_ids"] or (), row["stale_rounds"] or (), strict=True))
            tally = Tally(
                counts={count.name: row[count.name] for count in counts_of(of, question.clock)},
                times={name: int(row[f"times_{name}"] or 0) for name in TIMES if of is Counted.ROUND},
            )
            if not tally.empty:
                group = _group(row)  # without a category the kind makes no group: several rows may be of none
                rows[group] = rows.get(group, Tally.zero()).plus(tally)
        return Sums(rows=rows, stale=frozenset(stale))

    async def page(self, count: Count, question: Question, after: Key | None, limit: int) -> Sequence[Thing]:
        """Return the next fresh things that `count` (under a clock) counts, in the order of their keys."""
        result = await self._session.execute(_page(count, question, after, limit), terms.parameters(question))
        return [_thing(count.of, row) for row in result.mappings()]

    async def stale(self, of: Counted, question: Question) -> Stale:
        """Name the things of one kind that must be folded again."""
        statement = select(*_stale_key(of)).where(terms.stale(of, question))
        result = await self._session.execute(statement, {"as_of": question.as_of})
        return frozenset((subject, number) for subject, number in result)

    async def case_numbers(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Return the numbers of cases."""
        result = await self._session.execute(select(Case.id, Case.case_no).where(Case.id.in_(ids)))
        return {row.id: row.case_no for row in result}

    async def account_names(self, ids: Collection[UUID]) -> Mapping[str, str]:
        """Return the names of accounts, by their id as text."""
        result = await self._session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
        return {str(row.id): row.name for row in result}


def _sums(of: Counted, question: Question) -> Executable:
    """Return the sums of fresh things by group and, in a row of its own, the keys of stale ones."""
    applying = {count.name: terms.applies(count, question) for count in counts_of(of, question.clock)}
    times = {f"times_{name}": terms.ROUNDS.c[column] for name, column in TIMES.items() if of is Counted.ROUND}
    code, kind = terms.group_code(of, question.group_by), terms.group_kind(of, question.group_by)
    subject, number = _stale_key(of)
    sums = (
        select(
            code.label("group_code"),
            kind.label("group_kind"),
            *(func.count().filter(condition).label(name) for name, condition in applying.items()),
            *(func.sum(often).filter(applying["to_close"]).label(name) for name, often in times.items()),
            cast(null(), ARRAY(Uuid())).label("stale_ids"),
            cast(null(), ARRAY(Integer())).label("stale_rounds"),
        )
        .select_from(terms.SOURCES[of])
        .where(terms.fresh(of), terms.any_applies(of, question), terms.seen(of, question))
        .group_by(code, kind)
    )
    none = (literal(0) for _ in (*applying, *times))
    keys = select(null(), null(), *none, func.array_agg(subject), func.array_agg(number)).where(
        terms.stale(of, question)
    )
    return sums.union_all(keys)


def _page(count: Count, question: Question, after: Key | None, limit: int) -> Executable:
    at = terms.column(count.of, count.at)
    assert at is not None  # noqa: S101  # a test holds COUNTS against the tables
    order: tuple[ColumnElement[object], ...] = (at, *terms.keys(count.of))
    statement = (
        select(*_columns(count.of))
        .select_from(terms.SOURCES[count.of])
        .where(terms.fresh(count.of), terms.applies(count, question), terms.seen(count.of, question))
        .order_by(*order)
        .limit(limit)
    )
    if after is None:
        return statement
    given = (literal(part, type_=known.type) for known, part in zip(order, after, strict=False))
    return statement.where(tuple_(*order) > tuple_(*given))


def _stale_key(of: Counted) -> tuple[ColumnElement[UUID], ColumnElement[int]]:
    if of is Counted.REPORT:
        return terms.REPORTS.c.report_id, literal(0)
    return terms.ROUNDS.c.case_id, terms.ROUNDS.c.round


def _group(row: RowMapping) -> Group | None:
    code = row["group_code"]
    return None if code is None else Group(code=code, kind=row["group_kind"])


def _columns(of: Counted) -> Iterable[ColumnElement[object]]:
    """Return the columns of the facts; those of a leg's round carry a prefix."""
    match of:
        case Counted.ROUND:
            return [terms.ROUNDS.c[f.name] for f in fields(RoundFacts)]
        case Counted.REPORT:
            return [terms.REPORTS.c[f.name] for f in fields(ReportFacts)]
        case Counted.LEG:
            rounds = (terms.ROUNDS.c[f.name].label(f"round_{f.name}") for f in fields(RoundFacts))
            return [*(terms.LEGS.c[f.name] for f in fields(LegFacts)), *rounds]


def _thing(of: Counted, row: RowMapping) -> Thing:
    match of:
        case Counted.ROUND:
            return RoundFacts(**row)
        case Counted.REPORT:
            return ReportFacts(**row)
        case Counted.LEG:
            turn = RoundFacts(**{f.name: row[f"round_{f.name}"] for f in fields(RoundFacts)})
            return Turn(leg=LegFacts(**{f.name: row[f.name] for f in fields(LegFacts)}), round=turn)
