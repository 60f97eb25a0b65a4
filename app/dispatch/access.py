"""Who may do and see what: one table of grants and one of views; checks, filters and docs/access.md come from them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.dispatch.codes import Action, Post
from app.dispatch.errors import NotPermitted


class Relation(StrEnum):
    """How a caller must stand to a thing."""

    REACH = "reach"
    UNIT = "unit"
    OWN = "own"
    TASK = "task"


class Thing(StrEnum):
    """What can be seen."""

    REPORT = "report"
    CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One post and how far it reaches: a region subtree, a unit subtree, or the whole city where both are empty."""

    post: Post
    desk: str
    region_code: str | None = None
    unit_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking."""

    account_id: UUID
    username: str
    name: str
    appointments: tuple[Appointment, ...]

    @property
    def posts(self) -> frozenset[Post]:
        """Return the posts held."""
        return frozenset(a.post for a in self.appointments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What access needs to know of a report or case: where it lies, whose it is, who is at work on it."""

    regions: frozenset[str]
    unit_code: str | None = None
    unit_codes: frozenset[str] = frozenset()
    author_id: UUID | None = None
    task_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Holders of `post` who stand in `relation` to the thing may do `actions`."""

    post: Post
    actions: frozenset[Action]
    relation: Relation


def _may(post: Post, relation: Relation, *actions: Action) -> Grant:
    return Grant(post=post, actions=frozenset(actions), relation=relation)


_A = Action
_DESK: Final = (_A.SEND_CHECK, _A.REQUEST_VERIFICATION, _A.MERGE, _A.UNMERGE, _A.CALL_BACK, _A.URGE, _A.TAG, _A.NOTE)

GRANTS: Final = (
    _may(
        Post.OPERATOR,
        Relation.REACH,
        *(_A.ACCEPT, _A.REJECT, _A.ANSWER, _A.FORWARD, _A.WITHDRAW, _A.REOPEN, *_DESK),
    ),
    _may(
        Post.SHIFT_LEAD,
        Relation.REACH,
        *(_A.FILE, _A.CLOSE, _A.VOID, _A.DESK_CHECK, _A.RESUME, _A.GRANT, _A.REFUSE, *_DESK),
    ),
    _may(Post.DISPATCHER, Relation.REACH, _A.DISPATCH, _A.RECALL, _A.GRANT, _A.REFUSE, _A.URGE, _A.NOTE),
    _may(
        Post.UNIT,
        Relation.UNIT,
        *(_A.SIGN, _A.CONTACT, _A.DISPOSE, _A.RESUME, _A.NOTE),
        *(_A.REQUEST_RETURN, _A.REQUEST_EXTENSION, _A.REQUEST_SUSPENSION),
    ),
    _may(Post.UNIT_LEAD, Relation.UNIT, _A.URGE, _A.NOTE),
    _may(Post.INSPECTOR, Relation.TASK, _A.VERIFY, _A.CHECK),
    _may(Post.INSPECTOR, Relation.OWN, _A.SELF_DISPOSE, _A.WITHDRAW),
    _may(Post.SUPERVISOR, Relation.REACH, _A.URGE, _A.NOTE),
    _may(Post.COORDINATOR, Relation.REACH, _A.NOTE),
)

COMBINED: Final = {_A.ACCEPT_FILE_DISPATCH: (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)}
"""One step for several posts: who holds them all may take it."""


class Office(StrEnum):
    """What is administered, apart from reports and cases."""

    SETS = "sets"
    RULINGS = "rulings"
    PROOFS = "proofs"


OFFICES: Final = {
    Office.SETS: (Post.ADMIN,),
    Office.RULINGS: (Post.COORDINATOR,),
    Office.PROOFS: (Post.ADMIN, Post.COORDINATOR, Post.SUPERVISOR),
}
"""Which posts may change or try what; city-wide holders only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Holders of `post` see a `thing` they stand in `relation` to."""

    post: Post
    thing: Thing
    relation: Relation


_OVERSIGHT: Final = (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER, Post.SUPERVISOR, Post.COORDINATOR)

VIEWS: Final = (
    *(View(post=post, thing=Thing.REPORT, relation=Relation.REACH) for post in (*_OVERSIGHT, Post.DATA_OFFICER)),
    *(View(post=post, thing=Thing.CASE, relation=Relation.REACH) for post in (*_OVERSIGHT, Post.INSPECTOR)),
    View(post=Post.INSPECTOR, thing=Thing.REPORT, relation=Relation.OWN),
    View(post=Post.INSPECTOR, thing=Thing.REPORT, relation=Relation.TASK),
    View(post=Post.INSPECTOR, thing=Thing.CASE, relation=Relation.TASK),
    View(post=Post.UNIT, thing=Thing.CASE, relation=Relation.UNIT),
    View(post=Post.UNIT_LEAD, thing=Thing.CASE, relation=Relation.UNIT),
)

UnitsBelow = Callable[[str], Collection[str]]
"""From a unit's code to the codes of its subtree, itself included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What an actor sees of one kind of thing, as a filter: any of the five lets a row through."""

    everywhere: bool = False
    regions: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    author_id: UUID | None = None
    task_id: UUID | None = None

    def covers(self, thing: Standing) -> bool:
        """Tell whether the thing is seen; the repositories' filter says the same in SQL."""
        return (
            self.everywhere
            or not self.regions.isdisjoint(thing.regions)
            or not self.units.isdisjoint(thing.unit_codes)
            or (self.author_id is not None and self.author_id == thing.author_id)
            or (self.task_id is not None and self.task_id == thing.task_id)
        )


