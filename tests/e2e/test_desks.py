"""Two levels of desks: a town works its own cases, the city looks on and leaves them alone, and hands it others.

Acceptance line 8 of the life of a case: seen, filtered, untouchable; 准确派遣率 judged per desk.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select

from app.api.schemas.case_actions import CASE_ACTIONS
from app.api.schemas.report_actions import REPORT_ACTIONS
from app.demo.self_check.check import Checked, check_steps, counted
from app.demo.self_check.findings import Verdict
from app.demo.self_check.rows import load
from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.models.people import Account
from app.services.timers import Timers
from tests.e2e.served import MONDAY, Json, Served, location

TOWN: Final = "6101"
SQUAD, SWEEPERS, WORKS = "610101", "610102", "610103"
ABOUT: Final = {"kind": "event", "category": "0110", "description": "人行道上有暴露垃圾"}
CITY_POSTS: Final = ("operator01", "lead01", "dispatcher01", "supervisor01", "coordinator01")
REMARKS: Final = {"urge", "note", "tag"}
"""What whoever sees a case may do, but the city's desk with a town's."""
BY_HAND: Final = {"reason_code": "local_knowledge"}


@pytest.fixture(autouse=True)
async def _monday(city: Served) -> None:
    city.clock.at = MONDAY


async def _reported(city: Served, who: str = "town_operator01", source: str = "walk_in") -> Json:
    answer = await city.post("/reports", who, {**ABOUT, "source": source, "location": location(city.place())})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def _filed(city: Served, report_id: str, desk: str = "town_") -> Json:
    await city.act("reports", report_id, "accept", f"{desk}operator01", kind="event", category="0110")
    filed = await city.act("reports", report_id, "file", f"{desk}lead01", cases=[{"condition": 1}])
    case: Json = filed["cases"][0]
    return case


async def _own_case(city: Served) -> Json:
    return await _filed(city, (await _reported(city))["id"])


async def _handed(city: Served) -> Json:
    """Return a city's case that its dispatcher sent to the town."""
    case = await _filed(city, (await _reported(city, "operator01"))["id"], desk="")
    return await city.act("cases", case["id"], "dispatch", "dispatcher01", unit_code=TOWN, **BY_HAND)


async def _inspector(city: Served, case: Json) -> str:
    async with city.sessions() as session:
        return str(await session.scalar(select(Account.username).where(Account.id == case["inspector_id"])))


async def _status(city: Served, who: str, path: str) -> int:
    return (await city.get(path, who)).status_code


async def _refusal(city: Served, who: str, case_id: str, action: str, **body: Any) -> tuple[int, str]:
    answer = await city.post(f"/cases/{case_id}/actions/{action}", who, body)
    return answer.status_code, answer.json()["code"]


def _legs(case: Json) -> list[tuple[int, str, int | None, str, str | None]]:
    return [(one["number"], one["kind"], one["parent"], one["unit_code"], one["end"]) for one in case["legs"]]


async def test_a_town_works_its_own_case_from_report_to_end(city: Served) -> None:
    report = await _reported(city)
    assert report["desk"] == TOWN
    case = await _filed(city, report["id"])
    assert (await city.get(f"/cases/{case['id']}", "town_lead01")).json()["desk"] == TOWN
    refused = await _refusal(city, "town_dispatcher01", case["id"], "dispatch", unit_code="2102", **BY_HAND)
    assert refused == (422, "unit_out_of_reach")
    sent = await city.act("cases", case["id"], "dispatch", "town_dispatcher01", unit_code=SWEEPERS, **BY_HAND)
    assert sent["unit_code"] == SWEEPERS
    await city.act("cases", case["id"], "dispose", city.accounts[SWEEPERS], result="solved", public_answer="已清理")
    looked_at = await city.act("cases", case["id"], "send_check", "town_operator01")
    await city.act("cases", case["id"], "check", await _inspector(city, looked_at), result="pass")
    closed = await city.act("cases", case["id"], "close", "town_lead01")
    assert (closed["state"], closed["end_kind"], closed["desk"]) == ("closed", "solved", TOWN)
    steps = (await city.get(f"/cases/{case['id']}/history", "supervisor01")).json()["items"]
    assert [one["action"] for one in steps] == ["file", "dispatch", "dispose", "send_check", "check", "close"]


