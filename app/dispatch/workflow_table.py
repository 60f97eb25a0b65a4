"""The two tables of the workflow as docs/workflow.md shows them."""

from collections.abc import Iterable
from typing import Final

from app.dispatch.codes import CaseState, ReportState
from app.dispatch.workflow import CASE_STEPS, REPORT_STEPS, Step

BY_HAND: Final = "<!-- written by hand from here on"
"""Begins what docs/workflow.md says after the tables; `renewed` leaves it alone."""
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
- `withdraw` after filing or merging leaves the report where it is and asks for attention on its cases; so does an
  `evaluate` that is dissatisfied (not solved, or a grade of 1 or 2).
- `unmerge` of a `filed` report gives it back from the case that its own ones were merged into; while one of them goes
  on or ended otherwise, it is refused.
- `evaluate` is open to the reporter after every end that answered him: also an answer, a forwarding and a rejection can
  be disputed. First and last opinion stay with the report.
- A report is answered once, when the last of the cases that it waits for has ended: closed, voided, or ended by a
  granted claim. A case that was merged answers with the one it joined, one that came back with its new one.
- `verify` with no access offers the task to another inspector; with nobody else there, it stays with the same one.
- `take_up` and `hand_over` are of an inspector's task: whom it goes to, and what becomes of one that nobody takes up,
  stands in `inspectors.md`.
"""

_CASE_NOTES: Final = """\
- A round's clocks start with its first `dispatch`. `reopen` starts the next round with a limit of its own; what the
  last one was stays.
- `dispose` with `temporary` (made safe) stays `dispatched`: the leg ends `disposed`, and one of the same unit that
  makes it lasting begins with `follow_up_limit`. In time, the case clock starts anew with it (the first dispatch
  stays where figures count it); too late, the case stays late, and nothing that follows is in time by the leg's clock
  either. Once a round; the standing disposal is the follow-up's, which is not `recall`ed: nobody sent it.
- `dispose` with `cannot` stays `dispatched` and asks for the end that `claim` names: `transferred_to_enforcement`,
  `problem_bank`, `out_of_scope`, `explained` or `withdrawn`. It takes the place of another pending request; its public
  answer goes out once it is granted.
- `check` and `desk_check` that fail with `relapsed` pass: what came back is filed as a case of its own from the same
  first report, recurrent, at the same place, routed as of now. Each history names the other case (`opened_case`,
  `relapse_of`).
- `amend` names category, condition and point anew. The limit counts from the original dispatch, for the case and for
  a leg that goes on: **what was in time may be overdue at once**. With `reroute` the unit is asked for anew; another
  one gets a new main leg with the full limit, the present one ends `superseded`. A limit that a policy gave (redo,
  follow-up) stays. Extensions in another unit fall away with the limit they extended; while a request is pending that
  this would touch, it must be ruled on first.
- `merge_case` ends a case as `merged` in another open one, which carries its reports from then on; it counts nowhere
  but among the filed. It is not reopened: what it joined is.
- `approve_answer`: while policy `answer_approval` is on, the public answer of a disposal is shown to nobody outside and
  told to no partner before somebody has read it; what the unit wrote stays beside the edit in the history. `close` is
  refused until then, as it is under `call_back_before_closing` until everybody who asked for it (by leaving a number
  to be called at) was called since the disposal; the refusal names what is missing.
- `call_back` by a dissatisfied reporter raises `dissatisfied` on the case until it is reopened.
- `recall` and a granted return annul the leg: the case is `filed` again, its case clock runs on, the next unit gets the
  full limit.
- Who rules on a request is a chain of posts (`policies.md`), fixed when it is asked. Each `grant` goes one step on and
  stays; the last one leads to `filed` for a return, to `suspended` for a suspension, to `closed` for a claimed end, and
  stays for an extension. A `refuse` at any step ends the request. At most one request is pending.
- `request_extension` with `engineering` needs the plan's date (`until`) and may be longer than the limit.
- The third return of a round, and every `request_arbitration` (once a unit and round, with evidence, after its return
  was refused), is ruled by `arbitrate`: another unit gets a new main leg with the full limit, the one that asked ends
  `returned` or `overruled`; naming the same one refuses the request. So does `refuse`; `grant` does not exist there. A
  `filed` case that a unit has given back may be sent by `arbitrate`, too. With `ruling`, later cases of that place and
  category go to the named unit, and the step names the ruling; only who rules for the whole city (`access.md`,
  `rulings`) may give it: a town's coordinator, or one of a region, names the unit of this case alone.
- With `handle_under_reserve` the unit works while it waits: its disposal leaves the request pending; `arbitrate` and
  `refuse` are possible until after the end. If it was another's, the state stays, the leg ends `overruled` and is
  not judged; a check that then fails leads to `filed`, a redo goes to the unit that was named. `reopen` withdraws what
  nobody has ruled on by then.
- `check` leads to `checked` (pass; not found where the disposal said gone), back to `dispatched` (fail), stays (no
  access; or one in ten of those that the reporter passes himself, looked over by another), or back to `disposed` (not
  found).
- A request asked in time and ruled late gives the wait beyond the desk's limit back to the leg; where the leg would
  have run out within that limit, the whole wait; the limit is for the whole chain, and a work day where the coordinator
  has a word. A round that ends by a granted claim is in time if that was asked in time. A suspension granted after a
  clock ran out counts from its asking.
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
- `void` of a case that was or is overdue needs a second person, who must lead the shift there himself; reporters are
  told of it, partners as `case.closed` with the state `voided`. `merged` as an end comes from merging only.
"""


def renewed(page: str) -> str:
    """Return docs/workflow.md with its tables made anew, and what was written by hand as it stood."""
    _, mark, examples = page.partition(BY_HAND)
    return f"{document()}\n{mark}{examples}" if mark else document()


def document() -> str:
    """Return the part of docs/workflow.md that is made from the tables."""
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
