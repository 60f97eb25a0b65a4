"""No reporter is recognised by anybody who must not: not in answers, callbacks, logs, files, nor in a dump."""

import base64
import logging
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import select
from structlog.testing import capture_logs

from app.dispatch.access import Appointment
from app.dispatch.codes import Post
from app.models.work import OutboxEvent
from tests.e2e.canaries import CALLER, CANARIES, CITIZEN, VISITOR, Planted, addresses, found_in, hidden_forms, plant
from tests.e2e.served import API, Served
from tests.towns import Town

DESK = ("operator01", "lead01", "dispatcher01", "supervisor01", "coordinator01")
ADMITTED = (*DESK, "inspector01", "inspector02", "admin01", "officer01", "unitlead")
CASE_STEPS = ("filed", "dispatched", "disposed", "closed")
FORMS = ("text/csv", "application/geo+json")


@dataclass(slots=True)
class Told:
    """Everything that came out."""

    planted: Planted
    answers: list[tuple[str, Response]]
    units: frozenset[str]
    log: list[str] = field(default_factory=list)


class _Keep(logging.Handler):
    """Keep every line of every logger but the client's own."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "httpcore")):
            self._lines.append(f"{record.name} {record.getMessage()} {record.exc_info}")


@pytest.fixture(scope="module")
async def told(city: Served) -> Told:
    """Plant, then ask every account for everything."""
    lines: list[str] = []
    keep = _Keep(lines)
    root = logging.getLogger()
    level = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    with capture_logs() as logged:
        planted = await plant(city)
        stranger = next(name for name in city.accounts.values() if name not in planted.owners)
        unit = next(code for code, name in city.accounts.items() if name == planted.owners[0])
        await city.employ("unitlead", Appointment(post=Post.UNIT_LEAD, desk="city", unit_code=unit))
        for who in (*ADMITTED, *dict.fromkeys(planted.owners), stranger):
            await _ask_everything(city, planted, who)
        await _fail(city, planted)
    root.removeHandler(keep)
    root.setLevel(level)
    units = frozenset({*planted.owners, stranger, "unitlead"})
    return Told(planted=planted, answers=list(city.seen), units=units, log=[*lines, *map(str, logged)])


async def _ask_everything(city: Served, planted: Planted, who: str) -> None:
    for path in addresses(city, planted):
        answer = await city.get(path, who)
        # the clock of the test is not the database's, so the city is never ready
        proven = path == f"{API}/dispatch/coverage" and answer.status_code == 403
        assert path == "/readyz" or proven or answer.status_code in {200, 404}, (who, path, answer.text)
    for form in FORMS:
        for query in ("", f"?q={CITIZEN.name}", f"?q={CALLER.phone}"):
            assert (await city.get(f"/cases{query}", who, headers={"accept": form})).status_code == 200


async def _fail(city: Served, planted: Planted) -> None:
    """Send what is refused, with a canary in it."""
    case, report = planted.cases[0], planted.reports[0]
    said = CITIZEN.spelled
    for who in (planted.owners[0], "operator01", "inspector01"):
        await city.post(f"/cases/{case}/actions/dispose", who, {"result": said, "public_answer": said})
        await city.post(f"/cases/{case}/actions/close", who, {"note": said})
        await city.post(f"/reports/{report}/actions/accept", who, {"kind": said, "category": said, "note": said})
        await city.post("/reports", who, {"source": said, "description": said, "reporter": {"phone": said * 9}})
        await city.get(f"/cases?kind={CITIZEN.phone}&q={CITIZEN.name}", who)
        await city.get(f"/reports/{CITIZEN.phone}", who)
    await city.post("/citizen/reports", None, {"description": said, "reporter": {"name": said * 9}})
    await city.get(f"/citizen/reports/{CITIZEN.phone}?code={CITIZEN.name}")


def _own_words(answer: Response) -> bool:
    """Tell whether the request itself named the canary in its path, which a problem's `instance` repeats."""
    return answer.status_code >= 400 and bool(found_in(str(answer.request.url.path)))


async def test_no_answer_to_anybody_holds_a_name_or_a_phone(told: Told) -> None:
    assert len(told.answers) > 500
    for who, answer in told.answers:
        if not _own_words(answer):
            given = f"{answer.text}\n{answer.headers}"
            assert not found_in(given), (who, answer.request.method, answer.request.url, answer.text)


