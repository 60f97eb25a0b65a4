"""Several at once: taking the next, a batch against a single action; and what claims cost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.access import Actor, Appointment, Thing
from app.dispatch.codes import Post
from app.dispatch.errors import ActionNotAllowed, ClaimedByOther
from app.models.leases import LeaseRow
from app.services.cases import Meta
from app.services.handovers import Handovers
from app.services.leases import Leases
from app.services.queues import Queues
from tests.acts_played import ACCEPT, AT_ONCE, checked, reported, sound
from tests.hotline_city import City, open_city
from tests.people_stored import store_account
from tests.statements import counted
from tests.towns import Town

DESK = (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


async def person(city: City, *posts: Post) -> Actor:
    held = tuple(Appointment(post=post, desk="city") for post in posts)
    account = await store_account(city.sessions, f"p-{uuid7()}", *held)
    return Actor(account_id=account, username="p", name="王敏", appointments=held)


def queues(city: City) -> Queues:
    return Queues(sessions=city.sessions, sittings=city.cases.frame.sittings, now=city.clock)


async def test_operators_who_take_the_next_at_once_never_get_the_same(city: City) -> None:
    await reported(city, 30)
    people = [await person(city, Post.OPERATOR) for _ in range(8)]
    wanted = (queues(city).take_next(one, Post.OPERATOR, 3, None) for one in people)
    taken = [[item.waiting.id for item in some] for some in await asyncio.gather(*wanted)]
    everything = [one for some in taken for one in some]
    assert len(set(everything)) == len(everything) == 24


async def test_of_those_who_claim_one_thing_at_once_one_has_it(city: City) -> None:
    (report,) = await reported(city, 1)
    people = [await person(city, Post.OPERATOR) for _ in range(8)]
    leases = Leases(frame=city.reports.frame)
    claims = (leases.claim(Thing.REPORT, report, one, Meta()) for one in people)
    said = await asyncio.gather(*claims, return_exceptions=True)
    assert sorted(type(one) is ClaimedByOther for one in said) == [False] + [True] * 7


async def test_a_claim_and_anothers_action_at_once_leave_one_winner(city: City) -> None:
    leases = Leases(frame=city.reports.frame)
    for report in await reported(city, 6):
        one, other = await person(city, Post.OPERATOR), await person(city, Post.OPERATOR)
        claimed, acted = await asyncio.gather(
            leases.claim(Thing.REPORT, report, one, Meta()),
            city.reports.act(report, ACCEPT, other, Meta()),
            return_exceptions=True,
        )
        assert (claimed is None) != (acted is True)
        assert isinstance(claimed if claimed is not None else acted, ClaimedByOther | ActionNotAllowed)


async def test_a_batch_and_a_single_action_on_one_case_leave_one_winner(city: City) -> None:
    cases, one, other = await checked(city, 8), await person(city, *DESK), await person(city, *DESK)
    batch, *singles = await asyncio.gather(
        city.cases.act_on_many(cases, commands.Close(), one, Meta()),
        *(city.cases.act(case, commands.Close(), other, Meta()) for case in cases),
        return_exceptions=True,
    )
    assert isinstance(batch, list)
    for case, in_batch, alone in zip(cases, batch, singles, strict=True):
        assert (in_batch.error is None) != (alone is True)
        lost = in_batch.error or alone
        assert isinstance(lost, ActionNotAllowed)
        assert lost.fields["state"] == "closed"
        assert (await city.steps(case)).count("close") == 1
    await sound(city)


async def test_claims_cost_one_statement_where_they_can_be_and_none_elsewhere(city: City) -> None:
    desk = await person(city, *DESK)
    warm, plain, claimed = await reported(city, 3)
    leases, counts = Leases(frame=city.reports.frame), []
    await city.reports.act(warm, AT_ONCE, desk, Meta())
    await leases.claim(Thing.REPORT, claimed, desk, Meta())
    for report in (plain, claimed):
        with counted(city.sessions) as statements:
            await city.reports.act(report, AT_ONCE, desk, Meta())
        counts.append(len([one for one in statements if "leases" in one and one.startswith("SELECT")]))
        assert len(statements) <= 8, statements
    assert counts == [1, 1]
    case = (await city.case_of(plain)).id
    with counted(city.sessions) as statements:
        await city.cases.act(case, commands.Note(text="已电话核实"), desk, Meta())
    assert not any("leases" in one for one in statements)


async def test_the_worker_clears_what_has_ended_and_nothing_else(city: City) -> None:
    old, new = await reported(city, 2)
    operator = await person(city, Post.OPERATOR)
    leases = Leases(frame=city.reports.frame)
    await leases.claim(Thing.REPORT, old, operator, Meta())
    city.clock.pass_by(minutes=16)
    await leases.claim(Thing.REPORT, new, operator, Meta())
    await city.timers.forget()
    assert await _stored(city, [old, new]) == {new}


async def test_a_handover_while_the_holder_acts_loses_nothing(city: City) -> None:
    mine, colleague = await person(city, Post.OPERATOR), await person(city, Post.OPERATOR)
    reports = await reported(city, 6)
    await Leases(frame=city.reports.frame).claim_many(Thing.REPORT, reports, mine, Meta())
    handovers = Handovers(
        sessions=city.sessions, sittings=city.cases.frame.sittings, queues=queues(city), now=city.clock, demo=False
    )
    done, given = await asyncio.gather(
        city.reports.act_on_many(reports[:3], ACCEPT, mine, Meta()),
        handovers.hand_over(mine, to=str(colleague.account_id), note=None, key=None),
    )
    accepted = {one.id for one in done if one.error is None}
    assert {type(one.error) for one in done} <= {type(None), ClaimedByOther}
    moved = {UUID(one["subject_id"]) for one in given.leases if one["moved"]}
    assert await _stored(city, reports) == set(reports) - accepted
    assert moved | accepted == set(reports)
    assert moved.isdisjoint(accepted)


async def _stored(city: City, subject_ids: list[UUID]) -> set[UUID]:
    async with city.sessions() as session:
        return set(await session.scalars(select(LeaseRow.subject_id).where(LeaseRow.subject_id.in_(subject_ids))))
