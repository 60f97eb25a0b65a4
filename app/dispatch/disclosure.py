"""What of a case a caller is told: by which clock he is judged, whose names and which texts he reads."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from app.dispatch.access import VIEWS, Actor, Relation, Thing, sees_by_reach
from app.dispatch.codes import Action, Light, Post
from app.dispatch.figure_codes import ClockKind

OVERSEERS: Final = frozenset(v.post for v in VIEWS if v.thing is Thing.CASE and v.relation is Relation.REACH) - {
    Post.INSPECTOR
}
"""The posts that see all of a case within their reach: the desk's and oversight's."""

UNIT_POSTS: Final = frozenset({Post.UNIT, Post.UNIT_LEAD})
_DESK: Final = frozenset({Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER})
_NOT_FOR_UNITS: Final = frozenset(
    {Action.CALL_BACK, Action.SUPPLEMENT, Action.EVALUATE, Action.REPLY, Action.SEND_CHECK, Action.HAND_OVER}
)
"""Steps whose texts come from the reporter or are about him, or may name an inspector."""

_TOLD: Final = (
    *("round", "leg", "unit_code", "co_units", "by_hand", "proposed_unit", "reason_code", "kind", "limit", "until"),
    *("result", "code", "end_kind", "claim", "add", "remove", "method", "into_case", "opened_case", "relapse_of"),
    *("category", "condition", "next_leg", "parent", "end", "chain", "step", "asked_by", "outcome", "ruling_id"),
)
_TOLD_OVERSEERS: Final = (
    *("inspector_id", "because", "task_due_at", "in_window", "looked_over"),
    *("report_id", "reached", "solved", "satisfaction", "attention"),
)


def oversees(actor: Actor, desk: str, regions: Collection[str]) -> bool:
    """Tell whether one of the actor's desk or oversight posts reaches a case of that desk in these areas."""
    held = (a for a in actor.appointments if a.post in OVERSEERS)
    return any(sees_by_reach(a, desk, regions) for a in held)


def judging_clock(actor: Actor) -> ClockKind:
    """Return the clock the actor is judged by: a unit's people by the leg's, everybody else by the case's."""
    return ClockKind.LEG if actor.posts and actor.posts <= UNIT_POSTS else ClockKind.CASE


def light_of(due_at: datetime | None, yellow_at: datetime | None, at: datetime) -> Light | None:
    """Return the light from the stored instants; none before a clock has started."""
    if due_at is None:
        return None
    if at >= due_at:
        return Light.RED
    return Light.YELLOW if yellow_at is not None and at >= yellow_at else Light.GREEN


def readable(
    texts: Mapping[str, str], *, action: Action, post: Post, overseen: bool, own: bool = False
) -> dict[str, str]:
    """Return the texts of a step that a caller reads.

    Who oversees the case, and who wrote them, reads all. The others, units above all, read the public answer, the
    reasons of a ruling, and what units and the desk wrote; never what came from or is about the reporter, never an
    inspector's own words. Source: house rule (domain design §6).
    """
    if overseen or own:
        return dict(texts)
    if action in _NOT_FOR_UNITS:
        return {}
    from_peers = post in _DESK or post in UNIT_POSTS
    return {name: text for name, text in texts.items() if from_peers or name == "public_answer"}


def details(payload: Mapping[str, Any], *, overseen: bool) -> dict[str, Any]:
    """Return the codes and values of a step that a caller is told; what is empty is left out."""
    names: Iterable[str] = (*_TOLD, *_TOLD_OVERSEERS) if overseen else _TOLD
    return {name: payload[name] for name in names if payload.get(name) not in (None, [], "")}