async def test_the_city_sees_and_filters_what_a_town_does(city: Served) -> None:
    report = await _reported(city)
    case = await _filed(city, report["id"])
    for who in CITY_POSTS:
        assert await _status(city, who, f"/reports/{report['id']}") == 200, who
        assert await _status(city, who, f"/cases/{case['id']}") == 200, who
        for thing, own in (("reports", report["id"]), ("cases", case["id"])):
            towns = (await city.get(f"/{thing}", who, params={"desk": TOWN})).json()["items"]
            assert own in {one["id"] for one in towns}
            assert {one["desk"] for one in towns} == {TOWN}
            others = (await city.get(f"/{thing}", who, params={"desk": "city"})).json()["items"]
            assert own not in {one["id"] for one in others}


async def test_what_the_city_may_not_touch(city: Served) -> None:
    """Every action of the API, taken on a town's things by the city's people: 403, but for a word of oversight."""
    report, case = await _reported(city), await _own_case(city)
    bodies = _bodies(report["id"], case["id"])
    tried = 0
    for who in CITY_POSTS:
        for models, thing, subject in ((REPORT_ACTIONS, "reports", report["id"]), (CASE_ACTIONS, "cases", case["id"])):
            for model in models:
                action = model.command.action
                answer = await city.post(f"/{thing}/{subject}/actions/{action}", who, bodies.get(action, {}))
                talks = thing == "cases" and who in {"supervisor01", "coordinator01"} and action in REMARKS
                expected = 200 if talks else 403
                assert answer.status_code == expected, (who, thing, action, answer.text)
                tried += 1
        possible = (await city.get(f"/cases/{case['id']}/actions", who)).json()["items"]
        oversight = who in {"supervisor01", "coordinator01"}
        assert {one["action"] for one in possible} == (REMARKS if oversight else set()), who
    assert tried == len(CITY_POSTS) * (len(REPORT_ACTIONS) + len(CASE_ACTIONS))
    after = (await city.get(f"/cases/{case['id']}", "town_lead01")).json()
    assert after["state"] == "filed"


async def test_another_town_and_the_other_way_round_see_nothing(city: Served) -> None:
    await city.employ(
        "elsewhere01", *(Appointment(post=post, desk="6102") for post in (Post.OPERATOR, Post.SHIFT_LEAD))
    )
    report, case = await _reported(city), await _own_case(city)
    assert await _status(city, "elsewhere01", f"/reports/{report['id']}") == 404
    assert await _status(city, "elsewhere01", f"/cases/{case['id']}") == 404
    assert await _refusal(city, "elsewhere01", case["id"], "note", text="看看") == (404, "not_found")
    for thing in ("reports", "cases"):
        assert (await city.get(f"/{thing}", "elsewhere01")).json()["items"] == []
    citys = await _filed(city, (await _reported(city, "operator01"))["id"], desk="")
    for who in ("town_operator01", "town_lead01", "town_dispatcher01"):
        assert await _status(city, who, f"/cases/{citys['id']}") == 404, who


