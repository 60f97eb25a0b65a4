"""Legs and their parts: signed, given on inside a unit's own subtree, given back, done. Source: domain design §2.

A part is done for the leg above it: it is given on, returned and reported one level at a time, and ends with its main
leg at the latest. Whose part it is counts for access; who answers for the case is the unit of the main leg.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from app.dispatch.case_life import CaseLife, Clocked, Leg, limit_json
from app.dispatch.clock import counted
from app.dispatch.codes import Action, LegEnd, LegKind, LimitUnit
from app.dispatch.commands import AssignSub, ReportUp, ReturnSub, Sign
from app.dispatch.deciding import Scene, clock_json, reclock
from app.dispatch.desks import is_below
from app.dispatch.errors import BadInput, NotPermitted
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.spans import Span
from app.dispatch.workflow import refuse

_CONTINUOUS: Final = (LimitUnit.MINUTE, LimitUnit.CONTINUOUS_HOUR, LimitUnit.CONTINUOUS_DAY)
_WHOLE: Final = {LimitUnit.MINUTE: timedelta(minutes=1), LimitUnit.WORK_HOUR: timedelta(hours=1)}
_FINE: Final = Decimal("0.001")
"""Shares of a limit are rounded down to so much of a minute or hour: never later than what they are a share of."""


def sign(life: CaseLife, wanted: Sign, scene: Scene) -> Draft:
    """Record that a unit has seen its leg: the one named, else the first of the caller's that is unsigned."""
    own = [leg for leg in _at_work(life) if _is_own(leg, scene)]
    if wanted.leg is not None:
        leg = _named(life, wanted.leg)
        _only_own(leg, scene)
        own = [one for one in own if one.number == leg.number]
    unsigned = next((leg for leg in own if leg.signed_at is None), None)
    if unsigned is None:
        raise refuse(life.state, Action.SIGN, "已经签收")
    return Draft(action=Action.SIGN, target=life.state, payload={"leg": unsigned.number})


def assign_sub(life: CaseLife, wanted: AssignSub, scene: Scene) -> Draft:
    """Give a leg on to a unit below the one that holds it; due no later than it."""
    parent = _given_on(life, wanted.leg, scene)
    if parent.kind is LegKind.MAIN and not _has_desk(parent, scene):
        raise refuse(life.state, Action.ASSIGN_SUB, f"承办单位{parent.unit_code}没有平台，不能再交办下级")
    _below(parent, wanted.unit_code, scene)
    if any(part.unit_code == wanted.unit_code for part in _parts_of(life, parent)):
        raise BadInput.at(["body", "unit_code"], "该单位已在分办此案件", code="already_at_work")
    limit, clock = _shared(parent, wanted.due_at, scene)
    payload: dict[str, Any] = {
        "leg": len(life.round.legs) + 1,
        "parent": parent.number,
        "unit_code": wanted.unit_code,
        "limit": limit_json(limit),
        "share": scene.policies.sub_share if wanted.due_at is None else None,
        "part_clock": clock,
    }
    policy = "sub_share" if wanted.due_at is None else None
    return Draft(action=Action.ASSIGN_SUB, target=life.state, payload=payload, policy=policy)


def return_sub(life: CaseLife, wanted: ReturnSub, scene: Scene) -> Draft:
    """Give a part back one level, or take it back from below with all that was given on from it."""
    part = _part(life, wanted.leg, Action.RETURN_SUB)
    if _gave(life, part, scene):
        end = LegEnd.RECALLED
    else:
        _only_own(part, scene)
        _nothing_given_on(life, part, Action.RETURN_SUB)
        end = LegEnd.RETURNED
    payload = {**_whose(part), "end": end.value, "reason_code": wanted.reason_code}
    return Draft(action=Action.RETURN_SUB, target=life.state, payload=payload)


