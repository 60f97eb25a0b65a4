"""One entry to every step, of reports and of cases, with all that a step brings along on the other side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from shapely import Point as Shape
from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.book import Book
from app.dispatch.case_amending import check_wish
from app.dispatch.case_contents import check_unit
from app.dispatch.case_ending import relapsed
from app.dispatch.codes import Action, Attention, CaseState, EndKind, Post
from app.dispatch.errors import ActionNotAllowed, BadInput, GridcaseError, NotVisible
from app.dispatch.report_actions import Placed
from app.dispatch.report_life import dissatisfied
from app.dispatch.tags import TAGS_OF_REPORTS, joining
from app.dispatch.workflow import refuse
from app.repositories.plans import GROUND
from app.services.arrival_rows import point_wkb, routing_json
from app.services.case_opening import CaseOpening, category_of, check_wanted
from app.services.case_renewal import again, renewed
from app.services.case_steps import CaseSteps
from app.services.following import follow
from app.services.held import ENDED, HeldCase, HeldReport
from app.services.ledger import Acting, Subject
from app.services.report_steps import ReportSteps
from app.services.ruled_cases import rule
from app.services.sitting import Sitting

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is to be done to a report or case, and by whom; with `leg`, only while that leg is at work."""

    subject: Subject
    subject_id: UUID
    command: commands.Command
    acting: Acting
    policy: str | None = None
    leg: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Take steps within a sitting that holds what they need."""

    reports: ReportSteps
    cases: CaseSteps
    opening: CaseOpening

    def take(self, sitting: Sitting, act: Act) -> tuple[UUID, ...]:
        """Take one step as a whole, or leave no trace of it, and what policy does then; return the cases it opened.

        Raises NotVisible for what is not there, BadInput, NotPermitted, Conflict.
        """
        opened = self._take(sitting, act)
        return opened + self._follow(sitting, act, opened)

    def _follow(self, sitting: Sitting, act: Act, opened: Sequence[UUID]) -> tuple[UUID, ...]:
        """Let policy go on, step by step; one of its steps that is refused leaves those before it standing."""
        acting, more = Acting(now=act.acting.now, post=Post.POLICY), list[UUID]()
        for subject, one, step in follow(sitting, act.subject, act.subject_id, act.command, opened, acting.now):
            follows = Act(subject=subject, subject_id=one, command=step.command, acting=acting, policy=step.policy)
            try:
                more += self.take(sitting, follows)
            except GridcaseError as error:
                log.info("follow_up_refused", policy=step.policy, subject=subject, code=error.code)
        return tuple(more)

    def _take(self, sitting: Sitting, act: Act) -> tuple[UUID, ...]:
        held = sitting.case(act.subject_id) if act.subject == "case" else sitting.report(act.subject_id)
        if held is None:
            raise NotVisible
        speaks = act.acting.on_behalf_of is not None or commands.says_something(act.command)
        with sitting.attempt():
            sitting.ledger.clean = sitting.cleaner(held) if speaks else str
            if isinstance(held, HeldCase):
                return tuple(case.id for case in self._of_case(sitting, held, act))
            return tuple(case.id for case in self._of_report(sitting, held, act))

    def _of_case(self, sitting: Sitting, held: HeldCase, act: Act) -> Sequence[HeldCase]:
        if act.leg is not None and not _is_at_work(held, act.leg):
            raise ActionNotAllowed(act.command.action, held.life.state, [])
        if isinstance(act.command, commands.Relocate) and not _on_ground(act.command, sitting.book):
            raise refuse(held.life.state, Action.RELOCATE, "位置编码另有更新的版本")
        if isinstance(act.command, commands.Arbitrate):
            rule(sitting, held, act.command, act.acting)
        command, acting = act.command, act.acting
        match command:
            case commands.Amend():
                self._amend(sitting, held, command, acting)
            case commands.MergeCase():
                self._merge_case(sitting, held, command, acting)
            case commands.Check() | commands.DeskCheck() if relapsed(command):
                return [self._begin_again(sitting, held, command, acting)]
            case _:
                self.cases.take(sitting, held, command, acting, policy=act.policy)
        if isinstance(command, commands.CallBack):
            self._call_back(sitting, held, command, acting)
        return ()

    def _amend(self, sitting: Sitting, held: HeldCase, command: commands.Amend, acting: Acting) -> None:
        """Put a case right, as it is looked up, located and routed now."""
        check_wish(held.life, command, sitting.scene(acting, held))
        found = renewed(sitting, held, command, acting)
        self.cases.take(sitting, held, command, acting, amended=found.amended)
        held.placed = found.columns

    def _merge_case(self, sitting: Sitting, held: HeldCase, command: commands.MergeCase, acting: Acting) -> None:
        """Let a case end in another one, which carries its reports from now on, too."""
        into = sitting.case(command.into_case)
        if into is None or into.id == held.id:
            why = ("没有这个案件", "unknown_case") if into is None else ("不能并入自身", "same_case")
            raise BadInput.at(["body", "into_case"], why[0], code=why[1])
        if into.life.state in ENDED:
            raise refuse(held.life.state, Action.MERGE_CASE, "要并入的案件已经结束")
        self.cases.take(sitting, held, command, acting)
        sitting.touch(into)
        known = {one.report_id for one in into.linked}
        for link in held.linked:
            if link.report_id not in known:
                into.linked = (*into.linked, link)
                sitting.effects.link(into.id, link.report_id, acting.now, first=False)
            report = sitting.report(link.report_id)
            if report is not None:
                sitting.touch(report)
                report.join(into.id, into.life.state)

    def _begin_again(
        self, sitting: Sitting, held: HeldCase, command: commands.Check | commands.DeskCheck, acting: Acting
    ) -> HeldCase:
        """Let a check pass and file what came back as a case of its own; each history names the other case."""
        case_id = uuid7()
        self.cases.take(sitting, held, command, acting, more={"opened_case": str(case_id)})
        report = sitting.report(held.life.report_id)
        assert report is not None  # noqa: S101  # gathered with the case that it was filed as
        sitting.touch(report)
        return again(sitting, self.opening, held, report, case_id, acting)

    def _of_report(self, sitting: Sitting, held: HeldReport, act: Act) -> Sequence[HeldCase]:
        command, acting = act.command, act.acting
        match command:
            case commands.AcceptFileDispatch():
                return self._at_once(sitting, held, command, acting)
            case commands.Accept():
                self._accept(sitting, held, command, acting, act.policy)
            case commands.File():
                check_wanted(sitting.book, held, command)
                self.reports.take(sitting, held, command, acting, policy=act.policy)
                return self.opening.open(sitting, held, command, acting, policy=act.policy)
            case commands.Merge():
                self._merge(sitting, held, command, acting)
            case commands.Unmerge():
                self._unmerge(sitting, held, command, acting)
            case commands.Withdraw():
                self.reports.take(sitting, held, command, acting, policy=act.policy)
                self._raise(sitting, held, Attention.WITHDRAWN_BY_REPORTER, acting)
            case commands.Evaluate() if dissatisfied(command.solved, command.satisfaction):
                self.reports.take(sitting, held, command, acting, policy=act.policy)
                self._raise(sitting, held, Attention.DISSATISFIED, acting)
            case _:
                self.reports.take(sitting, held, command, acting, policy=act.policy)
        return ()

    def _accept(
        self, sitting: Sitting, held: HeldReport, command: commands.Accept, acting: Acting, policy: str | None = None
    ) -> None:
        """Accept under a category of the edition in force, located and routed anew."""
        category_of(sitting.book, command.kind, command.category)
        seen = self.opening.triage(sitting, held, acting, command)
        placed = Placed(spot=seen.spot, unit_code=seen.decision.unit_code, attention=frozenset(seen.attention))
        self.reports.take(sitting, held, command, acting, placed=placed, policy=policy)
        _move(held, command)
        _learn(sitting, held, command, acting)
        edition = sitting.book.catalogue.edition
        held.placed = {"routing": routing_json(seen, sitting.book), "catalogue": edition, **_place_columns(held)}

    def _at_once(
        self, sitting: Sitting, held: HeldReport, command: commands.AcceptFileDispatch, acting: Acting
    ) -> Sequence[HeldCase]:
        """Accept, file and dispatch in one call; the history is that of the three steps."""
        operator, lead, dispatcher = (
            replace(acting, post=p) for p in (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)
        )
        check_wanted(sitting.book, held, command.file, command.accept)
        for code in (command.dispatch.unit_code, *command.dispatch.co_units):
            if code is not None:
                check_unit(code, sitting.book.units)
        self._accept(sitting, held, command.accept, operator)
        self.reports.take(sitting, held, command.file, lead)
        opened = self.opening.open(sitting, held, command.file, lead)
        for case in opened:
            self.cases.take(sitting, case, command.dispatch, dispatcher)
        return opened

    def _merge(self, sitting: Sitting, held: HeldReport, command: commands.Merge, acting: Acting) -> None:
        """Let the report join a case that is still open."""
        case = sitting.case(command.into_case)
        if case is None:
            raise BadInput.at(["body", "into_case"], "没有这个案件", code="unknown_case")
        if case.life.state in ENDED:
            raise refuse(held.life.state, Action.MERGE, "要并入的案件已经结束")
        self.reports.take(sitting, held, command, acting)
        sitting.touch(case)
        case.linked = (*case.linked, held.link)
        held.join(case.id, case.life.state)
        sitting.effects.link(case.id, held.id, acting.now, first=False)
        brought = joining(case.life.tags, held.row.tags)
        if brought:
            self.cases.take(sitting, case, commands.Tag(add=brought), acting, policy=TAGS_OF_REPORTS)

    def _unmerge(self, sitting: Sitting, held: HeldReport, command: commands.Unmerge, acting: Acting) -> None:
        """Let the report leave the case that it joined, itself or with the case that was filed from it."""
        own = [sitting.case(one) for one in held.cases]
        filed = [one for one in own if one is None or one.life.report_id == held.id]
        if any(one is None or one.life.round.end_kind is not EndKind.MERGED for one in filed):
            raise refuse(held.life.state, Action.UNMERGE, "由此上报立的案件并未并入其他案件")
        self.reports.take(sitting, held, command, acting)
        for case in sitting.carrying(held.id):
            sitting.touch(case)
            case.linked = tuple(one for one in case.linked if one.report_id != held.id)
        held.leave()
        sitting.effects.unlink(held.id, acting.now)

    def _raise(self, sitting: Sitting, held: HeldReport, attention: Attention, acting: Acting) -> None:
        """Bring what a reporter said to the attention of the cases that he waits for."""
        for one in held.cases:
            case = sitting.case(one)
            ended = case is None or case.life.state is CaseState.VOIDED or case.life.round.end_kind is EndKind.MERGED
            if case is not None and not ended and attention not in case.life.attention:
                self.cases.take(sitting, case, commands.Supplement(attention=attention), acting)

    def _call_back(self, sitting: Sitting, held: HeldCase, command: commands.CallBack, acting: Acting) -> None:
        """Record the opinion with the report it came from as well; figures of opinions are figures of reports."""
        linked = {one.report_id for one in held.linked}
        report = sitting.report(command.report_id) if command.report_id in linked else None
        if report is None:
            raise BadInput.at(["body", "report_id"], "这个上报不属于此案件", code="unknown_report")
        self.reports.take(sitting, report, command, acting)


def _is_at_work(held: HeldCase, leg: int) -> bool:
    """Tell whether a leg is the one that is accountable, or an open part of it."""
    main, parts = held.life.leg, held.life.round.parts
    return (main is not None and main.number == leg) or any(part.number == leg for part in parts)


def _on_ground(command: commands.Relocate, book: Book) -> bool:
    """Tell whether a place was told by the ground in force; who was overtaken by a newer one must not undo its work."""
    return all(command.versions.get(kind) == book.versions.get(kind) for kind in GROUND)


def _move(held: HeldReport, command: commands.Accept) -> None:
    """Put the report where its accepting says that it lies."""
    point = command.point
    if point is not None:
        held.row = replace(
            held.row,
            shape=Shape(point.lon, point.lat),
            raw_lon=point.raw_lon,
            raw_lat=point.raw_lat,
            datum=point.datum,
            accuracy_m=point.accuracy_m,
            located_from=point.located_from,
        )


def _learn(sitting: Sitting, held: HeldReport, command: commands.Accept, acting: Acting) -> None:
    """Remember what a person says that the report's address means; what policy decides confirms nothing."""
    point, address = command.point, held.row.address
    if point is None or not address or acting.actor_id is None:
        return
    digest = sitting.vault.address_digest(address)
    if digest is not None:
        sitting.effects.learn(digest, point_wkb(point.lon, point.lat), acting.now)


def _place_columns(held: HeldReport) -> dict[str, Any]:
    row = held.row
    return {
        "geom": point_wkb(row.shape.x, row.shape.y) if row.shape else None,
        "raw_lon": row.raw_lon,
        "raw_lat": row.raw_lat,
        "datum": row.datum,
        "accuracy_m": row.accuracy_m,
        "located_from": row.located_from,
    }
