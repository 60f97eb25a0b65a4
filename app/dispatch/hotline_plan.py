"""What an event of a partner's order does: a new report, steps on the one it has, steps on its cases.

Nothing is refused here. A step that the state does not allow becomes a supplement that a person looks at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.dispatch import commands
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Attention, CaseState, ReportState, RequestKind, Source
from app.dispatch.commands import Command, Supplement
from app.dispatch.hotline import HotlineAction, Order, Urgency
from app.dispatch.points import Point
from app.dispatch.workflow import OPEN_CASES, allowed

REDO_REASON: Final = "partner_redo"
WITHDRAWN_REASON: Final = "partner_withdrawn"
NO_TEXT: Final = "（来单没有正文）"

_A = HotlineAction
_WAITING: Final = frozenset({ReportState.RECEIVED, ReportState.VERIFYING, ReportState.ACCEPTED})
_NOTED_AS: Final[Mapping[HotlineAction, Attention]] = {
    _A.CREATE: Attention.SUPPLEMENTED,
    _A.SUPPLEMENT: Attention.SUPPLEMENTED,
    _A.URGE: Attention.SUPPLEMENTED,
    _A.WITHDRAW: Attention.WITHDRAWN_BY_REPORTER,
    _A.EVALUATE: Attention.SUPPLEMENTED,
    _A.REDO: Attention.REDO_ASKED,
    _A.SUPERVISE: Attention.SUPERVISED,
}
"""How an action is shown to the desk as a supplement; an absent one (an answer to what nobody asked) as unknown."""
_RULES: Final[Mapping[HotlineAction, tuple[RequestKind, bool]]] = {
    _A.RETURN_APPROVED: (RequestKind.RETURN, True),
    _A.RETURN_REFUSED: (RequestKind.RETURN, False),
    _A.EXTENSION_APPROVED: (RequestKind.EXTENSION, True),
    _A.EXTENSION_REFUSED: (RequestKind.EXTENSION, False),
    _A.SUSPENSION_APPROVED: (RequestKind.SUSPENSION, True),
    _A.SUSPENSION_REFUSED: (RequestKind.SUSPENSION, False),
}
"""What the partner's word is about, and whether it is yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOfPartner:
    """A request of a case that waits for the partner's word."""

    id: UUID
    kind: RequestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedCase:
    """A case of the order's report."""

    id: UUID
    state: CaseState
    asked: AskedOfPartner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the newest report of an order stands."""

    report_id: UUID
    state: ReportState
    cases: Sequence[LinkedCase] = ()

    @property
    def open_cases(self) -> tuple[UUID, ...]:
        """The cases still in hand."""
        return tuple(one.id for one in self.cases if one.state in OPEN_CASES)

    @property
    def closed_cases(self) -> tuple[UUID, ...]:
        """The cases that a new round may be started of."""
        return tuple(one.id for one in self.cases if one.state is CaseState.CLOSED)

    @property
    def in_hand(self) -> bool:
        """Whether somebody is still at work on the report or a case of it."""
        return self.state in _WAITING or bool(self.open_cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do. `reopen` is tried first; where none of it succeeds, a new report is made.

    The units at work on the `supervised` cases get an order to answer. Where none of the `rulings` can be taken any
    more, the report gets what `instead` returns.
    """

    new: bool = False
    reopen: tuple[UUID, ...] = ()
    rulings: tuple[tuple[UUID, Command], ...] = ()
    on_report: tuple[Command, ...] = ()
    on_cases: tuple[tuple[UUID, Command], ...] = ()
    supervised: tuple[UUID, ...] = ()


def plan(order: Order, standing: Standing | None) -> Plan:
    """Decide what an event does to the order as it stands."""
    if standing is None:
        return Plan(new=True)
    again = order.action in {_A.CREATE, _A.REDO}
    if again and not standing.in_hand:
        if not standing.closed_cases:
            return Plan(new=True)
        return Plan(reopen=standing.closed_cases, on_report=_noted(order, ()))
    rulings = tuple(_rulings(order, standing))
    if rulings:
        return Plan(rulings=rulings, on_report=_noted(order, ()))
    main = _on_report(order, standing)
    return Plan(
        on_report=(*main, *_noted(order, main)),
        on_cases=tuple((case, command) for case in standing.open_cases for command in _on_case(order)),
        supervised=standing.open_cases if order.action is _A.SUPERVISE else (),
    )


