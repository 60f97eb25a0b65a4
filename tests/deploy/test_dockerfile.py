"""No container can be built here: the Dockerfile is read strictly, and its steps are taken in a scratch root."""

import re
import shutil
import socket
import subprocess
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

from app.runtime.throwaway import throwaway_cluster
from tests.deploy.dockerfile import parse
from tests.deploy.scratch import Scratch

ROOT: Final = Path(__file__).parents[2]
STAGES: Final = parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))
FINAL: Final = STAGES[-1]
_PATIENCE_S: Final = 120


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607  # the machine's own
    return sorted(listed.stdout.decode().splitlines())


def _context() -> list[str]:
    """Return the files that .dockerignore lets through; the last rule that fits a file or a folder above it counts."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    rules = [(not line.startswith("!"), line.removeprefix("!")) for line in lines]
    found = []
    for name in _tracked():
        above = [name, *(str(parent) for parent in Path(name).parents if str(parent) != ".")]
        hits = [
            out for out, rule in rules if any(fnmatch(one, rule) or fnmatch(f"/{one}", f"*/{rule}") for one in above)
        ]
        if not (hits and hits[-1]):
            found.append(name)
    return found


@pytest.mark.parametrize(
    "broken", ["RUN x", "FROM a\nINSTALL x", "FROM a\nRUN x \\", "FROM a b", "FROM a\nHEALTHCHECK NONE", "FROM a\nfoo"]
)
def test_what_is_not_understood_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"line|FROM"):
        parse(broken)


def test_images_are_named_to_the_version() -> None:
    known = {stage.name for stage in STAGES if stage.name}
    for stage in STAGES:
        assert stage.image in known or re.fullmatch(r"python:3\.\d+-slim-[a-z]+", stage.image)
    assert len({stage.image for stage in STAGES}) == 1  # what was built on one runs on the other


def test_it_runs_as_nobody_special_and_is_looked_after() -> None:
    names = [step.name for step in FINAL.steps]
    assert [step.words for step in FINAL.of("USER")] == [["gridcase"]]
    assert not {"RUN", "COPY", "ENV"} & set(names[names.index("USER") :])
    assert "gridcase" in FINAL.of("RUN")[-1].text
    assert len(FINAL.of("HEALTHCHECK")) == 1
    assert [step for stage in STAGES for step in stage.of("ADD")] == []  # it fetches and unpacks what nobody checked
    assert all(step.is_list for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK") for step in FINAL.of(name))


def test_what_is_copied_is_there_and_is_let_through() -> None:
    context = _context()
    for stage in STAGES:
        for step in stage.of("COPY"):
            if "from" in step.options:
                assert step.options["from"] in {one.name for one in STAGES[: STAGES.index(stage)]}
            for source in step.words[:-1] if "from" not in step.options else ():
                assert source == "." or source in context, source
    assert "app/main.py" in context
    assert "app/demo/catalogue.csv" in context
    assert "migrations/env.py" in context
    assert not [one for one in context if one.startswith(("tests/", ".", "docs/"))]


def test_every_package_is_locked_by_its_hash() -> None:
    lines = (ROOT / "requirements/run.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    assert [line for line in lines if line.strip() and "--hash=sha256:" not in line] == []
    assert any("--require-hashes" in step.text for step in STAGES[0].of("RUN"))


def test_no_lists_of_packages_stay_behind() -> None:
    for step in (one for stage in STAGES for one in stage.of("RUN") if "apt-get" in one.text):
        assert "--no-install-recommends" in step.text
        assert step.text.endswith("rm -rf /var/lib/apt/lists/*")


def test_apt_knows_the_packages() -> None:
    if shutil.which("apt-cache") is None:
        pytest.skip("no apt here: the names were only read")
    for step in (one for stage in STAGES for one in stage.of("RUN") if "apt-get install" in one.text):
        words = step.text.partition("apt-get install")[2].partition("&&")[0].split()
        packages = [word for word in words if not word.startswith("-")]
        assert packages
        asked = subprocess.run(["apt-cache", "policy", *packages], capture_output=True, text=True, check=True)  # noqa: S603, S607  # the machine's own
        known = re.findall(r"^(\S+):\n.*\n\s+Candidate: (\S+)", asked.stdout, re.MULTILINE)
        assert [name for name, candidate in known if candidate == "(none)"] == []
        if not known:
            pytest.skip("apt has no lists here: the names were only read")
        assert [name for name, _ in known] == packages


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(root=tmp_path / "root")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_its_steps_taken_in_order_give_a_service_that_its_own_check_calls_healthy(
    scratch: Scratch, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    context = _context()
    for stage in STAGES:
        for step in stage.steps:
            scratch.take(step, stage, ROOT, context)
    with throwaway_cluster() as cluster:
        environment = scratch.environment(FINAL) | {
            "GRIDCASE_PORT": str(port),
            "GRIDCASE_CITY": "boxed",
            "GRIDCASE_DATABASE_URL": cluster.url("boxed_app"),
            "GRIDCASE_ADMIN_URL": cluster.url(),
        }
        _see_health(scratch, environment, expected=False)
        done = scratch.run([*FINAL.of("ENTRYPOINT")[0].words, "db", "upgrade"], environment)
        assert done.returncode == 0, done.stderr
        command = [*FINAL.of("ENTRYPOINT")[0].words, *FINAL.of("CMD")[0].words]
        with scratch.running(command, {**environment, "GRIDCASE_ADMIN_URL": ""}) as process:
            end = time.monotonic() + _PATIENCE_S
            while _healthy(scratch, environment) is False:
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.5)
        _see_health(scratch, environment, expected=False)
    with capsys.disabled():
        print(scratch.report())  # noqa: T201  # which steps were executed, and which only read
    assert not [line for line in scratch.read_only if "pip install" in line or "COPY" in line]


def _healthy(scratch: Scratch, environment: dict[str, str]) -> bool:
    [check] = FINAL.of("HEALTHCHECK")
    return scratch.run(list(check.words), environment).returncode == 0


def _see_health(scratch: Scratch, environment: dict[str, str], *, expected: bool) -> None:
    assert _healthy(scratch, environment) is expected
