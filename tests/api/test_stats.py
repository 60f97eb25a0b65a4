from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.api import problems, stats
from app.api.deps import current_actor
from app.api.strict import known_query
from app.dispatch.counts import COUNTS
from tests.dispatch.facts_drawn import Facts, plain_report
from tests.repositories.facts_stored import store
from tests.services.test_figures import BOOK, NOW, SUPERVISOR

PERIOD = {"from": "2026-11-02", "to": "2026-11-03"}


@pytest.fixture
async def client(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncClient]:
    app = FastAPI(dependencies=[Depends(known_query)])
    app.include_router(stats.router)
    problems.install(app)
    app.state.wired = SimpleNamespace(
        sessions=sessions, replica=sessions, now=lambda: NOW, books=SimpleNamespace(current=BOOK)
    )
    app.dependency_overrides[current_actor] = lambda: SUPERVISOR
    reports = [plain_report(n, unit_code="U1" if n else None, source="citizen") for n in range(3)]
    async with sessions() as session:
        await store(session, Facts(rounds=[], legs=[], reports=reports))
        await session.commit()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://gridcase.test") as asking:
        yield asking


async def _closure(client: AsyncClient, **params: Any) -> Any:
    answer = await client.get("/api/v1/stats/closure", params={**PERIOD, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_table_says_what_it_rests_on(client: AsyncClient) -> None:
    body = await _closure(client, group_by="unit", as_of="2026-11-02T12:30:00 08:00")
    assert [(row["group"], row["counts"]["reported"]) for row in body["rows"]] == [
        ({"code": "U1", "name": "环卫处", "kind": None}, 2),
        (None, 1),
    ]
    assert body["total"]["counts"]["reported"] == 3
    assert set(body["total"]["counts"]) == {count.name for count in COUNTS}
    assert body["total"]["rates"]["valid_report_rate"] == {
        "value": "0.00",
        "state": "ok",
        "uncapped": "0.00",
        "numerator": ["valid_reported", 0],
        "denominator": ["reported", 3],
    }
    assert body["total"]["rates"]["closure_rate"]["state"] == "no_cases"
    assert (body["from"], body["to"]) == ("2026-11-02T00:00:00+08:00", "2026-11-03T00:00:00+08:00")
    assert (body["as_of"], body["clock"]) == ("2026-11-02T12:30:00+08:00", "case")
    assert (body["cohort"], body["definition"]) == ("event", "default")


async def test_as_of_is_now_at_the_latest(client: AsyncClient) -> None:
    for params in ({}, {"as_of": "2027-01-01"}):
        assert datetime.fromisoformat((await _closure(client, **params))["as_of"]) == NOW


async def test_several_values_of_a_filter_mean_any_of_them(client: AsyncClient) -> None:
    for units, number in ((["U1"], 2), (["U1", "U2"], 2), (["U2"], 0), ([], 3)):
        assert (await _closure(client, unit=units))["total"]["counts"]["reported"] == number


async def test_a_count_drills_down_page_by_page(client: AsyncClient) -> None:
    found: list[str] = []
    params: dict[str, Any] = {**PERIOD, "count": "reported", "limit": 2, "group_by": "unit"}
    for number in (2, 1):
        body = (await client.get("/api/v1/stats/cases", params=params)).json()
        assert len(body["items"]) == number
        found += [item["report_id"] for item in body["items"]]
        params["after"] = body["next"]
    assert params["after"] is None
    assert found == [str(plain_report(n).report_id) for n in range(3)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"to": "2026-11-02"}, "empty_period"),
        ({"to": "2026-11-01"}, "empty_period"),
        ({"to": "2026-11-03T00:00:00"}, "bad_input"),
        ({"to": "yesterday"}, "bad_input"),
        ({"from": ""}, "bad_input"),
        ({"definition": "by_moon"}, "definition_unknown"),
        ({"group_by": "moon"}, "bad_input"),
        ({"clock": "sun"}, "bad_input"),
        ({"street": "\x00"}, "bad_input"),
        ({"start": "2026-11-01"}, "unknown_parameter"),
        ({"moon": "1"}, "unknown_parameter"),
    ],
)
async def test_what_cannot_be_asked_is_refused(client: AsyncClient, params: dict[str, str], code: str) -> None:
    answer = await client.get("/api/v1/stats/closure", params={**PERIOD, **params})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "bad_input"),
        ({"count": "moons"}, "count_unknown"),
        ({"count": "closed", "limit": "501"}, "bad_input"),
        ({"count": "closed", "limit": "0"}, "bad_input"),
        ({"count": "closed", "after": "moon"}, "bad_cursor"),
    ],
)
async def test_what_cannot_be_listed_is_refused(client: AsyncClient, params: dict[str, str], code: str) -> None:
    answer = await client.get("/api/v1/stats/cases", params={**PERIOD, **params})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    if code == "count_unknown":
        assert "closed_on_time" in answer.json()["known"]
