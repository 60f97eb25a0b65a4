import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import CaseState, Post
from app.dispatch.errors import ActionNotAllowed, BadInput, NotPermitted, NotVisible
from app.models.base import Base
from app.models.cases import Case, CaseReport, CaseRequest, LegFacts
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.history import HistoryRow, HistoryText
from app.models.work import IdempotencyKey, OutboxEvent, Timer
from app.services.cases import Meta
from app.services.idempotency import KeyUse
from tests.acts_played import (
    ACCEPT,
    AT_ONCE,
    DISPOSE,
    FILE,
    TO_THE_CHECK,
    act,
    checked,
    dispatched,
    errors,
    on_cases,
    reported,
    sound,
)
from tests.hotline_city import PLACE, City, open_city
from tests.partners_stored import order, signed, store_partner
from tests.people_stored import store_account
from tests.statements import counted
from tests.towns import Town

WRITTEN = (Case, CaseReport, CaseRequest, LegFacts, ReportFactsRow, RoundFactsRow, HistoryRow, HistoryText, Timer)
NOTE = commands.Note(text="已电话核实")


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


@pytest.fixture
async def lead(city: City) -> Actor:
    account = await store_account(city.sessions, f"lead-{uuid7()}", Appointment(post=Post.SHIFT_LEAD, desk="city"))
    held = (Appointment(post=Post.SHIFT_LEAD, desk="city"),)
    return Actor(account_id=account, username="lead", name="值班长", appointments=held)


async def rows(city: City, *tables: type[Base]) -> list[int]:
    async with city.sessions() as session:
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables or WRITTEN]


async def states(city: City, case_ids: list[UUID]) -> list[CaseState]:
    async with city.sessions() as session:
        found = {one.id: one.state for one in await session.scalars(select(Case).where(Case.id.in_(case_ids)))}
    return [found[one] for one in case_ids]


async def test_three_steps_in_one_call_take_eight_statements_at_most(city: City) -> None:
    (warm, report) = await reported(city, 2)
    await city.acts.play([act(city, "report", warm, AT_ONCE)])
    with counted(city.sessions) as statements:
        await city.acts.play([act(city, "report", report, AT_ONCE)])
    assert len(statements) <= 8, statements
    assert await city.steps(report) == ["receive", "accept", "file"]


async def test_so_do_they_when_a_person_takes_them_under_a_key(city: City) -> None:
    posts = (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)
    held = tuple(Appointment(post=post, desk="city") for post in posts)
    account = await store_account(city.sessions, f"desk-{uuid7()}", *held)
    desk = Actor(account_id=account, username="desk", name="台长", appointments=held)
    warm, report = await reported(city, 2)
    use = KeyUse(scope=str(account), route="accept_file_dispatch", key=str(uuid7()), body_digest=b"x")
    await city.reports.act(warm, AT_ONCE, desk, Meta())
    with counted(city.sessions) as statements:
        assert await city.reports.act(report, AT_ONCE, desk, Meta(key=use))
    assert len(statements) <= 8, statements
    assert not await city.reports.act(report, AT_ONCE, desk, Meta(key=use))


async def test_closing_many_takes_as_many_statements_as_closing_one(city: City) -> None:
    cases = await checked(city, 51)
    counts = []
    for some in (cases[:1], cases[1:]):
        with counted(city.sessions) as statements:
            assert errors(await city.acts.play(on_cases(city, some, commands.Close()))) == [None] * len(some)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_batch_of_people_takes_as_many_statements_as_one(city: City, lead: Actor) -> None:
    cases = await checked(city, 21)
    counts = []
    for some in (cases[:1], cases[1:]):
        use = KeyUse(scope=str(lead.account_id), route="close:many", key=str(uuid7()), body_digest=b"x")
        with counted(city.sessions) as statements:
            outcomes = await city.cases.act_on_many(some, commands.Close(), lead, Meta(key=use))
        assert [one.error for one in outcomes] == [None] * len(some)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_what_is_refused_in_the_middle_leaves_nothing(city: City) -> None:
    first, second, third = await dispatched(city, 3)
    (report,) = await reported(city, 1)
    bad = commands.AcceptFileDispatch(
        accept=ACCEPT,
        file=commands.File(cases=(*FILE.cases, commands.CaseWanted(condition=99))),
        dispatch=commands.Dispatch(),
    )
    before = await rows(city)
    done = await city.acts.play(
        [
            act(city, "case", first, NOTE),
            act(city, "report", report, bad),
            act(city, "case", second, commands.Close()),
            act(city, "case", uuid7(), NOTE),
            act(city, "case", third, NOTE),
        ]
    )
    assert errors(done) == [None, BadInput, ActionNotAllowed, NotVisible, None]
    assert await city.steps(report) == ["receive"]
    grown = dict(zip(WRITTEN, (b - a for a, b in zip(before, await rows(city), strict=True)), strict=True))
    assert {table.__tablename__: by for table, by in grown.items() if by} == {"history": 2, "history_texts": 2}
    await sound(city)


