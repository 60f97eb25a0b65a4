"""What the documentation says can be typed can be typed, and what it points to is there."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from app.settings import Settings
from tests.deploy.commands import complaint

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_CODE: Final = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_COMMAND: Final = re.compile(r"(?<![\w/-])(?:\.venv/bin/)?gridcase(?: +([a-z][^\n`#|;&]*))")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_VARIABLE: Final = re.compile(r"\bGRIDCASE_([A-Z_]+[A-Z])\b")
_NOT_SETTINGS: Final = frozenset({"BASE", "DB_PASSWORD"})
"""Of the README's walk, and of compose.yaml."""


def _commands(page: Path) -> list[str]:
    code = "\n".join(_CODE.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    return [found.strip() for found in _COMMAND.findall(code)]


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual viewers make them."""
    titles = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_the_commands_are_found() -> None:
    """Else the next test would hold for nothing."""
    assert len({line.split()[0] for page in PAGES for line in _commands(page)}) >= 6
    assert complaint(["db", "backup", "--force", "file"]) is None
    assert complaint(["db", "dump"])
    assert complaint(["db", "backup", "--forse"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: Path) -> None:
    assert [(line, wrong) for line in _commands(page) if (wrong := complaint(shlex.split(line, posix=False)))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_exists(page: Path) -> None:
    named = set(_VARIABLE.findall(page.read_text(encoding="utf-8"))) - _NOT_SETTINGS
    assert sorted(name for name in named if name.lower() not in Settings.model_fields) == []


def test_every_setting_is_explained() -> None:
    explained = set(_VARIABLE.findall((ROOT / "docs" / "running.md").read_text(encoding="utf-8")))
    assert sorted(name for name in Settings.model_fields if name.upper() not in explained) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_index_knows_every_page() -> None:
    linked = set(_LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name not in linked | {"README.md"}) == []
