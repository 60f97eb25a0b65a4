"""docs/glossary.md names every code and every word of the field in both languages."""

import re
from enum import StrEnum
from inspect import getmembers, isclass
from pathlib import Path

import pytest

from app.dispatch import codes, figure_codes, order_codes, set_codes, task_codes

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ENUMS = [
    kind
    for module in (codes, figure_codes, order_codes, set_codes, task_codes)
    for _, kind in getmembers(module, isclass)
    if issubclass(kind, StrEnum) and kind is not StrEnum
]
CHINESE = re.compile("[\u4e00-\u9fff]")
CODE_ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
WORD_ROW = re.compile(r"^\| ([^|`]+) \| ([\w /]+) \| [^|]+ \|$", re.MULTILINE)
WORDS = {
    *("report", "case", "round", "leg", "desk", "accept", "verify", "file", "dispatch", "sign", "dispose"),
    *("disposal report", "check", "close", "rework", "redo", "return", "return_to_partner", "extension"),
    *("suspension", "problem_bank", "stock", "merge", "merge_case", "divide", "void", "order", "urge"),
    *("self_disposed", "self_found", "simple", "inspector", "operator", "shift_lead", "dispatcher", "unit"),
    *("supervisor", "coordinator", "cell", "beat", "zone", "component", "event", "major / minor", "condition"),
    *("fallback unit", "repeat_order", "recurrence", "repeat_party", "duplicate", "appraisal", "bulletin", "appeal"),
}


def section(kind: type[StrEnum]) -> str:
    """Return the part of the page about one class of codes."""
    heading = re.search(rf"^### {kind.__name__}（.+）$", PAGE, re.MULTILINE)
    assert heading is not None, f"{kind.__name__} is missing from docs/glossary.md"
    return PAGE[heading.end() :].partition("\n### ")[0]


def test_there_are_codes_to_look_for() -> None:
    assert {codes.Action, codes.CaseState, codes.Attention} <= set(ENUMS)


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_every_code_has_its_chinese(kind: type[StrEnum]) -> None:
    rows = dict(CODE_ROW.findall(section(kind)))
    assert list(rows) == [member.value for member in kind]
    assert all(CHINESE.search(name) for name in rows.values())
    assert len(set(rows.values())) == len(rows)


def test_no_class_is_named_that_is_gone() -> None:
    assert set(re.findall(r"^### (\w+)（", PAGE, re.MULTILINE)) == {kind.__name__ for kind in ENUMS}


def test_every_word_of_the_field_is_there_once() -> None:
    words = [term for _, term in WORD_ROW.findall(PAGE)]
    assert set(words) >= WORDS
    assert len(words) == len(set(words))
    assert all(CHINESE.search(chinese) for chinese, term in WORD_ROW.findall(PAGE) if term not in {"term", "---"})
