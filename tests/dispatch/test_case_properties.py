"""What must hold in whatever hands a case falls, at whatever times: random commands out of what the table allows."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch.case_facts import case_flags, leg_facts, round_facts
from app.dispatch.case_fold import apply, fold
from app.dispatch.case_life import CaseLife, Spot
from app.dispatch.clock import due
from app.dispatch.codes import (
    Action,
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    LegEnd,
    LimitUnit,
    Post,
    RequestState,
    ReworkClock,
)
from app.dispatch.commands import (
    Arbitrate,
    AssignSub,
    CallBack,
    Check,
    Close,
    Command,
    DeskCheck,
    Dispatch,
    Dispose,
    GrantRequest,
    MakeContact,
    Note,
    Recall,
    RefuseRequest,
    Relocate,
    Reopen,
    ReportUp,
    RequestArbitration,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
    Resume,
    ReturnSub,
    SendCheck,
    Sign,
    Supplement,
    Tag,
    Urge,
    Void,
)
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.fold_turns import withdraw_pending
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from app.dispatch.workflow import allowed, targets
from tests.dispatch.cases import CASE_ID, EIGHT_HOURS, REPORT_ID, SECOND, Tale, at, scene

MINE_NOT, MORE = RequestReturn(reason_code="not_mine"), RequestExtension(reason_code="x")
WORKS = RequestExtension(reason_code="engineering", until=at("30 17:00"))
DONE = tuple(Dispose(result=result) for result in (DisposalResult.SOLVED, DisposalResult.GONE))
CANNOT = Dispose(result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK)
ELSEWHERE = {
    *(Action.AMEND, Action.MERGE_CASE, Action.APPROVE_ANSWER, Action.TAKE_UP, Action.HAND_OVER),
    *(Action.APPEAL, Action.REVIEW_APPEAL),
}
"""What needs more around it than a case by itself: drawn where it is tried for real."""
HALF_DAY = timedelta(hours=12)
LIMITS = st.sampled_from(
    [
        Limit(value=2, unit=LimitUnit.WORK_HOUR),
        EIGHT_HOURS,
        Limit(value=2, unit=LimitUnit.WORK_DAY),
        Limit(value=90, unit=LimitUnit.MINUTE),
        Limit(value=1, unit=LimitUnit.CONTINUOUS_DAY),
    ]
)
POLICIES = st.builds(
    replace,
    st.just(DEFAULTS),
    rework_clock=st.sampled_from(ReworkClock),
    extension_moves_case=st.booleans(),
    desk_check=st.booleans(),
)
GAPS = st.sampled_from([timedelta(), *(timedelta(minutes=n) for n in (1, 5, 10, 45, 75, 180, 1500))])
UNIT_CODES = st.sampled_from(["greens", "roads", "town"])
LEGS = st.integers(1, 4)
CHECKS = st.sampled_from([*CheckResult, *[CheckResult.FAIL] * 2])
CODES = st.sampled_from([FailCode.NOT_DONE, FailCode.INCOMPLETE])


def plausible(life: CaseLife, action: Action, now: datetime) -> st.SearchStrategy[Command]:
    """Return where the fields of one action are drawn from."""
    request_id = life.round.pending.id if life.round.pending else UUID(int=9)
    drawn: dict[Action, st.SearchStrategy[Command]] = {
        Action.DISPATCH: st.builds(
            Dispatch,
            unit_code=UNIT_CODES,
            reason_code=st.just("x"),
            co_units=st.lists(UNIT_CODES, max_size=1).map(tuple),
        ),
        Action.ASSIGN_SUB: st.builds(
            AssignSub, unit_code=st.sampled_from(["squad", "sweepers", "team"]), leg=st.none() | LEGS
        ),
        Action.RETURN_SUB: st.builds(ReturnSub, leg=LEGS),
        Action.REPORT_UP: st.builds(ReportUp, leg=LEGS),
        Action.CONTACT: st.builds(MakeContact, reached=st.booleans(), at=st.just(now), method=st.just("phone")),
        Action.REQUEST_SUSPENSION: st.builds(
            RequestSuspension,
            reason_code=st.just("x"),
            until=st.sampled_from([now + HALF_DAY, now + 10 * HALF_DAY]),
        ),
        Action.REQUEST_EXTENSION: st.sampled_from([MORE, WORKS]),
        Action.REQUEST_ARBITRATION: st.builds(
            RequestArbitration,
            text=st.just("不归我们"),
            media=st.just((UUID(int=8),)),
            handle_under_reserve=st.booleans(),
        ),
        Action.ARBITRATE: st.builds(Arbitrate, unit_code=UNIT_CODES),
        Action.GRANT: st.just(GrantRequest(request_id=request_id)),
        Action.REFUSE: st.just(RefuseRequest(request_id=request_id, text="否")),
        Action.DISPOSE: st.sampled_from([*DONE, *DONE, CANNOT]),
        Action.CHECK: st.builds(Check, result=CHECKS, code=CODES),
        Action.DESK_CHECK: st.builds(DeskCheck, result=CHECKS, code=CODES),
    }
    return drawn[action] if action in drawn else st.just(PLAIN[action])


PLAIN: dict[Action, Command] = {
    Action.VOID: Void(reason_code="x", second_person=SECOND),
    Action.RECALL: Recall(),
    Action.SIGN: Sign(),
    Action.REQUEST_RETURN: MINE_NOT,
    Action.RESUME: Resume(),
    Action.SEND_CHECK: SendCheck(),
    Action.CLOSE: Close(),
    Action.REOPEN: Reopen(reason_code="x"),
    Action.CALL_BACK: CallBack(report_id=REPORT_ID, reached=True, solved=False),
    Action.URGE: Urge(),
    Action.NOTE: Note(text="看过"),
    Action.TAG: Tag(add=("school",)),
    Action.SUPPLEMENT: Supplement(attention="supplemented"),
    Action.RELOCATE: Relocate(spot=Spot(cell_code="310109001001009", zones={}), versions={"cells": 2}),
}
RULINGS = (Action.GRANT, Action.REFUSE, Action.ARBITRATE)
MOVING = (
    *(Action.DISPATCH, Action.REQUEST_RETURN, Action.REQUEST_EXTENSION, Action.REQUEST_SUSPENSION, Action.DISPOSE),
    *(Action.RESUME, Action.SEND_CHECK, Action.CHECK, Action.DESK_CHECK, Action.CLOSE, Action.REOPEN),
    *(Action.ASSIGN_SUB, Action.REPORT_UP, Action.REQUEST_ARBITRATION, Action.REQUEST_RETURN),
)


@st.composite
def choices(draw: st.DrawFn, life: CaseLife) -> Action:
    """Draw an action that the table allows: four times in five one that brings the case on."""
    table = [one for one in allowed(life.state) if one not in ELSEWHERE]
    moving = [one for one in table if one in (RULINGS if life.round.pending else MOVING)]
    other = [one for one in table if one not in (*RULINGS, *MOVING, Action.VOID)]
    onward, ending = draw(st.integers(0, 4)), draw(st.integers(0, 30))
    if Action.VOID in table and ending == 17:
        return Action.VOID
    if moving and onward > 0:
        return draw(st.sampled_from(moving))
    return draw(st.sampled_from([*other, *(one for one in table if one in MOVING)]))


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    """Draw a case and whatever its table and guards let happen to it."""
    tale, now = Tale.dispatched(draw(LIMITS), policies=draw(POLICIES)), at("10 09:00")
    for _ in range(draw(st.integers(4, 16))):
        now += draw(GAPS)
        action = draw(choices(tale.life))
        request = tale.life.round.pending
        post = (request.ruler if request else None) or Post.SHIFT_LEAD
        try:
            tale.do(draw(plausible(tale.life, action, now)), now, post=post)
        except (ActionNotAllowed, BadInput):
            continue
    return tale


def steps(tale: Tale) -> list[CaseLife]:
    """Return the life after each step."""
    lives: list[CaseLife] = []
    for entry in tale.entries:
        lives.append(apply(lives[-1] if lives else None, entry))
    return lives


MAY_PULL_BACK = {Action.RESUME, Action.CHECK, Action.DESK_CHECK}
"""A suspension that ends early; a fresh start after a failed check, where pauses and extensions fall away."""


@given(tales())
@settings(max_examples=60, deadline=None)
def test_whatever_is_done_is_in_the_table_and_told_the_same_way_twice(tale: Tale) -> None:
    for before, entry in zip(steps(tale), tale.entries[1:], strict=False):
        assert entry.source == before.state
        assert entry.target in targets(before.state, entry.action)
    assert fold(tale.entries) == tale.life
    for cut in range(1, len(tale.entries)):
        assert fold(tale.entries[cut:], fold(tale.entries[:cut])) == tale.life


@given(tales())
@settings(max_examples=60, deadline=None)
def test_due_times_only_go_back_where_a_rule_says_so_and_what_is_fixed_stays(tale: Tale) -> None:
    lives = steps(tale)
    for before, after, entry in zip(lives, lives[1:], tale.entries[1:], strict=False):
        if before.round.number != after.round.number:
            assert after.rounds[:-2] == before.rounds[:-1]
            assert after.rounds[-2] == withdraw_pending(before.round, entry.recorded_at)
            continue
        clocks = [(before.round.clock, after.round.clock)]
        clocks += [(old.clock, new.clock) for old, new in zip(before.round.legs, after.round.legs, strict=False)]
        for old, new in clocks:
            assert old.fixed_at is None or new.fixed_at == old.fixed_at
            assert old.due_at is None or new.due_at is not None
            if old.due_at and new.due_at and entry.action not in MAY_PULL_BACK:
                assert new.due_at >= old.due_at
        fresh = tale.policies.rework_clock is ReworkClock.FRESH
        if entry.action in {Action.CHECK, Action.DESK_CHECK} and not fresh and before.leg and after.leg:
            assert after.round.clock == before.round.clock
            assert before.leg.clock.due_at is not None
            assert after.leg.clock.due_at is not None
            assert after.leg.clock.due_at >= before.leg.clock.due_at


@given(tales())
@settings(max_examples=60, deadline=None)
def test_the_present_due_times_follow_from_limit_pauses_and_extensions(tale: Tale) -> None:
    """What the steps recorded is what the clocks as folded give, so that anyone can count again."""
    turn = tale.life.round
    if turn.suspended_since is not None:
        return
    clocks = [turn.clock, *(leg.clock for leg in turn.legs if leg is turn.accountable)]
    for clock in clocks:
        if clock.start is not None:
            assert clock.due_at == due(clock.start, clock.whole_limit, scene(clock.start).calendar, clock.pauses).at


@given(tales())
@settings(max_examples=60, deadline=None)
def test_legs_and_requests_stay_in_order(tale: Tale) -> None:
    for turn in tale.life.rounds:
        assert [leg.number for leg in turn.legs] == list(range(1, len(turn.legs) + 1))
        held = [leg for leg in turn.legs if leg.kind == "main" and not leg.annulled]
        assert len(held) <= 1
        assert all(leg.ended_at is not None for leg in turn.legs if leg.annulled)
        by_number = {leg.number: leg for leg in turn.legs}
        for part in turn.parts:
            assert part.parent is not None
            assert part.parent < part.number
            assert by_number[part.parent].ended_at is None, "nobody works for a leg that has ended"
        assert sum(request.state is RequestState.PENDING for request in turn.requests) <= 1
        recalls = [entry for entry in tale.entries if entry.action is Action.RECALL]
        if len(tale.life.rounds) == 1:
            returns = round_facts(CASE_ID, tale.life)[0].returns
            annulled = [leg for leg in turn.legs if leg.annulled and leg.kind == "main"]
            assert len(annulled) == returns + len(recalls)
    if tale.life.state not in {CaseState.DISPATCHED, CaseState.SUSPENDED}:
        assert tale.life.round.parts == ()
    if tale.life.state is CaseState.FILED:
        assert tale.life.leg is None
    if tale.life.state in {CaseState.DISPATCHED, CaseState.SUSPENDED}:
        assert tale.life.leg is not None
    if tale.life.state in {CaseState.DISPOSED, CaseState.CHECKING} and tale.life.leg is None:
        assert tale.life.round.main_leg is not None
        assert tale.life.round.main_leg.end is LegEnd.OVERRULED


@given(tales())
@settings(max_examples=60, deadline=None)
def test_facts_never_contradict_themselves(tale: Tale) -> None:
    rounds = round_facts(CASE_ID, tale.life)
    assert len(rounds) == len(tale.life.rounds)
    for facts in rounds:
        assert facts.closed == (facts.closed_at is not None)
        assert facts.disposed == (facts.standing_disposed_at is not None)
        assert not facts.closed or facts.disposed or facts.end_kind is EndKind.PROBLEM_BANK
        assert not facts.dispatched or (facts.counted and facts.first_dispatch_at is not None)
        assert not facts.case_on_time or facts.closed or facts.disposed
        assert facts.leg_due_at is None or facts.unit_code is not None
        assert facts.leg_to_close_at is None or facts.unit_code is not None
        assert (facts.filed_at is None) == (facts.round > 1) == (facts.reopened_at is not None)
        if facts.case_to_close_at is not None and facts.disposed and facts.standing_disposed_at is not None:
            assert facts.case_to_close_at <= facts.standing_disposed_at
        if facts.first_dispatch_at is None:
            assert (facts.case_due_at, facts.case_to_close_at, facts.leg_to_close_at) == (None, None, None)
        assert facts.first_recorded_at <= facts.last_recorded_at <= tale.life.updated_at
    assert rounds[-1].counted == (tale.life.state is not CaseState.VOIDED)
    legs = leg_facts(CASE_ID, tale.life)
    assert len(legs) == sum(len(turn.legs) for turn in tale.life.rounds)
    assert all((leg.return_ruled_at is None) == (leg.return_granted is None) for leg in legs)
    assert ("request_pending" in case_flags(tale.life)) == (tale.life.round.pending is not None)
