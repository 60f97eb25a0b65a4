"""When somebody is on shift: weekly slots by local time, over midnight, within the roster."""

from datetime import UTC, datetime, time, timedelta

import pytest

from app.dispatch.errors import BadInput
from app.dispatch.rosters import Roster, RosterWanted, Slot, check, on_from, slot_json, slot_of, walked
from tests.dispatch.cases import at, local

DAY = Slot(days=frozenset({1, 2, 3, 4, 5}), opens=time(8), closes=time(18))
NIGHT = Slot(days=frozenset({2}), opens=time(22), closes=time(6))
SINCE = at("02 00:00")


def begins(when: str, *slots: Slot, until: str | None = None) -> str | None:
    roster = Roster(since=SINCE, until=at(until) if until else None, slots=slots)
    return local(on_from([roster], at(when)))


@pytest.mark.parametrize(
    ("when", "slots", "until", "expected"),
    [
        pytest.param("10 09:00", (DAY,), None, "10 09:00", id="on now"),
        pytest.param("10 08:00", (DAY,), None, "10 08:00", id="on from the first minute"),
        pytest.param("10 18:00", (DAY,), None, "11 08:00", id="off from the last"),
        pytest.param("14 09:00", (DAY,), None, "16 08:00", id="on Saturday not before Monday"),
        pytest.param("11 05:59", (NIGHT,), None, "11 05:59", id="Tuesday's night runs into Wednesday"),
        pytest.param("11 06:00", (NIGHT,), None, "17 22:00", id="and comes again in a week"),
        pytest.param("10 19:00", (DAY, NIGHT), None, "10 22:00", id="the earliest of several"),
        pytest.param("10 03:00", (), None, "10 03:00", id="without slots all the time"),
        pytest.param("10 09:00", (DAY,), "10 09:00", None, id="ended"),
        pytest.param("13 19:00", (DAY,), "16 08:00", None, id="ends before it would begin again"),
        pytest.param("01 09:00", (DAY,), None, "02 08:00", id="begins later"),
    ],
)
def test_a_shift_begins(when: str, slots: tuple[Slot, ...], until: str | None, expected: str | None) -> None:
    assert begins(when, *slots, until=until) == expected


def test_the_beats_of_all_shifts_that_are_on_are_walked() -> None:
    one = Roster(since=SINCE, beat_codes=frozenset({"B1"}), slots=(DAY,))
    other = Roster(since=SINCE, beat_codes=frozenset({"B2", "B3"}), slots=(NIGHT,))
    always = Roster(since=SINCE, beat_codes=frozenset({"B4"}))
    assert walked([one, other], at("10 09:00")) == frozenset({"B1"})
    assert walked([one, other, always], at("10 23:00")) == frozenset({"B2", "B3", "B4"})
    assert walked([one, other], at("10 19:00")) == frozenset()
    assert walked([one, Roster(since=SINCE)], at("10 09:00")) is None, "one of them is for the whole region"


def test_a_slot_is_stored_and_read() -> None:
    assert slot_of(slot_json(NIGHT)) == NIGHT


def test_nobody_is_on_shift_without_a_roster_that_runs() -> None:
    assert on_from([], at("10 09:00")) is None
    far: datetime = SINCE + timedelta(days=400)
    assert on_from([Roster(since=far)], SINCE) == far


def test_a_roster_of_another_age_is_refused_and_the_last_that_is_not_can_be_asked() -> None:
    now = at("10 09:00")
    for far in (now + timedelta(days=3661), datetime(9999, 12, 29, tzinfo=UTC)):
        with pytest.raises(BadInput) as refused:
            check(RosterWanted(username="a", slots=(DAY,), valid_from=far), (), now)
        assert refused.value.code == "too_far_ahead"
    last = now + timedelta(days=3660)
    check(RosterWanted(username="a", slots=(DAY,), valid_from=last), (), now)
    begins_at = on_from([Roster(since=last, slots=(DAY,))], now)
    assert begins_at is not None
    assert begins_at >= last
