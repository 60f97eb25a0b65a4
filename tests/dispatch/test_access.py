from collections.abc import Collection
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.access import (
    COMBINED,
    GRANTS,
    VIEWS,
    Actor,
    Appointment,
    Office,
    Relation,
    Sight,
    Standing,
    Thing,
    appointment_for,
    office_holder,
    permit,
    permitted,
    sight,
)
from app.dispatch.codes import Action, Post
from app.dispatch.errors import NotPermitted
from app.dispatch.workflow import CASE_STEPS, REPORT_STEPS

ME, ANOTHER = UUID(int=1), UUID(int=2)
TREE = {"bureau": {"bureau", "greens", "roads"}, "greens": {"greens"}, "roads": {"roads"}, "lamps": {"lamps"}}
UNIT_POSTS = {Post.UNIT, Post.UNIT_LEAD}
NOT_BY_PEOPLE = {Action.RECEIVE, Action.SUPPLEMENT, Action.EVALUATE, Action.REPLY, Action.RELOCATE}
"""Channels, reporters and policies do these; no post is asked."""


def units_below(code: str) -> Collection[str]:
    return TREE.get(code, {code})


def holder(*appointments: Appointment) -> Actor:
    return Actor(account_id=ME, username="me", name="某人", appointments=appointments)


def at_post(post: Post, *, desk: str = "city", region: str | None = None, unit: str | None = None) -> Appointment:
    return Appointment(post=post, desk=desk, region_code=region, unit_code=unit)


def thing(
    unit: str | None = "greens",
    *,
    desk: str = "city",
    author: UUID | None = None,
    task: UUID | None = None,
    parts: Collection[str] = (),
) -> Standing:
    units = frozenset({unit} if unit else ()) | set(parts)
    return Standing(
        regions=frozenset({"D1", "S1", "Q1"}),
        desk=desk,
        unit_code=unit,
        unit_codes=units,
        leg_units=frozenset(parts),
        author_id=author,
        task_id=task,
    )


NOWHERE = Standing(regions=frozenset())


@pytest.mark.parametrize(
    ("appointment", "report", "case"),
    [
        pytest.param(at_post(Post.OPERATOR), True, True, id="city-wide desk"),
        pytest.param(at_post(Post.DISPATCHER, region="S1"), True, True, id="desk of the street"),
        pytest.param(at_post(Post.DISPATCHER, region="S2"), False, False, id="desk of another street"),
        pytest.param(at_post(Post.SUPERVISOR, region="D1"), True, True, id="supervisor of the district"),
        pytest.param(at_post(Post.UNIT, unit="greens"), False, True, id="the unit at work"),
        pytest.param(at_post(Post.UNIT, unit="bureau"), False, True, id="its parent"),
        pytest.param(at_post(Post.UNIT, unit="roads"), False, False, id="its sister"),
        pytest.param(at_post(Post.UNIT), False, False, id="a unit post without a unit sees nothing"),
        pytest.param(at_post(Post.UNIT_LEAD, unit="greens"), False, True, id="the unit's lead"),
        pytest.param(at_post(Post.INSPECTOR, region="Q1"), False, True, id="an inspector sees cases around him"),
        pytest.param(at_post(Post.DATA_OFFICER), True, False, id="the data officer"),
        pytest.param(at_post(Post.ADMIN), False, False, id="the administrator"),
    ],
)
def test_who_sees_what(appointment: Appointment, *, report: bool, case: bool) -> None:
    actor = holder(appointment)
    assert sight(actor, Thing.REPORT, units_below).covers(thing()) is report
    assert sight(actor, Thing.CASE, units_below).covers(thing()) is case


def test_an_inspector_sees_the_reports_he_made_and_those_he_looks_at() -> None:
    seen = sight(holder(at_post(Post.INSPECTOR, region="S2")), Thing.REPORT, units_below)
    assert seen.covers(thing(author=ME))
    assert seen.covers(thing(task=ME))
    assert not seen.covers(thing(author=ANOTHER, task=ANOTHER))


