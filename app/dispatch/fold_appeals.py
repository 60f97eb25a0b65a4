"""Appeals in the fold: asked, and reviewed one post after the other."""

from app.dispatch.case_life import Appeal, CaseLife, Round
from app.dispatch.changing import replace
from app.dispatch.codes import AppealState, Mark
from app.dispatch.fold_turns import in_round
from app.dispatch.history import Entry


def appealed(life: CaseLife, entry: Entry) -> CaseLife:
    """Add an appeal that waits."""
    p = entry.payload
    one = Appeal(mark=Mark(p["against"]), leg=p["leg"], state=AppealState.PENDING, asked_at=entry.recorded_at)
    return in_round(life, lambda r: replace(r, appeals=(*r.appeals, one)))


def reviewed(life: CaseLife, entry: Entry) -> CaseLife:
    """Go one step on, or end it with the last word."""
    return in_round(life, lambda r: _reviewed(r, entry))


def _reviewed(turn: Round, entry: Entry) -> Round:
    p = entry.payload
    mark = Mark(p["against"])
    state = AppealState.PENDING
    if p["final"]:
        state = AppealState.UPHELD if p["upheld"] else AppealState.REFUSED
    appeals = tuple(
        replace(one, step=p["step"], state=state, ruled_at=entry.recorded_at if p["final"] else None)
        if one.mark is mark
        else one
        for one in turn.appeals
    )
    return replace(turn, appeals=appeals)
