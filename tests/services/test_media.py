import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from app.adapters.keys import Keys
from app.adapters.objects import Objects
from app.adapters.sealing import Sealer
from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import Post
from app.dispatch.errors import BadInput, ClientIdTaken, NotVisible, TooLarge, UnsupportedType
from app.models.cases import Case
from app.models.people import Account
from app.models.reports import MediaUse, Report
from app.repositories.engine import open_engine, open_sessions
from app.services.media import ORIGINAL, SERVED, MediaService, unpack
from app.services.transaction import Sessions
from tests.adapters.pictures import exif, film, photo
from tests.services.plain_book import BOOK
from tests.towns import Town

NOON = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # the next day in the city
AUTHOR, CHECKER, OTHER = (UUID(int=number) for number in (1, 2, 3))
REPORT, CASE = UUID(int=100), UUID(int=101)


def actor(post: Post, *, of: UUID = OTHER, region: str | None = None, unit: str | None = None) -> Actor:
    held = Appointment(post=post, desk="city", region_code=region, unit_code=unit)
    return Actor(account_id=of, username="a", name="甲", appointments=(held,))


@pytest.fixture
def objects() -> Objects:
    return Objects.in_memory()


@pytest.fixture
async def media(sessions: Sessions, objects: Objects, keys: Keys) -> MediaService:
    """Return the service in a city with one report of D1, its case with U2, and three accounts."""
    async with sessions() as session, session.begin():
        await session.execute(
            insert(Account), [{**_ACCOUNT, "id": one, "username": str(one)} for one in (AUTHOR, CHECKER, OTHER)]
        )
        await session.execute(insert(Report), [{**_REPORT, "id": REPORT, "receipt_no": "1", "account_id": AUTHOR}])
        await session.execute(
            insert(Case),
            [{**_CASE, "id": CASE, "case_no": "1", "unit_codes": ["U2"], "author_id": AUTHOR, "inspector_id": CHECKER}],
        )
    return MediaService(sessions, objects, Sealer(keys), lambda: NOON)


async def use(sessions: Sessions, media_id: UUID, subject_id: UUID, *, by: UUID | None = None, number: int = 1) -> None:
    async with sessions() as session, session.begin():
        row = {"media_id": media_id, "subject_id": subject_id, "number": number, "account_id": by}
        await session.execute(insert(MediaUse), [row])


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def is_shown(media: MediaService, media_id: UUID, to: Actor) -> bool:
    try:
        await media.show(media_id, to, BOOK)
    except NotVisible:
        return False
    return True


INSPECTOR = actor(Post.INSPECTOR, of=AUTHOR, region="X")
WHO = {
    "its author": INSPECTOR,
    "its checker": actor(Post.INSPECTOR, of=CHECKER, region="X"),
    "an inspector elsewhere": actor(Post.INSPECTOR, region="X"),
    "an inspector there": actor(Post.INSPECTOR, region="D1"),
    "the desk there": actor(Post.OPERATOR, region="D1"),
    "the desk elsewhere": actor(Post.OPERATOR, region="X"),
    "the city's desk": actor(Post.DISPATCHER),
    "the unit": actor(Post.UNIT, unit="U2"),
    "the unit above": actor(Post.UNIT_LEAD, unit="U1"),
    "another unit": actor(Post.UNIT, unit="U3"),
    "the administrator": actor(Post.ADMIN),
}
SEES_REPORT = {"its author", "the desk there", "the city's desk"}
SEES_CASE = {
    "its checker",
    "an inspector there",
    "the desk there",
    "the city's desk",
    "the unit",
    "the unit above",
}


@pytest.mark.parametrize("who", WHO)
async def test_who_sees_where_a_photo_is_used_sees_the_photo(media: MediaService, sessions: Sessions, who: str) -> None:
    of_report, of_case, unused = [(await media.keep(io.BytesIO(photo()), account_id=None)).medium.id for _ in range(3)]
    await use(sessions, of_report, REPORT)
    await use(sessions, of_case, CASE)
    assert await is_shown(media, of_report, WHO[who]) is (who in SEES_REPORT)
    assert await is_shown(media, of_case, WHO[who]) is (who in SEES_CASE)
    assert not await is_shown(media, unused, WHO[who])
    assert not await is_shown(media, uuid4(), WHO[who])


async def test_who_brought_it_sees_it_and_nobody_else(media: MediaService) -> None:
    own = (await media.keep(io.BytesIO(photo()), account_id=AUTHOR)).medium.id
    assert await is_shown(media, own, actor(Post.UNIT, of=AUTHOR, unit="U3"))
    assert not await is_shown(media, own, actor(Post.DISPATCHER, of=OTHER))


