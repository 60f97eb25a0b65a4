"""The worked examples of docs/workflow.md, played through the API line by line."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select

from app.dispatch.codes import EndKind, FailCode
from app.dispatch.workflow_table import BY_HAND
from app.models.people import Account
from tests.e2e.served import MONDAY, Json, Served, report

PAGE: Final = Path(__file__).parents[2] / "docs" / "workflow.md"
_BY_HAND: Final = PAGE.read_text(encoding="utf-8").partition(BY_HAND)[2]
EXAMPLES: Final = re.findall(
    r"^`(\w+)`:[^`]*?(?:`[^`]+`[^`]*?)*?\n```life\n(.+?)```", _BY_HAND, re.MULTILINE | re.DOTALL
)
_PEOPLE: Final = {"operator": "operator01", "lead": "lead01", "dispatcher": "dispatcher01"}
_ACT: Final = re.compile(r"(\w+): (\w+)((?: \w+=\S+)*) → (\w+)")
_ON_REPORTS: Final = frozenset({"accept", "file", "withdraw"})
_ACCEPTED: Final = {"kind": "event", "category": "0110"}


def test_every_end_kind_and_every_fail_code_has_an_example() -> None:
    assert sorted(name for name, _ in EXAMPLES) == sorted([*EndKind, *FailCode])


@pytest.mark.parametrize("lines", [lines for _, lines in EXAMPLES], ids=[name for name, _ in EXAMPLES])
async def test_the_example_is_true(city: Served, lines: str) -> None:
    city.clock.at = MONDAY
    play = Play(city)
    await play.begin()
    for line in lines.strip().splitlines():
        await play.line(line)
    assert play.judged, "an example ends with what is there afterwards"


class Play:
    """One example on its way."""

    def __init__(self, city: Served) -> None:
        self.city = city
        self.report: Json = {}
        self.case: Json = {}
        self.leg_due: str | None = None
        self.judged = False

    async def begin(self) -> None:
        """Have a case of the same kind elsewhere."""
        self.other = await self._dispatched(await self._reported())

    async def line(self, line: str) -> None:
        """Play one line."""
        word, _, rest = line.partition(" ")
        if word == "given:":
            await self._given(rest)
        elif word == "+":
            number, unit = rest.split()
            self.city.clock.pass_by(**{unit: float(number)})
        elif word == "=":
            await self._judge(dict(one.split("=") for one in rest.split()))
        else:
            match = _ACT.fullmatch(line)
            assert match is not None, line
            await self._act(*match.groups())

    async def _given(self, what: str) -> None:
        self.report = await self._reported()
        if what == "a report":
            return
        self.case = await self._dispatched(self.report)
        if what == "a case checking":
            for line in ("unit: dispose result=solved → disposed", "operator: send_check → checking"):
                await self.line(line)
        else:
            assert what == "a case dispatched", what

    async def _act(self, who: str, action: str, given: str, state: str) -> None:
        fields: Json = dict(one.split("=") for one in given.split())
        if "condition" in fields:
            fields = {"cases": [{"condition": int(fields["condition"])}]}
        if "into_case" in fields:
            fields["into_case"] = self.other["id"]
        if action in {"grant", "refuse"}:
            fields["request_id"] = self.case["requests"][0]["id"]
        on_report = action in _ON_REPORTS
        things, subject = ("reports", self.report) if on_report else ("cases", self.case)
        done = await self.city.act(things, subject["id"], action, await self._who(who), **fields)
        assert done["state"] == state, (action, done["state"])
        if on_report:
            self.report, cases = done, done["cases"]
            self.case = self.case or (await self._seen(cases[0]["id"]) if cases else {})
        else:
            self.leg_due = self.leg_due or self.case["leg_due_at"]
            self.case = await self._seen(self.case["id"])

    async def _who(self, who: str) -> str:
        if who == "unit":
            return self.city.accounts[self.case["unit_code"]]
        if who == "inspector":
            asked = select(Account.username).where(Account.id == UUID(self.case["inspector_id"]))
            async with self.city.sessions() as session:
                return str(await session.scalar(asked))
        return _PEOPLE.get(who, who)

    async def _judge(self, wanted: dict[str, str]) -> None:
        """Hold what is there against the line: the end, whether the leg's due time moved, and the counts."""
        assert self.case["end_kind"] == wanted.pop("end_kind")
        if "leg_due_moved" in wanted:
            assert (self.case["leg_due_at"] != self.leg_due) is (wanted.pop("leg_due_moved") == "yes")
        counts = await self._figures()
        assert {name: str(counts[name]) for name in wanted} == wanted
        self.judged = True

    async def _reported(self) -> Json:
        answer = await self.city.post("/reports", "inspector01", report(self.city.place()))
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    async def _dispatched(self, made: Json) -> Json:
        await self.city.act("reports", made["id"], "accept", "operator01", **_ACCEPTED)
        filed = await self.city.act("reports", made["id"], "file", "lead01", cases=[{"condition": 1}])
        await self.city.act("cases", filed["cases"][0]["id"], "dispatch", "dispatcher01")
        return await self._seen(filed["cases"][0]["id"])

    async def _seen(self, case_id: str) -> Json:
        found: Json = (await self.city.get(f"/cases/{case_id}", "lead01")).json()
        return found

    async def _figures(self) -> dict[str, int]:
        """Return the counts of the cell that the example has to itself."""
        period: dict[str, Any] = {"from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=9)).isoformat()}
        period["cell"] = self.case["cell_code"]
        answer = await self.city.get("/stats/closure", "supervisor01", params=period)
        counts: dict[str, int] = answer.json()["total"]["counts"]
        return counts