def test_what_has_no_place_is_seen_by_its_author_and_city_wide_posts() -> None:
    city, street = holder(at_post(Post.OPERATOR)), holder(at_post(Post.OPERATOR, region="S1"))
    assert sight(city, Thing.REPORT, units_below).covers(NOWHERE)
    assert not sight(street, Thing.REPORT, units_below).covers(NOWHERE)
    author = holder(at_post(Post.INSPECTOR, region="S1"))
    assert sight(author, Thing.REPORT, units_below).covers(Standing(regions=frozenset(), author_id=ME))


@pytest.mark.parametrize(
    ("appointment", "action", "standing", "possible"),
    [
        pytest.param(at_post(Post.OPERATOR), Action.ACCEPT, thing(), True, id="operators accept"),
        pytest.param(at_post(Post.OPERATOR), Action.FILE, thing(), False, id="and do not file"),
        pytest.param(at_post(Post.SHIFT_LEAD, region="S1"), Action.FILE, thing(), True, id="shift leads file in reach"),
        pytest.param(at_post(Post.SHIFT_LEAD, region="S2"), Action.FILE, thing(), False, id="not out of reach"),
        pytest.param(at_post(Post.DISPATCHER), Action.DISPATCH, thing(), True, id="dispatchers dispatch"),
        pytest.param(at_post(Post.DISPATCHER), Action.CLOSE, thing(), False, id="and do not close"),
        pytest.param(at_post(Post.UNIT, unit="bureau"), Action.DISPOSE, thing(), True, id="a unit for its subtree"),
        pytest.param(at_post(Post.UNIT, unit="roads"), Action.DISPOSE, thing(), False, id="not for its sister"),
        pytest.param(at_post(Post.UNIT, unit="greens"), Action.DISPOSE, thing(None), False, id="not before dispatch"),
        pytest.param(at_post(Post.UNIT, unit="greens"), Action.GRANT, thing(), False, id="nobody rules for himself"),
        pytest.param(at_post(Post.UNIT, unit="greens"), Action.CLOSE, thing(), False, id="nor closes"),
        pytest.param(at_post(Post.INSPECTOR), Action.CHECK, thing(task=ME), True, id="inspectors check what is theirs"),
        pytest.param(at_post(Post.INSPECTOR), Action.CHECK, thing(task=ANOTHER), False, id="not others' tasks"),
        pytest.param(at_post(Post.INSPECTOR), Action.CHECK, thing(), False, id="nor nobody's"),
        pytest.param(at_post(Post.SUPERVISOR), Action.VOID, thing(), False, id="supervisors look"),
    ],
)
def test_who_does_what(appointment: Appointment, action: Action, standing: Standing, *, possible: bool) -> None:
    actor = holder(appointment)
    assert (action in permitted(actor, standing, units_below)) is possible
    if possible:
        assert permit(actor, action, standing, units_below) is appointment.post
    else:
        with pytest.raises(NotPermitted):
            permit(actor, action, standing, units_below)


TOWN, OTHER_TOWN = "bureau", "lamps"


@pytest.mark.parametrize(
    ("held", "desk", "sees", "acts"),
    [
        pytest.param(at_post(Post.OPERATOR), "city", True, True, id="the city on its own"),
        pytest.param(at_post(Post.OPERATOR), TOWN, True, False, id="the city looks at a town's and leaves it alone"),
        pytest.param(at_post(Post.OPERATOR, region="S1"), TOWN, True, False, id="a street's desk of the city, too"),
        pytest.param(at_post(Post.OPERATOR, region="S2"), TOWN, False, False, id="not what lies elsewhere"),
        pytest.param(at_post(Post.OPERATOR, desk=TOWN), TOWN, True, True, id="a town on its own"),
        pytest.param(at_post(Post.OPERATOR, desk=TOWN), "city", False, False, id="a town does not see the city's"),
        pytest.param(at_post(Post.OPERATOR, desk=TOWN), OTHER_TOWN, False, False, id="nor another town's"),
        pytest.param(at_post(Post.OPERATOR, desk=TOWN, region="Q1"), TOWN, True, True, id="within its region"),
        pytest.param(at_post(Post.OPERATOR, desk=TOWN, region="Q2"), TOWN, False, False, id="and not beyond"),
    ],
)
def test_the_city_sees_what_towns_do_and_each_desk_acts_on_its_own(
    held: Appointment, desk: str, *, sees: bool, acts: bool
) -> None:
    actor, standing = holder(held), thing(None, desk=desk)
    assert sight(actor, Thing.CASE, units_below).covers(standing) is sees
    assert sight(actor, Thing.REPORT, units_below).covers(standing) is sees
    assert bool(permitted(actor, standing, units_below)) is acts


