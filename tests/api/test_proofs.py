"""Coverage proofs and rehearsals, asked through the API: of what is in force, and of drafts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import Post, Scope
from app.dispatch.set_codes import SetKind
from app.services import rehearsals
from app.services.transaction import Sessions
from tests.cases_stored import Tale
from tests.people_stored import Person, signed_in
from tests.sets_stored import rule, store_draft
from tests.small_city import EAST, IN_EAST, IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, WEST_CELL

PATH = "/api/v1/dispatch"
OCTOBER = {"filed_from": "2026-10-01T00:00:00+08:00", "filed_to": "2026-11-01T00:00:00+08:00"}
NOON = datetime(2026, 10, 12, 4, tzinfo=UTC)


async def covered(client: AsyncClient, person: Person, **sets: Any) -> Any:
    answer = await client.get(f"{PATH}/coverage", params=sets, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rehearse(client: AsyncClient, person: Person, status: int = 200, **body: Any) -> Any:
    answer = await client.post(f"{PATH}/rehearsals", json={**OCTOBER, **body}, headers=person.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_sets_in_force_are_complete(app_client: AsyncClient, supervisor: Person, book: Book) -> None:
    found = await covered(app_client, supervisor)
    assert (found["complete"], found["groups"], found["group_count"]) == (True, [], 0)
    counts = found["counts"]
    assert (counts["cells"], counts["faces"], counts["conditions"], counts["pairs"]) == (4, 5, 2, 10)
    assert found["versions"] == book.versions
    assert found["geojson"] == {"type": "FeatureCollection", "features": []}


async def test_a_draft_that_leaves_a_street_without_anybody_says_where(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book
) -> None:
    draft = await store_draft(sessions, SetKind.RULES, [rule("r1", UNIT_WEST, Scope.STREET, WEST)])
    found = await covered(app_client, supervisor, rules=str(draft))
    [group] = found["groups"]
    assert (found["complete"], group["fault"], group["streets"]) == (False, "none", {EAST: 2})
    assert group["text"] == "东街的 2 个网格：全部立案条件没有责任单位"
    assert (found["versions"]["rules"], found["counts"]["none"]) == (2, 4)
    assert (await covered(app_client, supervisor))["complete"] is True
    [place] = found["geojson"]["features"]
    [ring] = place["geometry"]["coordinates"]
    assert {tuple(point) for point in ring} >= {(104.001, 30.0), (104.002, 30.0), (104.002, 30.002), (104.001, 30.002)}
    assert book.number == 1


async def test_rules_that_contradict_each_other_are_named_with_their_conditions(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book
) -> None:
    rows = [
        rule("a", UNIT_TOP),
        rule("b", UNIT_WEST, Scope.CELL, WEST_CELL, condition=2),
        rule("c", UNIT_EAST, Scope.CELL, WEST_CELL, condition=2),
    ]
    draft = await store_draft(sessions, SetKind.RULES, rows)
    found = await covered(app_client, supervisor, rules=str(draft))
    [group] = found["groups"]
    assert (group["fault"], group["unit_codes"], group["rule_ids"]) == ("two", [UNIT_EAST, UNIT_WEST], ["b", "c"])
    assert (group["conditions"], group["cells"], group["faces"]) == (["事件 0305 第2条"], [WEST_CELL], 2)
    assert found["counts"]["two"] == 2
    assert book.number == 1


async def test_what_ends_later_is_told_for_then(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book
) -> None:
    end = datetime.now(UTC) + timedelta(days=30)
    draft = await store_draft(sessions, SetKind.RULES, [rule("r", UNIT_TOP, valid_to=end)])
    found = await covered(app_client, supervisor, rules=str(draft))
    [later] = found["later"]
    assert (found["complete"], later["complete"], later["none"]) == (True, False, 10)
    assert datetime.fromisoformat(later["at"]) == end
    assert book.number == 1


@pytest.mark.usefixtures("book")
async def test_a_set_that_is_not_there_or_of_another_kind_is_refused(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions
) -> None:
    draft = await store_draft(sessions, SetKind.RULES, [rule("r", UNIT_TOP)])
    for sets in ({"rules": str(uuid4())}, {"cells": str(draft)}):
        answer = await app_client.get(f"{PATH}/coverage", params=sets, headers=supervisor.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_set")
        assert answer.json()["errors"][0]["where"] == ["query", next(iter(sets))]


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize(
    ("post", "status"), [(Post.ADMIN, 200), (Post.COORDINATOR, 200), (Post.SUPERVISOR, 200), (Post.DISPATCHER, 403)]
)
async def test_only_some_posts_may_prove_and_rehearse(
    app_client: AsyncClient, application: FastAPI, keys: Keys, post: Post, status: int
) -> None:
    person = await signed_in(application, keys, post)
    answer = await app_client.get(f"{PATH}/coverage", headers=person.headers)
    assert answer.status_code == status
    await rehearse(app_client, person, status)


async def test_a_rehearsal_tells_who_gains_and_loses_and_which_cases_change_hands(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.repositories.filed_cases.CHUNK", 2)
    tales = [
        Tale(book, NOON + timedelta(hours=n), place) for n, place in enumerate([IN_WEST, IN_EAST, IN_WEST, IN_EAST])
    ]
    tales += [Tale(book, NOON + timedelta(days=n), IN_WEST) for n in (-60, 60)]
    for tale in tales:
        await tale.store(sessions)
    rows = [rule("r1", UNIT_TOP, Scope.STREET, WEST, condition=1), rule("r2", UNIT_EAST, Scope.STREET, EAST)]
    draft = await store_draft(sessions, SetKind.RULES, rows)
    found = await rehearse(app_client, supervisor, rules=str(draft))
    assert (found["cases"], found["moved"], found["unowned"], found["skipped"]) == (4, 2, 0, {})
    units = {one["unit_code"]: (one["before"], one["after"], one["gained"], one["lost"]) for one in found["units"]}
    assert units == {UNIT_TOP: (0, 2, 2, 0), UNIT_WEST: (2, 0, 0, 2), UNIT_EAST: (2, 2, 0, 0)}
    assert [one["case_no"] for one in found["changes"]] == [tales[n].life.case_no for n in (0, 2)]
    assert found["changes"][0]["before"] == {"unit_code": UNIT_WEST, "decided_by": "rule", "rule_id": "r1"}
    assert found["changes"][0]["after"]["unit_code"] == UNIT_TOP


async def test_cases_that_nobody_would_have_are_counted_apart(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book
) -> None:
    await Tale(book, NOON, IN_WEST).store(sessions)
    draft = await store_draft(sessions, SetKind.RULES, [rule("r2", UNIT_EAST, Scope.STREET, EAST)])
    found = await rehearse(app_client, supervisor, rules=str(draft))
    assert (found["moved"], found["unowned"]) == (1, 1)
    assert found["changes"][0]["why"] == "原由规则 r1 确定，现没有责任单位"
    assert found["units"][-1] == {"unit_code": None, "unit_name": None, "before": 0, "after": 1, "gained": 1, "lost": 0}


async def test_who_does_not_see_cases_gets_sums_only(
    app_client: AsyncClient, application: FastAPI, keys: Keys, sessions: Sessions, book: Book
) -> None:
    await Tale(book, NOON, IN_WEST).store(sessions)
    draft = await store_draft(sessions, SetKind.RULES, [rule("r", UNIT_TOP)])
    found = await rehearse(app_client, await signed_in(application, keys, Post.ADMIN), rules=str(draft))
    assert (found["moved"], found["changes"]) == (1, [])


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"filed_to": "2026-09-01T00:00:00+08:00"}, "bad_period", id="ends before it begins"),
        pytest.param({"filed_from": "2020-10-01T00:00:00+08:00"}, "rehearsal_too_long", id="six years"),
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(
    app_client: AsyncClient, supervisor: Person, body: dict[str, str], code: str
) -> None:
    assert (await rehearse(app_client, supervisor, 422, **body))["code"] == code


async def test_too_many_cases_at_once_are_refused(
    app_client: AsyncClient, supervisor: Person, sessions: Sessions, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsals, "CASES_AT_MOST", 1)
    for hour in range(2):
        await Tale(book, NOON + timedelta(hours=hour), IN_WEST).store(sessions)
    assert (await rehearse(app_client, supervisor, 422))["code"] == "rehearsal_too_large"
