"""What of a case a caller is told."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import Action, Light, Post
from app.dispatch.disclosure import details, judging_clock, light_of, oversees, readable
from app.dispatch.figure_codes import ClockKind

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def actor(*posts: Post, region: str | None = None, unit: str | None = None) -> Actor:
    held = tuple(Appointment(post=post, desk="city", region_code=region, unit_code=unit) for post in posts)
    return Actor(account_id=uuid4(), username="a", name="甲", appointments=held)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (actor(Post.OPERATOR), True),
        (actor(Post.SUPERVISOR, region="510107"), True),
        (actor(Post.SUPERVISOR, region="510108"), False),
        (actor(Post.INSPECTOR), False),
        (actor(Post.UNIT, Post.UNIT_LEAD, unit="W"), False),
        (actor(Post.OPERATOR, unit="W"), False),
        (actor(Post.ADMIN, Post.DATA_OFFICER), False),
        (actor(), False),
    ],
)
def test_the_desk_and_oversight_oversee_what_they_reach(who: Actor, *, seen: bool) -> None:
    assert oversees(who, "city", frozenset({"510107", "510107001"})) is seen
    assert oversees(who, "6101", frozenset({"510107", "510107001"})) is seen  # whatever desk: they are the city's


def test_a_towns_desk_oversees_its_own_only() -> None:
    held = Appointment(post=Post.OPERATOR, desk="6101")
    who = Actor(account_id=uuid4(), username="a", name="甲", appointments=(held,))
    assert oversees(who, "6101", frozenset())
    assert not oversees(who, "city", frozenset())
    assert not oversees(who, "6102", frozenset())


def test_only_a_units_people_are_judged_by_the_leg() -> None:
    assert judging_clock(actor(Post.UNIT, Post.UNIT_LEAD)) is ClockKind.LEG
    assert judging_clock(actor(Post.UNIT, Post.OPERATOR)) is ClockKind.CASE
    assert judging_clock(actor()) is ClockKind.CASE


def test_the_light_changes_at_its_instants() -> None:
    yellow = NOON - timedelta(hours=1)
    assert light_of(None, None, NOON) is None
    assert light_of(NOON, yellow, yellow - MICROSECOND) is Light.GREEN
    assert light_of(NOON, yellow, yellow) is Light.YELLOW
    assert light_of(NOON, yellow, NOON - MICROSECOND) is Light.YELLOW
    assert light_of(NOON, yellow, NOON) is Light.RED


TEXTS = {"public_answer": "公开", "internal_note": "内部", "note": "备注"}


@pytest.mark.parametrize(
    ("action", "post", "fields"),
    [
        (Action.DISPOSE, Post.UNIT, {"public_answer", "internal_note", "note"}),
        (Action.NOTE, Post.DISPATCHER, {"public_answer", "internal_note", "note"}),
        (Action.CHECK, Post.INSPECTOR, {"public_answer"}),
        (Action.NOTE, Post.SUPERVISOR, {"public_answer"}),
        (Action.NOTE, Post.COORDINATOR, {"public_answer"}),
        (Action.CALL_BACK, Post.OPERATOR, set()),
        (Action.SUPPLEMENT, Post.PARTNER, set()),
        (Action.SUPPLEMENT, Post.OPERATOR, set()),
    ],
)
def test_units_read_what_is_meant_for_them(action: Action, post: Post, fields: set[str]) -> None:
    assert set(readable(TEXTS, action=action, post=post, overseen=False)) == fields
    assert readable(TEXTS, action=action, post=post, overseen=True) == TEXTS
    assert readable(TEXTS, action=action, post=post, overseen=False, own=True) == TEXTS


KEYS = st.sampled_from(
    ["unit_code", "inspector_id", "report_id", "satisfaction", "author_id", "spot", "media", "texts"]
)


@given(st.dictionaries(KEYS, st.sampled_from(["x", None, "", []])))
def test_details_name_no_person_and_no_report_to_units(payload: dict[str, object]) -> None:
    theirs, whole = details(payload, overseen=False), details(payload, overseen=True)
    assert set(theirs) <= {"unit_code"}
    assert theirs.items() <= whole.items()
    assert all(value == "x" for value in whole.values())
    assert not {"author_id", "spot", "media", "texts"} & set(whole)