@pytest.mark.parametrize("post", [Post.SUPERVISOR, Post.COORDINATOR])
def test_the_citys_oversight_may_urge_note_and_tag_with_a_town(post: Post) -> None:
    talks = {Action.URGE, Action.NOTE, Action.TAG}
    assert permitted(holder(at_post(post)), thing(desk=TOWN), units_below) == talks
    assert permitted(holder(at_post(post, desk=OTHER_TOWN)), thing(desk=TOWN), units_below) == frozenset()
    assert permitted(holder(at_post(post)), thing(), units_below) >= talks


def test_what_the_city_hands_to_a_town_it_works_on_as_a_unit() -> None:
    """A town's people, whatever post they hold at its desk, get at the city's case by their unit's."""
    desk_only = holder(at_post(Post.DISPATCHER, desk=TOWN), at_post(Post.SHIFT_LEAD, desk=TOWN))
    assert not sight(desk_only, Thing.CASE, units_below).covers(thing(TOWN))
    both = holder(at_post(Post.DISPATCHER, desk=TOWN), at_post(Post.UNIT, desk=TOWN, unit=TOWN))
    assert sight(both, Thing.CASE, units_below).covers(thing(TOWN))
    assert Action.DISPOSE in permitted(both, thing(TOWN), units_below)
    assert not permitted(both, thing(TOWN), units_below) & {Action.RECALL, Action.GRANT}


def test_one_desk_administers_for_all() -> None:
    assert office_holder(holder(at_post(Post.ADMIN)), Office.SETS) is Post.ADMIN
    for elsewhere in (at_post(Post.ADMIN, desk=TOWN), at_post(Post.ADMIN, region="S1")):
        with pytest.raises(NotPermitted):
            office_holder(holder(elsewhere), Office.SETS)


def test_several_posts_at_two_desks_do_not_add_up_to_one_step() -> None:
    three = [at_post(post, desk=TOWN) for post in COMBINED[Action.ACCEPT_FILE_DISPATCH]]
    assert permit(holder(*three), Action.ACCEPT_FILE_DISPATCH, thing(desk=TOWN), units_below) is Post.DISPATCHER
    with pytest.raises(NotPermitted):
        permit(holder(*three[:2], at_post(Post.DISPATCHER)), Action.ACCEPT_FILE_DISPATCH, thing(desk=TOWN), units_below)


def test_one_step_for_three_posts_wants_all_three() -> None:
    three = [at_post(post) for post in COMBINED[Action.ACCEPT_FILE_DISPATCH]]
    assert permit(holder(*three), Action.ACCEPT_FILE_DISPATCH, thing(), units_below) is Post.DISPATCHER
    for two in combinations(three, 2):
        with pytest.raises(NotPermitted):
            permit(holder(*two), Action.ACCEPT_FILE_DISPATCH, thing(), units_below)
    elsewhere = [*three[:2], at_post(Post.DISPATCHER, region="S2")]
    with pytest.raises(NotPermitted):
        permit(holder(*elsewhere), Action.ACCEPT_FILE_DISPATCH, thing(), units_below)


def test_who_holds_several_posts_may_say_under_which_he_acts() -> None:
    actor = holder(at_post(Post.SHIFT_LEAD), at_post(Post.DISPATCHER), at_post(Post.DATA_OFFICER))
    assert permit(actor, Action.GRANT, thing(), units_below, as_post=Post.DISPATCHER) is Post.DISPATCHER
    assert permit(actor, Action.GRANT, thing(), units_below, as_post=Post.SHIFT_LEAD) is Post.SHIFT_LEAD
    with pytest.raises(NotPermitted):
        permit(actor, Action.GRANT, thing(), units_below, as_post=Post.DATA_OFFICER)
    with pytest.raises(NotPermitted):
        permit(actor, Action.GRANT, thing(), units_below, as_post=Post.COORDINATOR)
    assert appointment_for(actor, (Post.OPERATOR, Post.DISPATCHER)) == at_post(Post.DISPATCHER)
    assert appointment_for(actor, (Post.OPERATOR,)) is None


