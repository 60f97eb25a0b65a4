"""Tamper with a history in every way one can think of, as a superuser whom no trigger stops; each is found."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select

from app.adapters.keys import Keys
from app.dispatch import commands, facts
from app.dispatch.audit import Finding, Flaw
from app.dispatch.chain import link
from app.dispatch.codes import CheckResult, DisposalResult, FailCode, Post
from app.models.cases import CaseRequest, LegFacts
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.history import HistoryRow, HistoryText
from app.services.audit import NAMED, Audit, ChainReport, FactsReport
from app.services.ledger import CHAINED
from tests.hotline_city import PLACE, City, open_city
from tests.towns import Town

TABLES = ("history", "history_texts", "cases", "reports", "round_facts", "legs", "requests", "report_facts")
ELSEWHERE = UUID(int=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A case of two rounds with requests, a rework and texts, and its report."""

    case_id: UUID
    report_id: UUID
    steps: int


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


@pytest.fixture
async def story(city: City, told: list[Story]) -> Story:
    """Return the story of this database; whoever tampers with it puts it back."""
    if not told:
        told.append(await _tell(city))
    return told[0]


@pytest.fixture(scope="module")
def told(fresh_city: Town) -> list[Story]:  # noqa: ARG001  # as long as the database
    return []


async def _tell(city: City) -> Story:
    order_no = "N1"
    taken = await city.say(order_no, content="工地扬尘", location=PLACE)
    await city.say(order_no, "supplement", content="还没人来")
    case = await city.file(taken.report_id)
    disposal = commands.Dispose(result=DisposalResult.SOLVED, public_answer="已洒水降尘", internal_note="已约谈")
    await city.on_case(case.id, commands.Dispatch(), commands.Sign(), commands.RequestExtension(reason_code="rain"))
    async with city.sessions() as session:
        request_id = (await session.scalars(select(CaseRequest.id).where(CaseRequest.case_id == case.id))).one()
    await city.on_case(case.id, commands.GrantRequest(request_id=request_id), post=Post.SHIFT_LEAD)
    await city.on_case(case.id, disposal, commands.SendCheck())
    await city.on_case(case.id, commands.Check(result=CheckResult.FAIL, code=FailCode.INCOMPLETE), disposal)
    await city.on_case(case.id, commands.SendCheck(), commands.Check(result=CheckResult.PASS), commands.Close())
    await city.on_case(case.id, commands.Reopen(reason_code="dissatisfied"))
    await city.on_case(case.id, commands.RequestReturn(reason_code="not_mine"))
    return Story(case_id=case.id, report_id=taken.report_id, steps=len(await city.steps(case.id)))


@pytest.fixture
async def vandal(fresh_city: Town, story: Story) -> AsyncIterator[asyncpg.Connection]:  # noqa: ARG001  # told before
    """Lend a connection that no trigger and no foreign key stops; in the end everything is put back."""
    connection = await asyncpg.connect(fresh_city.admin_dsn)
    await connection.execute("SET search_path = test, public; SET session_replication_role = replica")
    for table in TABLES:
        await connection.execute(f"CREATE TEMPORARY TABLE kept_{table} AS TABLE {table}")
    yield connection
    for table in TABLES:
        columns = await connection.fetchval(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute "
            "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            f"test.{table}",
        )
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608  # our own names
        await connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}")  # noqa: S608  # our own names
    await connection.close()


async def _verified(city: City) -> ChainReport:
    return await Audit(city.sessions, stretch=2).verify(lambda _: None)


async def _refolded(city: City) -> FactsReport:
    return await Audit(city.sessions, stretch=2).facts(lambda _: None)


async def test_what_the_services_wrote_is_whole(city: City, story: Story) -> None:
    done: list[int] = []
    report = await Audit(city.sessions, stretch=2).verify(done.append)
    assert (report.wrong, report.findings, report.erased) == (0, [], 0)
    async with city.sessions() as session:
        rows = len((await session.execute(select(HistoryRow.subject_id))).all())
        texts = len((await session.execute(select(HistoryText.subject_id))).all())
    assert (report.rows, sum(done), report.texts) == (rows, rows, texts)
    assert rows >= story.steps + 5
    assert texts >= 5
    assert report.chains >= 2


