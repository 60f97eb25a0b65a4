"""Quarrels that end: who may ask for an arbitration, what it does to legs and figures, what ruling it leaves behind."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.dispatch.case_arbitration import ruling_id, ruling_wanted
from app.dispatch.case_fold import fold
from app.dispatch.case_openings import openings
from app.dispatch.catalogue import Catalogue, Category
from app.dispatch.codes import (
    Action,
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    Kind,
    LegEnd,
    Post,
    RequestKind,
    RequestState,
    Scope,
)
from app.dispatch.commands import (
    Arbitrate,
    Check,
    Close,
    Dispatch,
    Dispose,
    GrantRequest,
    Recall,
    RefuseRequest,
    Reopen,
    RequestArbitration,
    RequestReturn,
    RulingPart,
    SendCheck,
    Void,
)
from app.dispatch.errors import ActionNotAllowed, BadInput, EvidenceRequired, NotPermitted
from tests.dispatch.cases import LEAD, SECOND, SPOT, Tale, local, scene

NOT_OURS = RequestReturn(reason_code="not_ours", proposed_unit="roads")
EVIDENCE = (UUID(int=70),)
ARBITRATION = RequestArbitration(text="道路已移交", media=EVIDENCE)
RESERVED = replace(ARBITRATION, handle_under_reserve=True)
SOLVED = Dispose(result=DisposalResult.SOLVED)
COORDINATOR = UUID(int=60)


def by_coordinator(tale: Tale, unit: str, when: str, **more: Any) -> None:
    tale.do(Arbitrate(unit_code=unit, **more), when, post=Post.COORDINATOR, actor_id=COORDINATOR)


def refused_return() -> Tale:
    """Return a case whose unit, greens, was told at 9:20 to keep it."""
    tale = Tale.dispatched()
    tale.do(NOT_OURS, "10 09:10")
    request = tale.life.round.requests[0]
    tale.do(RefuseRequest(request_id=request.id, text="是"), "10 09:20", post=Post.DISPATCHER)
    return tale


def disputed(command: RequestArbitration = ARBITRATION) -> Tale:
    """Return a case whose unit asked at 9:30 for an arbitration."""
    tale = refused_return()
    tale.do(command, "10 09:30")
    return tale


def reserved(*, until: str) -> Tale:
    """Return a case that was worked on under reserve, as far as `until`."""
    tale = disputed(RESERVED)
    for state, command, when in (
        ("disposed", SOLVED, "10 10:00"),
        ("checking", SendCheck(), "10 10:10"),
        ("checked", Check(result=CheckResult.PASS), "10 10:40"),
        ("closed", Close(), "10 11:00"),
    ):
        tale.do(command, when)
        if state == until:
            return tale
    raise AssertionError(until)


def refused(tale: Tale, command: Any, when: str, **around: Any) -> None:
    with pytest.raises(ActionNotAllowed):
        tale.decide(command, when, **around)


class TestAsking:
    """After a refused return, once, with evidence."""

    def test_only_after_the_desk_has_refused_the_return(self) -> None:
        tale = Tale.dispatched()
        refused(tale, ARBITRATION, "10 09:05")
        tale.do(NOT_OURS, "10 09:10")
        refused(tale, ARBITRATION, "10 09:15")
        tale = refused_return()
        payload = tale.decide(ARBITRATION, "10 09:30").payload
        assert (payload["kind"], payload["chain"], payload["reason_code"]) == (
            "arbitration",
            ["coordinator"],
            "not_ours",
        )
        assert (payload["proposed_unit"], payload["media"]) == ("roads", [str(EVIDENCE[0])])
        assert tale.decide(ARBITRATION, "10 09:30").texts == {"text": "道路已移交"}

    def test_another_units_refused_return_is_not_ours(self) -> None:
        tale = refused_return()
        tale.do(Recall(), "10 09:25")
        tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 09:26")
        refused(tale, ARBITRATION, "10 09:30")

    def test_it_needs_evidence_whatever_the_state(self) -> None:
        for tale in (refused_return(), Tale.dispatched(), Tale()):
            with pytest.raises(EvidenceRequired):
                tale.decide(replace(ARBITRATION, media=()), "10 09:30")

    def test_once_a_unit_and_round(self) -> None:
        tale = disputed()
        tale.do(RefuseRequest(request_id=tale.life.round.requests[-1].id, text="否"), "10 10:00", post=Post.COORDINATOR)
        refused(tale, ARBITRATION, "10 10:10")

    def test_the_coordinator_has_a_work_day(self) -> None:
        assert local(disputed().life.round.requests[-1].ruling_due_at) == "11 09:30"

    def test_disposing_withdraws_it_unless_the_unit_works_under_reserve(self) -> None:
        for command, state in ((ARBITRATION, RequestState.WITHDRAWN), (RESERVED, RequestState.PENDING)):
            tale = disputed(command)
            tale.do(SOLVED, "10 10:00")
            assert tale.life.round.requests[-1].state is state


class TestRuling:
    """Who gets the case, and whose turn counts for nothing."""

    def test_another_unit_begins_with_the_full_limit_and_the_first_is_overruled(self) -> None:
        tale = disputed()
        dispatcher = tale.life.round.dispatcher_id
        by_coordinator(tale, "roads", "10 10:00")
        assert [(leg.unit_code, leg.end) for leg in tale.life.round.legs] == [
            ("greens", LegEnd.OVERRULED),
            ("roads", None),
        ]
        assert tale.dues == ("11 09:00", "11 10:00")
        assert (tale.life.state, tale.life.round.dispatcher_id) == (CaseState.DISPATCHED, dispatcher)
        assert tale.life.round.requests[-1].state is RequestState.GRANTED
        facts = tale.facts
        assert (facts.unit_code, facts.accurate, facts.returns) == ("roads", False, 1)
        first, second = tale.leg_facts
        assert (first.return_granted, local(first.return_ruled_at)) == (True, "10 10:00")
        assert (second.return_granted, second.return_ruled_at) == (None, None)
        assert fold(tale.entries) == tale.life

    def test_the_same_unit_keeps_it_and_gets_back_what_took_too_long(self) -> None:
        tale = disputed()
        by_coordinator(tale, "greens", "11 10:30")
        assert tale.dues == ("11 09:00", "12 10:00")  # the whole wait: due came before the ruling was
        assert (tale.leg.number, tale.leg.end, len(tale.life.round.legs)) == (1, None, 1)
        assert tale.life.round.requests[-1].state is RequestState.REFUSED
        assert (tale.facts.accurate, tale.leg_facts[0].return_granted) == (True, False)

    def test_the_third_return_is_granted_by_naming_another(self) -> None:
        tale = Tale.dispatched()
        for turn, unit in enumerate(("roads", "lamps")):
            tale.do(replace(NOT_OURS, proposed_unit=None), f"10 09:{turn}2")
            request = tale.life.round.requests[-1]
            tale.do(GrantRequest(request_id=request.id), f"10 09:{turn}4", post=Post.DISPATCHER)
            tale.do(Dispatch(unit_code=unit, reason_code="x"), f"10 09:{turn}6")
        tale.do(NOT_OURS, "10 09:30")
        by_coordinator(tale, "roads", "10 09:40")
        ends = [LegEnd.RETURNED, LegEnd.RETURNED, LegEnd.RETURNED, None]
        assert [leg.end for leg in tale.life.round.legs] == ends
        assert (tale.leg.unit_code, tale.facts.returns) == ("roads", 3)
        assert [leg.return_granted for leg in tale.leg_facts] == [True, True, True, None]

    def test_a_case_that_was_given_back_may_be_sent_by_the_coordinator(self) -> None:
        tale = Tale.dispatched()
        tale.do(NOT_OURS, "10 09:10")
        tale.do(GrantRequest(request_id=tale.life.round.requests[0].id), "10 09:20", post=Post.DISPATCHER)
        by_coordinator(tale, "greens", "10 09:30")
        assert [(leg.unit_code, leg.end) for leg in tale.life.round.legs] == [
            ("greens", LegEnd.RETURNED),
            ("greens", None),
        ]
        assert tale.dues == ("11 09:00", "11 09:30")

    def test_nothing_to_rule_on(self) -> None:
        fresh, returning = Tale(), Tale.dispatched()
        returning.do(NOT_OURS, "10 09:10")
        for tale in (fresh, Tale.dispatched(), returning, refused_return()):
            refused(tale, Arbitrate(unit_code="roads"), "10 09:40", post=Post.COORDINATOR)

    def test_a_unit_that_exists(self) -> None:
        with pytest.raises(BadInput) as error:
            disputed().decide(Arbitrate(unit_code="nobody"), "10 10:00", post=Post.COORDINATOR)
        assert error.value.code == "unknown_unit"

    def test_it_is_ruled_by_naming_not_by_granting(self) -> None:
        tale = disputed()
        request_id = tale.life.round.requests[-1].id
        refused(tale, GrantRequest(request_id=request_id), "10 10:00", post=Post.COORDINATOR)
        with pytest.raises(NotPermitted):
            tale.decide(RefuseRequest(request_id=request_id, text="否"), "10 10:00", post=Post.DISPATCHER)


class TestUnderReserve:
    """The unit has worked meanwhile, and it was another's: its turn is not judged, what was done stays done."""

    @pytest.mark.parametrize("state", ["disposed", "checking", "checked", "closed"])
    def test_it_is_not_scored_and_the_case_stays_where_it_is(self, state: str) -> None:
        tale = reserved(until=state)
        by_coordinator(tale, "roads", "10 14:30")
        assert tale.life.state == state
        assert [(leg.unit_code, leg.end) for leg in tale.life.round.legs] == [("greens", LegEnd.OVERRULED)]
        assert (tale.facts.unit_code, tale.facts.leg_on_time, tale.facts.leg_to_close_at) == (None, False, None)
        assert (tale.facts.disposed, tale.facts.case_on_time, tale.facts.accurate) == (True, True, False)
        assert tale.leg_facts[0].return_granted is True
        assert fold(tale.entries) == tale.life

    @pytest.mark.parametrize("state", ["disposed", "checking", "checked", "closed"])
    def test_it_was_the_units_own_and_is_judged_as_ever(self, state: str) -> None:
        tale = reserved(until=state)
        by_coordinator(tale, "greens", "13 14:30")
        assert (tale.life.state, tale.leg.end) == (state, LegEnd.DISPOSED)
        assert (tale.facts.unit_code, tale.facts.leg_on_time, tale.dues[1]) == ("greens", True, "11 09:00")

    def test_what_does_not_pass_the_check_then_is_sent_to_the_unit_that_was_named(self) -> None:
        tale = reserved(until="checking")
        by_coordinator(tale, "roads", "10 10:20")
        tale.do(Check(result=CheckResult.FAIL, code=FailCode.NOT_DONE), "10 10:40")
        assert (tale.life.state, tale.life.unit_code, tale.life.round.standing) == (CaseState.FILED, "roads", None)
        tale.do(Dispatch(), "10 10:50")
        assert (tale.leg.unit_code, tale.dues) == ("roads", ("11 09:00", "11 10:50"))

    def test_a_redo_goes_to_the_unit_that_was_named(self) -> None:
        tale = reserved(until="closed")
        by_coordinator(tale, "roads", "10 14:30")
        tale.do(Reopen(reason_code="dissatisfied"), "11 09:00")
        assert tale.leg.unit_code == "roads"

    def test_a_redo_before_the_ruling_withdraws_it(self) -> None:
        tale = reserved(until="closed")
        tale.do(Reopen(reason_code="dissatisfied"), "11 09:00")
        assert tale.life.rounds[0].requests[-1].state is RequestState.WITHDRAWN
        refused(tale, Arbitrate(unit_code="roads"), "11 09:10", post=Post.COORDINATOR)

    def test_no_other_end_is_asked_for_meanwhile(self) -> None:
        tale = disputed(RESERVED)
        refused(tale, Dispose(result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK), "10 10:00")


