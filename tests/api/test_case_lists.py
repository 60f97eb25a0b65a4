"""Lists of cases: filters, order, pages, what each post sees, exports, and how many statements they cost."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import Engine, event

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import DisposalResult, Post, Source
from app.dispatch.commands import Dispatch, Dispose, SendCheck, Sign, Tag, Urge
from app.services.transaction import Sessions
from tests.cases_stored import Tale
from tests.people_stored import Person, signed_in
from tests.small_city import DISTRICT, EAST, IN_EAST, IN_WEST, ROAD, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, WEST_CELL

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 local."""
MINUTE = timedelta(minutes=1)
PATH = "/api/v1/cases"


class Cases:
    """Four cases: one filed, one at work in either street, one disposed."""

    filed: UUID
    west: UUID
    east: UUID
    disposed: UUID


@pytest.fixture
async def cases(sessions: Sessions, book: Book, inspector: Person) -> Cases:
    found = Cases()
    found.filed = await Tale(book=book, at=MONDAY, place=IN_WEST, description="100%的井盖_坏了").store(sessions)
    found.west = await (
        Tale(book=book, at=MONDAY + MINUTE, place=IN_WEST, author_id=inspector.id, source=Source.CITIZEN)
        .step(MINUTE, Post.DISPATCHER, Dispatch())
        .step(MINUTE, Post.UNIT, Sign())
        .step(MINUTE, Post.OPERATOR, Tag(add=("雨季",)))
        .store(sessions)
    )
    found.east = await (
        Tale(book=book, at=MONDAY + 5 * MINUTE, place=IN_EAST, condition=2)
        .step(MINUTE, Post.DISPATCHER, Dispatch())
        .step(MINUTE, Post.OPERATOR, Urge())
        .store(sessions)
    )
    found.disposed = await (
        Tale(book=book, at=MONDAY + 10 * MINUTE, place=IN_EAST)
        .step(MINUTE, Post.DISPATCHER, Dispatch())
        .step(MINUTE, Post.UNIT, Dispose(result=DisposalResult.SOLVED, public_answer="已清理"))
        .step(MINUTE, Post.OPERATOR, SendCheck(), inspectors=[inspector.id])
        .store(sessions)
    )
    return found


