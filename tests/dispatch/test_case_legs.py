"""Parts of a case: given on inside a town, returned one level at a time, done; and co-units beside the main one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch import commands
from app.dispatch.case_facts import case_flags
from app.dispatch.case_fold import fold
from app.dispatch.case_openings import openings
from app.dispatch.case_projection import AUTO_SIGN, lapsed, present, timers
from app.dispatch.codes import (
    Action,
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    LegEnd,
    LegKind,
    LimitUnit,
    Post,
)
from app.dispatch.errors import ActionNotAllowed, BadInput, NotPermitted
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from tests.dispatch.cases import INSPECTOR, Tale, at, local, scene

TOWN = frozenset({"town", "squad", "sweepers", "team"})
SQUAD = frozenset({"squad", "team"})
TEAM, SWEEPERS, ROADS, LAMPS = (frozenset({code}) for code in ("team", "sweepers", "roads", "lamps"))


def in_town(limit: Limit | None = None) -> Tale:
    """Begin with a city's case that went to the town on Tuesday the 10th at 9:00."""
    return Tale.dispatched(limit, unit_code="town") if limit else Tale.dispatched(unit_code="town")


def legs(tale: Tale) -> list[tuple[int, LegKind, int | None, str, LegEnd | None]]:
    return [(leg.number, leg.kind, leg.parent, leg.unit_code, leg.end) for leg in tale.life.round.legs]


def give(tale: Tale, unit: str, when: str, *, leg: int | None = None, by: frozenset[str] = TOWN) -> None:
    tale.do(commands.AssignSub(unit_code=unit, leg=leg), when, own_units=by, post=Post.UNIT)


def test_a_town_gives_on_checks_and_disposes() -> None:
    tale = in_town()
    give(tale, "squad", "10 10:00")
    give(tale, "sweepers", "10 10:00")
    assert legs(tale) == [
        (1, LegKind.MAIN, None, "town", None),
        (2, LegKind.SUB, 1, "squad", None),
        (3, LegKind.SUB, 1, "sweepers", None),
    ]
    assert present(tale.life)["leg_units"] == ["squad", "sweepers"]
    assert present(tale.life)["unit_codes"] == ["squad", "sweepers", "town"]
    assert tale.life.unit_code == "town", "who answers for it is the town"
    with pytest.raises(ActionNotAllowed, match=r"2（squad）、3（sweepers）"):
        tale.decide(commands.Dispose(result=DisposalResult.SOLVED), "10 11:00", own_units=TOWN)
    done = tale.do(commands.ReportUp(leg=2, public_answer="清了", media=(INSPECTOR,)), "10 11:00", own_units=SQUAD)
    assert done.payload["media"] == [str(INSPECTOR)]
    assert tale.life.state is CaseState.DISPATCHED, "the desk checks by itself"
    tale.do(commands.ReportUp(leg=3), "10 11:30", own_units=SWEEPERS)
    assert present(tale.life)["leg_units"] == []
    tale.do(commands.Dispose(result=DisposalResult.SOLVED), "10 12:00", own_units=TOWN)
    assert [end for *_, end in legs(tale)] == [LegEnd.DISPOSED] * 3
    assert tale.facts.unit_code == "town"
    assert [(one.unit_code, one.parent, one.assisted_on_time) for one in tale.leg_facts] == [
        ("town", None, None),
        ("squad", 1, True),
        ("sweepers", 1, True),
    ]
    assert fold(tale.entries) == tale.life


def test_what_is_proposed_to_the_public_is_not_yet_said() -> None:
    tale = in_town()
    give(tale, "squad", "10 10:00")
    draft = tale.decide(commands.ReportUp(leg=2, public_answer="清了"), "10 11:00", own_units=SQUAD)
    assert draft.texts == {"proposed_answer": "清了"}


def test_a_part_gets_seven_tenths_of_what_is_left() -> None:
    """Eight work hours from Tuesday 9:00 end Wednesday 9:00; at 16:00 three are left, of which 2 h 6 min are given."""
    tale = in_town()
    entry = tale.do(commands.AssignSub(unit_code="squad"), "10 16:00", own_units=TOWN)
    assert entry.policy == "sub_share"
    assert entry.payload["limit"] == {"value": "2.1", "unit": "work_hour"}
    part = tale.life.round.parts[0]
    assert local(part.clock.due_at) == "11 08:06"
    assert tale.dues == ("11 09:00", "11 09:00"), "the clocks of case and unit run on as they were"