def sight(actor: Actor, thing: Thing, units_below: UnitsBelow) -> Sight:
    """Return what the actor sees of `thing`, over all his posts."""
    views = {(v.post, v.relation) for v in VIEWS if v.thing is thing}
    reaching = [a for a in actor.appointments if (a.post, Relation.REACH) in views]
    working = [a for a in actor.appointments if (a.post, Relation.UNIT) in views]
    relations = {relation for post, relation in views if post in actor.posts}
    return Sight(
        everywhere=any(_city_wide(a) for a in reaching),
        regions=frozenset(a.region_code for a in reaching if a.region_code),
        units=frozenset(code for a in working if a.unit_code for code in units_below(a.unit_code)),
        author_id=actor.account_id if Relation.OWN in relations else None,
        task_id=actor.account_id if Relation.TASK in relations else None,
    )


def permit(
    actor: Actor, action: Action, thing: Standing, units_below: UnitsBelow, *, as_post: Post | None = None
) -> Post:
    """Return the post under which the actor does `action` here; raise NotPermitted where no grant lets him.

    `as_post` picks among several; without it the first fitting row of `GRANTS` counts.
    """
    if action in COMBINED:
        return _permit_combined(actor, action, thing, units_below)
    for grant in GRANTS:
        if action in grant.actions and (as_post is None or grant.post is as_post):
            held = (a for a in actor.appointments if a.post is grant.post)
            if any(_stands(actor, a, grant.relation, thing, units_below) for a in held):
                return grant.post
    raise NotPermitted(f"您的岗位不能在此执行“{action}”")


def permitted(actor: Actor, thing: Standing, units_below: UnitsBelow) -> frozenset[Action]:
    """Return every action that some grant lets the actor do here, whatever the state."""
    return frozenset(action for action in Action if _permits(actor, action, thing, units_below))


def office_holder(actor: Actor, office: Office) -> Post:
    """Return the post under which the actor administers `office`; raise NotPermitted where he holds none."""
    for held in actor.appointments:
        if held.post in OFFICES[office] and _city_wide(held):
            return held.post
    raise NotPermitted("您的岗位不能管理这些数据")


def post_for(actor: Actor, wanted: Iterable[Post]) -> Post | None:
    """Return the first of the wanted posts that the actor holds."""
    return next((post for post in wanted if post in actor.posts), None)


def _permits(actor: Actor, action: Action, thing: Standing, units_below: UnitsBelow) -> bool:
    try:
        permit(actor, action, thing, units_below)
    except NotPermitted:
        return False
    return True


def _permit_combined(actor: Actor, action: Action, thing: Standing, units_below: UnitsBelow) -> Post:
    for post in COMBINED[action]:
        held = (a for a in actor.appointments if a.post is post)
        if not any(_stands(actor, a, Relation.REACH, thing, units_below) for a in held):
            raise NotPermitted(f"“{action}”需要同时担任受理员、值班长和派遣员")
    return COMBINED[action][-1]


def _city_wide(held: Appointment) -> bool:
    return held.region_code is None and held.unit_code is None


def _stands(actor: Actor, held: Appointment, relation: Relation, thing: Standing, units_below: UnitsBelow) -> bool:
    match relation:
        case Relation.REACH:
            return _city_wide(held) or held.region_code in thing.regions
        case Relation.UNIT:
            return held.unit_code is not None and thing.unit_code in units_below(held.unit_code)
        case Relation.OWN:
            return thing.author_id == actor.account_id
        case Relation.TASK:
            return thing.task_id == actor.account_id
