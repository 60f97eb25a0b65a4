"""Let policy go on after a step: what it may need is read with the step, what it takes next is asked of the rules."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.dispatch import commands
from app.dispatch.book import Book
from app.dispatch.catalogue import Category
from app.dispatch.codes import Action
from app.dispatch.follow_ups import AUTOMATIC, FollowUp, after_case, after_opinion, after_report, foreseen
from app.dispatch.policies import Policies
from app.services.held import HeldCase, HeldReport
from app.services.intents import Intent
from app.services.ledger import Subject
from app.services.sitting import Sitting

Next = tuple[Subject, UUID, FollowUp]
"""Of what, and which step policy takes."""


def foresee(intents: Sequence[Intent], book: Book, base: Policies) -> list[Intent]:
    """Return the steps that policy may take after these; none where no policy in force takes any."""
    wanted = _in_force(book, max((one.now for one in intents), default=None), base)
    if not wanted:
        return []
    return [
        replace(one, command=command, on_behalf_of=None) for one in intents for command in foreseen(one.command, wanted)
    ]


def follow(
    sitting: Sitting,
    subject: Subject,
    subject_id: UUID,
    command: commands.Command,
    opened: Sequence[UUID],
    at: datetime,
) -> Iterator[Next]:
    """Yield what policy does after a step was taken, and with the cases that it opened."""
    held = sitting.case(subject_id) if subject == "case" else sitting.report(subject_id)
    if isinstance(held, HeldReport):
        yield from _after_report(sitting, held, command, at)
    elif held is not None:
        yield from _after_case(sitting, held, command.action, at)
    for one in opened:
        case = sitting.case(one)
        if case is not None:
            yield from _after_case(sitting, case, Action.FILE, at)


def _after_case(sitting: Sitting, held: HeldCase, action: Action, at: datetime) -> Iterator[Next]:
    found = after_case(held.life, action, sitting.policies_of(held, at))
    if found is not None:
        yield "case", held.id, found


def _after_report(sitting: Sitting, held: HeldReport, command: commands.Command, at: datetime) -> Iterator[Next]:
    policies = sitting.policies_of(held, at)
    if policies.auto_accept or policies.auto_file:
        category = sitting.book.catalogue.find(held.life.kind, held.life.category)
        found = after_report(held.life, command, policies, category, _condition(held, category))
        if found is not None:
            yield "report", held.id, found
    if isinstance(command, commands.Evaluate):
        for case_id in held.cases:
            case = sitting.case(case_id)
            found = after_opinion(case.life, command, sitting.policies_of(case, at)) if case else None
            if found is not None:
                yield "case", case_id, found


def _condition(held: HeldReport, category: Category | None) -> int | None:
    """Return the condition that came with the report, where it is still under the category that it came with."""
    first = held.steps[0][0].payload if held.steps else {}
    same = category is not None and (first.get("kind"), first.get("category")) == (category.kind, category.code)
    return held.row.condition if same else None


def _in_force(book: Book, at: datetime | None, base: Policies) -> frozenset[str]:
    """Return the policies that take steps and are on for anything now."""
    if at is None:
        return frozenset()
    return frozenset(name for name in AUTOMATIC if any(book.policies.values(name, at, base)))
