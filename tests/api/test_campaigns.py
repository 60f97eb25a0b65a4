"""Campaigns through the API: laid down and changed, named by reports while they run, found in lists and figures."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.adapters.keys import Keys
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in
from tests.reports_filed import act, bring, case_of, filed, report
from tests.small_city import DISTRICT, WEST

pytestmark = pytest.mark.usefixtures("book")
PATH = "/api/v1/admin/campaigns"
Json = dict[str, Any]


@pytest.fixture
async def admin(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.ADMIN)


@pytest.fixture
async def desk(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)


def campaign(code: str, *, days: int = 10, since: int = -1, **fields: Any) -> Json:
    now = datetime.now(UTC)
    starts_at, ends_at = now + timedelta(days=since), now + timedelta(days=days)
    return {"code": code, "name": "扬尘整治", "from": starts_at.isoformat(), "to": ends_at.isoformat(), **fields}


async def laid(client: AsyncClient, person: Person, body: Json, key: str | None = None) -> Response:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return await client.post(PATH, json=body, headers=headers)


async def changed(client: AsyncClient, person: Person, code: str, body: Json, **headers: str) -> Response:
    sent = {name: value for name, value in body.items() if name != "code"}
    return await client.put(f"{PATH}/{code}", json=sent, headers=person.headers | headers)


async def test_a_campaign_is_laid_down_changed_and_told_to_every_client(
    app_client: AsyncClient, admin: Person, west: Person
) -> None:
    about: Json = {"categories": [{"kind": "event", "category": "0305"}], "areas": [DISTRICT, WEST]}
    made = await laid(app_client, admin, campaign("dust", **about), key="k")
    assert made.status_code == 201, made.text
    assert (made.json()["areas"], made.json()["categories"]) == ([DISTRICT, WEST], about["categories"])
    again = await laid(app_client, admin, campaign("dust", **about))
    assert (again.status_code, again.json()["code"]) == (409, "campaign_taken")
    longer = campaign("dust", days=20, name="扬尘整治（延长）")
    stale = await changed(app_client, admin, "dust", longer, **{"If-Match": '"7"'})
    assert stale.status_code == 412
    done = await changed(app_client, admin, "dust", longer, **{"If-Match": made.headers["ETag"]})
    assert (done.status_code, done.json()["version"], done.json()["name"]) == (200, 2, "扬尘整治（延长）")
    assert (await changed(app_client, admin, "none", longer)).status_code == 404
    told = (await app_client.get("/api/v1/ref/campaigns", headers=west.headers)).json()
    assert [(one["code"], one["name"]) for one in told["items"]] == [("dust", "扬尘整治（延长）")]
    assert told["version"] == 2
    since = told["changed_at"]
    later = await app_client.get("/api/v1/ref/campaigns", params={"changed_since": since}, headers=west.headers)
    assert later.json()["items"] == []


async def test_only_administrators_lay_campaigns_down_and_the_same_key_does_it_once(
    app_client: AsyncClient, admin: Person, desk: Person, supervisor: Person
) -> None:
    for other in (desk, supervisor):
        assert (await laid(app_client, other, {"bad": 1})).status_code == 403
        assert (await changed(app_client, other, "dust", {"bad": 1})).status_code == 403
        assert (await app_client.get(PATH, headers=other.headers)).json()["items"] == []
    body = campaign("once")
    first, again = [await laid(app_client, admin, body, key="k") for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    await laid(app_client, admin, campaign("past", since=-9, days=-3))
    now = datetime.now(UTC).isoformat()
    running = (await app_client.get(PATH, params={"running_at": now}, headers=admin.headers)).json()["items"]
    assert [one["code"] for one in running] == ["once"]
    page = (await app_client.get(PATH, params={"limit": 1}, headers=admin.headers)).json()
    rest = (await app_client.get(PATH, params={"limit": 1, "after": page["next"]}, headers=admin.headers)).json()
    assert [one["code"] for one in (*page["items"], *rest["items"])] == ["once", "past"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "2020-01-01"}, "ends_before_it_begins"),
        ({"categories": [{"kind": "event", "category": "9999"}]}, "unknown_category"),
        ({"areas": ["990000"]}, "unknown_place"),
        ({"code": "有字"}, None),
        ({"name": ""}, None),
        ({"more": 1}, None),
    ],
)
async def test_what_is_no_campaign_is_refused(
    app_client: AsyncClient, admin: Person, fields: Json, code: str | None
) -> None:
    answer = await laid(app_client, admin, campaign("x") | fields)
    assert answer.status_code == 422
    assert code is None or answer.json()["code"] == code
    assert (await app_client.get(PATH, headers=admin.headers)).json()["items"] == []


async def test_a_report_names_a_campaign_that_runs_or_none(
    app_client: AsyncClient, admin: Person, desk: Person
) -> None:
    await laid(app_client, admin, campaign("now"))
    await laid(app_client, admin, campaign("over", since=-9, days=-3))
    await laid(app_client, admin, campaign("soon", since=3))
    for code in ("over", "soon", "none"):
        refused = await bring(app_client, desk, campaign=code)
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_campaign")
    client_id = str(uuid4())
    taken = await bring(app_client, desk, key="k", campaign="now", client_id=client_id)
    assert (taken.status_code, taken.json()["campaign"]) == (201, "now")
    ended = campaign("now", since=-3) | {"to": datetime.now(UTC).isoformat()}
    assert (await changed(app_client, admin, "now", ended)).status_code == 200
    assert (await bring(app_client, desk, campaign="now")).status_code == 422
    for repeated in ({"key": "k"}, {}):
        again = await bring(app_client, desk, campaign="now", client_id=client_id, **repeated)
        assert (again.status_code in {200, 201}, again.json()["id"]) == (True, taken.json()["id"])


async def test_what_a_device_kept_for_later_is_never_lost_for_its_campaign(
    app_client: AsyncClient, inspector: Person, supervisor: Person, admin: Person
) -> None:
    await laid(app_client, admin, campaign("now"))

    def kept(code: str) -> Json:
        body = report(source="inspector", campaign=code)
        return {"op": "report", "client_id": str(uuid4()), "device_time": datetime.now(UTC).isoformat(), "body": body}

    batch = {"device_id": "d1", "catalogue": None, "operations": [kept("over"), kept("now")]}
    answer = await app_client.post("/api/v1/inspector/sync", json=batch, headers=inspector.headers)
    assert [one["status"] for one in answer.json()["items"]] == ["applied", "applied"], answer.text
    told = []
    for one in answer.json()["items"]:
        found = await app_client.get(f"/api/v1/reports/{one['result']['report_id']}", headers=supervisor.headers)
        told.append((found.json()["campaign"], "unknown_value" in found.json()["attention"]))
    assert told == [(None, True), ("now", False)]


async def test_cases_and_figures_are_found_and_grouped_by_campaign(
    app_client: AsyncClient, admin: Person, desk: Person
) -> None:
    await laid(app_client, admin, campaign("dust"))
    within = await filed(app_client, desk, campaign="dust")
    await filed(app_client, desk)
    assert within["campaign"] == "dust"
    await act(app_client, desk, "cases", within["id"], "dispatch")
    listed = await app_client.get("/api/v1/cases", params={"campaign": "dust"}, headers=desk.headers)
    assert [one["id"] for one in listed.json()["items"]] == [within["id"]]
    today = datetime.now(UTC)
    period = {"from": (today - timedelta(days=1)).isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    asked = {**period, "group_by": "campaign", "cohort": "filed"}
    rows = (await app_client.get("/api/v1/stats/closure", params=asked, headers=desk.headers)).json()["rows"]
    counted = {row["group"] and row["group"]["code"]: row["counts"]["filed"] for row in rows}
    assert counted == {"dust": 1, None: 1}
    only = {**period, "campaign": "dust", "cohort": "filed"}
    total = (await app_client.get("/api/v1/stats/closure", params=only, headers=desk.headers)).json()["total"]
    assert (total["counts"]["filed"], total["counts"]["dispatched"]) == (1, 1)
    assert (await case_of(app_client, desk, within["id"]))["state"] == "dispatched"
