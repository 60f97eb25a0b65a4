"""Putting right what a case is about and where it lies; its limit counts from the dispatch there was. See domain §2."""

from dataclasses import replace
from typing import Any

from app.dispatch.case_life import CaseLife, Clocked, Leg, limit_json
from app.dispatch.case_places import same_codes, spot_json
from app.dispatch.codes import Action, CaseState
from app.dispatch.commands import Amend
from app.dispatch.deciding import Amended, Scene, clock_json, reclock
from app.dispatch.desks import sends_to
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.workflow import refuse


def amend(life: CaseLife, wanted: Amend, scene: Scene) -> Draft:
    """Name category, condition and place anew; where another unit is found for them, its leg begins.

    The new limit counts from the original dispatch, for the case and for a leg that goes on: what was sent in time may
    be overdue at once. A limit that a policy gave (a redo, a follow-up) stays what it is.
    """
    to = scene.amended
    assert to is not None  # noqa: S101  # the service has looked it up
    other = _other_unit(life, wanted, to, scene)
    clocks = _clocks(life, to.limit, other=other) if to.limit is not None else {}
    if life.round.pending is not None and (other or clocks):
        raise refuse(life.state, Action.AMEND, "有申请待审批，请先审批再更正")
    payload: dict[str, Any] = {
        "kind": to.kind.value,
        "category": to.category,
        "condition": to.condition,
        "catalogue": to.catalogue,
        "attention": sorted(to.attention),
    }
    if to.spot is not None and not same_codes(life.spot, to.spot):
        payload["spot"] = spot_json(to.spot)
    if wanted.reroute:
        payload["proposed_unit"] = to.unit_code
    if clocks and to.limit is not None:
        payload |= {"limit": limit_json(to.limit), "limit_source": to.limit_source, **clocks}
    if other:
        payload |= _sent_on(life, to, scene)
    return Draft(action=Action.AMEND, target=life.state, payload={**payload, **_times(life, to, payload, scene)})


def check_wish(_: CaseLife, wanted: Amend, __: Scene) -> None:
    """Raise BadInput where nothing is to be changed."""
    if not wanted.reroute and all(
        one is None for one in (wanted.kind, wanted.category, wanted.condition, wanted.point)
    ):
        where = ["body"]
        raise BadInput.at(where, "请至少给出类别、立案条件、位置之一，或要求重新派定单位", code="nothing_to_amend")


def under(clock: Clocked, limit: Limit) -> Clocked:
    """Return a clock under another limit; extensions in another unit fall away with the limit that they extended."""
    kept = tuple(one for one in clock.extensions if one.unit is limit.unit)
    return replace(clock, limit=limit, extensions=kept)


def _other_unit(life: CaseLife, wanted: Amend, to: Amended, scene: Scene) -> bool:
    """Tell whether the case goes to another unit; one that its desk does not send to stays a proposal."""
    leg, found = life.leg, to.unit_code
    if not wanted.reroute or life.state is not CaseState.DISPATCHED or found is None:
        return False
    return (leg is None or found != leg.unit_code) and sends_to(scene.units, found, life.desk)


def _clocks(life: CaseLife, limit: Limit, *, other: bool) -> dict[str, list[str]]:
    """Return which clocks the limit of the condition counts for, where it changes any of them."""
    turn, leg = life.round, life.leg
    if turn.number > 1:
        return {}
    found = []
    if turn.clock.start == turn.first_dispatch_at and turn.clock.limit != limit:
        found.append("case")
    if leg is not None and not other and _by_condition(leg) and leg.clock.limit != limit:
        found.append("leg")
    return {"clocks": found} if found else {}


def _by_condition(leg: Leg) -> bool:
    return leg.follows is None


def _sent_on(life: CaseLife, to: Amended, scene: Scene) -> dict[str, Any]:
    """Return the leg of the unit that is found now: it has the full limit, and the case clock runs on."""
    leg = life.leg
    assert leg is not None  # noqa: S101  # asked for by `_other_unit`
    by_condition = life.round.number == 1 and _by_condition(leg)
    limit = to.limit if by_condition and to.limit is not None else leg.clock.limit
    return {
        "leg": leg.number,
        "next_leg": len(life.round.legs) + 1,
        "unit_code": to.unit_code,
        "leg_limit": limit_json(limit),
        "leg_clock": clock_json(scene.now, limit, scene.calendar),
    }


def _times(life: CaseLife, to: Amended, payload: dict[str, Any], scene: Scene) -> dict[str, Any]:
    times: dict[str, Any] = {}
    clocks, leg = payload.get("clocks", ()), life.leg
    if to.limit is None:
        return times
    if "case" in clocks and life.round.clock.start is not None:
        times["case"] = reclock(under(life.round.clock, to.limit), scene.calendar)
    if "leg" in clocks and leg is not None:
        times["leg_clock"] = reclock(under(leg.clock, to.limit), scene.calendar)
    return times
