"""Facts and questions drawn at random: few instants, few codes, so that edges are met and groups are shared."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.dispatch.access import Sight
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.dispatch.figures import Question, Thing, Turn, turns

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
INSTANTS = [NOON + timedelta(hours=n) for n in range(8)]
PEOPLE = [UUID(int=n) for n in (1, 2)]

CODES: dict[str, list[str]] = {
    "source": ["inspector", "citizen"],
    "kind": ["event", "component"],
    "category": ["0101", "0102", "0201"],
    "handling": ["ordinary", "simple"],
    "campaign": ["spring"],
    "desk": ["city", "town"],
    "district": ["D1", "D2"],
    "street": ["S1", "S2"],
    "community": ["C1", "C2"],
    "cell_code": ["G1", "G2"],
    "beat_code": ["B1", "B2"],
    "unit_code": ["U1", "U2", "U3"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is stored."""

    rounds: list[RoundFacts]
    legs: list[LegFacts]
    reports: list[ReportFacts]

    @property
    def things(self) -> list[Thing]:
        return [*self.rounds, *turns(self.rounds, self.legs), *self.reports]


def of_field(name: str, annotation: object) -> st.SearchStrategy[Any]:
    """Draw a value of a facts field by its name and type."""
    optional, text = "None" in str(annotation), str(annotation)
    if name in CODES:
        drawn: st.SearchStrategy[Any] = st.sampled_from(CODES[name])
    elif "datetime" in text:
        drawn = st.sampled_from(INSTANTS)
    elif "bool" in text:
        drawn = st.booleans()
    elif "UUID" in text:
        drawn = st.sampled_from(PEOPLE)
    elif "int" in text:
        drawn = st.integers(0, 2)
    else:
        drawn = st.just("solved")
    return st.one_of(st.none(), drawn) if optional else drawn


def _fields(kind: type[Any], *without: str) -> dict[str, st.SearchStrategy[Any]]:
    return {f.name: of_field(f.name, f.type) for f in fields(kind) if f.name not in without}


_ROUND = st.fixed_dictionaries(_fields(RoundFacts, "case_id", "round"))
_LEG = st.fixed_dictionaries(_fields(LegFacts, "case_id", "round", "number", "kind", "end"))
_REPORT = st.fixed_dictionaries(_fields(ReportFacts, "report_id"))


def _ordered(values: dict[str, Any]) -> dict[str, Any]:
    first, last = sorted((values["first_recorded_at"], values["last_recorded_at"]))
    return {**values, "first_recorded_at": first, "last_recorded_at": last}


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Draw up to three cases of up to two rounds with legs, and up to four reports."""
    keys = [
        (UUID(int=100 + case), number)
        for case, rounds in enumerate(draw(st.lists(st.integers(1, 2), max_size=3)))
        for number in range(1, rounds + 1)
    ]
    rounds = [RoundFacts(case_id=case_id, round=n, **_ordered(draw(_ROUND))) for case_id, n in keys]
    legs = [
        LegFacts(case_id=case_id, round=n, number=number, kind="main", end=None, **_ordered(draw(_LEG)))
        for case_id, n in keys
        for number in range(1, draw(st.integers(0, 2)) + 1)
    ]
    reports = [
        ReportFacts(report_id=UUID(int=200 + n), **_ordered(draw(_REPORT))) for n in range(draw(st.integers(0, 4)))
    ]
    return Facts(rounds=rounds, legs=legs, reports=reports)


@st.composite
def redrawn(draw: st.DrawFn, known: Facts) -> Facts:
    """Draw other facts of the same rounds, legs and reports: what a shorter history may have told of them."""
    return Facts(
        rounds=[RoundFacts(case_id=one.case_id, round=one.round, **_ordered(draw(_ROUND))) for one in known.rounds],
        legs=[
            LegFacts(
                case_id=one.case_id,
                round=one.round,
                number=one.number,
                kind="main",
                end=None,
                **_ordered(draw(_LEG)),
            )
            for one in known.legs
        ],
        reports=[ReportFacts(report_id=one.report_id, **_ordered(draw(_REPORT))) for one in known.reports],
    )


def plain_report(number: int, **changes: Any) -> ReportFacts:
    """Return a citizen's report received at noon, of which nothing more is known."""
    nothing = {f.name: False if "bool" in str(f.type) else None for f in fields(ReportFacts)}
    at_noon = dict.fromkeys(("first_recorded_at", "last_recorded_at", "received_at"), NOON)
    plain: dict[str, Any] = {**nothing, **at_noon, "report_id": UUID(int=200 + number)}
    return ReportFacts(**{**plain, "source": "citizen", "desk": "city", **changes})


def seers() -> st.SearchStrategy[Sight]:
    """Draw what an asker sees: mostly everything, else regions, units, both, or nothing."""
    codes = [st.frozensets(st.sampled_from(some), max_size=2) for some in (["D1", "S1", "C2"], ["U1", "U2"])]
    desks = st.sampled_from(CODES["desk"])
    of_towns = st.frozensets(st.tuples(desks, st.sampled_from(["D1", "S2"])), max_size=1)
    some_desks = st.frozensets(desks, max_size=1)
    partial = st.builds(Sight, regions=codes[0], units=codes[1], desks=some_desks, desk_regions=of_towns)
    return st.one_of(st.just(Sight(everywhere=True)), partial)


def filters() -> st.SearchStrategy[dict[str, frozenset[str]]]:
    """Draw at most two filters."""
    one = st.sampled_from(sorted(CODES)).flatmap(
        lambda name: st.tuples(st.just(name), st.frozensets(st.sampled_from(CODES[name]), max_size=2))
    )
    return st.one_of(st.just({}), st.lists(one, max_size=2).map(dict))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a question about the hours that facts are drawn from."""
    start, end = sorted(draw(st.lists(st.sampled_from(INSTANTS), min_size=2, max_size=2, unique=True)))
    return Question(
        start=start,
        end=end,
        as_of=draw(st.sampled_from(INSTANTS)),
        cases=draw(seers()),
        reports=draw(seers()),
        clock=draw(st.sampled_from(ClockKind)),
        cohort=draw(st.sampled_from(Cohort)),
        carry_over=draw(st.booleans()),
        group_by=draw(st.one_of(st.none(), st.sampled_from(GroupBy))),
        filters=draw(filters()),
    )


def last_known(thing: Thing) -> datetime:
    """Return when a thing's row was last written; a leg is written with its round."""
    return thing.round.last_recorded_at if isinstance(thing, Turn) else thing.last_recorded_at


def first_known(thing: Thing) -> datetime:
    """Return when the round or report of a thing was first written down."""
    return thing.round.first_recorded_at if isinstance(thing, Turn) else thing.first_recorded_at
