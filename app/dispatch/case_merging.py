"""A case that joins another: it ends, its reports go on with the other one. Source: domain design §2."""

from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action, CaseState, EndKind
from app.dispatch.commands import MergeCase
from app.dispatch.deciding import Scene
from app.dispatch.history import Draft


def merge_case(life: CaseLife, wanted: MergeCase, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """End the case in another; whether that one is open and in sight, the service has asked."""
    payload = {"into_case": str(wanted.into_case), "end_kind": EndKind.MERGED.value}
    return Draft(action=Action.MERGE_CASE, target=CaseState.CLOSED, payload=payload)
