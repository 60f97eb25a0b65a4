"""Put together who takes steps: the same for the application, the worker and whoever simulates a city."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.dispatch.policies import Policies
from app.services.acts import Acts, Sittings
from app.services.books import Books
from app.services.callbacks import Callbacks
from app.services.case_opening import CaseOpening
from app.services.case_steps import CaseSteps
from app.services.cases import Cases
from app.services.frame import Frame
from app.services.orders import Orders
from app.services.report_steps import ReportSteps
from app.services.reports import Reports
from app.services.steps import Steps
from app.services.transaction import Sessions
from app.services.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepping:
    """Who takes steps: trusted ones, and those of people on cases and on reports."""

    acts: Acts
    cases: Cases
    reports: Reports
    orders: Orders


def stepping(
    sessions: Sessions, books: Books, vault: Vault, policies: Policies, now: Callable[[], datetime], *, city: str
) -> Stepping:
    """Put them together; `city` goes before every case number."""
    callbacks = Callbacks()
    of_reports = ReportSteps(callbacks=callbacks)
    of_cases = CaseSteps(callbacks=callbacks, reports=of_reports)
    opening = CaseOpening(steps=of_cases, city=city)
    steps = Steps(reports=of_reports, cases=of_cases, opening=opening)
    sittings = Sittings(books=books, vault=vault, policies=policies)
    acts = Acts(sessions=sessions, sittings=sittings, steps=steps)
    frame = Frame(sessions=sessions, sittings=sittings, steps=steps, now=now)
    orders = Orders(sessions=sessions, books=books, acts=acts, vault=vault, policies=policies, now=now, city=city)
    return Stepping(
        acts=acts, cases=Cases(frame=frame, acts=acts), reports=Reports(frame=frame, acts=acts), orders=orders
    )