async def test_a_unit_is_told_nothing_of_the_reporter_not_even_masked(told: Told) -> None:
    seen = [one for one in told.answers if one[0] in told.units]
    assert {answer.status_code for _, answer in seen} >= {200, 404}
    for who, answer in seen:
        assert _own_words(answer) or not found_in(answer.text, masked=True), (who, answer.request.url, answer.text)


async def test_a_unit_sees_its_cases_and_what_was_done(told: Told) -> None:
    seen = {(who, answer.request.url.path) for who, answer in told.answers if answer.status_code == 200}
    for owner, case_id in zip(told.planted.owners, told.planted.cases, strict=True):
        assert {(owner, f"/api/v1/cases/{case_id}{view}") for view in ("", "/history", "/clock", "/routing")} <= seen


@pytest.mark.parametrize("who", DESK)
async def test_the_desk_sees_the_reporter_masked(city: Served, told: Told, who: str) -> None:
    for canary, report_id, case_id in zip(
        (CITIZEN, CALLER, VISITOR), told.planted.reports, told.planted.cases, strict=False
    ):
        masked = {"name": canary.masked_name, "phone": canary.masked_phone}
        if canary is not CALLER:  # a later event named somebody else, and the newest counts
            assert (await city.get(f"/reports/{report_id}", who)).json()["reporter"] == masked
            (carried,) = (await city.get(f"/cases/{case_id}", who)).json()["reports"]
            assert carried["reporter"] == masked


@pytest.mark.parametrize("who", ["inspector02", "admin01", "officer01"])
async def test_others_are_not_shown_the_reporter(city: Served, told: Told, who: str) -> None:
    for path in [f"/reports/{one}" for one in told.planted.reports] + [f"/cases/{one}" for one in told.planted.cases]:
        answer = await city.get(path, who)
        assert not found_in(answer.text, masked=True), (who, path, answer.text)


async def test_no_callback_holds_a_canary(city: Served, told: Told) -> None:
    async with city.sessions() as session:
        events = list(await session.scalars(select(OutboxEvent)))
    kinds = {event.kind for event in events}
    assert kinds >= {
        "report.accepted",
        "report.answered",
        "case.filed",
        "case.dispatched",
        "case.disposed",
        "case.closed",
    }
    for event in events:
        assert not found_in(f"{event.lane} {event.payload}", masked=True), event.payload
    assert told.planted.cases


async def test_no_log_line_holds_a_canary(told: Told) -> None:
    assert any("request" in line for line in told.log)
    for line in told.log:
        assert not found_in(line, masked=True), line


async def test_a_dump_holds_no_canary(city: Served, told: Told) -> None:
    dump = _dump(city.town)
    for case_id in told.planted.cases:
        assert case_id in dump
    for line in dump.splitlines():
        assert not found_in(line), line[:2000]
    for value, form in hidden_forms():
        assert form not in dump, (value, form)


async def test_no_file_holds_a_canary(city: Served, told: Told) -> None:
    files = _files(city)
    assert len([one for one in files if "media" in one.parts]) >= 2 * len(told.planted.media)
    for one, data in files.items():
        assert not found_in(data.decode("utf-8", "replace")), one
        assert b"CANARY-OWNER" not in data, one


def _dump(town: Town) -> str:
    program = town.cluster.server().program("pg_dump")
    command = [program, "--inserts", "--dbname", town.admin_dsn]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()  # noqa: S603  # the cluster's own


def _files(city: Served) -> dict[Path, bytes]:
    """Return what lies in the city's home and in the log of its database."""
    roots = (city.app.state.wired.settings.home, city.town.cluster.data / "log")
    return {one: one.read_bytes() for root in roots for one in root.rglob("*") if one.is_file()}


async def test_the_search_finds_what_it_looks_for() -> None:
    for one in CANARIES:
        assert found_in(one.spelled) == [one.name, one.phone]
        for text in one.spelled.removesuffix("。").split("，或")[1:]:
            assert found_in(text) == [one.phone], text
        assert found_in(f"{one.masked_name} {one.masked_phone}") == []
        assert len(found_in(f"{one.masked_name} {one.masked_phone}", masked=True)) == 2
        for value in (one.name, one.phone):
            forms = {form for what, form in hidden_forms() if what == value}
            assert value.encode().hex() in forms
            for shift in range(5):
                inside = base64.b64encode(b"x" * shift + value.encode() + b"tail").decode()
                assert any(form in inside for form in forms), (value, shift)
