"""Acts played in one batch and one by one: the same becomes of them, and the same is stored."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.codes import CheckResult, FailCode
from app.services.acts import Act
from tests.acts_played import ACCEPT, AT_ONCE, DISPOSE, FILE, PASS, act, checked, dispatched, errors, reported
from tests.hotline_city import City, open_city
from tests.towns import Town

TABLES: Final = (
    *("cases", "reports", "case_reports", "round_facts", "legs", "requests", "report_facts"),
    *("history", "history_texts", "timers"),
)
MADE_ANEW: Final = ("hash", "case_no", "salt", "texts")
"""What differs though the same was done: hashes of ids and salts, and numbers of a sequence."""

ON_CASES: Final = (
    *(commands.Sign(), DISPOSE, commands.SendCheck(), PASS, commands.Close(), commands.Reopen(reason_code="again")),
    commands.Check(result=CheckResult.FAIL, code=FailCode.NOT_DONE),
    *(commands.Recall(), commands.Dispatch(), commands.Void(reason_code="error")),
    *(commands.RequestReturn(reason_code="other"), commands.Note(text="电话13800138000"), commands.Urge()),
)
TWO: Final = commands.File(cases=(commands.CaseWanted(condition=1), commands.CaseWanted(condition=2)))
ON_REPORTS: Final = (
    *(AT_ONCE, ACCEPT, FILE, TWO, commands.Reject(reason_code="no", public_answer="不属实")),
    *(commands.Unmerge(reason_code="other"), commands.Withdraw(reason_code="mine"), commands.Urge()),
)
Moves = list[tuple[bool, int, int]]
MOVES: Final = st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 19)), min_size=12, max_size=45)


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves=MOVES)
async def test_a_batch_does_what_its_acts_do_one_by_one(city: City, moves: Moves) -> None:
    cases, reports = await dispatched(city, 2) + await checked(city, 2), await reported(city, 4)
    acts = [_meant(city, move, cases, reports) for move in moves]
    told = [await _played(city, batches, {*cases, *reports}) for batches in ([acts], [[one] for one in acts])]
    assert told[0] == told[1]


def _meant(city: City, move: tuple[bool, int, int], cases: Sequence[UUID], reports: Sequence[UUID]) -> Act:
    on_case, which, what = move
    if on_case:
        return act(city, "case", cases[which], ON_CASES[what % len(ON_CASES)])
    wanted = (*ON_REPORTS, *(commands.Merge(into_case=one) for one in cases))
    return act(city, "report", reports[which], wanted[what % len(wanted)])


async def _played(city: City, batches: Sequence[Sequence[Act]], known: set[UUID]) -> tuple[list[object], list[str]]:
    """Play batches and return what became of them and what was stored, then let none of it have happened."""
    async with city.sessions() as session:
        done = [one for some in batches for one in await city.acts.play(some, within=session)]
        opened = [case for one in done for case in one.opened]
        stored = await _stored(session, {*known, *opened}, {str(case): f"opened-{n}" for n, case in enumerate(opened)})
        await session.rollback()
    return [*errors(done), *(len(one.opened) for one in done)], stored


async def _stored(session: AsyncSession, subjects: set[UUID], names: dict[str, str]) -> list[str]:
    rows = []
    for table in TABLES:
        found = await session.scalars(text(f"SELECT CAST(to_jsonb(t) AS text) FROM {table} AS t"))  # noqa: S608  # our own
        for row in found:
            value = json.loads(row)
            owner = next(value[key] for key in ("case_id", "report_id", "subject_id", "id") if key in value)
            if UUID(owner) in subjects:
                rows.append(f"{table} {_plain(value, names, own_id=table in {'cases', 'reports'})}")
    return sorted(rows)


def _plain(value: dict[str, object], names: dict[str, str], *, own_id: bool) -> str:
    payload = value.get("payload")
    kept = {key: one for key, one in value.items() if key not in MADE_ANEW and (own_id or key != "id")}
    if isinstance(payload, dict):
        kept["payload"] = {key: one for key, one in payload.items() if key not in MADE_ANEW}
    plain = json.dumps(kept, sort_keys=True, ensure_ascii=False)
    for one, name in names.items():
        plain = plain.replace(one, name)
    return plain
