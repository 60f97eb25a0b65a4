"""What may be done with an inspector's task, told step by step: of cases and of reports."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Action, CaseState, CheckResult, DisposalResult, Post, ReportState, VerifyResult
from app.dispatch.commands import Check, Command, Dispose, HandOver, RequestVerification, SendCheck, TakeUp, Verify
from app.dispatch.drawing import Candidate
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.policies import DEFAULTS, Policies
from app.dispatch.task_codes import WhoMayCheck
from app.dispatch.tasks import in_window, may_send, of_case, send
from tests.dispatch.cases import AUTHOR, INSPECTOR, OTHER_INSPECTOR, SECOND, ReportTale, Tale, at, local, scene

ALWAYS = replace(DEFAULTS, recheck_share=1.0)
OTHER_ONLY = replace(DEFAULTS, who_may_check=WhoMayCheck.OTHER_ONLY)
SOON = replace(DEFAULTS, take_up_within=timedelta(minutes=15))
PASS = Check(result=CheckResult.PASS)
UNTAKEN = HandOver(untaken=True)


def disposed(policies: Policies = DEFAULTS, result: DisposalResult = DisposalResult.SOLVED) -> Tale:
    tale = Tale.dispatched(policies=policies)
    tale.do(Dispose(result=result), "10 10:00")
    return tale


def checking(inspector: UUID = INSPECTOR, policies: Policies = DEFAULTS, **given: Any) -> Tale:
    tale = disposed(policies, **given)
    tale.do(SendCheck(inspector_id=inspector), "10 10:10")
    return tale


def passed_by(checker: UUID, policies: Policies, check: Check = PASS, **given: Any) -> Tale:
    tale = checking(checker, policies, **given)
    tale.do(check, "10 10:20", post=Post.INSPECTOR, actor_id=checker)
    return tale


def test_a_pass_by_the_reporter_goes_on_to_another_and_is_done_then() -> None:
    tale = passed_by(AUTHOR, ALWAYS)
    assert tale.life.state is CaseState.CHECKING
    assert tale.life.inspector_id in {INSPECTOR, OTHER_INSPECTOR}
    assert (tale.entries[-1].policy, tale.entries[-1].payload["result"]) == ("recheck_share", "pass")
    tale.do(PASS, "10 10:30", post=Post.INSPECTOR, actor_id=tale.life.inspector_id)
    assert (tale.life.state, tale.life.task) == (CaseState.CHECKED, None)


@pytest.mark.parametrize(
    ("checker", "policies", "check"),
    [
        pytest.param(INSPECTOR, ALWAYS, PASS, id="by another than the reporter"),
        pytest.param(AUTHOR, replace(ALWAYS, recheck_share=0.0), PASS, id="where the share is none"),
    ],
)
def test_a_pass_is_not_looked_over(checker: UUID, policies: Policies, check: Check) -> None:
    assert passed_by(checker, policies, check).life.state is CaseState.CHECKED


def test_what_is_gone_passes_and_is_looked_over_as_well_but_nothing_else_is() -> None:
    missing = Check(result=CheckResult.NOT_FOUND)
    assert passed_by(AUTHOR, ALWAYS, missing, result=DisposalResult.GONE).life.state is CaseState.CHECKING
    assert passed_by(AUTHOR, ALWAYS, missing).life.state is CaseState.DISPOSED


def test_with_nobody_else_the_reporters_word_stands() -> None:
    tale = checking(AUTHOR, ALWAYS)
    tale.do(PASS, "10 10:20", post=Post.INSPECTOR, actor_id=AUTHOR, inspectors=(AUTHOR,))
    assert tale.life.state is CaseState.CHECKED


def test_one_in_ten_of_the_reporters_own_goes_on() -> None:
    found = 0
    for number in range(200):
        tale = Tale.dispatched(case_no=f"T{number}")
        tale.do(Dispose(result=DisposalResult.SOLVED), "10 10:00")
        tale.do(SendCheck(inspector_id=AUTHOR), "10 10:10")
        tale.do(PASS, "10 10:20", post=Post.INSPECTOR, actor_id=AUTHOR)
        found += tale.life.state is CaseState.CHECKING
    assert 8 <= found <= 35


def test_another_only_means_another_only() -> None:
    with pytest.raises(ActionNotAllowed, match="除上报人外没有可派的采集员"):
        disposed(OTHER_ONLY).do(SendCheck(), "10 10:10", inspectors=(AUTHOR,))
    with pytest.raises(BadInput) as refused:
        disposed(OTHER_ONLY).do(SendCheck(inspector_id=AUTHOR), "10 10:10")
    assert refused.value.code == "reporter_may_not_look"
    assert checking(INSPECTOR, OTHER_ONLY).life.inspector_id == INSPECTOR
    assert checking(AUTHOR).life.inspector_id == AUTHOR, "by default the desk may name him"


def test_a_task_is_taken_up_once() -> None:
    tale = checking()
    tale.do(TakeUp(), "10 10:15", post=Post.INSPECTOR, actor_id=INSPECTOR)
    assert tale.life.task is not None
    assert local(tale.life.task.taken_up_at) == "10 10:15"
    with pytest.raises(ActionNotAllowed, match="已经领取"):
        tale.do(TakeUp(), "10 10:16", post=Post.INSPECTOR, actor_id=INSPECTOR)


def test_handed_over_it_is_fresh_and_goes_last_to_who_had_it() -> None:
    tale = checking()
    tale.do(TakeUp(), "10 10:15", post=Post.INSPECTOR, actor_id=INSPECTOR)
    tale.do(HandOver(), "10 10:20", inspectors=(INSPECTOR, OTHER_INSPECTOR))
    assert tale.life.inspector_id == OTHER_INSPECTOR
    task = tale.life.task
    assert task is not None
    assert (task.taken_up_at, local(task.due_at), task.passed_by) == (None, "10 10:50", (INSPECTOR,))
    tale.do(HandOver(), "10 10:25", inspectors=(INSPECTOR, OTHER_INSPECTOR, SECOND))
    assert tale.life.inspector_id == SECOND
    tale.do(HandOver(), "10 10:30", inspectors=(INSPECTOR, SECOND))
    assert tale.life.inspector_id == INSPECTOR, "back to one who had it, with nobody else there"
    with pytest.raises(ActionNotAllowed, match="没有其他可派的采集员"):
        tale.do(HandOver(), "10 10:35", inspectors=(INSPECTOR,))


def test_nobody_in_is_tried_by_everybody_before_anybody_again() -> None:
    tale = checking()
    tried = [INSPECTOR]
    for minute in (20, 25):
        tale.do(Check(result=CheckResult.NO_ACCESS), f"10 10:{minute}", post=Post.INSPECTOR, actor_id=tried[-1])
        assert tale.life.inspector_id is not None
        tried.append(tale.life.inspector_id)
    assert len(set(tried[:2])) == 2
    assert AUTHOR not in tried


def test_what_lies_goes_on_when_its_time_is_up_and_not_before() -> None:
    tale = checking(INSPECTOR, SOON)
    with pytest.raises(ActionNotAllowed):
        tale.do(UNTAKEN, "10 10:24", post=Post.POLICY, actor_id=None)
    entry = tale.do(UNTAKEN, "10 10:25", post=Post.POLICY, actor_id=None)
    assert (tale.life.inspector_id, entry.policy) == (OTHER_INSPECTOR, "take_up_within")
    tale.do(TakeUp(), "10 10:30", post=Post.INSPECTOR, actor_id=OTHER_INSPECTOR)
    with pytest.raises(ActionNotAllowed):
        tale.do(UNTAKEN, "10 11:30", post=Post.POLICY, actor_id=None)


def test_when_everybody_near_let_it_lie_it_stays_and_does_not_go_to_the_reporter() -> None:
    tale = checking(INSPECTOR, SOON)
    tale.do(UNTAKEN, "10 10:25", post=Post.POLICY, actor_id=None)
    with pytest.raises(ActionNotAllowed, match="没有其他可派的采集员"):
        tale.do(UNTAKEN, "10 10:40", post=Post.POLICY, actor_id=None)
    assert tale.life.inspector_id == OTHER_INSPECTOR


def test_without_the_policy_nothing_goes_on_by_itself() -> None:
    tale = checking()
    assert tale.life.task is not None
    assert tale.life.task.take_up_by is None
    with pytest.raises(ActionNotAllowed):
        tale.do(UNTAKEN, "11 10:25", post=Post.POLICY, actor_id=None)


def test_off_shift_everything_runs_from_the_next_shift_on() -> None:
    asleep = Candidate(account_id=INSPECTOR, on_shift=False, on_from=at("11 07:00"))
    life = disposed(SOON).life
    around = replace(scene(at("10 22:00"), policies=SOON), inspectors=[asleep])
    payload, policy = send(of_case(life, around), Action.SEND_CHECK, None, around)
    assert policy == "who_may_check"
    assert payload["because"] == "off_shift"
    assert payload["task_due_at"] == at("11 07:30").isoformat()
    assert payload["take_up_by"] == at("11 07:15").isoformat()


def test_a_window_of_its_own_goes_before_the_desks_limit() -> None:
    longer = replace(DEFAULTS, check_window=replace(DEFAULTS.check_limit, value=90))
    tale = checking(INSPECTOR, longer)
    assert tale.life.task is not None
    assert local(tale.life.task.due_at) == "10 11:40"
    errand = of_case(tale.life, scene(at("10 11:40")))
    assert in_window(errand, at("10 11:40")) == {"in_window": True}
    assert in_window(errand, at("10 11:40") + timedelta(microseconds=1)) == {"in_window": False}


def test_a_task_from_before_there_were_windows_is_checked_all_the_same() -> None:
    tale = disposed()
    tale.do(SendCheck(inspector_id=INSPECTOR), "10 10:10")
    old: CaseLife = replace(tale.life, task=None)
    assert in_window(of_case(old, scene(at("10 11:00"))), at("10 11:00")) == {}


def test_a_look_before_filing_is_handled_alike() -> None:
    tale = ReportTale()
    tale.do(RequestVerification(), "10 08:10")
    first = tale.life.verifier_id
    assert first in {INSPECTOR, OTHER_INSPECTOR}
    assert tale.entries[-1].policy == "who_may_check"
    assert tale.life.task is not None
    assert local(tale.life.task.due_at) == "10 08:40"
    tale.do(TakeUp(), "10 08:15", actor_id=first)
    tale.do(HandOver(), "10 08:20", actor_id=first)
    assert tale.life.verifier_id in {INSPECTOR, OTHER_INSPECTOR} - {first}
    done = tale.do(Verify(result=VerifyResult.TRUE), "10 09:00", actor_id=tale.life.verifier_id)
    assert done.payload["in_window"] is False
    assert done.target == ReportState.RECEIVED


@pytest.mark.parametrize(
    ("command", "own", "expected"),
    [
        pytest.param(SendCheck(), False, True, id="sending"),
        pytest.param(HandOver(), False, True, id="handing over"),
        pytest.param(TakeUp(), True, False, id="taking up"),
        pytest.param(PASS, True, True, id="a pass of one's own"),
        pytest.param(PASS, False, False, id="a pass of another"),
        pytest.param(Check(result=CheckResult.NOT_FOUND), True, True, id="gone, of one's own"),
        pytest.param(Check(result=CheckResult.NO_ACCESS), False, True, id="nobody in"),
        pytest.param(Verify(result=VerifyResult.NO_ACCESS), False, True, id="nobody in before filing"),
        pytest.param(Verify(result=VerifyResult.TRUE), True, False, id="verified"),
    ],
)
def test_inspectors_are_looked_up_only_where_somebody_may_be_sent(
    command: Command,
    own: bool,  # noqa: FBT001  # a parameter of the table
    expected: bool,  # noqa: FBT001  # as above
) -> None:
    assert may_send(command, AUTHOR, AUTHOR if own else INSPECTOR) is expected
