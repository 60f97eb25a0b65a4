import io
from pathlib import Path

import pytest

from app.adapters.objects import Objects
from app.dispatch.errors import BadInput, GridcaseError, Unavailable

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["folder", "file url", "memory url", "fake"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    match request.param:
        case "folder":
            return Objects.at(None, tmp_path / "media")
        case "file url":
            return Objects.at(f"file://{tmp_path}/else where", tmp_path / "unused")
        case "memory url":
            return Objects.at("memory:///", tmp_path / "unused")
    return Objects.in_memory()


async def read(objects: Objects, key: str) -> bytes:
    return b"".join([chunk async for chunk in await objects.get(key)])


async def test_what_is_put_comes_back(objects: Objects) -> None:
    large = bytes(range(256)) * 20_000
    await objects.put("served/2026/a.jpg", b"small")
    await objects.put("served/2026/b.mp4", io.BytesIO(large))
    assert await read(objects, "served/2026/a.jpg") == b"small"
    assert await read(objects, "served/2026/b.mp4") == large


async def test_nothing_is_overwritten(objects: Objects) -> None:
    await objects.put("a", b"first")
    with pytest.raises(Unavailable):
        await objects.put("a", b"second")
    assert await read(objects, "a") == b"first"


async def test_what_is_not_there_is_unavailable(objects: Objects) -> None:
    with pytest.raises(Unavailable):
        await objects.get("absent")


async def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    await Objects.at(None, tmp_path / "media").put("a/b", b"x")
    assert (tmp_path / "media").stat().st_mode & 0o077 == 0


async def test_keys_cannot_leave_the_folder(tmp_path: Path) -> None:
    objects = Objects.at(None, tmp_path / "media")
    with pytest.raises((GridcaseError, ValueError)):
        await objects.put("../b", b"x")
    assert not (tmp_path / "b").exists()


def test_a_bad_url_is_told_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        Objects.at("nonsense://user:CANARY@host/", tmp_path)
    assert "CANARY" not in refused.value.detail


async def test_an_object_is_found_measured_and_taken_back(objects: Objects) -> None:
    await objects.put("original/2026/a", b"12345")
    found = await objects.find("original/2026/a")
    assert found is not None
    assert (found.size, b"".join([chunk async for chunk in found.chunks])) == (5, b"12345")
    assert await objects.size("original/2026/a") == 5
    await objects.take_back("original/2026/a")
    await objects.take_back("original/2026/a")
    assert await objects.find("original/2026/a") is None
    assert await objects.size("original/2026/a") is None
