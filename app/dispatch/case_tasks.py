"""Inspectors' checks of cases: sent, taken up, handed over, offered anew, looked over by another."""

from dataclasses import replace
from typing import Any

from app.dispatch import tasks
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action, CaseState
from app.dispatch.commands import HandOver, SendCheck, TakeUp
from app.dispatch.deciding import Scene
from app.dispatch.history import Draft


def send_check(life: CaseLife, wanted: SendCheck, scene: Scene) -> Draft:
    """Send an inspector: the one who is named, else whoever is drawn."""
    payload, policy = tasks.send(tasks.of_case(life, scene), Action.SEND_CHECK, wanted.inspector_id, scene)
    return Draft(action=Action.SEND_CHECK, target=CaseState.CHECKING, payload=payload, policy=policy)


def take_up(life: CaseLife, wanted: TakeUp, scene: Scene) -> Draft:
    """Say that the inspector goes there."""
    return tasks.take_up(tasks.of_case(life, scene), wanted)


def hand_over(life: CaseLife, wanted: HandOver, scene: Scene) -> Draft:
    """Give the check to another inspector."""
    return tasks.hand_over(tasks.of_case(life, scene), wanted, scene)


def check_inspector(life: CaseLife, wanted: SendCheck | HandOver, scene: Scene) -> None:
    """Raise BadInput for an inspector who is not to be sent here."""
    if wanted.inspector_id is not None:
        tasks.check_named(tasks.of_case(life, scene), wanted.inspector_id, scene)


def looked(life: CaseLife, draft: Draft, scene: Scene) -> Draft:
    """Return the check as decided, with whether it came in time; offered anew, or looked over by another, as is due."""
    errand = tasks.of_case(life, scene)
    payload: dict[str, Any] = {**draft.payload, **tasks.in_window(errand, scene.now)}
    if draft.target == CaseState.CHECKING:
        payload |= tasks.offered_anew(errand, scene)
    elif draft.target == CaseState.CHECKED:
        again = tasks.looked_over(errand, scene)
        if again is not None:
            return replace(draft, target=CaseState.CHECKING, payload={**payload, **again}, policy=tasks.RECHECK)
    return replace(draft, payload=payload)
