"""What may happen in a town, drawn as bare numbers and made sense of as things stand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from hypothesis import strategies as st

from app.dispatch import commands
from app.dispatch.codes import (
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    Kind,
    Post,
    ReportState,
    Source,
    VerifyResult,
)
from tests.small_city import UNIT_EAST, UNIT_TOP, UNIT_WEST

BEGIN: Final = datetime(2026, 9, 24, 1, 0, tzinfo=UTC)
"""A Thursday, 9:00 in town; a holiday begins the day after, and a long one a week later."""

GAPS: Final = (
    *(timedelta(minutes=n) for n in (1, 1, 2, 5, 10, 20, 45, 60, 120, 240)),
    *(timedelta(hours=n) for n in (8, 15, 24, 80)),
)
MORE: Final = 4
"""So many reports there are at most."""

REASON: Final = "x"
MEDIA: Final = UUID(int=77)
_SOURCES: Final = (Source.INSPECTOR, Source.HOTLINE_12345, Source.CITIZEN)
_KINDS: Final = (Kind.EVENT, Kind.EVENT, Kind.COMPONENT, None)
_WAITING: Final = (ReportState.RECEIVED, ReportState.VERIFYING, ReportState.ACCEPTED)
_OPINIONS: Final[Sequence[tuple[bool | None, int | None]]] = (
    (True, 5),
    (False, 2),
    (True, None),
    (None, 4),
    (None, None),
)
_PARTS: Final[Sequence[commands.Command]] = (
    *(commands.AssignSub(unit_code=unit) for unit in (UNIT_WEST, UNIT_EAST)),
    *(commands.ReportUp(leg=number) for number in (2, 3, 4)),
    *(commands.ReturnSub(leg=number) for number in (2, 3)),
)
"""What co-units and units below do; what does not fit is refused."""

_ENDS: Final[Sequence[type[commands.End]]] = (commands.Reject, commands.AnswerDirectly, commands.Forward)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something happens `gap` later: to the `which`-th thing there is, in the `how`-th way that is open to it."""

    gap: timedelta
    which: int
    how: int