class TestEnds:
    """What a unit claims with `cannot`, and what becomes of it."""

    CANNOT = Dispose(result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK)

    def claimed(self, when: str = "10 10:00") -> Tale:
        tale = Tale.dispatched()
        tale.do(self.CANNOT, when)
        return tale

    def request_id(self, tale: Tale) -> UUID:
        assert tale.life.round.pending is not None
        assert (tale.life.round.pending.kind, tale.life.round.pending.ruler) == (RequestKind.END, Post.SHIFT_LEAD)
        return tale.life.round.pending.id

    def test_granted_it_closes_the_round_as_claimed_and_the_grant_is_when_it_was_to_close(self) -> None:
        tale = self.claimed()
        tale.do(GrantRequest(request_id=self.request_id(tale)), "10 10:30")
        assert (tale.life.state, tale.life.round.end_kind) == (CaseState.CLOSED, EndKind.PROBLEM_BANK)
        facts = tale.facts
        assert (facts.closed, facts.disposed, facts.unit_code) == (True, False, "greens")
        assert (local(facts.case_to_close_at), local(facts.leg_to_close_at)) == ("10 10:30", "10 10:30")
        assert (facts.case_on_time, facts.leg_on_time) == (True, True)
        assert all(leg.ended_at is not None for leg in tale.life.round.legs)
        assert fold(tale.entries) == tale.life

    def test_asked_in_time_and_granted_after_due_it_was_in_time(self) -> None:
        tale = self.claimed("11 08:50")
        tale.do(GrantRequest(request_id=self.request_id(tale)), "11 15:00")
        facts = tale.facts
        assert (local(facts.case_to_close_at), facts.case_on_time, facts.leg_on_time) == ("11 09:00", True, True)

    def test_asked_after_due_it_was_not(self) -> None:
        tale = self.claimed("11 09:10")
        tale.do(GrantRequest(request_id=self.request_id(tale)), "11 09:20")
        assert (tale.facts.case_on_time, tale.facts.leg_on_time) == (False, False)

    def test_refused_the_clock_never_stopped(self) -> None:
        tale = self.claimed()
        tale.do(RefuseRequest(request_id=self.request_id(tale), text="可以处置"), "10 10:30", post=Post.SHIFT_LEAD)
        assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 09:00", "11 09:00"))
        assert (tale.facts.closed, tale.life.round.pending) == (False, None)

    def test_a_round_that_ended_so_can_be_redone_by_the_same_unit(self) -> None:
        tale = self.claimed()
        tale.do(GrantRequest(request_id=self.request_id(tale)), "10 10:30")
        tale.do(Reopen(reason_code="x"), "11 10:00")
        assert (tale.leg.unit_code, tale.life.round.number) == ("greens", 2)


