import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.codes import Attention, CaseState, Contact, ReportState, Source
from app.dispatch.errors import BadInput, Unauthenticated, Unreadable
from app.models.reports import Report
from app.models.work import InboxEvent
from app.repositories.step_reading import StepReading
from app.services.hotline import Hotline, Taken
from app.services.transaction import writing
from app.services.vault import Personal
from tests.hotline_city import PLACE, City, open_city
from tests.partners_stored import order, signed, store_partner
from tests.small_city import UNIT_WEST
from tests.towns import Town

PHONE, NAME = "13912345678", "欧阳明月"
CALLER = {"name": NAME, "phone": PHONE}


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


async def test_an_order_becomes_a_report_with_place_category_and_unit(city: City) -> None:
    due = city.clock.at.isoformat()
    taken = await city.say(
        "A1",
        title="扬尘",
        content=f"工地扬尘，请联系{NAME}{PHONE}",
        caller=CALLER,
        location=PLACE,
        kind="event",
        category="0305",
        due_at=due,
        extend1="x",
    )
    report = await city.report(taken.report_id)
    assert not taken.duplicate
    assert report.receipt_no == taken.receipt_no
    assert (report.source, report.state) == (Source.HOTLINE_12345, ReportState.RECEIVED)
    assert set(report.attention) <= {Attention.POSSIBLE_DUPLICATE}  # of what other tests left open at this place
    assert report.routing["unit_code"] == UNIT_WEST
    assert (report.partner_id, report.order_no, report.answer_due_at) == (city.partner_id, "A1", city.clock.at)
    assert report.contact is Contact.VIA_DESK
    assert "扬尘" in report.description
    assert NAME not in report.description
    assert PHONE not in report.description
    assert json.loads((await city.raw(taken.report_id))[0])["extend1"] == "x"


async def test_twenty_times_at_once_is_one_report_and_one_answer(city: City) -> None:
    body = order("A2", event_id="e-20", content="x")
    answers = await asyncio.gather(
        *(city.hotline.take(city.code, signed(body, city.clock.at, f"m-{n}"), body) for n in range(20))
    )
    assert len({(one.report_id, one.receipt_no) for one in answers}) == 1
    assert sorted(one.duplicate for one in answers) == [False] + [True] * 19
    async with city.sessions() as session:
        query = select(func.count()).select_from(Report).where(Report.partner_id == city.partner_id)
        assert await session.scalar(query) == 1
        query = select(func.count()).select_from(InboxEvent).where(InboxEvent.partner_id == city.partner_id)
        assert await session.scalar(query) == 1


async def test_one_event_id_under_twenty_order_numbers_is_still_one_report(city: City) -> None:
    """The lock is by order number: here only the index stands between."""
    bodies = [order(f"B{n}", event_id="same") for n in range(20)]
    answers = await asyncio.gather(
        *(city.hotline.take(city.code, signed(body, city.clock.at), body) for body in bodies)
    )
    assert len({one.report_id for one in answers}) == 1
    assert sum(not one.duplicate for one in answers) == 1


async def test_different_events_of_a_new_order_at_once_are_one_report(city: City) -> None:
    events = [order("A3", "supplement", content=f"{n}") for n in range(10)]
    answers = await asyncio.gather(
        *(city.hotline.take(city.code, signed(body, city.clock.at), body) for body in events)
    )
    assert len({one.report_id for one in answers}) == 1
    assert not any(one.duplicate for one in answers)
    assert await city.steps(answers[0].report_id) == ["receive", *["supplement"] * 9]


async def test_an_event_comes_again_changed_and_nothing_is_done_twice(city: City) -> None:
    first = await city.say("A4", event_id="e", content="x")
    again = await city.say("A4", "urge", event_id="e", content="y")
    assert (again.report_id, again.duplicate) == (first.report_id, True)
    assert await city.steps(first.report_id) == ["receive"]


@pytest.mark.parametrize("action", ["create", "supplement", "withdraw", "evaluate", "redo", "supervise", "创建"])
async def test_whatever_begins_an_unknown_order_is_kept(city: City, action: str) -> None:
    taken = await city.say("A5", action, content="有事")
    report = await city.report(taken.report_id)
    assert report.state is ReportState.RECEIVED
    assert report.description == "有事"
    assert ("unknown_value" in report.attention) is (action != "create")


