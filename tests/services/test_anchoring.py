"""Anchors of a real history in a folder: what a superuser does to the tables, or somebody to the files, shows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import select

from app.adapters.anchor_files import AnchorFolder, Signer
from app.adapters.keys import Key, Keys, anchor_key
from app.dispatch import commands
from app.dispatch.anchors import UNDER_WAY, AnchorFinding, AnchorFlaw
from app.dispatch.audit import Flaw
from app.dispatch.chain import link
from app.dispatch.errors import Unavailable
from app.models.anchors import AnchorRow
from app.models.cases import Case
from app.models.history import HistoryRow
from app.services.anchoring import Anchoring, Believed, believed
from app.services.audit import Audit, ChainReport
from app.services.ledger import CHAINED
from tests.hotline_city import PLACE, City, open_city
from tests.towns import CITY, Town


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """A city with one anchored case, and its anchors."""

    city: City
    case: Case
    anchoring: Anchoring
    dsn: str

    async def look(self) -> Believed:
        return await believed(self.city.sessions, self.anchoring.folder, self.anchoring.signer.public, CITY)

    async def verify(self) -> ChainReport:
        return await Audit(self.city.sessions, stretch=2, anchored=(await self.look()).anchored).verify(lambda _: None)

    async def found(self) -> list[tuple[Flaw, int | None]]:
        return [(one.flaw, one.number) for one in (await self.verify()).findings]

    async def vandalise(self, *statements: str) -> None:
        """Do it as a superuser whom no trigger stops."""
        connection = await asyncpg.connect(self.dsn)
        await connection.execute("SET search_path = test, public; SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement.replace("$1", f"'{self.case.id}'"))
        await connection.close()

    async def rewrite(self, since: int) -> None:
        """Calculate the case's chain anew from a step on."""
        async with self.city.sessions() as session:
            query = select(HistoryRow).where(HistoryRow.subject_id == self.case.id).order_by(HistoryRow.number)
            rows = list(await session.scalars(query))
        previous = rows[since - 2].hash if since > 1 else None
        for row in rows[since - 1 :]:
            previous = link(previous, {name: getattr(row, name) for name in CHAINED})
            await self.vandalise(
                f"UPDATE history SET hash = '{previous}' WHERE subject_id = $1 AND number = {row.number}"  # noqa: S608  # our own
            )


