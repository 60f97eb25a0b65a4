from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.keys import Keys
from app.adapters.sealing import Sealer
from app.dispatch.errors import Unavailable
from app.models.reports import Report, VaultItem
from app.services.transaction import Sessions, reading, writing
from app.services.vault import MaskedReporter, Personal, Vault
from tests.reports_stored import report_row

ZHANG = {
    Personal.NAME: "张三",
    Personal.PHONE: "138 0000 1234",
    Personal.CALLBACK_PHONE: None,
    Personal.ADDRESS: "人民路8号",
    Personal.ORIGINAL_TEXT: "张三 13800001234 说井盖坏了",
}


@pytest.fixture
def vault(keys: Keys) -> Vault:
    return Vault(Sealer(keys))


async def _reports(session: AsyncSession, count: int) -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    await session.execute(insert(Report), [report_row(report_id) for report_id in ids])
    return ids


async def test_what_goes_in_comes_out_and_nothing_empty_goes_in(sessions: Sessions, vault: Vault) -> None:
    async with writing(sessions) as session:
        [report_id] = await _reports(session, 1)
        await vault.store(session, vault.seal(report_id, ZHANG))
    async with reading(sessions) as session:
        opened = await vault.open(session, [report_id], list(Personal))
    assert opened == {report_id: {name: [value] for name, value in ZHANG.items() if value}}


async def test_the_tables_hold_nothing_in_clear(sessions: Sessions, vault: Vault) -> None:
    async with writing(sessions) as session:
        [report_id] = await _reports(session, 1)
        await vault.store(session, vault.seal(report_id, ZHANG))
        rows = (await session.execute(select(VaultItem))).scalars().all()
    held = b"".join(row.sealed + (row.search_digest or b"") for row in rows)
    assert not any(word.encode() in held for word in ("张三", "13800001234", "人民路", "井盖"))
    assert {row.field for row in rows if row.search_digest} == {"phone"}


async def test_many_reports_are_stored_and_masked_in_one_statement_each(sessions: Sessions, vault: Vault) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    async with writing(sessions) as session:
        ids = await _reports(session, 40)
        items = [item for at, one in enumerate(ids) for item in vault.seal(one, {Personal.NAME: f"王{at}明"})]
        bind: Any = (await session.connection()).sync_connection
        event.listen(bind, "before_cursor_execute", note)
        await vault.store(session, items)
        masked = await vault.masked(session, ids)
        event.remove(bind, "before_cursor_execute", note)
    assert len(statements) == 2
    assert masked[ids[7]] == MaskedReporter(name="王**", phone=None)
    assert set(masked) == set(ids)


async def test_masked_shows_the_newest_and_falls_back_to_the_callback_phone(sessions: Sessions, vault: Vault) -> None:
    async with writing(sessions) as session:
        first, second, third = await _reports(session, 3)
        await vault.store(session, vault.seal(first, {Personal.NAME: "张三", Personal.PHONE: "13800001234"}))
        assert await vault.add(session, first, Personal.PHONE, "13900005678") == 1
        await vault.store(session, vault.seal(second, {Personal.CALLBACK_PHONE: "13700009999"}))
        masked = await vault.masked(session, [first, second, third])
    assert masked == {
        first: MaskedReporter(name="张*", phone="139****5678"),
        second: MaskedReporter(phone="137****9999"),
    }


async def test_a_phone_is_found_however_it_is_written(sessions: Sessions, vault: Vault) -> None:
    async with writing(sessions) as session:
        one, other = await _reports(session, 2)
        await vault.store(session, vault.seal(one, ZHANG))
        await vault.store(session, vault.seal(other, {Personal.PHONE: "13800001235"}))
        for written in ("13800001234", "+86 138-0000-1234", "０１３８００００１２３４"):
            assert await vault.reports_of_phone(session, written) == [one], written
        assert await vault.reports_of_phone(session, "none") == []


async def test_a_row_moved_to_another_report_does_not_open(sessions: Sessions, vault: Vault) -> None:
    async with writing(sessions) as session:
        one, other = await _reports(session, 2)
        await vault.store(session, vault.seal(one, {Personal.PHONE: "13800001234"}))
        row = (await session.execute(select(VaultItem))).scalar_one()
        moved = {"report_id": other, "field": "phone", "number": 0, "key_id": row.key_id, "sealed": row.sealed}
        await session.execute(insert(VaultItem).values(moved))
        with pytest.raises(Unavailable):
            await vault.open(session, [other], [Personal.PHONE])


def test_the_fields_are_those_that_the_table_allows() -> None:
    [check] = [c for c in VaultItem.__table__.constraints if c.name == "ck_vault_field"]  # type: ignore[attr-defined]
    assert all(f"'{name}'" in str(check.sqltext) for name in Personal)


def test_a_sealed_item_does_not_print_its_bytes(vault: Vault) -> None:
    [item] = vault.seal(uuid4(), {Personal.NAME: "张三"})
    assert repr(item.sealed) not in repr(item)