async def test_a_city_s_case_is_given_on_inside_the_town(city: Served) -> None:
    case = await _handed(city)
    case_id, hand = case["id"], "town_dispatcher01"
    assert case["desk"] == "city"
    assert await _status(city, "town_operator01", f"/cases/{case_id}") == 404, "it has no post in the unit"
    assert await _status(city, city.accounts[SQUAD], f"/cases/{case_id}") == 404
    assert await _refusal(city, hand, case_id, "assign_sub", unit_code="2102") == (422, "unit_out_of_reach")
    assert await _refusal(city, "dispatcher01", case_id, "assign_sub", unit_code=SQUAD) == (403, "not_permitted")
    await city.act("cases", case_id, "assign_sub", hand, unit_code=SQUAD)
    given = await city.act("cases", case_id, "assign_sub", hand, unit_code=SWEEPERS)
    assert _legs(given) == [(1, "main", None, TOWN, None), (2, "sub", 1, SQUAD, None), (3, "sub", 1, SWEEPERS, None)]
    whole, *parts = (one["due_at"] for one in given["legs"])
    assert all(part < whole for part in parts)

    squad, sweepers = city.accounts[SQUAD], city.accounts[SWEEPERS]
    for forbidden, body in (
        ("dispose", {"result": "solved"}),
        ("request_extension", {"reason_code": "weather"}),
        ("request_return", {"reason_code": "not_ours"}),
    ):
        assert await _refusal(city, squad, case_id, forbidden, **body) == (403, "not_permitted")
    possible = {one["action"] for one in (await city.get(f"/cases/{case_id}/actions", squad)).json()["items"]}
    assert possible == {"sign", "contact", "report_up", "return_sub", "assign_sub"} | REMARKS
    await city.act("cases", case_id, "sign", squad)
    assert await _refusal(city, squad, case_id, "report_up", leg=3) == (403, "not_permitted")
    await city.act("cases", case_id, "return_sub", squad, leg=2, reason_code="not_ours")
    assert await _refusal(city, squad, case_id, "sign") == (403, "not_permitted"), "no part of it left"
    assert await _status(city, squad, f"/cases/{case_id}") == 200, "it may still look"
    refused = await _refusal(city, "town_lead01", case_id, "dispose", result="solved")
    assert refused == (409, "action_not_allowed"), "the sweepers are at work"
    await city.act("cases", case_id, "report_up", sweepers, leg=3, public_answer="清扫完毕")
    await city.act("cases", case_id, "assign_sub", hand, unit_code=WORKS, leg=1)
    back = await city.act("cases", case_id, "return_sub", hand, leg=4)
    assert [end for *_, end in _legs(back)] == [None, "returned", "disposed", "recalled"]
    disposed = await city.act("cases", case_id, "dispose", "town_lead01", result="solved", public_answer="已清理")
    assert (disposed["state"], disposed["public_answer"]) == ("disposed", "已清理")
    looked_at = await city.act("cases", case_id, "send_check", "operator01")
    await city.act("cases", case_id, "check", await _inspector(city, looked_at), result="pass")
    assert (await city.act("cases", case_id, "close", "lead01"))["state"] == "closed"


