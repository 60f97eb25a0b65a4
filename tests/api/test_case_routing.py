"""What was decided when a case was filed, and what today's rules would say."""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient

from app.dispatch.book import Book
from app.dispatch.set_codes import SetKind
from app.repositories.sets import SetRepository
from app.services.transaction import Sessions, writing
from tests.cases_stored import Tale
from tests.people_stored import Person
from tests.sets_stored import rule, store_draft
from tests.small_city import IN_WEST, UNIT_TOP, UNIT_WEST

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)


async def routing(client: AsyncClient, person: Person, case_id: object) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/cases/{case_id}/routing", headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_another_rule_book_shows_as_a_difference(
    app_client: AsyncClient, application: FastAPI, sessions: Sessions, book: Book, supervisor: Person
) -> None:
    case_id = await Tale(book=book, at=MONDAY, place=IN_WEST).store(sessions)
    same = await routing(app_client, supervisor, case_id)
    assert (same["decided"]["unit_code"], same["today"]["unit_code"]) == (UNIT_WEST, UNIT_WEST)
    assert (same["differs"], same["changes"]) == (False, [])

    for name, unit, differs, changes in (
        ("other", UNIT_WEST, False, ["rule_id"]),
        ("new", UNIT_TOP, True, ["unit_code", "rule_id"]),
    ):
        draft = await store_draft(sessions, SetKind.RULES, [rule(name, unit)])
        async with writing(sessions) as session:
            await SetRepository(session).activate([draft], datetime.now(UTC))
        await application.state.wired.books.refresh()
        now = await routing(app_client, supervisor, case_id)
        assert now["decided"] == same["decided"]
        assert (now["today"]["unit_code"], now["today"]["rule_id"]) == (unit, name)
        assert (now["differs"], now["changes"]) == (differs, changes)
