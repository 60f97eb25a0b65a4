"""Amending and merging as decided and folded: which clocks a new limit counts for, and what earlier rounds keep."""

from dataclasses import replace

import pytest

from app.dispatch import case_actions
from app.dispatch.case_facts import round_facts
from app.dispatch.case_fold import apply
from app.dispatch.case_life import Spot
from app.dispatch.case_projection import AUTO_SIGN, lapsed, timers
from app.dispatch.clock_story import tell
from app.dispatch.codes import Action, CaseState, CheckResult, DisposalResult, EndKind, Kind, LegEnd, LimitUnit, Post
from app.dispatch.commands import (
    Amend,
    Check,
    Close,
    Dispatch,
    Dispose,
    GrantRequest,
    MergeCase,
    Recall,
    Reopen,
    RequestExtension,
    SendCheck,
)
from app.dispatch.deciding import Amended
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.history import Entry, entered
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from tests.dispatch.cases import CALENDAR, CASE_ID, LEAD, REPORT_ID, SPOT, Tale, at, scene

FOUR_HOURS = Limit(value=4, unit=LimitUnit.WORK_HOUR)
TWO_DAYS = Limit(value=2, unit=LimitUnit.CONTINUOUS_DAY)
OTHER = Amend(condition=2)
REROUTED = Amend(condition=2, reroute=True)
SOLVED = Dispose(result=DisposalResult.SOLVED)


def found(tale: Tale, limit: Limit | None = FOUR_HOURS, unit_code: str | None = "greens", **fields: object) -> Amended:
    given: dict[str, object] = {
        "kind": Kind.EVENT,
        "category": "0306",
        "condition": 2,
        "catalogue": "city-practice-1",
        "limit": limit,
        "limit_source": "city-practice-1: 0306",
        "unit_code": unit_code,
        "attention": tale.life.attention,
    }
    return Amended(**{**given, **fields})  # type: ignore[arg-type]  # fields by name


def amend(tale: Tale, when: str, wanted: Amend = OTHER, to: Amended | None = None) -> Entry:
    around = replace(scene(at(when), policies=tale.policies), amended=to or found(tale))
    draft = case_actions.decide(tale.life, wanted, around)
    number, state = tale.life.number + 1, tale.life.state
    entry = entered(draft, number, state, post=Post.SHIFT_LEAD, actor_id=LEAD, at=at(when))
    tale.entries.append(entry)
    tale.life = apply(tale.life, entry)
    return entry


def extended(tale: Tale) -> None:
    tale.do(RequestExtension(reason_code="rain"), "10 09:10")
    assert tale.life.round.pending is not None
    tale.do(GrantRequest(request_id=tale.life.round.pending.id), "10 09:20")


def test_the_new_limit_counts_from_the_dispatch_and_may_have_run_out() -> None:
    tale = Tale.dispatched()
    amend(tale, "10 16:00")
    assert tale.dues == ("10 15:00", "10 15:00")
    assert (tale.life.category, tale.life.condition) == ("0306", 2)
    tale.do(SOLVED, "10 16:10")
    assert (tale.facts.case_on_time, tale.facts.case_to_close_at) == (False, at("10 15:00"))
    told = tell(tale.entries, CALENDAR, at("10 16:10")).case
    assert (told.limit, told.limit_source) == (FOUR_HOURS, "city-practice-1: 0306")


def test_what_was_overdue_is_on_time_again_but_stays_in_its_month() -> None:
    tale = Tale.dispatched()
    amend(tale, "11 10:00", to=found(tale, TWO_DAYS))
    assert tale.dues == ("12 09:00", "12 09:00")
    tale.do(SOLVED, "11 11:00")
    assert (tale.facts.case_on_time, tale.facts.case_to_close_at) == (True, at("11 09:00"))


def test_extensions_go_with_the_unit_they_were_counted_in() -> None:
    same, other = Tale.dispatched(), Tale.dispatched()
    for tale in (same, other):
        extended(tale)
    amend(same, "10 10:00")
    assert same.dues[0] == "11 15:00"  # four hours and the eight more
    amend(other, "10 10:00", to=found(other, TWO_DAYS))
    assert other.dues[0] == "12 09:00"
    told = [tell(tale.entries, CALENDAR, at("10 10:00")).case for tale in (same, other)]
    assert [len(one.extensions) for one in told] == [1, 0]