async def test_what_the_services_derived_is_what_the_history_tells(city: City, story: Story) -> None:
    report = await _refolded(city)
    assert report.differences == []
    assert report.wrong == 0
    assert report.cases >= 1
    assert report.reports >= 1
    assert story.steps == 14


EDITED = "UPDATE history SET {} WHERE subject_id = $1 AND number = {}"
RENUMBERED = "UPDATE history SET number = {} WHERE subject_id = $1 AND number = {}"
COLUMNS = ", ".join((*CHAINED, "hash"))
COPIED = (
    f"INSERT INTO history ({COLUMNS}) SELECT "  # noqa: S608  # our own names
    + COLUMNS.replace("number", "{}", 1)
    + " FROM history WHERE subject_id = $1 AND number = {}"
)


@pytest.mark.parametrize(
    ("done", "flaw", "number"),
    [
        ([EDITED.format('payload = payload || \'{"unit_code": "E"}\'', 2)], Flaw.BROKEN, 2),
        ([EDITED.format("payload = payload - 'unit_code'", 2)], Flaw.BROKEN, 2),
        ([EDITED.format("recorded_at = recorded_at - interval '1 microsecond'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("occurred_at = recorded_at", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("actor_id = subject_id", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("post = 'unit'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("on_behalf_of = 'W'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("policy = NULL", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("action = 'note'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("from_state = 'filed'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("to_state = 'closed'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("subject = 'report'", 6)], Flaw.BROKEN, 6),
        ([EDITED.format("hash = repeat('0', 64)", 6)], Flaw.BROKEN, 6),
        (["DELETE FROM history WHERE subject_id = $1 AND number = 1"], Flaw.MISSING, 1),
        (["DELETE FROM history WHERE subject_id = $1 AND number = 5"], Flaw.MISSING, 5),
        (
            [
                "DELETE FROM history WHERE subject_id = $1 AND number = 13",
                RENUMBERED.format(13, 14),
                "UPDATE cases SET version = 13 WHERE id = $1",
            ],
            Flaw.BROKEN,
            13,
        ),
        ([RENUMBERED.format(99, 14), COPIED.format(14, 13), RENUMBERED.format(15, 99)], Flaw.BROKEN, 14),
        ([RENUMBERED.format(99, 4), RENUMBERED.format(4, 5), RENUMBERED.format(5, 99)], Flaw.BROKEN, 4),
        ([COPIED.format(15, 14)], Flaw.BROKEN, 15),
        (["DELETE FROM history WHERE subject_id = $1 AND number > 11"], Flaw.TAIL, 11),
        (["UPDATE cases SET version = 15 WHERE id = $1"], Flaw.TAIL, 14),
        (["DELETE FROM history WHERE subject_id = $1"], Flaw.NO_HISTORY, None),
        (["DELETE FROM cases WHERE id = $1"], Flaw.NO_SUBJECT, 14),
    ],
)
async def test_whatever_is_done_to_a_chain_is_found_and_named(
    city: City, story: Story, vandal: asyncpg.Connection, done: list[str], flaw: Flaw, number: int | None
) -> None:
    for statement in done:
        await vandal.execute(statement.replace("$1", f"'{story.case_id}'"))
    report = await _verified(city)
    where = Finding(subject=report.findings[0].subject, subject_id=story.case_id, number=number, flaw=flaw)
    assert report.findings[0] == where
    assert report.findings[0].subject == "case" or "subject =" in done[0]
    others = [one.flaw for one in report.findings[1:]]
    assert set(others) <= {Flaw.STRAY_TEXT}  # the texts of rows that are gone


async def test_a_code_that_nobody_knows_does_not_end_the_audit(
    city: City, story: Story, vandal: asyncpg.Connection
) -> None:
    await vandal.execute("ALTER TABLE history DROP CONSTRAINT ck_history_action")
    await vandal.execute("UPDATE history SET action = 'bribe' WHERE subject_id = $1 AND number = 6", story.case_id)
    assert [(one.number, one.flaw) for one in (await _verified(city)).findings] == [(6, Flaw.BROKEN)]


async def test_a_row_of_another_case_does_not_fit(city: City, story: Story, vandal: asyncpg.Connection) -> None:
    copied = COLUMNS.replace("subject_id, number", "$2, 6")
    await vandal.execute("DELETE FROM history WHERE subject_id = $1 AND number = 6", story.report_id)
    await vandal.execute(
        f"INSERT INTO history ({COLUMNS}) SELECT {copied} FROM history WHERE subject_id = $1 AND number = 6",  # noqa: S608  # our own names
        story.case_id,
        story.report_id,
    )
    found = (await _verified(city)).findings
    assert [(one.subject_id, one.number, one.flaw) for one in found] == [(story.report_id, 6, Flaw.BROKEN)]


async def test_a_step_forged_with_its_right_hash_is_seen_by_the_version(
    city: City, story: Story, vandal: asyncpg.Connection
) -> None:
    last = await vandal.fetchrow(
        f"SELECT {COLUMNS} FROM history WHERE subject_id = $1 AND number = 14",  # noqa: S608  # our own names
        story.case_id,
    )
    assert last is not None
    forged = dict(last) | {"number": 15, "payload": {}}
    await vandal.execute(
        COPIED.format(15, 14)
        .replace("payload, hash FROM", f"'{{}}', '{link(last['hash'], {n: forged[n] for n in CHAINED})}' FROM")
        .replace("$1", f"'{story.case_id}'")
    )
    assert [(one.number, one.flaw) for one in (await _verified(city)).findings] == [(15, Flaw.TAIL)]


async def test_a_tail_cut_with_its_version_escapes_the_chain_and_not_the_facts(
    city: City, story: Story, vandal: asyncpg.Connection
) -> None:
    """What a plain chain cannot see, and says aloud: docs/audit.md."""
    await vandal.execute("DELETE FROM history WHERE subject_id = $1 AND number > 11", story.case_id)
    await vandal.execute("UPDATE cases SET version = 11 WHERE id = $1", story.case_id)
    assert (await _verified(city)).wrong == 0
    tables = {one.table for one in (await _refolded(city)).differences}
    assert {"cases", "round_facts", "legs"} <= tables


@pytest.mark.parametrize(
    ("done", "flaw"),
    [
        ("UPDATE history_texts SET body = body || '。' WHERE subject_id = $1 AND field = 'public_answer'", Flaw.TEXT),
        ("UPDATE history_texts SET salt = '\\x00' WHERE subject_id = $1 AND field = 'public_answer'", Flaw.TEXT),
        ("UPDATE history_texts SET field = 'x' WHERE subject_id = $1 AND field = 'public_answer'", Flaw.STRAY_TEXT),
        ("UPDATE history_texts SET number = 50 WHERE subject_id = $1 AND field = 'public_answer'", Flaw.STRAY_TEXT),
        (
            "UPDATE history_texts SET subject_id = uuid '00000000-0000-0000-0000-000000000007' WHERE subject_id = $1",
            Flaw.STRAY_TEXT,
        ),
    ],
)
async def test_a_text_that_was_not_recorded_is_found(
    city: City, story: Story, vandal: asyncpg.Connection, done: str, flaw: Flaw
) -> None:
    await vandal.execute(
        "DELETE FROM history_texts WHERE subject_id = $1 AND field = 'public_answer' AND number = 9", story.case_id
    )
    await vandal.execute(done, story.case_id)
    report = await _verified(city)
    assert {(one.flaw, one.subject_id in {story.case_id, ELSEWHERE}) for one in report.findings} == {(flaw, True)}
    assert flaw is not Flaw.TEXT or (report.findings[0].number, report.findings[0].field) == (6, "public_answer")


async def test_an_erased_text_is_counted_and_no_error(
    city: City, story: Story, vandal: asyncpg.Connection, fresh_city: Town
) -> None:
    del vandal  # puts the texts back
    before = await _verified(city)
    owner = await asyncpg.connect(fresh_city.owner_url.replace("+asyncpg", ""))
    gone = await owner.execute("DELETE FROM history_texts WHERE subject_id = $1 AND number = 6", story.case_id)
    await owner.close()
    after = await _verified(city)
    assert gone == "DELETE 2"
    assert (after.wrong, after.erased, after.texts) == (0, before.erased + 2, before.texts - 2)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("round_facts", "case_due_at", "case_due_at + interval '1 microsecond'"),
        ("round_facts", "case_on_time", "NOT case_on_time"),
        ("round_facts", "unit_code", "'E'"),
        ("legs", "due_at", "due_at + interval '1 day'"),
        ("legs", "end", "'recalled'"),
        ("requests", "state", "'refused'"),
        ("cases", "leg_due_at", "leg_due_at + interval '1 day'"),
        ("cases", "state", "'voided'"),
        ("cases", "flags", "'{}'"),
        ("cases", "case_no", "'1'"),
        ("cases", "filed_at", "filed_at - interval '1 day'"),
    ],
)
async def test_an_edited_value_is_found_and_named(
    city: City, story: Story, vandal: asyncpg.Connection, table: str, column: str, value: str
) -> None:
    key, more = ("id", "") if table == "cases" else ("case_id", " AND round = 1")
    if table == "requests":
        more = " AND kind = 'extension'"
    await vandal.execute(
        f'UPDATE {table} SET "{column}" = {value} WHERE {key} = $1{more}',  # noqa: S608  # our own names
        story.case_id,
    )
    found = (await _refolded(city)).differences
    assert [(one.table, one.column) for one in found] == [(table, column)]
    assert story.case_id in found[0].key or table == "requests"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("reports", "attention", "'{}'"),
        ("reports", "received_at", "received_at - interval '1 day'"),
        ("report_facts", "valid", "NOT valid"),
    ],
)
async def test_an_edited_report_is_found_and_named(
    city: City, story: Story, vandal: asyncpg.Connection, table: str, column: str, value: str
) -> None:
    key = "id" if table == "reports" else "report_id"
    await vandal.execute(
        f"UPDATE {table} SET {column} = {value} WHERE {key} = $1",  # noqa: S608  # our own names
        story.report_id,
    )
    found = (await _refolded(city)).differences
    assert [(one.table, one.key, one.column) for one in found] == [(table, (story.report_id,), column)]


