"""What every command has, and those that reports and cases share."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.dispatch.codes import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What every action may carry: a note."""

    action: ClassVar[Action]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack(Command):
    """Ask a reporter what came of it."""

    action = Action.CALL_BACK
    report_id: UUID
    reached: bool
    solved: bool | None = None
    satisfaction: int | None = None
    opinion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Urge(Command):
    """Remind."""

    action = Action.URGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement(Command):
    """Something new came from the reporter or the partner; `attention` says what to look at."""

    action = Action.SUPPLEMENT
    attention: str
    text: str | None = None
