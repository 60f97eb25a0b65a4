"""Short ways through the API: bring a report in, take it on, file it, dispatch the case."""

from typing import Any

from httpx import AsyncClient, Response

from tests.people_stored import Person
from tests.small_city import IN_WEST

Json = dict[str, Any]


def report(place: tuple[float, float] = IN_WEST, **fields: Any) -> Json:
    location = {"lon": place[0], "lat": place[1], "datum": "cgcs2000", "from": "by_hand"}
    said = {"source": "walk_in", "kind": "event", "category": "0305", "description": "路面有渣土"}
    return {**said, "location": location, **fields}


async def bring(client: AsyncClient, person: Person, key: str | None = None, **fields: Any) -> Response:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post("/api/v1/reports", json=report(**fields), headers=headers)


async def act(client: AsyncClient, person: Person, things: str, subject_id: str, action: str, **fields: Any) -> Json:
    path = f"/api/v1/{things}/{subject_id}/actions/{action}"
    answer = await client.post(path, json=fields, headers=person.headers)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def filed(client: AsyncClient, desk: Person, *, condition: int = 1, **fields: Any) -> Json:
    """Bring a report in and file it; `desk` is operator and shift lead. Return the case."""
    received = await bring(client, desk, **fields)
    assert received.status_code == 201, received.text
    report_id = received.json()["id"]
    await act(client, desk, "reports", report_id, "accept", kind="event", category="0305")
    told = await act(client, desk, "reports", report_id, "file", cases=[{"condition": condition}])
    return await case_of(client, desk, told["cases"][0]["id"])


async def case_of(client: AsyncClient, person: Person, case_id: str) -> Json:
    answer = await client.get(f"/api/v1/cases/{case_id}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told
