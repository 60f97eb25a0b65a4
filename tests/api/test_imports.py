"""`POST /admin/{kind}`: the answers to files that are taken, refused, sent twice, or sent by others."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.adapters.keys import Keys
from app.api.limit import ORDINARY
from app.dispatch.book import Book
from app.dispatch.codes import Post
from app.dispatch.importing.findings import FAULTS
from app.dispatch.importing.kinds import FIELDS, KINDS
from tests.files_made import geojson, grid, square, table
from tests.people_stored import Person, signed_in
from tests.small_city import UNIT_EAST, UNIT_WEST

URL = "/api/v1/admin"
DOCS = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")


@pytest.fixture
async def admin(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.ADMIN)


async def send(
    client: AsyncClient, who: Person | None, kind: str, path: Path | None, key: str | None = None, **form: str
) -> Response:
    headers = {**(who.headers if who else {}), **({"Idempotency-Key": key} if key else {})}
    files = {"file": (path.name, path.read_bytes())} if path else {"nothing": b""}  # noqa: ASYNC240  # a small file
    return await client.post(f"{URL}/{kind}", headers=headers, files=files, data=form)


async def test_a_draft_is_answered_whole(app_client: AsyncClient, admin: Person, book: Book, tmp_path: Path) -> None:
    path = geojson(tmp_path / "网格.geojson", grid(2))
    answer = await send(app_client, admin, "cells", path, name="2026-12", datum="cgcs2000")
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert len(told.pop("id")) == 36
    [finding] = told.pop("findings")
    assert (finding["code"], finding["severity"], finding["where"]["file"]) == (
        "wrong_community",
        "warning",
        "网格.geojson",
    )
    assert told == {
        "kind": "cells",
        "name": "2026-12",
        "state": "draft",
        "valid": True,
        "counts": {"rows": 4, "errors": 0, "warnings": 1, "findings": {"wrong_community": 1}},
        "also": [],
        "accounts": None,
    }
    assert book.cells.codes  # what is in force stays in force


async def test_a_refusal_lists_every_finding(app_client: AsyncClient, admin: Person, tmp_path: Path) -> None:
    path = geojson(tmp_path / "c.geojson", [*grid(2), ({"code": "x"}, square(0.5, 0))])
    answer = await send(app_client, admin, "cells", path, name="n", datum="wgs84")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unreadable_file")
    assert {one["code"] for one in problem["findings"]} == {"overlap", "bad_code", "no_areas"}
    assert problem["counts"]["errors"] == 3
    assert all(set(one) == {"code", "severity", "where", "message"} for one in problem["findings"])


@pytest.mark.parametrize("kind", KINDS)
async def test_only_city_wide_administrators_may_whatever_they_send(
    app_client: AsyncClient, admin: Person, supervisor: Person, kind: str
) -> None:
    assert (await send(app_client, None, kind, None)).status_code == 401
    assert (await send(app_client, supervisor, kind, None)).status_code == 403
    answer = await app_client.post(f"{URL}/{kind}", headers={**supervisor.headers, "Content-Type": "text/plain"})
    assert answer.status_code == 403
    assert (await send(app_client, admin, kind, None)).status_code == 422


async def test_a_datum_must_be_declared_and_known(app_client: AsyncClient, admin: Person, tmp_path: Path) -> None:
    path = geojson(tmp_path / "c.geojson", grid(2))
    missing = await send(app_client, admin, "cells", path, name="n")
    assert (missing.status_code, missing.json()["errors"][0]["where"]) == (422, ["body", "datum"])
    for datum in ("mars", "EPSG:1", "EPSG:4978"):
        wrong = await send(app_client, admin, "cells", path, name="n", datum=datum)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_datum"), datum
    assert (await send(app_client, admin, "units", path, name="n", datum="wgs84")).status_code == 422  # never asked for


async def test_the_same_key_imports_once(app_client: AsyncClient, admin: Person, tmp_path: Path) -> None:
    features = [({**values, "beat_code": "B1"}, shape) for values, shape in grid(2)]
    path = geojson(tmp_path / "c.geojson", features)
    first = await send(app_client, admin, "cells", path, key="k1", name="n", datum="wgs84")
    again = await send(app_client, admin, "cells", path, key="k1", name="n", datum="wgs84")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["also"][0]["kind"] == "beats"
    other = await send(app_client, admin, "cells", path, key="k1", name="other", datum="wgs84")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_a_refusal_does_not_use_the_key_up(app_client: AsyncClient, admin: Person, tmp_path: Path) -> None:
    header = ["code", "name", "cell_code"]
    path = table(tmp_path / "b.csv", header, [["B", "一", None]])
    assert (await send(app_client, admin, "beats", path, key="k", name="n")).status_code == 422
    table(path, header, [["B", "一", "310109001001001"]])
    assert (await send(app_client, admin, "beats", path, key="k", name="n")).status_code == 201


async def test_passwords_are_told_once(app_client: AsyncClient, admin: Person, book: Book, tmp_path: Path) -> None:
    header = ["username", "name", "posts", "units"]
    path = table(tmp_path / "a.csv", header, [["team", "中队", "unit", UNIT_WEST]])
    first = await send(app_client, admin, "accounts", path, key="k", name="n")
    [account] = first.json()["accounts"]
    form = {"username": account["username"], "password": account["password"]}
    assert (await app_client.post("/api/v1/auth/token", data=form)).status_code == 200
    again = await send(app_client, admin, "accounts", path, key="k", name="n")
    assert (again.status_code, again.json()["id"], again.json()["accounts"]) == (201, first.json()["id"], None)
    assert account["password"] not in again.text
    assert book.units


async def test_contradicting_rules_are_a_draft_that_activation_refuses_naming_both(
    app_client: AsyncClient, admin: Person, book: Book, tmp_path: Path
) -> None:
    header = ["unit_code", "scope", "scope_code", "kind", "major", "minor", "condition"]
    rows = [[unit, "city", None, "event", "03", "05", None] for unit in (UNIT_WEST, UNIT_EAST)]
    draft = await send(app_client, admin, "rules", table(tmp_path / "r.csv", header, rows), name="n")
    assert (draft.status_code, draft.json()["valid"]) == (201, False)
    refusal = await app_client.post(f"{URL}/sets/{draft.json()['id']}/activate", headers=admin.headers, json={})
    assert refusal.status_code == 409
    assert "r0001" in refusal.text
    assert "r0002" in refusal.text
    assert book.units


def test_the_page_names_every_fault_and_every_column() -> None:
    assert [code for code in FAULTS if f"| `{code}` |" not in DOCS] == []
    assert [(kind, one.name) for kind, fields in FIELDS.items() for one in fields if f"`{one.name}`" not in DOCS] == []


async def test_only_files_may_be_large(app_client: AsyncClient, admin: Person) -> None:
    large = b'{"sets": ["' + b"0" * ORDINARY + b'"]}'
    headers = {**admin.headers, "Content-Type": "application/json"}
    for path in ("activations", "rulings", "cells"):
        answer = await app_client.post(f"{URL}/{path}", content=large, headers=headers)
        assert answer.status_code == (415 if path == "cells" else 413), path
