from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker

from app.dispatch import figures
from app.dispatch.access import Actor, Appointment, Sight
from app.dispatch.book import Area, Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue
from app.dispatch.codes import AreaLevel, Post
from app.dispatch.counts import COUNTS, Counted
from app.dispatch.errors import BadInput
from app.dispatch.facts import ReportFacts
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.dispatch.figures import Thing
from app.dispatch.grid import CellIndex
from app.dispatch.responsibility import Unit
from app.dispatch.routing import RuleBook
from app.dispatch.tallies import Group, Tally
from app.dispatch.zones import ZoneIndex
from app.services.figure_asking import FILTERS, Asked, known_count, question
from app.services.figure_cursor import place_of
from app.services.figures import Closure, ClosureRow, Figures, Item
from app.services.refold import CaseFacts
from tests.dispatch.facts_drawn import (
    CODES,
    INSTANTS,
    NOON,
    PEOPLE,
    Facts,
    facts,
    first_known,
    last_known,
    plain_report,
    redrawn,
)
from tests.repositories.facts_stored import case_no, store

HOUR = timedelta(hours=1)
NOW = INSTANTS[-1] + HOUR
Sessions = async_sessionmaker[AsyncSession]
with_database = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _book() -> Book:
    units = [
        Unit(code="U1", name="环卫处"),
        Unit(code="U2", name="环卫一队", parent_code="U1"),
        Unit(code="U3", name="市政处"),
    ]
    return Book(
        number=1,
        versions={},
        cells=CellIndex.build([]),
        zones=ZoneIndex.build([]),
        zone_names={},
        areas={"S1": Area(code="S1", name="一街", level=AreaLevel.STREET, parent_code="D1")},
        beat_names={},
        rules=RuleBook.compile([], units, [], []),
        catalogue=Catalogue.of("test", []),
        calendar=WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None),
    )


BOOK = _book()


def _actor(post: Post, *, region: str | None = None, unit: str | None = None) -> Actor:
    held = Appointment(post=post, desk="city", region_code=region, unit_code=unit)
    return Actor(account_id=UUID(int=1), username="a", name="甲", appointments=(held,))


