from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch.access import Sight
from app.dispatch.counts import COUNTS, Counted
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.dispatch.figures import COLUMNS, Question, Thing, Turn, group_of, key_of, tally
from app.dispatch.tallies import Group, Tally, add_up, total
from tests.dispatch.facts_drawn import NOON, Facts, facts, plain_report, questions

HOUR = timedelta(hours=1)
ALL = Sight(everywhere=True)
CASE = UUID(int=7)
few = settings(max_examples=60, deadline=None)  # drawing facts is slow, and the database tests draw more


def asking(**changes: Any) -> Question:
    plain = Question(start=NOON, end=NOON + 4 * HOUR, as_of=NOON + 9 * HOUR, cases=ALL, reports=ALL)
    return replace(plain, **changes)


def turn_of_case(**changes: Any) -> RoundFacts:
    """Return a round filed and sent at noon, disposed after an hour and closed after two, in time by both clocks."""
    plain = RoundFacts(
        case_id=CASE,
        round=1,
        first_recorded_at=NOON,
        last_recorded_at=NOON + 2 * HOUR,
        source="citizen",
        kind="event",
        category="0305",
        condition=1,
        handling="ordinary",
        campaign=None,
        desk="city",
        district="D1",
        street="S1",
        community="C1",
        cell_code="G1",
        beat_code=None,
        unit_code="U1",
        inspector_id=None,
        operator_id=None,
        dispatcher_id=None,
        started_at=NOON,
        filed_at=NOON,
        reopened_at=None,
        first_dispatch_at=NOON,
        case_to_close_at=NOON + HOUR,
        leg_to_close_at=NOON + HOUR,
        standing_disposed_at=NOON + HOUR,
        closed_at=NOON + 2 * HOUR,
        case_due_at=NOON + 3 * HOUR,
        leg_due_at=NOON + 3 * HOUR,
        end_kind="solved",
        ordinary=True,
        counted=True,
        dispatched=True,
        disposed=True,
        closed=True,
        case_on_time=True,
        leg_on_time=True,
        accurate=True,
        recurrent=False,
        reworks=0,
        extensions=0,
        suspensions=0,
        returns=0,
    )
    return replace(plain, **changes)


def open_turn(**changes: Any) -> RoundFacts:
    """Return a round sent at noon, due after an hour, of which nothing was heard since."""
    silent: dict[str, Any] = {"standing_disposed_at": None, "closed_at": None, "end_kind": None}
    silent |= dict.fromkeys(("case_due_at", "leg_due_at"), NOON + HOUR)
    flags = dict.fromkeys(("disposed", "closed", "case_on_time", "leg_on_time"), False)
    return turn_of_case(**{**silent, **flags, **changes})


def counted(things: list[Thing], question: Question) -> dict[str, int]:
    sums = total(tally(things, question)).counts
    return {name: number for name, number in sums.items() if number}


def test_a_round_closed_in_time_is_in_every_count_it_went_through() -> None:
    names = ["filed", "dispatched", "to_dispose", "disposed", "disposed_on_time", "dispatched_accurately"]
    assert counted([turn_of_case()], asking()) == dict.fromkeys([*names, "to_close", "closed", "closed_on_time"], 1)


def test_the_start_of_a_period_is_in_it_and_the_end_is_not() -> None:
    one = turn_of_case()
    assert "filed" in counted([one], asking(start=NOON, end=NOON + HOUR))
    assert "closed" not in counted([one], asking(start=NOON, end=NOON + HOUR))
    assert "closed" in counted([one], asking(start=NOON + HOUR, end=NOON + 2 * HOUR))
    assert "filed" not in counted([one], asking(start=NOON + HOUR, end=NOON + 2 * HOUR))


def test_a_due_time_counts_from_the_microsecond_it_is_reached() -> None:
    at = NOON + HOUR
    assert "overdue_open" in counted([open_turn()], asking(as_of=at))
    assert "overdue_open" not in counted([open_turn()], asking(as_of=at - timedelta(microseconds=1)))


def test_a_round_in_rework_is_overdue_only_when_its_due_time_has_passed() -> None:
    failed_once = open_turn(case_due_at=NOON + 3 * HOUR, reworks=1)
    expected = {"to_close", "reworked"}
    for as_of, overdue in ((NOON + 2 * HOUR, set()), (NOON + 3 * HOUR, {"overdue_open"})):
        found = counted([failed_once], asking(as_of=as_of))
        assert {"to_close", "reworked", "overdue_open"} & found.keys() == expected | overdue


