"""One entry to every decision about a case: is the step in the table, do its guards hold, what is to be recorded."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.dispatch import case_ending, case_filing, case_places, case_requests, commands
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action
from app.dispatch.deciding import Scene
from app.dispatch.history import Draft
from app.dispatch.workflow import targets

Decision = Callable[[CaseLife, Any, Scene], Draft]

_DECISIONS: Final[Mapping[Action, Decision]] = {
    Action.DISPATCH: case_filing.dispatch,
    Action.RECALL: case_filing.recall,
    Action.SIGN: case_filing.sign,
    Action.CONTACT: case_filing.contact,
    Action.REOPEN: case_filing.reopen,
    Action.REQUEST_RETURN: case_requests.request_return,
    Action.REQUEST_EXTENSION: case_requests.request_extension,
    Action.REQUEST_SUSPENSION: case_requests.request_suspension,
    Action.GRANT: case_requests.grant,
    Action.REFUSE: case_requests.refuse_request,
    Action.RESUME: case_requests.resume,
    Action.DISPOSE: case_ending.dispose,
    Action.SEND_CHECK: case_ending.send_check,
    Action.CHECK: case_ending.check,
    Action.DESK_CHECK: case_ending.desk_check,
    Action.CLOSE: case_ending.close,
    Action.VOID: case_ending.void,
    Action.CALL_BACK: case_ending.call_back,
    Action.URGE: case_ending.urge,
    Action.NOTE: case_ending.note,
    Action.TAG: case_ending.tag,
    Action.SUPPLEMENT: case_ending.supplement,
    Action.RELOCATE: case_places.relocate,
}


def decide(life: CaseLife, command: commands.Command, scene: Scene) -> Draft:
    """Return the step that `command` makes of the case; raise ActionNotAllowed, BadInput or NotPermitted.

    The target is always one that the table of the workflow names.
    """
    possible = targets(life.state, command.action)
    draft = _DECISIONS[command.action](life, command, scene)
    if draft.target not in possible:
        raise AssertionError(f"{command.action} decided {draft.target}, which the table does not know")
    if command.note:
        draft = replace(draft, texts={**draft.texts, "note": command.note})
    return draft
