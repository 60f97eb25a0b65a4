"""Photos and films over HTTP: what is taken, what is answered, what goes out."""

import hashlib
import io
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from PIL import Image

from app.adapters import photos
from app.adapters.keys import Keys
from app.dispatch.codes import Post
from app.services.books import Books
from app.services.transaction import Sessions
from tests.adapters.pictures import FORMATS, OWNER, exif, film, photo
from tests.people_stored import Person, signed_in
from tests.services.plain_book import BOOK

OURS, CITIZENS = "/api/v1/media", "/api/v1/citizen/media"


@pytest.fixture
async def inspector(application: FastAPI, sessions: Sessions, keys: Keys) -> Person:
    application.state.wired.books = Books(sessions, BOOK)
    return await signed_in(application, keys, Post.INSPECTOR)


@pytest.fixture
async def dispatcher(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.DISPATCHER)


async def send(
    client: AsyncClient, content: bytes, by: Person | None, *, path: str = OURS, name: str = "../../a.html", **form: str
) -> Response:
    headers = by.headers if by else {}
    return await client.post(path, files={"file": (name, content, "text/html")}, data=form, headers=headers)


@pytest.mark.parametrize("kind", FORMATS)
async def test_a_photo_goes_in_whole_and_comes_out_without_its_secrets(
    app_client: AsyncClient, inspector: Person, kind: str
) -> None:
    original = photo(kind, exif=exif(orientation=6))
    answer = await send(app_client, original, inspector)
    assert answer.status_code == 201
    told = answer.json()
    UUID(told.pop("id"))
    assert told == {
        "sha256": hashlib.sha256(original).hexdigest(),
        "width": 48,
        "height": 64,
        "taken_at": "2026-03-02T09:15:00+08:00",
        "distance_m": None,
        "flags": [],
    }
    shown = await app_client.get(f"{OURS}/{answer.json()['id']}", headers=inspector.headers)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"] == f'inline; filename="{answer.json()["id"]}.jpg"'
    assert shown.headers["content-length"] == str(len(shown.content))
    assert Image.open(io.BytesIO(shown.content)).size == (48, 64)
    assert [trace for trace in (b"Exif", b"GPS", OWNER.encode()) if trace in shown.content] == []


async def test_a_film_comes_out_as_it_went_in(app_client: AsyncClient, inspector: Person) -> None:
    large = film(payload=b"\0" * 3_000_000)  # beyond what an upload keeps in memory
    told = (await send(app_client, large, inspector)).json()
    assert (told["width"], told["height"], told["taken_at"]) == (None, None, None)
    shown = await app_client.get(f"{OURS}/{told['id']}", headers=inspector.headers)
    assert shown.headers["content-type"] == "video/mp4"
    assert shown.content == large


async def test_the_clients_id_makes_an_upload_safe_to_repeat(
    app_client: AsyncClient, inspector: Person, dispatcher: Person
) -> None:
    own = str(uuid4())
    first = await send(app_client, photo(), inspector, id=own)
    again = await send(app_client, photo(), inspector, id=own)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["id"] == own
    for refused in (
        await send(app_client, photo(size=(9, 9)), inspector, id=own),
        await send(app_client, photo(), dispatcher, id=own),
        await send(app_client, photo(), None, path=CITIZENS, id=own),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "client_id_taken")


async def test_citizens_bring_photos_and_cannot_look(app_client: AsyncClient, inspector: Person) -> None:
    answer = await send(app_client, photo(), None, path=CITIZENS)
    assert answer.status_code == 201
    own = answer.json()["id"]
    assert (await app_client.get(f"{OURS}/{own}")).status_code == 401
    assert (await app_client.get(f"{CITIZENS}/{own}")).status_code == 404
    assert (await app_client.get(f"{OURS}/{own}", headers=inspector.headers)).status_code == 404


async def test_hidden_and_absent_look_the_same(app_client: AsyncClient, inspector: Person, dispatcher: Person) -> None:
    own = (await send(app_client, photo(), inspector)).json()["id"]
    hidden = await app_client.get(f"{OURS}/{own}", headers=dispatcher.headers)
    absent = await app_client.get(f"{OURS}/{uuid4()}", headers=dispatcher.headers)
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert {**hidden.json(), "instance": ""} == {**absent.json(), "instance": ""}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, "unsupported_type"),
        (b"GIF89a" + b"\0" * 64, 415, "unsupported_type"),
        (b"%PDF-1.7\n", 415, "unsupported_type"),
        (b"", 415, "unsupported_type"),
        (photo()[:300], 422, "damaged_media"),
        (photo() + b"<script>alert(1)</script>", 422, "damaged_media"),
        (film()[:-1], 422, "damaged_media"),
    ],
    ids=["svg", "gif", "pdf", "empty", "truncated", "polyglot", "cut film"],
)
async def test_what_is_not_taken_is_refused_in_words(
    app_client: AsyncClient, inspector: Person, content: bytes, status: int, code: str
) -> None:
    answer = await send(app_client, content, inspector, name="photo.jpg")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"][:2] in {"只接", "照片", "视频"}


async def test_too_much_is_refused(app_client: AsyncClient, inspector: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    many = io.BytesIO()
    Image.new("1", (8000, 6300)).save(many, "PNG")
    answer = await send(app_client, many.getvalue(), inspector)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    monkeypatch.setattr("app.api.limit.LARGER", ((OURS, 2000),))

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"\0" * 1000

    headers = {**inspector.headers, "Content-Type": "multipart/form-data; boundary=x"}
    answer = await app_client.post(OURS, content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_photos_have_a_limit_of_their_own(app_client: AsyncClient, inspector: Person) -> None:
    answer = await send(app_client, photo() + b"\0" * photos.MOST_PHOTO_BYTES, inspector)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_the_form_is_checked(app_client: AsyncClient, inspector: Person) -> None:
    assert (await send(app_client, photo(), inspector, id="7")).status_code == 422
    assert (await send(app_client, photo(), inspector, key="../../etc")).status_code == 422
    no_file = await app_client.post(OURS, data={"id": str(uuid4())}, headers=inspector.headers)
    assert no_file.status_code == 422
    not_a_form = await app_client.post(OURS, json={"file": "x"}, headers=inspector.headers)
    assert (not_a_form.status_code, not_a_form.json()["code"]) == (415, "unsupported_type")
    assert (await send(app_client, photo(), None)).status_code == 401
