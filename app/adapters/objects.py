"""Where photos and films lie: a folder of the home, or any object store that a URL names."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from app.dispatch.errors import BadInput, Unavailable

_FILE_SCHEME: Final = "file://"
_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object that is there: its length in bytes, and its bytes chunk by chunk."""

    size: int
    chunks: AsyncIterator[bytes]


class Objects:
    """Bytes under keys that the server makes. Nothing is ever overwritten; a key that is taken is refused."""

    def __init__(self, store: ObjectStore) -> None:
        """Take an obstore store."""
        self._store = store

    @classmethod
    def at(cls, url: str | None, folder: Path) -> "Objects":
        """Open what `url` names, else `folder`, which is made for its owner only; raise BadInput for a bad URL."""
        if url is not None and not url.startswith(_FILE_SCHEME):
            return cls(_remote(url))
        place = folder if url is None else Path(url.removeprefix(_FILE_SCHEME))
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(place))

    @classmethod
    def in_memory(cls) -> "Objects":
        """Return the fake: it behaves like the others and forgets everything at the end."""
        return cls(MemoryStore())

    async def put(self, key: str, content: bytes | IO[bytes]) -> None:
        """Store an object whole or not at all; raise Unavailable when the store fails or the key is taken."""
        try:
            await obstore.put_async(self._store, key, content, mode="create")
        except (BaseError, OSError) as error:
            raise Unavailable("媒体存储暂时不可用，请稍后重试", code="media_store_unavailable") from error

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Return an object chunk by chunk, opened already; raise Unavailable when the store has not got it."""
        try:
            found = await obstore.get_async(self._store, key)
        except (BaseError, OSError) as error:
            raise Unavailable("媒体存储暂时不可用，请稍后重试", code="media_store_unavailable") from error
        return _chunks(found)

    async def find(self, key: str) -> Found | None:
        """Return an object, None when the store has not got it; raise Unavailable when the store fails."""
        try:
            found = await obstore.get_async(self._store, key)
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable("媒体存储暂时不可用，请稍后重试", code="media_store_unavailable") from error
        return Found(size=found.meta["size"], chunks=_chunks(found))

    async def size(self, key: str) -> int | None:
        """Return how long an object is (bytes), None when the store has not got it."""
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable("媒体存储暂时不可用，请稍后重试", code="media_store_unavailable") from error

    async def take_back(self, key: str) -> None:
        """Remove an object that nothing names yet: what was put there has to be undone."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise Unavailable("媒体存储暂时不可用，请稍后重试", code="media_store_unavailable") from error


def _remote(url: str) -> ObjectStore:
    try:
        return from_url(url)
    except (BaseError, ValueError) as error:  # the URL itself is not repeated: it may hold a password
        raise BadInput("GRIDCASE_MEDIA_URL 无法使用 / not an object store", code="bad_settings") from error


async def _chunks(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    async for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
        yield bytes(chunk)
