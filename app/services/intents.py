"""What a batch of intended steps will have to know, told from the commands alone, before anything is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch import commands
from app.dispatch.case_ending import relapsed
from app.dispatch.codes import Action, DisposalResult
from app.dispatch.report_life import dissatisfied
from app.dispatch.tasks import may_send
from app.services.ledger import Subject

_NEEDS_LINKS: Final = frozenset(
    {
        Action.DISPATCH,
        Action.DISPOSE,
        Action.CLOSE,
        Action.VOID,
        Action.MERGE_CASE,
        Action.REOPEN,
        Action.CALL_BACK,
        Action.ARBITRATE,
    }
)
_ENDING: Final = frozenset({Action.CLOSE, Action.VOID})
_MOVING: Final = frozenset({Action.CLOSE, Action.VOID, Action.MERGE_CASE, Action.REOPEN})
_NEEDS_PLACE: Final = frozenset({Action.ACCEPT, Action.FILE, Action.ACCEPT_FILE_DISPATCH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A step that somebody wants taken at about `now`; `on_behalf_of` is a text, too, and must be cleaned."""

    subject: Subject
    subject_id: UUID
    command: commands.Command
    now: datetime
    on_behalf_of: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether words come along that must be cleaned of what is known of the reporters."""
        return self.on_behalf_of is not None or commands.says_something(self.command)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A batch of intents, asked for what it needs."""

    intents: Sequence[Intent]

    @property
    def reports(self) -> set[UUID]:
        """The reports that steps are wanted of."""
        return {one.subject_id for one in self.intents if one.subject == "report"}

    @property
    def cases(self) -> set[UUID]:
        """The cases that steps are wanted of, and those that reports and other cases want to join."""
        joins = commands.Merge | commands.MergeCase
        joined = {one.command.into_case for one in self.intents if isinstance(one.command, joins)}
        return joined | {one.subject_id for one in self.intents if one.subject == "case"}

    @property
    def leaving(self) -> set[UUID]:
        """The reports whose own steps are their cases' matter, too: these are locked before them."""
        return {one.subject_id for one in self.intents if _concerns_cases(one.command)}

    @property
    def redoing(self) -> set[UUID]:
        """The reports whose cases may begin anew by what their reporters say."""
        of_reports = (one for one in self.intents if one.subject == "report")
        return {one.subject_id for one in of_reports if one.command.action is Action.REOPEN}

    @property
    def telling(self) -> set[UUID]:
        """The cases whose reports must be known."""
        cases = (one for one in self.intents if one.subject == "case")
        asked = {one.subject_id for one in cases if one.command.action in _NEEDS_LINKS or one.speaks}
        return asked | set(self.merging.values()) | self.relapsing

    @property
    def closing(self) -> set[UUID]:
        """The cases whose end is told to every reporter."""
        return {one.subject_id for one in self.intents if one.command.action in _ENDING}

    @property
    def granting(self) -> set[UUID]:
        """The cases of which a request may be granted: one for an end closes them."""
        return {one.subject_id for one in self.intents if one.command.action is Action.GRANT}

    @property
    def claiming(self) -> set[UUID]:
        """The cases for which such an end is asked within the batch."""
        return {one.subject_id for one in self.intents if _claims(one.command)}

    @property
    def relapsing(self) -> set[UUID]:
        """The cases that pass their check and begin anew as another case."""
        return {one.subject_id for one in self.intents if relapsed(one.command)}

    @property
    def amending(self) -> set[UUID]:
        """The cases that are looked up, located or routed anew."""
        return {one.subject_id for one in self.intents if isinstance(one.command, commands.Amend)}

    @property
    def merging(self) -> dict[UUID, UUID]:
        """The cases that want to end in another one, and in which."""
        found = ((one.subject_id, one.command) for one in self.intents)
        return {case: command.into_case for case, command in found if isinstance(command, commands.MergeCase)}

    @property
    def called_back(self) -> set[tuple[UUID, UUID]]:
        """The case and the report of every opinion that is recorded with a case."""
        found = (one for one in self.intents if one.subject == "case")
        return {(one.subject_id, one.command.report_id) for one in found if isinstance(one.command, commands.CallBack)}

    @property
    def joining(self) -> dict[UUID, set[UUID]]:
        """The reports that want to join a case, by case."""
        found: dict[UUID, set[UUID]] = {}
        for one in self.intents:
            if isinstance(one.command, commands.Merge):
                found.setdefault(one.command.into_case, set()).add(one.subject_id)
        return found

    @property
    def speaking(self) -> tuple[set[UUID], set[UUID]]:
        """The cases and the reports about which something is said."""
        said = [one for one in self.intents if one.speaks]
        return (
            {one.subject_id for one in said if one.subject == "case"},
            {one.subject_id for one in said if one.subject == "report"},
        )

    @property
    def inspectors(self) -> bool:
        """Whether somebody may have to be sent."""
        return any(may_send(one.command, None, None) for one in self.intents)

    @property
    def passing(self) -> set[UUID]:
        """The cases whose check may be looked over by another, if it is the reporter who passes it."""
        checks = (one for one in self.intents if isinstance(one.command, commands.Check))
        return {one.subject_id for one in checks if may_send(one.command, one.subject_id, one.subject_id)}

    @property
    def placing(self) -> set[UUID]:
        """The reports that are located anew, for which the components they name must be known."""
        return {one.subject_id for one in self.intents if one.command.action in _NEEDS_PLACE}

    @property
    def seconds(self) -> set[UUID]:
        """The second persons that are named."""
        found = (one.command.second_person for one in self.intents if isinstance(one.command, commands.Void))
        return {one for one in found if one is not None}

    @property
    def moving(self) -> set[UUID]:
        """The cases that may end or begin anew while the batch is taken."""
        return {one.subject_id for one in self.intents if one.command.action in _MOVING} | self.granting

    @property
    def filings(self) -> list[tuple[Intent, commands.File]]:
        """The filings, each with the intent it is part of."""
        return [(one, filing) for one in self.intents if (filing := _filing(one.command)) is not None]

    @property
    def acceptances(self) -> dict[UUID, list[commands.Accept]]:
        """What reports may have been accepted as before they are filed, by report."""
        found: dict[UUID, list[commands.Accept]] = {}
        for one in self.intents:
            accepted = one.command.accept if isinstance(one.command, commands.AcceptFileDispatch) else one.command
            if isinstance(accepted, commands.Accept):
                found.setdefault(one.subject_id, []).append(accepted)
        return found


def _concerns_cases(command: commands.Command) -> bool:
    if isinstance(command, commands.Evaluate):
        return dissatisfied(command.solved, command.satisfaction)
    return isinstance(command, commands.Unmerge | commands.Withdraw)


def _claims(command: commands.Command) -> bool:
    return isinstance(command, commands.Dispose) and command.result is DisposalResult.CANNOT


def _filing(command: commands.Command) -> commands.File | None:
    if isinstance(command, commands.AcceptFileDispatch):
        return command.file
    return command if isinstance(command, commands.File) else None