def test_another_unit_gets_a_leg_of_its_own_and_the_case_clock_runs_on() -> None:
    tale = Tale.dispatched()
    entry = amend(tale, "10 10:00", REROUTED, found(tale, unit_code="roads"))
    first, second = tale.life.round.legs
    assert (first.end, second.unit_code, second.dispatched_at) == (LegEnd.SUPERSEDED, "roads", at("10 10:00"))
    assert tale.dues == ("10 15:00", "10 16:00")
    assert (tale.facts.accurate, tale.facts.unit_code) == (True, "roads")
    assert entry.payload["next_leg"] == 2
    told = tell(tale.entries, CALENDAR, at("10 10:00")).leg
    assert told is not None
    assert told.limit_source == "city-practice-1: 0306"
    tale.do(Recall(), "10 10:10")
    assert (tale.life.leg, tale.life.unit_code) == (None, "roads")


def test_a_leg_that_amending_began_signs_itself_like_any_other() -> None:
    tale = Tale.dispatched()
    amend(tale, "10 10:00", REROUTED, found(tale, unit_code="roads"))
    assert AUTO_SIGN in lapsed(Action.AMEND)
    (timer,) = timers(tale.life, Action.AMEND, DEFAULTS)
    assert (timer.kind, timer.due_at, timer.payload["leg"]) == (AUTO_SIGN, at("10 12:00"), 2)


def test_the_same_unit_or_nobody_changes_no_leg() -> None:
    for unit_code in ("greens", None):
        tale = Tale.dispatched()
        amend(tale, "10 10:00", REROUTED, found(tale, unit_code=unit_code))
        assert len(tale.life.round.legs) == 1
        assert tale.life.unit_code == "greens"


def test_before_the_dispatch_the_limit_and_the_proposal_are_changed() -> None:
    tale = Tale()
    amend(tale, "10 08:40", REROUTED, found(tale, unit_code="roads"))
    assert (tale.life.proposed_unit, tale.dues) == ("roads", (None, None))
    tale.do(Dispatch(), "10 09:00")
    assert tale.dues == ("10 15:00", "10 15:00")


def test_a_pending_request_that_it_would_touch_is_ruled_on_first() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain"), "10 09:10")
    with pytest.raises(ActionNotAllowed):
        amend(tale, "10 09:20")
    amend(tale, "10 09:20", Amend(reroute=True), found(tale, limit=None))
    assert tale.life.round.pending is not None


def test_limits_that_a_policy_gave_stay_and_earlier_rounds_keep_what_they_were() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 10:00")
    tale.do(SendCheck(), "10 10:10")
    tale.do(Check(result=CheckResult.PASS), "10 10:20")
    tale.do(Close(), "10 10:30")
    tale.do(Reopen(reason_code="x"), "10 11:00")
    before = tale.dues
    spot = Spot(cell_code="C9", street="S9", zones={})
    amend(tale, "10 11:10", to=found(tale, spot=spot))
    assert tale.dues == before
    first, second = round_facts(CASE_ID, tale.life)
    assert (first.category, first.condition, first.cell_code) == ("0305", 1, SPOT.cell_code)
    assert (second.category, second.condition, second.cell_code) == ("0306", 2, "C9")


def test_a_follow_up_keeps_its_limit() -> None:
    tale = Tale.dispatched()
    tale.do(Dispose(result=DisposalResult.TEMPORARY), "10 15:00")
    amend(tale, "10 16:00")
    assert tale.dues == ("24 15:00", "24 15:00")
    late = Tale.dispatched()
    late.do(Dispose(result=DisposalResult.TEMPORARY), "11 10:00")
    amend(late, "11 11:00")
    assert late.dues == ("10 15:00", "25 10:00")


def test_nothing_wanted_is_refused() -> None:
    for tale in (Tale(), Tale.dispatched()):
        with pytest.raises(BadInput) as error:
            amend(tale, "10 09:10", Amend())
        assert error.value.code == "nothing_to_amend"


def test_a_merged_case_ends_whatever_was_at_work_and_counts_nowhere() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain"), "10 09:10")
    entry = tale.do(MergeCase(into_case=REPORT_ID), "10 09:20")
    assert (tale.life.state, tale.life.round.end_kind) == (CaseState.CLOSED, EndKind.MERGED)
    assert (tale.life.round.pending, tale.leg.end) == (None, LegEnd.SUPERSEDED)
    assert (tale.facts.counted, tale.facts.dispatched) == (False, False)
    assert entry.payload["into_case"] == str(REPORT_ID)
    with pytest.raises(ActionNotAllowed):
        tale.decide(Reopen(reason_code="x"), "10 10:00")
