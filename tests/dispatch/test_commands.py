from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from inspect import getmembers, isclass
from uuid import UUID

import pytest

from app.dispatch import case_actions, commands, report_actions
from app.dispatch.codes import Action, DisposalResult, Kind
from app.dispatch.commands import Command, says_something

ABSTRACT = {Command, commands.End}
KINDS = [kind for _, kind in getmembers(commands, isclass) if issubclass(kind, Command) and kind not in ABSTRACT]
FREE_TEXTS = {"note", "text", "public_answer", "internal_note", "opinion"}
NO_COMMAND = {Action.RECEIVE}
"""A report comes in as an arrival."""


def test_every_action_has_one_command() -> None:
    actions = [kind.action for kind in KINDS]
    assert len(actions) == len(set(actions))
    assert set(actions) == set(Action) - NO_COMMAND


def test_every_command_is_a_frozen_value() -> None:
    for kind in KINDS:
        assert is_dataclass(kind)
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # set by dataclass
        assert "__slots__" in vars(kind)


def test_every_command_is_somebodys_to_decide() -> None:
    decided = set(case_actions._DECISIONS) | set(report_actions._DECISIONS)
    assert {kind.action for kind in KINDS} - decided == {Action.ACCEPT_FILE_DISPATCH}


def test_free_texts_are_known_by_their_names() -> None:
    """What carries words of people must be scrubbed, short ones too; other texts of commands are checked codes."""
    found = {f.name for kind in KINDS for f in fields(kind) if f.type in {str, str | None}}
    assert found & FREE_TEXTS == FREE_TEXTS
    checked = {"proposed_unit", "unit_code", "category", "attention"}
    assert found - FREE_TEXTS - set(commands.SHORT) == checked


@pytest.mark.parametrize(
    "command",
    [
        commands.Recall(reason_code="好"),
        commands.Tag(add=("好",)),
        commands.Tag(remove=("好",)),
        commands.MakeContact(reached=True, at=datetime(2026, 3, 2, tzinfo=UTC), method="好"),
        commands.AcceptFileDispatch(
            accept=commands.Accept(kind=Kind.EVENT, category="0101"),
            file=commands.File(cases=()),
            dispatch=commands.Dispatch(reason_code="好"),
        ),
    ],
)
def test_short_words_are_words_too(command: Command) -> None:
    assert says_something(command)


@pytest.mark.parametrize("name", sorted(FREE_TEXTS))
def test_a_command_with_words_says_something(name: str) -> None:
    carrying = {
        "note": commands.Sign(note="好"),
        "text": commands.Note(text="好"),
        "public_answer": commands.Reject(reason_code="x", public_answer="好"),
        "internal_note": commands.Dispose(result=DisposalResult.SOLVED, internal_note="好"),
        "opinion": commands.CallBack(report_id=UUID(int=1), reached=True, opinion="好"),
    }
    assert says_something(carrying[name])
    assert not says_something(commands.Sign())
    assert not says_something(commands.Sign(note=""))