def test_without_an_unannulled_leg_nothing_is_due_by_the_leg_clock() -> None:
    orphan = open_turn(unit_code=None, leg_to_close_at=None)
    by_unit = tally([orphan], asking(group_by=GroupBy.UNIT))
    assert by_unit[None].counts["to_close"] == 1
    assert "to_close" not in counted([orphan], asking(clock=ClockKind.LEG))


def test_in_time_by_leg_but_late_by_case_is_lost_in_handover_under_both_clocks() -> None:
    lost = turn_of_case(case_on_time=False)
    for clock, on_time in ((ClockKind.CASE, 0), (ClockKind.LEG, 1)):
        sums = total(tally([lost], asking(clock=clock))).counts
        assert (sums["lost_in_handover"], sums["closed_on_time"]) == (1, on_time)


def test_the_filed_cohort_takes_later_acts_but_nothing_unknown_yet() -> None:
    question = asking(cohort=Cohort.FILED, end=NOON + HOUR)
    assert "closed" in counted([turn_of_case()], question)
    assert "closed" not in counted([turn_of_case()], replace(question, as_of=NOON + HOUR / 2))


def test_a_redo_belongs_to_the_cohort_of_its_own_start() -> None:
    later = NOON + 2 * HOUR
    redo = turn_of_case(round=2, filed_at=None, reopened_at=later, started_at=later, first_dispatch_at=later)
    assert "dispatched" in counted([redo], asking(cohort=Cohort.FILED, start=later))
    assert not counted([redo], asking(cohort=Cohort.FILED, end=later))


@pytest.mark.parametrize(
    ("changes", "carried"),
    [
        ({}, True),
        ({"standing_disposed_at": NOON + 2 * HOUR, "disposed": True}, True),
        ({"standing_disposed_at": NOON + 2 * HOUR - timedelta(microseconds=1), "disposed": True}, False),
        ({"closed_at": NOON + 2 * HOUR, "closed": True}, True),
        ({"closed_at": NOON + HOUR, "closed": True}, False),
        ({"counted": False}, False),
        ({"case_to_close_at": None}, False),
        ({"case_due_at": NOON + 2 * HOUR}, False),
    ],
)
def test_carried_over_is_what_was_due_and_still_undisposed_and_open(changes: dict[str, Any], *, carried: bool) -> None:
    question = asking(start=NOON + 2 * HOUR, carry_over=True)
    assert ("to_close" in counted([open_turn(**changes)], question)) is carried
    assert "filed" not in counted([open_turn(**changes)], question)
    assert not counted([open_turn(**changes)], replace(question, carry_over=False))


def test_a_return_counts_for_the_unit_that_asked_not_for_the_one_that_has_it_now() -> None:
    leg = LegFacts(
        case_id=CASE,
        round=1,
        number=1,
        kind="main",
        parent=None,
        unit_code="U9",
        dispatched_at=NOON,
        signed_at=None,
        due_at=None,
        ended_at=NOON + HOUR,
        end="returned",
        return_ruled_at=NOON + HOUR,
        return_granted=True,
        assisted_at=None,
        assisted_on_time=None,
        first_recorded_at=NOON,
        last_recorded_at=NOON + HOUR,
    )
    asked = Turn(leg=leg, round=turn_of_case())
    assert counted([asked], asking()) == {"return_requested": 1, "return_granted": 1}
    assert list(tally([asked], asking(group_by=GroupBy.UNIT))) == [Group(code="U9")]
    assert list(tally([asked], asking(group_by=GroupBy.STREET))) == [Group(code="S1")]
    refused = replace(asked, leg=replace(leg, return_granted=False))
    assert counted([refused], asking()) == {"return_requested": 1, "return_refused": 1}


def test_the_same_digits_of_another_kind_are_another_category() -> None:
    both: list[Thing] = [turn_of_case(), turn_of_case(case_id=UUID(int=8), kind="component")]
    assert set(tally(both, asking(group_by=GroupBy.MINOR))) == {
        Group(code="0305", kind="event"),
        Group(code="0305", kind="component"),
    }
    assert set(tally(both, asking(group_by=GroupBy.MAJOR))) == {
        Group(code="03", kind="event"),
        Group(code="03", kind="component"),
    }


