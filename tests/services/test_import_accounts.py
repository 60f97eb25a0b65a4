"""Accounts from files: opened with passwords told once; never changed, never blind, never all-seeing by mistake."""

from pathlib import Path

from sqlalchemy import select

from app.adapters.passwords import Passwords
from app.dispatch.codes import Post
from app.models import people
from app.services.transaction import Sessions, reading
from tests.conftest import CHEAP
from tests.files_made import table
from tests.services.importing import Bring, codes, refused
from tests.small_city import UNIT_EAST, UNIT_TOP, UNIT_WEST, WEST, store_small_city


async def test_accounts_get_passwords_that_are_told_once(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    header = ("username", "name", "posts", "desk", "regions", "units")
    rows: list[list[object]] = [
        ["wang", "王敏", "受理员；shift_lead", None, WEST, None],
        ["team", "西街中队", "unit", None, None, f"{UNIT_WEST};{UNIT_EAST}"],
    ]
    path = table(tmp_path / "a.csv", header, rows)
    done = await bring("accounts", path)
    assert (done.state, [one.username for one in done.accounts]) == ("active", ["wang", "team"])
    async with reading(sessions) as session:
        held = people.Appointment
        query = select(people.Account).where(people.Account.username.in_(["wang", "team"]))
        accounts = {one.username: one for one in await session.scalars(query)}
        found = await session.execute(select(held.account_id, held.post, held.region_code, held.unit_code))
        posts = {(row.account_id, row.post, row.region_code, row.unit_code) for row in found}
    for one in done.accounts:
        stored_hash = accounts[one.username].password_hash
        assert one.password not in stored_hash
        assert await Passwords(CHEAP).matches(one.password, stored_hash)
    wang, team = accounts["wang"].id, accounts["team"].id
    assert posts == {
        (wang, Post.OPERATOR, WEST, None),
        (wang, Post.SHIFT_LEAD, WEST, None),
        (team, Post.UNIT, None, UNIT_WEST),
        (team, Post.UNIT, None, UNIT_EAST),
    }
    findings = await refused(bring("accounts", path))
    assert codes(findings) == ["known_account", "known_account"]


async def test_accounts_that_would_see_all_or_nothing_are_refused(
    sessions: Sessions, bring: Bring, tmp_path: Path
) -> None:
    await store_small_city(sessions)
    header = ("username", "name", "posts", "desk", "regions", "units")
    rows = [
        ["a", "甲", "unit", None, None, None],
        ["b", "乙", "unit", None, None, "nobody"],
        ["c", "丙", "operator", None, "999999", None],
        ["d", "丁", "citizen", None, None, None],
        ["a", "戊", "operator", None, None, None],
    ]
    findings = await refused(bring("accounts", table(tmp_path / "a.csv", header, rows)))
    assert sorted((one["code"], one["where"]["row"]) for one in findings) == [
        ("bad_value", 5),
        ("duplicate_code", 6),
        ("missing_value", 2),
        ("unknown_area", 4),
        ("unknown_unit", 3),
    ]


async def test_accounts_of_a_town_belong_to_its_desk(sessions: Sessions, bring: Bring, tmp_path: Path) -> None:
    await store_small_city(sessions)
    header = ("username", "name", "posts", "desk", "regions", "units")
    rows: list[list[object]] = [
        ["lead", "王敏", "shift_lead;unit", UNIT_TOP, None, UNIT_TOP],
        ["clerk", "李明", "operator", "city", None, None],
    ]
    await bring("accounts", table(tmp_path / "a.csv", header, rows))
    async with reading(sessions) as session:
        held = people.Appointment
        query = select(people.Account.username, held.post, held.desk, held.unit_code).join(
            held, held.account_id == people.Account.id
        )
        found = {tuple(row) for row in await session.execute(query)}
    assert found == {
        ("lead", Post.SHIFT_LEAD, UNIT_TOP, None),
        ("lead", Post.UNIT, UNIT_TOP, UNIT_TOP),
        ("clerk", Post.OPERATOR, "city", None),
    }
    elsewhere = [["x", "甲", "operator", UNIT_WEST, None, None], ["y", "乙", "operator", "nowhere", None, None]]
    findings = await refused(bring("accounts", table(tmp_path / "b.csv", header, elsewhere)))
    assert codes(findings) == ["unknown_desk", "unknown_desk"], "a unit without a desk is none either"
