"""What each kind of policy takes, refuses, writes and shows."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.dispatch.approval import CHAINS
from app.dispatch.codes import Action, CheckResult, DisposalResult, LimitUnit, Post, ReworkClock, WorkDayRule
from app.dispatch.commands import Check, Dispose
from app.dispatch.errors import BadInput, EvidenceRequired
from app.dispatch.grade_limits import GRADES
from app.dispatch.limits import Limit
from app.dispatch.policies import CITY_WIDE, DEFAULTS, KINDS, Policies
from app.dispatch.policy_values import (
    FLAG,
    LIMIT,
    METRES,
    SHARE,
    SPAN,
    ValueKind,
    choice,
    count,
    optional,
    some_of,
    span_json,
)
from app.dispatch.required import REQUIRABLE, WITH_EVIDENCE, check, required_of

TAKEN: list[tuple[ValueKind[Any], object, object]] = [
    (FLAG, True, True),
    (SHARE, 0.25, 0.25),
    (SHARE, 1, 1.0),
    (METRES, 30, 30.0),
    (count(0, 3), 3, 3),
    (SPAN, "PT2H", timedelta(hours=2)),
    (SPAN, "P15D", timedelta(days=15)),
    (SPAN, "P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    (optional(SPAN), None, None),
    (choice(ReworkClock), "fresh", ReworkClock.FRESH),
    (some_of({"dispose", "check"}), ["dispose", "check", "dispose"], ("check", "dispose")),
    (some_of({"dispose"}), [], ()),
    (LIMIT, {"value": 3, "unit": "work_day"}, Limit(value=3, unit=LimitUnit.WORK_DAY)),
    (LIMIT, {"value": 1.5, "unit": "work_hour"}, Limit(value=Decimal("1.5"), unit=LimitUnit.WORK_HOUR)),
    (
        LIMIT,
        {"value": 1, "unit": "work_day", "rule": "day_end"},
        Limit(value=1, unit=LimitUnit.WORK_DAY, rule=WorkDayRule.DAY_END),
    ),
]


@pytest.mark.parametrize(("kind", "said", "meant"), TAKEN, ids=lambda one: repr(one)[:40])
def test_what_fits_is_read_and_written_again(kind: ValueKind[Any], said: object, meant: object) -> None:
    assert kind.parse(said) == meant
    assert kind.parse(kind.write(meant)) == meant
    assert isinstance(kind.show(meant), str)


def wrong(kind: ValueKind[Any], *said: object) -> list[tuple[ValueKind[Any], object]]:
    return [(kind, one) for one in said]


ODD = (float("nan"), float("inf"), 10**400)
UNSTORABLE = ("A\x00", "\ud800")

REFUSED: list[tuple[ValueKind[Any], object]] = [
    *wrong(FLAG, 1, 0, "true", None, []),
    *wrong(SHARE, -0.1, 1.01, True, "0.5", float("nan"), None),
    *wrong(METRES, -1, 10_001, float("inf"), True),
    *wrong(count(0, 3), 4, -1, 1.0, True, "1", None),
    *wrong(SPAN, "", "P", "PT", "PT0S", "2:00:00", "P99999D", "P4000D", 7200, None, "PT-1H", "P1DT"),
    *wrong(choice(ReworkClock), "", "anew", None, 3),
    *wrong(some_of({"dispose"}), "dispose", ["check"], [3], None, {"dispose": 1}),
    *wrong(LIMIT, 3, "3 work_day", {"value": 3}, {"value": 0, "unit": "work_day"}, None),
    (LIMIT, {"value": 3, "unit": "fortnight"}),
    (LIMIT, {"value": 3, "unit": "work_day", "rule": "whenever"}),
    (LIMIT, {"value": 3, "unit": "work_day", "note": "x"}),
    (LIMIT, {"value": True, "unit": "work_day"}),
    *((CHAINS, [{"kind": "return", "posts": ["dispatcher"], "longer_than_days": one}]) for one in (*ODD, 3661)),
    *((CHAINS, [{"kind": "return", "posts": ["dispatcher"], "reason_code": one}]) for one in (*UNSTORABLE, "长" * 51)),
    (CHAINS, [{"kind": "return", "posts": ["dispatcher"], "nth": 101}]),
    *wrong(GRADES, *({"A": one} for one in (*ODD, 1e300, 1e-9, 0)), *({one: 0.5} for one in UNSTORABLE)),
]


@pytest.mark.parametrize(("kind", "said"), REFUSED, ids=lambda one: repr(one)[:40])
def test_what_does_not_fit_is_refused_with_what_would(kind: ValueKind[Any], said: object) -> None:
    with pytest.raises(BadInput) as refused:
        kind.parse(said)
    assert refused.value.code == "policy_value_unfit"
    assert kind.right.strip() in refused.value.detail


def test_every_default_is_a_value_of_its_own_kind() -> None:
    assert set(KINDS) == {one.name for one in fields(Policies)}
    for name, kind in KINDS.items():
        value = getattr(DEFAULTS, name)
        assert kind.parse(kind.write(value)) == value, name
        hash(value)
    assert set(KINDS) > CITY_WIDE


@pytest.mark.parametrize("span", [timedelta(minutes=15), timedelta(days=365), timedelta(hours=25, seconds=1)])
def test_durations_are_written_so_that_they_are_read_again(span: timedelta) -> None:
    assert SPAN.parse(span_json(span)) == span


def test_photos_and_fields_are_demanded_of_the_action_that_is_named() -> None:
    done, both = Dispose(result=DisposalResult.SOLVED), demanding(("dispose",), ("dispose.public_answer",))
    check(done, Post.UNIT, DEFAULTS)
    check(Check(result=CheckResult.PASS), Post.INSPECTOR, both)
    with pytest.raises(EvidenceRequired) as photos:
        check(done, Post.UNIT, both)
    assert photos.value.fields["policy"] == "evidence_required"
    assert photos.value.fields["errors"][0]["where"] == ["body", "media"]  # type: ignore[index]
    words = demanding((), ("dispose.public_answer",))
    for empty in (None, "", "  "):
        with pytest.raises(BadInput) as field:
            check(Dispose(result=DisposalResult.SOLVED, public_answer=empty), Post.UNIT, words)
        assert (field.value.code, field.value.fields["field"]) == ("field_required", "public_answer")
        assert field.value.fields["policy"] == "required_fields"
    check(Dispose(result=DisposalResult.SOLVED, public_answer="已清理"), Post.UNIT, words)
    for giver in (Post.POLICY, Post.PARTNER, Post.CITIZEN):
        check(done, giver, both)


def demanding(evidence: tuple[str, ...], fields_: tuple[str, ...]) -> Policies:
    return replace(DEFAULTS, evidence_required=evidence, required_fields=fields_)


def test_what_may_be_demanded_is_told_by_hand() -> None:
    assert {"dispose", "check", "verify", "self_dispose", "contact"} <= WITH_EVIDENCE
    assert "close" not in WITH_EVIDENCE
    assert {"dispose.public_answer", "dispatch.reason_code", "reject.public_answer"} <= REQUIRABLE
    assert not {one for one in REQUIRABLE if one.endswith((".note", ".media", ".point"))}
    demanded = ("dispose.public_answer", "dispose.internal_note")
    assert required_of(Action.DISPOSE, ("dispose",), demanded) == ("media", "internal_note", "public_answer")
    assert required_of(Action.CLOSE, ("dispose",), demanded) == ()


STRANGE: tuple[object, ...] = (
    *(None, True, 0, -1, 10**400, 1e308, float("inf"), float("nan"), "", "x", "\x00", "P", "\U00020000" * 1000),
    *([], [[]], [None], [{}], [1], ["dispose"], [["a"]], {}, {"value": 1}, {"value": [], "unit": "work_day"}),
    *({"value": 1, "unit": []}, {"value": 1, "unit": "work_day", "rule": []}, [{"kind": [], "posts": {}}], {"A": []}),
)


@pytest.mark.parametrize("name", KINDS)
def test_whatever_is_sent_is_taken_or_refused_in_words(name: str) -> None:
    for said in STRANGE:
        try:
            value = KINDS[name].parse(said)
        except BadInput as error:
            assert error.detail  # noqa: PT017  # some of it fits one policy, some another
        else:
            assert KINDS[name].parse(KINDS[name].write(value)) == value
