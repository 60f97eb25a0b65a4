"""Cases and reports told step by step, with local times as one would write them down: `tale.do(Sign(), "10 09:30")`."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.dispatch import case_actions, report_actions, report_life
from app.dispatch.calendar import LOCAL_ZONE, OFFICE_HOURS, WorkCalendar
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.case_filing import file_case
from app.dispatch.case_fold import apply
from app.dispatch.case_life import CaseLife, Leg, Spot
from app.dispatch.codes import Action, Kind, LimitUnit, Post, ReportState, Source
from app.dispatch.commands import Command, Dispatch
from app.dispatch.deciding import Scene
from app.dispatch.drawing import Candidate
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.dispatch.history import Draft, Entry, entered
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS, Policies
from app.dispatch.responsibility import Unit

CALENDAR = WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=date(2030, 12, 31))
CASE_ID, REPORT_ID = UUID(int=100), UUID(int=200)
AUTHOR, LEAD, SECOND, INSPECTOR, OTHER_INSPECTOR = (UUID(int=n) for n in range(1, 6))
INSPECTORS = (AUTHOR, INSPECTOR, OTHER_INSPECTOR)
UNITS = {
    unit.code: unit
    for unit in (
        *(Unit(code=code, name=code) for code in ("greens", "roads", "lamps")),
        Unit(code="town", name="town", desk=True),
        *(Unit(code=code, name=code, parent_code="town") for code in ("squad", "sweepers")),
        Unit(code="team", name="team", parent_code="squad"),
    )
}
"""Three units of the city, and a town with a desk, two units below it, and one below those."""
SPOT = Spot(cell_code="C1", beat_code="B1", community="Q1", street="S1", district="D1", zones={"road": "Z1"})
EIGHT_HOURS = Limit(value=8, unit=LimitUnit.WORK_HOUR)


def at(text: str) -> datetime:
    """Read `day hour:minute` of March 2026 in local time; the 10th is a Tuesday."""
    day, clock = text.split()
    hour, minute = clock.split(":")
    return datetime(2026, 3, int(day), int(hour), int(minute), tzinfo=LOCAL_ZONE).astimezone(UTC)


def local(instant: datetime | None) -> str | None:
    """Write an instant as `at` reads it."""
    return instant.astimezone(LOCAL_ZONE).strftime("%d %H:%M") if instant else None


def scene(
    when: datetime,
    *,
    post: Post = Post.SHIFT_LEAD,
    actor_id: UUID | None = LEAD,
    policies: Policies = DEFAULTS,
    inspectors: Sequence[UUID] = INSPECTORS,
    own_units: frozenset[str] | None = None,
) -> Scene:
    """Return what surrounds a decision."""
    return Scene(
        now=when,
        post=post,
        actor_id=actor_id,
        calendar=CALENDAR,
        policies=policies,
        units=UNITS,
        own_units=own_units,
        inspectors=[Candidate(account_id=one) for one in inspectors],
    )


def filing(limit: Limit = EIGHT_HOURS, **fields: Any) -> Draft:
    """Return the step that opens a case routed to `greens`."""
    given: dict[str, Any] = {
        "case_no": "3307022026031000001",
        "report_id": REPORT_ID,
        "source": Source.INSPECTOR,
        "kind": Kind.EVENT,
        "category": "0305",
        "condition": 1,
        "catalogue": "city-practice-1",
        "limit": limit,
        "limit_source": "city practice",
        "spot": SPOT,
        "desk": "city",
        "unit_code": "greens",
        "author_id": AUTHOR,
        "operator_id": None,
        "campaign": None,
        "tags": (),
        "attention": (),
        "recurrent": False,
    }
    return file_case(**{**given, **fields})


class Tale:
    """A case and all that happens to it."""

    def __init__(self, limit: Limit = EIGHT_HOURS, *, policies: Policies = DEFAULTS, **fields: Any) -> None:
        self.policies = policies
        first = entered(filing(limit, **fields), 1, None, post=Post.SHIFT_LEAD, actor_id=LEAD, at=at("10 08:30"))
        self.entries: list[Entry] = [first]
        self.life: CaseLife = apply(None, first)

    @classmethod
    def dispatched(cls, limit: Limit = EIGHT_HOURS, *, policies: Policies = DEFAULTS, **fields: Any) -> "Tale":
        """Begin with a case that went to its unit on Tuesday the 10th at 9:00; eight work hours end the 11th, 9:00."""
        tale = cls(limit, policies=policies, **fields)
        tale.do(Dispatch(), "10 09:00")
        return tale

    def decide(self, command: Command, when: datetime | str, **around: Any) -> Draft:
        moment = at(when) if isinstance(when, str) else when
        return case_actions.decide(self.life, command, scene(moment, policies=self.policies, **around))

    def do(self, command: Command, when: datetime | str, **around: Any) -> Entry:
        moment = at(when) if isinstance(when, str) else when
        draft = self.decide(command, moment, **around)
        post, actor_id = around.get("post", Post.SHIFT_LEAD), around.get("actor_id", LEAD)
        number, state = self.life.number + 1, self.life.state
        entry = entered(draft, number, state, post=post, actor_id=actor_id, at=moment)
        self.entries.append(entry)
        self.life = apply(self.life, entry)
        return entry

    @property
    def leg(self) -> Leg:
        """The accountable leg, which must be there."""
        assert self.life.leg is not None
        return self.life.leg

    @property
    def dues(self) -> tuple[str | None, str | None]:
        """The case's and the leg's due time."""
        leg = self.life.leg
        return local(self.life.round.clock.due_at), local(leg.clock.due_at) if leg else None

    @property
    def facts(self) -> RoundFacts:
        """The facts of the present round."""
        return round_facts(CASE_ID, self.life)[-1]

    @property
    def leg_facts(self) -> tuple[LegFacts, ...]:
        return leg_facts(CASE_ID, self.life)


class ReportTale:
    """A report and all that happens to it."""

    def __init__(
        self, *, author_id: UUID | None = AUTHOR, answer_due_at: datetime | None = None, attention: Sequence[str] = ()
    ) -> None:
        payload = report_life.received_payload(
            source=Source.INSPECTOR,
            kind=Kind.EVENT,
            category="0305",
            campaign=None,
            desk="city",
            spot={"cell_code": "C1", "zones": {}},
            unit_code="greens",
            author_id=author_id,
            answer_due_at=answer_due_at,
            attention=attention,
        )
        draft = Draft(action=Action.RECEIVE, target=ReportState.RECEIVED, payload=payload)
        first = entered(draft, 1, None, post=Post.INSPECTOR, actor_id=author_id, at=at("10 08:00"))
        self.entries: list[Entry] = [first]
        self.life: report_life.ReportLife = report_life.apply(None, first)

    def do(
        self, command: Command, when: datetime | str, placed: report_actions.Placed | None = None, **around: Any
    ) -> Entry:
        moment = at(when) if isinstance(when, str) else when
        draft = report_actions.decide(self.life, command, scene(moment, **around), placed)
        actor_id = around.get("actor_id", LEAD)
        number, state = self.life.number + 1, self.life.state
        entry = entered(draft, number, state, post=Post.OPERATOR, actor_id=actor_id, at=moment)
        self.entries.append(entry)
        self.life = report_life.apply(self.life, entry)
        return entry

    @property
    def facts(self) -> ReportFacts:
        return report_life.report_facts(REPORT_ID, self.life)
