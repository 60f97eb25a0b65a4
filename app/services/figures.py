"""Figures: sums over stored facts, together with what must be folded again for a past `as_of`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.dispatch.access import Actor
from app.dispatch.appraisal import Rate
from app.dispatch.book import Book
from app.dispatch.codes import Kind
from app.dispatch.counts import Counted
from app.dispatch.definitions import chosen, rates_of
from app.dispatch.figure_codes import GroupBy
from app.dispatch.figures import (
    Key,
    Question,
    Subject,
    Thing,
    applies,
    code,
    counted_as,
    key_of,
    seen,
    subject_of,
    tally,
    turns,
)
from app.dispatch.tallies import Group, Rows, Tally, add_up, total
from app.repositories.stats import Stats
from app.services.figure_asking import PERSONS, Asked, known_count, question
from app.services.figure_cursor import Place, place_of, text_of
from app.services.refold import CaseFacts, Refold
from app.services.transaction import Sessions, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGroup:
    """A row's group, with the name that goes with its code where there is one."""

    code: str
    name: str | None
    kind: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRow:
    """One row: whose, the sums, the rates."""

    group: NamedGroup | None
    counts: Mapping[str, int]
    times: Mapping[str, int]
    rates: Mapping[str, Rate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """The answer to a figure, with all that it rests on."""

    rows: Sequence[ClosureRow]
    total: ClosureRow
    question: Question
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing counted; `at` is what put it into the period."""

    at: datetime
    unit_code: str | None
    report_id: UUID | None = None
    case_id: UUID | None = None
    case_no: str | None = None
    round: int | None = None
    leg: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the things counted; `next` leads on."""

    items: Sequence[Item]
    next: str | None


class Figures:
    """Answer what was done in a period, as far as the asker's reach goes."""

    def __init__(self, sessions: Sessions, refold: Refold) -> None:
        """Take where facts are read, and how histories are folded again."""
        self._sessions = sessions
        self._refold = refold

    async def closure(self, asked: Asked, *, actor: Actor, book: Book, now: datetime) -> Closure:
        """Return counts and rates, row by row and in total."""
        chosen(asked.definition)  # refused before anything is read
        wanted = question(asked, actor, book, now)
        async with reading(self._sessions) as session:
            stats = Stats(session)
            sums = {of: await stats.sums(of, wanted) for of in Counted}
        again = await self._again({of: one.stale for of, one in sums.items()}, wanted)
        rows = add_up(*(one.rows for one in sums.values()), tally(again, wanted))
        if wanted.group_by is GroupBy.UNIT_ROOT:
            rows = _by_root(rows, book)
        names = await self._names(rows, wanted.group_by, book)
        ordered = sorted(rows, key=_place_in_table)
        return Closure(
            rows=[_row(names.get(group) if group else None, rows[group], asked.definition) for group in ordered],
            total=_row(None, total(rows), asked.definition),
            question=wanted,
            definition=asked.definition,
        )

    async def cases(
        self, count_name: str, asked: Asked, *, actor: Actor, book: Book, now: datetime, after: str | None, limit: int
    ) -> Page:
        """Return the things that a count of `closure` counts, one page of them, in the order of their instants.

        All pages are of one `as_of`: that of the first one, which the cursor carries.
        """
        place = place_of(after) if after else None
        wanted = question(asked, actor, book, min(place.as_of, now) if place else now)
        count = known_count(count_name, asked.clock)
        start = place.key if place else None
        async with reading(self._sessions) as session:
            stats = Stats(session)
            fresh = await stats.page(count, wanted, start, limit + 1)
            stale = await stats.stale(count.of, wanted)
        again = await self._again({count.of: stale}, wanted)
        found = {key_of(thing, count): thing for thing in fresh}
        for thing in again:
            if seen(thing, wanted) and applies(count, thing, wanted) and _later(key := key_of(thing, count), start):
                found[key] = thing
        page = sorted(found)[: limit + 1]
        more = text_of(Place(as_of=wanted.as_of, key=page[limit - 1])) if len(page) > limit else None
        return Page(items=await self._items({key: found[key] for key in page[:limit]}), next=more)

    async def _again(self, stale: Mapping[Counted, Collection[Subject]], wanted: Question) -> Sequence[Thing]:
        """Return the stale things as they were known at `as_of`."""
        cases = {one for of in (Counted.ROUND, Counted.LEG) for one, _ in stale.get(of, ())}
        reports = {one for one, _ in stale.get(Counted.REPORT, ())}
        told = await self._refold.cases(cases, wanted.as_of) if cases else CaseFacts()
        heard = await self._refold.reports(reports, wanted.as_of) if reports else ()
        things: list[Thing] = [*told.rounds, *turns(told.rounds, told.legs), *heard]
        return [thing for thing in things if subject_of(thing) in stale.get(counted_as(thing), ())]

    async def _items(self, page: Mapping[Key, Thing]) -> Sequence[Item]:
        cases = {key[1] for key, thing in page.items() if counted_as(thing) is not Counted.REPORT}
        numbers: Mapping[UUID, str] = {}
        if cases:
            async with reading(self._sessions) as session:
                numbers = await Stats(session).case_numbers(cases)
        return [_item(key, thing, numbers) for key, thing in page.items()]

    async def _names(self, rows: Rows, group_by: GroupBy | None, book: Book) -> Mapping[Group, NamedGroup]:
        groups = [group for group in rows if group is not None]
        people: Mapping[str, str] = {}
        if group_by in PERSONS and groups:
            async with reading(self._sessions) as session:
                people = await Stats(session).account_names([UUID(group.code) for group in groups])
        return {
            group: NamedGroup(
                code=group.code, kind=group.kind, name=people.get(group.code) or _name(group, group_by, book)
            )
            for group in groups
        }


def _place_in_table(group: Group | None) -> tuple[bool, str, str]:
    """Return what rows are ordered by: code, then kind; what has no group stands last."""
    return (True, "", "") if group is None else (False, group.code, group.kind or "")


def _by_root(rows: Rows, book: Book) -> Rows:
    return add_up(*({Group(code=book.root_of(unit.code)) if unit else None: one} for unit, one in rows.items()))


def _name(group: Group, group_by: GroupBy | None, book: Book) -> str | None:
    match group_by:
        case GroupBy.MAJOR:
            return book.catalogue.major_name(f"{group.kind}:{group.code}")
        case GroupBy.MINOR:
            category = book.catalogue.find(Kind(group.kind), group.code) if group.kind else None
            return category.minor_name if category else None
        case None:
            return None
    return book.name_of(group_by, group.code)


def _row(group: NamedGroup | None, sums: Tally, definition: str) -> ClosureRow:
    # said outright, so that other denominators than to_close take the same count, which can be drilled down to
    not_reworked = sums.counts["to_close"] - sums.counts["reworked"]
    rates = rates_of({**sums.counts, "not_reworked": not_reworked}, definition)
    return ClosureRow(group=group, counts=sums.counts, times=sums.times, rates=rates)


def _later(key: Key, start: Key | None) -> bool:
    return start is None or key > start


def _item(key: Key, thing: Thing, numbers: Mapping[UUID, str]) -> Item:
    at, subject, number, leg = key
    match counted_as(thing):
        case Counted.REPORT:
            return Item(at=at, unit_code=code(thing, "unit_code"), report_id=subject)
        case Counted.ROUND | Counted.LEG:
            return Item(
                at=at,
                unit_code=code(thing, "unit_code"),
                case_id=subject,
                case_no=numbers.get(subject),
                round=number,
                leg=leg or None,
            )
