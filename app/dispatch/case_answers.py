"""What is said about a case along the way: the answer that goes out, call-backs, reminders, notes and tags."""

from typing import Any

from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action, Attention
from app.dispatch.commands import ApproveAnswer, CallBack, Note, Supplement, Tag, Urge
from app.dispatch.deciding import Scene
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.report_life import dissatisfied
from app.dispatch.tags import normal_tag, normal_tags, retagged
from app.dispatch.workflow import refuse


def approve_answer(life: CaseLife, wanted: ApproveAnswer, scene: Scene) -> Draft:
    """Let the answer go out as it reads now; what the unit wrote stays beside it in the history."""
    standing = life.round.standing
    waits = standing is not None and standing.to_approve
    if standing is None or not (waits or scene.policies.answer_approval):
        raise refuse(life.state, Action.APPROVE_ANSWER, "没有待审核的公开答复")
    return Draft(
        action=Action.APPROVE_ANSWER,
        target=life.state,
        payload={"leg": standing.leg},
        texts={"public_answer": wanted.public_answer},
        policy="answer_approval",
    )


def call_back(life: CaseLife, wanted: CallBack, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Record what the reporter said; who is dissatisfied brings the case to the desk's attention."""
    payload: dict[str, Any] = {
        "report_id": str(wanted.report_id),
        "reached": wanted.reached,
        "solved": wanted.solved,
        "satisfaction": wanted.satisfaction,
    }
    if dissatisfied(wanted.solved, wanted.satisfaction):
        payload["attention"] = Attention.DISSATISFIED.value
    texts = {"opinion": wanted.opinion} if wanted.opinion else {}
    return Draft(action=Action.CALL_BACK, target=life.state, payload=payload, texts=texts)


def urge(life: CaseLife, _: Urge, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Remind the unit; counted."""
    return Draft(action=Action.URGE, target=life.state)


def note(life: CaseLife, wanted: Note, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Keep a note."""
    return Draft(action=Action.NOTE, target=life.state, texts={"text": wanted.text})


def tag(life: CaseLife, wanted: Tag, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Add and remove tags."""
    add = normal_tags(wanted.add, where=["body", "add"])
    remove = tuple(normal_tag(one) for one in wanted.remove)
    if not add and not remove:
        raise BadInput.at(["body", "add"], "请给出要添加或移除的标签", code="no_tags")
    retagged(life.tags, add=add, remove=remove)
    payload = {"add": list(add), "remove": list(remove)}
    return Draft(action=Action.TAG, target=life.state, payload=payload)


def supplement(life: CaseLife, wanted: Supplement, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Raise what the reporter or the partner sent since."""
    texts = {"text": wanted.text} if wanted.text else {}
    return Draft(action=Action.SUPPLEMENT, target=life.state, payload={"attention": wanted.attention}, texts=texts)