async def test_the_original_is_kept_sealed_beside_what_is_served(
    media: MediaService, objects: Objects, keys: Keys
) -> None:
    original = photo(exif=exif())
    medium = (await media.keep(io.BytesIO(original), account_id=AUTHOR)).medium
    assert medium.object_key.startswith(f"{SERVED}2026/03/03/")
    place = medium.object_key.replace(SERVED, ORIGINAL).removesuffix(".jpg")
    stored = await whole(await objects.get(place))
    assert original[:200] not in stored
    assert Sealer(keys).open_bytes(unpack(stored), place) == original
    served = await whole((await media.show(medium.id, INSPECTOR, BOOK)).chunks)
    assert (len(served), b"Exif" in served) == (medium.size, False)
    assert (medium.taken_lon, medium.taken_lat) == pytest.approx((110.35, 20.02))


async def test_a_film_is_kept_as_it_is(media: MediaService) -> None:
    medium = (await media.keep(io.BytesIO(film()), account_id=AUTHOR)).medium
    assert (medium.mime, medium.width, medium.size) == ("video/mp4", None, len(film()))
    shown = await media.show(medium.id, INSPECTOR, BOOK)
    assert shown.filename == f"{medium.id}.mp4"
    assert await whole(shown.chunks) == film()


@pytest.mark.parametrize("account_id", [AUTHOR, None], ids=["account", "citizen"])
async def test_the_same_id_and_bytes_give_the_first_answer_again(media: MediaService, account_id: UUID | None) -> None:
    own = uuid4()
    first = await media.keep(io.BytesIO(photo()), media_id=own, account_id=account_id)
    again = await media.keep(io.BytesIO(photo()), media_id=own, account_id=account_id)
    assert (first.created, again.created) == (True, False)
    assert again.medium == first.medium
    assert first.medium.id == own


async def test_an_id_belongs_to_its_first_bytes_and_owner(media: MediaService) -> None:
    own = uuid4()
    await media.keep(io.BytesIO(photo()), media_id=own, account_id=AUTHOR)
    for content, account_id in ((photo(size=(9, 9)), AUTHOR), (photo(), OTHER), (photo(), None)):
        with pytest.raises(ClientIdTaken):
            await media.keep(io.BytesIO(content), media_id=own, account_id=account_id)


async def test_bytes_that_came_before_are_marked(media: MediaService) -> None:
    first = await media.keep(io.BytesIO(photo(exif=exif())), account_id=AUTHOR)
    second = await media.keep(io.BytesIO(photo(exif=exif())), account_id=OTHER)
    third = await media.keep(io.BytesIO(photo(size=(9, 9))), account_id=OTHER)
    assert [kept.medium.flags for kept in (first, second, third)] == [(), ("reused",), ("no_exif",)]


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"%PDF-1.7", UnsupportedType), (photo()[:300], BadInput), (photo() + b"\0" * 15 * 1024 * 1024, TooLarge)],
    ids=["document", "truncated", "too large"],
)
async def test_what_is_refused_leaves_nothing(media: MediaService, content: bytes, error: type[Exception]) -> None:
    own = uuid4()
    with pytest.raises(error):
        await media.keep(io.BytesIO(content), media_id=own, account_id=AUTHOR)
    assert (await media.keep(io.BytesIO(photo()), media_id=own, account_id=AUTHOR)).created


async def test_an_upload_sent_many_times_at_once_is_one(fresh_city: Town, objects: Objects, keys: Keys) -> None:
    engine = open_engine(fresh_city.app_url)
    media = MediaService(open_sessions(engine), objects, Sealer(keys), lambda: NOON)
    own = uuid4()
    kept = await asyncio.gather(*(media.keep(io.BytesIO(photo()), media_id=own, account_id=None) for _ in range(6)))
    await engine.dispose()
    assert sorted(one.created for one in kept) == [False] * 5 + [True]
    assert len({one.medium.object_key for one in kept}) == 1


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
    "district": "D1",
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


async def test_hanging_another_ones_photo_on_a_case_of_ones_own_opens_it_to_nobody(
    media: MediaService, sessions: Sessions
) -> None:
    taken = (await media.keep(io.BytesIO(photo()), account_id=AUTHOR)).medium.id
    await use(sessions, taken, CASE, by=CHECKER)
    assert not await is_shown(media, taken, WHO["the unit"])
    await use(sessions, taken, CASE, by=AUTHOR, number=2)
    assert await is_shown(media, taken, WHO["the unit"])
