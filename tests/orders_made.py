"""Short ways to issue orders and act on them through the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from tests.people_stored import Person

PATH = "/api/v1/orders"
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 local."""


def order(unit_code: str, *case_ids: UUID, **fields: Any) -> dict[str, Any]:
    said = {"kind": "assignment", "title": "渣土专项", "text": "限期清理并反馈", "unit_code": unit_code}
    return {**said, "case_ids": [str(one) for one in case_ids], **fields}


async def issued(client: AsyncClient, person: Person, body: dict[str, Any], key: str | None = None) -> Response:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post(PATH, json=body, headers=headers)


async def acted(
    client: AsyncClient, person: Person, order_id: str, action: str, *, key: str | None = None, **fields: Any
) -> Response:
    match = {"If-Match": f'"{fields.pop("if_match")}"'} if "if_match" in fields else {}
    headers = person.headers | match | ({"Idempotency-Key": key} if key else {})
    return await client.post(f"{PATH}/{order_id}/actions/{action}", json=fields, headers=headers)


async def read(client: AsyncClient, person: Person, order_id: str) -> dict[str, Any]:
    answer = await client.get(f"{PATH}/{order_id}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
