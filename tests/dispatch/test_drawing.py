"""Whom to send: there before away, of that beat before near before in reach, the least in hand, by lot among equals."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.case_life import Spot
from app.dispatch.drawing import Candidate, Inspector, Terms, candidates, draw, goes_on, may_look
from app.dispatch.rosters import Roster
from app.dispatch.task_codes import SentBecause, WhoMayCheck
from tests.dispatch.cases import SPOT, at

NEAR_M = 3000.0
REPORTER, SECOND, THIRD = (UUID(int=n) for n in range(1, 4))
NOW = at("10 09:00")
POLICIES = st.sampled_from(WhoMayCheck)
IDS = st.integers(1, 8).map(lambda n: UUID(int=n))
CANDIDATES = st.builds(
    Candidate,
    account_id=IDS,
    on_shift=st.booleans(),
    of_beat=st.booleans(),
    away_m=st.none() | st.sampled_from((100.0, 2999.0, 5000.0)),
    load=st.integers(0, 3),
)
STAFF = st.lists(CANDIDATES, max_size=8, unique_by=lambda one: one.account_id)


def terms(who: WhoMayCheck = WhoMayCheck.OTHER_IF_NEAR, seed: str = "1", reporter: UUID | None = REPORTER) -> Terms:
    return Terms(reporter_id=reporter, who=who, near_m=NEAR_M, seed=seed)


def drawn(*found: Candidate, who: WhoMayCheck = WhoMayCheck.OTHER_IF_NEAR, avoid: tuple[UUID, ...] = ()) -> object:
    sent = draw(found, terms(who), avoid=avoid)
    return (sent.candidate.account_id, sent.because) if sent else None


OF_BEAT = Candidate(account_id=SECOND, of_beat=True, away_m=200.0, load=5)
NEAR = Candidate(account_id=SECOND, away_m=900.0, load=3)
NEARER = Candidate(account_id=THIRD, away_m=500.0, load=9)
FAR = Candidate(account_id=SECOND, away_m=4000.0)
ANYWHERE = Candidate(account_id=THIRD)
OFF = Candidate(account_id=THIRD, on_shift=False, of_beat=True)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param((OF_BEAT, ANYWHERE), (SECOND, SentBecause.OF_BEAT), id="of that beat, however much he has"),
        pytest.param((NEAR, NEARER), (THIRD, SentBecause.NEAREST), id="of the nearest beat, however much he has"),
        pytest.param((NEAR, ANYWHERE), (SECOND, SentBecause.NEAREST), id="near before anywhere"),
        pytest.param((FAR, OFF), (SECOND, SentBecause.IN_REACH), id="there, though far, before off shift"),
        pytest.param((OFF,), (THIRD, SentBecause.OFF_SHIFT), id="off shift where nobody is there"),
        pytest.param((), None, id="nobody"),
    ],
)
def test_the_best_fit_is_sent(found: tuple[Candidate, ...], expected: object) -> None:
    assert drawn(*found) == expected


OWN = Candidate(account_id=REPORTER, of_beat=True)


@pytest.mark.parametrize(
    ("who", "other", "expected"),
    [
        pytest.param(WhoMayCheck.OTHER_IF_NEAR, NEAR, SECOND, id="another is near"),
        pytest.param(WhoMayCheck.OTHER_IF_NEAR, FAR, REPORTER, id="another is far: the same"),
        pytest.param(WhoMayCheck.OTHER_IF_NEAR, OFF, REPORTER, id="another is off shift: the same"),
        pytest.param(WhoMayCheck.OTHER_ONLY, FAR, SECOND, id="another only, though far"),
        pytest.param(WhoMayCheck.SAME_ALLOWED, NEAR, REPORTER, id="the same, because he fits best"),
    ],
)
def test_who_reported_it_looks_only_as_the_policy_says(who: WhoMayCheck, other: Candidate, expected: UUID) -> None:
    sent = draw([OWN, other], terms(who))
    assert sent is not None
    assert sent.candidate.account_id == expected


def test_the_reporter_alone_is_sent_unless_another_is_a_must() -> None:
    assert drawn(OWN) == (REPORTER, SentBecause.OF_BEAT)
    assert drawn(OWN, who=WhoMayCheck.OTHER_ONLY) is None
    assert not may_look(REPORTER, terms(WhoMayCheck.OTHER_ONLY))
    assert may_look(REPORTER, terms())


@given(STAFF, POLICIES, st.frozensets(IDS, max_size=4), st.text(max_size=5))
def test_what_never_happens(found: list[Candidate], who: WhoMayCheck, avoid: frozenset[UUID], seed: str) -> None:
    sent = draw(found, terms(who, seed), avoid=avoid)
    left = [one for one in found if one.account_id not in avoid]
    if who is WhoMayCheck.OTHER_ONLY:
        left = [one for one in left if one.account_id != REPORTER]
    assert (sent is None) == (not left)
    if sent is None:
        return
    assert sent.candidate in left
    assert sent.candidate.on_shift or not any(one.on_shift for one in left)
    if sent.candidate.account_id == REPORTER and who is WhoMayCheck.OTHER_IF_NEAR:
        assert not any(one.is_near(NEAR_M) for one in left if one.account_id != REPORTER)
    assert draw(list(reversed(found)), terms(who, seed), avoid=avoid) == sent


@given(st.integers(1, 6), st.integers(1, 60))
def test_the_load_is_spread(people: int, draws: int) -> None:
    loads: Counter[UUID] = Counter({UUID(int=n): 0 for n in range(1, people + 1)})
    for number in range(draws):
        found = [Candidate(account_id=one, load=load) for one, load in loads.items()]
        sent = draw(found, terms(seed=str(number), reporter=None))
        assert sent is not None
        loads[sent.candidate.account_id] += 1
    assert max(loads.values()) - min(loads.values()) <= 1


def test_among_equals_the_lot_reaches_everybody_and_the_same_seed_the_same() -> None:
    equals = [Candidate(account_id=UUID(int=n)) for n in range(2, 6)]
    lots = Counter(draw(equals, terms(seed=str(n))) for n in range(400))
    assert len(lots) == len(equals)
    assert all(60 < times < 140 for times in lots.values())
    assert draw(equals, terms(seed="7")) == draw(equals, terms(seed="7"))


def test_one_check_in_ten_goes_on() -> None:
    assert 60 < sum(goes_on(str(n), 0.1) for n in range(1000)) < 140
    assert not any(goes_on(str(n), 0.0) for n in range(1000))
    assert all(goes_on(str(n), 1.0) for n in range(1000))


def away(_: Spot, beats: object) -> float | None:
    assert isinstance(beats, frozenset)
    return {frozenset({"B1"}): 0.0, frozenset({"B2"}): 700.0}.get(beats)


def standing(one: Inspector, when: datetime = NOW, desk: str = "city", spot: Spot = SPOT) -> Candidate | None:
    return next(iter(candidates([one], spot, desk, when, away)), None)


CITY = frozenset({("city", None)})
WALKS = Roster(since=NOW - timedelta(hours=1), until=NOW + timedelta(hours=7), beat_codes=frozenset({"B1"}))
ROSTERED = Inspector(account_id=SECOND, reaches=frozenset({("city", "S1")}), rostered=True, rosters=(WALKS,), load=2)


def test_without_a_roster_one_is_there_round_the_clock() -> None:
    found = standing(Inspector(account_id=SECOND, reaches=CITY, load=4))
    assert found == Candidate(account_id=SECOND, on_shift=True, on_from=NOW, load=4)


def test_with_a_roster_one_is_there_while_it_runs() -> None:
    assert standing(ROSTERED) == Candidate(account_id=SECOND, on_from=NOW, of_beat=True, away_m=0.0, load=2)
    before = standing(ROSTERED, NOW - timedelta(hours=2))
    assert before is not None
    assert (before.on_shift, before.on_from) == (False, WALKS.since)
    after = standing(replace(ROSTERED, rosters=()))
    assert after == Candidate(account_id=SECOND, on_shift=False, load=2)


def test_another_beat_is_as_far_as_its_middle() -> None:
    other = replace(ROSTERED, rosters=(replace(WALKS, beat_codes=frozenset({"B2"})),))
    found = standing(other)
    assert found is not None
    assert (found.of_beat, found.away_m, found.fit(NEAR_M)) == (False, 700.0, SentBecause.NEAREST)


def test_reach_is_that_of_the_desk_and_its_region() -> None:
    elsewhere = replace(ROSTERED, reaches=frozenset({("city", "S9")}))
    assert standing(elsewhere) is not None, "whose beat it is reaches it"
    assert standing(replace(elsewhere, rosters=(), rostered=False)) is None
    town = replace(ROSTERED, reaches=frozenset({("T1", None)}))
    assert standing(town) is None
    assert standing(town, desk="T1") is not None
    assert standing(Inspector(account_id=SECOND, reaches=CITY), desk="T1") is not None, "the city's serve every desk"
    nowhere = Spot(zones={})
    assert standing(Inspector(account_id=SECOND, reaches=CITY), spot=nowhere) is not None
    assert standing(replace(ROSTERED), spot=nowhere) is None
