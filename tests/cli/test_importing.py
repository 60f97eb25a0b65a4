"""`gridcase import` as it is typed: what it prints, what it leaves, the status it ends with."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from app.cli.main import cli
from tests.conftest import CHEAP
from tests.files_made import geojson, grid, square, table
from tests.towns import CITY, Town

Run = Callable[..., Result]


@pytest.fixture
def run(fresh_city: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `gridcase import` on a city of the module's own."""
    for name in [name for name in os.environ if name.startswith("GRIDCASE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("app.adapters.passwords.Argon2Hasher", lambda **_: CHEAP)
    city = {"GRIDCASE_DATABASE_URL": fresh_city.app_url, "GRIDCASE_CITY": CITY, "COLUMNS": "200"}
    env = {**city, "GRIDCASE_HOME": str(tmp_path / "home")}

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["import", *arguments], env=env)

    return call


def states(town: Town) -> dict[str, list[str]]:
    """Return the states of the sets of each kind, oldest first."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(town.admin_dsn)
        try:
            return list(await connection.fetch(f"SELECT kind, state FROM {CITY}.sets ORDER BY version"))  # noqa: S608  # ours
        finally:
            await connection.close()

    found: dict[str, list[str]] = {}
    for row in asyncio.run(ask()):
        found.setdefault(row["kind"], []).append(row["state"])
    return found


def test_a_draft_then_one_in_force_then_a_refusal(run: Run, fresh_city: Town, tmp_path: Path) -> None:
    features = [({**values, "beat_code": "B1"}, shape) for values, shape in grid(3)]
    path = geojson(tmp_path / "网格.geojson", features)

    draft = run("cells", str(path), "--datum", "cgcs2000", "--name", "甲")
    assert draft.exit_code == 0, draft.stderr
    assert "已导入 cells “甲”：9 行" in draft.stdout
    assert "beats" in draft.stdout
    assert "no_areas" in draft.stdout
    assert states(fresh_city) == {"cells": ["draft"], "beats": ["draft"]}

    active = run("cells", str(path), "--datum", "cgcs2000", "--activate")
    assert active.exit_code == 0, active.stderr
    assert "起启用" in active.stdout
    assert states(fresh_city) == {"cells": ["draft", "active"], "beats": ["draft", "active"]}

    geojson(path, [*features, ({"code": "x"}, square(0.5, 0))])
    refused = run("cells", str(path), "--datum", "cgcs2000", "--activate")
    assert refused.exit_code == 1
    assert "第 10 个要素" in refused.stdout
    assert "bad_code" in refused.stdout
    assert "没有导入" in refused.stderr
    assert states(fresh_city) == {"cells": ["draft", "active"], "beats": ["draft", "active"]}


def test_json_tells_everything(run: Run, tmp_path: Path) -> None:
    header = ["username", "name", "posts"]
    path = table(tmp_path / "a.csv", header, [["lead", "李", "shift_lead"]])
    done = run("accounts", str(path), "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], [one["username"] for one in told["accounts"]]) == ("active", ["lead"])
    again = run("accounts", str(path), "--json")
    assert again.exit_code == 1
    assert [one["code"] for one in json.loads(again.stdout)["findings"]] == ["known_account"]


def test_what_is_typed_wrongly_is_one_sentence(run: Run, tmp_path: Path) -> None:
    path = geojson(tmp_path / "c.geojson", grid(1))
    for arguments in (
        ("sells", str(path)),
        ("cells", str(path)),
        ("cells", str(path), "--datum", "mars"),
        ("cells", str(path), "--datum", "wgs84", "--activate", "--from", "tomorrow"),
    ):
        done = run(*arguments)
        assert done.exit_code == 1
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
