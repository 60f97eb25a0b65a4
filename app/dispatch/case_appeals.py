"""Disputes of a mark: what a unit may appeal against, until when, and who reviews it. Source: domain design §2 and §5.

What an upheld appeal does to figures is decided where figures are made; the fact itself stays.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.dispatch.case_life import Appeal, CaseLife, Round
from app.dispatch.clock import due
from app.dispatch.codes import Action, AppealState, Mark, Post, RequestKind, RequestState
from app.dispatch.commands import Appeal as Wanted
from app.dispatch.commands import ReviewAppeal
from app.dispatch.deciding import Scene
from app.dispatch.errors import BadInput, NotPermitted
from app.dispatch.history import Draft
from app.dispatch.workflow import refuse

REVIEWERS: Final = (Post.SHIFT_LEAD, Post.SUPERVISOR)
"""Who reviews, one after the other; the last one's word counts."""


def marks(life: CaseLife, now: datetime) -> Mapping[Mark, datetime]:
    """Return the marks of the present round, each with the instant at which it was made."""
    turn = life.round
    refused = [r.ruled_at for r in turn.requests if r.kind is RequestKind.RETURN and r.state is RequestState.REFUSED]
    made: dict[Mark, datetime | None] = {
        Mark.OVERDUE: _overdue_at(turn, now),
        Mark.REWORK: turn.reworked_at,
        Mark.DISSATISFIED: turn.dissatisfied_at,
        Mark.UNSOLVED: turn.unsolved_at,
        Mark.RETURN_REFUSED: refused[-1] if refused else None,
        Mark.RECURRENCE: turn.dispatched_at if life.recurrent and turn.number == 1 else None,
    }
    return {mark: at for mark, at in made.items() if at is not None}


def appeal(life: CaseLife, wanted: Wanted, scene: Scene) -> Draft:
    """Dispute a mark: once each, within three work days after it was made."""
    made_at = marks(life, scene.now).get(wanted.against)
    if made_at is None or life.leg is None:
        raise refuse(life.state, Action.APPEAL, "本轮没有这项考核记录，无可申诉")
    if any(one.mark is wanted.against for one in life.round.appeals):
        raise refuse(life.state, Action.APPEAL, "这项考核记录已申诉过")
    if scene.now > due(made_at, scene.policies.appeal_within, scene.calendar).at:
        raise refuse(life.state, Action.APPEAL, "已过申诉期限")
    payload = {
        "against": wanted.against.value,
        "leg": life.leg.number,
        "marked_at": made_at.isoformat(),
        "media": [str(one) for one in wanted.media],
    }
    return Draft(action=Action.APPEAL, target=life.state, payload=payload, texts={"text": wanted.text})


def review_appeal(life: CaseLife, wanted: ReviewAppeal, scene: Scene) -> Draft:
    """Hear an appeal: the shift lead first, then the supervisor, whose word is the last."""
    heard = _meant(life.round, wanted)
    if heard is None or heard.reviewer is None:
        raise refuse(life.state, Action.REVIEW_APPEAL, "没有待复核的申诉")
    if heard.reviewer is not scene.post:
        raise NotPermitted("这项申诉现由其他岗位复核")
    final = heard.reviewer is REVIEWERS[-1]
    payload = {"against": heard.mark.value, "upheld": wanted.upheld, "step": heard.step + 1, "final": final}
    return Draft(action=Action.REVIEW_APPEAL, target=life.state, payload=payload, texts={"text": wanted.text})


def check_appeal(life: CaseLife, wanted: ReviewAppeal, _: Scene) -> None:
    """Raise BadInput where several appeals wait and none is named."""
    waiting = [one.mark.value for one in life.round.appeals if one.state is AppealState.PENDING]
    if wanted.against is None and len(waiting) > 1:
        where = ["body", "against"]
        raise BadInput.at(where, f"有几项申诉待复核，请指明其一：{'、'.join(waiting)}", code="appeal_required")


def reviewer(life: CaseLife, wanted: ReviewAppeal) -> Post | None:
    """Return the post that reviews the appeal that is meant, or reviewed it last; None where there is no such one."""
    found = _meant(life.round, wanted)
    return None if found is None else found.reviewer or REVIEWERS[-1]


def _meant(turn: Round, wanted: ReviewAppeal) -> Appeal | None:
    named = [one for one in turn.appeals if wanted.against in {None, one.mark}]
    waiting = [one for one in named if one.state is AppealState.PENDING]
    return next(iter(waiting or named), None)


def _overdue_at(turn: Round, now: datetime) -> datetime | None:
    """Return when the accountable leg became overdue: it passed its due time without a disposal that stands."""
    leg = turn.accountable
    if leg is None or leg.clock.due_at is None:
        return None
    done = turn.standing.at if turn.standing else turn.closed_at or now
    return leg.clock.due_at if done > leg.clock.due_at else None