@pytest.mark.parametrize(
    ("sight", "sees"),
    [
        (Sight(everywhere=True), True),
        (Sight(regions=frozenset({"D1"})), True),
        (Sight(regions=frozenset({"C1", "D9"})), True),
        (Sight(units=frozenset({"U1"})), True),
        (Sight(regions=frozenset({"D2"}), units=frozenset({"U2"})), False),
        (Sight(author_id=CASE, task_id=CASE), False),
        (Sight(), False),
    ],
)
def test_figures_follow_reach(sight: Sight, *, sees: bool) -> None:
    assert bool(counted([turn_of_case()], asking(cases=sight))) is sees


def test_how_often_is_summed_over_what_is_to_be_closed() -> None:
    rows = tally([turn_of_case(reworks=3), turn_of_case(case_id=UUID(int=8), reworks=2, counted=False)], asking())
    assert total(rows).times == {"reworks": 3, "extensions": 0, "suspensions": 0, "returns": 0}
    assert total(rows).counts["reworked"] == 1


@few
@given(drawn=facts(), question=questions())
def test_rows_add_up_to_what_is_counted_without_groups(drawn: Facts, question: Question) -> None:
    assert total(tally(drawn.things, question)) == total(tally(drawn.things, replace(question, group_by=None)))


@few
@given(drawn=facts(), question=questions(), cut=st.integers(1, 6))
def test_periods_add_up_without_counting_twice(drawn: Facts, question: Question, cut: int) -> None:
    whole = replace(question, start=NOON, end=NOON + 7 * HOUR, carry_over=False)
    parts = [replace(whole, end=NOON + cut * HOUR), replace(whole, start=NOON + cut * HOUR)]
    assert add_up(*(tally(drawn.things, part) for part in parts)) == tally(drawn.things, whole)


@few
@given(drawn=facts(), question=questions(), group_by=st.sampled_from(GroupBy))
def test_a_filter_gives_the_row_of_its_group(drawn: Facts, question: Question, group_by: GroupBy) -> None:
    unfiltered = replace(question, filters={})
    rows = tally(drawn.things, replace(unfiltered, group_by=group_by))
    for code in {group.code for group in rows if group is not None}:
        if group_by is not GroupBy.MAJOR:
            only = total(tally(drawn.things, replace(unfiltered, filters={COLUMNS[group_by]: frozenset({code})})))
            same = [row for group, row in rows.items() if group is not None and group.code == code]
            assert only == total(dict(enumerate(same)))  # type: ignore[arg-type]  # any keys will do


@few
@given(drawn=facts(), question=questions())
def test_every_count_is_of_its_own_kind_of_thing(drawn: Facts, question: Question) -> None:
    of = {count.name: count.of for count in COUNTS}
    for kind, things in (
        (Counted.ROUND, drawn.rounds),
        (Counted.LEG, [thing for thing in drawn.things if isinstance(thing, Turn)]),
        (Counted.REPORT, drawn.reports),
    ):
        sums = total(tally(things, question)).counts
        assert all(of[name] is kind for name, number in sums.items() if number)


@few
@given(drawn=facts())
def test_no_two_things_share_a_place_in_a_drill_down(drawn: Facts) -> None:
    for count in (one.under(ClockKind.CASE) for one in COUNTS):
        held = [thing for thing in drawn.things if isinstance(thing, _KINDS[count.of])]
        keys = [key_of(thing, count) for thing in held if _has(thing, count.at)]
        assert len(keys) == len(set(keys))


_KINDS: dict[Counted, type[Any]] = {Counted.ROUND: RoundFacts, Counted.LEG: Turn, Counted.REPORT: ReportFacts}


def _has(thing: Thing, column: str) -> bool:
    return getattr(thing.leg if isinstance(thing, Turn) else thing, column) is not None


def test_a_report_has_no_handling_and_stands_under_null() -> None:
    one = plain_report(1)
    assert group_of(one, GroupBy.HANDLING) is None
    assert group_of(one, GroupBy.MINOR) is None
    assert counted([one], asking(filters={"handling": frozenset({"ordinary"})})) == {}
    assert tally([one], asking()) == {None: Tally.zero().plus(Tally(counts={"reported": 1}, times={}))}
