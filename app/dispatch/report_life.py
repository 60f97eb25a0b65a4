"""A report as its history tells it, the decisions about it, and the facts that figures read of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any, Final
from uuid import UUID

from app.dispatch.case_life import Spot
from app.dispatch.changing import replace
from app.dispatch.codes import Action, Attention, Kind, Post, ReportState, Source
from app.dispatch.facts import ReportFacts
from app.dispatch.history import Entry, Payload, instant_of
from app.dispatch.task import Task
from app.dispatch.task import told as task_told

_NOT_OURS: Final = frozenset({Attention.UNKNOWN_CATEGORY, Attention.OLD_CATEGORY})
"""A category under these is what somebody said, none of the edition: figures have no group for it."""

SATISFIED_FROM: Final = 4
"""The least grade of 1–5 that counts as satisfied. Source: house rule."""

DISSATISFIED_TO: Final = 2
"""The best grade that still counts as dissatisfied. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the reporter said; `number` is that of the step."""

    at: datetime
    satisfaction: int | None
    solved: bool | None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLife:
    """A whole report. `number` is that of the last step, and the report's version."""

    number: int
    state: ReportState
    source: Source
    kind: Kind | None
    category: str | None
    campaign: str | None
    desk: str
    spot: Spot
    unit_code: str | None
    author_id: UUID | None
    received_at: datetime
    since: datetime
    """Since when it has been in its state."""
    updated_at: datetime
    answer_due_at: datetime | None
    attention: frozenset[str] = frozenset()
    verifier_id: UUID | None = None
    task: Task | None = None
    operator_id: UUID | None = None
    accepted_at: datetime | None = None
    rejected_at: datetime | None = None
    answered_at: datetime | None = None
    merged_at: datetime | None = None
    self_disposed_at: datetime | None = None
    taken_up_at: datetime | None = None
    replied_at: datetime | None = None
    called_back_at: datetime | None = None
    opinions: tuple[Opinion, ...] = ()
    """The first and the last one, where there are two."""
    end_reason: str | None = None

    @property
    def opinion(self) -> Opinion | None:
        """What the reporter said last."""
        return self.opinions[-1] if self.opinions else None


def dissatisfied(solved: bool | None, satisfaction: int | None) -> bool:  # noqa: FBT001  # what was said, as it is
    """Tell whether the desk should ask again: not solved, or a grade of 1 or 2."""
    return solved is False or (satisfaction is not None and satisfaction <= DISSATISFIED_TO)


def fold(entries: Iterable[Entry], life: ReportLife | None = None) -> ReportLife:
    """Return the report that the entries tell of; raises ValueError without any."""
    told = reduce(apply, entries, life)
    if told is None:
        raise ValueError("a report has at least the step that received it")
    return told


def apply(life: ReportLife | None, entry: Entry) -> ReportLife:
    """Return the life after one more step."""
    if life is None:
        return _received(entry)
    changed = _CHANGES.get(entry.action, _unchanged)(life, entry)
    task = task_told(life.task, changed.verifier_id, entry)
    state = ReportState(entry.target)
    at = entry.recorded_at
    since = life.since if state is life.state else at
    return replace(changed, number=entry.number, state=state, task=task, since=since, updated_at=at)


def _received(entry: Entry) -> ReportLife:
    p = entry.payload
    return ReportLife(
        number=entry.number,
        state=ReportState(entry.target),
        source=Source(p["source"]),
        kind=Kind(p["kind"]) if p["kind"] else None,
        category=p["category"],
        campaign=p["campaign"],
        desk=p["desk"],
        spot=Spot(**p["spot"]),
        unit_code=p["unit_code"],
        author_id=UUID(p["author_id"]) if p["author_id"] else None,
        received_at=entry.recorded_at,
        since=entry.recorded_at,
        updated_at=entry.recorded_at,
        answer_due_at=instant_of(p, "answer_due_at"),
        attention=frozenset(p["attention"]),
    )


def _accepted(life: ReportLife, entry: Entry) -> ReportLife:
    p = entry.payload
    return replace(
        life,
        accepted_at=entry.recorded_at,
        operator_id=entry.actor_id,
        kind=Kind(p["kind"]),
        category=p["category"],
        spot=Spot(**p["spot"]) if "spot" in p else life.spot,
        unit_code=p.get("unit_code", life.unit_code),
        attention=frozenset(p.get("attention", life.attention)),
    )


def _filed(life: ReportLife, entry: Entry) -> ReportLife:
    return replace(life, taken_up_at=entry.recorded_at)


def _rejected(life: ReportLife, entry: Entry) -> ReportLife:
    return _ended(replace(life, rejected_at=entry.recorded_at), entry)


def _answered(life: ReportLife, entry: Entry) -> ReportLife:
    return _ended(replace(life, answered_at=entry.recorded_at), entry)


def _ended(life: ReportLife, entry: Entry) -> ReportLife:
    replied = replace(life, replied_at=life.replied_at or entry.recorded_at)
    return replace(replied, end_reason=entry.payload.get("reason_code"))


def _withdrawn(life: ReportLife, entry: Entry) -> ReportLife:
    return replace(life, end_reason=entry.payload.get("reason_code"))