def test_continuous_limits_are_shared_by_the_wall_clock() -> None:
    tale = in_town(Limit(value=10, unit=LimitUnit.CONTINUOUS_HOUR))
    give(tale, "squad", "10 09:00")
    assert local(tale.life.round.parts[0].clock.due_at) == "10 16:00"


def test_a_due_time_may_be_named_not_later_than_the_town_s() -> None:
    tale = in_town()
    named = tale.do(commands.AssignSub(unit_code="squad", due_at=at("10 17:00")), "10 10:00", own_units=TOWN)
    assert named.policy is None
    assert local(tale.life.round.parts[0].clock.due_at) == "10 17:00"
    tale.do(commands.AssignSub(unit_code="sweepers", due_at=at("11 09:00")), "10 10:00", own_units=TOWN)
    for wrong in ("11 09:01", "10 10:00", "10 09:30"):
        with pytest.raises(BadInput) as refused:
            tale.decide(commands.AssignSub(unit_code="team", due_at=at(wrong)), "10 10:00", own_units=TOWN)
        assert refused.value.code == "due_out_of_range"


def test_after_its_own_due_time_a_town_may_still_give_on() -> None:
    tale = in_town()
    give(tale, "squad", "11 15:00")
    assert local(tale.life.round.parts[0].clock.due_at) == "11 09:00", "overdue with the leg it is a part of"


def test_parts_of_parts_return_one_level_at_a_time() -> None:
    tale = in_town()
    give(tale, "squad", "10 10:00")
    give(tale, "team", "10 10:30", leg=2, by=SQUAD)
    assert legs(tale)[-1] == (3, LegKind.SUB, 2, "team", None)
    squads, teams = (leg.clock.due_at for leg in tale.life.round.parts)
    assert squads is not None
    assert teams is not None
    assert teams < squads
    for early in (commands.ReturnSub(leg=2), commands.ReportUp(leg=2)):
        with pytest.raises(ActionNotAllowed, match="3（team）"):
            tale.decide(early, "10 11:00", own_units=frozenset({"squad"}))
    tale.do(commands.ReturnSub(leg=3, reason_code="not_ours"), "10 11:00", own_units=TEAM)
    assert [end for *_, end in legs(tale)] == [None, None, LegEnd.RETURNED], "the squad has it again"
    tale.do(commands.ReturnSub(leg=2, reason_code="not_ours"), "10 11:30", own_units=frozenset({"squad"}))
    assert [end for *_, end in legs(tale)] == [None, LegEnd.RETURNED, LegEnd.RETURNED], "the town has it again"
    give(tale, "squad", "10 12:00")
    assert legs(tale)[-1] == (4, LegKind.SUB, 1, "squad", None)


def test_a_town_takes_back_a_whole_branch() -> None:
    tale = in_town()
    give(tale, "squad", "10 10:00")
    give(tale, "team", "10 10:30", leg=2, by=SQUAD)
    entry = tale.do(commands.ReturnSub(leg=2), "10 11:00", own_units=TOWN)
    assert entry.payload["end"] == "recalled"
    assert [end for *_, end in legs(tale)] == [None, LegEnd.RECALLED, LegEnd.SUPERSEDED]
    tale.do(commands.Dispose(result=DisposalResult.SOLVED), "10 12:00", own_units=TOWN)
    assert tale.life.state is CaseState.DISPOSED