def catalogue(edition: str = "city-practice-1") -> Catalogue:
    one = Category(kind=Kind.EVENT, major="03", major_name="施工", minor="05", minor_name="扬尘", conditions={})
    return Catalogue.of(edition, [one])


class TestReusableRuling:
    """The place and category of the case, as far and as long as the coordinator says."""

    @pytest.mark.parametrize(
        ("scope", "code"),
        [
            (Scope.ZONE, "Z1"),
            (Scope.CELL, "C1"),
            (Scope.BEAT, "B1"),
            (Scope.COMMUNITY, "Q1"),
            (Scope.STREET, "S1"),
            (Scope.DISTRICT, "D1"),
            (Scope.CITY, None),
        ],
    )
    def test_the_place_is_the_cases(self, scope: Scope, code: str | None) -> None:
        wanted = ruling_wanted(Tale().life, RulingPart(scope=scope), "roads", catalogue())
        assert (wanted.unit_code, wanted.scope, wanted.scope_code) == ("roads", scope, code)
        assert (wanted.kind, wanted.major, wanted.minor) == (Kind.EVENT, "03", "05")

    def test_of_several_zones_one_must_be_named(self) -> None:
        life = Tale(spot=replace(SPOT, zones={"road": "Z1", "green": "Z2"})).life
        for part, code in (
            (RulingPart(scope=Scope.ZONE), "scope_code_required"),
            (RulingPart(scope=Scope.ZONE, scope_code="Z3"), "unknown_place"),
            (RulingPart(scope=Scope.CELL, scope_code="C2"), "unknown_place"),
        ):
            with pytest.raises(BadInput) as error:
                ruling_wanted(life, part, "roads", catalogue())
            assert error.value.code == code
        named = RulingPart(scope=Scope.ZONE, scope_code="Z2")
        assert ruling_wanted(life, named, "roads", catalogue()).scope_code == "Z2"

    def test_no_place_no_category_no_ruling(self) -> None:
        nowhere = Tale(spot=replace(SPOT, cell_code=None, zones={})).life
        with pytest.raises(BadInput) as error:
            ruling_wanted(nowhere, RulingPart(scope=Scope.CELL), "roads", catalogue())
        assert error.value.code == "unknown_place"
        with pytest.raises(BadInput) as error:
            ruling_wanted(Tale().life, RulingPart(scope=Scope.CELL), "roads", catalogue("another"))
        assert error.value.code == "unknown_category"

    def test_the_step_names_the_ruling_that_it_makes(self) -> None:
        tale = disputed()
        named = ruling_id(tale.life)
        by_coordinator(tale, "roads", "10 10:00", ruling=RulingPart(scope=Scope.CELL))
        assert tale.entries[-1].payload["ruling_id"] == named
        assert ruling_id(tale.life) != named


