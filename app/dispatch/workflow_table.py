"""The two tables of the workflow as docs/workflow.md shows them."""

from collections.abc import Iterable
from typing import Final

from app.dispatch.codes import CaseState, ReportState
from app.dispatch.workflow import CASE_STEPS, REPORT_STEPS, Step

_STAYS: Final = "·"

_INTRODUCTION: Final = """\
# The life of a report and of a case

Made from the table in `app/dispatch/workflow.py`; a test compares. Each cell names the states that an action may lead
to from the state of its column: `·` it stays, a dash: 409 `action_not_allowed`. Where several are named, the decision
says which one. Who may take an action stands in `access.md`, limits, windows and numbers in `policies.md`, how due
times are counted in `clock.md`.
"""

_REPORT_NOTES: Final = """\
- `accept_file_dispatch` is recorded as the three steps it stands for, for who holds the three posts.
- `withdraw` after filing or merging leaves the report where it is and asks for attention on its cases.
- `verify` with no access offers the task to another inspector; with nobody else there, it stays with the same one.
- `take_up` and `hand_over` are of an inspector's task: whom it goes to, and what becomes of one that nobody takes up,
  stands in `inspectors.md`.
"""

_CASE_NOTES: Final = """\
- A round's clocks start with its first `dispatch`. `reopen` starts the next round with a limit of its own; what the
  last one was stays.
- `recall` and a granted return annul the leg: the case is `filed` again, its case clock runs on, the next unit gets the
  full limit.
- `grant` leads to `filed` for a return, to `suspended` for a suspension, and stays for an extension. At most one
  request is pending.
- `check` leads to `checked` (pass; not found where the disposal said gone), back to `dispatched` (fail), stays (no
  access; or one in ten of those that the reporter passes himself, looked over by another), or back to `disposed` (not
  found).
- A request asked in time and ruled late gives the wait beyond the desk's limit back to the leg; where the leg would
  have run out within that limit, the whole wait. A suspension granted after a clock ran out counts from its asking.
- `appeal` disputes a mark of the present round (overdue, rework, dissatisfied, unsolved, return refused, recurrence),
  once each and within `appeal_within` of it. `review_appeal` is the shift lead's word first, then the supervisor's,
  which is the last. What an upheld appeal does to figures is not decided here; the fact stays.
- `relocate` is what a new grid does to open cases: their cell, areas, beat and zones are named anew. The unit at work
  stays, and so do the codes of rounds that were closed before.
- A unit with a desk gives its leg on by `assign_sub`, to units below it; a part may be given on again. A part is due no
  later than its leg, by policy after `sub_share` of what is left. `sign` signs the caller's own leg.
- `report_up` ends a part, also a co-unit's, one level up; `return_sub` gives it back (`returned`) or, by who gave it,
  takes it back with all below it (`recalled`). `dispose` waits for no co-unit, but is refused while parts are given on.
  Whatever ends a leg ends what is left of its parts (`superseded`); a failed check reopens the main leg alone.
- A town's desk dispatches within its own subtree, other units are refused (`unit_out_of_reach`).
- `void` of a case that was or is overdue needs a second person. `merged` as an end comes from merging only.
"""


def document() -> str:
    """Return docs/workflow.md."""
    parts = (
        _INTRODUCTION,
        "## Reports\n",
        table(REPORT_STEPS, tuple(ReportState)),
        _REPORT_NOTES,
        "## Cases\n",
        table(CASE_STEPS, tuple(CaseState)),
        _CASE_NOTES,
    )
    return "\n".join(parts)


def table(steps: Iterable[Step], states: Iterable[CaseState | ReportState]) -> str:
    """Return one table: actions in the order of their first step, states as columns."""
    found = {(step.action, step.source): step.targets for step in steps}
    columns = [state for state in states if any(source == state for _, source in found)]
    rows = [
        [f"`{action}`", *(_cell(state, found.get((action, state), ())) for state in columns)]
        for action in dict.fromkeys(action for action, _ in found)
    ]
    head = ["action", *(f"`{state}`" for state in columns)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def _cell(state: CaseState | ReportState, targets: Iterable[CaseState | ReportState]) -> str:
    return ", ".join(_STAYS if target == state else f"{target}" for target in targets) or "–"
