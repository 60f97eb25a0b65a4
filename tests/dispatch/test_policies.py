"""Defaults against the design, and docs/policies.md against the code."""

import re
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from app.dispatch.codes import LimitUnit, ReworkClock
from app.dispatch.duplicates import DEFAULT_REACH
from app.dispatch.follow_ups import AUTOMATIC
from app.dispatch.grid import SNAP_TOLERANCE_M
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS, MEANINGS, Policies, table
from app.dispatch.task_codes import WhoMayCheck

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
FIRST_TABLE = PAGE[PAGE.index("| policy |") :].partition("\n\n")[0]
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def test_the_defaults_are_those_of_the_design() -> None:
    """Source: domain design §2 (actions, house defaults) and §3 (rework, stage limits)."""
    assert (
        Policies(
            auto_accept=False,
            auto_file=False,
            auto_dispatch=False,
            auto_sign_after=timedelta(hours=2),
            auto_send_check=False,
            auto_close=False,
            citizen_reopens=False,
            evidence_required=(),
            required_fields=(),
            answer_approval=False,
            call_back_before_closing=False,
            sub_share=0.7,
            follow_up_limit=Limit(value=10, unit=LimitUnit.WORK_DAY),
            who_may_check=WhoMayCheck.OTHER_IF_NEAR,
            recheck_share=0.1,
            accept_limit=Limit(value=15, unit=LimitUnit.MINUTE),
            file_limit=Limit(value=15, unit=LimitUnit.MINUTE),
            dispatch_limit=Limit(value=15, unit=LimitUnit.MINUTE),
            verify_limit=Limit(value=30, unit=LimitUnit.MINUTE),
            check_limit=Limit(value=30, unit=LimitUnit.MINUTE),
            arbitration_limit=Limit(value=1, unit=LimitUnit.WORK_DAY),
            desk_check=False,
            recall_within=timedelta(minutes=15),
            return_window=Limit(value=8, unit=LimitUnit.WORK_HOUR),
            return_window_share=0.25,
            return_window_least=timedelta(minutes=15),
            extensions_at_most=2,
            extension_moves_case=True,
            suspension_at_most=timedelta(days=365),
            suspensions_a_round=1,
            rework_clock=ReworkClock.UNIT_TIME,
            ruling_limit=Limit(value=1, unit=LimitUnit.WORK_HOUR),
            ruling_limit_continuous=Limit(value=15, unit=LimitUnit.MINUTE),
            redo_limit=Limit(value=3, unit=LimitUnit.WORK_DAY),
            reopen_within=timedelta(days=15),
            snap_tolerance_m=30.0,
            duplicate_radius_m=50.0,
            duplicate_within=timedelta(days=15),
            recurrence_within=timedelta(days=15),
        )
        == DEFAULTS
    )


def test_every_policy_has_its_meaning() -> None:
    names = [f.name for f in fields(Policies)]
    assert list(MEANINGS) == names
    assert [name for name, _, _ in table()] == names
    assert all(re.search("[\u4e00-\u9fff]", meaning) for meaning in MEANINGS.values())


def test_the_page_shows_every_policy_as_it_is() -> None:
    assert ROW.findall(FIRST_TABLE) == list(table())
    assert {name for name in AUTOMATIC if f"| `{name}` | " in PAGE.partition(FIRST_TABLE)[2]} == set(AUTOMATIC)


@pytest.mark.parametrize("row", [row for row in ROW.findall(PAGE) if "." in row[0]], ids=lambda row: row[0])
def test_the_page_shows_each_constant_as_it_is(row: tuple[str, str, str]) -> None:
    module, _, name = row[0].partition(".")
    assert row[1] == str(getattr(import_module(f"app.dispatch.{module}"), name))


def test_constants_agree_with_the_policies_they_stand_for() -> None:
    assert DEFAULTS.snap_tolerance_m == SNAP_TOLERANCE_M
    assert (DEFAULTS.duplicate_radius_m, DEFAULTS.duplicate_within) == (DEFAULT_REACH.radius_m, DEFAULT_REACH.age)
