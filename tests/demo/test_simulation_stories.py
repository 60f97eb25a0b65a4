from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Final
from uuid import uuid4

import pytest

from app.demo.names import FAMILY, GIVEN
from app.demo.simulation.matters import concerns
from app.demo.simulation.month import draw_stories
from app.demo.simulation.plan import Plan
from app.demo.simulation.receipts import incoming
from app.demo.simulation.rota import Rota
from app.demo.simulation.seasons import RHYTHMS
from app.demo.simulation.stories import Rest, Story
from app.demo.simulation.temperaments import temperament
from app.demo.simulation.world import World
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import LimitUnit, Source
from app.dispatch.limits import Limit
from app.dispatch.scrub import scrub
from tests.demo.played import world

MONTH: Final = Plan(days=30, cases=1600, seed=7, until=datetime(2026, 11, 21, 14, tzinfo=UTC))


@pytest.fixture(scope="module")
def month() -> World:
    return world(MONTH)


@pytest.fixture(scope="module")
def stories(month: World) -> list[Story]:
    return draw_stories(month)


def _chance(number: int) -> Random:
    return Random(number)  # noqa: S311  # repeatable, not secret


def _hours(stories: list[Story], source: Source) -> Counter[int]:
    return Counter(one.received_at.astimezone(LOCAL_ZONE).hour for one in stories if one.source is source)


def test_every_concern_is_a_condition_of_the_catalogue_and_names_its_place(month: World) -> None:
    for one in concerns():
        category = month.book.catalogue.find(one.kind, one.category)
        assert category is not None
        assert one.condition in category.conditions
        assert all("{place}" in words for words in one.texts)


@pytest.mark.parametrize(("days", "cases"), [(30, 300), (10, 60), (3, 40), (1, 20)])
def test_exactly_as_many_cases_are_opened_as_wanted(days: int, cases: int) -> None:
    plan = replace(MONTH, days=days, cases=cases)
    drawn = draw_stories(world(plan))
    assert sum(one.cases_by(plan.until) for one in drawn) == cases
    assert all(plan.since <= one.received_at <= plan.until for one in drawn if one.rests is None)


def test_the_same_plan_tells_the_same_stories_and_another_seed_others() -> None:
    plan = replace(MONTH, days=12, cases=150)
    assert draw_stories(world(plan)) == draw_stories(world(plan))
    assert draw_stories(world(plan)) != draw_stories(world(replace(plan, seed=8)))


def test_every_source_has_its_hours(stories: list[Story]) -> None:
    assert {one.source for one in stories} == set(RHYTHMS) == set(Source)
    phone, beat = _hours(stories, Source.HOTLINE_12345), _hours(stories, Source.INSPECTOR)
    night = sum(_hours(stories, Source.VIDEO)[hour] for hour in (22, 23, 0, 1, 2, 3, 4, 5))
    assert min(phone[9] + phone[10], phone[14] + phone[15]) > max(phone[12] + phone[13], phone[18] + phone[19])
    assert sum(beat[hour] for hour in (21, 22, 23, *range(6))) == 0
    assert night > sum(_hours(stories, Source.VIDEO)[hour] for hour in range(8, 16))


def test_fewer_reports_come_in_on_free_days(stories: list[Story], month: World) -> None:
    days = Counter(one.received_at.astimezone(LOCAL_ZONE).date() for one in stories if one.source is Source.DISTRICT)
    free = sum(count for day, count in days.items() if not month.book.calendar.is_working(day))
    assert free < sum(days.values()) / 10


def test_a_typhoon_brings_what_storms_bring_and_a_short_span_has_none(stories: list[Story], month: World) -> None:
    storms = Counter(one.received_at.astimezone(LOCAL_ZONE).date() for one in stories if one.concern.storm)
    struck = month.season.storm
    assert struck is not None
    others = [count for day, count in storms.items() if day != struck]
    assert storms[struck] > 2.5 * sum(others) / len(others)
    assert world(replace(MONTH, days=9)).season.storm is None


def test_something_lies_at_every_desk_at_the_end(stories: list[Story]) -> None:
    assert {one.rests for one in stories} == {None, *Rest}


def test_every_unit_gets_something_by_routing_or_by_hand(stories: list[Story], month: World) -> None:
    got = {one.sent_to or one.site.unit_code for one in stories if one.desk.filed_at is not None}
    assert {code for code in month.atlas.units if not got & month.book.units_below(code)} == set()
    assert any(one.sent_to is not None for one in stories)


def test_nobody_real_can_be_called_and_texts_are_clean_once_scrubbed(stories: list[Story], month: World) -> None:
    names = {f"{family}{given}" for family in FAMILY for given in GIVEN}
    for one in stories:
        arrival = incoming(_chance(one.number), one, month, uuid4(), placeless=False).arrival
        who = arrival.reporter
        assert who.phone is None or (who.phone.startswith("1380000") and len(who.phone) == 11)
        assert who.name is None or who.name in names
        assert not (who.anonymous and (who.name or who.phone))
        assert "1380000" not in scrub(arrival.description, who.known).text
        assert arrival.partner_id is None or arrival.order_no is not None


def test_people_differ_in_what_they_say(stories: list[Story], month: World) -> None:
    said = Counter(incoming(_chance(s.number), s, month, uuid4(), placeless=False).arrival.description for s in stories)
    assert said.most_common(1)[0][1] <= 3
    assert len(said) > 0.97 * len(stories)


def test_a_units_temperament_is_its_own_and_stays(month: World) -> None:
    ways = {code: temperament(7, code) for code in month.atlas.units}
    assert {code: temperament(7, code) for code in month.atlas.units} == ways
    assert len({one.name for one in ways.values()}) >= 5
    assert {code: temperament(8, code) for code in month.atlas.units} != ways


def test_the_desk_sleeps_and_only_what_is_urgent_wakes_it(month: World) -> None:
    midnight = datetime(2026, 11, 10, 17, tzinfo=UTC)  # one o'clock in the city
    rota, rng = Rota(month.book.calendar), _chance(1)
    assert (rota.desk(rng, midnight, 6) - midnight).total_seconds() > 6 * 3600
    assert (rota.desk(rng, midnight, 6, urgent=True) - midnight).total_seconds() < 2 * 3600
    hours = Limit(value=4, unit=LimitUnit.WORK_HOUR)
    assert rota.run(midnight, hours, 1.0) == datetime(2026, 11, 11, 4, tzinfo=UTC)
    assert rota.run(midnight, hours, 0.5) == datetime(2026, 11, 11, 2, tzinfo=UTC)


def test_a_plan_needs_days_cases_and_an_aware_end() -> None:
    for wrong in ({"days": 0}, {"cases": 0}, {"until": datetime(2026, 11, 21)}):  # noqa: DTZ001  # that is the point
        with pytest.raises(ValueError, match="simulat"):
            replace(MONTH, **wrong)
