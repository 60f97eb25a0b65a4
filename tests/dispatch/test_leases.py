from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.dispatch.access import COMBINED, GRANTS, Actor, Appointment, Standing, Thing
from app.dispatch.codes import Action, CaseState, Post, ReportState
from app.dispatch.errors import ActionNotAllowed, NotPermitted
from app.dispatch.leases import (
    LEASABLE,
    STAGE_ACTIONS,
    Claimed,
    Lease,
    by_subject,
    claimable_posts,
    claiming_post,
    ended_by,
    in_the_way,
    may_release,
)
from app.dispatch.worklist import QUEUES

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
THING, ME, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
HERE = Standing(regions=frozenset({"510107"}))
ANYBODYS = (Action.URGE, Action.NOTE, Action.TAG, Action.CALL_BACK, Action.WITHDRAW)


def lease(post: Post = Post.OPERATOR, account_id: UUID = OTHER, minutes: int = 15) -> Lease:
    until = NOW + timedelta(minutes=minutes)
    return Lease(subject_id=THING, post=post, account_id=account_id, name="李强", until=until)


def actor(*posts: Post, account_id: UUID = ME, desk: str = "city") -> Actor:
    held = tuple(Appointment(post=post, desk=desk) for post in posts)
    return Actor(account_id=account_id, username="me", name="王敏", appointments=held)


def below(code: str) -> set[str]:
    return {code}


def test_a_colleagues_lease_stands_in_the_way_of_his_stage_only() -> None:
    leases = [lease()]
    assert in_the_way(leases, Action.ACCEPT, Post.OPERATOR, ME, NOW) == leases[0]
    assert in_the_way(leases, Action.ACCEPT, Post.OPERATOR, OTHER, NOW) is None
    assert in_the_way(leases, Action.MERGE, Post.SHIFT_LEAD, ME, NOW) is None
    for action in ANYBODYS:
        assert in_the_way(leases, action, Post.OPERATOR, ME, NOW) is None


def test_a_lease_counts_until_its_end_and_not_at_it() -> None:
    last = lease()
    assert in_the_way([last], Action.ACCEPT, Post.OPERATOR, ME, last.until - timedelta(microseconds=1)) == last
    assert in_the_way([last], Action.ACCEPT, Post.OPERATOR, ME, last.until) is None


@pytest.mark.parametrize("post", COMBINED[Action.ACCEPT_FILE_DISPATCH])
def test_a_step_for_three_posts_respects_the_leases_of_each(post: Post) -> None:
    held = lease(post)
    assert in_the_way([held], Action.ACCEPT_FILE_DISPATCH, Post.DISPATCHER, ME, NOW) == held


def test_the_holders_action_ends_his_lease_and_a_move_ends_all() -> None:
    mine, others = lease(account_id=ME), lease(Post.SHIFT_LEAD)
    leases = (mine, others)
    assert ended_by(leases, Action.ACCEPT, Post.OPERATOR, ME, moved=False) == (mine,)
    assert ended_by(leases, Action.NOTE, Post.OPERATOR, ME, moved=False) == ()
    assert ended_by(leases, Action.WITHDRAW, Post.OPERATOR, UUID(int=9), moved=True) == leases


def test_the_refusal_says_who_until_when_in_local_time_and_for_which_post() -> None:
    error = lease().refusal()
    assert error.fields == {"claimed_by": "李强", "until": "2026-03-02T09:15:00+08:00", "post": "operator"}


def test_every_queue_of_a_desk_can_be_claimed_and_everything_claimable_is_granted() -> None:
    personal = {Post.INSPECTOR, Post.UNIT, Post.UNIT_LEAD}
    assert {queue.post for queue in QUEUES} - personal == set(STAGE_ACTIONS)
    granted = {(grant.post, action) for grant in GRANTS for action in grant.actions}
    for post, actions in STAGE_ACTIONS.items():
        for action in actions - COMBINED.keys():
            assert (post, action) in granted
    assert LEASABLE.isdisjoint(ANYBODYS)


def test_one_claims_as_the_post_it_waits_for() -> None:
    received = Claimed(thing=Thing.REPORT, state=ReportState.RECEIVED, standing=HERE)
    desk = actor(Post.SHIFT_LEAD, Post.OPERATOR)
    assert claiming_post(desk, received, below) is Post.OPERATOR
    with pytest.raises(ActionNotAllowed) as refused:
        claiming_post(desk, received, below, as_post=Post.SHIFT_LEAD)
    assert refused.value.fields["state"] == "received"
    with pytest.raises(NotPermitted):
        claiming_post(actor(Post.SUPERVISOR), received, below)


def test_a_request_is_claimed_by_who_rules_on_it() -> None:
    desk = actor(Post.SHIFT_LEAD, Post.DISPATCHER)
    asked = Claimed(thing=Thing.CASE, state=CaseState.DISPATCHED, standing=HERE, pending={Post.DISPATCHER})
    assert asked.waits_for == (Post.DISPATCHER,)
    assert claiming_post(desk, asked, below) is Post.DISPATCHER
    with pytest.raises(ActionNotAllowed):
        claiming_post(desk, Claimed(thing=Thing.CASE, state=CaseState.DISPATCHED, standing=HERE), below)


def test_another_desks_things_are_not_claimed() -> None:
    assert claimable_posts(actor(Post.OPERATOR), Thing.REPORT, HERE, below) == (Post.OPERATOR,)
    assert claimable_posts(actor(Post.OPERATOR, desk="T1"), Thing.REPORT, HERE, below) == ()


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (actor(Post.OPERATOR), False),
        (actor(Post.OPERATOR, account_id=OTHER), True),
        (actor(Post.SHIFT_LEAD), True),
        (actor(Post.SUPERVISOR), True),
        (actor(Post.SHIFT_LEAD, desk="T1"), False),
    ],
    ids=["colleague", "holder", "shift_lead", "supervisor", "lead of another desk"],
)
def test_who_may_release(who: Actor, *, may: bool) -> None:
    assert may_release(who, lease(), HERE, below) is may


def test_leases_are_told_apart_by_what_they_are_about() -> None:
    first, second = lease(), lease(Post.SHIFT_LEAD)
    assert by_subject([first, second]) == {THING: (first, second)}
