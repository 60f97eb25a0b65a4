"""Reports as their channels hand them over: who speaks, with what point, how exactly, by when he must be answered."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.demo.simulation.atlas import Site
from app.demo.simulation.crew import somebody
from app.demo.simulation.stories import Story
from app.demo.simulation.turns import Life, Turn
from app.demo.simulation.words import description
from app.demo.simulation.world import World, act
from app.dispatch import commands
from app.dispatch.arrival import Arrival, Reporter
from app.dispatch.codes import Contact, Datum, LimitUnit, LocationFrom, Post, Source
from app.dispatch.datum import from_canonical
from app.dispatch.limits import Limit
from app.dispatch.points import Point
from app.services.arrivals import Incoming
from app.services.ledger import Acting

PARTNERED: Final = Source.HOTLINE_12345
PEOPLE: Final = frozenset(
    {PARTNERED, Source.HOTLINE_12319, Source.CITIZEN, Source.WALK_IN, Source.PETITION, Source.FORUM}
)
"""Sources behind which somebody waits for an answer."""
_ANSWER_DAYS: Final = {
    PARTNERED: 5,
    Source.HOTLINE_12319: 5,
    Source.LEADER: 7,
    Source.PETITION: 15,
    Source.SUPERIOR_PLATFORM: 7,
}
_UNSORTED, _SAYS_NUMBER, _ANONYMOUS, _RELAYED, _UNMERGED = 0.55, 0.06, 0.22, 0.15, 0.05
_DATUMS: Final = {Source.INSPECTOR: Datum.WGS84, Source.CITIZEN: Datum.GCJ02, PARTNERED: Datum.GCJ02}


def incoming(rng: Random, story: Story, world: World, report_id: UUID, *, placeless: bool) -> Incoming:
    """Return a story's report as it comes in; a vague one may lack a category, a point, or an exact one."""
    at, source = story.received_at, story.source
    people = source in PEOPLE
    name, phone = somebody(rng) if people else (None, None)
    anonymous = people and rng.random() < _ANONYMOUS
    said = description(
        rng, story, storm=world.season.is_stormy(at), phone=phone if people and rng.random() < _SAYS_NUMBER else None
    )
    unsorted = people and story.vague and rng.random() < _UNSORTED
    who = Reporter(
        name=None if anonymous else name,
        phone=None if anonymous else phone,
        anonymous=anonymous,
        contact=Contact.RELAY if people and rng.random() < _RELAYED else None,
    )
    arrival = Arrival(
        id=report_id,
        source=source,
        description=said,
        kind=None if unsorted else story.concern.kind,
        category=None if unsorted else story.concern.category,
        address=story.site.address,
        point=None if placeless else _given(rng, story),
        component_code=None if unsorted or people else story.site.component_code,
        reporter=who,
        occurred_at=at - timedelta(minutes=rng.uniform(1, 25)),
        answer_due_at=_answer_due(world, source, at),
    )
    return _by_whom(rng, story, world, arrival, at)


def echo(story: Story, world: World, case_id: UUID, at: datetime) -> Life:
    """Live a second report of the same thing, which the desk joins to the case that is open already."""
    rng, report_id = Random(f"{world.plan.seed}:echo:{story.number}"), uuid7()
    source = rng.choice((Source.CITIZEN, PARTNERED, Source.INSPECTOR))
    again = replace(story, source=source, second=None, received_at=at, vague=False)
    yield Turn(step=incoming(rng, again, world, report_id, placeless=False))
    merged_at = at + timedelta(minutes=rng.uniform(4, 15))
    merge = commands.Merge(into_case=case_id)
    yield act("report", report_id, merge, merged_at, Post.OPERATOR, world.crew.operator(merged_at))
    if rng.random() < _UNMERGED:
        for command in (
            commands.Unmerge(reason_code="not_same"),
            commands.AnswerDirectly(reason_code="already_solved", public_answer="您反映的情况到场时已解决。"),
        ):
            merged_at += timedelta(minutes=rng.uniform(3, 40))
            yield act("report", report_id, command, merged_at, Post.OPERATOR, world.crew.operator(merged_at))


def point_of(site: Site) -> Point:
    """Return a place as the desk sets it on the map."""
    return Point(
        lon=site.lon,
        lat=site.lat,
        raw_lon=site.lon,
        raw_lat=site.lat,
        datum=Datum.CGCS2000,
        located_from=LocationFrom.BY_HAND,
    )


def _given(rng: Random, story: Story) -> Point:
    site, datum = story.site, _DATUMS.get(story.source, Datum.CGCS2000)
    raw_lon, raw_lat = from_canonical(site.lon, site.lat, datum)
    device = story.source in {Source.INSPECTOR, Source.CITIZEN}
    exact = round(rng.uniform(3, 9), 1) if device else None
    return Point(
        lon=site.lon,
        lat=site.lat,
        raw_lon=float(raw_lon),
        raw_lat=float(raw_lat),
        datum=datum,
        located_from=LocationFrom.DEVICE if device else LocationFrom.PARTNER,
        accuracy_m=round(rng.uniform(25, 70), 1) if story.vague else exact,
    )


def _answer_due(world: World, source: Source, at: datetime) -> datetime | None:
    days = _ANSWER_DAYS.get(source)
    return world.rota.run(at, Limit(value=days, unit=LimitUnit.WORK_DAY), 1.0) if days else None


def _by_whom(rng: Random, story: Story, world: World, arrival: Arrival, at: datetime) -> Incoming:
    crew = world.crew
    match story.source:
        case Source.INSPECTOR:
            author = crew.inspector(story.site.community)
            return _signed(arrival, at, Post.INSPECTOR, author)
        case Source.CITIZEN:
            return Incoming(arrival=arrival, acting=Acting(now=at, post=Post.CITIZEN))
        case Source.HOTLINE_12345:
            order_no = f"DH{at:%y%m%d}{rng.randrange(10**8):08d}"
            order = {"order_no": order_no, "action": "create", "content": arrival.description}
            placed = replace(
                arrival,
                partner_id=crew.partner_id,
                order_no=order_no,
                raw_payload=json.dumps(order, ensure_ascii=False),
            )
            return Incoming(arrival=placed, acting=Acting(now=at, post=Post.PARTNER, on_behalf_of=crew.partner_code))
    return _signed(arrival, at, Post.OPERATOR, crew.operator(at))


def _signed(arrival: Arrival, at: datetime, post: Post, account_id: UUID) -> Incoming:
    acting = Acting(now=at, post=post, actor_id=account_id)
    return Incoming(arrival=replace(arrival, account_id=account_id), acting=acting)