@pytest.mark.parametrize(
    ("done", "tables"),
    [
        ("DELETE FROM round_facts WHERE case_id = $1 AND round = 1", ["round_facts"]),
        ("DELETE FROM legs WHERE case_id = $1 AND round = 2", ["legs"]),
        ("DELETE FROM requests WHERE case_id = $1 AND kind = 'return'", ["requests"]),
        ("UPDATE legs SET number = 9 WHERE case_id = $1 AND round = 2", ["legs", "legs"]),
        ("DELETE FROM history WHERE subject_id = $1", ["cases"]),
        ("UPDATE history SET payload = '{}' WHERE subject_id = $1", ["cases"]),
    ],
)
async def test_rows_missing_and_rows_too_many_are_found(
    city: City, story: Story, vandal: asyncpg.Connection, done: str, tables: list[str]
) -> None:
    await vandal.execute(done, story.case_id)
    found = (await _refolded(city)).differences
    assert [one.table for one in found] == tables
    assert all(one.column is None for one in found)


async def test_the_first_are_named_and_all_are_counted(city: City, story: Story, vandal: asyncpg.Connection) -> None:
    columns = ("reworks", "extensions", "suspensions", "returns", "condition", "desk", "source", "kind", "category")
    edits = ", ".join(f"{column} = {'9' if number < 5 else repr('x')}" for number, column in enumerate(columns))
    await vandal.execute(f"UPDATE round_facts SET {edits}, street = NULL, cell_code = NULL")  # noqa: S608  # our own names
    report = await _refolded(city)
    assert report.wrong == 2 * 11
    assert len(report.differences) == NAMED
    assert {one.key[0] for one in report.differences} == {story.case_id}


def test_every_stored_column_of_the_facts_is_compared() -> None:
    for value, table in (
        (facts.RoundFacts, RoundFactsRow),
        (facts.LegFacts, LegFacts),
        (facts.ReportFacts, ReportFactsRow),
    ):
        assert {one.name for one in fields(value)} == set(table.__table__.columns.keys())


async def test_what_came_in_odd_is_told_as_it_is_stored(city: City, vandal: asyncpg.Connection) -> None:
    del vandal  # takes the report away again
    taken = await city.say("N2", content="x", kind="event", category="9999", location=PLACE)
    assert "unknown_category" in (await city.report(taken.report_id)).attention
    await city.say("N3", content="x", location={"lon": 1, "lat": 1, "datum": "cgcs2000"})
    assert (await _refolded(city)).differences == []
    await city.say("N2", "supplement", content="y")
    assert (await _refolded(city)).differences == []