def test_who_gives_to_whom() -> None:
    def refusal(command: commands.Command, own: frozenset[str], tale: Tale) -> str:
        with pytest.raises((BadInput, NotPermitted, ActionNotAllowed)) as refused:
            tale.decide(command, "10 11:00", own_units=own)
        return refused.value.code

    tale = in_town()
    give(tale, "squad", "10 10:00")
    assert refusal(commands.AssignSub(unit_code="roads"), TOWN, tale) == "unit_out_of_reach"
    assert refusal(commands.AssignSub(unit_code="town"), TOWN, tale) == "unit_out_of_reach", "not to itself"
    assert refusal(commands.AssignSub(unit_code="nobody"), TOWN, tale) == "unknown_unit"
    assert refusal(commands.AssignSub(unit_code="squad"), TOWN, tale) == "already_at_work"
    assert refusal(commands.AssignSub(unit_code="squad", leg=9), TOWN, tale) == "unknown_leg"
    assert refusal(commands.AssignSub(unit_code="sweepers", leg=2), SQUAD, tale) == "unit_out_of_reach"
    assert refusal(commands.AssignSub(unit_code="sweepers", leg=1), SQUAD, tale) == "not_permitted"
    assert refusal(commands.ReportUp(leg=2), SWEEPERS, tale) == "not_permitted"
    assert refusal(commands.ReturnSub(leg=2), SWEEPERS, tale) == "not_permitted"
    assert refusal(commands.ReturnSub(leg=1), TOWN, tale) == "not_a_part"
    assert refusal(commands.Sign(leg=1), SQUAD, tale) == "not_permitted"
    tale.do(commands.ReportUp(leg=2), "10 10:30", own_units=SQUAD)
    assert refusal(commands.ReportUp(leg=2), SQUAD, tale) == "action_not_allowed", "done is done"
    assert refusal(commands.AssignSub(unit_code="team", leg=2), SQUAD, tale) == "action_not_allowed"
    plain = Tale.dispatched()
    assert refusal(commands.AssignSub(unit_code="roads"), frozenset({"greens"}), plain) == "action_not_allowed"


def test_co_units_help_and_end_with_the_main_leg() -> None:
    tale = Tale()
    tale.do(commands.Dispatch(co_units=("roads", "lamps")), "10 09:00")
    assert legs(tale)[1:] == [(2, LegKind.ASSIST, 1, "roads", None), (3, LegKind.ASSIST, 1, "lamps", None)]
    tale.do(commands.ReportUp(leg=2), "10 10:00", own_units=ROADS)
    with pytest.raises(NotPermitted):
        tale.decide(commands.ReturnSub(leg=3), "10 10:30", own_units=frozenset({"greens"}))
    tale.do(commands.Dispose(result=DisposalResult.SOLVED), "10 11:00", own_units=frozenset({"greens"}))
    assert [end for *_, end in legs(tale)] == [LegEnd.DISPOSED, LegEnd.DISPOSED, LegEnd.SUPERSEDED]
    assert [one.assisted_on_time for one in tale.leg_facts] == [None, True, False]


def test_a_co_unit_may_give_its_part_back_and_nobody_dispatched_wrongly() -> None:
    tale = Tale()
    tale.do(commands.Dispatch(co_units=("roads",)), "10 09:00")
    tale.do(commands.ReturnSub(leg=2, reason_code="not_ours"), "10 10:00", own_units=ROADS)
    assert legs(tale)[1][-1] is LegEnd.RETURNED
    assert tale.facts.accurate
    assert "returned" not in case_flags(tale.life)


@pytest.mark.parametrize(
    ("end", "last"),
    [
        pytest.param(commands.Recall(), LegEnd.RECALLED, id="recall"),
        pytest.param(commands.Void(reason_code="by_mistake"), None, id="void"),
    ],
)
def test_parts_end_with_what_they_are_parts_of(end: commands.Command, last: LegEnd | None) -> None:
    tale = in_town()
    give(tale, "squad", "10 09:05")
    give(tale, "team", "10 09:06", leg=2, by=SQUAD)
    tale.do(end, "10 09:10")
    assert [end for *_, end in legs(tale)] == [last, LegEnd.SUPERSEDED, LegEnd.SUPERSEDED]
    assert present(tale.life)["leg_units"] == []


def test_a_granted_return_ends_the_parts() -> None:
    tale = in_town()
    give(tale, "squad", "10 09:05")
    tale.do(commands.RequestReturn(reason_code="not_ours"), "10 09:10", own_units=TOWN, post=Post.UNIT)
    pending = tale.life.round.pending
    assert pending is not None
    tale.do(commands.GrantRequest(request_id=pending.id), "10 09:20", post=Post.DISPATCHER)
    assert [end for *_, end in legs(tale)] == [LegEnd.RETURNED, LegEnd.SUPERSEDED]
    assert not tale.facts.accurate, "the main leg was the desk's own mistake"