SUPERVISOR = _actor(Post.SUPERVISOR)
ACTORS = [SUPERVISOR, _actor(Post.OPERATOR, region="D1"), _actor(Post.UNIT, unit="U1"), _actor(Post.ADMIN)]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is stored now, and what was known of the same things at `as_of`."""

    now: Facts
    then: Facts

    async def cases(self, ids: Collection[UUID], _: datetime) -> CaseFacts:
        return CaseFacts(
            rounds=[one for one in self.then.rounds if one.case_id in ids],
            legs=[one for one in self.then.legs if one.case_id in ids],
        )

    async def reports(self, ids: Collection[UUID], _: datetime) -> Sequence[ReportFacts]:
        return [one for one in self.then.reports if one.report_id in ids]

    def known(self, as_of: datetime) -> list[Thing]:
        """Return by brute force what was known: stored as it is, told otherwise since, or not there yet."""
        fresh = [thing for thing in self.now.things if last_known(thing) <= as_of]
        stale = {
            (figures.counted_as(thing) is Counted.REPORT, figures.subject_of(thing))
            for thing in self.now.things
            if first_known(thing) <= as_of < last_known(thing)
        }
        told = [
            thing
            for thing in self.then.things
            if (figures.counted_as(thing) is Counted.REPORT, figures.subject_of(thing)) in stale
        ]
        return [*fresh, *told]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    now = draw(facts())
    return World(now=now, then=draw(redrawn(now)))


def _codes(name: str) -> list[str]:
    return CODES.get(FILTERS[name]) or [str(one) for one in PEOPLE]


@st.composite
def asked_at_random(draw: st.DrawFn) -> Asked:
    start, end = sorted(draw(st.lists(st.sampled_from(INSTANTS), min_size=2, max_size=2, unique=True)))
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=1))
    filters = {name: draw(st.lists(st.sampled_from(_codes(name)), max_size=2)) for name in names}
    if draw(st.booleans()):
        filters["unit_root"] = [draw(st.sampled_from(["U1", "U2", "U9"]))]
    return Asked(
        start=start,
        end=end,
        as_of=draw(st.one_of(st.none(), st.sampled_from(INSTANTS))),
        clock=draw(st.sampled_from(ClockKind)),
        cohort=draw(st.sampled_from(Cohort)),
        carry_over=draw(st.booleans()),
        group_by=draw(st.one_of(st.none(), st.sampled_from(GroupBy))),
        definition=draw(st.sampled_from(["default", "by_filed", "by_disposed"])),
        filters=filters,
    )


@asynccontextmanager
async def _holding(sessions: Sessions, drawn: Facts) -> AsyncIterator[Sessions]:
    """Lend sessions that see the drawn facts; everything is rolled back at the end."""
    bind = sessions.kw["bind"]
    if isinstance(bind, AsyncConnection):  # the test is rolled back as a whole, and the example within it
        inner = await bind.begin_nested()
        try:
            yield await _stored(bind, drawn)
        finally:
            await inner.rollback()
    else:
        async with bind.connect() as connection:
            outer = await connection.begin()
            try:
                yield await _stored(connection, drawn)
            finally:
                await outer.rollback()


async def _stored(connection: AsyncConnection, drawn: Facts) -> Sessions:
    joined = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    async with joined() as session:
        await store(session, drawn)
        await session.commit()
    return joined


@with_database
@given(world=worlds(), asked=asked_at_random(), actor=st.sampled_from(ACTORS))
async def test_figures_are_the_tally_of_what_was_known(
    sessions: Sessions, world: World, asked: Asked, actor: Actor
) -> None:
    async with _holding(sessions, world.now) as joined:
        closure = await Figures(joined, world).closure(asked, actor=actor, book=BOOK, now=NOW)
    wanted = question(asked, actor, BOOK, NOW)
    expected = figures.tally(world.known(wanted.as_of), wanted)
    if wanted.group_by is GroupBy.UNIT_ROOT:
        roots = {"U1": "U1", "U2": "U1", "U3": "U3"}
        expected = figures_by(expected, roots)
    assert {_group(row): Tally(counts=row.counts, times=row.times) for row in closure.rows} == expected
    for sums in ("counts", "times"):
        assert _added(closure, sums) == dict(getattr(closure.total, sums))


def figures_by(rows: Mapping[Group | None, Tally], roots: Mapping[str, str]) -> dict[Group | None, Tally]:
    """Gather rows of units under their roots, spelled out."""
    gathered: dict[Group | None, Tally] = {}
    for unit, row in rows.items():
        root = Group(code=roots[unit.code]) if unit else None
        gathered[root] = gathered[root].plus(row) if root in gathered else row
    return gathered


def _group(row: ClosureRow) -> Group | None:
    return Group(code=row.group.code, kind=row.group.kind) if row.group else None


def _added(closure: Closure, sums: str) -> dict[str, int]:
    names = getattr(closure.total, sums)
    return {name: sum(getattr(row, sums)[name] for row in closure.rows) for name in names}


@with_database
@given(
    world=worlds(),
    asked=asked_at_random(),
    actor=st.sampled_from(ACTORS),
    names=st.lists(st.sampled_from([count.name for count in COUNTS]), min_size=4, max_size=6, unique=True),
)
async def test_every_count_drills_down_to_as_many_things(
    sessions: Sessions, world: World, asked: Asked, actor: Actor, names: list[str]
) -> None:
    async with _holding(sessions, world.now) as joined:
        service = Figures(joined, world)
        closure = await service.closure(asked, actor=actor, book=BOOK, now=NOW)
        for name in names:
            items = await _all_items(service, name, asked, actor)
            assert len(items) == len({(i.report_id, i.case_id, i.round, i.leg) for i in items})
            assert len(items) == closure.total.counts[name]
            assert [item.at for item in items] == sorted(item.at for item in items)
            assert all(item.case_no == case_no(item.case_id) for item in items if item.case_id)
            assert all((item.report_id is None) != (item.case_id is None) for item in items)


async def _all_items(service: Figures, name: str, asked: Asked, actor: Actor) -> list[Item]:
    items: list[Item] = []
    after: str | None = None
    while True:
        # later pages are asked later, as in life
        now = NOW + HOUR if after else NOW
        page = await service.cases(name, asked, actor=actor, book=BOOK, now=now, after=after, limit=2)
        items += page.items
        if (after := page.next) is None:
            return items


async def test_names_stand_beside_codes(sessions: Sessions) -> None:
    drawn = Facts(
        rounds=[], legs=[], reports=[plain_report(1, unit_code="U2", street="S1"), plain_report(2, unit_code="U3")]
    )
    expected = {
        GroupBy.UNIT: [("U2", "环卫一队"), ("U3", "市政处")],
        GroupBy.UNIT_ROOT: [("U1", "环卫处"), ("U3", "市政处")],
        GroupBy.STREET: [("S1", "一街"), None],
        GroupBy.SOURCE: [("citizen", None)],
    }
    async with _holding(sessions, drawn) as joined:
        service = Figures(joined, World(now=drawn, then=drawn))
        for group_by, named in expected.items():
            asked = Asked(start=NOON, end=NOW, group_by=group_by)
            rows = (await service.closure(asked, actor=SUPERVISOR, book=BOOK, now=NOW)).rows
            assert [(row.group.code, row.group.name) if row.group else None for row in rows] == named


async def test_a_category_may_lack_its_kind_and_a_kind_its_category(sessions: Sessions) -> None:
    both = [("0101", None), ("0101", "event"), (None, "event"), (None, "component"), (None, None)]
    reports = [plain_report(n, category=category, kind=kind) for n, (category, kind) in enumerate(both)]
    drawn = Facts(rounds=[], legs=[], reports=reports)
    asked = Asked(start=NOON, end=NOW, group_by=GroupBy.MINOR)
    async with _holding(sessions, drawn) as joined:
        service = Figures(joined, World(now=drawn, then=drawn))
        rows = (await service.closure(asked, actor=SUPERVISOR, book=BOOK, now=NOW)).rows
    assert [(_group(row), row.counts["reported"]) for row in rows] == [
        (Group(code="0101"), 1),
        (Group(code="0101", kind="event"), 1),
        (None, 3),
    ]


async def test_who_reported_is_told_to_oversight_alone(sessions: Sessions) -> None:
    drawn = Facts(rounds=[], legs=[], reports=[plain_report(1, inspector_id=UUID(int=5), unit_code="U1")])
    asked = Asked(start=NOON, end=NOW, group_by=GroupBy.INSPECTOR)
    async with _holding(sessions, drawn) as joined:
        rows = (
            await Figures(joined, World(now=drawn, then=drawn)).closure(asked, actor=SUPERVISOR, book=BOOK, now=NOW)
        ).rows
    assert [row.group.code if row.group else None for row in rows] == [str(UUID(int=5))]
    unit = question(asked, _actor(Post.UNIT, unit="U1"), BOOK, NOW)
    assert unit.group_by is None
    guessing = replace(asked, filters={"inspector": [str(UUID(int=5))]})
    assert question(guessing, _actor(Post.UNIT, unit="U1"), BOOK, NOW).filters == {"inspector_id": frozenset()}
    assert unit.reports == Sight()


def test_a_unit_sees_its_subtree_and_no_reports() -> None:
    wanted = question(Asked(start=NOON, end=NOW), _actor(Post.UNIT, unit="U1"), BOOK, NOW)
    assert wanted.cases == Sight(units=frozenset({"U1", "U2"}))
    assert wanted.reports == Sight()


def test_nothing_is_known_of_the_future() -> None:
    asked = Asked(start=NOON, end=NOW, as_of=NOW + HOUR)
    assert question(asked, SUPERVISOR, BOOK, NOW).as_of == NOW
    assert question(replace(asked, as_of=NOON), SUPERVISOR, BOOK, NOW).as_of == NOON
    assert question(replace(asked, as_of=None), SUPERVISOR, BOOK, NOW).as_of == NOW


def test_a_unit_and_a_root_together_mean_both() -> None:
    def codes(**filters: list[str]) -> object:
        return question(Asked(start=NOON, end=NOW, filters=filters), SUPERVISOR, BOOK, NOW).filters

    assert codes(unit_root=["U1"]) == {"unit_code": {"U1", "U2"}}
    assert codes(unit_root=["U1"], unit=["U2", "U3"]) == {"unit_code": {"U2"}}
    assert codes(unit_root=["U1"], unit=["U3"]) == {"unit_code": frozenset()}


@pytest.mark.parametrize("end", [NOON, NOON - HOUR])
def test_a_period_that_does_not_begin_before_it_ends_is_refused(end: datetime) -> None:
    with pytest.raises(BadInput) as refused:
        question(Asked(start=NOON, end=end), SUPERVISOR, BOOK, NOW)
    assert refused.value.code == "empty_period"


def test_an_unknown_count_is_refused_with_the_known_names() -> None:
    with pytest.raises(BadInput) as refused:
        known_count("on_time", ClockKind.CASE)
    assert refused.value.fields["known"] == [count.name for count in COUNTS]
    assert "closed_on_time" in refused.value.detail


async def test_an_unknown_definition_is_refused(sessions: Sessions) -> None:
    nothing = Facts(rounds=[], legs=[], reports=[])
    service = Figures(sessions, World(now=nothing, then=nothing))
    with pytest.raises(BadInput):
        await service.closure(Asked(start=NOON, end=NOW, definition="by_moon"), actor=SUPERVISOR, book=BOOK, now=NOW)


@pytest.mark.parametrize("text", ["", "x", "WyIxIl0", "bnVsbA", "W10"])
def test_a_cursor_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        place_of(text)
