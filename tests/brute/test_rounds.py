"""Rounds as the naive reading has them agree with the facts that figures read, whatever happened; no database."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo.self_check.check import due_times
from app.demo.self_check.clock import PlainClock
from app.demo.self_check.findings import Verdict
from app.demo.self_check.rounds import rounds
from app.demo.self_check.rows import Row, by_subject
from app.dispatch.codes import ReworkClock
from app.dispatch.facts import RoundFacts
from app.dispatch.policies import DEFAULTS
from tests.brute.moves import MOVES, Move
from tests.brute.told import Told
from tests.dispatch.cases import CALENDAR

POLICIES = st.builds(
    replace, st.just(DEFAULTS), rework_clock=st.sampled_from(ReworkClock), extension_moves_case=st.booleans()
)


def read(told: Told) -> list[Row]:
    """Return what was recorded, as it would be read from the table."""
    return [
        Row(
            subject=one["subject"],
            subject_id=one["subject_id"],
            number=one["number"],
            action=one["action"],
            state=one["to_state"],
            actor=str(one["actor_id"]) if one["actor_id"] else None,
            at=one["recorded_at"],
            payload=one["payload"],
        )
        for one in sorted(told.ledger.rows, key=lambda row: (str(row["subject_id"]), row["number"]))
    ]


def check_round(rows: list[Row], facts: dict[int, RoundFacts]) -> None:
    for one in rounds(rows):
        told = facts[one.number]
        assert (one.standing is not None) == told.disposed
        assert one.closed_at == told.closed_at
        assert one.reworks == told.reworks
        if rows[-1].state == "voided" or one.merged or not one.dispatches:
            continue
        assert one.dispatches[0].at == told.first_dispatch_at
        assert one.in_time("case") == told.case_on_time
        unit = one.accountable[0].payload["unit_code"] if one.accountable else None
        assert unit == told.unit_code
        assert (one.about["category"], one.about["condition"]) == (told.category, told.condition)
        if one.accountable:
            assert one.in_time("leg") == told.leg_on_time
        due = one.to_close_at("case", one.rows[-1].at)
        assert due is None or due == told.case_to_close_at


@settings(max_examples=150, deadline=timedelta(seconds=5))
@given(POLICIES, st.lists(MOVES, min_size=20, max_size=60))
def test_the_naive_reading_and_the_facts_agree(policies: object, moves: list[Move]) -> None:
    told = Told(calendar=CALENDAR, policies=policies)  # type: ignore[arg-type]  # drawn as policies
    told.live(moves)
    subjects, verdict = by_subject(read(told)), Verdict()
    for one, case in told.cases.items():
        check_round(list(subjects[one]), case.rounds)
    clock = PlainClock(slots_of=CALENDAR.local_slots, work_day_rule=CALENDAR.work_day_rule.value)
    due_times(subjects, {CALENDAR.version: clock}, told.policies, verdict)
    assert verdict.wrong == 0, verdict.findings[:5]
