"""Due times worked out by hand, the shared vectors, and corners of the clock; its properties stand next door."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.adapters.holidays import published_notices
from app.dispatch.account import explain
from app.dispatch.calendar import LOCAL_ZONE, OFFICE_HOURS, DayOverride, WorkCalendar
from app.dispatch.clock import Due, counted, due, light, light_at, merge_pauses, yellow_at
from app.dispatch.codes import Light, LimitUnit, WorkDayRule
from app.dispatch.errors import BadInput, CalendarExhausted
from app.dispatch.limits import Limit, parse_limit
from app.dispatch.slots import read_slots
from app.dispatch.spans import Span

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "clock.json"
NOTICES = published_notices()
OFFICES = WorkCalendar(
    name="offices", version=7, slots=OFFICE_HOURS, days=NOTICES.days, published_until=NOTICES.published_until
)
MINUTE, C_HOUR, C_DAY, W_HOUR, W_DAY = LimitUnit
HOURS, DAY_HOURS, SAME_TIME, DAY_END = WorkDayRule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def span(start: str, end: str) -> Span:
    return Span(start=at(start), end=at(end))


def limit(value: Decimal | int, unit: LimitUnit, rule: WorkDayRule | None = None) -> Limit:
    return Limit(value=value, unit=unit, rule=rule)


# In May 2026 the 9th is a Saturday that is worked, the 10th a free Sunday; National Day is free from 1 to 7 October,
# the 10th of October is a Saturday that is worked. Offices: 08:00–12:00, 14:00–18:00.
WORKED_OUT = [
    ("minute: wall clock", "2026-05-08 23:50", limit(15, MINUTE), (), "2026-05-09 00:05"),
    ("continuous_hour: nights count", "2026-05-09 22:00", limit(2, C_HOUR), (), "2026-05-10 00:00"),
    ("continuous_day: holidays count", "2026-10-01 09:30", limit(1, C_DAY), (), "2026-10-02 09:30"),
    ("work_hour: inside one slot", "2026-05-08 09:00", limit(2, W_HOUR), (), "2026-05-08 11:00"),
    ("work_hour: over lunch", "2026-05-08 11:00", limit(2, W_HOUR), (), "2026-05-08 15:00"),
    ("work_hour: due at the slot's end, not at the next", "2026-05-08 10:00", limit(2, W_HOUR), (), "2026-05-08 12:00"),
    ("work_hour: start at lunch counts from 14:00", "2026-05-08 12:00", limit(1, W_HOUR), (), "2026-05-08 15:00"),
    ("work_hour: the make-up Saturday is worked", "2026-05-08 17:00", limit(2, W_HOUR), (), "2026-05-09 09:00"),
    ("work_hour: over the Sunday", "2026-05-09 17:30", limit(1, W_HOUR), (), "2026-05-11 08:30"),
    ("work_hour: over National Day", "2026-09-30 17:00", limit(4, W_HOUR), (), "2026-10-08 11:00"),
    ("work_hour: a fraction", "2026-05-08 11:30", limit(Decimal("1.5"), W_HOUR), (), "2026-05-08 15:00"),
    ("work_day hours: 8 counted hours", "2026-05-08 10:00", limit(1, W_DAY, HOURS), (), "2026-05-09 10:00"),
    ("work_day hours: from an opening", "2026-05-08 08:00", limit(2, W_DAY, HOURS), (), "2026-05-09 18:00"),
    ("work_day day_hours: a share of each day", "2026-05-08 15:00", limit(1, W_DAY, DAY_HOURS), (), "2026-05-09 15:00"),
    ("work_day same_time: same time", "2026-05-08 10:17", limit(3, W_DAY, SAME_TIME), (), "2026-05-12 10:17"),
    ("work_day same_time: moved to 14:00", "2026-05-08 12:30", limit(1, W_DAY, SAME_TIME), (), "2026-05-09 14:00"),
    ("work_day same_time: after hours", "2026-05-08 18:00", limit(1, W_DAY, SAME_TIME), (), "2026-05-11 08:00"),
    ("work_day day_end: not the first day", "2026-05-08 08:00", limit(1, W_DAY, DAY_END), (), "2026-05-09 18:00"),
    ("work_day day_end: from a Sunday", "2026-05-10 09:00", limit(2, W_DAY, DAY_END), (), "2026-05-12 18:00"),
    ("pause: its counted time comes back", "2026-05-08 09:00", limit(2, W_HOUR),
     [span("2026-05-08 10:00", "2026-05-08 11:30")], "2026-05-08 14:30"),
    ("pause: at lunch gives nothing", "2026-05-08 11:00", limit(2, W_HOUR),
     [span("2026-05-08 12:00", "2026-05-08 14:00")], "2026-05-08 15:00"),
    ("pause: after due changes nothing", "2026-05-08 09:00", limit(2, W_HOUR),
     [span("2026-05-08 11:00", "2026-05-08 17:00")], "2026-05-08 11:00"),
    ("pause: before the start changes nothing", "2026-05-08 09:00", limit(2, W_HOUR),
     [span("2026-05-07 09:00", "2026-05-08 09:00")], "2026-05-08 11:00"),
    ("pauses: overlapping, touching, disordered are one", "2026-05-08 08:00", limit(2, W_HOUR),
     [span("2026-05-08 10:00", "2026-05-08 11:00"), span("2026-05-08 09:00", "2026-05-08 09:45"),
      span("2026-05-08 09:30", "2026-05-08 10:00")], "2026-05-08 12:00"),
    ("pause: suspended over National Day", "2026-09-29 16:00", limit(1, W_DAY, HOURS),
     [span("2026-09-30 09:00", "2026-10-09 09:00")], "2026-10-09 16:00"),
    ("pause: continuous", "2026-05-08 23:00", limit(2, C_HOUR),
     [span("2026-05-09 00:00", "2026-05-09 06:00")], "2026-05-09 07:00"),
    ("pause: day_hours", "2026-05-08 08:00", limit(1, W_DAY, DAY_HOURS),
     [span("2026-05-08 17:00", "2026-05-09 09:00")], "2026-05-09 10:00"),
    ("pause: same_time, made up by hours", "2026-05-08 10:00", limit(1, W_DAY, SAME_TIME),
     [span("2026-05-08 17:00", "2026-05-09 09:00")], "2026-05-09 12:00"),
    ("pause: day_end, made up from the next opening", "2026-05-08 10:00", limit(1, W_DAY, DAY_END),
     [span("2026-05-08 11:00", "2026-05-08 12:00")], "2026-05-11 09:00"),
    ("pause: day_end, running on past the unpaused due time", "2026-05-08 10:00", limit(1, W_DAY, DAY_END),
     [span("2026-05-09 17:00", "2026-05-11 10:00")], "2026-05-11 11:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "allowed", "pauses", "expected"), [pytest.param(*row[1:], id=row[0]) for row in WORKED_OUT]
)
def test_worked_out_by_hand(start: str, allowed: Limit, pauses: Sequence[Span], expected: str) -> None:
    found = due(at(start), allowed, OFFICES, pauses)
    assert found.at == at(expected)
    assert not found.provisional


def _vectors() -> list[Any]:
    skip = pytest.mark.skip(reason="../shared/vectors/clock.json is not part of a clone")
    if not VECTORS.exists():
        return [pytest.param({}, id="absent", marks=skip)]
    rows = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(row, id=row["id"]) for row in rows]


@pytest.mark.parametrize("row", _vectors())
def test_shared_vectors(row: dict[str, Any]) -> None:
    allowed = limit(row["limit"]["value"], LimitUnit(row["limit"]["unit"]), WorkDayRule(row["work_day_rule"]))
    pauses = [Span(start=datetime.fromisoformat(a), end=datetime.fromisoformat(b)) for a, b in row["pauses"]]
    calendar = OFFICES.with_slots(read_slots(row["slots"]))
    found = due(datetime.fromisoformat(row["start"]), allowed, calendar, pauses)
    assert (found.at, found.provisional) == (datetime.fromisoformat(row["due"]), False)


def test_day_hours_takes_shares_of_days_of_different_length() -> None:
    short = DayOverride(working=True, slots=((time(8), time(12)),))
    calendar = WorkCalendar(
        name="c", version=1, slots=OFFICE_HOURS, days={date(2026, 5, 8): short}, published_until=None
    )
    found = due(at("2026-05-08 11:00"), limit(1, W_DAY, DAY_HOURS), calendar)
    assert found.at == at("2026-05-11 16:00")  # a quarter of the Friday is left, then three quarters of Monday's 8 h


def test_a_limit_without_a_rule_takes_the_calendars() -> None:
    calendar = WorkCalendar(
        name="c", version=1, slots=OFFICE_HOURS, days={}, published_until=None, work_day_rule=DAY_END
    )
    assert due(at("2026-05-07 09:00"), limit(1, W_DAY), calendar).at == at("2026-05-08 18:00")
    assert due(at("2026-05-07 09:00"), limit(1, W_DAY, SAME_TIME), calendar).at == at("2026-05-08 09:00")


def test_due_is_exact_to_the_microsecond() -> None:
    start = at("2026-05-08 17:59:59") + timedelta(microseconds=999_999)
    assert due(start, limit(1, W_HOUR), OFFICES).at == at("2026-05-09 09:00") - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("start", "allowed", "provisional"),
    [
        pytest.param("2026-12-31 14:00", limit(4, W_HOUR), False, id="the last published slot's end"),
        pytest.param("2026-12-31 14:01", limit(4, W_HOUR), True, id="one minute into the new year"),
        pytest.param("2026-12-31 14:00", limit(1, W_DAY, SAME_TIME), True, id="same_time"),
        pytest.param("2026-12-31 14:00", limit(9, C_DAY), False, id="wall clock needs no notice"),
        pytest.param("2027-03-01 09:00", limit(1, W_HOUR), True, id="start beyond"),
    ],
)
def test_provisional_when_an_unpublished_day_was_used(start: str, allowed: Limit, *, provisional: bool) -> None:
    assert due(at(start), allowed, OFFICES).provisional is provisional


def test_a_duty_roster_round_the_clock_ends_its_year_at_midnight() -> None:
    roster = OFFICES.with_slots(read_slots([["00:00", "24:00"]]))
    found = due(at("2026-12-31 20:00"), limit(4, W_HOUR), roster)
    assert (found.at, found.provisional) == (at("2027-01-01 00:00"), False)


@pytest.mark.parametrize("allowed", [limit(40_000, W_DAY), limit(7_400, C_DAY), limit(6_000, W_DAY, DAY_END)])
def test_beyond_twenty_years_the_calendar_is_exhausted(allowed: Limit) -> None:
    with pytest.raises(CalendarExhausted):
        due(at("2026-05-08 09:00"), allowed, OFFICES)


@pytest.mark.parametrize("start", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("unit", LimitUnit)
def test_at_the_ends_of_time_the_calendar_is_exhausted(start: datetime, unit: LimitUnit) -> None:
    with pytest.raises(CalendarExhausted):
        due(start, limit(1, unit), OFFICES)


@pytest.mark.parametrize("value", [0, -1, Decimal(0), Decimal("-0.5"), Decimal("NaN"), Decimal("Infinity")])
def test_limits_that_are_not_above_zero_are_refused(value: Decimal | int) -> None:
    with pytest.raises(BadInput):
        limit(value, W_HOUR)


def test_rules_for_whole_days_refuse_a_fraction() -> None:
    with pytest.raises(BadInput):
        due(at("2026-05-08 09:00"), limit(Decimal("0.5"), W_DAY, DAY_END), OFFICES)


def test_naive_instants_and_backward_spans_are_refused() -> None:
    naive = at("2026-05-08 09:00").replace(tzinfo=None)
    with pytest.raises(BadInput):
        due(naive, limit(1, MINUTE), OFFICES)
    with pytest.raises(BadInput):
        Span(start=naive, end=naive)
    with pytest.raises(BadInput):
        span("2026-05-08 09:00", "2026-05-08 08:00")


def test_an_extension_has_the_unit_of_its_limit() -> None:
    longer = limit(2, W_HOUR).extended(limit(3, W_HOUR))
    assert due(at("2026-05-08 09:00"), longer, OFFICES).at == at("2026-05-08 16:00")
    with pytest.raises(BadInput):
        limit(2, W_HOUR).extended(limit(3, C_HOUR))


def test_merge_pauses_joins_what_touches_and_drops_what_is_empty() -> None:
    assert merge_pauses([span("2026-05-08 10:00", "2026-05-08 11:00"), span("2026-05-08 09:00", "2026-05-08 10:00"),
                         span("2026-05-08 12:00", "2026-05-08 12:00")]) == (
        span("2026-05-08 09:00", "2026-05-08 11:00"),)  # fmt: skip


@pytest.mark.parametrize(
    ("used", "left", "expected"),
    [(0, 240, Light.GREEN), (167, 73, Light.GREEN), (168, 72, Light.YELLOW), (239, 1, Light.YELLOW),
     (240, 0, Light.RED), (300, -60, Light.RED)],
)  # fmt: skip
def test_light_is_yellow_from_seventy_percent_and_red_from_due(used: int, left: int, expected: Light) -> None:
    assert light(timedelta(minutes=used), timedelta(minutes=left)) is expected


def test_light_at_is_red_from_due_even_between_two_slots() -> None:
    found = due(at("2026-05-08 18:00"), limit(1, W_DAY, SAME_TIME), OFFICES)  # Monday 08:00
    assert yellow_at(found) == at("2026-05-09 15:36")  # 70 % of the Saturday's 480 minutes are 336
    assert light_at(found, at("2026-05-09 15:35")) is Light.GREEN
    assert light_at(found, at("2026-05-10 12:00")) is Light.YELLOW
    assert light_at(found, at("2026-05-11 08:00")) is Light.RED


def test_counted_leaves_out_nights_free_days_and_pauses() -> None:
    pause = [span("2026-05-09 09:00", "2026-05-09 10:00")]
    start, until = at("2026-05-08 17:00"), at("2026-05-11 09:30")
    assert counted(start, until, limit(1, W_DAY), OFFICES, pause) == timedelta(hours=1 + 7 + 1.5)
    assert counted(start, until, limit(1, C_DAY), OFFICES, pause) == timedelta(days=2, hours=15.5)
    assert counted(until, start, limit(1, W_DAY), OFFICES) == timedelta()


def test_an_account_names_each_stretch_and_adds_up() -> None:
    pause = [span("2026-05-08 17:00", "2026-05-09 09:00")]
    account = explain(at("2026-05-08 15:00"), limit(4, W_HOUR), OFFICES, pause, at=at("2026-05-09 08:30"))
    assert [(part.start, part.end, part.minutes) for part in account.segments] == [
        (at("2026-05-08 15:00"), at("2026-05-08 17:00"), 120),
        (at("2026-05-09 09:00"), at("2026-05-09 11:00"), 120),
    ]
    assert (account.used_minutes, account.left_minutes, account.light) == (120, 120, Light.GREEN)
    assert (account.due_at, account.pauses, account.calendar_version) == (at("2026-05-09 11:00"), tuple(pause), 7)


def test_an_overdue_account_has_less_than_nothing_left() -> None:
    account = explain(at("2026-05-08 09:00"), limit(2, W_HOUR), OFFICES, at=at("2026-05-08 14:30:01"))
    assert (account.used_minutes, account.left_minutes, account.light) == (211, -91, Light.RED)


def test_seconds_are_carried_so_that_a_whole_limit_stays_whole() -> None:
    account = explain(at("2026-05-08 11:00:40"), limit(2, W_HOUR), OFFICES, at=at("2026-05-08 11:00:40"))
    assert [part.minutes for part in account.segments] == [59, 61]
    assert (account.used_minutes, account.left_minutes) == (0, 120)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("2紧急工作时", 2, C_HOUR), ("1紧急工作日", 1, C_DAY), ("4小时", 4, W_HOUR), ("4工作时", 4, W_HOUR),
        ("3天", 3, W_DAY), ("5工作日", 5, W_DAY), (" 5 个工作日 ", 5, W_DAY), ("１５工作日", 15, W_DAY),
        ("0.5工作日", Decimal("0.5"), W_DAY), ("30分钟", 30, MINUTE), ("2.0工作时", 2, W_HOUR),
    ],
)  # fmt: skip
def test_limit_texts_of_catalogues(text: str, value: Decimal | int, unit: LimitUnit) -> None:
    assert parse_limit(text) == limit(value, unit)


def test_plain_hours_and_days_may_be_read_as_continuous() -> None:
    assert parse_limit("4小时", plain_is_continuous=True) == limit(4, C_HOUR)
    assert parse_limit("3天", plain_is_continuous=True) == limit(3, C_DAY)
    assert parse_limit("4工作时", plain_is_continuous=True) == limit(4, W_HOUR)


@pytest.mark.parametrize("text", ["", "工作日", "5", "五天", "5周", "-1天", "0工作时", "5工作日内", "1天2小时", "紧急"])
def test_unreadable_limit_texts_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_limit(text)


def test_segments_of_a_due_time_are_whole_slots_cut_at_both_ends() -> None:
    assert due(at("2026-05-08 11:00"), limit(6, W_HOUR), OFFICES) == Due(
        at=at("2026-05-09 09:00"),
        provisional=False,
        segments=(span("2026-05-08 11:00", "2026-05-08 12:00"), span("2026-05-08 14:00", "2026-05-08 18:00"),
                  span("2026-05-09 08:00", "2026-05-09 09:00")),
    )  # fmt: skip
