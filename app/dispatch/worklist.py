"""What waits for whom: the queues of each post, as one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.dispatch.access import Thing
from app.dispatch.codes import CaseState, Post, ReportState


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Things in a state that wait for a post. `mine`: only those given to the caller himself.

    `limit` names the policy within which the post is to act since the thing came into that state; a ruling has a due
    time of its own, and of a unit the leg's is asked for. `ruling`: a request waits for this post's word.
    """

    name: str
    post: Post
    thing: Thing
    states: Sequence[CaseState | ReportState]
    ruling: bool = False
    unsigned: bool = False
    mine: bool = False
    limit: str | None = None


def _reports(name: str, post: Post, state: ReportState, limit: str, *, mine: bool = False) -> Queue:
    return Queue(name=name, post=post, thing=Thing.REPORT, states=(state,), limit=limit, mine=mine)


def _cases(name: str, post: Post, state: CaseState, limit: str | None = None, *, mine: bool = False) -> Queue:
    return Queue(name=name, post=post, thing=Thing.CASE, states=(state,), limit=limit, mine=mine)


_RULED_IN: Final = (CaseState.DISPATCHED, CaseState.DISPOSED, CaseState.CHECKING, CaseState.CHECKED, CaseState.CLOSED)


def _rulings(name: str, post: Post) -> Queue:
    """Return the queue of requests on which a post rules now; of arbitrations it may be after the disposal, too."""
    return Queue(name=name, post=post, thing=Thing.CASE, states=_RULED_IN, ruling=True)


QUEUES: Final = (
    _reports("to_accept", Post.OPERATOR, ReportState.RECEIVED, "accept_limit"),
    _cases("to_send_check", Post.OPERATOR, CaseState.DISPOSED, "send_check_limit"),
    _reports("to_file", Post.SHIFT_LEAD, ReportState.ACCEPTED, "file_limit"),
    _rulings("to_rule", Post.SHIFT_LEAD),
    _cases("to_close", Post.SHIFT_LEAD, CaseState.CHECKED, "close_limit"),
    _cases("to_dispatch", Post.DISPATCHER, CaseState.FILED, "dispatch_limit"),
    _rulings("returns_to_rule", Post.DISPATCHER),
    Queue(name="to_sign", post=Post.UNIT, thing=Thing.CASE, states=(CaseState.DISPATCHED,), unsigned=True),
    _cases("to_dispose", Post.UNIT, CaseState.DISPATCHED),
    _rulings("own_to_rule", Post.UNIT_LEAD),
    _rulings("to_arbitrate", Post.COORDINATOR),
    _rulings("to_rule_above", Post.SUPERVISOR),
    _reports("to_verify", Post.INSPECTOR, ReportState.VERIFYING, "verify_limit", mine=True),
    _cases("to_check", Post.INSPECTOR, CaseState.CHECKING, "check_limit", mine=True),
)
"""In the order in which a post would look."""


def queues_of(posts: frozenset[Post]) -> tuple[Queue, ...]:
    """Return the queues of the posts held."""
    return tuple(queue for queue in QUEUES if queue.post in posts)
