"""The self-check of a city: chains, gaps, due times, and every figure against a count by hand."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Final
from uuid import UUID

from app.demo.self_check import cases, reports
from app.demo.self_check.answers import Answers
from app.demo.self_check.clock import PlainClock
from app.demo.self_check.due_times import DueTimes, Walk, said
from app.demo.self_check.findings import Finding, Part, Verdict
from app.demo.self_check.groups import Parents
from app.demo.self_check.questions import GROUPINGS, instants, periods, questions
from app.demo.self_check.rows import UNREADABLE, Row, Subjects, known_at, load
from app.demo.self_check.stored import check_cases, check_facts
from app.demo.self_check.table import NAMES, Group, Tick, Wanted
from app.dispatch.book import Book
from app.dispatch.policies import DEFAULTS, Policies
from app.repositories.sets import SetRepository
from app.services.audit import Audit
from app.services.transaction import Sessions, reading

Tell = Callable[[int, int], None]
"""Told how many steps of how many are done."""
_CLOCKS: Final = ("case", "leg")
LISTED: Final = ("reported", "filed", "to_close", "closed_on_time", "overdue_open", "return_granted", "opinion_given")
"""The counts of a past moment whose lists are looked at, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check reads: the sessions, the book in force, the policies that steps were decided by, and now."""

    sessions: Sessions
    book: Book
    now: datetime
    policies: Policies = DEFAULTS


async def self_check(city: Checked, tell: Tell) -> Verdict:
    """Look at everything; nothing is written."""
    verdict = Verdict()
    subjects = await load(city.sessions)
    verdict.chains, verdict.rows = len(subjects), sum(len(rows) for rows in subjects.values())
    await check_steps(city, subjects, verdict)
    if subjects:
        await check_figures(city, subjects, verdict, tell)
    return verdict


async def check_steps(city: Checked, subjects: Subjects, verdict: Verdict) -> None:
    """Look at chains, gaps and due times."""
    await _chains(city.sessions, verdict)
    _gapless(subjects, verdict)
    dues = due_times(subjects, await clocks(city, subjects), city.policies, verdict)
    await check_facts(city.sessions, dues, verdict)
    await check_cases(city.sessions, dues, verdict)


async def _chains(sessions: Sessions, verdict: Verdict) -> None:
    report = await Audit(sessions).verify(lambda _: None)
    found = [
        Finding(part=Part.CHAIN, where=f"{one.subject} {one.subject_id} {one.number}", expected="whole", got=one.flaw)
        for one in report.findings
    ]
    verdict.note(found)
    verdict.wrong += report.wrong - len(found)


def _gapless(subjects: Subjects, verdict: Verdict) -> None:
    """Look whether each history counts 1, 2, 3 … and never goes back in time."""
    for one, rows in subjects.items():
        for expected, row in enumerate(rows, start=1):
            if row.number != expected:
                verdict.compare(Part.HISTORY, f"{row.subject} {one} step", expected, row.number)
                break
        for before, row in pairwise(rows):
            if row.at < before.at:
                where = f"{row.subject} {one} step {row.number} {row.action} instant"
                verdict.compare(Part.HISTORY, where, f"not before {before.action} at {before.at}", row.at)


async def clocks(city: Checked, subjects: Subjects) -> Mapping[int, PlainClock]:
    """Return a clock for each version of the calendar that a step names."""
    payloads = (row.payload for rows in subjects.values() for row in rows)
    times = (payload.get(name) for payload in payloads for name in ("case", "leg_clock"))
    versions = {one["calendar_version"] for one in times if one} | {city.book.calendar.version}
    found = {}
    async with reading(city.sessions) as session:
        for version in versions:
            calendar = await SetRepository(session).calendar(version)
            calendar = calendar or (city.book.calendar if version == city.book.calendar.version else None)
            if calendar is not None:
                found[version] = PlainClock(slots_of=calendar.local_slots, work_day_rule=calendar.work_day_rule.value)
    return found


def due_times(
    subjects: Subjects, clocks: Mapping[int, PlainClock], policies: Policies, verdict: Verdict
) -> dict[UUID, DueTimes]:
    """Compute every due time again; return those of the cases that could be walked to the end."""
    found = {}
    for one, rows in subjects.items():
        if rows[0].subject != "case":
            continue
        walk = Walk(one, clocks, policies)
        try:
            for row in rows:
                for name, expected in walk.take(row):
                    verdict.dues += expected is not None
                    where = f"case {one} step {row.number} {row.action} {name}"
                    verdict.compare(Part.DUE, where, expected, said(row, name))
        except UNREADABLE as error:
            verdict.compare(Part.DUE, f"case {one} step {row.number}", "a history that can be walked", repr(error))
            continue
        found[one] = walk.dues
    return found


async def check_figures(city: Checked, subjects: Subjects, verdict: Verdict, tell: Tell) -> None:
    """Look at every figure, now and as known at two moments in the past."""
    parents: Parents = {code: unit.parent_code for code, unit in city.book.units.items()}
    first = min(rows[0].at for rows in subjects.values())
    moments = instants(first, city.now)
    plan = [(as_of, clock) for as_of in moments for clock in _CLOCKS]
    answers = Answers(city.sessions, city.book, verdict)
    for number, (as_of, clock) in enumerate(plan):
        ticks = list(counted(known_at(subjects, as_of), parents, clock, as_of, verdict))
        wishes = list(questions(first, city.now, as_of, clock, _present(ticks)))
        for done, wanted in enumerate(wishes):
            await _answered(partial(answers.table, ticks, wanted), wanted, verdict)
            tell(number * len(wishes) + done, len(plan) * len(wishes))
        start, end = periods(first, city.now)[0]
        whole = Wanted(start=start, end=end, as_of=as_of, clock=clock)
        names = NAMES if as_of == city.now else LISTED
        await _answered(partial(answers.drill, ticks, whole, names), whole, verdict)
    tell(1, 1)


async def _answered(ask: Callable[[], Awaitable[None]], wanted: Wanted, verdict: Verdict) -> None:
    """Ask; a product that cannot answer over this history is a finding, not the end of the check."""
    try:
        await ask()
    except UNREADABLE as error:
        verdict.compare(Part.COUNT, f"as_of {wanted.as_of} by {wanted.group_by}", "an answer", repr(error))


def counted(subjects: Subjects, parents: Parents, clock: str, as_of: datetime, verdict: Verdict) -> Iterator[Tick]:
    """Yield all that ticks under a clock; a history that cannot be read is a finding."""
    for one, rows in subjects.items():
        try:
            yield from list(_of(rows, parents, clock, as_of))
        except UNREADABLE as error:
            verdict.compare(Part.HISTORY, f"{rows[0].subject} {one}", "a history that can be counted", repr(error))


def _of(rows: Sequence[Row], parents: Parents, clock: str, as_of: datetime) -> Iterator[Tick]:
    if rows[0].subject == "report":
        return reports.ticks(rows, parents)
    return cases.ticks(rows, parents, clock, as_of)


def _present(ticks: Sequence[Tick]) -> Mapping[str, Sequence[Group]]:
    """Return the groups there are by each grouping, the fullest first."""
    found: dict[str, dict[Group, int]] = {by: {} for by in GROUPINGS if by}
    for tick in ticks:
        for by, often in found.items():
            if (group := tick.groups[by]) is not None:
                often[group] = often.get(group, 0) + 1
    return {by: sorted(often, key=lambda group: (-often[group], group[0])) for by, often in found.items()}
