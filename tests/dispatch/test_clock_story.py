"""The clocks as they are told agree with what the steps recorded, whatever happened to the case."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch import commands
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.case_actions import decide
from app.dispatch.case_filing import file_case
from app.dispatch.case_fold import apply, fold
from app.dispatch.case_life import CaseLife, Spot
from app.dispatch.clock_story import RoundClocks, calendar_versions, tell
from app.dispatch.codes import CheckResult, DisposalResult, FailCode, Kind, LimitUnit, Post, RequestKind, Source
from app.dispatch.deciding import Scene
from app.dispatch.drawing import Candidate
from app.dispatch.errors import GridcaseError
from app.dispatch.history import Entry, entered
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from app.dispatch.responsibility import Unit
from app.dispatch.spans import Span

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 local."""
OFFICE = WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None)
LONG = replace(OFFICE, version=2, slots=((time(8), time(20)),))
INSPECTOR = UUID(int=7)
LIMITS = (
    Limit(value=4, unit=LimitUnit.WORK_HOUR),
    Limit(value=2, unit=LimitUnit.WORK_DAY),
    Limit(value=6, unit=LimitUnit.CONTINUOUS_HOUR),
)


class Plot:
    """A case under way: entries and the life that they fold to."""

    def __init__(self, limit: Limit, calendar: WorkCalendar = OFFICE) -> None:
        self.calendar = calendar
        self.at = MONDAY
        draft = file_case(
            case_no="T1",
            report_id=uuid4(),
            source=Source.CITIZEN,
            kind=Kind.EVENT,
            category="0305",
            condition=1,
            catalogue="test",
            limit=limit,
            limit_source="test 0305",
            spot=Spot(zones={}),
            desk="city",
            unit_code="W",
            author_id=None,
            operator_id=None,
            campaign=None,
            tags=[],
            attention=[],
            recurrent=False,
        )
        self.entries: list[Entry] = [entered(draft, 1, None, post=Post.SHIFT_LEAD, actor_id=None, at=self.at)]
        self.life: CaseLife = fold(self.entries)

    def go(self, after: timedelta, post: Post, command: commands.Command) -> "Plot":
        scene = Scene(
            now=self.at + after,
            post=post,
            actor_id=None,
            calendar=self.calendar,
            policies=DEFAULTS,
            units={code: Unit(code=code, name=code) for code in "WE"},
            inspectors=(Candidate(account_id=INSPECTOR),),
        )
        draft = decide(self.life, command, scene)
        self.at = scene.now
        number = self.life.number + 1
        self.entries.append(entered(draft, number, self.life.state, post=post, actor_id=None, at=self.at))
        self.life = apply(self.life, self.entries[-1])
        return self

    def told(self, calendar: WorkCalendar = OFFICE, past: Sequence[WorkCalendar] = ()) -> RoundClocks:
        return tell(self.entries, calendar, self.at, {one.version: one for one in past})


Move = tuple[Post, Callable[[Plot], commands.Command]]
C, RESULT = commands, DisposalResult.SOLVED
STEPS: tuple[Move, ...] = (
    (Post.DISPATCHER, lambda _: C.Dispatch()),
    (Post.UNIT, lambda _: C.Sign()),
    (Post.UNIT, lambda _: C.Dispose(result=RESULT)),
    (Post.OPERATOR, lambda _: C.SendCheck()),
    (Post.INSPECTOR, lambda _: C.Check(result=CheckResult.PASS)),
    (Post.INSPECTOR, lambda _: C.Check(result=CheckResult.FAIL, code=FailCode.INCOMPLETE)),
    (Post.INSPECTOR, lambda _: C.Check(result=CheckResult.FAIL, code=FailCode.NOT_DONE)),
    (Post.UNIT, lambda _: C.RequestExtension(reason_code="weather")),
    (Post.UNIT, lambda _: C.RequestReturn(reason_code="not_ours")),
    (Post.UNIT, lambda plot: C.RequestSuspension(reason_code="budget", until=plot.at + timedelta(days=9))),
    (Post.SHIFT_LEAD, lambda plot: C.GrantRequest(request_id=pending(plot))),
    (Post.DISPATCHER, lambda plot: C.GrantRequest(request_id=pending(plot))),
    (Post.DISPATCHER, lambda plot: C.RefuseRequest(request_id=pending(plot), text="不同意")),
    (Post.SHIFT_LEAD, lambda plot: C.RefuseRequest(request_id=pending(plot), text="不同意")),
    (Post.SHIFT_LEAD, lambda _: C.Resume()),
    (Post.SHIFT_LEAD, lambda _: C.Close()),
    (Post.OPERATOR, lambda _: C.Reopen(reason_code="dissatisfied")),
)


