"""What every refusal has in common, over all routes there are."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert
from structlog.testing import capture_logs

from app.api.gate import PUBLIC
from app.api.limit import ORDINARY
from app.api.problems import STATUS, status_of
from app.dispatch import errors
from app.dispatch.access import Actor, Appointment, Thing
from app.dispatch.codes import Action, Post
from app.main import create_app
from app.models.cases import Case
from app.services.transaction import Sessions, writing
from app.settings import Settings
from tests.people_stored import SignIn
from tests.repositories.facts_stored import _case

OPEN = ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json")
EXPLAIN = "/api/v1/appraisal/evaluate"


def _subclasses(cls: type[errors.GridcaseError]) -> Iterator[type[errors.GridcaseError]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _bare(cls: type[errors.GridcaseError]) -> errors.GridcaseError:
    return cls.__new__(cls)


@pytest.mark.parametrize("cls", sorted(_subclasses(errors.GridcaseError), key=str))
def test_every_error_has_a_status(cls: type[errors.GridcaseError]) -> None:
    assert status_of(_bare(cls)) in set(STATUS.values())


def test_the_statuses_are_those_of_the_contract() -> None:
    spelled: dict[type[errors.GridcaseError], int] = {
        errors.Unauthenticated: 401,
        errors.NotVisible: 404,
        errors.NotPermitted: 403,
        errors.Unreadable: 400,
        errors.BadInput: 422,
        errors.IdempotencyMismatch: 422,
        errors.EvidenceRequired: 422,
        errors.TooLarge: 413,
        errors.Stale: 412,
        errors.Conflict: 409,
        errors.ActionNotAllowed: 409,
        errors.TooMany: 429,
        errors.Unavailable: 503,
    }
    assert {cls: status_of(_bare(cls)) for cls in spelled} == spelled


def _calls() -> list[tuple[str, str, dict[str, Any]]]:
    description = create_app(Settings()).openapi()
    return [(m.upper(), path, call) for path, calls in description["paths"].items() for m, call in calls.items()]


@pytest.mark.parametrize(
    ("method", "path", "call"), _calls(), ids=lambda value: value if isinstance(value, str) else ""
)
async def test_without_a_token_everything_but_the_public_is_401(
    application: FastAPI, method: str, path: str, call: dict[str, Any]
) -> None:
    public = path.startswith(PUBLIC) or path in OPEN
    assert bool(call.get("security")) is not public, "the description must say the same as the gate"
    if public:
        return
    filled = path.format_map({name: str(uuid4()) for name in _names(path)})
    transport = ASGITransport(application)
    async with AsyncClient(transport=transport, base_url="http://gridcase.test") as client:
        answer = await client.request(method, filled, params={"nonsense": "1"}, content=b"{")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


@pytest.mark.parametrize("given", ["Basic eDp5", "Bearer", "Bearer  ", "bearer a.b.c", "Bearer 令牌"])
async def test_what_is_no_token_is_401(app_client: AsyncClient, given: str) -> None:
    answer = await app_client.get("/api/v1/me", headers=[(b"Authorization", given.encode())])
    assert answer.status_code == 401


async def test_refusals_are_problem_documents(app_client: AsyncClient, sign_in: SignIn) -> None:
    headers = (await sign_in(Post.OPERATOR)).headers
    json = {**headers, "content-type": "application/json"}
    calls: list[tuple[int, str, str, str, dict[str, Any]]] = [
        (400, "unreadable", "POST", EXPLAIN, {"headers": json, "content": b'{"rows":'}),
        (422, "bad_input", "POST", EXPLAIN, {"headers": headers, "json": {"rows": [], "surprise": 1}}),
        (422, "unknown_parameter", "GET", "/api/v1/me?fields=all", {"headers": headers}),
        (
            415,
            "unsupported_type",
            "POST",
            EXPLAIN,
            {
                "headers": headers,
                "content": b"a,b",
            },
        ),
        (
            415,
            "unsupported_type",
            "POST",
            EXPLAIN,
            {"headers": {**headers, "content-type": "text/plain"}, "content": b"{}"},
        ),
        (415, "unsupported_type", "POST", "/api/v1/auth/token", {"json": {"username": "a"}}),
        (405, "method_not_allowed", "DELETE", "/api/v1/me", {"headers": headers}),
        (404, "not_found", "GET", "/api/v1/nothing", {"headers": headers}),
        (401, "unauthenticated", "GET", "/api/v1/nothing", {}),
        (404, "not_found", "GET", "/nothing", {}),
        (413, "too_large", "POST", EXPLAIN, {"headers": json, "content": b" " * (ORDINARY + 1)}),
        (413, "too_large", "POST", EXPLAIN, {"headers": json, "content": _stream(ORDINARY + 1)}),
    ]
    for status, code, method, path, given in calls:
        answer = await app_client.request(method, path, **given)
        assert answer.headers["content-type"] == "application/problem+json", (path, answer.text)
        body = answer.json()
        assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
        assert set(body) >= {"type", "title", "detail", "instance"}
        assert body["instance"] == path.partition("?")[0]


async def _stream(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536 + 1):
        yield b" " * 65536


async def test_a_bug_is_500_and_neither_answer_nor_log_holds_its_words(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/boom")
    async def boom() -> None:
        secret = "13800001234"
        raise RuntimeError(f"张三 {secret}")

    transport = ASGITransport(app, raise_app_exceptions=False)
    with capture_logs() as logs:
        async with AsyncClient(transport=transport, base_url="http://gridcase.test") as client:
            answer = await client.get("/boom")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert any(line["event"] == "unhandled" and line["kind"] == "RuntimeError" for line in logs)
    assert any(line.get("frames", [""])[-1].endswith(" boom") for line in logs)
    assert "13800001234" not in answer.text + str(logs)
    assert "张三" not in answer.text + str(logs)


async def test_the_log_knows_routes_but_no_paths_queries_or_bodies(app_client: AsyncClient) -> None:
    with capture_logs() as logs:
        await app_client.post("/api/v1/auth/token", data={"username": "zhangsan", "password": "geheim"})
        await app_client.get("/healthz?phone=13800001234")
        await app_client.get("/api/v1/cases/canary?q=canary")
    assert [line["route"] for line in logs if line["event"] == "request"] == [
        "/api/v1/auth/token",
        "/healthz",
        "unmatched",
    ]
    assert not any(word in str(logs) for word in ("zhangsan", "geheim", "13800001234", "canary"))


async def test_every_answer_carries_its_id_and_the_headers_browsers_obey(app_client: AsyncClient) -> None:
    for path in ("/healthz", "/nothing", "/api/v1/me"):
        answer = await app_client.get(path, headers={"X-Request-Id": "from-the-proxy-1"})
        assert answer.headers["x-request-id"] == "from-the-proxy-1"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    answer = await app_client.get("/healthz", headers={"X-Request-Id": "x\ty"})
    assert len(answer.headers["x-request-id"]) == 16


@pytest.fixture
async def case_id(sessions: Sessions) -> UUID:
    """Store a case of unit U1."""
    case_id = uuid4()
    async with writing(sessions) as session:
        await session.execute(insert(Case).values({**_case(case_id), "unit_code": "U1", "unit_codes": ["U1"]}))
    return case_id


@pytest.mark.usefixtures("booked")
async def test_out_of_sight_comes_before_contents(app_client: AsyncClient, sign_in: SignIn, case_id: UUID) -> None:
    stranger = (await sign_in(Post.UNIT, unit="U2")).headers
    worker = (await sign_in(Post.UNIT, unit="U1")).headers
    for what in (case_id, uuid4(), "no-id"):
        for query in ("", "?surprise=1"):
            answer = await app_client.get(f"/api/v1/cases/{what}{query}", headers=stranger)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (what, query)
    assert (await app_client.get(f"/api/v1/cases/{case_id}?surprise=1", headers=worker)).status_code == 422
    assert (await app_client.get(f"/api/v1/cases/{case_id}", headers=worker)).status_code == 200


async def test_bad_contents_tell_a_stranger_nothing_and_the_unfit_only_that(booked: FastAPI, case_id: UUID) -> None:
    """Ask the service itself, for every action: no route needs to be there yet."""

    def actor(post: Post, unit: str | None) -> Actor:
        held = Appointment(post=post, desk="city", unit_code=unit)
        return Actor(account_id=UUID(int=9), username="a", name="甲", appointments=(held,))

    precedence = booked.state.wired.precedence
    for action in Action:
        assert isinstance(
            await precedence.refusal(actor(Post.UNIT, "U2"), Thing.CASE, case_id, action), errors.NotVisible
        )
    worker = actor(Post.UNIT, "U1")
    assert isinstance(await precedence.refusal(worker, Thing.CASE, case_id, Action.CLOSE), errors.NotPermitted)
    assert await precedence.refusal(worker, Thing.CASE, case_id, Action.DISPOSE) is None
    assert isinstance(await precedence.refusal(worker, Thing.REPORT, case_id, None), errors.NotVisible)
