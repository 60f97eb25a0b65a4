"""What must be stored of the small model, table by table."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tests.brute.machine_model import World
from tests.brute.machine_values import Case, Round


def learn(world: World, stored: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Take over what was drawn by lot: who is sent to look; it is always somebody, and only while it is to be."""
    for case_id, *_, inspector in stored["cases"]:
        case = world.cases[UUID(case_id)]
        assert (inspector is not None) is (case.state == "checking")
        case.inspector = UUID(inspector) if inspector else None
    for report_id, *_, verifier in stored["reports"]:
        report = world.reports[UUID(report_id)]
        assert (verifier is not None) is (report.state == "verifying")
        report.verifier = UUID(verifier) if verifier else None


def tell(world: World) -> dict[str, list[list[Any]]]:
    """Return what must be stored, table by table."""
    cases = world.cases.values()
    return {
        "cases": [_case_row(one) for one in cases],
        "legs": [
            [str(one.id), number, leg.kind, leg.unit, leg.end, leg.due]
            for one in cases
            for number, turn in enumerate(one.rounds, start=1)
            for leg in turn.legs
        ],
        "requests": [
            [str(one.id), number, request.leg, request.kind, request.state]
            for one in cases
            for number, turn in enumerate(one.rounds, start=1)
            for request in turn.requests
        ],
        "rounds": [_round_row(one, number, turn) for one in cases for number, turn in enumerate(one.rounds, start=1)],
        "reports": [
            [str(one.id), one.state, one.version, str(one.verifier) if one.verifier else None]
            for one in world.reports.values()
        ],
        "links": [[str(one.id), str(report)] for one in cases for report in one.reports],
        "told": [list(one) for one in world.told],
        "timers": [[str(one.case), one.kind, one.at] for one in world.timers],
        "history": [
            *([str(one.id), one.version, one.version] for one in cases),
            *([str(one.id), one.version, one.version] for one in world.reports.values()),
        ],
    }


def _case_row(one: Case) -> list[Any]:
    turn, leg = one.round, one.leg
    inspector = str(one.inspector) if one.inspector else None
    tags, due_at = sorted(one.tags), leg.due if leg else None
    return [
        *(str(one.id), one.state, one.version, len(one.rounds), one.urges, tags, one.unit),
        *(turn.due, due_at, inspector),
    ]


def _round_row(one: Case, number: int, turn: Round) -> list[Any]:
    leg, present = turn.accountable, turn is one.round
    counted = not (present and one.state == "voided") and turn.end_kind != "merged"
    claimed = next((each.asked for each in turn.requests if each.kind == "end" and each.state == "granted"), None)
    done = turn.standing or claimed or turn.closed
    in_time = done is not None and (turn.due is None or done <= turn.due)
    sent = counted and turn.first is not None and not (present and one.state == "suspended")
    annulled = any(each.end in {"returned", "recalled", "overruled"} for each in turn.mains)
    accurate = turn.first is not None and not annulled
    return [
        *(str(one.id), number, leg.unit if leg else None, turn.first, turn.standing, turn.closed, turn.end_kind),
        *(turn.due, counted, sent, turn.standing is not None, turn.closed is not None, in_time, accurate),
        *(turn.reworks, turn.extensions, turn.suspensions, turn.returns),
    ]
