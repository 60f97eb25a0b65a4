"""The life of an order: its table, its steps, its due times."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.codes import LimitUnit, Post
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.limits import Limit
from app.dispatch.order_codes import OrderAction, OrderKind, OrderState
from app.dispatch.order_decisions import OrderScene, OrderWanted, OrderWish, Span, act, follow_up, issue, miss
from app.dispatch.orders import ENDED, ORDER_STEPS, OrderDraft, OrderEntry, OrderLife, allowed, apply, fold, target
from app.dispatch.policies import DEFAULTS

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 local, a working day."""
HOUR = timedelta(hours=1)
ORDER = UUID(int=1)
CALENDAR = WorkCalendar(name="office", version=3, slots=OFFICE_HOURS, days={}, published_until=None)
A, S = OrderAction, OrderState


def scene(at: datetime = MONDAY) -> OrderScene:
    return OrderScene(now=at, calendar=CALENDAR, units={"U1", "U2"}, policies=DEFAULTS)


def wanted(**fields: Any) -> OrderWanted:
    return OrderWanted(**{"kind": OrderKind.SUPERVISION, "title": "t", "text": "x", "unit_code": "U1", **fields})


def entered(draft: OrderDraft, number: int, at: datetime) -> OrderEntry:
    return OrderEntry(
        number=number,
        action=draft.action,
        target=draft.target,
        post=Post.SUPERVISOR,
        actor_id=None,
        recorded_at=at,
        payload=draft.payload,
    )


def issued(**fields: Any) -> OrderLife:
    return fold([entered(issue(wanted(**fields), scene()), 1, MONDAY)])


def step(life: OrderLife, action: OrderAction, at: datetime, **fields: Any) -> OrderLife:
    draft = act(life, OrderWish(action=action, text="x", **fields), scene(at))
    return apply(life, entered(draft, life.number + 1, at))


def test_the_table_is_that_of_the_field() -> None:
    """Spelled by hand; source: domain design §1 (交办 督办 催办)."""
    assert {(str(source), str(action)): str(to) for (source, action), to in ORDER_STEPS.items()} == {
        ("open", "answer"): "answered",
        ("open", "withdraw"): "withdrawn",
        ("open", "urge"): "open",
        ("open", "note"): "open",
        ("open", "miss"): "open",
        ("answered", "accept"): "accepted",
        ("answered", "send_back"): "open",
        ("answered", "withdraw"): "withdrawn",
        ("answered", "urge"): "answered",
        ("answered", "note"): "answered",
        ("accepted", "note"): "accepted",
        ("withdrawn", "note"): "withdrawn",
    }


def test_there_is_a_way_to_an_end_from_everywhere_and_ends_are_final() -> None:
    reached = {S.OPEN}
    while more := {to for (source, _), to in ORDER_STEPS.items() if source in reached} - reached:
        reached |= more
    assert reached == set(OrderState)
    for state in OrderState:
        after = {state}
        while more := {to for (source, _), to in ORDER_STEPS.items() if source in after} - after:
            after |= more
        assert after & ENDED
    assert all(ORDER_STEPS[state, action] is state for state in ENDED for action in allowed(state))


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("action", OrderAction)
def test_what_the_table_has_not_is_refused_with_what_it_has(state: OrderState, action: OrderAction) -> None:
    if (state, action) in ORDER_STEPS:
        assert target(state, action) is ORDER_STEPS[state, action]
        return
    with pytest.raises(ActionNotAllowed) as refused:
        target(state, action)
    assert refused.value.fields["state"] == state
    assert "miss" not in str(refused.value.fields["allowed"])


def test_a_life_adds_up() -> None:
    life = issued(span=Span(due_at=MONDAY + 10 * HOUR))
    life = step(life, A.URGE, MONDAY + HOUR)
    life = step(life, A.ANSWER, MONDAY + 2 * HOUR)
    assert (life.state, life.answered_at) == (S.ANSWERED, MONDAY + 2 * HOUR)
    life = step(life, A.SEND_BACK, MONDAY + 3 * HOUR, span=Span(due_at=MONDAY + 5 * HOUR))
    assert (life.state, life.answered_at, life.due_at, life.sent_back) == (S.OPEN, None, MONDAY + 5 * HOUR, 1)
    life = step(life, A.NOTE, MONDAY + 4 * HOUR)
    late = MONDAY + 6 * HOUR
    life = apply(life, entered(miss(life), life.number + 1, late))
    assert (life.state, life.missed_at, life.misses) == (S.OPEN, late, 1)
    life = step(life, A.ANSWER, late)
    life = step(life, A.ACCEPT, late)
    assert (life.state, life.ended_at, life.number, life.urges) == (S.ACCEPTED, late, 8, 1)