@pytest.mark.parametrize(
    ("tale", "posts", "there", "not_there"),
    [
        pytest.param(disputed(), {Post.COORDINATOR}, {"arbitrate", "refuse"}, {"grant"}, id="the coordinator"),
        pytest.param(disputed(), {Post.DISPATCHER}, set(), {"grant", "refuse"}, id="others"),
        pytest.param(refused_return(), {Post.UNIT}, {"request_arbitration"}, {"request_return"}, id="the unit"),
        pytest.param(reserved(until="closed"), {Post.COORDINATOR}, {"arbitrate", "refuse"}, {"grant"}, id="closed"),
        pytest.param(
            Tale.dispatched(), {Post.COORDINATOR}, set(), {"arbitrate", "request_arbitration"}, id="no quarrel"
        ),
    ],
)
def test_what_is_open_now(tale: Tale, posts: set[Post], there: set[str], not_there: set[str]) -> None:
    found = {str(one) for one in openings(tale.life, scene(tale.entries[-1].recorded_at), frozenset(posts))}
    assert there <= found
    assert not_there.isdisjoint(found)
    assert Action.NOTE in found


def test_voiding_ends_the_quarrel() -> None:

    tale = disputed(RESERVED)
    tale.do(Void(reason_code="x", second_person=SECOND), "10 10:00", actor_id=LEAD)
    assert tale.life.round.requests[-1].state is RequestState.WITHDRAWN
