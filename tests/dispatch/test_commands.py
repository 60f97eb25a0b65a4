from dataclasses import fields, is_dataclass
from inspect import getmembers, isclass
from uuid import UUID

import pytest

from app.dispatch import case_actions, commands, report_actions
from app.dispatch.codes import Action, DisposalResult
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
    """What carries words of people must be scrubbed; other texts of commands are codes."""
    found = {f.name for kind in KINDS for f in fields(kind) if f.type in {str, str | None}}
    assert found & FREE_TEXTS == FREE_TEXTS
    codes = {"reason_code", "proposed_unit", "unit_code", "category", "method", "attention"}
    assert found - FREE_TEXTS == codes


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
