"""Who may do and see what: one table of grants and one of views; checks, filters and docs/access.md come from them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.dispatch.codes import Action, Post
from app.dispatch.errors import NotPermitted

CITY_DESK: Final = "city"
"""The desk of the city; a town's desk has the code of its unit."""


class Relation(StrEnum):
    """How a caller must stand to a thing.

    `REACH`: it belongs to his desk and lies in his region. `OVERSIGHT`: he sees it by his region, whose desk it may be.
    `UNIT`: his subtree has the main leg, `LEG`: an open part of it, `HAD`: some leg of it, be it one that has ended.
    """

    REACH = "reach"
    OVERSIGHT = "oversight"
    UNIT = "unit"
    LEG = "leg"
    HAD = "had"
    OWN = "own"
    TASK = "task"


class Thing(StrEnum):
    """What can be seen."""

    REPORT = "report"
    CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One post and how far it reaches: a region subtree, a unit subtree, or, both empty, all that the desk has."""

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
    """What access needs to know of a report or case: where it lies, whose it is, who is at work on it.

    `unit_code` is the unit of the main leg, `leg_units` those of the open parts, `unit_codes` all that ever had a leg.
    """

    regions: frozenset[str]
    desk: str = CITY_DESK
    unit_code: str | None = None
    unit_codes: frozenset[str] = frozenset()
    leg_units: frozenset[str] = frozenset()
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
_REMARKS: Final = (_A.URGE, _A.NOTE, _A.TAG)
"""What everybody may do who sees the case; the city's desk with its own cases only."""
_DESK: Final = (
    *(_A.SEND_CHECK, _A.REQUEST_VERIFICATION, _A.HAND_OVER, _A.MERGE, _A.UNMERGE, _A.MERGE_CASE, _A.CALL_BACK),
    *_REMARKS,
)
_PARTS: Final = (_A.ASSIGN_SUB, _A.RETURN_SUB, _A.REPORT_UP)

GRANTS: Final = (
    _may(
        Post.OPERATOR,
        Relation.REACH,
        *(_A.ACCEPT, _A.REJECT, _A.ANSWER, _A.FORWARD, _A.WITHDRAW, _A.REOPEN, _A.APPROVE_ANSWER, *_DESK),
    ),
    _may(
        Post.SHIFT_LEAD,
        Relation.REACH,
        *(_A.FILE, _A.AMEND, _A.CLOSE, _A.VOID, _A.DESK_CHECK, _A.RESUME, _A.GRANT, _A.REFUSE),
        *(_A.REVIEW_APPEAL, *_DESK),
    ),
    _may(Post.DISPATCHER, Relation.REACH, _A.DISPATCH, _A.RECALL, _A.GRANT, _A.REFUSE, *_REMARKS),
    _may(
        Post.UNIT,
        Relation.UNIT,
        *(_A.SIGN, _A.CONTACT, _A.DISPOSE, _A.RESUME, *_PARTS),
        *(_A.REQUEST_RETURN, _A.REQUEST_EXTENSION, _A.REQUEST_SUSPENSION, _A.REQUEST_ARBITRATION),
        _A.APPEAL,
    ),
    _may(Post.UNIT, Relation.LEG, _A.SIGN, _A.CONTACT, *_PARTS),
    _may(Post.UNIT, Relation.HAD, *_REMARKS),
    _may(Post.UNIT_LEAD, Relation.UNIT, _A.GRANT, _A.REFUSE),
    _may(Post.UNIT_LEAD, Relation.HAD, *_REMARKS),
    _may(Post.INSPECTOR, Relation.TASK, _A.VERIFY, _A.CHECK, _A.TAKE_UP, _A.HAND_OVER),
    _may(Post.INSPECTOR, Relation.OWN, _A.SELF_DISPOSE, _A.WITHDRAW),
    _may(Post.INSPECTOR, Relation.OVERSIGHT, *_REMARKS),
    _may(Post.INSPECTOR, Relation.TASK, *_REMARKS),
    _may(Post.SUPERVISOR, Relation.OVERSIGHT, *_REMARKS),
    _may(Post.COORDINATOR, Relation.OVERSIGHT, *_REMARKS),
    _may(Post.SUPERVISOR, Relation.REACH, _A.GRANT, _A.REFUSE, _A.REVIEW_APPEAL),
    _may(Post.COORDINATOR, Relation.REACH, _A.ARBITRATE, _A.GRANT, _A.REFUSE),
)