def test_every_action_of_the_workflow_is_somebodys() -> None:
    granted = {action for grant in GRANTS for action in grant.actions} | set(COMBINED)
    assert {step.action for step in (*CASE_STEPS, *REPORT_STEPS)} - granted == NOT_BY_PEOPLE - {Action.RECEIVE}
    assert not granted & NOT_BY_PEOPLE


def test_no_view_shows_a_report_to_a_unit() -> None:
    assert not any(view.thing is Thing.REPORT and view.post in UNIT_POSTS for view in VIEWS)
    assert not any(view.relation is Relation.UNIT and view.post not in UNIT_POSTS for view in VIEWS)


regions = st.sampled_from(["D1", "D2", "S1", "S2"])
units = st.sampled_from([*TREE, None])
desks = st.sampled_from(["city", TOWN, OTHER_TOWN])
people = st.sampled_from([ME, ANOTHER, None])
appointments = st.builds(
    Appointment, post=st.sampled_from(Post), desk=desks, region_code=st.none() | regions, unit_code=units
)
actors = st.lists(appointments, max_size=4).map(lambda held: holder(*held))


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    unit = draw(units)
    return Standing(
        regions=draw(st.frozensets(regions, max_size=3)),
        desk=draw(desks),
        unit_code=unit,
        unit_codes=draw(st.frozensets(st.sampled_from(list(TREE)), max_size=2)) | ({unit} if unit else set()),
        author_id=draw(people),
        task_id=draw(people),
    )


@given(actors, standings(), st.sampled_from(Thing))
def test_nothing_is_seen_without_reach(actor: Actor, standing: Standing, what: Thing) -> None:
    """Said anew, post by post: a desk's region or all of it, a unit of the subtree, the own report, the own task."""

    def reaches(one: Appointment) -> bool:
        relations = {view.relation for view in VIEWS if view.thing is what and view.post is one.post}
        own = Relation.OWN in relations and standing.author_id == ME
        task = Relation.TASK in relations and standing.task_id == ME
        whole = one.region_code is None and one.unit_code is None
        own_desk = one.desk in ("city", standing.desk)
        near = Relation.REACH in relations and own_desk and (whole or one.region_code in standing.regions)
        below = set(units_below(one.unit_code)) if one.unit_code else set()
        return own or task or near or (Relation.UNIT in relations and bool(below & standing.unit_codes))

    covered = sight(actor, what, units_below).covers(standing)
    assert covered == any(reaches(one) for one in actor.appointments)


@given(st.lists(appointments.filter(lambda one: one.post in UNIT_POSTS), max_size=3), standings())
def test_a_unit_never_sees_a_report(held: list[Appointment], standing: Standing) -> None:
    assert sight(holder(*held), Thing.REPORT, units_below) == Sight()
    assert not sight(holder(*held), Thing.REPORT, units_below).covers(standing)


@given(actors, standings(), st.sampled_from(Action), st.none() | st.sampled_from(Post))
def test_nobody_acts_without_a_row_that_says_so(
    actor: Actor, standing: Standing, action: Action, as_post: Post | None
) -> None:
    try:
        post = permit(actor, action, standing, units_below, as_post=as_post)
    except NotPermitted:
        return
    assert post in actor.posts
    if action in COMBINED:
        assert set(COMBINED[action]) <= actor.posts
        return
    assert as_post in {None, post}
    assert any(grant.post is post and action in grant.actions for grant in GRANTS)


@given(actors, standings())
def test_a_blank_sight_covers_nothing(actor: Actor, standing: Standing) -> None:
    assert not Sight().covers(standing)
    nobody = Actor(account_id=actor.account_id, username="x", name="x", appointments=())
    assert sight(nobody, Thing.CASE, units_below) == Sight()
    assert permitted(nobody, standing, units_below) == frozenset()