MOVES: Final = st.builds(Move, gap=st.sampled_from(GAPS), which=st.integers(0, 60), how=st.integers(0, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """A report that somebody makes; `place` is 0 or 1 for the two streets, 2 for nowhere."""

    source: Source
    kind: Kind | None
    place: int
    answer_within: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportNow:
    """A report as it stands."""

    id: UUID
    state: ReportState


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNow:
    """A case as it stands, with the request that waits."""

    id: UUID
    state: CaseState
    report_id: UUID
    request_id: UUID | None = None
    ruler: Post | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What there is to choose from."""

    now: datetime
    reports: Sequence[ReportNow]
    cases: Sequence[CaseNow]
    conditions: Sequence[int]
    kinds: Sequence[Kind]
    second: UUID


def meant(move: Move, around: Around) -> Arriving | tuple[ReportNow | CaseNow, commands.Command]:
    """Return what a move means where things stand so: a new report, or something done to what there is."""
    waiting = [one for one in around.reports if one.state in _WAITING]
    things: list[ReportNow | CaseNow] = [
        *around.cases,
        *around.cases,
        *around.cases,
        *waiting,
        *waiting,
        *around.reports,
    ]
    if not things or (len(around.reports) < MORE and move.which % 7 == 0):
        return _arriving(move.how)
    thing = things[move.which % len(things)]
    options = _of_case(thing, around) if isinstance(thing, CaseNow) else _of_report(thing.state, around)
    return thing, options[move.how % len(options)]


def _arriving(how: int) -> Arriving:
    source = _SOURCES[how % len(_SOURCES)]
    asked = timedelta(hours=(2, 30)[how % 2]) if source is Source.HOTLINE_12345 else None
    return Arriving(source=source, kind=_KINDS[how % 4], place=how // 3 % 3, answer_within=asked)


def _of_report(state: ReportState, around: Around) -> Sequence[commands.Command]:
    """Return what may happen to a report, the likelier more than once."""
    merges = [commands.Merge(into_case=case.id) for case in around.cases]
    ends = [*(end(reason_code=REASON) for end in _ENDS), commands.Withdraw(reason_code=REASON)]
    said = [commands.Evaluate(solved=solved, satisfaction=grade) for solved, grade in _OPINIONS]
    accepts = [commands.Accept(kind=kind, category="0305") for kind in around.kinds]
    filings = [
        *(_filed(number) for number in around.conditions),
        _filed(*around.conditions[:2]),
    ]
    match state:
        case ReportState.RECEIVED:
            at_once = [_at_once(accept, file) for accept in accepts for file in filings]
            looks = [commands.RequestVerification(), commands.SelfDispose()]
            return [*at_once, *accepts, *merges, *merges, *ends, *looks]
        case ReportState.VERIFYING:
            return [commands.Verify(result=result) for result in (VerifyResult.TRUE, VerifyResult.NO_ACCESS)]
        case ReportState.ACCEPTED:
            return [*filings, *merges, *ends]
        case ReportState.MERGED:
            return [*[commands.Unmerge(reason_code=REASON)] * 3, *said]
        case ReportState.FILED:
            return [*said, commands.Withdraw(reason_code=REASON)]
        case _:
            return [commands.Urge()]


def _filed(*conditions: int) -> commands.File:
    return commands.File(cases=tuple(commands.CaseWanted(condition=number) for number in conditions))


def _at_once(accept: commands.Accept, file: commands.File) -> commands.AcceptFileDispatch:
    return commands.AcceptFileDispatch(accept=accept, file=file, dispatch=_dispatch(UNIT_WEST))


_NAMED: Final = tuple(commands.Arbitrate(unit_code=unit) for unit in (UNIT_WEST, UNIT_EAST))


def _of_case(case: CaseNow, around: Around) -> Sequence[commands.Command]:
    """Return what may happen to a case, the likelier more than once."""
    note = commands.Note(text="看过")
    calls = [
        commands.CallBack(report_id=case.report_id, reached=solved is not None, solved=solved, satisfaction=grade)
        for solved, grade in _OPINIONS
    ]
    moves: dict[CaseState, Callable[[], Sequence[commands.Command]]] = {
        CaseState.FILED: lambda: [_dispatch(unit) for unit in (UNIT_WEST, UNIT_EAST, UNIT_TOP)],
        CaseState.DISPATCHED: lambda: _with_unit(case, around.now),
        CaseState.SUSPENDED: lambda: [commands.Resume()],
        CaseState.DISPOSED: lambda: [*[commands.SendCheck()] * 6, *calls[:1]],
        CaseState.CHECKING: _checks,
        CaseState.CHECKED: lambda: [*[commands.Close()] * 6, *calls[:2]],
        CaseState.CLOSED: lambda: [*calls, *[commands.Reopen(reason_code=REASON)] * 3, note],
        CaseState.VOIDED: lambda: [note],
    }
    often = moves[case.state]()
    if case.ruler is Post.COORDINATOR and case.state is not CaseState.DISPATCHED:
        often = [*often, *_NAMED]
    if case.state in {CaseState.FILED, CaseState.DISPATCHED}:
        others = [one.id for one in around.cases if one.id != case.id]
        amends = [commands.Amend(condition=n, reroute=n > 1) for n in around.conditions]
        often = [*often, *amends, *(commands.MergeCase(into_case=one) for one in others[:1])]
    if case.state in {CaseState.CLOSED, CaseState.VOIDED}:
        return often
    return [*often, *often, commands.Void(reason_code=REASON, second_person=around.second)]


def _dispatch(unit: str) -> commands.Dispatch:
    return commands.Dispatch(unit_code=unit, reason_code=REASON, co_units=(UNIT_TOP,))


def _with_unit(case: CaseNow, now: datetime) -> Sequence[commands.Command]:
    solved, gone = (commands.Dispose(result=result) for result in (DisposalResult.SOLVED, DisposalResult.GONE))
    if case.request_id is not None:
        grant = commands.GrantRequest(request_id=case.request_id)
        refuse = commands.RefuseRequest(request_id=case.request_id, text="否")
        return [*([grant, refuse] * 2), *([grant] if case.ruler is not Post.COORDINATOR else _NAMED), solved]
    extend = commands.RequestExtension(reason_code=REASON)
    give_back = commands.RequestReturn(reason_code=REASON)
    quarrel = commands.RequestArbitration(
        text="不归我们", media=(MEDIA,), handle_under_reserve=case.report_id.int % 2 == 0
    )
    rest = commands.RequestSuspension(reason_code=REASON, until=now + timedelta(hours=9))
    safe = commands.Dispose(result=DisposalResult.TEMPORARY)
    cannot = commands.Dispose(result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK)
    often = [
        safe,
        cannot,
        solved,
        rest,
        extend,
        give_back,
        quarrel,
        gone,
        rest,
        extend,
        give_back,
        solved,
        commands.Recall(),
        commands.Sign(),
    ]
    return [*often, *_PARTS]


def _checks() -> Sequence[commands.Command]:
    passed = [commands.Check(result=CheckResult.PASS)] * 3
    codes = (FailCode.NOT_DONE, FailCode.INCOMPLETE, FailCode.RELAPSED)
    failed = [commands.Check(result=CheckResult.FAIL, code=c) for c in codes]
    return [*passed, *failed, *(commands.Check(result=r) for r in (CheckResult.NO_ACCESS, CheckResult.NOT_FOUND))]


def post_of(case: CaseNow, command: commands.Command) -> Post:
    """Return who does what is meant: a ruling is for the post whose word a request waits for."""
    rules = isinstance(command, commands.GrantRequest | commands.RefuseRequest | commands.Arbitrate)
    return (case.ruler if rules else None) or Post.SHIFT_LEAD
