"""A backup taken while every channel writes; brought back in an empty home, nothing acknowledged before is missing."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random

import httpx
import pytest

from app.demo.seed import PASSWORD
from tests.adapters.pictures import exif, photo
from tests.faults.city_process import CityProcess, city_process, wait_for
from tests.faults.journal import Journal, Told
from tests.faults.loader import Loader
from tests.faults.stored import Stored

PHOTOS = 5
MANY = 40


@pytest.mark.slow
async def test_what_was_acknowledged_before_a_backup_under_load_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lent = city_process()
    city = await asyncio.to_thread(lent.__enter__)
    try:
        with closing(Journal(tmp_path / "journal.jsonl")) as journal:
            stored = Stored(city.dsn)
            question = "SELECT ST_X(p) AS lon, ST_Y(p) AS lat FROM (SELECT ST_PointOnSurface(geom) p FROM cells) AS s"
            places = [(row["lon"], row["lat"]) for row in await stored.rows(question)]
            photos = await _upload(city)
            loader = Loader(city.address, journal, places, Random(5))  # noqa: S311  # a failure should come again
            writing = asyncio.create_task(loader.run())
            file = city.home.parent / "city.backup"
            try:
                await _more(journal, MANY)
                before = Told(journal.path).acknowledged()
                saved = await asyncio.to_thread(city.command, "db", "backup", str(file))
                assert saved.returncode == 0, saved.stdout + saved.stderr
                during = journal.acknowledged - sum(map(len, before.values()))
                await _more(journal, 10)  # it goes on serving
            finally:
                loader.end()
                await writing
        city.end()
        restored = await asyncio.to_thread(_restore, city, file)
        with capsys.disabled():
            print(f"\n{saved.stdout}{len(before)} keys acknowledged before, {during} during\n{restored}")  # noqa: T201  # to be quoted
        await _check(city, before, photos)
        _refuses_flipped(city, file)
    finally:
        await asyncio.to_thread(lent.__exit__, None, None, None)


async def _upload(city: CityProcess) -> list[str]:
    """Bring in photos as an inspector; return their ids."""
    async with httpx.AsyncClient(base_url=f"{city.address}/api/v1", timeout=60, trust_env=False) as client:
        form = {"grant_type": "password", "username": "inspector01", "password": PASSWORD}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        ids = []
        for number in range(PHOTOS):
            content = photo(size=(40 + number, 30), exif=exif())
            files = {"file": (f"{number}.jpg", content, "image/jpeg")}
            answer = await client.post("/media", files=files, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 201, answer.text
            ids.append(answer.json()["id"])
    return ids


async def _more(journal: Journal, count: int) -> None:
    wanted = journal.acknowledged + count
    await asyncio.to_thread(wait_for, lambda: journal.acknowledged >= wanted, "acknowledgements")


def _restore(city: CityProcess, file: Path) -> str:
    """Move the old home away, keep only its keys and the file, and bring the city back where it was."""
    former = city.home.with_name("former")
    city.home.rename(former)
    done = city.command("db", "restore", str(file), "--keys", str(former / "keys"))
    assert done.returncode == 0, done.stdout + done.stderr
    proven = city.command("audit", "verify")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    return done.stdout + proven.stdout


async def _check(city: CityProcess, before: Mapping[str, set[str]], photos: list[str]) -> None:
    """Start the restored city and ask it, over HTTP, for everything that was acknowledged before."""
    await asyncio.to_thread(city.start)
    reports = await Stored(city.dsn).reports()
    assert {key for key, ids in before.items() if set(reports.get(key, ())) != ids} == set()
    async with httpx.AsyncClient(base_url=f"{city.address}/api/v1", timeout=60, trust_env=False) as client:
        form = {"grant_type": "password", "username": "inspector01", "password": PASSWORD}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        for one in photos:
            answer = await client.get(f"/media/{one}", headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.content[:2]) == (200, b"\xff\xd8")


def _refuses_flipped(city: CityProcess, file: Path) -> None:
    """Flip one byte at the head, at the tail and at random places: each is refused."""
    whole, chance = file.read_bytes(), Random(9)  # noqa: S311  # a failure should come again
    flipped = file.with_name("flipped")
    for at in (0, 300, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(5))):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << chance.randrange(8)
        flipped.write_bytes(damaged)
        assert city.command("db", "verify", str(flipped)).returncode == 1, at
