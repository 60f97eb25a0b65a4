"""What is wrong with a command by itself, in whatever state the case is: judged before the state (422 before 409)."""

from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from app.dispatch import (
    case_amending,
    case_appeals,
    case_disposal,
    case_ending,
    case_requests,
    case_tasks,
    commands,
    required,
)
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action
from app.dispatch.deciding import Scene
from app.dispatch.desks import send_within
from app.dispatch.errors import BadInput

Look = Callable[[CaseLife, Any, Scene], None]


def _dispatch(life: CaseLife, wanted: commands.Dispatch, scene: Scene) -> None:
    if wanted.unit_code is not None:
        send_within(scene.units, wanted.unit_code, life.desk)
    for code in wanted.co_units:
        send_within(scene.units, code, life.desk, field="co_units")


def _assign_sub(_: CaseLife, wanted: commands.AssignSub, scene: Scene) -> None:
    check_unit(wanted.unit_code, scene.units)


def _contact(_: CaseLife, wanted: commands.MakeContact, scene: Scene) -> None:
    if wanted.at > scene.now:
        raise BadInput.at(["body", "at"], "联系时间不能晚于现在", code="in_the_future")


def _request_return(_: CaseLife, wanted: commands.RequestReturn, scene: Scene) -> None:
    if wanted.proposed_unit is not None:
        check_unit(wanted.proposed_unit, scene.units, field="proposed_unit")


def _request_suspension(_: CaseLife, wanted: commands.RequestSuspension, scene: Scene) -> None:
    longest = scene.policies.suspension_at_most
    if not scene.now < wanted.until <= scene.now + longest:
        raise BadInput.at(["body", "until"], f"缓办的截止时间须在今后{longest.days}天之内", code="until_out_of_range")


def _ruling(life: CaseLife, wanted: commands.GrantRequest | commands.RefuseRequest, _: Scene) -> None:
    if all(request.id != wanted.request_id for request in life.round.requests):
        raise BadInput.at(["body", "request_id"], "本轮没有这项申请", code="unknown_request")


def _arbitrate(life: CaseLife, wanted: commands.Arbitrate, scene: Scene) -> None:
    send_within(scene.units, wanted.unit_code, life.desk)


_LOOKS: Final[Mapping[Action, Look]] = {
    Action.DISPATCH: _dispatch,
    Action.ASSIGN_SUB: _assign_sub,
    Action.CONTACT: _contact,
    Action.REQUEST_RETURN: _request_return,
    Action.REQUEST_SUSPENSION: _request_suspension,
    Action.REQUEST_ARBITRATION: case_requests.check_evidence,
    Action.ARBITRATE: _arbitrate,
    Action.GRANT: _ruling,
    Action.REFUSE: _ruling,
    Action.DISPOSE: case_disposal.check_result,
    Action.SEND_CHECK: case_tasks.check_inspector,
    Action.HAND_OVER: case_tasks.check_inspector,
    Action.CHECK: case_ending.check_code,
    Action.DESK_CHECK: case_ending.check_desk_result,
    Action.CLOSE: case_ending.check_end_kind,
    Action.AMEND: case_amending.check_wish,
    Action.REVIEW_APPEAL: case_appeals.check_appeal,
}
"""Only what can be told without the state; what depends on it, the decision says itself."""


def check_contents(life: CaseLife, command: commands.Command, scene: Scene) -> None:
    """Raise BadInput for contents that would be wrong in every state, or lack what policy demands."""
    required.check(command, scene.post, scene.policies)
    look = _LOOKS.get(command.action)
    if look is not None:
        look(life, command, scene)


def check_unit(code: str, units: Container[str], *, field: str = "unit_code") -> None:
    """Raise BadInput for a unit that is not in force."""
    if code not in units:
        raise BadInput.at(["body", field], f"没有这个处置单位：{code}", code="unknown_unit")
