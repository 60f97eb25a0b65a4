"""Who issues, answers, settles and sees orders: one table, as that of cases (`access`)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from app.dispatch.access import Actor, Appointment, Relation, Sight, Standing, Thing, UnitsBelow, sees_by_reach, sight
from app.dispatch.codes import Post
from app.dispatch.errors import BadInput, NotPermitted
from app.dispatch.order_codes import OrderAction


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGrant:
    """Holders of `post` who stand in `relation` to the order may do `actions`."""

    post: Post
    relation: Relation
    actions: tuple[OrderAction, ...]


_A = OrderAction
_ISSUER: Final = (_A.ISSUE, _A.ACCEPT, _A.SEND_BACK, _A.WITHDRAW, _A.URGE, _A.NOTE)
_WATCHER: Final = (_A.URGE, _A.NOTE)
_UNIT: Final = (_A.ANSWER, _A.URGE, _A.NOTE)

ORDER_GRANTS: Final = (
    OrderGrant(post=Post.SUPERVISOR, relation=Relation.REACH, actions=_ISSUER),
    OrderGrant(post=Post.SHIFT_LEAD, relation=Relation.REACH, actions=_ISSUER),
    OrderGrant(post=Post.OPERATOR, relation=Relation.REACH, actions=_WATCHER),
    OrderGrant(post=Post.DISPATCHER, relation=Relation.REACH, actions=_WATCHER),
    OrderGrant(post=Post.COORDINATOR, relation=Relation.OVERSIGHT, actions=_WATCHER),
    OrderGrant(post=Post.UNIT, relation=Relation.UNIT, actions=_UNIT),
    OrderGrant(post=Post.UNIT_LEAD, relation=Relation.UNIT, actions=_UNIT),
)
"""An order is settled at the desk that issued it; `miss` is nobody's."""

_POSTS: Final = frozenset(one.post for one in ORDER_GRANTS)
_ISSUERS: Final = tuple(one.post for one in ORDER_GRANTS if _A.ISSUE in one.actions)


def order_sight(actor: Actor, units_below: UnitsBelow) -> Sight:
    """Return what the actor sees of orders: what he would see of cases there, by posts that have to do with orders."""
    held = tuple(one for one in actor.appointments if one.post in _POSTS)
    return sight(replace(actor, appointments=held), Thing.CASE, units_below)


def permit_order(
    actor: Actor, action: OrderAction, order: Standing, units_below: UnitsBelow, *, as_post: Post | None = None
) -> Post:
    """Return the post under which the actor does `action` to an order he sees; raise NotPermitted."""
    for grant in ORDER_GRANTS:
        if action in grant.actions and as_post in {None, grant.post}:
            held = (one for one in actor.appointments if one.post is grant.post)
            if any(_stands(one, grant.relation, order, units_below) for one in held):
                return grant.post
    raise NotPermitted(f"您的岗位不能在此执行“{action}”")


def permitted_on_order(
    actor: Actor, order: Standing, units_below: UnitsBelow, wanted: Iterable[OrderAction]
) -> tuple[OrderAction, ...]:
    """Return those actions that some grant lets the actor do, in the given order."""

    def may(action: OrderAction) -> bool:
        try:
            permit_order(actor, action, order, units_below)
        except NotPermitted:
            return False
        return True

    return tuple(action for action in wanted if may(action))


def issuing(actor: Actor, as_post: Post | None = None) -> Appointment:
    """Return the appointment under which the actor issues orders; raise NotPermitted where he holds none."""
    wanted = _ISSUERS if as_post is None else tuple(post for post in _ISSUERS if post is as_post)
    held = (one for post in wanted for one in actor.appointments if one.post is post)
    found = next(held, None)
    if found is None:
        raise NotPermitted("您的岗位不能下发交办、督办")
    return found


def check_addressee(held: Appointment, unit_code: str, known: UnitsBelow, *, city: str) -> None:
    """Refuse a town's desk that orders a unit outside its own subtree; raise BadInput. `city` is the city's desk."""
    if held.desk != city and unit_code not in known(held.desk):
        raise BadInput.at(["body", "unit_code"], "只能向本平台下属单位下发", code="unit_out_of_reach")


def check_supervised(held: Appointment, desks: Iterable[str], *, city: str) -> None:
    """Refuse to put another desk's cases under supervision; the city's supervisors may, as they look over all.

    Raises BadInput.
    """
    if held.post is Post.SUPERVISOR and held.desk == city:
        return
    if any(desk != held.desk for desk in desks):
        raise BadInput.at(["body", "case_ids"], "只能督办本平台的案件", code="case_of_another_desk")


def _stands(held: Appointment, relation: Relation, order: Standing, units_below: UnitsBelow) -> bool:
    match relation:
        case Relation.REACH:
            return held.desk == order.desk and sees_by_reach(held, order.desk, order.regions)
        case Relation.OVERSIGHT:
            return sees_by_reach(held, order.desk, order.regions)
        case Relation.UNIT:
            return held.unit_code is not None and order.unit_code in units_below(held.unit_code)
    return False