COMBINED: Final = {_A.ACCEPT_FILE_DISPATCH: (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)}
"""One step for several posts: who holds them all may take it."""


class Office(StrEnum):
    """What is administered, apart from reports and cases."""

    SETS = "sets"
    RULINGS = "rulings"
    PROOFS = "proofs"
    POLICIES = "policies"
    CAMPAIGNS = "campaigns"


OFFICES: Final = {
    Office.SETS: (Post.ADMIN,),
    Office.RULINGS: (Post.COORDINATOR,),
    Office.PROOFS: (Post.ADMIN, Post.COORDINATOR, Post.SUPERVISOR),
    Office.POLICIES: (Post.ADMIN,),
    Office.CAMPAIGNS: (Post.ADMIN,),
}
"""Which posts may change or try what; city-wide holders at the city's desk only."""


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
    """What an actor sees of one kind of thing, as a filter: any of the seven lets a row through.

    `everywhere` and `regions` ask for no desk: so the city's posts see. A town's see `desks`, or parts of them.
    """

    everywhere: bool = False
    regions: frozenset[str] = frozenset()
    desks: frozenset[str] = frozenset()
    desk_regions: frozenset[tuple[str, str]] = frozenset()
    units: frozenset[str] = frozenset()
    author_id: UUID | None = None
    task_id: UUID | None = None

    def covers(self, thing: Standing) -> bool:
        """Tell whether the thing is seen; the repositories' filter says the same in SQL."""
        return (
            self.everywhere
            or not self.regions.isdisjoint(thing.regions)
            or thing.desk in self.desks
            or any(desk == thing.desk and region in thing.regions for desk, region in self.desk_regions)
            or not self.units.isdisjoint(thing.unit_codes)
            or (self.author_id is not None and self.author_id == thing.author_id)
            or (self.task_id is not None and self.task_id == thing.task_id)
        )

    @property
    def overseeing(self) -> bool:
        """Whether some of it is seen by the reach of a desk or of oversight, not only as a unit, author or task."""
        return self.everywhere or bool(self.regions or self.desks or self.desk_regions)


def sight(actor: Actor, thing: Thing, units_below: UnitsBelow) -> Sight:
    """Return what the actor sees of `thing`, over all his posts."""
    views = {(v.post, v.relation) for v in VIEWS if v.thing is thing}
    reaching = [a for a in actor.appointments if (a.post, Relation.REACH) in views]
    working = [a for a in actor.appointments if (a.post, Relation.UNIT) in views]
    posts = actor.posts
    relations = {relation for post, relation in views if post in posts}
    at_city = [a for a in reaching if a.desk == CITY_DESK]
    in_towns = [a for a in reaching if a.desk != CITY_DESK]
    return Sight(
        everywhere=any(_whole(a) for a in at_city),
        regions=frozenset(a.region_code for a in at_city if a.region_code),
        desks=frozenset(a.desk for a in in_towns if _whole(a)),
        desk_regions=frozenset((a.desk, a.region_code) for a in in_towns if a.region_code),
        units=frozenset(code for a in working if a.unit_code for code in units_below(a.unit_code)),
        author_id=actor.account_id if Relation.OWN in relations else None,
        task_id=actor.account_id if Relation.TASK in relations else None,
    )


_AT_DESK: Final = frozenset({Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER})


