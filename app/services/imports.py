"""Master data from files: read, compared with what is there, and kept whole as a draft, or not at all."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.adapters.datums import datum_of, epsg_of
from app.adapters.passwords import Passwords
from app.adapters.readers import read_file
from app.dispatch.access import CITY_DESK, Actor, Office, office_holder
from app.dispatch.calendar import OFFICE_HOURS
from app.dispatch.errors import BadInput
from app.dispatch.importing.days import carried_over, published_until
from app.dispatch.importing.findings import Ledger
from app.dispatch.importing.kinds import ACCOUNTS, WITH_SHAPES
from app.dispatch.importing.known import Known
from app.dispatch.importing.preparing import Options, Prepared, as_values, is_refused, is_valid, prepare
from app.dispatch.importing.shapes import Datum, note_system
from app.dispatch.set_codes import SetKind, SetState
from app.models import sets
from app.repositories.account_opening import AccountOpening, NewAccount
from app.repositories.known import KnownRepository
from app.repositories.set_writing import insert_rows
from app.repositories.sets import TABLES, SetRepository
from app.services import idempotency
from app.services.idempotency import KeyUse
from app.services.import_values import Brought, Imported, OpenedAccount, opened, refused, told
from app.services.transaction import Sessions, reading, writing

AT_ONCE: Final = 1
"""Files read at the same time in one process; a large one takes some hundred megabytes."""
MOST_ACCOUNTS: Final = 1000
"""Accounts of one file: each password takes a tenth of a second to hash."""

Seen = Callable[[str, int, int], None]
"""Told of progress: what is being done, how much of it is done, of how much."""


class Imports:
    """The way in for master data."""

    def __init__(self, sessions: Sessions, passwords: Passwords, now: Callable[[], datetime]) -> None:
        """Take where sets are kept, what hashes first passwords, and our clock."""
        self._sessions = sessions
        self._passwords = passwords
        self._now = now
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def bring(
        self, brought: Brought, actor: Actor | None = None, use: KeyUse | None = None, seen: Seen | None = None
    ) -> Imported:
        """Take a file as a draft, accounts at once; `actor` None is the operator at the machine itself.

        Raises NotPermitted; BadInput (`unreadable_file`) with every finding where anything forbids taking it.
        """
        if actor is not None:
            office_holder(actor, Office.SETS)
        if (first := await self._done_before(use)) is not None:
            return first
        if brought.kind != ACCOUNTS and brought.kind not in TABLES:
            raise BadInput("这一类数据还没有可以存放的地方，不能导入", code="kind_unavailable")
        tell = seen or _nobody
        datum = _datum(brought)
        async with reading(self._sessions) as session:
            known = await KnownRepository(session).known(brought.kind)
        ledger = Ledger()
        async with self._turn:
            prepared = await asyncio.to_thread(_prepared, brought, known, ledger, datum, tell)
            if is_refused(ledger):
                raise refused(ledger, prepared)
            if brought.kind == ACCOUNTS:
                return await self._open(brought, prepared, ledger, use, tell)
            return await self._keep(brought, prepared, ledger, use, tell)

    async def _done_before(self, use: KeyUse | None) -> Imported | None:
        """Return the first outcome of a key; the file is not read again, for it may now name what it created."""
        if use is None:
            return None
        async with reading(self._sessions) as session:
            if not await idempotency.was_used(session, use):
                return None
        async with writing(self._sessions) as session:
            first = await idempotency.begin(session, use, resource_id=UUID(int=0), status=201, now=self._now())
            assert first is not None  # noqa: S101  # it was there a moment ago, and is kept for a week
            return await _again(session, first.resource_id)

    async def _keep(
        self, brought: Brought, prepared: Prepared, ledger: Ledger, use: KeyUse | None, tell: Seen
    ) -> Imported:
        """Store a draft with its rows, in one transaction."""
        set_id = uuid7()
        async with writing(self._sessions) as session:
            first = await idempotency.begin(session, use, resource_id=set_id, status=201, now=self._now())
            if first is not None:
                return await _again(session, first.resource_id)
            await KnownRepository(session).lock()
            traits: dict[str, Any] = {"file": brought.given.name, "datum": brought.datum}
            traits |= {"other_columns": list(prepared.others)} if prepared.others else {}
            rows = prepared.rows
            if brought.kind == SetKind.CALENDAR:
                rows, more = await self._year_by_year(session, rows)
                traits |= more
            one = await self._draft(session, set_id, SetKind(brought.kind), brought, ledger, len(rows), traits)
            await _store(session, one, rows, tell)
            if prepared.takes:
                await insert_rows(session, sets.ZoneTakes, set_id, as_values(prepared.takes))
            beats = await self._beats(session, one, brought, prepared)
            return told(one, also=(beats,) if beats else ())

    async def _draft(
        self,
        session: AsyncSession,
        set_id: UUID,
        kind: SetKind,
        brought: Brought,
        ledger: Ledger,
        count: int,
        traits: dict[str, Any],
    ) -> sets.DataSet:
        one = sets.DataSet(
            id=set_id,
            kind=kind,
            name=brought.name,
            version=await SetRepository(session).next_version(kind),
            state=SetState.DRAFT,
            valid=is_valid(ledger),
            findings=[found.told() for found in ledger.told()],
            counts={"rows": count, **ledger.tally()},
            traits=traits,
            source=brought.given.name,
            active_from=None,
            active_to=None,
            created_at=self._now(),
        )
        session.add(one)
        await session.flush()
        return one

    async def _beats(
        self, session: AsyncSession, cells: sets.DataSet, brought: Brought, prepared: Prepared
    ) -> sets.DataSet | None:
        """Store the beats that a file of cells names, as a draft of their own: cells carry no beats."""
        if not prepared.beats:
            return None
        traits = {"file": brought.given.name, "came_with": str(cells.id)}
        one = await self._draft(session, uuid7(), SetKind.BEATS, brought, Ledger(), len(prepared.beats), traits)
        await insert_rows(session, sets.BeatCell, one.id, prepared.beats)
        return one

    async def _year_by_year(
        self, session: AsyncSession, rows: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Add the active calendar's days of years that the file does not name, and what holds for every day."""
        active, traits, published = await KnownRepository(session).days()
        own = {
            "slots": traits.get("slots") or [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in OFFICE_HOURS],
            "work_day_rule": traits.get("work_day_rule", "hours"),
            "published_until": published_until(rows, published).isoformat(),
        }
        return [*rows, *carried_over(rows, active)], own

    async def _open(
        self, brought: Brought, prepared: Prepared, ledger: Ledger, use: KeyUse | None, tell: Seen
    ) -> Imported:
        """Open accounts with first passwords, which are hashed here and told once."""
        first_words = [OpenedAccount(username=row.username, password=_password()) for row in prepared.accounts]
        hashed: list[NewAccount] = []
        for row, one in zip(prepared.accounts, first_words, strict=True):
            password_hash = await self._passwords.hash(one.password)
            hashed.append(NewAccount(row=row, password_hash=password_hash))
            tell("建立账号", len(hashed), len(first_words))
        batch_id = uuid7()
        async with writing(self._sessions) as session:
            first = await idempotency.begin(session, use, resource_id=batch_id, status=201, now=self._now())
            if first is not None:
                return opened(first.resource_id, brought.name, Ledger(), ())
            await KnownRepository(session).lock()
            opening = AccountOpening(session, city_desk=CITY_DESK)
            if taken := await opening.taken([row.username for row in prepared.accounts]):
                raise BadInput(f"账号已存在：{'、'.join(sorted(taken))}", code="known_account")
            await opening.open(hashed, self._now())
        return opened(batch_id, brought.name, ledger, first_words)


