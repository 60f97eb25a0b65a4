import json
import logging
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from app.runtime.logs import configure_logs
from app.runtime.tracebacks import describe
from app.settings import load_settings

CANARY = "赵金丝雀 13900001111"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _raised(error: Exception) -> Exception:
    try:
        return _raise(error)
    except Exception as caught:  # noqa: BLE001  # any error is a sample here
        return caught


def _raise(error: Exception) -> Exception:
    raise error


@pytest.mark.parametrize("error", [ValueError(CANARY), KeyError(CANARY), asyncpg.DataError(CANARY), Exception(CANARY)])
def test_a_traceback_does_not_quote_values(error: Exception) -> None:
    outer = _raised(RuntimeError("outer"))
    outer.__cause__ = _raised(error)
    text = describe(outer)
    assert CANARY not in text
    assert type(error).__qualname__ in text
    assert "test_logs.py" in text
    assert "outer" in text


def test_the_constraint_that_was_hurt_is_named() -> None:
    error = asyncpg.UniqueViolationError(CANARY)
    error.constraint_name = "uq_people_phone"
    assert "sqlstate=23505 " in f"{describe(error)} "
    assert "uq_people_phone" in describe(error)


def test_files_get_json_lines_of_both_kinds_of_loggers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(load_settings(home=tmp_path), "api-1")
    structlog.stdlib.get_logger("ours").info("报告已受理", report="r1")
    try:
        _raise(ValueError(CANARY))
    except ValueError:
        logging.getLogger("theirs").exception("failed with %s", "x")
    lines = [json.loads(line) for line in (tmp_path / "log" / "api-1.log").read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["level"], line["logger"]) for line in lines] == [
        ("报告已受理", "info", "ours"),
        ("failed with x", "error", "theirs"),
    ]
    assert lines[0]["report"] == "r1"
    assert lines[0]["timestamp"].endswith("Z")
    assert "test_logs.py" in lines[1]["exception"]
    shown = capsys.readouterr().err
    assert "failed with x" in shown
    assert "报告已受理" not in shown
    assert CANARY not in shown + json.dumps(lines, ensure_ascii=False)