async def test_a_report_that_was_refused_may_be_taken_later_in_the_same_batch(city: City) -> None:
    (report,) = await reported(city, 1)
    unknown = replace(ACCEPT, category="9999")
    wanted = (FILE, unknown, ACCEPT, FILE)
    done = await city.acts.play([act(city, "report", report, one) for one in wanted])
    assert errors(done) == [ActionNotAllowed, BadInput, None, None]
    assert [len(one.opened) for one in done] == [0, 0, 0, 1]
    await sound(city)


async def test_a_whole_life_in_one_batch(city: City) -> None:
    (case,) = await dispatched(city, 1)
    wanted = (commands.Sign(), *TO_THE_CHECK, commands.Close(), commands.Reopen(reason_code="again"), DISPOSE)
    done = await city.acts.play(on_cases(city, [case], *wanted))
    assert errors(done) == [None] * len(wanted)
    assert (await city.steps(case))[2:] == ["sign", "dispose", "send_check", "check", "close", "reopen", "dispose"]
    async with city.sessions() as session:
        turns = await session.execute(
            select(RoundFactsRow.round, RoundFactsRow.closed).where(RoundFactsRow.case_id == case).order_by("round")
        )
        timers = await session.scalars(select(Timer).where(Timer.subject_id == case))
        assert [tuple(one) for one in turns] == [(1, True), (2, False)]
        assert [one.done_at is not None for one in timers] == [True, True]
    await sound(city)


async def test_a_reporter_is_answered_once_when_both_of_his_cases_close_in_one_batch(city: City) -> None:
    (report,) = await reported(city, 1)
    two = commands.File(cases=(commands.CaseWanted(condition=1), commands.CaseWanted(condition=2)))
    (done,) = await city.acts.play([act(city, "report", report, replace(AT_ONCE, file=two))])
    wanted = on_cases(city, list(done.opened), *TO_THE_CHECK, commands.Close())
    assert set(errors(await city.acts.play(wanted))) == {None}
    assert (await city.steps(report)).count("reply") == 1
    await sound(city)


async def test_a_report_that_joins_in_the_batch_is_answered_with_the_others(city: City) -> None:
    joined, left = await reported(city, 2)
    (case,) = await checked(city, 1)
    merge = commands.Merge(into_case=case)
    done = await city.acts.play(
        [
            act(city, "report", joined, ACCEPT),
            act(city, "report", left, ACCEPT),
            act(city, "report", joined, merge),
            act(city, "report", left, merge),
            act(city, "report", left, commands.Unmerge(reason_code="other")),
            act(city, "case", case, commands.Close()),
            act(city, "report", left, merge),
        ]
    )
    assert errors(done) == [None] * 6 + [ActionNotAllowed]
    assert (await city.steps(joined))[-1] == "reply"
    assert (await city.steps(left))[-1] == "unmerge"
    await sound(city)


async def test_what_comes_back_is_seen_although_it_was_closed_a_moment_ago(city: City) -> None:
    (case,) = await checked(city, 1)
    (report,) = await reported(city, 1)
    async with city.sessions() as session:  # closed ones of other tests lie elsewhere, or longer ago
        others = select(func.count()).where(Case.state == CaseState.CLOSED, Case.closed_at.is_not(None))
        before = await session.scalar(others)
    done = await city.acts.play([*on_cases(city, [case], commands.Close()), act(city, "report", report, AT_ONCE)])
    assert errors(done) == [None, None]
    async with city.sessions() as session:
        flags = (await session.scalars(select(Case.flags).where(Case.id == done[1].opened[0]))).one()
    assert "recurrent" in flags, before


