"""What was saved comes back whole, or nothing of it does."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest

from app.adapters.archive import ArchiveReader, Damaged
from app.adapters.keys import load_keys
from app.adapters.sealing import Sealer
from app.dispatch.errors import BadInput, Conflict, GridcaseError, Unavailable
from app.models import Base
from app.runtime.restore import Order, Restored, restore_city
from app.runtime.unfinished import NAME, Made, Unfinished
from app.services.media import unpack
from app.services.vault import Personal
from app.settings import Settings
from tests.backup.conftest import Source, save
from tests.backup.saved_city import NUMBERS_DRAWN, PHONE, citizens, run
from tests.towns import CITY

WORDS = "a passphrase of some length"
_CATALOGUE = {
    "columns": """SELECT table_name, column_name, data_type, udt_name, is_nullable, column_default, identity_generation,
      generation_expression FROM information_schema.columns WHERE table_schema = 'test'""",
    # PostgreSQL writes the casts and brackets of a condition anew each time it reads one
    "indexes": """SELECT indexname,
      regexp_replace(indexdef, '::(character varying|text)([[]])?|[() ]', '', 'g') AS definition
      FROM pg_indexes WHERE schemaname = 'test'""",
    "constraints": """SELECT conrelid::regclass::text, conname, contype, convalidated,
      regexp_replace(pg_get_constraintdef(oid), '::(character varying|text)([[]])?|[() ]', '', 'g') AS definition
      FROM pg_constraint WHERE connamespace = 'test'::regnamespace""",
    "triggers": """SELECT tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled FROM pg_trigger
      WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'test'::regnamespace)""",
    "functions": "SELECT proname, prosrc, proacl::text FROM pg_proc WHERE pronamespace = 'test'::regnamespace",
    "owners and rights": """SELECT relname, relkind, relowner::regrole::text,
      array(SELECT one::text FROM unnest(relacl) AS one ORDER BY 1) AS rights
      FROM pg_class WHERE relnamespace = 'test'::regnamespace""",
    "sequences": "SELECT sequencename, last_value, increment_by FROM pg_sequences WHERE schemaname = 'test'",
}


def _restore(place: Settings, source: Path, **given: Any) -> Restored:
    order = Order(source=source, **given)
    return restore_city(place, order, say=lambda _text: None, expect=lambda _size: None, seen=lambda _size: None)


async def _described(url: str | None) -> dict[str, list[Mapping[str, Any]]]:
    """Return what the catalogue says of the city, and a digest of every table's rows."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, question in _CATALOGUE.items():
        found[name] = sorted(await run(url, question), key=str)
    for table in sorted(Base.metadata.tables):
        digest = f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM test.{table} AS t"  # noqa: S608
        found[table] = list(await run(url, digest))
    return found


def _nothing_is_left(place: Settings) -> bool:
    schemas = asyncio.run(run(place.admin_url, "SELECT 1 FROM pg_namespace WHERE nspname = 'test'"))
    return not schemas and not place.home.exists()


def test_tables_rights_guards_and_numbers_come_back_as_they_were(source: Source, place: Settings) -> None:
    done = _restore(place, source.file, keys_dir=source.settings.keys_dir)
    before, after = (asyncio.run(_described(one.database_url)) for one in (source.settings, place))
    assert [name for name in before if before[name] != after[name]] == []
    assert len(before["triggers"]) >= 4
    assert before["sequences"]
    assert (done.proof.audit.chains, done.proof.audit.wrong) == (len(source.reports), 0)
    assert done.proof.opened == 1
    assert (done.proof.objects, done.proof.absent) == (5, [])


def test_the_restored_city_serves(source: Source, place: Settings) -> None:
    _restore(place, source.file, keys_dir=source.settings.keys_dir)

    async def go_on() -> None:
        async with citizens(place) as people:
            await people.report()
            wired = people.client._transport.app.state.wired  # type: ignore[attr-defined]  # the application we gave it
            async with wired.sessions() as session:
                opened = await wired.vault.open(session, source.reports, [Personal.PHONE])
        assert {str(one): values[Personal.PHONE] for one, values in opened.items()} == {
            one: [PHONE] for one in source.reports
        }
        [row] = await run(place.database_url, "SELECT nextval('case_numbers') AS next")
        assert row["next"] == NUMBERS_DRAWN + 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await run(place.admin_url, "UPDATE test.history SET hash = ''")

    asyncio.run(go_on())


def test_media_are_the_same_bytes_and_their_sealed_originals_open(source: Source, place: Settings) -> None:
    _restore(place, source.file, keys_dir=source.settings.keys_dir)
    before, after = source.settings.home / "media", place.home / "media"
    files = sorted(path.relative_to(before) for path in before.rglob("*") if path.is_file())
    assert len(files) == 5
    assert sorted(path.relative_to(after) for path in after.rglob("*") if path.is_file()) == files
    assert all((before / one).read_bytes() == (after / one).read_bytes() for one in files)
    sealer = Sealer(load_keys(place.keys_dir))
    originals = [one for one in files if one.parts[0] == "original"]
    opened = [sealer.open_bytes(unpack((after / one).read_bytes()), str(one)) for one in originals]
    assert [content[:2] for content in opened] == [b"\xff\xd8"] * 2


