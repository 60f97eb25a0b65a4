"""A small model of the life of reports and cases, written apart from the product: what every act must lead to.

Whose act it is and which states it leads to stand in `tests.api.workflow_by_hand`; here are the guards, the counters,
the clocks, and what follows on the other side.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tests.brute.machine_values import (
    BELOW,
    ENDED,
    OPEN,
    ROWS,
    Case,
    Leg,
    Refused,
    Report,
    Request,
    Round,
    Span,
    Timer,
    due,
    ruler,
)

REDO: Final = timedelta(hours=3)
RECALL_WITHIN: Final = timedelta(minutes=15)
RETURN_SHARE: Final = 4
"""A quarter of the limit; that is more than a quarter of an hour here, and less than eight work hours."""
RULING: Final = timedelta(minutes=15)
SIGNED_AFTER: Final = timedelta(hours=2)
FOLLOW_UP: Final = timedelta(hours=5)
"""What follows a disposal that only makes safe."""
REOPEN_WITHIN: Final = timedelta(days=15)


@dataclass(slots=True)
class World:
    """Everything there is."""

    now: datetime
    reports: dict[UUID, Report] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    """What went to the partner: order and type, in order."""
    timers: list[Timer] = field(default_factory=list)

    # what may be done

    def hear(self, things: str, one: Report | Case, action: str, given: dict[str, Any]) -> None:
        """Take a step, or raise Refused with the kind of the error; who may is judged by the caller."""
        targets = ROWS[things, action].to(one.state)
        if given.get("into") == one.id:
            raise Refused("bad")  # what was sent is judged before the state
        if not targets:
            raise Refused("conflict")
        before = one.state
        getattr(self, f"_{things[:-1]}_{action}")(one, **given)
        assert one.state in targets, f"the model leads {action} from {before} to {one.state}"
        one.version += 1

    # reports

    def _report_request_verification(self, one: Report) -> None:
        one.state = "verifying"

    def _report_verify(self, one: Report, result: str) -> None:
        one.state = "verifying" if result == "no_access" else "received"

    def _report_accept(self, one: Report) -> None:
        one.state = "accepted"
        self._tell([one.id], "report.accepted")

    def _report_file(self, one: Report) -> None:
        one.state = "filed"

    def _report_reject(self, one: Report) -> None:
        one.state = "rejected"
        self._tell([one.id], "report.rejected")

    def _report_answer(self, one: Report) -> None:
        one.state = "answered"
        self._tell([one.id], "report.answered")

    def _report_forward(self, one: Report) -> None:
        one.state = "forwarded"

    def _report_self_dispose(self, one: Report) -> None:
        one.state = "self_disposed"

    def _report_withdraw(self, one: Report) -> None:
        if one.state not in {"filed", "merged"}:
            one.state = "withdrawn"
            return
        for case in (self.cases[each] for each in one.cases):
            if case.state != "voided" and case.round.end_kind != "merged" and not case.withdrawn:
                case.withdrawn, case.version = True, case.version + 1

    def _report_merge(self, one: Report, into: UUID) -> None:
        case = self.cases[into]
        if case.state in ENDED:
            raise Refused("conflict")
        one.state = "merged"
        one.cases.append(into)
        self._tell([one.id], "report.merged")
        case.reports.append(one.id)

    def _report_unmerge(self, one: Report) -> None:
        """Leave the case it joined, by itself or with the case that was filed from it."""
        own = [self.cases[each] for each in one.cases if self.cases[each].first == one.id]
        if any(case.round.end_kind != "merged" for case in own):
            raise Refused("conflict")
        one.state = "accepted"
        for case_id in one.cases:
            self.cases[case_id].reports.remove(one.id)
        one.cases = []

    def open(self, report: Report, case_id: UUID, proposed: str) -> Case:
        """Let a report open a case."""
        case = self.cases[case_id] = Case(case_id, proposed, [report.id])
        report.cases.append(case_id)
        self._tell([report.id], "case.filed")
        return case

    # cases

    def _case_dispatch(self, one: Case, unit: str | None, co_units: tuple[str, ...]) -> None:
        turn = one.round
        named = unit or one.proposed
        if unit is None and any(leg.unit == named and leg.end == "returned" for leg in turn.legs):
            raise Refused("bad")
        turn.start, turn.first = turn.start or self.now, turn.first or self.now
        turn.legs.append(Leg(named, "main", self.now, turn.limit))
        for other in dict.fromkeys(co_units):
            if other != named:
                turn.legs.append(Leg(other, "assist", self.now, turn.limit))
        one.state = "dispatched"
        self._wait_for_signing(one)
        self._tell(one.reports, "case.dispatched")

    def _case_recall(self, one: Case) -> None:
        leg = one.round.mains[-1]
        if leg.follows or (leg.signed and self.now - leg.sent > RECALL_WITHIN):
            raise Refused("conflict")
        self._end_legs(one, "recalled")
        self._withdraw_request(one)
        one.state = "filed"
        self._lapse(one, "auto_sign")

    def _case_sign(self, one: Case, by: str | None = None, leg: Leg | None = None) -> None:
        """Let a unit sign: the main leg, or its part of it; or a timer, one certain leg."""
        here = [each for each in (one.leg, *one.round.parts) if each is not None and each.end is None]
        mine = [each for each in here if (each is leg if by is None else each.unit in BELOW[by]) and not each.signed]
        if not mine:
            raise Refused("conflict")
        mine[0].signed = True
        self._lapse(one, "auto_sign")
        self._wait_for_signing(one)

    def _case_contact(self, one: Case) -> None:
        self._holding(one)

    def _case_request_return(self, one: Case) -> None:
        leg = self._holding(one)
        if any(r.kind == "return" and r.unit == leg.unit for r in one.round.requests):
            raise Refused("conflict")
        if self.now > leg.sent + leg.limit / RETURN_SHARE:
            raise Refused("conflict")
        self._ask(one, "return")

    def _case_request_extension(self, one: Case) -> None:
        leg = self._holding(one)
        if self.now > leg.due or leg.extensions >= 2:
            raise Refused("conflict")
        self._ask(one, "extension")

    def _case_request_suspension(self, one: Case, until: datetime) -> None:
        leg = self._holding(one)
        if self.now > leg.due or one.round.suspensions >= 1:
            raise Refused("conflict")
        self._ask(one, "suspension", until)

    def _case_grant(self, one: Case) -> None:
        request, turn, leg = self._pending(one), one.round, self._holding(one)
        if ruler(turn) == "coordinator":
            raise Refused("conflict")  # he names a unit, or refuses
        request.state = "granted"
        late = self._late(leg, request)
        if request.kind == "return":
            self._end_legs(one, "returned")
            turn.returns += 1
            one.state = "filed"
            return
        leg.pauses += late
        if request.kind == "extension":
            leg.extensions, turn.more, turn.extensions = leg.extensions + 1, turn.more + 1, turn.extensions + 1
            return
        if request.kind == "end":
            turn.end_kind = request.claim
            self._end_legs(one, "superseded")
            self._closed(one)
            return
        assert request.until is not None
        ran_out = any(at is not None and request.asked <= at <= self.now for at in (turn.due, self._before(leg, late)))
        since = request.asked if ran_out else self.now
        turn.suspended, turn.suspensions, one.state = since, turn.suspensions + 1, "suspended"
        pause = (since, max(request.until, since))
        turn.pauses.append(pause)
        leg.pauses.append(pause)
        self.timers.append(Timer(one.id, "resume", request.until))

    def _before(self, leg: Leg, late: list[Span]) -> datetime:
        """Return when the leg was due before this ruling gave anything back."""
        kept = [one for one in leg.pauses if one not in late]
        return due(leg.sent, leg.limit * (1 + leg.extensions), kept)

    def _case_refuse(self, one: Case) -> None:
        request, leg = self._pending(one), self._holding(one)
        leg.pauses += self._late(leg, request)
        request.state = "refused"

    def _case_resume(self, one: Case) -> None:
        turn, leg = one.round, self._holding(one)
        assert turn.suspended is not None
        for part in (each for each in turn.parts if each.due > turn.suspended):
            part.pauses.append((turn.suspended, self.now))
        for pauses in (turn.pauses, leg.pauses):
            pauses[-1] = (turn.suspended, self.now)
        turn.suspended, one.state = None, "dispatched"
        self._lapse(one, "resume")
        self._wait_for_signing(one)

    def _case_dispose(self, one: Case, result: str, claim: str | None = None) -> None:
        turn, leg = one.round, self._holding(one)
        if result == "temporary" and turn.made_safe:
            raise Refused("conflict")
        if result == "cannot" and turn.pending is not None and turn.pending.kind == "end":
            raise Refused("conflict")
        if turn.pending is not None:
            leg.pauses += self._late(leg, turn.pending)
        self._withdraw_request(one)
        leg.signed = True
        self._lapse(one, "auto_sign")
        if result == "cannot":
            self._ask(one, "end", claim=claim)
            self._wait_for_signing(one)  # the parts of others
            return
        self._end_legs(one, "disposed")
        if result == "temporary":
            self._made_safe(turn, leg)
            return
        turn.standing, turn.result, one.state = self.now, result, "disposed"
        self._tell(one.reports, "case.disposed")

    def _made_safe(self, turn: Round, leg: Leg) -> None:
        """Begin the leg that follows; where it was in time, the case clock starts anew with it."""
        turn.made_safe = True
        turn.legs.append(Leg(leg.unit, "main", self.now, FOLLOW_UP, signed=True, follows=True))
        if turn.due is None or self.now <= turn.due:
            turn.start, turn.limit, turn.more, turn.pauses = self.now, FOLLOW_UP, 0, []

    def _case_send_check(self, one: Case) -> None:
        one.state = "checking"

    def _case_check(self, one: Case, result: str, code: str | None) -> None:
        turn = one.round
        if result == "pass" or (result == "not_found" and turn.result == "gone"):
            one.state = "checked"
        elif result == "not_found":
            one.state = "disposed"
        elif result == "fail":
            self._rework(one, code)

    def _case_desk_check(self, one: Case, result: str, code: str | None) -> None:
        if result == "pass":
            one.state = "checked"
        else:
            self._rework(one, code)

    def _rework(self, one: Case, code: str | None) -> None:
        turn, leg = one.round, self._holding(one)
        assert turn.standing is not None
        if code != "not_done":
            leg.pauses.append((turn.standing, self.now))
        turn.standing, turn.reworks, one.state, leg.end = None, turn.reworks + 1, "dispatched", None

    def _case_call_back(self, one: Case, report: UUID) -> None:
        if report not in one.reports:
            raise Refused("bad")
        self.reports[report].version += 1

    def _case_close(self, one: Case) -> None:
        one.round.end_kind = one.round.result
        self._closed(one)

    def _closed(self, one: Case) -> None:
        one.round.closed, one.state = self.now, "closed"
        self._tell(one.reports, "case.closed")
        self._reply(one)

    def _reply(self, one: Case) -> None:
        """Tell every reporter who waits for no other case."""
        for report in (self.reports[each] for each in one.reports):
            if all(self.cases[each].state in ENDED for each in report.cases):
                report.version += 1

    def _case_void(self, one: Case, *, second: bool) -> None:
        turn = one.round
        overdue = turn.due is not None and (turn.standing or self.now) > turn.due
        if overdue and not second:
            raise Refused("bad")
        self._withdraw_request(one)
        for part in turn.parts:
            part.end = "superseded"
        one.state = "voided"
        self._lapse(one, "auto_sign")
        self._lapse(one, "resume")
        self._tell(one.reports, "case.closed")
        self._reply(one)

    def _case_merge_case(self, one: Case, into: UUID) -> None:
        """End the case in another, which carries its reports from then on, too."""
        other = self.cases[into]
        if other.state in ENDED:
            raise Refused("conflict")
        self._withdraw_request(one)
        self._end_legs(one, "superseded")
        one.round.closed, one.round.end_kind, one.state = self.now, "merged", "closed"
        for report in (self.reports[each] for each in one.reports):
            if report.id not in other.reports:
                other.reports.append(report.id)
                report.cases.append(into)

    def _case_reopen(self, one: Case) -> None:
        last = one.round
        late = last.closed is None or self.now - last.closed > REOPEN_WITHIN
        if late or last.end_kind == "merged" or last.accountable is None:
            raise Refused("conflict")
        leg = Leg(last.accountable.unit, "main", self.now, REDO)
        one.rounds.append(Round(REDO, self.now, self.now, legs=[leg]))
        one.state = "dispatched"
        self._wait_for_signing(one)
        self._tell(one.reports, "case.dispatched")

    def _case_urge(self, one: Case) -> None:
        one.urges += 1

    def _case_note(self, one: Case) -> None:
        pass

    def _case_tag(self, one: Case, add: str, remove: str) -> None:
        one.tags = (one.tags | {add}) - {remove}

    # what follows

    def _holding(self, one: Case) -> Leg:
        if one.leg is None:
            raise Refused("conflict")
        return one.leg

    def _ask(self, one: Case, kind: str, until: datetime | None = None, claim: str | None = None) -> None:
        leg, turn = self._holding(one), one.round
        if turn.pending is not None:
            raise Refused("conflict")
        number, in_time = turn.legs.index(leg) + 1, self.now <= leg.due
        turn.requests.append(Request(kind, number, leg.unit, self.now, in_time, until, claim))

    def _pending(self, one: Case) -> Request:
        if one.round.pending is None:
            raise Refused("conflict" if one.round.requests else "bad")
        return one.round.pending

    def _late(self, leg: Leg, request: Request) -> list[Span]:
        """Return what a late ruling gives back: the wait beyond the desk's time, all if the leg ran out within it."""
        ruling_due = request.asked + RULING
        if not request.in_time or self.now <= ruling_due:
            return []
        return [(request.asked if leg.due <= ruling_due else ruling_due, self.now)]

    def _withdraw_request(self, one: Case) -> None:
        if one.round.pending is not None:
            one.round.pending.state = "withdrawn"

    def _end_legs(self, one: Case, end: str) -> None:
        """End the main leg at work, and the parts of others with it."""
        turn = one.round
        for part in turn.parts:
            part.end = "superseded"
        for leg in turn.mains:
            leg.end = leg.end or end

    def _wait_for_signing(self, one: Case) -> None:
        for leg in (one.leg, *one.round.parts):
            if leg is not None and leg.end is None and not leg.signed:
                self.timers.append(Timer(one.id, "auto_sign", leg.sent + SIGNED_AFTER, leg))

    def _lapse(self, one: Case, kind: str) -> None:
        self.timers = [timer for timer in self.timers if (timer.case, timer.kind) != (one.id, kind)]

    def _tell(self, reports: Sequence[UUID], kind: str) -> None:
        self.told += [(order, kind) for one in reports if (order := self.reports[one].order) is not None]

    def hear_partner(self, one: Report, action: str) -> None:
        """Let the partner say something about an order: to its open cases what concerns them, then to the report."""
        for case in (self.cases[each] for each in one.cases):
            if case.state in OPEN and action != "evaluate":
                case.version += 1
                case.urges += action == "urge"
                case.withdrawn |= action == "withdraw"
        if action == "withdraw" and ROWS["reports", "withdraw"].to(one.state):
            self._report_withdraw(one)
        one.version += 1

    # time

    def fire(self) -> None:
        """Let everything happen that is due; what has been overtaken lapses."""
        for timer in sorted((one for one in self.timers if one.at <= self.now), key=lambda one: one.at):
            if timer not in self.timers:
                continue
            self.timers.remove(timer)
            case = self.cases[timer.case]
            at_work = timer.leg is None or timer.leg in (case.leg, *case.round.parts)
            with suppress(Refused):
                if at_work:
                    given = {"leg": timer.leg} if timer.leg is not None else {}
                    self.hear("cases", case, "sign" if given else "resume", given)
