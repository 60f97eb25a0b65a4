"""What lists need of a report as it stands: it follows from its life alone."""

from typing import Any, Final

from app.dispatch.codes import ReportState
from app.dispatch.report_life import ReportLife, opinion_json
from app.dispatch.task import columns as task_columns

_WAITING: Final = frozenset({ReportState.RECEIVED, ReportState.VERIFYING, ReportState.ACCEPTED})
"""The states in which somebody has to do something about it; the others are its ends."""


def present(life: ReportLife) -> dict[str, Any]:
    """Return the columns of a report that follow from its history."""
    return {
        "state": life.state,
        "kind": life.kind,
        "category": life.category,
        "attention": sorted(life.attention),
        "cell_code": life.spot.cell_code,
        "beat_code": life.spot.beat_code,
        "community": life.spot.community,
        "street": life.spot.street,
        "district": life.spot.district,
        "zones": dict(life.spot.zones),
        "verifier_id": life.verifier_id,
        **task_columns(life.task),
        "end_reason": life.end_reason,
        "called_back_at": life.called_back_at,
        "opinions": [opinion_json(one) for one in life.opinions],
        "waiting_since": life.since if life.state in _WAITING else None,
        "updated_at": life.updated_at,
        "version": life.number,
    }