async def test_partners_are_told_in_order_and_only_those_with_an_address(city: City, keys: Keys) -> None:
    taken = await city.say("P1", content="x", location=PLACE)
    (done,) = await city.acts.play([act(city, "report", taken.report_id, AT_ONCE)])
    await city.acts.play(on_cases(city, list(done.opened), *TO_THE_CHECK, commands.Close()))
    kinds = [kind for kind, _ in await city.told("P1")]
    assert kinds == ["report.accepted", "case.filed", "case.dispatched", "case.disposed", "case.closed"]
    before = await rows(city, OutboxEvent)
    silent = f"p{uuid7().hex}"
    await store_partner(city.sessions, keys, silent)
    body = order("P2", content="x", location=PLACE)
    quiet = await city.hotline.take(silent, signed(body, city.clock.at), body)
    (done,) = await city.acts.play([act(city, "report", quiet.report_id, AT_ONCE)])
    assert done.error is None
    assert await rows(city, OutboxEvent) == before


async def test_a_batch_and_a_single_action_at_once_have_one_winner(city: City, lead: Actor) -> None:
    cases = await checked(city, 6)
    batch = city.cases.act_on_many(cases, commands.Close(), lead, Meta())
    singles = [city.cases.act(one, commands.Close(), lead, Meta()) for one in cases]
    outcomes, alone = await asyncio.gather(batch, asyncio.gather(*singles, return_exceptions=True))
    for together, single in zip(outcomes, alone, strict=True):
        refused = [one for one in (together.error, single) if isinstance(one, ActionNotAllowed)]
        assert len(refused) == 1
        assert refused[0].fields["state"] == "closed"
    assert set(await states(city, cases)) == {CaseState.CLOSED}


async def test_items_are_judged_apart_and_keys_of_refused_ones_are_given_back(city: City, lead: Actor) -> None:
    ready, early = (await checked(city, 1))[0], (await dispatched(city, 1))[0]
    use = KeyUse(scope=str(lead.account_id), route="close:many", key=str(uuid7()), body_digest=b"x")
    ids = [ready, early, uuid7(), ready]
    outcomes = await city.cases.act_on_many(ids, commands.Close(), lead, Meta(key=use))
    assert [type(one.error) for one in outcomes] == [type(None), ActionNotAllowed, NotVisible, type(None)]
    assert outcomes[3].again
    async with city.sessions() as session:
        kept = await session.scalars(select(IdempotencyKey.resource_id).where(IdempotencyKey.key == use.key))
        assert set(kept) == {UUID(int=0), ready}
    await city.acts.play(on_cases(city, [early], *TO_THE_CHECK))
    again = await city.cases.act_on_many(ids, commands.Close(), lead, Meta(key=use))
    assert [type(one.error) for one in again] == [type(None), type(None), NotVisible, type(None)]
    assert (await city.steps(ready)).count("close") == 1


async def test_nothing_is_taken_by_who_may_not(city: City, lead: Actor) -> None:
    cases = await dispatched(city, 2)
    outcomes = await city.cases.act_on_many(cases, DISPOSE, lead, Meta())
    assert [type(one.error) for one in outcomes] == [NotPermitted, NotPermitted]
    assert set(await states(city, cases)) == {CaseState.DISPATCHED}


async def test_what_the_database_refuses_is_taken_act_by_act(city: City, lead: Actor) -> None:
    cases = await dispatched(city, 3)
    unheard = commands.Note(text="a\x00b")  # no text of PostgreSQL holds this
    wanted = [act(city, "case", one, NOTE) for one in cases]
    wanted[1] = replace(wanted[1], command=unheard)
    done = await city.acts.play(wanted)
    assert [one.error.code if one.error else None for one in done] == [None, "not_stored", None]
    assert [(await city.steps(one)).count("note") for one in cases] == [1, 0, 1]
    with pytest.raises(DBAPIError):
        await city.acts.play([wanted[1]])
    outcomes = await city.cases.act_on_many(cases, unheard, lead, Meta())
    assert [one.error.code if one.error else None for one in outcomes] == ["not_stored"] * 3
    await sound(city)


async def test_within_a_transaction_of_the_callers_nothing_is_committed(city: City) -> None:
    (case,) = await dispatched(city, 1)
    async with city.sessions() as session:
        assert errors(await city.acts.play(on_cases(city, [case], commands.Sign()), within=session)) == [None]
        await session.rollback()
    assert "sign" not in await city.steps(case)
