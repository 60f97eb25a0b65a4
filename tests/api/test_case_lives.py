"""Beyond the common way, as clients meet it: what is offered with which codes, what is refused before what."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import Post
from tests.people_stored import Person, signed_in
from tests.small_city import EAST_CELL, IN_EAST, IN_WEST, UNIT_EAST, UNIT_WEST

V1 = "/api/v1"
CANNOT: dict[str, Any] = {"result": "cannot", "claim": "problem_bank", "public_answer": "列入改造计划"}


class Desk:
    """A client who speaks for whoever holds a post."""

    def __init__(self, client: AsyncClient, desk: Person, inspector: Person, west: Person) -> None:
        self.client, self.desk, self.inspector, self.west = client, desk, inspector, west

    async def get(self, path: str, by: Person | None = None) -> Any:
        answer = await self.client.get(f"{V1}{path}", headers=(by or self.desk).headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], *, by: Person | None = None, status: int = 200) -> Any:
        answer = await self.client.post(f"{V1}{path}", json=body, headers=(by or self.desk).headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def case(self, **reporter: Any) -> tuple[str, str]:
        """Return a report and its dispatched case."""
        lon, lat = IN_WEST
        body: dict[str, Any] = {"source": "walk_in", "kind": "event", "category": "0305", "description": "路面有渣土"}
        body |= {"location": {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "device"}, "reporter": reporter}
        report = await self.post("/reports", body, status=201)
        at_once = {"kind": "event", "category": "0305", "cases": [{"condition": 1}]}
        filed = await self.post(f"/reports/{report['id']}/actions/accept_file_dispatch", at_once)
        return report["id"], filed["cases"][0]["id"]

    async def act(self, case_id: str, action: str, *, by: Person | None = None, status: int = 200, **body: Any) -> Any:
        return await self.post(f"/cases/{case_id}/actions/{action}", body, by=by, status=status)

    async def offered(self, path: str, by: Person | None = None) -> dict[str, Any]:
        return {one["action"]: one["fields"] for one in (await self.get(f"{path}/actions", by))["items"]}


@pytest.fixture
async def city(
    app_client: AsyncClient, application: FastAPI, keys: Keys, book: Book, inspector: Person, west: Person
) -> Desk:
    assert book.units
    desk = await signed_in(application, keys, Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)
    return Desk(app_client, desk, inspector, west)


async def test_a_claim_is_asked_for_offered_with_its_codes_and_granted(city: Desk) -> None:
    _, case = await city.case()
    offered = (await city.offered(f"/cases/{case}", city.west))["dispose"]
    assert {one["code"] for one in offered["x-end-kinds"]["codes"]} >= {"problem_bank", "out_of_scope"}
    refused = await city.act(case, "dispose", by=city.west, status=422, result="cannot")
    assert refused["code"] == "claim_required"
    seen = await city.act(case, "dispose", by=city.west, **CANNOT)
    (request,) = seen["requests"]
    assert (seen["state"], seen["public_answer"], request["kind"]) == ("dispatched", None, "end")
    assert request["claim"] == "problem_bank"
    closed = await city.act(case, "grant", request_id=request["id"])
    assert (closed["state"], closed["end_kind"], closed["public_answer"]) == (
        "closed",
        "problem_bank",
        CANNOT["public_answer"],
    )


async def test_made_safe_and_its_clock(city: Desk) -> None:
    _, case = await city.case()
    seen = await city.act(case, "dispose", by=city.west, result="temporary", public_answer="已围挡")
    assert [(leg["end"], leg["unit_code"]) for leg in seen["legs"]] == [("disposed", UNIT_WEST), (None, UNIT_WEST)]
    assert seen["case_due_at"] == seen["leg_due_at"]
    clock = await city.get(f"/cases/{case}/clock")
    (before,) = clock["case"]["earlier"]
    assert (clock["case"]["limit"]["unit"], before["limit"]["unit"]) == ("work_day", "work_hour")
    assert clock["case"]["limit_source"] == "policy follow_up_limit"
    assert seen["dispatched_at"] == before["start"]


async def test_what_is_offered_carries_its_codes(city: Desk) -> None:
    report, case = await city.case()
    offered = await city.offered(f"/cases/{case}")
    assert {"amend", "merge_case", "void", "recall"} <= set(offered)
    assert "approve_answer" not in offered
    reasons = offered["void"]["x-reasons"]
    assert reasons["field"] == "reason_code"
    assert {"code": "duplicate", "name": "重复立案"} in reasons["codes"]
    assert "unmerge" not in await city.offered(f"/reports/{report}")
    await city.act(case, "dispose", by=city.west, result="solved")
    await city.act(case, "send_check", inspector=str(city.inspector.id))
    codes = (await city.offered(f"/cases/{case}", city.inspector))["check"]["x-reasons"]
    assert codes["field"] == "code"
    assert {one["code"] for one in codes["codes"]} == {"not_done", "incomplete", "wrong_place", "relapsed"}
    await city.act(case, "check", by=city.inspector, result="pass")
    ends = (await city.offered(f"/cases/{case}"))["close"]["x-end-kinds"]
    assert "merged" not in {one["code"] for one in ends["codes"]}


async def test_amend_and_merge_and_give_back(city: Desk) -> None:
    lon, lat = IN_EAST
    report, first = await city.case()
    _, second = await city.case()
    place = {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "by_hand"}
    assert (await city.act(first, "amend", status=422))["code"] == "nothing_to_amend"
    address = {**place, "address": "东街1号"}
    assert (await city.act(first, "amend", status=422, location=address))["code"] == "point_required"
    moved = await city.act(first, "amend", location=place, reroute=True)
    assert (moved["cell_code"], moved["unit_code"]) == (EAST_CELL, UNIT_EAST)
    assert [leg["end"] for leg in moved["legs"]] == ["superseded", None]
    assert moved["location"]["lon"] == pytest.approx(lon)
    assert (await city.act(first, "merge_case", status=422, into_case=str(uuid4())))["code"] == "unknown_case"
    merged = await city.act(first, "merge_case", into_case=second)
    assert (merged["state"], merged["end_kind"]) == ("closed", "merged")
    assert {one["id"] for one in (await city.get(f"/cases/{second}"))["reports"]} >= {report}
    assert "unmerge" in await city.offered(f"/reports/{report}")
    given_back = await city.post(f"/reports/{report}/actions/unmerge", {"reason_code": "not_same"})
    assert (given_back["state"], given_back["cases"]) == ("accepted", [])


async def test_what_a_reporter_said_is_read_by_the_desk(city: Desk) -> None:
    report, case = await city.case(name="张三", phone="13800001234", call_back=True)
    await city.act(case, "dispose", by=city.west, result="solved")
    for solved, grade, words in ((False, 1, "没有清理"), (True, 5, "清理了")):
        said: dict[str, Any] = {
            "report_id": report,
            "reached": True,
            "solved": solved,
            "satisfaction": grade,
            "opinion": words,
        }
        await city.act(case, "call_back", **said)
    seen = await city.get(f"/reports/{report}")
    assert [(one["satisfaction"], one["text"]) for one in seen["opinions"]] == [(1, "没有清理"), (5, "清理了")]
    assert (seen["asks_call"], seen["called_back_at"] is not None) == (True, True)
    (carried,) = (await city.get(f"/cases/{case}"))["reports"]
    assert [one["text"] for one in carried["opinions"]] == ["没有清理", "清理了"]
    assert (await city.get(f"/cases/{case}", city.west))["reports"] == []


async def test_what_came_back_becomes_another_case(city: Desk) -> None:
    report, case = await city.case()
    await city.act(case, "dispose", by=city.west, result="solved")
    await city.act(case, "send_check", inspector=str(city.inspector.id))
    passed = await city.act(case, "check", by=city.inspector, result="fail", code="relapsed")
    assert passed["state"] == "checked"
    states = {one["id"]: one["state"] for one in (await city.get(f"/reports/{report}"))["cases"]}
    (again,) = set(states) - {case}
    assert states == {case: "checked", again: "filed"}
    assert "recurrent" in (await city.get(f"/cases/{again}"))["flags"]
    last = (await city.get(f"/cases/{case}/history"))["items"][-1]
    assert last["details"]["opened_case"] == again


async def test_contents_are_judged_before_what_the_caller_knew_and_that_before_the_state(city: Desk) -> None:
    _, case = await city.case()
    path, stale = f"{V1}/cases/{case}/actions", {**city.desk.headers, "If-Match": '"1"'}
    bad = {"unit_code": "nobody", "reason_code": "x"}
    for body, status in ((bad, 422), ({"unit_code": UNIT_EAST, "reason_code": "x"}, 412)):
        answer = await city.client.post(f"{path}/dispatch", json=body, headers=stale)
        assert answer.status_code == status, answer.text
    assert (await city.act(case, "dispatch", status=409))["code"] == "action_not_allowed"
    assert (await city.act(case, "desk_check", status=422, result="fail"))["code"] == "fail_code_required"