async def test_accurate_dispatch_is_judged_per_desk(city: Served) -> None:
    """The city: two, both right, though the town gave one on wrongly. The town: two of its own, one came back."""
    start = city.clock.at = MONDAY + timedelta(days=7)
    before = await _by_desk(city, start)
    assert before == {}
    wrongly_given = await _handed(city)
    await city.act("cases", wrongly_given["id"], "assign_sub", "town_dispatcher01", unit_code=SQUAD)
    await city.act("cases", wrongly_given["id"], "return_sub", city.accounts[SQUAD], leg=2, reason_code="not_ours")
    await city.act("cases", wrongly_given["id"], "assign_sub", "town_dispatcher01", unit_code=SWEEPERS)
    await city.act("cases", wrongly_given["id"], "report_up", city.accounts[SWEEPERS], leg=3)
    await _handed(city)
    for came_back in (True, False):
        case = await _own_case(city)
        sent = await city.act("cases", case["id"], "dispatch", "town_dispatcher01", unit_code=SQUAD, **BY_HAND)
        if came_back:
            asked = await city.act("cases", sent["id"], "request_return", city.accounts[SQUAD], reason_code="not_ours")
            (pending,) = asked["requests"]
            await city.act("cases", sent["id"], "grant", "town_dispatcher01", request_id=pending["id"])
    city.clock.at += timedelta(minutes=1)
    rows = await _by_desk(city, start)
    assert {desk: (row["dispatched"], row["dispatched_accurately"]) for desk, row in rows.items()} == {
        "city": (2, 2),
        TOWN: (2, 1),
    }
    rates = {desk: await _rate(city, start, desk) for desk in rows}
    assert rates == {"city": "100.00", TOWN: "50.00"}
    assert (rows["city"]["return_granted"], rows[TOWN]["return_granted"]) == (0, 1)

    by_unit = await _figures(city, start, group_by="unit")
    assert by_unit[TOWN]["dispatched"] == 2, "the town answers for what the city handed to it"
    assert (by_unit[SQUAD]["assisted"], by_unit[SQUAD]["assisted_on_time"]) == (1, 0)
    assert (by_unit[SWEEPERS]["assisted"], by_unit[SWEEPERS]["assisted_on_time"]) == (1, 1)
    assert by_unit[SWEEPERS]["dispatched"] == 0

    listed = await _listed(city, start, desk=TOWN, count="dispatched_accurately")
    assert len(listed) == 1
    seen_by_town = await _figures(city, start, who="town_lead01", group_by="desk")
    assert seen_by_town[TOWN]["dispatched"] == 2
    assert seen_by_town["city"]["dispatched"] == 2, "as a unit it sees what it was handed"
    assert set(await _figures(city, start, who="town_operator01", group_by="desk")) == {TOWN}


async def test_what_nobody_signs_is_signed_by_policy_leg_by_leg(city: Served) -> None:
    wired = city.app.state.wired
    case = await _handed(city)
    city.clock.at += timedelta(hours=1)
    await city.act("cases", case["id"], "assign_sub", "town_dispatcher01", unit_code=SQUAD)
    waiting = (await city.get("/me/worklist", city.accounts[SQUAD])).json()["items"]
    (to_sign,) = (one for one in waiting if one["queue"] == "to_sign")
    assert case["id"] in {one["id"] for one in to_sign["items"]}
    for later, signed in ((timedelta(minutes=90), [True, False]), (timedelta(minutes=60), [True, True])):
        city.clock.at += later
        await Timers(city.sessions, wired.acts, city.clock).fire_due()
        legs = (await city.get(f"/cases/{case['id']}", "operator01")).json()["legs"]
        assert [one["signed_at"] is not None for one in legs] == signed
    clock = await city.get(f"/cases/{case['id']}/clock", city.accounts[SQUAD])
    assert clock.status_code == 200, clock.text
    steps = (await city.get(f"/cases/{case['id']}/history", city.accounts[SQUAD])).json()["items"]
    given = next(one for one in steps if one["action"] == "assign_sub")
    assert (given["policy"], given["details"]["leg"], given["details"]["parent"]) == ("sub_share", 2, 1)
    assert [one["details"]["leg"] for one in steps if one["policy"] == "auto_sign"] == [1, 2]


