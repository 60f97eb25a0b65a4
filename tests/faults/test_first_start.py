"""The first start killed half-way, as a stranger's power cut would: the next one ends with a whole, single month."""

import json
from urllib.request import urlopen

import asyncpg
import pytest

from app.demo.first_start import CASES_A_DAY
from tests.faults.city_process import CityProcess, city_process

DAYS = 3
HALF_WAY = "playing 30 %"


async def _counted(city: CityProcess, table: str) -> int:
    connection = await asyncpg.connect(city.dsn)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608  # our own names
    finally:
        await connection.close()


def _readiness(city: CityProcess) -> dict[str, object]:
    with urlopen(f"{city.address}/readyz") as answer:  # noqa: S310  # our own address
        told: dict[str, object] = json.load(answer)
        return told


@pytest.mark.slow
async def test_a_first_start_that_was_killed_ends_whole() -> None:
    with city_process(demo_days=DAYS, until=HALF_WAY) as city:
        city.kill("run")
        assert await _counted(city, "reports") > 0
        city.start()
        assert "starting afresh" in city.said()
        whole = await _counted(city, "cases")
        assert 0.8 * DAYS * CASES_A_DAY <= whole <= 1.25 * DAYS * CASES_A_DAY
        assert _readiness(city)["seeded"] is True
        city.kill("run")
        city.start()
        assert await _counted(city, "cases") == whole
        verified = city.command("audit", "facts")
        assert verified.returncode == 0, verified.stdout
