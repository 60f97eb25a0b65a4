"""One entry to every decision about a case: is the step in the table, do its guards hold, what is to be recorded."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.dispatch import (
    case_amending,
    case_answers,
    case_appeals,
    case_arbitration,
    case_disposal,
    case_ending,
    case_filing,
    case_legs,
    case_merging,
    case_places,
    case_requests,
    case_rulings,
    case_tasks,
    commands,
)
from app.dispatch.case_contents import check_contents
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action
from app.dispatch.deciding import Scene
from app.dispatch.history import Draft
from app.dispatch.workflow import targets

Decision = Callable[[CaseLife, Any, Scene], Draft]

_DECISIONS: Final[Mapping[Action, Decision]] = {
    Action.DISPATCH: case_filing.dispatch,
    Action.RECALL: case_filing.recall,
    Action.SIGN: case_legs.sign,
    Action.ASSIGN_SUB: case_legs.assign_sub,
    Action.RETURN_SUB: case_legs.return_sub,
    Action.REPORT_UP: case_legs.report_up,
    Action.CONTACT: case_filing.contact,
    Action.REOPEN: case_filing.reopen,
    Action.REQUEST_RETURN: case_requests.request_return,
    Action.REQUEST_EXTENSION: case_requests.request_extension,
    Action.REQUEST_SUSPENSION: case_requests.request_suspension,
    Action.REQUEST_ARBITRATION: case_requests.request_arbitration,
    Action.GRANT: case_rulings.grant,
    Action.REFUSE: case_rulings.refuse_request,
    Action.ARBITRATE: case_arbitration.arbitrate,
    Action.RESUME: case_rulings.resume,
    Action.DISPOSE: case_disposal.dispose,
    Action.SEND_CHECK: case_tasks.send_check,
    Action.TAKE_UP: case_tasks.take_up,
    Action.HAND_OVER: case_tasks.hand_over,
    Action.CHECK: case_ending.check,
    Action.DESK_CHECK: case_ending.desk_check,
    Action.CLOSE: case_ending.close,
    Action.VOID: case_ending.void,
    Action.APPROVE_ANSWER: case_answers.approve_answer,
    Action.CALL_BACK: case_answers.call_back,
    Action.URGE: case_answers.urge,
    Action.NOTE: case_answers.note,
    Action.TAG: case_answers.tag,
    Action.SUPPLEMENT: case_answers.supplement,
    Action.RELOCATE: case_places.relocate,
    Action.AMEND: case_amending.amend,
    Action.MERGE_CASE: case_merging.merge_case,
    Action.APPEAL: case_appeals.appeal,
    Action.REVIEW_APPEAL: case_appeals.review_appeal,
}


def decide(life: CaseLife, command: commands.Command, scene: Scene) -> Draft:
    """Return the step that `command` makes of the case; raise BadInput, NotPermitted or ActionNotAllowed.

    Contents that are wrong by themselves are refused before the state is looked at. The target is always one that the
    table of the workflow names.
    """
    check_contents(life, command, scene)
    possible = targets(life.state, command.action)
    draft = _DECISIONS[command.action](life, command, scene)
    if draft.target not in possible:
        raise AssertionError(f"{command.action} decided {draft.target}, which the table does not know")
    if command.note:
        draft = replace(draft, texts={**draft.texts, "note": command.note})
    return draft