async def test_all_of_it_is_read_the_same_way_a_second_time(city: Served) -> None:
    """The self-check reads the rows alone: due times of parts through a suspension, and how often who helped."""
    city.clock.at = MONDAY + timedelta(days=14)
    case = await _handed(city)
    await city.act("cases", case["id"], "assign_sub", "town_dispatcher01", unit_code=WORKS)
    given = await city.act(
        "cases", case["id"], "assign_sub", "town_dispatcher01", unit_code=SQUAD, due_at=_later(city, 2)
    )
    asked = await city.act(
        "cases", case["id"], "request_suspension", "town_lead01", reason_code="season", until=_later(city, 90)
    )
    await city.act("cases", case["id"], "grant", "lead01", request_id=asked["requests"][0]["id"])
    city.clock.at += timedelta(days=2)
    resumed = await city.act("cases", case["id"], "resume", "lead01")
    moved = [(before["due_at"], after["due_at"]) for before, after in zip(given["legs"], resumed["legs"], strict=True)]
    assert all(before < after for before, after in moved)
    city.clock.at += timedelta(hours=1)
    await city.act("cases", case["id"], "report_up", city.accounts[WORKS], leg=2)
    await city.act("cases", case["id"], "return_sub", "town_lead01", leg=3)
    subjects, verdict = await load(city.sessions), Verdict()
    await check_steps(Checked(sessions=city.sessions, book=city.book, now=city.clock.at), subjects, verdict)
    assert verdict.wrong == 0, verdict.findings[:5]
    assert verdict.dues > 0
    parents = {code: unit.parent_code for code, unit in city.book.units.items()}
    ticks = list(counted(subjects, parents, "case", city.clock.at, verdict))
    told = Counter(tick.groups["unit"] for tick in ticks if tick.name == "assisted")
    begin = MONDAY - timedelta(days=1)
    shown = await _figures(city, begin, days=30, group_by="unit")
    assert {code: row["assisted"] for code, row in shown.items() if row["assisted"]} == {
        group[0]: often for group, often in told.items() if group
    }


def _later(city: Served, hours: int) -> str:
    return (city.clock.at + timedelta(hours=hours)).isoformat()


async def _by_desk(city: Served, start: Any) -> Mapping[str, Json]:
    return await _figures(city, start, group_by="desk")


async def _figures(city: Served, start: Any, who: str = "supervisor01", days: int = 1, **asked: str) -> dict[str, Json]:
    """Return the counts of each row."""
    answer = await _closure(city, start, who, days, **asked)
    return {row["group"]["code"]: row["counts"] for row in answer["rows"] if row["group"]}


async def _rate(city: Served, start: Any, desk: str) -> str:
    found = (await _closure(city, start, "supervisor01", 1, desk=desk))["total"]["rates"]["accurate_dispatch_rate"]
    return str(found["value"])


async def _closure(city: Served, start: Any, who: str, days: int, **asked: str) -> Json:
    period = {"from": start.isoformat(), "to": (start + timedelta(days=days)).isoformat()}
    answer = await city.get("/stats/closure", who, params={**period, **asked})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def _listed(city: Served, start: Any, **asked: str) -> list[Json]:
    period = {"from": start.isoformat(), "to": (start + timedelta(days=1)).isoformat()}
    answer = await city.get("/stats/cases", "supervisor01", params={**period, **asked})
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


def _bodies(report_id: str, case_id: str) -> dict[str, Json]:
    """Return what each action needs to be read at all."""
    place = {"unit_code": "2102"}
    text = {"text": "请尽快处理"}
    reason = {"reason_code": "by_mistake"}
    accept = {"kind": "event", "category": "0110"}
    cases = {"cases": [{"condition": 1}]}
    return {
        **dict.fromkeys(("reject", "answer", "forward", "withdraw", "unmerge", "void", "reopen"), reason),
        **dict.fromkeys(("request_return", "request_extension"), reason),
        "accept": accept,
        "file": cases,
        "accept_file_dispatch": {**accept, **cases},
        "merge": {"into_case": case_id},
        "merge_case": {"into_case": case_id},
        "verify": {"result": "true"},
        "call_back": {"report_id": report_id, "reached": True},
        "contact": {"reached": True, "at": MONDAY.isoformat(), "method": "phone"},
        "request_suspension": {**reason, "until": (MONDAY + timedelta(days=3)).isoformat()},
        "request_arbitration": {**text, "media": []},
        "arbitrate": place,
        "assign_sub": {"unit_code": SQUAD},
        "return_sub": {"leg": 1},
        "report_up": {"leg": 1},
        "grant": {"request_id": case_id},
        "refuse": {"request_id": case_id, **text},
        "dispose": {"result": "solved"},
        "check": {"result": "pass"},
        "desk_check": {"result": "pass"},
        "approve_answer": {"public_answer": "已清理"},
        "note": text,
        "tag": {"add": ["school"]},
    }
