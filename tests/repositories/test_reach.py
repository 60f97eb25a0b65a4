"""Reach in SQL is `Sight.covers`, for rows and sights that are drawn."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight, Standing
from app.models.cases import Case
from app.models.people import Account
from app.models.reports import Report
from app.repositories.reach import cases_in_sight, of_desks, reports_in_sight
from app.services.transaction import Sessions

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
REGIONS = st.sampled_from(["460199", "460198", "460199001", "460199002", "460199001001"])
DESKS = st.sampled_from(["city", "6101", "6102"])
UNITS = st.sampled_from(["U1", "U101", "U2", "U'3"])
PEOPLE = [UUID(int=number) for number in (1, 2, 3)]
maybe_region = st.none() | REGIONS
maybe_person = st.none() | st.sampled_from(PEOPLE)

sights = st.builds(
    Sight,
    everywhere=st.sampled_from([False, False, False, True]),
    regions=st.frozensets(REGIONS, max_size=2),
    desks=st.frozensets(DESKS, max_size=2),
    desk_regions=st.frozensets(st.tuples(DESKS, REGIONS), max_size=2),
    units=st.frozensets(UNITS, max_size=2),
    author_id=maybe_person,
    task_id=maybe_person,
)
places = st.fixed_dictionaries(
    {"desk": DESKS, "district": maybe_region, "street": maybe_region, "community": maybe_region}
)
reports = st.lists(
    st.tuples(places, st.fixed_dictionaries({"account_id": maybe_person, "verifier_id": maybe_person})), max_size=6
)
cases = st.lists(
    st.tuples(
        places,
        st.fixed_dictionaries(
            {
                "author_id": maybe_person,
                "inspector_id": maybe_person,
                "unit_codes": st.lists(UNITS, max_size=3, unique=True),
            }
        ),
    ),
    max_size=6,
)
with_database = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@with_database
@given(drawn=reports, sight=sights)
async def test_the_reports_in_sight_are_those_it_covers(
    sessions: Sessions, drawn: list[tuple[dict[str, Any], dict[str, Any]]], sight: Sight
) -> None:
    rows = [{"id": UUID(int=100 + at), **place, **whose} for at, (place, whose) in enumerate(drawn)]
    covered = {row["id"] for row in rows if sight.covers(_standing_of_report(row))}
    async with sessions() as session:
        await _store(session, Report, [{**_REPORT, **row, "receipt_no": str(row["id"])} for row in rows])
        seen = (await session.execute(select(Report.id).where(reports_in_sight(sight)))).scalars()
        assert set(seen) == covered
        await session.rollback()


@with_database
@given(drawn=cases, sight=sights)
async def test_the_cases_in_sight_are_those_it_covers(
    sessions: Sessions, drawn: list[tuple[dict[str, Any], dict[str, Any]]], sight: Sight
) -> None:
    rows = [{"id": UUID(int=100 + at), **place, **whose} for at, (place, whose) in enumerate(drawn)]
    covered = {row["id"] for row in rows if sight.covers(_standing_of_case(row))}
    async with sessions() as session:
        await _store(session, Case, [{**_CASE, **row, "case_no": str(row["id"])} for row in rows])
        seen = (await session.execute(select(Case.id).where(cases_in_sight(sight)))).scalars()
        assert set(seen) == covered
        await session.rollback()


ALONE: list[tuple[dict[str, Any], Sight]] = [
    ({"district": "460199"}, Sight(regions=frozenset({"460199"}))),
    ({"street": "460199001"}, Sight(regions=frozenset({"460199001"}))),
    ({"community": "460199001001"}, Sight(regions=frozenset({"460199001001"}))),
    ({"desk": "6101"}, Sight(desks=frozenset({"6101"}))),
    ({"desk": "6102", "street": "460199003"}, Sight(desk_regions=frozenset({("6102", "460199003")}))),
    ({"unit_codes": ["U2", "U1"]}, Sight(units=frozenset({"U1"}))),
    ({"author_id": PEOPLE[0]}, Sight(author_id=PEOPLE[0])),
    ({"inspector_id": PEOPLE[0]}, Sight(task_id=PEOPLE[0])),
]


async def test_each_way_alone_lets_exactly_its_own_row_through(sessions: Sessions) -> None:
    bare: dict[str, Any] = {
        "desk": "city",
        "unit_codes": [],
        "district": None,
        "street": None,
        "community": None,
        "author_id": None,
    }
    rows = [
        {**_CASE, **bare, "inspector_id": None, **given, "id": UUID(int=100 + at), "case_no": str(at)}
        for at, (given, _) in enumerate(ALONE)
    ]
    async with sessions() as session:
        await _store(session, Case, rows)
        for at, (_, sight) in enumerate(ALONE):
            seen = (await session.execute(select(Case.id).where(cases_in_sight(sight)))).scalars().all()
            assert seen == [UUID(int=100 + at)], sight
        for at, column in enumerate(("district", "street", "community")):
            given, sight = ALONE[at]
            report = {**_REPORT, **given, "id": UUID(int=100 + at), "receipt_no": column}
            await session.execute(insert(Report).values(report))
            found = (await session.execute(select(Report.receipt_no).where(reports_in_sight(sight)))).scalars().all()
            assert found == [column]


async def test_who_sees_nothing_sees_nothing(sessions: Sessions) -> None:
    async with sessions() as session:
        await _store(session, Case, [{**_CASE, "id": UUID(int=100), "case_no": "1", "unit_codes": ["U1"]}])
        assert not (await session.execute(select(Case.id).where(cases_in_sight(Sight())))).all()


async def test_a_report_without_a_place_is_for_its_author_and_the_whole_city(sessions: Sessions) -> None:
    row = {**_REPORT, "id": UUID(int=100), "receipt_no": "1", "account_id": PEOPLE[0]}
    async with sessions() as session:
        await _store(session, Report, [row])
        for sight, found in (
            (Sight(everywhere=True), 1),
            (Sight(author_id=PEOPLE[0]), 1),
            (Sight(regions=frozenset({"460199"}), author_id=PEOPLE[1]), 0),
        ):
            assert len((await session.execute(select(Report.id).where(reports_in_sight(sight)))).all()) == found


def _standing_of_report(row: dict[str, Any]) -> Standing:
    author, task = row["account_id"], row["verifier_id"]
    return Standing(regions=_regions(row), desk=row["desk"], author_id=author, task_id=task)


def _standing_of_case(row: dict[str, Any]) -> Standing:
    return Standing(
        regions=_regions(row),
        desk=row["desk"],
        unit_codes=frozenset(row["unit_codes"]),
        author_id=row["author_id"],
        task_id=row["inspector_id"],
    )


def _regions(row: dict[str, Any]) -> frozenset[str]:
    return frozenset(code for code in (row["district"], row["street"], row["community"]) if code)


async def _store(session: AsyncSession, table: Any, rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(Account), [{**_ACCOUNT, "id": one, "username": str(one)} for one in PEOPLE])
    if rows:
        await session.execute(insert(table), rows)


_ACCOUNT = {
    "name": "测试",
    "password_hash": "",
    "active": True,
    "demo": False,
    "epoch": 0,
    "failed_sign_ins": 0,
    "created_at": NOON,
}
_COMMON: dict[str, Any] = {
    "source": "inspector",
    "kind": "event",
    "category": "0101",
    "condition": 1,
    "catalogue": "test",
    "description": "",
    "tags": [],
    "attention": [],
    "zones": {},
    "routing": {},
    "updated_at": NOON,
    "version": 1,
}
_REPORT = {
    **_COMMON,
    "query_digest": b"",
    "state": "received",
    "duplicates": [],
    "contact": "via_desk",
    "anonymous": False,
    "received_at": NOON,
}
_CASE = {
    **_COMMON,
    "state": "filed",
    "round": 1,
    "handling": "ordinary",
    "flags": [],
    "desk": "city",
    "filed_at": NOON,
    "provisional": False,
    "urges": 0,
}


@pytest.mark.parametrize(("table", "index"), [(Case, "ix_cases_desk"), (Report, "ix_reports_desk")])
async def test_a_town_is_found_by_an_index_of_its_own(sessions: Sessions, table: Any, index: str) -> None:
    """Also where the plan is made before the desk is known, as for a statement that is prepared."""
    of_case = table is Case
    blank, number, at = (_CASE, "case_no", "filed_at") if of_case else (_REPORT, "receipt_no", "received_at")
    blank = {**blank, "unit_codes": []} if of_case else blank
    rows = [{**blank, number: str(n), "id": UUID(int=n), "desk": "city" if n > 40 else "6101"} for n in range(1, 4000)]
    in_town = cases_in_sight(Sight(desks=frozenset({"6101"}))) if of_case else of_desks(Report.desk, ["6101"])
    query = select(table.id).where(in_town).order_by(getattr(table, at).desc(), table.id.desc()).limit(50)
    async with sessions() as session:
        await _store(session, table, rows)
        await session.execute(text(f"ANALYZE {table.__tablename__}"))
        connection = await session.connection()
        compiled = str(query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True}))
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        await driver.execute(f"SET LOCAL plan_cache_mode = force_generic_plan; PREPARE town AS {compiled}")
        plan = await driver.fetch("EXPLAIN EXECUTE town('6101', 50)")
        await driver.execute("DEALLOCATE town")
        assert index in "\n".join(row[0] for row in plan)