@pytest.mark.parametrize(
    "location",
    [
        {"lon": 500, "lat": 30, "datum": "wgs84"},
        {"lon": 104, "lat": 30, "datum": "mars"},
        {"lon": 104, "lat": 30, "datum": "EPSG:999999"},
        {"lon": "104", "lat": "30", "datum": "wgs84"},
    ],
)
async def test_a_place_that_is_none_stays_in_the_raw_payload(city: City, location: dict[str, Any]) -> None:
    taken = await city.say("A6", location=location)
    report = await city.report(taken.report_id)
    assert {"unknown_value", "no_location"} <= set(report.attention)
    assert report.geom is None
    assert json.loads((await city.raw(taken.report_id))[0])["location"] == location


async def test_a_supplement_reaches_report_and_case_without_the_name_it_brings(city: City) -> None:
    taken = await city.say("A7", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.on_case(case.id, commands.Dispatch())
    later = await city.say("A7", "supplement", content=f"我是{NAME}，电话{PHONE}，还没人来", caller=CALLER)
    assert later.report_id == taken.report_id
    assert (await city.report(taken.report_id)).attention == ["supplemented"]
    assert "supplemented" in (await city.case_of(taken.report_id)).attention
    for subject in (taken.report_id, case.id):
        assert "还没人来" in "".join(await city.texts(subject))
        assert NAME not in "".join(await city.texts(subject))
        assert PHONE not in "".join(await city.texts(subject))
    assert len(await city.raw(taken.report_id)) == 2


async def test_urging_and_withdrawing_after_filing_show_on_the_case(city: City) -> None:
    taken = await city.say("A8", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.on_case(case.id, commands.Dispatch())
    await city.say("A8", "urge")
    await city.say("A8", "withdraw", content="已自行解决")
    case = await city.case_of(taken.report_id)
    assert case.urges == 1
    assert "withdrawn_by_reporter" in case.attention
    assert (await city.report(taken.report_id)).state is ReportState.FILED


async def test_withdrawing_before_filing_ends_the_report_and_create_begins_anew(city: City) -> None:
    first = await city.say("A9", content="x")
    await city.say("A9", "withdraw")
    assert (await city.report(first.report_id)).state is ReportState.WITHDRAWN
    again = await city.say("A9", content="又来了")
    assert again.report_id != first.report_id
    assert (await city.report(again.report_id)).order_no == "A9"
    urged = await city.say("A9", "urge")
    assert urged.report_id == again.report_id


@pytest.mark.parametrize("action", ["create", "redo"])
async def test_after_closing_the_order_starts_a_new_round(city: City, action: str) -> None:
    taken = await city.say("A10", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.close(case.id)
    again = await city.say("A10", action, content=f"没弄好，{NAME}", caller=CALLER)
    case = await city.case_of(taken.report_id)
    assert again.report_id == taken.report_id
    assert (case.state, case.round) == (CaseState.DISPATCHED, 2)
    assert (await city.steps(case.id))[-1] == "reopen"
    assert NAME not in "".join(await city.texts(case.id))
    assert "没弄好" in "".join(await city.texts(case.id))


async def test_too_late_for_a_new_round_a_new_report_is_made_and_remembered(city: City) -> None:
    taken = await city.say("A11", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.close(case.id)
    city.clock.pass_by(days=16)
    again = await city.say("A11", "redo", event_id="late", content="又来了")
    assert again.report_id != taken.report_id
    assert (await city.case_of(taken.report_id)).state is CaseState.CLOSED
    assert "redo_asked" in (await city.report(again.report_id)).attention
    repeated = await city.say("A11", "redo", event_id="late", content="又来了")
    assert repeated == Taken(receipt_no=again.receipt_no, report_id=again.report_id, duplicate=True)


async def test_what_is_being_said_of_a_report_and_a_step_of_it_wait_for_neither(city: City) -> None:
    taken = await city.say("S-both")
    async with writing(city.sessions) as saying, writing(city.sessions) as stepping:
        await city.vault.add(saying, taken.report_id, Personal.NAME, "李四")
        await stepping.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert await StepReading(stepping).lock_reports([taken.report_id])
        await city.vault.add(saying, taken.report_id, Personal.NAME, "王五")


async def test_an_evaluation_after_closing_is_recorded(city: City) -> None:
    taken = await city.say("A12", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.close(case.id)
    await city.say("A12", "evaluate", evaluation={"reached": True, "solved": False, "satisfaction": 1, "comment": "差"})
    assert (await city.steps(taken.report_id))[-2:] == ["evaluate", "supplement"]
    assert "dissatisfied" in (await city.report(taken.report_id)).attention
    assert (await city.case_of(taken.report_id)).state is CaseState.CLOSED


async def test_partners_are_told_every_step_in_order_and_nothing_personal(city: City) -> None:
    taken = await city.say("A13", content=f"{NAME}{PHONE}工地扬尘", caller=CALLER, location=PLACE)
    case = await city.file(taken.report_id)
    await city.close(case.id)
    told = await city.told("A13")
    assert [kind for kind, _ in told] == [
        "report.accepted",
        "case.filed",
        "case.dispatched",
        "case.disposed",
        "case.closed",
    ]
    assert {data["order_no"] for _, data in told} == {"A13"}
    assert {data["receipt_no"] for _, data in told} == {taken.receipt_no}
    assert told[-1][1]["public_answer"] == "已洒水降尘"
    assert told[-1][1]["category_name"] == "施工扬尘"
    assert told[2][1]["unit_name"] == "西街中队"
    assert told[2][1]["due_at"] is not None
    assert NAME not in str(told)
    assert PHONE not in str(told)


async def test_nothing_personal_stands_in_any_table_in_clear(city: City) -> None:
    canary, number = "司马canary", "13700001234"
    await city.say("A14", content=f"{canary} {number}", caller={"name": canary, "phone": number}, address=canary)
    await city.say("A14", "supplement", content=f"{canary} {number}", title=canary)
    await city.say("A14", "urge", content=canary)
    async with city.sessions() as session:
        tables = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
        for table in tables.all():
            if table == "alembic_version":
                continue
            found = await session.scalars(text(f'SELECT CAST(t AS text) FROM "{table}" AS t'))  # noqa: S608  # names of the catalogue
            rows = "\n".join(found)
            assert canary not in rows, table
            assert number not in rows, table


async def test_bad_bodies_are_refused_and_leave_nothing(city: City) -> None:
    for body, refusal in (
        (b"{", Unreadable),
        (order(""), BadInput),
        (b'{"action": "create"}', BadInput),
        (b'{"order_no": "1"}', BadInput),
    ):
        with pytest.raises(refusal):
            await city.hotline.take(city.code, signed(body, city.clock.at), body)
    async with city.sessions() as session:
        query = select(func.count()).select_from(Report).where(Report.partner_id == city.partner_id)
        assert await session.scalar(query) == 0


async def test_strangers_and_forgers_get_one_answer(city: City, keys: Keys) -> None:
    await store_partner(city.sessions, keys, f"{city.code}-asleep", active=False)
    await store_partner(city.sessions, keys, f"{city.code}-demo", demo=True)
    body = order("A15")
    headers = signed(body, city.clock.at)
    answers = set()
    for code in ("nobody", "", "a\x00b", f"{city.code}-asleep", f"{city.code}-demo"):
        with pytest.raises(Unauthenticated) as refused:
            await city.hotline.take(code, headers, body)
        answers.add((refused.value.code, refused.value.detail))
    with pytest.raises(Unauthenticated) as forged:
        await city.hotline.take(city.code, headers, body + b" ")
    answers.add((forged.value.code, forged.value.detail))
    assert len(answers) == 1


async def test_the_demo_partner_is_known_in_the_demo(city: City, keys: Keys) -> None:
    code = f"{city.code}-demo"
    await store_partner(city.sessions, keys, code, demo=True)
    welcoming = Hotline(
        sessions=city.sessions,
        intake=city.hotline.intake,
        reports=city.reports,
        cases=city.cases,
        orders=city.orders,
        vault=city.vault,
        secrets=city.hotline.secrets,
        now=city.clock,
        demo=True,
    )
    body = order("A16")
    assert not (await welcoming.take(code, signed(body, city.clock.at), body)).duplicate