def test_after_a_failed_check_the_same_leg_may_be_given_on_again() -> None:
    tale = in_town()
    give(tale, "squad", "10 09:30")
    tale.do(commands.ReportUp(leg=2), "10 10:00", own_units=SQUAD)
    tale.do(commands.Dispose(result=DisposalResult.SOLVED), "10 10:30", own_units=TOWN)
    tale.do(commands.SendCheck(), "10 10:40")
    around = {"post": Post.INSPECTOR, "actor_id": INSPECTOR}
    tale.do(commands.Check(result=CheckResult.FAIL, code=FailCode.INCOMPLETE), "10 11:00", **around)
    assert [end for *_, end in legs(tale)] == [None, LegEnd.DISPOSED]
    give(tale, "squad", "10 11:10")
    assert legs(tale)[-1] == (3, LegKind.SUB, 1, "squad", None)
    assert tale.facts.accurate


def test_each_signs_its_own_leg() -> None:
    tale = in_town()
    give(tale, "squad", "10 09:30")
    assert tale.decide(commands.Sign(), "10 10:00", own_units=SQUAD).payload == {"leg": 2}
    assert tale.decide(commands.Sign(), "10 10:00", own_units=TOWN).payload == {"leg": 1}
    tale.do(commands.Sign(), "10 10:00", own_units=SQUAD)
    assert [leg.signed_at is not None for leg in tale.life.round.legs] == [False, True]
    with pytest.raises(ActionNotAllowed):
        tale.decide(commands.Sign(), "10 10:10", own_units=SQUAD)
    tale.do(commands.Sign(), "10 10:10")
    assert [leg.signed_at is not None for leg in tale.life.round.legs] == [True, True]


def test_every_unsigned_leg_has_its_timer() -> None:
    tale = in_town()
    give(tale, "squad", "10 09:30")
    asked = {one.payload["leg"]: local(one.due_at) for one in timers(tale.life, Action.ASSIGN_SUB, DEFAULTS)}
    assert asked == {2: "10 11:30"}
    tale.do(commands.Sign(), "10 10:00", own_units=TOWN)
    asked = {one.payload["leg"]: local(one.due_at) for one in timers(tale.life, Action.SIGN, DEFAULTS)}
    assert asked == {2: "10 11:30"}, "signing one leg drops the timers of the case: those of the others come again"


def test_the_leg_that_an_arbitration_begins_has_its_timer_too() -> None:
    tale = Tale.dispatched()
    tale.do(commands.RequestReturn(reason_code="not_ours"), "10 09:10")
    tale.do(commands.GrantRequest(request_id=tale.life.round.requests[0].id), "10 09:20", post=Post.DISPATCHER)
    tale.do(commands.Arbitrate(unit_code="roads"), "10 09:30", post=Post.COORDINATOR)
    (timer,) = timers(tale.life, Action.ARBITRATE, DEFAULTS)
    assert (timer.payload["leg"], local(timer.due_at), lapsed(Action.ARBITRATE)) == (2, "10 11:30", (AUTO_SIGN,))


def test_what_a_unit_cannot_do_leaves_the_others_unsigned_and_their_timers() -> None:
    tale = Tale()
    tale.do(commands.Dispatch(co_units=("roads",)), "10 09:00")
    tale.do(commands.Dispose(result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK), "10 09:30")
    assert AUTO_SIGN in lapsed(Action.DISPOSE)
    assert [one.payload["leg"] for one in timers(tale.life, Action.DISPOSE, DEFAULTS)] == [2]
    done = Tale.dispatched()
    done.do(commands.Dispose(result=DisposalResult.SOLVED), "10 09:30")
    assert timers(done.life, Action.DISPOSE, DEFAULTS) == []


def test_a_suspension_moves_the_parts_too() -> None:
    tale = in_town()
    give(tale, "squad", "10 10:00")
    assert local(tale.life.round.parts[0].clock.due_at) == "10 16:54"
    until = at("17 09:00")
    tale.do(commands.RequestSuspension(reason_code="season", until=until), "10 10:00", own_units=TOWN)
    pending = tale.life.round.pending
    assert pending is not None
    tale.do(commands.GrantRequest(request_id=pending.id), "10 11:00")
    tale.do(commands.Resume(), "12 11:00")
    assert local(tale.life.round.parts[0].clock.due_at) == "12 16:54"
    assert tale.dues == ("13 09:00", "13 09:00")


