"""Opening a case, sending it to a unit, taking it back, signing: what is decided and recorded."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from app.dispatch.case_life import CaseLife, Spot, limit_json
from app.dispatch.codes import Action, Attention, CaseState, EndKind, Handling, Kind, LegEnd, Source
from app.dispatch.commands import Dispatch, MakeContact, Recall, Reopen
from app.dispatch.deciding import Scene, clock_json
from app.dispatch.desks import send_within
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.workflow import refuse

_SETTLED: Final = frozenset({Attention.DISSATISFIED, Attention.REDO_ASKED})
"""What wanted a look until the case was taken up again."""


def file_case(
    *,
    case_no: str,
    report_id: UUID,
    source: Source,
    kind: Kind,
    category: str,
    condition: int,
    catalogue: str,
    limit: Limit,
    limit_source: str,
    spot: Spot,
    desk: str,
    unit_code: str | None,
    author_id: UUID | None,
    operator_id: UUID | None,
    campaign: str | None,
    tags: Sequence[str],
    attention: Sequence[str],
    recurrent: bool,
) -> Draft:
    """Return the first step of a case; its clock does not run before the dispatch."""
    payload: dict[str, Any] = {
        "case_no": case_no,
        "report_id": str(report_id),
        "source": source.value,
        "handling": Handling.ORDINARY.value,
        "kind": kind.value,
        "category": category,
        "condition": condition,
        "catalogue": catalogue,
        "limit": limit_json(limit),
        "limit_source": limit_source,
        "spot": {**asdict(spot), "zones": dict(spot.zones)},
        "desk": desk,
        "unit_code": unit_code,
        "author_id": str(author_id) if author_id else None,
        "operator_id": str(operator_id) if operator_id else None,
        "campaign": campaign,
        "tags": list(tags),
        "attention": list(attention),
        "recurrent": recurrent,
    }
    return Draft(action=Action.FILE, target=CaseState.FILED, payload=payload)


def dispatch(life: CaseLife, wanted: Dispatch, scene: Scene) -> Draft:
    """Send the case to the routed unit, or by hand to another with a reason; the round's clock starts here."""
    unit_code = wanted.unit_code or life.proposed_unit
    returned_by = {leg.unit_code for leg in life.round.main_legs if leg.end is LegEnd.RETURNED}
    if unit_code is None or (wanted.unit_code is None and unit_code in returned_by):
        where = ["body", "unit_code"]
        raise BadInput.at(where, "没有可派的单位，或建议单位已退回此案件：请指定处置单位", code="unit_required")
    send_within(scene.units, unit_code, life.desk)  # what was named has been looked at, what was proposed has not
    by_hand = unit_code != life.proposed_unit
    if by_hand and not wanted.reason_code:
        raise BadInput.at(["body", "reason_code"], "改派给建议以外的单位须说明理由代码", code="reason_required")
    payload: dict[str, Any] = {
        "unit_code": unit_code,
        "co_units": [code for code in dict.fromkeys(wanted.co_units) if code != unit_code],
        "leg": len(life.round.legs) + 1,
        "by_hand": by_hand,
        "reason_code": wanted.reason_code,
        "leg_clock": clock_json(scene.now, life.round.clock.limit, scene.calendar),
    }
    if life.round.clock.start is None:
        payload["case"] = payload["leg_clock"]
    return Draft(action=Action.DISPATCH, target=CaseState.DISPATCHED, payload=payload)


def recall(life: CaseLife, wanted: Recall, scene: Scene) -> Draft:
    """Take the dispatch back: before it is signed, or soon after it was sent."""
    leg = life.round.main_leg
    if leg is not None and leg.follows is not None:
        raise refuse(life.state, Action.RECALL, "临时处置之后的后续环节不是派遣，不能收回")
    late = leg is not None and scene.now - leg.dispatched_at > scene.policies.recall_within
    if leg is None or (leg.signed_at is not None and late):
        raise refuse(life.state, Action.RECALL, "已签收且超过收回时间，不能收回")
    return Draft(
        action=Action.RECALL,
        target=CaseState.FILED,
        payload={"leg": leg.number, "reason_code": wanted.reason_code},
    )


def contact(life: CaseLife, wanted: MakeContact, scene: Scene) -> Draft:
    """Record whether the unit reached the reporter."""
    if wanted.at > scene.now:
        raise BadInput.at(["body", "at"], "联系时间不能晚于现在", code="in_the_future")
    payload = {
        "reached": wanted.reached,
        "at": wanted.at.isoformat(),
        "method": wanted.method,
        "media": [str(one) for one in wanted.media],
    }
    return Draft(action=Action.CONTACT, target=life.state, payload=payload)


def reopen(life: CaseLife, wanted: Reopen, scene: Scene) -> Draft:
    """Start the next round at the unit that was accountable, with a limit of its own."""
    last = life.round
    if last.closed_at is None or scene.now - last.closed_at > scene.policies.reopen_within:
        raise refuse(life.state, Action.REOPEN, f"结案超过{scene.policies.reopen_within.days}天，不能重办")
    if last.end_kind is EndKind.MERGED:
        raise refuse(life.state, Action.REOPEN, "已并入其他案件，请重办那个案件")
    unit_code = _redone_by(life)
    if unit_code is None:
        raise refuse(life.state, Action.REOPEN, "上一轮没有处置单位，不能重办")
    limit = scene.policies.redo_limit
    deadline = clock_json(scene.now, limit, scene.calendar)
    payload = {
        "round": last.number + 1,
        "leg": 1,
        "unit_code": unit_code,
        "co_units": [],
        "reason_code": wanted.reason_code,
        "limit": limit_json(limit),
        "limit_source": "policy redo_limit",
        "case": deadline,
        "leg_clock": deadline,
        "settled": sorted(life.attention & _SETTLED),
    }
    return Draft(action=Action.REOPEN, target=CaseState.DISPATCHED, payload=payload, policy="redo_limit")


def _redone_by(life: CaseLife) -> str | None:
    """Return whose the next round is: who was accountable, or whom the coordinator named in his place."""
    last = life.round
    if last.accountable is not None:
        return last.accountable.unit_code
    overruled = last.main_leg is not None and last.main_leg.end is LegEnd.OVERRULED
    return life.proposed_unit if overruled else None
