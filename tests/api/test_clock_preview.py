"""Due times through the API: examples by hand, and the agreed vectors where they are at hand."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.people_stored import Person

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "clock.json"
PATH = "/api/v1/clock/preview"

pytestmark = pytest.mark.usefixtures("book")


async def ask(client: AsyncClient, person: Person, *items: dict[str, Any]) -> Any:
    answer = await client.post(PATH, json={"items": items}, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_answers_come_in_order_with_their_counted_stretches(app_client: AsyncClient, west: Person) -> None:
    friday = "2026-03-06T17:00:00+08:00"
    four_hours = {"start": friday, "limit": {"value": 4, "unit": "work_hour"}}
    two_hours = {"start": friday, "limit": {"value": 2, "unit": "continuous_hour"}}
    first, second = await ask(app_client, west, four_hours, two_hours)
    assert first["due"] == "2026-03-09T11:00:00+08:00"
    assert first["segments"] == [
        {"from": "2026-03-06T17:00:00+08:00", "to": "2026-03-06T18:00:00+08:00", "minutes": 60},
        {"from": "2026-03-09T08:00:00+08:00", "to": "2026-03-09T11:00:00+08:00", "minutes": 180},
    ]
    assert second["due"] == "2026-03-06T19:00:00+08:00"
    assert not first["provisional"]


async def test_slots_replace_the_calendars_and_pauses_push_back(app_client: AsyncClient, west: Person) -> None:
    item = {
        "start": "2026-03-06T17:00:00+08:00",
        "limit": {"value": 4, "unit": "work_hour"},
        "slots": [["08:30", "12:00"], ["14:30", "24:00"]],
        "pauses": [["2026-03-06T18:00:00+08:00", "2026-03-06T20:00:00+08:00"]],
    }
    (found,) = await ask(app_client, west, item)
    assert found["due"] == "2026-03-06T23:00:00+08:00"


async def test_a_day_beyond_the_notices_is_provisional(app_client: AsyncClient, west: Person) -> None:
    item = {"start": "2026-12-31T17:00:00+08:00", "limit": {"value": 3, "unit": "work_day"}}
    (found,) = await ask(app_client, west, item)
    assert found["provisional"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"limit": {"value": 0, "unit": "work_day"}}, "bad_input"),
        ({"limit": {"value": 1, "unit": "fortnight"}}, "bad_input"),
        ({"start": "2026-03-06T17:00:00"}, "bad_input"),
        ({"calendar": "moon"}, "unknown_calendar"),
        ({"slots": [["12:00", "08:00"]]}, "slots_invalid"),
        ({"slots": []}, "slots_invalid"),
        ({"pauses": [["2026-03-07T00:00:00+08:00", "2026-03-06T00:00:00+08:00"]]}, "span_backwards"),
        ({"limit": {"value": 1.5, "unit": "work_day"}, "work_day_rule": "day_end"}, "limit_not_whole"),
        ({"surprise": 1}, "bad_input"),
    ],
)
async def test_what_no_clock_can_take_is_refused(
    app_client: AsyncClient, west: Person, change: dict[str, Any], code: str
) -> None:
    item = {"start": "2026-03-06T17:00:00+08:00", "limit": {"value": 1, "unit": "work_day"}} | change
    answer = await app_client.post(PATH, json={"items": [item]}, headers=west.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_it_takes_ten_thousand_and_no_more(app_client: AsyncClient, west: Person) -> None:
    item = {"start": "2026-03-06T17:00:00+08:00", "limit": {"value": 1, "unit": "continuous_hour"}}
    assert len(await ask(app_client, west, *[item] * 10_000)) == 10_000
    answer = await app_client.post(PATH, json={"items": [item] * 10_001}, headers=west.headers)
    assert answer.status_code == 422


@pytest.mark.skipif(not VECTORS.exists(), reason="the agreed vectors are kept outside of the repository")
async def test_the_agreed_vectors_agree(app_client: AsyncClient, west: Person) -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    asked = [{name: value for name, value in one.items() if name not in {"id", "due"}} for one in vectors]
    found = await ask(app_client, west, *asked)
    due = {one["id"]: datetime.fromisoformat(one["due"]) for one in vectors}
    assert {one["id"]: datetime.fromisoformat(f["due"]) for one, f in zip(vectors, found, strict=True)} == due
    assert len(due) == 64