def test_what_was_due_before_a_suspension_stays_due() -> None:
    tale = in_town()
    tale.do(commands.AssignSub(unit_code="squad", due_at=at("10 10:30")), "10 10:00", own_units=TOWN)
    tale.do(commands.RequestSuspension(reason_code="season", until=at("17 09:00")), "10 10:40", own_units=TOWN)
    pending = tale.life.round.pending
    assert pending is not None
    tale.do(commands.GrantRequest(request_id=pending.id), "10 11:00")
    tale.do(commands.Resume(), "12 11:00")
    assert local(tale.life.round.parts[0].clock.due_at) == "10 10:30"


def test_what_is_possible_is_told_to_each() -> None:
    tale = in_town()

    def open_to(own: frozenset[str]) -> set[Action]:
        shown = openings(tale.life, scene(at("10 10:00"), own_units=own), frozenset({Post.UNIT}))
        return {Action.ASSIGN_SUB, Action.RETURN_SUB, Action.REPORT_UP, Action.DISPOSE} & set(shown)

    assert open_to(TOWN) == {Action.ASSIGN_SUB, Action.DISPOSE}
    give(tale, "squad", "10 09:30")
    assert open_to(frozenset({"town"})) == {Action.ASSIGN_SUB, Action.RETURN_SUB}
    assert {Action.RETURN_SUB, Action.REPORT_UP} <= open_to(SQUAD)
    assert not {Action.RETURN_SUB, Action.REPORT_UP} & open_to(SWEEPERS)
    give(tale, "team", "10 09:40", leg=2, by=SQUAD)
    assert not open_to(frozenset({"squad"})) & {Action.REPORT_UP}


def test_a_towns_dispatcher_sends_within_his_town() -> None:
    tale = Tale(desk="town", unit_code="roads")
    with pytest.raises(BadInput) as refused:
        tale.decide(commands.Dispatch(), "10 09:00")
    assert refused.value.code == "unit_out_of_reach"
    assert tale.life.proposed_unit == "roads", "what the rules proposed stays, and goes to nobody by itself"
    for command in (
        commands.Dispatch(unit_code="lamps", reason_code="local_knowledge"),
        commands.Dispatch(unit_code="squad", co_units=("lamps",), reason_code="local_knowledge"),
    ):
        with pytest.raises(BadInput) as refused:
            tale.decide(command, "10 09:00")
        assert refused.value.code == "unit_out_of_reach"
    tale.do(commands.Dispatch(unit_code="team", co_units=("town",), reason_code="local_knowledge"), "10 09:00")
    assert tale.life.unit_code == "team"
    city = Tale(unit_code="team")
    city.do(commands.Dispatch(), "10 09:00")
    assert city.life.unit_code == "team", "the city sends to whom it wants"


@given(
    value=st.integers(1, 40),
    unit=st.sampled_from(LimitUnit),
    start=st.integers(0, 6 * 24 * 60),
    later=st.integers(1, 5 * 24 * 60),
)
def test_a_part_is_never_due_after_what_it_is_a_part_of(value: int, unit: LimitUnit, start: int, later: int) -> None:
    tale = Tale(Limit(value=value, unit=unit), unit_code="town")
    sent = at("10 09:00") + timedelta(minutes=start)
    tale.do(commands.Dispatch(), sent)
    given_at = sent + timedelta(minutes=later)
    whole = tale.leg.clock.due_at
    tale.do(commands.AssignSub(unit_code="squad"), given_at, own_units=TOWN)
    tale.do(commands.AssignSub(unit_code="team", leg=2), given_at + timedelta(minutes=1), own_units=SQUAD)
    parts = [leg.clock.due_at for leg in tale.life.round.parts]
    assert whole is not None
    assert parts[1] is not None
    assert parts[0] is not None
    assert parts[1] <= parts[0] <= whole
    assert parts[0] > given_at or parts[0] == whole