def _merged(life: ReportLife, entry: Entry) -> ReportLife:
    return replace(life, merged_at=entry.recorded_at, taken_up_at=entry.recorded_at)


def _unmerged(life: ReportLife, _: Entry) -> ReportLife:
    return replace(life, merged_at=None, taken_up_at=None)


def _self_disposed(life: ReportLife, entry: Entry) -> ReportLife:
    return replace(life, self_disposed_at=entry.recorded_at)


def _replied(life: ReportLife, entry: Entry) -> ReportLife:
    return replace(life, replied_at=life.replied_at or entry.recorded_at)


def _called_back(life: ReportLife, entry: Entry) -> ReportLife:
    return _opined(replace(life, called_back_at=entry.recorded_at), entry)


def _opined(life: ReportLife, entry: Entry) -> ReportLife:
    raised = entry.payload.get("attention")
    life = replace(life, attention=life.attention | {raised}) if raised else life
    satisfaction, solved = entry.payload.get("satisfaction"), entry.payload.get("solved")
    if satisfaction is None and solved is None:
        return life
    said = Opinion(at=entry.recorded_at, satisfaction=satisfaction, solved=solved, number=entry.number)
    return replace(life, opinions=(*life.opinions[:1], said))


def _to_verify(life: ReportLife, entry: Entry) -> ReportLife:
    inspector = entry.payload.get("inspector_id")
    kept = life.verifier_id if entry.target == ReportState.VERIFYING else None  # nobody else there: he looks again
    return replace(life, verifier_id=UUID(inspector) if inspector else kept)


def _supplemented(life: ReportLife, entry: Entry) -> ReportLife:
    return replace(life, attention=life.attention | {entry.payload["attention"]})


def _unchanged(life: ReportLife, _: Entry) -> ReportLife:
    return life


_CHANGES: Final[Mapping[Action, Callable[[ReportLife, Entry], ReportLife]]] = {
    Action.REQUEST_VERIFICATION: _to_verify,
    Action.VERIFY: _to_verify,
    Action.HAND_OVER: _to_verify,
    Action.ACCEPT: _accepted,
    Action.FILE: _filed,
    Action.REJECT: _rejected,
    Action.ANSWER: _answered,
    Action.FORWARD: _ended,
    Action.MERGE: _merged,
    Action.UNMERGE: _unmerged,
    Action.WITHDRAW: _withdrawn,
    Action.SELF_DISPOSE: _self_disposed,
    Action.REPLY: _replied,
    Action.CALL_BACK: _called_back,
    Action.EVALUATE: _opined,
    Action.SUPPLEMENT: _supplemented,
}


def report_facts(report_id: UUID, life: ReportLife) -> ReportFacts:
    """Return the facts of a report: the one place where its 0/1 flags are decided."""
    due_at, replied_at, opinion = life.answer_due_at, life.replied_at, life.opinion
    grade = opinion.satisfaction if opinion else None
    return ReportFacts(
        report_id=report_id,
        first_recorded_at=life.received_at,
        last_recorded_at=life.updated_at,
        source=life.source,
        kind=life.kind,
        category=None if life.attention & _NOT_OURS else life.category,
        campaign=life.campaign,
        desk=life.desk,
        district=life.spot.district,
        street=life.spot.street,
        community=life.spot.community,
        cell_code=life.spot.cell_code,
        beat_code=life.spot.beat_code,
        unit_code=life.unit_code,
        inspector_id=life.author_id,
        operator_id=life.operator_id,
        received_at=life.received_at,
        accepted_at=life.accepted_at,
        rejected_at=life.rejected_at,
        answered_at=life.answered_at,
        merged_at=life.merged_at,
        self_disposed_at=life.self_disposed_at,
        taken_up_at=life.taken_up_at,
        answer_due_at=due_at,
        called_back_at=life.called_back_at,
        opinion_at=opinion.at if opinion else None,
        valid=life.state in {ReportState.FILED, ReportState.MERGED},
        answered_on_time=due_at is not None and replied_at is not None and replied_at <= due_at,
        satisfied=grade is not None and grade >= SATISFIED_FROM,
        solved=opinion is not None and opinion.solved is True,
    )


def opinion_json(one: Opinion) -> dict[str, Any]:
    """Return an opinion as it stands in the row of a report."""
    at = one.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"number": one.number, "at": at, "satisfaction": one.satisfaction, "solved": one.solved}


def received_payload(
    *,
    source: Source,
    kind: Kind | None,
    category: str | None,
    campaign: str | None,
    desk: str,
    spot: Mapping[str, Any],
    unit_code: str | None,
    author_id: UUID | None,
    answer_due_at: datetime | None,
    attention: Iterable[str],
) -> Payload:
    """Return the payload of a report's first step."""
    return {
        "source": source.value,
        "kind": kind.value if kind else None,
        "category": category,
        "campaign": campaign,
        "desk": desk,
        "spot": dict(spot),
        "unit_code": unit_code,
        "author_id": str(author_id) if author_id else None,
        "answer_due_at": answer_due_at.isoformat() if answer_due_at else None,
        "attention": sorted(attention),
    }


RECEIVING_POSTS: Final = (Post.INSPECTOR, Post.OPERATOR, Post.SHIFT_LEAD)
"""Who may bring in a report under `POST /reports`; citizens and partners have entries of their own."""
