"""What the service makes of arrivals before they are stored: cleaned, located, routed, compared with open cases."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.arrival import Arrival, Triage, triage
from app.dispatch.book import Book
from app.dispatch.campaigns import runs
from app.dispatch.codes import Attention
from app.dispatch.duplicates import DuplicateReach, OpenCase, PossibleDuplicate, rank
from app.dispatch.policies import Policies
from app.dispatch.scrub import scrub
from app.dispatch.tags import joining
from app.repositories.arrivals import ArrivalRepository, AskedNear, Near
from app.repositories.campaigns import CampaignRepository
from app.repositories.sets import SetRepository
from app.services.ledger import Acting


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An arrival with who brings it in, and when by our clock."""

    arrival: Arrival
    acting: Acting


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of an arrival: the report, and whether it is new; `row` and `media` are what has just been stored."""

    report_id: UUID
    created: bool
    row: Mapping[str, Any] | None = None
    media: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An arrival with what the service made of it."""

    arrival: Arrival
    acting: Acting
    triage: Triage
    book: Book
    duplicates: Sequence[PossibleDuplicate]


async def look(session: AsyncSession, incoming: Sequence[Incoming], book: Book, policies: Policies) -> list[Found]:
    """Return what is known of each arrival, in a fixed number of statements."""
    reports, sets = ArrivalRepository(session), SetRepository(session)
    policies = book.city_policies(max(one.acting.now for one in incoming), policies)
    maintainers = await sets.maintainers({code for one in incoming if (code := one.arrival.component_code)})
    media = await reports.known_media({medium for one in incoming for medium in one.arrival.media})
    clean = await _with_known_campaigns(
        session, [replace(one, arrival=_cleaned(one.arrival, maintainers)) for one in incoming]
    )
    duplicates = await _duplicates(reports, clean, policies)
    return [
        Found(
            arrival=one.arrival,
            acting=one.acting,
            triage=triage(
                one.arrival,
                book,
                policies,
                one.acting.now,
                maintainer=maintainers.get(one.arrival.component_code or ""),
                component_known=one.arrival.component_code in maintainers,
                media_known=media,
            ),
            book=book,
            duplicates=near,
        )
        for one, near in zip(clean, duplicates, strict=True)
    ]


async def _with_known_campaigns(session: AsyncSession, incoming: Sequence[Incoming]) -> list[Incoming]:
    """Let go of campaigns that do not run, and say so: by now nothing is refused any more."""
    spans = await CampaignRepository(session).spans({code for one in incoming if (code := one.arrival.campaign)})
    return [
        one
        if one.arrival.campaign is None or runs(spans.get(one.arrival.campaign), one.acting.now)
        else replace(one, arrival=_without_campaign(one.arrival))
        for one in incoming
    ]


def _without_campaign(arrival: Arrival) -> Arrival:
    return replace(arrival, campaign=None, attention=arrival.attention | {Attention.UNKNOWN_VALUE})


async def _duplicates(
    reports: ArrivalRepository, incoming: Sequence[Incoming], policies: Policies
) -> list[list[PossibleDuplicate]]:
    """Return for each arrival the open cases that may be the same thing."""
    reach = DuplicateReach(radius_m=policies.duplicate_radius_m, age=policies.duplicate_within)
    asked = [(number, near) for number, one in enumerate(incoming) if (near := _asked(one, reach)) is not None]
    found = await reports.near([question for _, question in asked], radius_m=reach.radius_m)
    answers: list[list[PossibleDuplicate]] = [[] for _ in incoming]
    for (number, question), cases in zip(asked, found, strict=True):
        answers[number] = rank((_open_case(case, question, incoming[number]) for case in cases), reach)
    return answers


def _asked(one: Incoming, reach: DuplicateReach) -> AskedNear | None:
    arrival = one.arrival
    if arrival.point is None or (arrival.category is None and arrival.component_code is None):
        return None
    return AskedNear(
        lon=arrival.point.lon,
        lat=arrival.point.lat,
        kind=arrival.kind,
        category=arrival.category,
        component_code=arrival.component_code,
        since=one.acting.now - reach.age,
    )


def _open_case(case: Near, question: AskedNear, one: Incoming) -> OpenCase:
    return OpenCase(
        case_id=case.case_id,
        case_no=case.case_no,
        distance_m=case.distance_m,
        age=one.acting.now - case.filed_at,
        same_component=case.component_code is not None and case.component_code == question.component_code,
    )


def _cleaned(arrival: Arrival, components: Container[str]) -> Arrival:
    """Take names and numbers out of the short words that come with a report; a code that we know stays as it is."""
    known = arrival.reporter.known

    def clean(value: str | None) -> str | None:
        return scrub(value, known).text if value else None

    code = arrival.component_code
    return replace(
        arrival,
        category=clean(arrival.category),
        catalogue=clean(arrival.catalogue),
        component_code=code if code in components else clean(code),
        tags=joining((), (scrub(tag, known).text for tag in arrival.tags)),
        campaign=clean(arrival.campaign),
    )
