"""Chains of approval: which row fits, what a chain does step by step, and what waiting for it gives back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.approval import (
    ASKED_OF_PARTNERS,
    BUILT_IN,
    CHAINS,
    FIRST_RULERS,
    OF_PARTNERS,
    RULING,
    ApprovalRow,
    Asked,
    chain_of,
)
from app.dispatch.case_fold import fold
from app.dispatch.case_projection import requests
from app.dispatch.case_rulings import ruler
from app.dispatch.codes import CaseState, LimitUnit, Post, RequestKind, RequestState, Source
from app.dispatch.commands import (
    Dispatch,
    GrantRequest,
    RefuseRequest,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
)
from app.dispatch.errors import ActionNotAllowed, BadInput, NotPermitted
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS, Policies
from tests.dispatch.cases import CASE_ID, EIGHT_HOURS, Tale, at, local

K, P = RequestKind, Post
MORE, NOT_OURS = RequestExtension(reason_code="rain"), RequestReturn(reason_code="not_ours")


def asked(kind: RequestKind, *, nth: int = 1, days: float = 0, reason: str = "x", source: Any = "inspector") -> Asked:
    return Asked(kind=kind, nth=nth, days=days, reason_code=reason, source=Source(source))


def chained(*rows: ApprovalRow) -> Policies:
    return replace(DEFAULTS, approval_chains=rows)


def row(kind: RequestKind, *posts: Post, **when: Any) -> ApprovalRow:
    return ApprovalRow(kind=kind, posts=posts, **when)


TWO = row(K.EXTENSION, P.UNIT_LEAD, P.SHIFT_LEAD)


@pytest.mark.parametrize(
    ("what", "posts"),
    [
        pytest.param(asked(K.RETURN), (P.DISPATCHER,), id="return"),
        pytest.param(asked(K.RETURN, nth=2), (P.DISPATCHER,), id="the second"),
        pytest.param(asked(K.RETURN, nth=3), (P.COORDINATOR,), id="the third"),
        pytest.param(asked(K.RETURN, nth=4), (P.COORDINATOR,), id="and every later one"),
        pytest.param(asked(K.EXTENSION, days=365), (P.SHIFT_LEAD,), id="extension"),
        pytest.param(asked(K.EXTENSION, reason="engineering"), (P.SHIFT_LEAD, P.SUPERVISOR), id="works"),
        pytest.param(asked(K.SUSPENSION, reason="engineering"), (P.SHIFT_LEAD,), id="suspension"),
        pytest.param(asked(K.END), (P.SHIFT_LEAD,), id="end"),
        pytest.param(asked(K.ARBITRATION), (P.COORDINATOR,), id="arbitration"),
    ],
)
def test_the_chains_that_are_built_in(what: Asked, posts: tuple[Post, ...]) -> None:
    assert chain_of(BUILT_IN, what) == chain_of((), what) == posts


def test_the_first_row_that_fits_decides_and_where_none_does_the_built_in_ones() -> None:
    rows = (
        row(K.EXTENSION, P.SUPERVISOR, nth=2),
        row(K.EXTENSION, P.SHIFT_LEAD, P.SUPERVISOR, longer_than_days=3),
        row(K.SUSPENSION, P.UNIT_LEAD, P.SHIFT_LEAD, longer_than_days=30, reason_code="budget"),
    )
    assert chain_of(rows, asked(K.EXTENSION, days=3)) == (P.SHIFT_LEAD,)
    assert chain_of(rows, asked(K.EXTENSION, days=3.1)) == (P.SHIFT_LEAD, P.SUPERVISOR)
    assert chain_of(rows, asked(K.EXTENSION, nth=2, days=9)) == (P.SUPERVISOR,)
    assert chain_of(rows, asked(K.SUSPENSION, days=31, reason="budget")) == (P.UNIT_LEAD, P.SHIFT_LEAD)
    assert chain_of(rows, asked(K.SUSPENSION, days=31)) == (P.SHIFT_LEAD,)
    assert chain_of(rows, asked(K.RETURN, nth=3)) == (P.COORDINATOR,)


def test_a_partner_rules_only_where_there_is_one() -> None:
    rows = (row(K.RETURN, P.DISPATCHER, P.PARTNER), row(K.EXTENSION, P.PARTNER))
    assert chain_of(rows, asked(K.RETURN, source="hotline_12345")) == (P.DISPATCHER, P.PARTNER)
    assert chain_of(rows, asked(K.RETURN)) == (P.DISPATCHER,)
    assert chain_of(rows, asked(K.EXTENSION)) == (P.SHIFT_LEAD,)
    wordless = (row(K.END, P.SHIFT_LEAD, P.PARTNER),)
    assert chain_of(wordless, asked(K.END, source="hotline_12345")) == (P.SHIFT_LEAD,)


def test_whatever_rows_say_an_arbitration_ends_with_the_coordinator() -> None:
    assert chain_of((row(K.ARBITRATION, P.SHIFT_LEAD),), asked(K.ARBITRATION)) == (P.SHIFT_LEAD, P.COORDINATOR)
    both = row(K.ARBITRATION, P.COORDINATOR, P.SUPERVISOR)
    assert chain_of((both,), asked(K.ARBITRATION)) == (P.SUPERVISOR, P.COORDINATOR)


ROWS = st.builds(
    ApprovalRow,
    kind=st.sampled_from(RequestKind),
    posts=st.lists(st.sampled_from(sorted(RULING)), min_size=1, max_size=4, unique=True).map(tuple),
    nth=st.integers(1, 3),
    longer_than_days=st.none() | st.sampled_from([0.5, 1.0, 30.0]),
    reason_code=st.none() | st.just("engineering"),
)
ASKED = st.builds(
    Asked,
    kind=st.sampled_from(RequestKind),
    nth=st.integers(1, 4),
    days=st.sampled_from([0.0, 0.5, 1.0, 1.5, 90.0]),
    reason_code=st.sampled_from(["x", "engineering"]),
    source=st.sampled_from(Source),
)


@given(st.lists(ROWS, max_size=6).map(tuple), ASKED)
def test_somebody_always_rules_and_nobody_twice(rows: tuple[ApprovalRow, ...], what: Asked) -> None:
    chain = chain_of(rows, what)
    assert chain
    assert len(set(chain)) == len(chain)
    assert set(chain) <= RULING
    assert P.PARTNER not in chain or (what.source in OF_PARTNERS and what.kind in ASKED_OF_PARTNERS)
    assert chain == chain_of((*rows, *BUILT_IN), what)


@given(st.lists(ROWS, max_size=6).map(tuple))
def test_rows_are_read_as_they_were_written(rows: tuple[ApprovalRow, ...]) -> None:
    assert CHAINS.parse(CHAINS.write(rows)) == rows
    assert CHAINS.show(rows)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({}, id="no list"),
        pytest.param([{"kind": "extension"}], id="no posts"),
        pytest.param([{"kind": "extension", "posts": []}], id="nobody"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead", "shift_lead"]}], id="twice"),
        pytest.param([{"kind": "extension", "posts": ["inspector"]}], id="one who does not rule"),
        pytest.param([{"kind": "extension", "posts": ["nobody"]}], id="no post"),
        pytest.param([{"kind": "wish", "posts": ["shift_lead"]}], id="no kind"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead"], "nth": 0}], id="zeroth"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead"], "nth": True}], id="no number"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead"], "longer_than_days": -1}], id="less than none"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead"], "longer_than_days": "3"}], id="a text"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead"], "reason_code": 3}], id="a number"),
        pytest.param([{"kind": "extension", "posts": ["shift_lead"], "more": 3}], id="unknown key"),
        pytest.param([{"kind": "end", "posts": ["shift_lead"]}] * 101, id="too many"),
    ],
)
def test_what_is_no_table_of_chains_is_refused(value: object) -> None:
    with pytest.raises(BadInput) as refused:
        CHAINS.parse(value)
    assert refused.value.code == "policy_value_unfit"


def pending_id(tale: Tale) -> UUID:
    assert tale.life.round.pending is not None
    return tale.life.round.pending.id


def rule(tale: Tale, post: Post, when: str, *, yes: bool = True) -> None:
    request_id = pending_id(tale)
    command = GrantRequest(request_id=request_id) if yes else RefuseRequest(request_id=request_id, text="否")
    tale.do(command, when, post=post)


def test_a_chain_goes_from_post_to_post_and_only_the_last_word_counts() -> None:
    tale = Tale.dispatched(policies=chained(TWO))
    tale.do(MORE, "10 09:10")
    request = tale.life.round.requests[0]
    assert (request.chain, request.ruler, request.step) == ((P.UNIT_LEAD, P.SHIFT_LEAD), P.UNIT_LEAD, 0)
    for other in set(Post) - {P.UNIT_LEAD}:
        with pytest.raises(NotPermitted):
            tale.decide(GrantRequest(request_id=request.id), "10 09:20", post=other)
    rule(tale, P.UNIT_LEAD, "10 09:20")
    assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 09:00", "11 09:00"))
    assert tale.entries[-1].payload["final"] is False
    assert tale.life.round.pending is not None
    assert ruler(tale.life, GrantRequest(request_id=request.id)) is P.SHIFT_LEAD
    (stored,) = requests(CASE_ID, tale.life)
    assert (stored["state"], stored["step"], stored["ruler"]) == (RequestState.PENDING, 1, P.SHIFT_LEAD)
    with pytest.raises(NotPermitted):
        tale.decide(GrantRequest(request_id=request.id), "10 09:30", post=P.UNIT_LEAD)
    rule(tale, P.SHIFT_LEAD, "10 09:30")
    assert tale.dues == ("12 09:00", "12 09:00")
    assert tale.facts.extensions == 1
    (stored,) = requests(CASE_ID, tale.life)
    assert (stored["state"], stored["step"], stored["ruler"]) == (RequestState.GRANTED, 2, None)
    assert [entry.payload["step"] for entry in tale.entries[-2:]] == [1, 2]
    assert [entry.post for entry in tale.entries[-2:]] == [P.UNIT_LEAD, P.SHIFT_LEAD]
    assert fold(tale.entries) == tale.life


@pytest.mark.parametrize("granted", [0, 1], ids=["at once", "by the second"])
def test_a_refusal_at_any_step_ends_the_request(granted: int) -> None:
    tale = Tale.dispatched(policies=chained(TWO))
    tale.do(MORE, "10 09:10")
    for post in (P.UNIT_LEAD, P.SHIFT_LEAD)[:granted]:
        rule(tale, post, "10 09:20")
    rule(tale, (P.UNIT_LEAD, P.SHIFT_LEAD)[granted], "10 09:30", yes=False)
    assert tale.life.round.pending is None
    assert (tale.life.round.requests[0].state, tale.facts.extensions) == (RequestState.REFUSED, 0)
    assert tale.dues == ("11 09:00", "11 09:00")


def test_what_a_whole_chain_takes_beyond_the_desks_hour_is_given_back() -> None:
    tale = Tale.dispatched(policies=chained(TWO))
    tale.do(MORE, "10 09:10")
    rule(tale, P.UNIT_LEAD, "10 10:00")
    assert "given_back_from" not in tale.entries[-1].payload
    rule(tale, P.SHIFT_LEAD, "10 11:10", yes=False)
    assert tale.dues == ("11 09:00", "11 10:00")


def test_asked_in_time_and_ruled_after_due_by_two_makes_nobody_overdue() -> None:
    tale = Tale.dispatched(policies=chained(TWO))
    tale.do(MORE, "11 08:59")
    rule(tale, P.UNIT_LEAD, "11 11:00")
    rule(tale, P.SHIFT_LEAD, "11 15:00", yes=False)
    assert tale.dues[1] == "11 15:01"


def test_the_second_extension_may_have_another_chain() -> None:
    tale = Tale.dispatched(policies=chained(row(K.EXTENSION, P.SUPERVISOR, nth=2)))
    tale.do(MORE, "10 09:10")
    rule(tale, P.SHIFT_LEAD, "10 09:20", yes=False)
    tale.do(MORE, "10 09:30")
    rule(tale, P.SHIFT_LEAD, "10 09:40")
    tale.do(MORE, "10 09:50")
    assert tale.life.round.requests[-1].chain == (P.SUPERVISOR,)


def test_length_is_measured_in_days_of_the_limit() -> None:
    long = chained(
        row(K.EXTENSION, P.SUPERVISOR, longer_than_days=0.5), row(K.SUSPENSION, P.SUPERVISOR, longer_than_days=2)
    )
    for hours, post in ((4, P.SHIFT_LEAD), (5, P.SUPERVISOR)):
        tale = Tale.dispatched(policies=long)
        limit = Limit(value=hours, unit=LimitUnit.WORK_HOUR)
        draft = tale.decide(RequestExtension(reason_code="rain", limit=limit), "10 09:10")
        assert draft.payload["chain"] == [post]
    for until, post in (("12 09:10", P.SHIFT_LEAD), ("12 09:11", P.SUPERVISOR)):
        draft = Tale.dispatched(policies=long).decide(RequestSuspension(reason_code="x", until=at(until)), "10 09:10")
        assert draft.payload["chain"] == [post]


def test_requests_of_before_there_were_chains_are_ruled_as_they_were() -> None:
    tale = Tale.dispatched()
    tale.do(NOT_OURS, "10 09:10")
    plain = {name: value for name, value in tale.entries[-1].payload.items() if name != "chain"}
    life = fold([*tale.entries[:-1], replace(tale.entries[-1], payload=plain)])
    assert life == tale.life
    assert FIRST_RULERS == {
        K.RETURN: P.DISPATCHER,
        K.EXTENSION: P.SHIFT_LEAD,
        K.SUSPENSION: P.SHIFT_LEAD,
        K.END: P.SHIFT_LEAD,
        K.ARBITRATION: P.COORDINATOR,
    }


class TestWorks:
    """Extensions of engineering works: longer than the limit, with a dated plan, under a chain of their own."""

    PLAN = RequestExtension(reason_code="engineering", until=at("20 12:00"))

    def test_it_reaches_the_date_of_the_plan_and_no_further_than_it_must(self) -> None:
        tale = Tale.dispatched()
        tale.do(self.PLAN, "10 09:10")
        assert tale.life.round.requests[0].chain == (P.SHIFT_LEAD, P.SUPERVISOR)
        rule(tale, P.SHIFT_LEAD, "10 09:20")
        rule(tale, P.SUPERVISOR, "10 09:30")
        assert tale.dues == ("20 12:00", "20 12:00")
        assert tale.life.round.requests[0].limit == Limit(value=59, unit=LimitUnit.WORK_HOUR)

    def test_a_length_of_its_own_must_end_by_the_plans_date(self) -> None:
        tale = Tale.dispatched()
        fits = Limit(value=59, unit=LimitUnit.WORK_HOUR)
        assert tale.decide(replace(self.PLAN, limit=fits), "10 09:10").payload["limit"]["value"] == "59"
        with pytest.raises(BadInput) as refused:
            tale.decide(replace(self.PLAN, limit=replace(fits, value=60)), "10 09:10")
        assert refused.value.code == "extension_too_long"

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            pytest.param(RequestExtension(reason_code="engineering"), "plan_required", id="no plan"),
            pytest.param(replace(PLAN, until=at("11 09:00")), "until_out_of_range", id="not beyond due"),
            pytest.param(replace(PLAN, until=at("10 09:10") + timedelta(days=366)), "until_out_of_range", id="a year"),
            pytest.param(replace(PLAN, reason_code="rain"), "until_unexpected", id="a plan for rain"),
            pytest.param(
                replace(PLAN, limit=Limit(value=1, unit=LimitUnit.WORK_DAY)), "extension_too_long", id="another unit"
            ),
        ],
    )
    def test_what_is_no_plan(self, command: RequestExtension, code: str) -> None:
        with pytest.raises(BadInput) as refused:
            Tale.dispatched().decide(command, "10 09:10")
        assert refused.value.code == code


def test_the_third_return_is_the_coordinators_and_nobody_grants_it() -> None:
    tale = Tale.dispatched(EIGHT_HOURS)
    for turn, unit in enumerate(("roads", "lamps")):
        tale.do(NOT_OURS, f"10 09:{turn}2")
        rule(tale, P.DISPATCHER, f"10 09:{turn}4")
        tale.do(Dispatch(unit_code=unit, reason_code="x"), f"10 09:{turn}6")
    tale.do(NOT_OURS, "10 09:30")
    assert local(tale.life.round.requests[-1].ruling_due_at) == "11 09:30"
    with pytest.raises(ActionNotAllowed):
        tale.decide(GrantRequest(request_id=pending_id(tale)), "10 09:40", post=P.COORDINATOR)
    rule(tale, P.COORDINATOR, "10 09:40", yes=False)
    assert (tale.leg.unit_code, tale.facts.returns) == ("lamps", 2)
