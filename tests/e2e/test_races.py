"""Clients that act at once on one case: one wins, the others learn where it stands, and no step is half done."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from app.services.audit import Audit
from tests.e2e.races import Course, Json, races
from tests.e2e.served import MONDAY, Served


async def _course(city: Served) -> Course:
    async def ask(
        method: str, path: str, who: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        given: dict[str, Any] = {"json": body} if body is not None else {}
        return await city.call(method, path, who, headers=headers, **given)

    for who in ("inspector01", "inspector02", "operator01", "lead01", "dispatcher01", "unit01"):
        await city.token(who)
    (code,) = (await city.get("/me", "unit01")).json()["reach"]["units"]
    return Course(ask, "unit01", code, [city.place() for _ in range(40)])


@pytest.mark.parametrize(("cases", "clients"), [(42, 8), (7, 100)])
async def test_one_wins_and_the_others_learn_where_it_stands(city: Served, cases: int, clients: int) -> None:
    city.clock.at = MONDAY
    course = await _course(city)
    for race in races(course.unit, list(city.book.units)[:3]):
        await course.hold(race, cases // 7, clients, together=3)
    assert not course.run.wrong, "\n".join(course.run.wrong[:20])
    assert course.run.cases == cases
    assert course.run.answers[200] == cases
    audit = Audit(city.sessions)
    assert (await audit.verify(lambda _: None)).findings == []
    assert (await audit.facts(lambda _: None)).differences == []
