"""Who has taken what from a queue: for a while it is his, and others of his post leave it alone.

A lease moves nothing: it is no step of a history, changes no version, and vanishes by itself.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.access import COMBINED, Actor, Standing, Thing, UnitsBelow, permit
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import Action, CaseState, Post, ReportState
from app.dispatch.errors import ActionNotAllowed, ClaimedByOther, NotPermitted
from app.dispatch.workflow import CASE_STEPS, REPORT_STEPS, allowed
from app.dispatch.worklist import QUEUES, Queue

CLAIM: Final = "claim"
RELEASE: Final = "release"

_A = Action
STAGE_ACTIONS: Final[Mapping[Post, frozenset[Action]]] = {
    Post.OPERATOR: frozenset(
        {
            *(_A.ACCEPT, _A.REJECT, _A.ANSWER, _A.FORWARD, _A.MERGE, _A.REQUEST_VERIFICATION, _A.SEND_CHECK),
            _A.ACCEPT_FILE_DISPATCH,
        }
    ),
    Post.SHIFT_LEAD: frozenset(
        {
            *(_A.FILE, _A.MERGE, _A.REQUEST_VERIFICATION, _A.GRANT, _A.REFUSE, _A.SEND_CHECK, _A.DESK_CHECK, _A.CLOSE),
            *(_A.VOID, _A.ACCEPT_FILE_DISPATCH),
        }
    ),
    Post.DISPATCHER: frozenset({_A.DISPATCH, _A.GRANT, _A.REFUSE, _A.ACCEPT_FILE_DISPATCH}),
    Post.COORDINATOR: frozenset({_A.GRANT, _A.REFUSE, _A.ARBITRATE}),
    Post.SUPERVISOR: frozenset({_A.GRANT, _A.REFUSE}),
}
"""What moves a thing on from a post: taken by one, it is not another's to do. Urging, noting, calling is anybody's.

Inspectors need no lease, a task is given to one of them; of a unit whoever is at work may act.
"""

_KNOWN: Final = {
    Thing.CASE: frozenset(step.action for step in CASE_STEPS),
    Thing.REPORT: frozenset(step.action for step in REPORT_STEPS),
}
LEASABLE: Final = frozenset(action for actions in STAGE_ACTIONS.values() for action in actions)
RELEASERS: Final = (Post.SHIFT_LEAD, Post.SUPERVISOR)
"""Who may take another's claim away: who leads the shift, who looks over everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A thing at one post's stage, in one account's hands until an instant; `name` is the holder's."""

    subject_id: UUID
    post: Post
    account_id: UUID
    name: str
    until: datetime

    def alive(self, now: datetime) -> bool:
        """Tell whether it still counts."""
        return self.until > now

    def refusal(self) -> ClaimedByOther:
        """Return the error for somebody else who wants to act."""
        return ClaimedByOther(self.name, self.until.astimezone(LOCAL_ZONE), self.post)


def in_the_way(
    leases: Iterable[Lease], action: Action, post: Post, account_id: UUID | None, now: datetime
) -> Lease | None:
    """Return a colleague's living lease that keeps `account_id`, acting as `post`, from `action`."""
    posts = _acting(action, post)
    for lease in leases:
        if lease.post in posts and lease.alive(now) and lease.account_id != account_id:
            return lease
    return None


def ended_by(
    leases: Iterable[Lease], action: Action, post: Post, account_id: UUID | None, *, moved: bool
) -> tuple[Lease, ...]:
    """Return the leases that an action which was taken ends: the actor's own, and all of a thing that moved on."""
    posts = _acting(action, post)
    return tuple(one for one in leases if moved or (one.account_id == account_id and one.post in posts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What is to be claimed, as it stands: `pending` are the posts on whose ruling a request waits."""

    thing: Thing
    state: CaseState | ReportState
    standing: Standing
    pending: Collection[Post] = ()

    @property
    def waits_for(self) -> tuple[Post, ...]:
        """The posts whose queue it stands in and that know leases, in the order of the queues."""
        return tuple(dict.fromkeys(queue.post for queue in QUEUES if self._in(queue)))

    def _in(self, queue: Queue) -> bool:
        if queue.thing is not self.thing or queue.post not in STAGE_ACTIONS or self.state not in queue.states:
            return False
        return not queue.ruling or queue.post in self.pending


def claiming_post(actor: Actor, thing: Claimed, units_below: UnitsBelow, *, as_post: Post | None = None) -> Post:
    """Return the post as which the actor may claim a thing; raise NotPermitted, or ActionNotAllowed where none waits.

    He may as the post he names, else as the first of his that it waits for.
    """
    known = claimable_posts(actor, thing.thing, thing.standing, units_below)
    posts = [post for post in known if as_post in {None, post}]
    if not posts:
        raise never_claimed()
    found = next((post for post in thing.waits_for if post in posts), None)
    if found is None:
        detail = f"当前状态“{thing.state}”没有等待您的岗位办理的事项"
        raise ActionNotAllowed(CLAIM, thing.state, allowed(thing.state), detail)
    return found


def claimable_posts(actor: Actor, thing: Thing, standing: Standing, units_below: UnitsBelow) -> tuple[Post, ...]:
    """Return the actor's posts that know leases on such a thing, and reach this one."""
    found = []
    for post, actions in STAGE_ACTIONS.items():
        own = actions & _KNOWN[thing] - COMBINED.keys()
        if post in actor.posts and any(_may(actor, action, post, standing, units_below) for action in own):
            found.append(post)
    return tuple(found)


def never_claimed() -> NotPermitted:
    """Return the error for who holds no post that could ever claim it."""
    return NotPermitted("您的岗位不能在此执行“claim”")


def may_release(actor: Actor, lease: Lease, standing: Standing, units_below: UnitsBelow) -> bool:
    """Tell whether the actor may end a lease: his own, or as one who leads the shift or looks over everything."""
    if lease.account_id == actor.account_id:
        return True
    return any(_may(actor, Action.URGE, post, standing, units_below) for post in RELEASERS)


def by_subject(leases: Iterable[Lease]) -> dict[UUID, tuple[Lease, ...]]:
    """Return leases by what they are about."""
    found: dict[UUID, tuple[Lease, ...]] = {}
    for lease in leases:
        found[lease.subject_id] = (*found.get(lease.subject_id, ()), lease)
    return found


def _acting(action: Action, post: Post) -> Sequence[Post]:
    """Return the posts whose stages an action moves; one that stands for several steps moves the stages of them all."""
    posts = COMBINED.get(action, (post,))
    return [one for one in posts if action in STAGE_ACTIONS.get(one, ())]


def _may(actor: Actor, action: Action, post: Post, standing: Standing, units_below: UnitsBelow) -> bool:
    try:
        permit(actor, action, standing, units_below, as_post=post)
    except NotPermitted:
        return False
    return True
