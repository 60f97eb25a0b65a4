"""What the product answers, held against the count by hand: every number of every row, rates, and lists behind them."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from app.demo.self_check.findings import Finding, Part, Verdict
from app.demo.self_check.remembering import Remembering
from app.demo.self_check.table import NAMES, TIMES, Group, Sums, Tick, Wanted, sums, things
from app.dispatch.access import CITY_DESK, Actor, Appointment
from app.dispatch.book import Book
from app.dispatch.codes import Post
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.services.figure_asking import Asked
from app.services.figures import ClosureRow, Figures
from app.services.refold import HistoryRefold
from app.services.transaction import Sessions

_PAGE: Final = 500
_HUNDRED: Final = Decimal(100)
_CENT: Final = Decimal("0.01")
WATCHER: Final = Actor(
    account_id=UUID(int=0),
    username="self-check",
    name="self-check",
    appointments=(Appointment(post=Post.SUPERVISOR, desk=CITY_DESK),),
)
"""Who asks: somebody who sees the whole city."""


class Answers:
    """Ask the product, compare, note what differs."""

    def __init__(self, sessions: Sessions, book: Book, verdict: Verdict) -> None:
        """Ask over these sessions, with the units and names of this book."""
        self._figures = Figures(sessions, Remembering(HistoryRefold(sessions)))
        self._book = book
        self._verdict = verdict

    async def table(self, ticks: Sequence[Tick], wanted: Wanted) -> None:
        """Compare one table: rows, total, and every rate in it."""
        verdict, where = self._verdict, _where(wanted)
        answer = await self._figures.closure(asked(wanted), actor=WATCHER, book=self._book, now=wanted.as_of)
        verdict.questions += 1
        told = {_group(row): row for row in answer.rows}
        expected = sums(ticks, wanted)
        wholes = _added(expected)
        for group in dict.fromkeys([*told, *(group for group, _ in expected)]):
            row = told.get(group)
            found = {name: expected[group, name] for name in (*NAMES, *TIMES)}
            self._row(f"{where} {_said(group, wanted)}", found, row)
        self._row(f"{where} total", wholes, answer.total)

    async def drill(self, ticks: Sequence[Tick], wanted: Wanted, names: Sequence[str] = NAMES) -> None:
        """Compare the list behind each count: the same things, each once, in order."""
        for name in names:
            expected = things(ticks, name, wanted)
            got = await self._listed(name, wanted)
            self._verdict.figures += len(expected) + 1
            where = f"{_where(wanted)} {name}"
            self._verdict.compare(Part.DRILL, f"{where} length", len(expected), len(got))
            odd = next(((a, b) for a, b in zip(expected, got, strict=False) if a != b), None)
            if odd is not None:
                self._verdict.compare(Part.DRILL, f"{where} first difference", *(f"{one[0]} {one[1]}" for one in odd))

    def _row(self, where: str, expected: Mapping[str, int], row: ClosureRow | None) -> None:
        counted = {**row.counts, **row.times} if row else {}
        self._verdict.figures += len(expected)
        for name, number in expected.items():
            self._verdict.compare(Part.COUNT, f"{where} {name}", number, counted.get(name, 0))
        unknown = set(counted) - set(expected)
        self._verdict.note(
            Finding(part=Part.COUNT, where=f"{where} {name}", expected="–", got=str(counted[name])) for name in unknown
        )
        for name, rate in row.rates.items() if row else ():
            self._rate(f"{where} {name}", expected, rate)

    def _rate(self, where: str, counted: Mapping[str, int], rate: Any) -> None:  # noqa: ANN401  # a Rate
        """Compare a rate with the quotient of its two counts, as printed."""
        (over, top), (under, bottom) = rate.numerator, rate.denominator
        known = {**counted, "not_reworked": counted["to_close"] - counted["reworked"]}
        self._verdict.figures += 1
        self._verdict.compare(Part.RATE, f"{where} {over}/{under}", (known[over], known[under]), (top, bottom))
        exact = _HUNDRED * known[over] / known[under] if known[under] else None
        value = None if exact is None else min(exact, _HUNDRED).quantize(_CENT, ROUND_HALF_UP)
        self._verdict.compare(Part.RATE, where, value, rate.value)

    async def _listed(self, name: str, wanted: Wanted) -> Sequence[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        after: str | None = None
        while True:
            page = await self._figures.cases(
                name, asked(wanted), actor=WATCHER, book=self._book, now=wanted.as_of, after=after, limit=_PAGE
            )
            found += [(i.at, i.case_id or i.report_id, i.round or 0, i.leg or 0) for i in page.items]
            if (after := page.next) is None:
                return found


def asked(wanted: Wanted) -> Asked:
    """Return a question as the product takes it."""
    return Asked(
        start=wanted.start,
        end=wanted.end,
        as_of=wanted.as_of,
        clock=ClockKind(wanted.clock),
        cohort=Cohort(wanted.cohort),
        carry_over=wanted.carry_over,
        group_by=GroupBy(wanted.group_by) if wanted.group_by else None,
        filters={by: [code] for by, code in wanted.filters.items()},
    )


def _added(rows: Sums) -> dict[str, int]:
    whole = dict.fromkeys((*NAMES, *TIMES), 0)
    for (_, name), number in rows.items():
        whole[name] += number
    return whole


def _group(row: ClosureRow) -> Group | None:
    return (row.group.code, row.group.kind) if row.group else None


def _where(wanted: Wanted) -> str:
    start, end, as_of = (one.strftime("%m-%dT%H:%M") for one in (wanted.start, wanted.end, wanted.as_of))
    more = (f" {by}={code}" for by, code in wanted.filters.items())
    carried = "+stock" if wanted.carry_over else ""
    return f"[{start}, {end}) as_of {as_of} {wanted.clock}/{wanted.cohort}{carried}{''.join(more)}"


def _said(group: Group | None, wanted: Wanted) -> str:
    return f"{wanted.group_by or ''} {'null' if group is None else '/'.join(filter(None, reversed(group)))}".strip()