def instead(order: Order) -> Supplement:
    """Return what is recorded where a step turned out not to be possible."""
    return _supplement(order)


def reopening(order: Order) -> commands.Reopen:
    """Return the command that starts a new round."""
    return commands.Reopen(reason_code=REDO_REASON, note=order.text)


def arrival_of(
    order: Order,
    *,
    report_id: UUID,
    partner_id: UUID,
    source: Source,
    point: Point | None,
    attention: Iterable[Attention] = (),
) -> Arrival:
    """Return the report that an event brings; one that is no first statement says so in `attention`."""
    noted = set(attention)
    if order.action is _A.REDO:
        noted.add(Attention.REDO_ASKED)
    if order.action is not _A.CREATE:
        noted.add(Attention.UNKNOWN_VALUE)
    comment = order.evaluation.comment if order.evaluation else None
    return Arrival(
        id=report_id,
        source=source,
        description=order.text or comment or NO_TEXT,
        kind=order.kind,
        category=order.category,
        address=order.address,
        point=point,
        reporter=order.reporter,
        occurred_at=order.occurred_at,
        tags=_tags(order),
        partner_id=partner_id,
        order_no=order.order_no,
        raw_payload=order.raw,
        answer_due_at=order.due_at,
        attention=frozenset(str(one) for one in (noted | order.attention)),
    )


def _tags(order: Order) -> tuple[str, ...]:
    pressing = (order.urgency.value,) if order.urgency is not Urgency.NORMAL else ()
    return (*pressing, "repeat_order") if order.repeat_of else pressing


def _rulings(order: Order, standing: Standing) -> Iterator[tuple[UUID, Command]]:
    """Yield the partner's word on each request of that kind that waits for it."""
    if order.action is None or order.action not in _RULES:
        return
    kind, yes = _RULES[order.action]
    for case in standing.cases:
        asked = case.asked
        if asked is not None and asked.kind is kind and yes:
            yield case.id, commands.GrantRequest(request_id=asked.id, text=order.text)
        elif asked is not None and asked.kind is kind:
            yield case.id, commands.RefuseRequest(request_id=asked.id, text=order.text or NO_TEXT)


def _on_report(order: Order, standing: Standing) -> tuple[Command, ...]:
    main: Command = _supplement(order)
    match order.action:
        case _A.URGE:
            main = commands.Urge(note=order.text)
        case _A.WITHDRAW:
            main = commands.Withdraw(reason_code=WITHDRAWN_REASON, note=order.text)
        case _A.EVALUATE if order.evaluation is not None:
            main = _evaluate(order)
    possible = main.action in allowed(standing.state)
    return (main if possible else _supplement(order), *_unhappy(order))


def _on_case(order: Order) -> tuple[Command, ...]:
    match order.action:
        case _A.URGE:
            return (commands.Urge(note=order.text),)
        case _A.CREATE | _A.SUPPLEMENT | _A.WITHDRAW | _A.REDO | _A.SUPERVISE:
            return (_supplement(order),)
    return _unhappy(order)


def _evaluate(order: Order) -> Command:
    said = order.evaluation
    assert said is not None  # noqa: S101  # asked for by the caller
    opinion = said.comment or order.text
    return commands.Evaluate(reached=said.reached, solved=said.solved, satisfaction=said.satisfaction, opinion=opinion)


def _unhappy(order: Order) -> tuple[Command, ...]:
    if order.evaluation is not None and order.evaluation.dissatisfied:
        return (Supplement(attention=Attention.DISSATISFIED),)
    return ()


def _supplement(order: Order) -> Supplement:
    """Keep what was said, with the partner's word in front where it is not a plain supplement."""
    kind = Attention.UNKNOWN_VALUE if order.action is None else _NOTED_AS.get(order.action, Attention.UNKNOWN_VALUE)
    said = order.text or (order.evaluation.comment if order.evaluation else None)
    plain = order.action in {_A.CREATE, _A.SUPPLEMENT}
    return Supplement(attention=kind, text=said if plain else f"{order.said}：{said or NO_TEXT}")


def _noted(order: Order, already: Sequence[Command]) -> tuple[Command, ...]:
    """Return the further things a person should look at."""
    covered = {one.attention for one in already if isinstance(one, Supplement)}
    return tuple(Supplement(attention=one) for one in sorted(order.attention) if one not in covered)