def _prepared(brought: Brought, known: Known, ledger: Ledger, datum: Datum | None, tell: Seen) -> Prepared:
    tell("读取文件", 0, 0)
    tables = read_file(brought.given, brought.kind, ledger)
    if datum is not None:
        for table in tables:
            note_system(table, datum, epsg_of(table.crs) if table.crs else None, ledger)
    tell("检查", 0, sum(len(table.numbers) for table in tables))
    options = Options(edition=brought.name, plain_is_continuous=brought.plain_is_continuous)
    prepared = prepare(brought.kind, tables, known, options, ledger, datum)
    if len(prepared.accounts) > MOST_ACCOUNTS:
        text = f"有 {len(prepared.accounts)} 个账号，一次最多 {MOST_ACCOUNTS} 个，请拆分"
        ledger.error("too_large", tables[0].where(), text)
    return prepared


def _datum(brought: Brought) -> Datum | None:
    """Return the declared system of a kind with shapes; raises BadInput where it is missing or unknown."""
    if brought.kind not in WITH_SHAPES:
        return None
    if not brought.datum:
        text = "请声明坐标系：wgs84、cgcs2000、gcj02、bd09 或 EPSG:编号"
        raise BadInput.at(("body", "datum"), text, code="bad_datum")
    try:
        return datum_of(brought.datum)
    except BadInput as error:
        raise BadInput.at(("body", "datum"), error.detail, code="bad_datum") from error


async def _store(session: AsyncSession, one: sets.DataSet, rows: list[dict[str, Any]], tell: Seen) -> None:
    done = 0

    def seen(count: int) -> None:
        nonlocal done
        done += count
        tell("保存", done, len(rows))

    await insert_rows(session, TABLES[one.kind], one.id, rows, seen)


async def _again(session: AsyncSession, set_id: UUID) -> Imported:
    """Return an import once more, from what it left behind; first passwords are gone."""
    one = await session.get(sets.DataSet, set_id)
    if one is None:
        return opened(set_id, "", Ledger(), ())
    came_with = sets.DataSet.traits["came_with"].astext == str(set_id)
    also = await session.scalars(select(sets.DataSet).where(came_with))
    return told(one, also=tuple(also))


def _password() -> str:
    return secrets.token_urlsafe(12)


def _nobody(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody."""