def acting_sight(actor: Actor, post: Post, thing: Thing, units_below: UnitsBelow) -> Sight:
    """Return what of `thing` may wait for the actor under one post: a desk's acts on what is its own alone."""
    held = tuple(a for a in actor.appointments if a.post is post)
    if post not in _AT_DESK:
        return sight(replace(actor, appointments=held), thing, units_below)
    return Sight(
        desks=frozenset(a.desk for a in held if _whole(a)),
        desk_regions=frozenset((a.desk, a.region_code) for a in held if a.region_code),
    )


def permit(
    actor: Actor, action: Action, thing: Standing, units_below: UnitsBelow, *, as_post: Post | None = None
) -> Post:
    """Return the post under which the actor does `action` here; raise NotPermitted where no grant lets him.

    `as_post` picks among several; without it the first fitting row of `GRANTS` counts.
    """
    if action in COMBINED:
        return _permit_combined(actor, action, thing, units_below, as_post)
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
        if held.post in OFFICES[office] and held.desk == CITY_DESK and _whole(held):
            return held.post
    raise NotPermitted("您的岗位不能管理这些数据")


def appointment_for(actor: Actor, wanted: Iterable[Post]) -> Appointment | None:
    """Return the first appointment to the first of the wanted posts that the actor holds."""
    return next((held for post in wanted for held in actor.appointments if held.post is post), None)


def own_units(actor: Actor, units_below: UnitsBelow) -> frozenset[str]:
    """Return the units in whose name the actor works: the subtrees of his unit posts."""
    working = (held.unit_code for held in actor.appointments if held.post is Post.UNIT)
    return frozenset(code for root in working if root for code in units_below(root))


def sees_by_reach(held: Appointment, desk: str, regions: Collection[str]) -> bool:
    """Tell whether a desk's or oversight's post reaches so far; the city's see every desk's, a town's their own."""
    return held.desk in {CITY_DESK, desk} and (_whole(held) or held.region_code in regions)


def _permits(actor: Actor, action: Action, thing: Standing, units_below: UnitsBelow) -> bool:
    try:
        permit(actor, action, thing, units_below)
    except NotPermitted:
        return False
    return True


def _permit_combined(
    actor: Actor, action: Action, thing: Standing, units_below: UnitsBelow, as_post: Post | None
) -> Post:
    """Permit a step for several posts to who holds them all; the history names each with its part of the step.

    `as_post` can therefore choose nothing, and must be one of them.
    """
    if as_post not in {None, *COMBINED[action]}:
        raise NotPermitted(f"“{action}”由受理员、值班长和派遣员三个岗位完成，不能以“{as_post}”执行")
    for post in COMBINED[action]:
        held = (a for a in actor.appointments if a.post is post)
        if not any(_stands(actor, a, Relation.REACH, thing, units_below) for a in held):
            raise NotPermitted(f"“{action}”需要同时担任受理员、值班长和派遣员")
    return COMBINED[action][-1]


def _whole(held: Appointment) -> bool:
    return held.region_code is None and held.unit_code is None


def _stands(actor: Actor, held: Appointment, relation: Relation, thing: Standing, units_below: UnitsBelow) -> bool:
    match relation:
        case Relation.REACH:
            return held.desk == thing.desk and sees_by_reach(held, thing.desk, thing.regions)
        case Relation.OVERSIGHT:
            return sees_by_reach(held, thing.desk, thing.regions)
        case Relation.UNIT | Relation.LEG | Relation.HAD:
            return held.unit_code is not None and not _units(thing, relation).isdisjoint(units_below(held.unit_code))
        case Relation.OWN:
            return thing.author_id == actor.account_id
        case Relation.TASK:
            return thing.task_id == actor.account_id


def _units(thing: Standing, relation: Relation) -> frozenset[str]:
    if relation is Relation.UNIT:
        return frozenset({thing.unit_code} if thing.unit_code else ())
    return thing.leg_units if relation is Relation.LEG else thing.unit_codes
