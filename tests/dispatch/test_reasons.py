from app.dispatch.codes import Action, FailCode, Source
from app.dispatch.reasons import REASONS, SOURCE_NAMES


def test_every_source_has_a_name() -> None:
    assert set(SOURCE_NAMES) == {source.value for source in Source}


def test_a_code_stands_once_an_action_and_every_fail_code_is_there() -> None:
    assert len({(one.action, one.code) for one in REASONS}) == len(REASONS)
    assert {one.code for one in REASONS if one.action is Action.CHECK} == {code.value for code in FailCode}
