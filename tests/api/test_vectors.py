"""Published figures through the API: every true one is found with the two counts it is made of, no misprint is.

The agreed bulletins lie beside the repository; a clone without them keeps the examples written down here.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.people_stored import Person

BULLETINS = Path(__file__).parents[2].parent / "shared" / "vectors" / "bulletins.json"
PATH = "/api/v1/appraisal/verify"
MISPRINTS = 3


def figure(rate: str, published: str, numerator: str, denominator: str, **more: bool) -> dict[str, Any]:
    pair = {"numerator": numerator, "denominator": denominator}
    return {"rate": rate, "published": published, **pair, "capped": False, "source_error": False} | more


OURS: list[dict[str, Any]] = [
    {
        "id": "made up",
        "rows": [
            {
                "name": "东片",
                "counts": {"filed": 48, "to_close": 45, "closed": 41, "closed_on_time": 37, "reworked": 2},
                "rates": [
                    figure("closure_rate", "91.11%", "closed", "to_close"),
                    figure("on_time_closure_rate", "90.24%", "closed_on_time", "closed"),
                    figure("rework_rate", "4.4%", "reworked", "to_close"),
                    figure("first_pass_rate", "95.56%", "not_reworked", "to_close"),
                ],
            },
            {
                "name": "西片",
                "counts": {"to_close": 30, "closed": 33, "disposed": 29},
                "rates": [
                    figure("closure_rate", "100%", "closed", "to_close", capped=True),
                    figure("disposal_rate", "97.66%", "disposed", "to_close", source_error=True),
                ],
            },
        ],
    }
]


def bulletins() -> list[dict[str, Any]]:
    agreed = json.loads(BULLETINS.read_text(encoding="utf-8")) if BULLETINS.exists() else []
    return [*OURS, *agreed]


async def verified(client: AsyncClient, person: Person, rows: list[dict[str, Any]]) -> Any:
    asked = [
        {
            "name": row["name"],
            "counts": row["counts"],
            "published": {one["rate"]: one["published"] for one in row["rates"]},
        }
        for row in rows
    ]
    answer = await client.post(PATH, json={"rows": asked}, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


@pytest.mark.parametrize("bulletin", bulletins(), ids=lambda bulletin: bulletin["id"])
async def test_a_bulletin_agrees_and_its_misprints_do_not(
    app_client: AsyncClient, west: Person, bulletin: dict[str, Any]
) -> None:
    answers = await verified(app_client, west, bulletin["rows"])
    for row, answer in zip(bulletin["rows"], answers, strict=True):
        assert answer["name"] == row["name"]
        assert set(answer["rates"]) == {one["rate"] for one in row["rates"]}
        for one in row["rates"]:
            verdict = answer["rates"][one["rate"]]
            found = [(by["numerator"], by["denominator"], by["capped"]) for by in verdict["reproduced_by"]]
            assert verdict["published"] == one["published"]
            assert verdict["matches"] is (found != [])
            assert verdict["matches"] is not one["source_error"], (row["name"], one["rate"])
            if not one["source_error"]:
                assert (one["numerator"], one["denominator"], one["capped"]) in found


async def test_all_bulletins_in_one_request_have_these_misprints_and_no_other(
    app_client: AsyncClient, west: Person
) -> None:
    rows = [row for bulletin in bulletins() for row in bulletin["rows"]]
    answers = await verified(app_client, west, rows)
    found = [(a["name"], rate) for a in answers for rate, verdict in a["rates"].items() if not verdict["matches"]]
    told = [(row["name"], one["rate"]) for row in rows for one in row["rates"] if one["source_error"]]
    assert found == told
    assert len(found) == 1 + (MISPRINTS if BULLETINS.exists() else 0)
