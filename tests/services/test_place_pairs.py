"""What operators confirm is remembered, by digests that tell nothing, and preferred the next time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys, load_keys
from app.adapters.sealing import Sealer
from app.dispatch import commands
from app.dispatch.access import Appointment
from app.dispatch.codes import Kind, LocationFrom, Post
from app.dispatch.points import Point
from app.dispatch.policies import DEFAULTS
from app.dispatch.set_codes import PlaceMatch, SetKind
from app.models.places import PlacePair
from app.repositories.plans import PlanRepository
from app.services.acts import Act
from app.services.books import Books
from app.services.geocoding import Geocoding
from app.services.ledger import Acting
from app.services.transaction import writing
from app.services.vault import Vault
from tests.hotline_city import City, open_city
from tests.people_stored import store_account
from tests.places_made import metres, town
from tests.sets_stored import store_draft
from tests.small_city import IN_EAST, IN_WEST, SINCE
from tests.towns import Town

ADDRESS = "新区西街万家超市对面老槐树下"


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


async def accept(
    city: City, order_no: str, address: str, place: tuple[float, float] | None, *, person: bool = True
) -> None:
    """Take an order and accept it, by a person or by policy, at a place or without one."""
    taken = await city.say(order_no, address=address, content="路灯不亮")
    held = Appointment(post=Post.OPERATOR, desk="city")
    account = await store_account(city.sessions, f"op-{uuid7()}", held) if person else None
    point = None
    if place is not None:
        lon, lat = place
        point = Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.BY_HAND)
    city.clock.pass_by(seconds=1)
    acting = Acting(now=city.clock.at, post=Post.OPERATOR, actor_id=account)
    command = commands.Accept(kind=Kind.EVENT, category="0305", point=point)
    await city.acts.play_one(Act(subject="report", subject_id=taken.report_id, command=command, acting=acting))


async def pairs(city: City) -> list[PlacePair]:
    async with city.sessions() as session:
        return list(await session.scalars(select(PlacePair).order_by(PlacePair.id)))


async def geocoding(city: City) -> Geocoding:
    books = Books(city.sessions)
    await books.refresh()
    return Geocoding(city.sessions, books, city.vault, DEFAULTS, lambda: city.clock.at)


async def test_only_what_a_person_confirms_with_a_place_is_remembered_and_then_preferred(city: City) -> None:
    set_id = await store_draft(city.sessions, SetKind.PLACES, town())
    async with writing(city.sessions) as session:
        plans = PlanRepository(session)
        await plans.activate([set_id], (await plans.plan()).after(SINCE))
    asked = await geocoding(city)
    before = (await asked.find(ADDRESS)).candidates[0].candidate
    assert PlaceMatch.CONFIRMED not in before.matched

    await accept(city, "P1", ADDRESS, None)
    await accept(city, "P2", ADDRESS, IN_WEST, person=False)
    await accept(city, "P3", "路边", IN_WEST)
    assert await pairs(city) == []

    await accept(city, "P4", ADDRESS, IN_WEST)
    kept = await pairs(city)
    assert len(kept) == 1
    assert len(kept[0].digest) == 32
    assert ADDRESS.encode() not in kept[0].digest
    found = (await asked.find(f" {ADDRESS}。")).candidates
    assert found[0].candidate.matched == {PlaceMatch.CONFIRMED}
    assert metres(found[0].candidate.lon, found[0].candidate.lat) == pytest.approx(metres(*IN_WEST), abs=0.01)
    assert found[0].candidate.score == 0.95 > before.score
    assert before.name in [one.candidate.name for one in found]

    await accept(city, "P5", ADDRESS, IN_WEST)
    assert (await asked.find(ADDRESS)).candidates[0].candidate.score == 0.975
    await accept(city, "P6", ADDRESS, IN_EAST)
    disputed = (await asked.find(ADDRESS)).candidates
    assert [one.candidate.kind for one in disputed[:1]] == ["confirmed"]
    assert {one.candidate.kind for one in disputed} >= {"confirmed", before.kind}
    assert disputed[0].candidate.score < 0.95


async def test_a_refused_step_teaches_nothing(city: City) -> None:
    address = "新区东街凉亭旁第三个井盖"
    await accept(city, "Q1", address, IN_WEST)
    learnt = len(await pairs(city))
    taken = await city.say("Q2", address=address, content="井盖响")
    held = Appointment(post=Post.OPERATOR, desk="city")
    account = await store_account(city.sessions, f"op-{uuid7()}", held)
    point = Point(
        lon=IN_EAST[0], lat=IN_EAST[1], raw_lon=1, raw_lat=1, datum="cgcs2000", located_from=LocationFrom.BY_HAND
    )
    command = commands.Accept(kind=Kind.EVENT, category="0305", point=point)
    acting = Acting(now=city.clock.at, post=Post.OPERATOR, actor_id=account)
    act = Act(subject="report", subject_id=taken.report_id, command=command, acting=acting)
    unknown = replace(act, command=replace(command, category="9999"))
    done = await city.acts.play([unknown, act, act])
    assert [one.error is None for one in done] == [False, True, False]
    assert len(await pairs(city)) == learnt + 1


async def test_without_the_key_of_the_city_an_address_is_not_recognised(city: City, tmp_path: Path) -> None:
    other = Vault(Sealer(load_keys(tmp_path / "other")))
    assert city.vault.address_digest(ADDRESS) != other.address_digest(ADDRESS)
    assert city.vault.address_digest(ADDRESS) == city.vault.address_digest(f"{ADDRESS}，")
    assert city.vault.address_digest("路口") is None