@pytest.fixture
async def anchored(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[Anchored]:
    """Lend a city whose whole history until now is in one anchor; the anchors of other tests are gone."""
    connection = await asyncpg.connect(fresh_city.admin_dsn)
    await connection.execute("SET session_replication_role = replica; DELETE FROM test.anchors")
    await connection.execute("DELETE FROM test.history; DELETE FROM test.history_texts; DELETE FROM test.case_reports")
    await connection.execute("DELETE FROM test.cases; DELETE FROM test.reports")
    await connection.close()
    folder = tmp_path / "anchors"
    folder.mkdir()
    async with open_city(fresh_city, keys, tmp_path) as city:
        taken = await city.say(f"A{tmp_path.name}", content="工地扬尘", location=PLACE)
        case = await city.file(taken.report_id)
        await city.on_case(case.id, commands.Dispatch(), commands.Sign(), commands.Note(text="看过了"))
        city.clock.pass_by(seconds=UNDER_WAY.total_seconds() + 1)
        signer = Signer(anchor_key(tmp_path / "keys"))
        anchoring = Anchoring(
            sessions=city.sessions, folder=AnchorFolder(path=folder), signer=signer, city=CITY, now=city.clock
        )
        yield Anchored(city=city, case=case, anchoring=anchoring, dsn=fresh_city.admin_dsn)


async def test_an_anchored_history_is_whole_and_so_is_what_grows_on_it(anchored: Anchored) -> None:
    made = await anchored.anchoring.anchor()
    assert made is not None
    assert (made.number, made.previous, len(made.chains)) == (1, None, 2)
    assert await anchored.found() == []
    assert await anchored.anchoring.anchor() is None  # nothing has grown
    await anchored.city.on_case(anchored.case.id, commands.Note(text="又看过了"))
    second = await anchored.anchoring.anchor()
    assert second is not None
    assert (second.number, second.previous) == (2, made.root)
    assert [len(one.hashes) for one in second.chains] == [1]
    known = await anchored.look()
    assert (known.anchors, known.findings) == (2, ())
    assert await anchored.found() == []


async def test_an_erased_text_is_no_tampering(anchored: Anchored) -> None:
    await anchored.anchoring.anchor()
    await anchored.vandalise("DELETE FROM history_texts WHERE subject_id = $1")
    report = await anchored.verify()
    assert (report.wrong, report.erased) == (0, 1)


@pytest.mark.parametrize("step", [1, 2, 4])
async def test_a_chain_calculated_anew_shows_at_the_step_that_was_changed(anchored: Anchored, step: int) -> None:
    await anchored.anchoring.anchor()
    await anchored.vandalise(f"UPDATE history SET post = 'admin' WHERE subject_id = $1 AND number = {step}")  # noqa: S608  # ours
    await anchored.rewrite(step)
    assert (await Audit(anchored.city.sessions).verify(lambda _: None)).wrong == 0  # the chain alone does not tell
    assert await anchored.found() == [(Flaw.ANCHORED, step)]


async def test_a_tail_cut_together_with_the_version_shows(anchored: Anchored) -> None:
    await anchored.anchoring.anchor()
    await anchored.vandalise(
        "DELETE FROM history WHERE subject_id = $1 AND number > 2",
        "DELETE FROM history_texts WHERE subject_id = $1 AND number > 2",
        "UPDATE cases SET version = 2 WHERE id = $1",
    )
    assert (await Audit(anchored.city.sessions).verify(lambda _: None)).wrong == 0
    assert await anchored.found() == [(Flaw.CUT, 3)]


async def test_a_case_taken_away_without_a_trace_shows(anchored: Anchored) -> None:
    await anchored.anchoring.anchor()
    tables = ("history", "history_texts")
    await anchored.vandalise(
        *(f"DELETE FROM {one} WHERE subject_id = $1" for one in tables),  # noqa: S608  # our own names
        "DELETE FROM cases WHERE id = $1",
    )
    assert (await Audit(anchored.city.sessions).verify(lambda _: None)).wrong == 0
    assert await anchored.found() == [(Flaw.CUT, 1)]


async def test_a_step_put_in_with_an_old_date_shows(anchored: Anchored) -> None:
    await anchored.anchoring.anchor()
    await anchored.vandalise(
        "INSERT INTO history SELECT subject_id, 5, subject, 'note', to_state, to_state, post, actor_id, on_behalf_of, "
        "policy, recorded_at, occurred_at, '{}', hash FROM history WHERE subject_id = $1 AND number = 4",
        "UPDATE cases SET version = 5 WHERE id = $1",
    )
    await anchored.rewrite(5)
    assert (await Audit(anchored.city.sessions).verify(lambda _: None)).wrong == 0
    assert await anchored.found() == [(Flaw.BACKDATED, 5)]


async def test_many_at_once_make_one_anchor(anchored: Anchored) -> None:
    made = await asyncio.gather(*(anchored.anchoring.anchor() for _ in range(8)))
    assert [one.number for one in made if one is not None] == [1]


async def test_an_anchor_whose_row_was_lost_in_a_crash_is_taken_over(anchored: Anchored) -> None:
    made = await anchored.anchoring.anchor()
    await anchored.vandalise("DELETE FROM anchors")
    again = await anchored.anchoring.anchor()
    assert made == again
    async with anchored.city.sessions() as session:
        assert (await session.scalars(select(AnchorRow.root))).one() == made.root if made else None
    assert (await anchored.look()).findings == ()


async def test_another_citys_folder_is_not_taken(anchored: Anchored) -> None:
    await anchored.anchoring.anchor()
    await anchored.vandalise("DELETE FROM anchors", "UPDATE history SET hash = repeat('0', 64)")
    with pytest.raises(Unavailable) as refused:
        await anchored.anchoring.anchor()
    assert refused.value.code == "anchor_of_another"


async def test_what_is_done_to_the_files_shows(anchored: Anchored) -> None:
    folder = anchored.anchoring.folder.path
    await anchored.anchoring.anchor()
    await anchored.city.on_case(anchored.case.id, commands.Note(text="又看过了"))
    await anchored.anchoring.anchor()
    first, second = folder / "00000001.anchor", folder / "00000002.anchor"
    assert first.stat().st_mode & 0o222 == 0
    kept = first.read_text(encoding="utf-8")

    first.unlink()
    assert AnchorFinding(number=1, flaw=AnchorFlaw.ABSENT) in (await anchored.look()).findings
    first.write_text(kept.replace(str(anchored.case.id)[:8], "00000000"), encoding="utf-8")
    assert (await anchored.look()).findings == (AnchorFinding(number=1, flaw=AnchorFlaw.SIGNATURE),)
    first.write_text("nothing", encoding="utf-8")
    assert (await anchored.look()).findings == (AnchorFinding(number=1, flaw=AnchorFlaw.UNREADABLE),)
    first.write_text(second.read_text(encoding="utf-8"), encoding="utf-8")
    assert AnchorFinding(number=1, flaw=AnchorFlaw.UNREADABLE) in (await anchored.look()).findings
    first.write_text(kept, encoding="utf-8")
    assert (await anchored.look()).findings == ()
    stranger = Signer(Key(id="anchor-2.x", secret=bytes(32)))
    found = await believed(anchored.city.sessions, anchored.anchoring.folder, stranger.public, CITY)
    assert {one.flaw for one in found.findings} == {AnchorFlaw.SIGNATURE}


async def test_a_folder_that_is_not_there_is_said(anchored: Anchored) -> None:
    away = Anchoring(
        sessions=anchored.city.sessions,
        folder=AnchorFolder(path=anchored.anchoring.folder.path / "away"),
        signer=anchored.anchoring.signer,
        city=CITY,
        now=anchored.city.clock,
    )
    with pytest.raises(Unavailable) as refused:
        await away.anchor()
    assert refused.value.code == "anchor_dir_unwritable"
    async with anchored.city.sessions() as session:
        assert list(await session.scalars(select(AnchorRow.number))) == []
