from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.adapters.keys import Keys
from app.api.hotline import MOST_BODY
from app.services.transaction import Sessions
from tests.partners_stored import order, signed, store_partner

PATH = "/api/v1/hotline/p/orders"


@pytest.fixture
async def partner(booked: FastAPI, sessions: Sessions, keys: Keys) -> FastAPI:  # the client needs a book
    await store_partner(sessions, keys, "p")
    return booked


async def send(client: AsyncClient, body: bytes, *, at: datetime | None = None, path: str = PATH) -> Response:
    return await client.post(path, content=body, headers=signed(body, at or datetime.now(UTC)))


@pytest.mark.usefixtures("partner")
async def test_an_order_is_answered_by_its_receipt_and_again_the_same(app_client: AsyncClient) -> None:
    body = order("A1", content="x", unheard_of={"a": [1]})
    first, again = await send(app_client, body), await send(app_client, body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert set(first.json()) == {"receipt_no", "report_id", "duplicate"}
    assert first.json() | {"duplicate": True} == again.json()
    assert first.json()["duplicate"] is False


@pytest.mark.usefixtures("partner")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "unreadable"),
        (b"[]", 400, "unreadable"),
        (b'{"order_no": NaN}', 400, "unreadable"),
        ("{'order_no'：1}".encode("gbk"), 400, "unreadable"),
        (b'{"action": "create"}', 422, "order_no_required"),
        (b'{"order_no": "1"}', 422, "action_required"),
        (b'{"order_no": "1", "action": "create", "content": "' + b"x" * MOST_BODY + b'"}', 413, "too_large"),
    ],
)
async def test_the_few_refusals(app_client: AsyncClient, body: bytes, status: int, code: str) -> None:
    answer = await send(app_client, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("partner")
async def test_forged_stale_unsigned_and_unknown_are_401(app_client: AsyncClient) -> None:
    body = order("A1")
    now = datetime.now(UTC)
    forged = await app_client.post(PATH, content=body + b" ", headers=signed(body, now))
    stale = await send(app_client, body, at=now - timedelta(seconds=310))
    unsigned = await app_client.post(PATH, content=body)
    unknown = await send(app_client, body, path="/api/v1/hotline/nobody/orders")
    assert {one.status_code for one in (forged, stale, unsigned, unknown)} == {401}
    assert forged.json() | {"instance": ""} == unknown.json() | {"instance": ""}


@pytest.mark.usefixtures("partner")
async def test_a_signature_is_asked_for_before_the_body_is_judged(app_client: AsyncClient) -> None:
    assert (await app_client.post(PATH, content=b"{", headers=signed(b"[", datetime.now(UTC)))).status_code == 401


@pytest.mark.usefixtures("partner")
@pytest.mark.parametrize("given", ["application/json", "text/plain", "application/octet-stream", "x", ""])
async def test_no_type_of_content_is_refused(app_client: AsyncClient, given: str) -> None:
    body = order("A2", content=given)
    headers = signed(body, datetime.now(UTC)) | ({"content-type": given} if given else {})
    assert (await app_client.post(PATH, content=body, headers=headers)).status_code == 200


@pytest.mark.usefixtures("partner")
async def test_a_gateways_own_parameters_are_no_fault_of_the_order(app_client: AsyncClient) -> None:
    assert (await send(app_client, order("A3"), path=f"{PATH}?appkey=1")).status_code == 200
