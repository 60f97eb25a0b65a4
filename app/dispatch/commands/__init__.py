"""What somebody wants done to a report or a case: one value an action, its fields as in the contract."""

from typing import Final

from app.dispatch.commands.of_cases import (
    Amend,
    ApproveAnswer,
    AssignSub,
    Check,
    Close,
    DeskCheck,
    Dispatch,
    Dispose,
    HandOver,
    MakeContact,
    MergeCase,
    Note,
    Recall,
    Relocate,
    Reopen,
    ReportUp,
    Resume,
    ReturnSub,
    SendCheck,
    Sign,
    Tag,
    TakeUp,
    Void,
)
from app.dispatch.commands.of_reports import (
    Accept,
    AcceptFileDispatch,
    AnswerDirectly,
    CaseWanted,
    End,
    Evaluate,
    File,
    Forward,
    Merge,
    Reject,
    Reply,
    RequestVerification,
    SelfDispose,
    Unmerge,
    Verify,
    Withdraw,
)
from app.dispatch.commands.of_rulings import (
    Arbitrate,
    GrantRequest,
    RefuseRequest,
    RequestArbitration,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
    RulingPart,
)
from app.dispatch.commands.shared import CallBack, Command, Supplement, Urge

__all__ = [
    "SHORT",
    "Accept",
    "AcceptFileDispatch",
    "Amend",
    "AnswerDirectly",
    "ApproveAnswer",
    "Arbitrate",
    "AssignSub",
    "CallBack",
    "CaseWanted",
    "Check",
    "Close",
    "Command",
    "DeskCheck",
    "Dispatch",
    "Dispose",
    "End",
    "Evaluate",
    "File",
    "Forward",
    "GrantRequest",
    "HandOver",
    "MakeContact",
    "Merge",
    "MergeCase",
    "Note",
    "Recall",
    "RefuseRequest",
    "Reject",
    "Relocate",
    "Reopen",
    "Reply",
    "ReportUp",
    "RequestArbitration",
    "RequestExtension",
    "RequestReturn",
    "RequestSuspension",
    "RequestVerification",
    "Resume",
    "ReturnSub",
    "RulingPart",
    "SelfDispose",
    "SendCheck",
    "Sign",
    "Supplement",
    "Tag",
    "TakeUp",
    "Unmerge",
    "Urge",
    "Verify",
    "Void",
    "Withdraw",
    "says_something",
]

_TEXTS: Final = ("note", "text", "public_answer", "internal_note", "opinion")
SHORT: Final = ("reason_code", "method", "add", "remove")
"""Short words of the caller's own that stay in the payload: whatever was meant, somebody may type a name there."""


def says_something(command: Command) -> bool:
    """Tell whether a command carries words of the caller's own, which must be cleaned before they are kept."""
    parts = (command, command.dispatch) if isinstance(command, AcceptFileDispatch) else (command,)
    return any(getattr(part, name, None) for part in parts for name in (*_TEXTS, *SHORT))
