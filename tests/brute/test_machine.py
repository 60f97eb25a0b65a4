"""Drawn acts on the real services and on a small model: after every step both must tell the same of everything."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.codes import CheckResult, DisposalResult, EndKind, FailCode, Kind, VerifyResult
from tests.brute.machine_model import World
from tests.brute.machine_rows import learn, tell
from tests.brute.machine_town import RealTown, Someone, real_town
from tests.brute.machine_values import ROWS, Case, Refused, Report, may, sees
from tests.brute.moves import BEGIN
from tests.small_city import UNIT_EAST, UNIT_TOP, UNIT_WEST
from tests.towns import Town

GAPS = (*(timedelta(minutes=n) for n in (1, 2, 5, 12, 16, 31, 50)), timedelta(hours=2), timedelta(hours=9))
LONG = timedelta(days=16)
REASON = "x"
UNITS = (None, None, UNIT_WEST, UNIT_EAST, UNIT_TOP)
ELSEWHERE = {
    *(("reports", action) for action in ("take_up", "hand_over")),
    *(("cases", action) for action in ("take_up", "hand_over", "amend", "approve_answer", "appeal", "review_appeal")),
    *(("cases", action) for action in ("assign_sub", "return_sub", "report_up", "request_arbitration", "arbitrate")),
}
"""What is not drawn here, but in the histories of `tests.brute.moves` and by hand in `tests.api`."""
RESULTS = (*(DisposalResult.SOLVED,) * 3, *DisposalResult)
NUMBER = st.integers(0, 999)
Make = Callable[[Any], commands.Command]


def fits(things: str, *actions: str) -> Callable[[Any], Any]:
    """Let a rule be drawn only where one of the actions is possible for something."""
    return precondition(lambda self: bool(self.fitting(things, *actions)))


class Lives(RuleBasedStateMachine):
    """Whatever people, partners and timers do, and whatever they may not do."""

    runner: ClassVar[asyncio.Runner]
    town: ClassVar[RealTown]
    met: ClassVar[Counter[tuple[str, str, str]]]
    """How often which act had which answer."""

    @initialize(partner=st.booleans(), steps=st.sampled_from((0, 2, 3, 3, 4, 5, 6, 7, 8)), number=st.integers(1, 2))
    def begin(self, steps: int, number: int, *, partner: bool) -> None:
        """Begin with two reports; take the first some steps on its plain way."""
        self.world = World(BEGIN)
        self._run(self.town.empty())
        self.report(partner=partner)
        self.report(partner=not partner)
        plain: tuple[tuple[str, commands.Command, dict[str, Any]], ...] = (
            ("reports", commands.Accept(kind=Kind.EVENT, category="0305"), {}),
            ("reports", _filing(number), {}),
            ("cases", commands.Dispatch(), {"unit": None, "co_units": ()}),
            ("cases", commands.Sign(), {}),
            ("cases", commands.Dispose(result=DisposalResult.SOLVED), {"result": "solved"}),
            ("cases", commands.SendCheck(), {}),
            ("cases", commands.Check(result=CheckResult.PASS), {"result": "pass", "code": None}),
            ("cases", commands.Close(), {}),
        )
        for things, command, given in plain[:steps]:
            self._on(things, 0, 1, command, **given)

    def teardown(self) -> None:
        self._run(self.town.sound())

    # time

    @rule(gap=st.sampled_from(GAPS))
    def time_passes(self, gap: timedelta) -> None:
        self._wait(gap)
        self._agree()

    @rule(often=st.integers(0, 5))
    def long_time_passes(self, often: int) -> None:
        self._wait(LONG if often == 0 else timedelta(hours=2, minutes=1))
        self._agree()

    @rule()
    def the_worker_looks(self) -> None:
        self.world.fire()
        self._run(self.town.work())
        self._agree()

    # reports

    @precondition(lambda self: len(self.world.reports) < 5)
    @rule(partner=st.booleans())
    def report(self, *, partner: bool) -> None:
        author = None if partner else self._people("inspector")[0].id
        report_id, number = self._run(self.town.receive(author))
        self.world.reports[report_id] = Report(report_id, number, author=author)
        self._agree()

    @rule(which=NUMBER, action=st.sampled_from(("urge", "withdraw", "supplement", "evaluate")))
    def the_partner_speaks(self, which: int, action: str) -> None:
        ours = [one for one in self.world.reports.values() if one.order is not None]
        one = ours[which % len(ours)]
        assert one.order is not None
        said = {"evaluation": {"reached": True, "solved": True, "satisfaction": 5}} if action == "evaluate" else {}
        self._run(self.town.say(one.order, action, content="再说一次", **said))
        self.world.hear_partner(one, action)
        self._agree()

    @fits("reports", "request_verification", "verify")
    @rule(which=NUMBER, stranger=NUMBER, result=st.sampled_from(VerifyResult))
    def verification(self, which: int, stranger: int, result: VerifyResult) -> None:
        one = self._pick("reports", which, "request_verification", "verify")
        if one is None:
            return
        if one.state == "verifying":
            self._act(one, commands.Verify(result=result), stranger, result=result.value)
        else:
            self._act(one, commands.RequestVerification(), stranger)

    @fits("reports", "accept")
    @rule(which=NUMBER, stranger=NUMBER)
    def accept(self, which: int, stranger: int) -> None:
        self._on("reports", which, stranger, commands.Accept(kind=Kind.EVENT, category="0305"))

    @fits("reports", "file")
    @rule(which=NUMBER, stranger=NUMBER, number=st.integers(1, 2))
    def file(self, which: int, stranger: int, number: int) -> None:
        self._on("reports", which, stranger, _filing(number))

    @fits("reports", "accept_file_dispatch")
    @precondition(lambda self: len(self.world.cases) < 6)
    @rule(which=NUMBER, stranger=NUMBER, number=st.integers(1, 2))
    def accept_file_dispatch(self, which: int, stranger: int, number: int) -> None:
        accept = commands.Accept(kind=Kind.EVENT, category="0305")
        whole = commands.AcceptFileDispatch(accept=accept, file=_filing(number), dispatch=commands.Dispatch())
        self._on("reports", which, stranger, whole)

    @fits("reports", "reject")
    @rule(which=NUMBER, stranger=NUMBER, kind=st.sampled_from((commands.Reject, commands.AnswerDirectly)))
    def end_a_report(self, which: int, stranger: int, kind: type[commands.End]) -> None:
        self._on("reports", which, stranger, kind(reason_code=REASON))

    @rule(
        which=NUMBER,
        stranger=NUMBER,
        command=st.sampled_from(
            (
                commands.Forward(reason_code=REASON),
                commands.Withdraw(reason_code=REASON),
                commands.SelfDispose(),
                commands.Unmerge(reason_code=REASON),
            )
        ),
    )
    def leave_a_report(self, which: int, stranger: int, command: commands.Command) -> None:
        self._on("reports", which, stranger, command)

    @precondition(lambda self: self.world.cases)
    @rule(which=NUMBER, stranger=NUMBER, into=NUMBER)
    def merge(self, which: int, stranger: int, into: int) -> None:
        one, cases = self._pick("reports", which, "merge"), list(self.world.cases)
        if one is not None:
            case = cases[into % len(cases)]
            self._act(one, commands.Merge(into_case=case), stranger, into=case)

    # cases

    @fits("cases", "dispatch")
    @rule(which=NUMBER, stranger=NUMBER, unit=st.sampled_from(UNITS), helped=st.booleans())
    def dispatch(self, which: int, stranger: int, unit: str | None, *, helped: bool) -> None:
        others = (UNIT_TOP,) if helped else ()
        sent = commands.Dispatch(unit_code=unit, reason_code=REASON, co_units=others)
        self._on("cases", which, stranger, sent, unit=unit, co_units=others)

    @fits("cases", "resume")
    @rule(which=NUMBER, stranger=NUMBER)
    def resume(self, which: int, stranger: int) -> None:
        self._on("cases", which, stranger, commands.Resume())

    @precondition(lambda self: self.world.cases)
    @rule(which=NUMBER, stranger=NUMBER, action=st.sampled_from(("sign", "contact", "recall", "send_check")))
    def plain_step(self, which: int, stranger: int, action: str) -> None:
        plain: dict[str, commands.Command] = {
            "sign": commands.Sign(),
            "contact": commands.MakeContact(reached=True, at=self.world.now, method="phone"),
            "recall": commands.Recall(),
            "send_check": commands.SendCheck(),
        }
        self._on("cases", which, stranger, plain[action])

    @fits("cases", "request_return")
    @rule(which=NUMBER, stranger=NUMBER, kind=st.sampled_from(("return", "extension", "suspension")))
    def ask(self, which: int, stranger: int, kind: str) -> None:
        until = self.world.now + timedelta(hours=1)
        asked: dict[str, commands.Command] = {
            "return": commands.RequestReturn(reason_code=REASON),
            "extension": commands.RequestExtension(reason_code=REASON),
            "suspension": commands.RequestSuspension(reason_code=REASON, until=until),
        }
        given = {"until": until} if kind == "suspension" else {}
        self._on("cases", which, stranger, asked[kind], **given)

    @precondition(lambda self: any(one.round.pending for one in self.world.cases.values()))
    @rule(which=NUMBER, stranger=NUMBER, yes=st.booleans())
    def decide(self, which: int, stranger: int, *, yes: bool) -> None:
        asked = [one for one in self.world.cases.values() if one.round.pending is not None]
        one = asked[which % len(asked)]
        request = self._request(one)
        ruling: commands.Command = commands.GrantRequest(request_id=request)
        if not yes:
            ruling = commands.RefuseRequest(request_id=request, text="否")
        self._act(one, ruling, stranger)

    @fits("cases", "dispose")
    @rule(which=NUMBER, stranger=NUMBER, result=st.sampled_from(RESULTS))
    def dispose(self, which: int, stranger: int, result: DisposalResult) -> None:
        claim = EndKind.PROBLEM_BANK if result is DisposalResult.CANNOT else None
        given = {"result": result.value, "claim": claim.value if claim else None}
        self._on("cases", which, stranger, commands.Dispose(result=result, claim=claim), **given)

    @fits("cases", "merge_case")
    @rule(which=NUMBER, stranger=NUMBER, into=NUMBER)
    def merge_case(self, which: int, stranger: int, into: int) -> None:
        other = list(self.world.cases)[into % len(self.world.cases)]
        self._on("cases", which, stranger, commands.MergeCase(into_case=other), into=other)

    @fits("cases", "check", "desk_check")
    @rule(
        which=NUMBER,
        stranger=NUMBER,
        result=st.sampled_from((CheckResult.PASS, CheckResult.FAIL, CheckResult.NO_ACCESS, CheckResult.NOT_FOUND)),
        code=st.sampled_from((FailCode.NOT_DONE, FailCode.INCOMPLETE, FailCode.WRONG_PLACE)),
        desk=st.booleans(),
    )
    def check(self, which: int, stranger: int, result: CheckResult, code: FailCode, *, desk: bool) -> None:
        failed = code if result is CheckResult.FAIL else None
        given = {"result": result.value, "code": failed.value if failed else None}
        if desk and result in {CheckResult.PASS, CheckResult.FAIL}:
            self._on("cases", which, stranger, commands.DeskCheck(result=result, code=failed), **given)
        else:
            self._on("cases", which, stranger, commands.Check(result=result, code=failed), **given)

    @fits("cases", "call_back")
    @rule(which=NUMBER, stranger=NUMBER, other=st.booleans())
    def call_back(self, which: int, stranger: int, *, other: bool) -> None:
        one = self._pick("cases", which, "call_back")
        if isinstance(one, Case):
            reports = [each for each in self.world.reports if (each in one.reports) is not other]
            if reports:
                said = commands.CallBack(report_id=reports[0], reached=True, solved=True, satisfaction=4)
                self._act(one, said, stranger, report=reports[0])

    @fits("cases", "close")
    @rule(which=NUMBER, stranger=NUMBER)
    def close(self, which: int, stranger: int) -> None:
        self._on("cases", which, stranger, commands.Close())

    @fits("cases", "reopen")
    @rule(which=NUMBER, stranger=NUMBER)
    def reopen(self, which: int, stranger: int) -> None:
        self._on("cases", which, stranger, commands.Reopen(reason_code=REASON))

    @precondition(lambda self: self.world.cases)
    @rule(which=NUMBER, stranger=NUMBER, second=st.booleans(), often=st.integers(0, 2))
    def void(self, which: int, stranger: int, often: int, *, second: bool) -> None:
        if often == 0:
            person = self._people("shift_lead")[1].id if second else None
            self._on("cases", which, stranger, commands.Void(reason_code=REASON, second_person=person))

    @precondition(lambda self: self.world.cases)
    @rule(which=NUMBER, stranger=NUMBER, what=st.sampled_from(("urge", "note", "tag")))
    def remark(self, which: int, stranger: int, what: str) -> None:
        if what == "tag":
            self._on("cases", which, stranger, commands.Tag(add=("a",), remove=("b",)), add="a", remove="b")
        else:
            self._on("cases", which, stranger, commands.Urge() if what == "urge" else commands.Note(text="看过"))

    @precondition(lambda self: len(self.world.cases) > 1)
    @rule(which=NUMBER, stranger=NUMBER, action=st.sampled_from(("dispatch", "send_check", "close", "note")))
    def many_at_once(self, which: int, stranger: int, action: str) -> None:
        """Do the same to all cases, one of them twice."""
        made: dict[str, tuple[commands.Command, dict[str, Any]]] = {
            "dispatch": (commands.Dispatch(), {"unit": None, "co_units": ()}),
            "send_check": (commands.SendCheck(), {}),
            "close": (commands.Close(), {}),
            "note": (commands.Note(text="一并"), {}),
        }
        command, given = made[action]
        cases = [*self.world.cases.values()]
        cases.append(cases[which % len(cases)])
        who = self._who(cases[0], command, stranger)
        expected = [self._expected(one, command, who, given) for one in cases]
        found = self._run(self.town.act_on_many([one.id for one in cases], command, who))
        assert found == expected, f"{action} on many by {who.actor.username}: {found}, not {expected}"
        self._agree()

    # how

    def _on(self, things: str, which: int, stranger: int, command: commands.Command, **given: Any) -> None:
        one = self._pick(things, which, command.action)
        if one is not None:
            self._act(one, command, stranger, **given)

    def _pick(self, things: str, which: int, *actions: str) -> Report | Case | None:
        """Return something that the action is possible for; one time in six, whatever there is."""
        found = self.fitting(things, *actions) if which % 6 else self._everything(things)
        return found[which // 6 % len(found)] if found else None

    def fitting(self, things: str, *actions: str) -> list[Report | Case]:
        """Return what one of the actions is possible for."""
        everything = self._everything(things)
        return [one for one in everything if any(ROWS[things, action].to(one.state) for action in actions)]

    def _everything(self, things: str) -> list[Report | Case]:
        return [*(self.world.cases if things == "cases" else self.world.reports).values()]

    def _act(self, one: Report | Case, command: commands.Command, stranger: int, **given: Any) -> None:
        things = "cases" if isinstance(one, Case) else "reports"
        who = self._who(one, command, stranger)
        before = one.state
        if isinstance(command, commands.AcceptFileDispatch):
            expected = self._all_at_once(one, command, who)
        else:
            expected = self._expected(one, command, who, given)
        found = self._run(self.town.act(things, one.id, command, who))
        assert found == expected, f"{command} of a {before} one by {who.actor.username}: {found}, not {expected}"
        self.met[things, command.action.value, found] += 1
        self._adopt(one, command, found)
        self._agree()

    def _expected(self, one: Report | Case, command: commands.Command, who: Someone, given: dict[str, Any]) -> str:
        things = "cases" if isinstance(one, Case) else "reports"
        if not sees(who, one):
            return "not_visible"
        if not may(who, one, command.action):
            return "not_permitted"
        if isinstance(command, commands.Sign):
            given = {"by": who.unit}
        if isinstance(command, commands.Void):
            given = {"second": command.second_person not in {None, who.id}}
        try:
            self.world.hear(things, one, command.action, given)
        except Refused as no:
            return str(no)
        return "done"

    def _all_at_once(self, one: Report | Case, command: commands.AcceptFileDispatch, who: Someone) -> str:
        assert isinstance(one, Report)
        if not sees(who, one):
            return "not_visible"
        if not may(who, one, command.action):
            return "not_permitted"
        if one.state != "received":
            return "conflict"
        self.world.hear("reports", one, "accept", {})
        self.world.hear("reports", one, "file", {})
        return "done"

    def _adopt(self, one: Report | Case, command: commands.Command, found: str) -> None:
        """Learn what the services draw by lot or number: new cases, and who is sent."""
        if found != "done":
            return
        if isinstance(one, Report) and command.action in {"file", "accept_file_dispatch"}:
            stored = self._run(self.town.stored())
            new = [UUID(case) for case, report in stored["links"] if UUID(report) == one.id]
            filing = command.file if isinstance(command, commands.AcceptFileDispatch) else command
            assert isinstance(filing, commands.File)
            assert len(new) == len(filing.cases)
            for case_id in new:
                case = self.world.open(one, case_id, UNIT_WEST)
                if isinstance(command, commands.AcceptFileDispatch):
                    self.world.hear("cases", case, "dispatch", {"unit": None, "co_units": ()})

    def _who(self, one: Report | Case, command: commands.Command, stranger: int) -> Someone:
        """Return somebody whose act it is; one time in eight anybody."""
        people = self.town.people
        fit = [each for each in people if sees(each, one) and may(each, one, command.action)]
        return fit[stranger % len(fit)] if fit and stranger % 8 else people[stranger % len(people)]

    def _people(self, post: str) -> list[Someone]:
        return [one for one in self.town.people if post in one.posts]

    def _request(self, one: Case) -> UUID:
        found: UUID | None = self._run(self.town.pending(one.id))
        assert found is not None
        return found

    def _wait(self, gap: timedelta) -> None:
        self.world.now += gap
        self.town.clock.at = self.world.now

    def _agree(self) -> None:
        """Hold all that is stored against the model; then time goes on a little, as it does between any two acts."""
        stored = self._run(self.town.stored())
        learn(self.world, stored)
        told = tell(self.world)
        for name, expected in told.items():
            found = [_plain(row) for row in stored[name]]
            assert Counter(map(str, found)) == Counter(map(str, expected)), _difference(name, found, expected)
        self._wait(timedelta(milliseconds=1))

    def _run(self, awaitable: Any) -> Any:
        return self.runner.run(_awaited(awaitable))


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _filing(number: int) -> commands.File:
    return commands.File(cases=(commands.CaseWanted(condition=2),) * number)


def _plain(row: list[Any]) -> list[Any]:
    """Return a row with its instants as instants."""
    return [_instant(value) for value in row]


def _instant(value: Any) -> Any:
    if isinstance(value, str) and value[4:5] == "-" and "T" in value:
        return datetime.fromisoformat(value)
    return value


def _difference(name: str, found: list[Any], expected: list[Any]) -> str:
    surplus = [row for row in found if row not in expected]
    missing = [row for row in expected if row not in found]
    return f"{name}: stored {surplus}, by the model {missing}"


@pytest.fixture
def machine(fresh_city: Town, keys: Keys, tmp_path: Path) -> Iterator[type[Lives]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        Lives.runner, Lives.met = runner, Counter()
        Lives.town = runner.run(stack.enter_async_context(real_town(fresh_city, keys, tmp_path)))
        yield Lives
        runner.run(stack.aclose())


quiet = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to make a life smaller takes minutes; do it by hand
    print_blob=True,
)


def everything_was_met(met: Counter[tuple[str, str, str]]) -> None:
    """Print what happened how often; fail where something that people may do never did, or was never refused."""
    for (things, action, found), times in sorted(met.items()):
        print(f"{things:8}{action:22}{found:15}{times:6}")  # noqa: T201  # to be quoted
    acts = {(things, row.action) for (things, _), row in ROWS.items() if row.who != ("nobody",)} - ELSEWHERE
    assert {(things, action) for things, action, found in met if found == "done"} == acts
    assert {found for *_, found in met} == {"done", "not_visible", "not_permitted", "conflict", "bad"}


def test_services_and_model_agree_after_every_step(machine: type[Lives]) -> None:
    run_state_machine_as_test(machine, settings=settings(quiet, max_examples=60, stateful_step_count=40))


@pytest.mark.slow
def test_they_agree_in_long_lives_too(machine: type[Lives]) -> None:
    run_state_machine_as_test(machine, settings=settings(quiet, max_examples=500, stateful_step_count=60))
    everything_was_met(machine.met)