def test_a_byte_flipped_anywhere_is_refused_and_nothing_is_made(
    source: Source, place: Settings, tmp_path: Path
) -> None:
    whole = source.file.read_bytes()
    chance = Random(11)  # noqa: S311  # a failure should come again
    header, trailer = [0, 200, 511, 600], [len(whole) - 1, len(whole) - 600, len(whole) - 1400, len(whole) - 2048]
    for at in [*header, *trailer, *(chance.randrange(len(whole)) for _ in range(12))]:
        damaged = bytearray(whole)
        damaged[at] ^= 1 << chance.randrange(8)
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(Damaged):
            _restore(place, tmp_path / "damaged", keys_dir=source.settings.keys_dir)
    (tmp_path / "damaged").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Damaged, match="不完整"):
        _restore(place, tmp_path / "damaged", keys_dir=source.settings.keys_dir)
    assert _nothing_is_left(place)


def test_a_city_that_is_there_is_not_touched(source: Source, place: Settings) -> None:
    _restore(place, source.file, keys_dir=source.settings.keys_dir)
    before = asyncio.run(_described(place.database_url))
    with pytest.raises(Conflict) as refused:
        _restore(place, source.file)
    assert refused.value.code == "city_exists"
    assert asyncio.run(_described(place.database_url)) == before
    assert (place.home / "media").exists()


def test_without_the_keys_it_says_what_is_lost(source: Source, place: Settings) -> None:
    with pytest.raises(Unavailable) as refused:
        _restore(place, source.file)
    keys = load_keys(source.settings.keys_dir)
    assert all(key.id in refused.value.detail for key in (keys.token, keys.search, *keys.vault))
    assert "stay closed for ever" in refused.value.detail
    assert _nothing_is_left(place)
    done = _restore(place, source.file, without_keys=True)
    assert set(done.missing) == {keys.token.id, keys.search.id, keys.vault[0].id}
    assert (done.proof.closed, done.proof.audit.wrong) == (1, 0)


def test_keys_that_travelled_sealed_open_the_vault(source: Source, place: Settings, tmp_path: Path) -> None:
    save(source.settings, tmp_path / "with keys", passphrase=WORDS)
    with pytest.raises(BadInput) as refused:
        _restore(place, tmp_path / "with keys", passphrase=WORDS.upper())
    assert refused.value.code == "passphrase_wrong"
    assert _nothing_is_left(place)
    _restore(place, tmp_path / "with keys", passphrase=WORDS)
    assert load_keys(place.keys_dir) == load_keys(source.settings.keys_dir)


def test_another_city_or_a_newer_release_is_refused(
    source: Source, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="GRIDCASE_CITY=test"):
        _restore(place.model_copy(update={"city": "other"}), source.file)
    monkeypatch.setattr("app.runtime.restore.is_known", lambda revision: revision != source.saved.manifest.revision)
    with pytest.raises(BadInput, match="newer release"):
        _restore(place, source.file)
    assert _nothing_is_left(place)


def test_a_seal_by_somebody_else_is_no_seal(source: Source, place: Settings, tmp_path: Path) -> None:
    """Who alters a backup can recalculate its sums, but has not got the key."""
    home = tmp_path / "forger"
    ours = load_keys(source.settings.keys_dir)
    load_keys(home / "keys")
    line = (home / "keys" / "vault-1.key").read_text().split()
    (home / "keys" / "vault-1.key").write_text(f"{ours.vault[0].id} {line[1]}\n")
    save(
        source.settings.model_copy(update={"home": home, "media_url": f"file://{source.settings.home}/media"}),
        tmp_path / "f",
    )
    with pytest.raises(Damaged) as refused:
        _restore(place, tmp_path / "f", keys_dir=source.settings.keys_dir)
    assert refused.value.code == "backup_forged"


def test_a_failure_half_way_leaves_nothing(source: Source, place: Settings) -> None:
    with source.file.open("rb") as file:
        names = [one.name for one in ArchiveReader(file).members() if one.name.startswith("media/")]
    taken = place.home.with_name("store") / names[-1].removeprefix("media/")
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"another object under the same key")
    store = place.model_copy(update={"media_url": f"file://{place.home.with_name('store')}"})
    with pytest.raises(Conflict) as refused:
        _restore(store, source.file, keys_dir=source.settings.keys_dir)
    assert refused.value.code == "object_exists"
    assert _nothing_is_left(place)
    left = [path for path in place.home.with_name("store").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in left] == [b"another object under the same key"]


def test_what_a_killed_restore_left_is_cleared_by_the_next(source: Source, place: Settings) -> None:
    place.home.mkdir()
    _restore(place, source.file, keys_dir=source.settings.keys_dir)
    killed = Unfinished(place.home)  # as the journal stands when everything is there and nothing is proven yet
    for made, name in ((Made.SCHEMA, ""), (Made.KEY, "vault-1"), (Made.KEY, "search-1"), (Made.KEY, "token")):
        killed.note(made, name)
    done = _restore(place, source.file, keys_dir=source.settings.keys_dir)
    assert done.proof.audit.chains == len(source.reports)
    assert not (place.home / NAME).exists()


def test_objects_that_lie_there_already_may_stay(source: Source, place: Settings) -> None:
    shutil.copytree(source.settings.home / "media", place.home / "media")
    assert _restore(place, source.file, keys_dir=source.settings.keys_dir).proof.objects == 5


def test_every_refusal_is_a_sentence_in_two_languages(source: Source, place: Settings, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Sir")
    for file in (tmp_path / "letter", tmp_path / "absent", source.file):
        with pytest.raises(GridcaseError) as refused:
            _restore(place, file)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.detail)
        assert any(letter.isascii() and letter.isalpha() for letter in refused.value.detail)


assert CITY == "test"  # as the questions to the catalogue spell it
