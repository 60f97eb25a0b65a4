"""Many clients after the same case at once: each case brought to where a race begins, then run, then looked at."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, Final, Protocol, TypeVar
from uuid import uuid4

from httpx import Response

Json = dict[str, Any]
T = TypeVar("T")
AT_ONCE: Final = 100
REPORT: Final[Json] = {"kind": "event", "category": "0110", "condition": 1, "description": "人行道上有暴露垃圾"}


class Ask(Protocol):
    """A client: it sends a request in somebody's name."""

    async def __call__(
        self, method: str, path: str, who: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> Response: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One way to win: who does what."""

    who: str
    action: str
    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What a case has behind it, and what is tried at once; only one of it can be."""

    name: str
    before: tuple[str, ...]
    tries: tuple[Try, ...]


@dataclass(slots=True)
class Run:
    """What came of it."""

    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    cases: int = 0


def races(unit: str, units: Sequence[str]) -> tuple[Race, ...]:
    """Return the races; `unit` is the account of the unit that has the cases, `units` are codes to choose from."""
    sent = ("dispatch",)
    done = (*sent, "dispose")
    seen = (*done, "send_check", "check")
    by_hand = [{"unit_code": code, "reason_code": "local_knowledge"} for code in units]
    return (
        Race(name="dispatch", before=(), tries=_tries("dispatcher01", "dispatch", *by_hand)),
        Race(name="sign", before=sent, tries=_tries(unit, "sign", {})),
        Race(
            name="dispose",
            before=sent,
            tries=_tries(unit, "dispose", {"result": "solved"}, {"result": "gone"}, {"result": "explained"}),
        ),
        Race(
            name="rule",
            before=(*sent, "request_extension"),
            tries=(
                *_tries("lead01", "grant", {"request_id": "@request"}),
                *_tries("lead01", "refuse", {"request_id": "@request", "text": "否"}),
            ),
        ),
        Race(
            name="send_check",
            before=done,
            tries=(*_tries("operator01", "send_check", {}), *_tries("lead01", "send_check", {})),
        ),
        Race(
            name="end",
            before=seen,
            tries=(*_tries("lead01", "close", {}), *_tries("lead01", "void", {"reason_code": "by_mistake"})),
        ),
        Race(
            name="reopen", before=(*seen, "close"), tries=_tries("operator01", "reopen", {"reason_code": "not_solved"})
        ),
    )


def _tries(who: str, action: str, *bodies: Json) -> tuple[Try, ...]:
    return tuple(Try(who=who, action=action, body=body) for body in bodies)


@dataclass(slots=True)
class Course:
    """Where races are run: a client, and where reports may lie."""

    ask: Ask
    unit: str
    unit_code: str
    places: Sequence[tuple[float, float]]
    run: Run = field(default_factory=Run)

    async def hold(self, race: Race, cases: int, clients: int, *, together: int) -> None:
        """Run one race on so many cases, `together` of them at the same time."""
        ready = await self._ready(race, cases)
        for some in _parts(ready, together):
            await self._race(race, some, clients)

    async def _ready(self, race: Race, number: int) -> list[str]:
        """Return so many cases that stand where the race begins."""
        operations = [
            {"op": "report", "client_id": str(uuid4()), "body": {**REPORT, "location": _location(place)}}
            for place in islice(cycle(self.places), number)
        ]
        reports = []
        for some in _parts(operations, AT_ONCE):
            sent = {"device_id": "races", "operations": some}
            answer = await self.ask("POST", "/inspector/sync", "inspector01", sent)
            assert answer.status_code == 200, answer.text
            reports += [one["result"]["report_id"] for one in answer.json()["items"]]
        await self._all("reports", reports, "accept", "operator01", {"kind": "event", "category": "0110"})
        await self._all("reports", reports, "file", "lead01", {"cases": [{"condition": 1}]})
        cases = [await self._case_of(one) for one in reports]
        for action in race.before:
            await self._before(action, cases)
        return cases

    async def _before(self, action: str, cases: Sequence[str]) -> None:
        steps: dict[str, tuple[str, Json]] = {
            "dispatch": ("dispatcher01", {"unit_code": self.unit_code, "reason_code": "local_knowledge"}),
            "dispose": (self.unit, {"result": "solved", "public_answer": "已清理"}),
            "request_extension": (self.unit, {"reason_code": "weather"}),
            "send_check": ("operator01", {"inspector": await self._account("inspector02")}),
            "check": ("inspector02", {"result": "pass"}),
            "close": ("lead01", {}),
        }
        who, body = steps[action]
        await self._all("cases", cases, action, who, body)

    async def _all(self, things: str, ids: Sequence[str], action: str, who: str, body: Json) -> None:
        for some in _parts(ids, AT_ONCE):
            answer = await self.ask("POST", f"/{things}/actions/{action}", who, {**body, "ids": list(some)})
            assert answer.status_code == 200, answer.text
            refused = [one for one in answer.json()["items"] if one["status"] != 200]
            assert not refused, (action, refused[0])

    async def _case_of(self, report_id: str) -> str:
        answer = await self.ask("GET", f"/reports/{report_id}", "operator01")
        return str(answer.json()["cases"][0]["id"])

    async def _account(self, username: str) -> str:
        return str((await self.ask("GET", "/me", username)).json()["account"]["id"])

    async def _race(self, race: Race, cases: Sequence[str], clients: int) -> None:
        """Let everybody start at once: one of them with all the cases in a batch, one with the version he knew."""
        before = {one: (await self.ask("GET", f"/cases/{one}", "lead01")).json() for one in cases}
        singles = [self._single(race, before[one], number) for one in cases for number in range(clients - 1)]
        found = await asyncio.gather(self._batch(race, cases), *singles)
        for one in cases:
            answers = [each[one] for each in found if one in each]
            await self._judge(race, before[one], answers, clients)

    async def _single(self, race: Race, case: Json, number: int) -> dict[str, tuple[int, Json]]:
        tried = race.tries[number % len(race.tries)]
        headers = {"If-Match": f'"{case["version"]}"'} if number == 0 else {}
        path = f"/cases/{case['id']}/actions/{tried.action}"
        answer = await self.ask("POST", path, tried.who, _body(tried.body, case), headers)
        return {case["id"]: (answer.status_code, answer.json())}

    async def _batch(self, race: Race, cases: Sequence[str]) -> dict[str, tuple[int, Json]]:
        """Return the answers to a batch; none where each case needs a body of its own."""
        tried = race.tries[0]
        if any(str(value).startswith("@") for value in tried.body.values()):
            tried = Try(who="lead01", action="note", body={"text": "一并"})
            await self.ask("POST", f"/cases/actions/{tried.action}", tried.who, {**tried.body, "ids": list(cases)})
            return {}
        sent = {**tried.body, "ids": list(cases)}
        answer = await self.ask("POST", f"/cases/actions/{tried.action}", tried.who, sent)
        assert answer.status_code == 200, answer.text
        return {one["id"]: (one["status"], one["problem"] or {}) for one in answer.json()["items"]}

    async def _judge(self, race: Race, case: Json, answers: Sequence[tuple[int, Json]], clients: int) -> None:
        """Hold what everybody was answered against what has become of the case."""
        run, where = self.run, f"{race.name} of {case['case_no']}"
        run.cases += 1
        run.answers.update(status for status, _ in answers)
        after = (await self.ask("GET", f"/cases/{case['id']}", "lead01")).json()
        steps = (await self.ask("GET", f"/cases/{case['id']}/history", "lead01")).json()["items"]
        new = [one["action"] for one in steps[case["version"] :] if one["action"] != "note"]
        if Counter(status for status, _ in answers)[200] != 1 or len(answers) < clients - 1:
            run.wrong.append(f"{where}: {Counter(status for status, _ in answers)}")
        if len(new) != 1 or len(steps) != after["version"]:
            run.wrong.append(f"{where}: the history grew by {new}, version {after['version']}")
        for status, problem in answers:
            if status not in {200, 409, 412}:
                run.wrong.append(f"{where}: {status} {problem}")
            elif status == 409 and problem.get("state") != after["state"]:
                run.wrong.append(f"{where}: told {problem.get('state')}, stands at {after['state']}")


def _body(body: Json, case: Json) -> Json:
    request = case["requests"][0]["id"] if case["requests"] else None
    return {name: request if value == "@request" else value for name, value in body.items()}


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _location(place: tuple[float, float]) -> Json:
    return {"lon": place[0], "lat": place[1], "datum": "cgcs2000", "from": "device"}
