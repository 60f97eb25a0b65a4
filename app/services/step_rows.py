"""From what a sitting holds at its end to rows: every subject, round and leg once, as its last step left it."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

from app.dispatch import case_projection, report_projection
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.dispatch.report_life import report_facts
from app.repositories.step_writing import StepRows, lanes_of
from app.services.effects import Effects
from app.services.gathering import Gathered
from app.services.held import HeldCase, HeldReport
from app.services.ledger import Ledger

_ROUND: Final = tuple(one.name for one in fields(RoundFacts))
_LEG: Final = tuple(one.name for one in fields(LegFacts))
_REPORT: Final = tuple(one.name for one in fields(ReportFacts))


def rows_of(gathered: Gathered, effects: Effects, ledger: Ledger) -> StepRows:
    """Return everything that a sitting has to write."""
    rows = StepRows(history=[*ledger.rows], texts=[*ledger.texts], uses=[*effects.uses], events=[*effects.events])
    for case in gathered.cases.values():
        if case.row is None or case.changed:
            _case(rows, case)
    for report in gathered.reports.values():
        if report.changed:
            _report(rows, report)
    rows.pairs = [*effects.pairs]
    rows.freed = [*effects.freed]
    rows.links, rows.unlinks = effects.linked()
    rows.timers, rows.lapsed = effects.timed()
    rows.lanes = lanes_of(effects.events)
    return rows


def _case(rows: StepRows, held: HeldCase) -> None:
    life = held.life
    columns = {"id": held.id, **case_projection.present(life), "public_answer": held.public_answer}
    if held.row is None:
        first = {"case_no": life.case_no, "filed_at": life.filed_at}
        rows.opened.append({**held.opened, **columns, **held.placed, **first})
    elif held.placed:
        rows.moved.append({**columns, **held.placed})
    else:
        rows.cases.append(columns)
    since = held.first_round
    rows.rounds.extend(_plain(one, _ROUND) for one in round_facts(held.id, life) if one.round >= since)
    rows.legs.extend(_plain(one, _LEG) for one in leg_facts(held.id, life) if one.round >= since)
    rows.requests.extend(case_projection.requests(held.id, life, since=since))


def _report(rows: StepRows, held: HeldReport) -> None:
    columns = {"id": held.id, **report_projection.present(held.life), "public_answer": held.row.public_answer}
    if held.placed:
        rows.placed.append({**columns, **held.placed})
    else:
        rows.reports.append(columns)
    rows.report_facts.append(_plain(report_facts(held.id, held.life), _REPORT))


def _plain(value: RoundFacts | LegFacts | ReportFacts, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}