def test_an_answer_at_the_due_time_itself_is_in_time() -> None:
    life = issued(span=Span(due_at=MONDAY + HOUR))
    for at, late in ((MONDAY + HOUR, False), (MONDAY + HOUR + timedelta(microseconds=1), True)):
        assert life.passed(at) is late
        assert act(life, OrderWish(action=A.ANSWER, text="x"), scene(at)).payload["late"] is late


def test_a_due_time_is_missed_once_and_only_while_it_waits() -> None:
    life, later = issued(span=Span(due_at=MONDAY + HOUR)), MONDAY + 2 * HOUR
    missed = apply(life, entered(miss(life), 2, later))
    assert (life.passed(later), missed.passed(later)) == (True, False)
    assert not step(missed, A.ANSWER, later).passed(later)
    back = step(step(missed, A.ANSWER, later), A.SEND_BACK, later, span=Span(due_at=later + HOUR))
    assert (back.missed_at, back.misses, back.passed(later + 2 * HOUR)) == (None, 1, True)


@pytest.mark.parametrize(
    ("span", "due_at", "policy"),
    [
        pytest.param(Span(), datetime(2026, 3, 5, 1, tzinfo=UTC), "order_limit", id="three working days by policy"),
        pytest.param(
            Span(limit=Limit(value=2, unit=LimitUnit.WORK_HOUR)), MONDAY + 2 * HOUR, None, id="two working hours"
        ),
        pytest.param(Span(due_at=MONDAY + 99 * HOUR), MONDAY + 99 * HOUR, None, id="as given"),
    ],
)
def test_until_when(span: Span, due_at: datetime, policy: str | None) -> None:
    draft = issue(wanted(span=span), scene())
    assert (datetime.fromisoformat(draft.payload["due_at"]), draft.policy) == (due_at, policy)
    assert ("calendar_version" in draft.payload) is (span.due_at is None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"unit_code": "gone"}, "unknown_unit"),
        ({"span": Span(due_at=MONDAY)}, "due_in_the_past"),
        ({"span": Span(due_at=MONDAY + HOUR, limit=DEFAULTS.order_limit)}, "due_given_twice"),
    ],
)
def test_what_cannot_be_ordered(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        issue(wanted(**fields), scene())
    assert refused.value.code == code


def test_words_are_judged_before_the_state() -> None:
    ended = step(issued(), A.WITHDRAW, MONDAY)
    for action in (A.ANSWER, A.SEND_BACK, A.WITHDRAW, A.NOTE):
        with pytest.raises(BadInput) as refused:
            act(ended, OrderWish(action=action), scene())
        assert refused.value.code == "text_required"


def test_sent_back_it_keeps_what_is_left_or_gets_the_follow_ups_limit() -> None:
    far, near = MONDAY + timedelta(days=30), MONDAY + HOUR
    for due_at, kept in ((far, True), (near, False)):
        answered = step(issued(span=Span(due_at=due_at)), A.ANSWER, MONDAY)
        draft = act(answered, OrderWish(action=A.SEND_BACK, text="x"), scene())
        assert (datetime.fromisoformat(draft.payload["due_at"]) == due_at) is kept
        assert draft.policy == (None if kept else "order_follow_up_limit")


def test_a_follow_up_is_the_same_order_again_and_there_are_so_many() -> None:
    first = wanted(case_ids=(UUID(int=7),), document_no="12", span=Span(due_at=MONDAY + HOUR))
    found, generations = first, []
    while (following := follow_up(found, ORDER, DEFAULTS)) is not None:
        assert (following.unit_code, following.case_ids, following.document_no) == ("U1", (UUID(int=7),), "12")
        assert following.span == Span()
        assert issue(following, scene()).policy == "order_follow_up_limit"
        found = following
        generations.append(following.generation)
    assert generations == list(range(1, DEFAULTS.order_follow_ups_at_most + 1))


MOVES = st.lists(st.tuples(st.sampled_from([one for one in OrderAction if one is not A.ISSUE]), st.integers(0, 200)))


@given(MOVES)
def test_whatever_happens_counters_and_instants_agree(moves: list[tuple[OrderAction, int]]) -> None:
    life, at, done = issued(span=Span(due_at=MONDAY + 50 * HOUR)), MONDAY, [A.ISSUE]
    for action, hours in moves:
        at += hours * HOUR
        if (life.state, action) not in ORDER_STEPS or (action is A.MISS and not life.passed(at)):
            continue
        draft = miss(life) if action is A.MISS else act(life, OrderWish(action=action, text="x"), scene(at))
        life = apply(life, entered(draft, life.number + 1, at))
        done.append(action)
    assert life.number == len(done)
    assert (life.urges, life.sent_back, life.misses) == tuple(done.count(one) for one in (A.URGE, A.SEND_BACK, A.MISS))
    assert (life.ended_at is not None) == (life.state in ENDED)
    assert life.answered_at is not None or life.state is not S.ANSWERED
    assert life.misses <= 1 + life.sent_back