async def ids(client: AsyncClient, person: Person, **params: Any) -> list[str]:
    answer = await client.get(PATH, params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def names(client: AsyncClient, person: Person, cases: Cases, **params: Any) -> set[str]:
    told = {str(getattr(cases, name)): name for name in Cases.__annotations__}
    return {told[one] for one in await ids(client, person, **params)}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "filed west east disposed"),
        ({"state": "filed"}, "filed"),
        ({"state": ["filed", "checking"]}, "filed disposed"),
        ({"unit": UNIT_WEST}, "filed west"),
        ({"unit_root": UNIT_TOP}, "filed west east disposed"),
        ({"unit_root": UNIT_EAST}, "east disposed"),
        ({"desk": "city", "kind": "event", "category": "0305", "handling": "ordinary", "state": "filed"}, "filed"),
        ({"kind": "component"}, ""),
        ({"source": "citizen"}, "west"),
        ({"district": DISTRICT, "street": EAST}, "east disposed"),
        ({"street": [EAST, WEST], "state": "dispatched"}, "west east"),
        ({"community": f"{WEST}001"}, "filed west"),
        ({"cell": WEST_CELL}, "filed west"),
        ({"zone": ROAD}, "filed west"),
        ({"zone": 'R1" || true'}, ""),
        ({"beat": "B1"}, "filed west"),
        ({"light": "red"}, "west east"),
        ({"light": "green"}, "disposed"),
        ({"light": ["yellow", "green"]}, "disposed"),
        ({"overdue": "true"}, "west east"),
        ({"overdue": "false"}, "filed disposed"),
        ({"campaign": "none"}, ""),
        ({"tag": "雨季"}, "west"),
        ({"flag": "urged"}, "east"),
        ({"q": "井盖"}, "filed"),
        ({"q": "100%的井盖_坏"}, "filed"),
        ({"q": "渣%"}, ""),
        ({"q": "一号路1"}, "filed west east disposed"),
        ({"bbox": "104.0,30.0,104.0009,30.001"}, "filed west"),
        ({"near": "104.0015,30.0005,20"}, "east disposed"),
        ({"near": "104.0015,30.0005,120"}, "filed west east disposed"),
        ({"filed_from": "2026-03-02T09:05:00+08:00"}, "east disposed"),
        ({"filed_to": "2026-03-02T09:05:00+08:00"}, "filed west"),
        ({"filed_from": "2026-03-02", "filed_to": "2026-03-03"}, "filed west east disposed"),
        ({"filed_from": "2026-03-03"}, ""),
        ({"due_from": "2026-03-02T12:00:00+08:00"}, "west disposed"),
        ({"due_to": "2026-03-02T12:00:00+08:00"}, "east"),
        ({"closed_from": "2026-03-02"}, ""),
    ],
    ids=str,
)
async def test_filters(
    app_client: AsyncClient, supervisor: Person, cases: Cases, params: dict[str, Any], expected: str
) -> None:
    assert await names(app_client, supervisor, cases, **params) == set(expected.split())


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"stat": "filed"}, "unknown_parameter"),
        ({"state": "gone"}, "bad_input"),
        ({"limit": 501}, "bad_input"),
        ({"bbox": "1,2,3"}, "bad_bbox"),
        ({"bbox": "104,30,103,31"}, "bad_bbox"),
        ({"near": "104,30,nan"}, "bad_near"),
        ({"near": "104,30,-5"}, "bad_near"),
        ({"after": "!"}, "bad_cursor"),
        ({"q": "a\x00b"}, "bad_input"),
        ({"zone": "a\x00b"}, "bad_input"),
        ({"filed_from": "2026-03-02T09:05:00"}, "bad_input"),
        ({"filed_from": "2026-13-45"}, "bad_input"),
        ({"sort": "filed_at"}, "bad_input"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("book")
async def test_what_cannot_be_asked_is_refused(
    app_client: AsyncClient, supervisor: Person, params: dict[str, Any], code: str
) -> None:
    answer = await app_client.get(PATH, params=params, headers=supervisor.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_offset_whose_plus_sign_was_lost_is_understood(
    app_client: AsyncClient, supervisor: Person, cases: Cases
) -> None:
    answer = await app_client.get(f"{PATH}?filed_from=2026-03-02T09:10:00+08:00", headers=supervisor.headers)
    assert [item["id"] for item in answer.json()["items"]] == [str(cases.disposed)]


@pytest.mark.parametrize("sort", ["-filed_at", "due_at", "-updated_at"])
async def test_pages_of_one_are_the_list(app_client: AsyncClient, supervisor: Person, cases: Cases, sort: str) -> None:
    whole = await ids(app_client, supervisor, sort=sort)
    assert len(whole) == len(Cases.__annotations__)
    paged, following = [], None
    while True:
        params: dict[str, Any] = {"sort": sort, "limit": 1} | ({"after": following} if following else {})
        page = (await app_client.get(PATH, params=params, headers=supervisor.headers)).json()
        paged += [item["id"] for item in page["items"]]
        following = page["next"]
        if following is None:
            break
    assert paged == whole
    if sort == "due_at":
        assert whole == [str(one) for one in (cases.east, cases.west, cases.disposed, cases.filed)]


async def test_two_cases_without_due_time_are_paged_too(
    app_client: AsyncClient, supervisor: Person, cases: Cases, sessions: Sessions, book: Book
) -> None:
    other = await Tale(book=book, at=MONDAY, place=IN_EAST).store(sessions)
    first = (await app_client.get(PATH, params={"sort": "due_at", "limit": 4}, headers=supervisor.headers)).json()
    rest = await ids(app_client, supervisor, sort="due_at", after=first["next"])
    assert [first["items"][-1]["id"], *rest] == sorted([str(cases.filed), str(other)])


async def test_a_unit_sees_what_it_ever_had_and_nothing_else(
    app_client: AsyncClient, cases: Cases, west: Person, east: Person
) -> None:
    assert await names(app_client, west, cases) == {"west"}
    assert await names(app_client, east, cases) == {"east", "disposed"}


async def test_a_unit_cannot_find_out_who_reported_or_checks(
    app_client: AsyncClient, cases: Cases, supervisor: Person, west: Person, east: Person, inspector: Person
) -> None:
    his = {"inspector": str(inspector.id)}
    assert await names(app_client, supervisor, cases, **his) == {"west", "disposed"}
    assert await names(app_client, west, cases, **his) == set()
    assert await names(app_client, east, cases, **his) == set()


async def test_accounts_without_a_view_of_cases_get_an_empty_list(
    app_client: AsyncClient, application: FastAPI, keys: Keys, cases: Cases
) -> None:
    admin = await signed_in(application, keys, Post.ADMIN)
    assert await names(app_client, admin, cases) == set()


async def test_csv_is_for_spreadsheets_and_runs_nothing(
    app_client: AsyncClient, supervisor: Person, cases: Cases, sessions: Sessions, book: Book
) -> None:
    evil = await Tale(book=book, at=MONDAY, place=IN_WEST, description='=HYPERLINK(1),"x"').store(sessions)
    answer = await app_client.get(PATH, headers={**supervisor.headers, "Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert len(rows) == 5
    assert rows[str(evil)]["description"] == '\'=HYPERLINK(1),"x"'
    assert rows[str(cases.west)]["filed_at"] == "2026-03-02T09:01:00+08:00"
    assert rows[str(cases.west)]["unit_name"] == "西街中队"
    assert rows[str(cases.west)]["tags"] == "雨季"


@pytest.mark.parametrize("start", list("=+-@＝＋－＠\t"))
async def test_every_beginning_of_a_formula_is_defused(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book, start: str
) -> None:
    await Tale(book=book, at=MONDAY, place=IN_WEST, description=f"{start}1").store(sessions)
    answer = await app_client.get(PATH, headers={**supervisor.headers, "Accept": "text/csv"})
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["description"] == f"'{start}1"


async def test_geojson_has_a_feature_a_case(app_client: AsyncClient, east: Person, cases: Cases) -> None:
    headers = {**east.headers, "Accept": "application/geo+json"}
    answer = await app_client.get(PATH, params={"sort": "due_at"}, headers=headers)
    assert answer.headers["content-type"] == "application/geo+json"
    found = answer.json()
    assert [one["id"] for one in found["features"]] == [str(cases.east), str(cases.disposed)]
    assert found["features"][0]["geometry"] == {"type": "Point", "coordinates": [104.0015, 30.0005]}


@pytest.mark.usefixtures("book")
async def test_exports_of_nothing_are_whole(app_client: AsyncClient, supervisor: Person) -> None:
    answer = await app_client.get(PATH, headers={**supervisor.headers, "Accept": "application/geo+json"})
    assert answer.json() == {"type": "FeatureCollection", "features": []}
    answer = await app_client.get(PATH, headers={**supervisor.headers, "Accept": "text/csv"})
    assert len(answer.content.decode().splitlines()) == 1


async def test_a_longer_list_costs_no_more_statements(
    app_client: AsyncClient, supervisor: Person, cases: Cases
) -> None:
    assert len(await ids(app_client, supervisor)) == len(vars(cases))
    costs = []
    for limit in (1, 4):
        with counted() as statements:
            assert len(await ids(app_client, supervisor, limit=limit)) == limit
        costs.append(len(statements))
    assert costs[0] == costs[1]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are sent."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