def pending(plot: Plot) -> UUID:
    request = plot.life.round.pending
    return request.id if request else UUID(int=0)


GAPS = st.integers(min_value=0, max_value=36 * 60).map(lambda minutes: timedelta(minutes=minutes))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LIMITS), st.lists(st.tuples(st.sampled_from(STEPS), GAPS), max_size=40))
def test_the_account_ends_where_the_steps_recorded_it(limit: Limit, steps: list[tuple[Move, timedelta]]) -> None:
    plot = Plot(limit)
    plot.go(timedelta(minutes=5), Post.DISPATCHER, commands.Dispatch())
    for (post, make), gap in steps:
        try:
            plot.go(gap, post, make(plot))
        except GridcaseError:
            continue
        clocks, turn = plot.told(), plot.life.round
        assert clocks.case.account is not None
        assert clocks.case.account.due_at == turn.clock.due_at
        assert tuple(one.span for one in clocks.case.pauses if one.span.end <= plot.at) == tuple(
            pause for pause in turn.clock.pauses if pause.end <= plot.at
        )
        assert (clocks.leg is None) == (plot.life.leg is None)
        if clocks.leg is not None and plot.life.leg is not None:
            assert clocks.leg.account is not None
            assert clocks.leg.account.due_at == plot.life.leg.clock.due_at
        granted = [r for r in turn.requests if r.kind is RequestKind.EXTENSION and r.state == "granted"]
        assert len(clocks.case.extensions) == len(granted)
        assert all(pause.by is not None for pause in clocks.case.pauses)


def test_what_an_older_calendar_counted_is_explained_by_it() -> None:
    plot = Plot(LIMITS[0]).go(timedelta(), Post.DISPATCHER, commands.Dispatch())
    recorded = plot.life.round.clock.due_at
    assert calendar_versions(plot.entries) == {1}
    told = plot.told(LONG, past=[OFFICE])
    assert (told.case.calendar_version, told.case.account and told.case.account.due_at) == (1, recorded)
    lost = plot.told(LONG)
    assert (lost.case.calendar_version, lost.case.account and lost.case.account.due_at == recorded) == (2, False)


def test_a_reopened_round_has_the_limit_and_the_source_of_its_own() -> None:
    minute = timedelta(minutes=1)
    plot = Plot(LIMITS[0]).go(minute, Post.DISPATCHER, commands.Dispatch())
    plot.go(minute, Post.UNIT, commands.Dispose(result=RESULT)).go(minute, Post.OPERATOR, commands.SendCheck())
    plot.go(minute, Post.INSPECTOR, commands.Check(result=CheckResult.PASS))
    plot.go(minute, Post.SHIFT_LEAD, commands.Close())
    before = plot.told().case
    assert before.account is not None
    assert (before.limit_source, before.account.used_minutes) == ("test 0305", 1)
    plot.go(timedelta(hours=1), Post.OPERATOR, commands.Reopen(reason_code="dissatisfied"))
    after = plot.told().case
    assert after.account is not None
    assert (after.limit, after.limit_source) == (DEFAULTS.redo_limit, "policy redo_limit")
    assert (after.account.start, after.account.used_minutes) == (plot.at, 0)


def test_a_suspension_still_running_is_a_pause_with_its_reason() -> None:
    minute = timedelta(minutes=1)
    plot = Plot(LIMITS[0]).go(minute, Post.DISPATCHER, commands.Dispatch())
    until = plot.at + timedelta(days=3)
    plot.go(minute, Post.UNIT, commands.RequestSuspension(reason_code="budget", until=until))
    plot.go(minute, Post.SHIFT_LEAD, commands.GrantRequest(request_id=pending(plot)))
    (pause,) = plot.told().case.pauses
    assert (pause.span, pause.reason, pause.reason_code) == (Span(start=plot.at, end=until), "suspension", "budget")
