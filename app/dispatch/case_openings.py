"""What can be done to a case now, as `/actions` says it: the table's rows whose guards hold, whatever the contents."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.dispatch import commands
from app.dispatch.case_actions import decide
from app.dispatch.case_appeals import marks
from app.dispatch.case_legs import own_parts
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action, CheckResult, DisposalResult, Mark, Post
from app.dispatch.deciding import Scene
from app.dispatch.errors import ActionNotAllowed, BadInput, NotPermitted
from app.dispatch.workflow import allowed

_SOME: Final = "-"
"""Stands for a code that somebody would give."""
_NOBODY: Final = UUID(int=0)


def _disputed(life: CaseLife, scene: Scene) -> commands.Command:
    """Return an appeal against a mark that was not appealed against yet, if there is one."""
    known = {one.mark for one in life.round.appeals}
    mark = next((one for one in marks(life, scene.now) if one not in known), Mark.OVERDUE)
    return commands.Appeal(against=mark, text=_SOME)


_TRIED: Final[Mapping[Action, Callable[[CaseLife, Scene], commands.Command]]] = {
    Action.DISPATCH: lambda _, __: commands.Dispatch(),
    Action.RECALL: lambda _, __: commands.Recall(),
    Action.SIGN: lambda _, __: commands.Sign(),
    Action.ASSIGN_SUB: lambda _, __: commands.AssignSub(unit_code=_SOME),
    Action.CONTACT: lambda _, scene: commands.MakeContact(reached=True, at=scene.now, method=_SOME),
    Action.REOPEN: lambda _, __: commands.Reopen(reason_code=_SOME),
    Action.REQUEST_RETURN: lambda _, __: commands.RequestReturn(reason_code=_SOME),
    Action.REQUEST_EXTENSION: lambda _, __: commands.RequestExtension(reason_code=_SOME),
    Action.REQUEST_SUSPENSION: lambda _, scene: commands.RequestSuspension(
        reason_code=_SOME, until=scene.now + timedelta(hours=1)
    ),
    Action.REQUEST_ARBITRATION: lambda _, __: commands.RequestArbitration(text=_SOME, media=(_NOBODY,)),
    Action.ARBITRATE: lambda _, scene: commands.Arbitrate(unit_code=next(iter(scene.units), _SOME)),
    Action.RESUME: lambda _, __: commands.Resume(),
    Action.DISPOSE: lambda _, __: commands.Dispose(result=DisposalResult.SOLVED),
    Action.SEND_CHECK: lambda _, __: commands.SendCheck(),
    Action.TAKE_UP: lambda _, __: commands.TakeUp(),
    Action.HAND_OVER: lambda _, __: commands.HandOver(),
    Action.CHECK: lambda _, __: commands.Check(result=CheckResult.PASS),
    Action.DESK_CHECK: lambda _, __: commands.DeskCheck(result=CheckResult.PASS),
    Action.CLOSE: lambda _, __: commands.Close(),
    Action.VOID: lambda _, __: commands.Void(reason_code=_SOME),
    Action.AMEND: lambda _, __: commands.Amend(),
    Action.MERGE_CASE: lambda _, __: commands.MergeCase(into_case=_NOBODY),
    Action.APPROVE_ANSWER: lambda _, __: commands.ApproveAnswer(public_answer=_SOME),
    Action.CALL_BACK: lambda _, __: commands.CallBack(report_id=_NOBODY, reached=True),
    Action.APPEAL: _disputed,
    Action.URGE: lambda _, __: commands.Urge(),
    Action.NOTE: lambda _, __: commands.Note(text=_SOME),
    Action.TAG: lambda _, __: commands.Tag(),
}
"""What is tried of each action that people may take; a ruling needs no trying, only something to rule on."""


def openings(life: CaseLife, scene: Scene, posts: frozenset[Post]) -> tuple[Action, ...]:
    """Return the actions that table and guards let through now, in the order of the workflow.

    `posts` are the caller's: a request is ruled on by one post. Whether he has a grant for the rest is not asked here.
    """
    return tuple(action for action in allowed(life.state) if _is_open(life, action, scene, posts))


def _is_open(life: CaseLife, action: Action, scene: Scene, posts: frozenset[Post]) -> bool:
    if action in {Action.GRANT, Action.REFUSE, Action.REVIEW_APPEAL}:
        return _waits_for(life, action, posts)
    if action in {Action.RETURN_SUB, Action.REPORT_UP}:
        return bool(own_parts(life, scene, action))
    make = _TRIED.get(action)
    if make is None:
        return False
    try:
        decide(life, make(life, scene), scene)
    except ActionNotAllowed:
        return False
    except (BadInput, NotPermitted):
        return True  # with other contents
    return True


def _waits_for(life: CaseLife, action: Action, posts: frozenset[Post]) -> bool:
    """Tell whether a request or an appeal waits for one of these posts."""
    if action is Action.REVIEW_APPEAL:
        return any(one.reviewer in posts for one in life.round.appeals)
    pending = life.round.pending
    if pending is None or pending.ruler not in posts:
        return False
    return action is Action.REFUSE or not pending.arbitrated