def report_up(life: CaseLife, wanted: ReportUp, scene: Scene) -> Draft:
    """Say that a part is done; what its unit would tell the public is proposed to the level above."""
    part = _part(life, wanted.leg, Action.REPORT_UP)
    _only_own(part, scene)
    _nothing_given_on(life, part, Action.REPORT_UP)
    payload = {**_whose(part), "media": [str(one) for one in wanted.media]}
    texts = {"proposed_answer": wanted.public_answer} if wanted.public_answer else {}
    return Draft(action=Action.REPORT_UP, target=life.state, payload=payload, texts=texts)


def leave_nothing_given_on(life: CaseLife, action: Action) -> None:
    """Refuse to end the main leg while parts of it are given on; its unit may take them back at any time."""
    if life.leg is not None:
        _nothing_given_on(life, life.leg, action)


def own_parts(life: CaseLife, scene: Scene, action: Action) -> tuple[Leg, ...]:
    """Return the parts that the caller may report up or, given by himself, take back, by `action`."""
    takes_back = action is Action.RETURN_SUB
    return tuple(
        part
        for part in life.round.parts
        if (_is_own(part, scene) and not _given_from(life, part)) or (takes_back and _gave(life, part, scene))
    )


def rested_parts(life: CaseLife, pause: Span, scene: Scene, moved: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pause of the case gives to its open parts that were not due before it.

    Later by what the pause took, never later than the main leg, whose new due time is in `moved`.
    """
    latest = datetime.fromisoformat(moved["leg_clock"]["due_at"])
    clocks = {
        str(part.number): _rested(part.clock, pause, scene, latest)
        for part in life.round.parts
        if part.clock.due_at is not None and part.clock.due_at > pause.start
    }
    return {"part_clocks": clocks} if clocks else {}


def _rested(clock: Clocked, pause: Span, scene: Scene, latest: datetime) -> dict[str, Any]:
    recorded = reclock(clock, scene.calendar, pause=pause)
    moved = datetime.fromisoformat(recorded["due_at"])
    return _due_at(min(max(moved, clock.due_at or moved), latest), recorded)


def _due_at(at: datetime, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded clock with a due time that was given rather than counted."""
    yellow = min(datetime.fromisoformat(recorded["yellow_at"]), at)
    return {**recorded, "due_at": at.isoformat(), "yellow_at": yellow.isoformat()}


def _shared(parent: Leg, due_at: datetime | None, scene: Scene) -> tuple[Limit, dict[str, Any]]:
    """Return limit and due time of a part: as given, else the policy's share of what is left of the leg above."""
    latest = parent.clock.due_at
    if latest is None:
        raise AssertionError("a leg that was given has a due time")
    if due_at is not None and not scene.now < due_at <= latest:
        text = f"分办时限须晚于现在，不晚于上级承办段的时限（{latest.isoformat()}）"
        raise BadInput.at(["body", "due_at"], text, code="due_out_of_range")
    left = counted(scene.now, due_at or latest, parent.clock.limit, scene.calendar)
    share = left if due_at is not None else left * scene.policies.sub_share
    limit = _as_limit(share, parent.clock.limit)
    if limit is None:  # nothing counted is left: it is due with the leg above, be that past
        whole = parent.clock.limit
        return whole, _due_at(due_at or latest, clock_json(scene.now, whole, scene.calendar))
    clock = clock_json(scene.now, limit, scene.calendar)
    return limit, _due_at(due_at, clock) if due_at is not None else clock


def _as_limit(time: timedelta, like: Limit) -> Limit | None:
    """Return a stretch of counted time as a limit that counts in the manner of another; None for none at all."""
    unit = LimitUnit.MINUTE if like.unit in _CONTINUOUS else LimitUnit.WORK_HOUR
    micros = Decimal(time // timedelta(microseconds=1))
    value = (micros / Decimal(_WHOLE[unit] // timedelta(microseconds=1))).quantize(_FINE, rounding=ROUND_DOWN)
    return Limit(value=value.normalize() + 0, unit=unit) if value > 0 else None


def _given_on(life: CaseLife, number: int | None, scene: Scene) -> Leg:
    """Return the leg that is given on: the one named, else the main one, else the caller's own part."""
    if number is not None:
        parent = _named(life, number)
        if parent.ended_at is not None:
            raise refuse(life.state, Action.ASSIGN_SUB, f"承办段{number}已经结束")
    else:
        own = (leg for leg in _at_work(life) if _is_own(leg, scene))
        parent = next(own, None) or _held(life)
    _only_own(parent, scene)
    return parent


def _held(life: CaseLife) -> Leg:
    if life.leg is None or life.leg.ended_at is not None:
        raise refuse(life.state, Action.ASSIGN_SUB, "案件没有在办单位")
    return life.leg


def _has_desk(leg: Leg, scene: Scene) -> bool:
    unit = scene.units.get(leg.unit_code)
    return unit is not None and unit.desk


def _below(parent: Leg, code: str, scene: Scene) -> None:
    if code not in scene.units:
        raise BadInput.at(["body", "unit_code"], f"没有这个处置单位：{code}", code="unknown_unit")
    if code == parent.unit_code or not is_below(scene.units, code, parent.unit_code):
        text = f"{code}不是{parent.unit_code}的下级单位"
        raise BadInput.at(["body", "unit_code"], text, code="unit_out_of_reach")


def _part(life: CaseLife, number: int, action: Action) -> Leg:
    part = _named(life, number)
    if part.kind is LegKind.MAIN:
        raise BadInput.at(["body", "leg"], f"承办段{number}是主办，不是协办或分办", code="not_a_part")
    if part.ended_at is not None:
        raise refuse(life.state, action, f"承办段{number}已经结束")
    return part


def _named(life: CaseLife, number: int) -> Leg:
    found = next((leg for leg in life.round.legs if leg.number == number), None)
    if found is None:
        raise BadInput.at(["body", "leg"], f"本轮没有承办段{number}", code="unknown_leg")
    return found


def _at_work(life: CaseLife) -> Iterable[Leg]:
    """Return the legs at which somebody is at work, the main one first."""
    held = (life.leg,) if life.leg is not None and life.leg.ended_at is None else ()
    return (*held, *life.round.parts)


def _is_own(leg: Leg, scene: Scene) -> bool:
    return scene.own_units is None or leg.unit_code in scene.own_units


def _only_own(leg: Leg, scene: Scene) -> None:
    if not _is_own(leg, scene):
        raise NotPermitted(f"承办段{leg.number}由{leg.unit_code}承办，您不能代办")


def _gave(life: CaseLife, part: Leg, scene: Scene) -> bool:
    """Tell whether the caller is of the unit that gave the part on; the desk's co-units have it from nobody here."""
    if part.kind is not LegKind.SUB or scene.own_units is None:
        return False
    return any(leg.number == part.parent and leg.unit_code in scene.own_units for leg in life.round.legs)


def _parts_of(life: CaseLife, leg: Leg) -> list[Leg]:
    return [part for part in life.round.parts if part.parent == leg.number]


def _given_from(life: CaseLife, leg: Leg) -> list[Leg]:
    """Return the open parts that were given on from a leg; a co-unit's was not, the desk gave it."""
    return [part for part in _parts_of(life, leg) if part.kind is LegKind.SUB]


def _nothing_given_on(life: CaseLife, leg: Leg, action: Action) -> None:
    waiting = _given_from(life, leg)
    if waiting:
        named = "、".join(f"{part.number}（{part.unit_code}）" for part in waiting)
        raise refuse(life.state, action, f"下级还在分办，请等待上报或先收回：承办段{named}")


def _whose(part: Leg) -> dict[str, Any]:
    return {"leg": part.number, "parent": part.parent, "unit_code": part.unit_code}
