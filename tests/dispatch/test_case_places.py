"""A new grid names the place of an open case anew; what was closed before keeps the codes it was counted under."""

from dataclasses import asdict, replace

import pytest

from app.dispatch.case_facts import round_facts
from app.dispatch.case_fold import fold
from app.dispatch.case_life import Spot
from app.dispatch.case_projection import present
from app.dispatch.codes import CheckResult, DisposalResult, EndKind
from app.dispatch.commands import Check, Close, Dispose, Relocate, Reopen, SendCheck, Sign
from app.dispatch.errors import ActionNotAllowed
from tests.dispatch.cases import CASE_ID, SPOT, Tale

MOVED = Spot(cell_code="C2", beat_code="B2", community="Q2", street="S1", district="D1", zones={"road": "Z2"})


def closed_once() -> Tale:
    tale = Tale.dispatched()
    tale.do(Dispose(result=DisposalResult.SOLVED), "10 11:00")
    tale.do(SendCheck(), "10 11:30")
    tale.do(Check(result=CheckResult.PASS), "10 12:00")
    tale.do(Close(end_kind=EndKind.SOLVED), "10 15:00")
    return tale


def test_a_relocated_case_lies_and_counts_under_the_new_codes() -> None:
    tale = Tale.dispatched()
    unit, due_at, version = tale.life.unit_code, tale.life.round.clock.due_at, tale.life.number
    tale.do(Relocate(spot=MOVED, versions={"cells": 2}), "10 10:00")
    row = present(tale.life)
    assert (row["cell_code"], row["beat_code"], row["community"], row["zones"]) == ("C2", "B2", "Q2", {"road": "Z2"})
    assert tale.facts.cell_code == "C2"
    assert (tale.life.unit_code, tale.life.round.clock.due_at) == (unit, due_at)
    assert tale.life.number == version + 1
    assert tale.entries[-1].payload["versions"] == {"cells": 2}


def test_rounds_closed_before_keep_their_codes_and_their_facts() -> None:
    tale = closed_once()
    first = tale.facts
    tale.do(Reopen(reason_code="dissatisfied"), "11 09:00")
    tale.do(Relocate(spot=MOVED, versions={"cells": 2}), "11 10:00")
    tale.do(Relocate(spot=replace(MOVED, cell_code="C3"), versions={"cells": 3}), "11 11:00")
    stored = round_facts(CASE_ID, tale.life)
    assert [facts.cell_code for facts in stored] == ["C1", "C3"]
    assert stored[0] == first
    assert fold(tale.entries) == tale.life


@pytest.mark.parametrize("change", ["cell_code", "beat_code", "community", "street", "district"])
def test_each_code_counts_as_a_change(change: str) -> None:
    tale = Tale.dispatched()
    tale.do(Relocate(spot=Spot(**{**asdict(SPOT), change: "new"}), versions={"cells": 2}), "10 10:00")
    assert getattr(tale.life.spot, change) == "new"


def test_nothing_is_recorded_where_nothing_changes() -> None:
    tale = Tale.dispatched()
    with pytest.raises(ActionNotAllowed):
        tale.do(Relocate(spot=replace(SPOT, zones=dict(SPOT.zones)), versions={"cells": 2}), "10 10:00")
    tale.do(Sign(), "10 10:30")
    assert tale.life.spot == SPOT


def test_closed_cases_keep_theirs() -> None:
    with pytest.raises(ActionNotAllowed):
        closed_once().do(Relocate(spot=MOVED, versions={"cells": 2}), "10 16:00")
