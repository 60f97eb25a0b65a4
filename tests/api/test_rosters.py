"""Rosters through the API: made, ended, kept by administrators and by the shift leads of the desk."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in

pytestmark = pytest.mark.usefixtures("book")
PATH = "/api/v1/admin/rosters"
WORKDAYS = {"days": [1, 2, 3, 4, 5], "opens": "07:00", "closes": "19:00"}


@pytest.fixture
async def lead(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.SHIFT_LEAD)


async def made(client: AsyncClient, person: Person, key: str | None = None, **body: Any) -> Any:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post(PATH, json=body, headers=headers)


async def test_a_roster_is_made_listed_and_ended(app_client: AsyncClient, lead: Person, inspector: Person) -> None:
    answer = await made(app_client, lead, "k1", username=inspector.username, beat_codes=["B1"], slots=[WORKDAYS])
    assert answer.status_code == 201, answer.text
    roster = answer.json()
    assert (roster["account_id"], roster["beat_codes"], roster["slots"]) == (str(inspector.id), ["B1"], [WORKDAYS])
    assert roster["valid_to"] is None
    again = await made(app_client, lead, "k1", username=inspector.username, beat_codes=["B1"], slots=[WORKDAYS])
    assert again.json() == roster
    now = datetime.now(UTC)
    for params, expected in (
        ({"username": inspector.username}, [roster["id"]]),
        ({"username": "nobody"}, []),
        ({"valid_at": now.isoformat()}, [roster["id"]]),
        ({"valid_at": (now - timedelta(days=1)).isoformat()}, []),
    ):
        page = (await app_client.get(PATH, params=params, headers=lead.headers)).json()
        assert [one["id"] for one in page["items"]] == expected
    ended = await app_client.post(f"{PATH}/{roster['id']}/end", headers=lead.headers)
    assert ended.json()["valid_to"] is not None
    late = await app_client.post(f"{PATH}/{roster['id']}/end", headers=lead.headers)
    assert (late.status_code, late.json()["code"]) == (409, "roster_ended")


async def test_a_roster_that_has_not_begun_never_does(app_client: AsyncClient, lead: Person, inspector: Person) -> None:
    begins = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    roster = (await made(app_client, lead, username=inspector.username, valid_from=begins)).json()
    ended = (await app_client.post(f"{PATH}/{roster['id']}/end", headers=lead.headers)).json()
    assert ended["valid_to"] == ended["valid_from"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"username": "nobody"}, "unknown_inspector", id="nobody"),
        pytest.param({"beat_codes": ["B9"]}, "unknown_beat", id="no such beat"),
        pytest.param({"valid_from": "2020-01-01T00:00:00+08:00"}, "past_instant", id="from the past"),
        pytest.param({"valid_to": "2020-01-01T00:00:00+08:00"}, "ends_before_it_begins", id="over before it begins"),
        pytest.param({"slots": [WORKDAYS | {"days": [8]}]}, None, id="a day that no week has"),
        pytest.param({"slots": [WORKDAYS | {"opens": "25:00"}]}, None, id="an hour that no day has"),
        pytest.param({"beats": ["B1"]}, None, id="an unknown field"),
    ],
)
async def test_what_cannot_be_is_refused(
    app_client: AsyncClient, lead: Person, inspector: Person, body: dict[str, Any], code: str | None
) -> None:
    answer = await made(app_client, lead, **{"username": inspector.username} | body)
    assert answer.status_code == 422, answer.text
    if code is not None:
        assert answer.json()["code"] == code


async def test_who_is_no_inspector_has_no_roster(app_client: AsyncClient, lead: Person) -> None:
    answer = await made(app_client, lead, username=lead.username)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_inspector")


async def test_a_town_keeps_its_own_and_the_city_all(
    application: FastAPI, keys: Keys, app_client: AsyncClient, lead: Person, inspector: Person
) -> None:
    admin = await signed_in(application, keys, Post.ADMIN)
    town_lead = await signed_in(application, keys, Post.SHIFT_LEAD, desk="T1")
    towns = await signed_in(application, keys, Post.INSPECTOR, desk="T1")
    assert (await made(app_client, town_lead, username=inspector.username)).status_code == 422
    assert (await made(app_client, lead, username=towns.username)).status_code == 422
    own = await made(app_client, town_lead, username=towns.username)
    assert own.status_code == 201, own.text
    assert (await made(app_client, admin, username=inspector.username)).status_code == 201
    for person, number in ((town_lead, 1), (lead, 1), (admin, 2), (inspector, 0)):
        page = await app_client.get(PATH, headers=person.headers)
        assert (page.status_code, len(page.json()["items"])) == (200, number)
    assert (await app_client.post(f"{PATH}/{own.json()['id']}/end", headers=lead.headers)).status_code == 404
    assert (await made(app_client, inspector, username=inspector.username)).status_code == 403


async def test_lists_come_in_pages(app_client: AsyncClient, lead: Person, inspector: Person) -> None:
    ids = [(await made(app_client, lead, username=inspector.username)).json()["id"] for _ in range(3)]
    first = (await app_client.get(PATH, params={"limit": 2}, headers=lead.headers)).json()
    rest = (await app_client.get(PATH, params={"limit": 2, "after": first["next"]}, headers=lead.headers)).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == ids[::-1]
    assert rest["next"] is None
