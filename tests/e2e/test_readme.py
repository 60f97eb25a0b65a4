"""The walk of both READMEs, run as printed against a server that listens."""

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from app.main import create_app
from app.settings import Mode
from tests.towns import Town

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")


def walk(name: str) -> str:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.fixture(scope="module")
def address(demo_town: Town, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(base / "demo.keys", home / "keys")
    app = create_app(demo_town.settings(home, mode=Mode.DEMO))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + 60
    while not server.started and time.monotonic() < give_up:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


def test_both_readmes_print_the_same_walk() -> None:
    assert walk(READMES[0]) == walk(READMES[1])


def test_the_walk_leads_from_three_reports_to_the_figure(address: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own page, as printed
        ["/bin/sh", "-eu", "-c", walk(READMES[0])],
        env={**os.environ, "GRIDCASE_BASE": address},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["due", "closed"] * 3
    assert lines[6:9] == [
        f"{channel} ['closed_on_time', 1] / ['to_close', 1] = 100.00 %"
        for channel in ("citizen", "hotline_12345", "inspector")
    ]
    assert re.fullmatch(r"[A-Z0-9]+\d{15}", lines[9])
