"""Words to places and back, from the places in force and from what operators confirmed; nothing is stored here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.book import Book
from app.dispatch.errors import BadInput
from app.dispatch.geocoding import pairs
from app.dispatch.geocoding.candidates import Leaning, candidates
from app.dispatch.geocoding.gazetteer import Known, wanted, with_aliases
from app.dispatch.geocoding.ground import Where
from app.dispatch.geocoding.keys import SHORTEST_KEY, as_key
from app.dispatch.geocoding.parsing import parse, region_keys
from app.dispatch.geocoding.phrases import Named, Phrase
from app.dispatch.geocoding.readings import Candidate
from app.dispatch.geocoding.reversing import REACH_M, describe
from app.dispatch.policies import Policies
from app.repositories.places import PlaceRepository
from app.services.books import Books
from app.services.dispatching import versions
from app.services.transaction import Sessions, reading
from app.services.vault import Vault

_LIKE_NAMES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A candidate with the cell it lies in."""

    candidate: Candidate
    cell_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Candidates, the best first, and the versions that say so."""

    candidates: Sequence[Located]
    versions: Mapping[str, int]


class Geocoding:
    """Questions about addresses."""

    def __init__(
        self, sessions: Sessions, books: Books, vault: Vault, policies: Policies, now: Callable[[], datetime]
    ) -> None:
        """Take where places are kept, the books, what makes digests of addresses, and our clock."""
        self._sessions = sessions
        self._books = books
        self._vault = vault
        self._policies = policies
        self._now = now
        self._regions: tuple[Book, Mapping[str, str]] | None = None

    async def find(self, text: str, near: Where | None = None) -> Answered:
        """Return what an address may mean; `near` canonical. Raises BadInput where it says nothing."""
        if len(as_key(text)) < SHORTEST_KEY:
            raise BadInput.at(["query", "q"], "地址至少要有两个字", code="bad_address")
        book = self._books.current
        phrase = parse(text, self._regions_of(book))
        async with reading(self._sessions) as session:
            known = await self._known(session, phrase, text)
        leaning = Leaning(near=near, areas_at=partial(self._areas_at, book))
        return self._answered(candidates(phrase, known, leaning, asked=text.strip()), book)

    async def describe(self, lon: float, lat: float) -> Answered:
        """Return phrases for a canonical point."""
        book = self._books.current
        async with reading(self._sessions) as session:
            repository = PlaceRepository(session)
            active = await repository.active()
            places = await repository.around(active, lon, lat, REACH_M) if active else []
        return self._answered(describe(lon, lat, places), book)

    async def _known(self, session: AsyncSession, phrase: Phrase, text: str) -> Known:
        repository = PlaceRepository(session)
        digest = self._vault.address_digest(text)
        confirmed = pairs.gathered(await repository.pairs(digest)) if digest else []
        active = await repository.active()
        if active is None:
            return Known(confirmed=confirmed)
        asked = wanted(phrase)
        hits = await repository.hits(active, asked.keys)
        doors = await repository.doors(active, with_aliases(asked, phrase, hits))
        if not hits and not doors:
            hits = await repository.like(active, _names(phrase))
        return Known(hits=hits, doors=doors, confirmed=confirmed)

    def _answered(self, found: Sequence[Candidate], book: Book) -> Answered:
        located = [Located(candidate=one, cell_code=self._cell_at(book, one.lon, one.lat)) for one in found]
        return Answered(candidates=located, versions=versions(book))

    def _cell_at(self, book: Book, lon: float, lat: float) -> str | None:
        policies = book.city_policies(self._now(), self._policies)
        return book.cells.locate(lon, lat, tolerance_m=policies.snap_tolerance_m).code

    def _areas_at(self, book: Book, lon: float, lat: float) -> list[str]:
        """Return the names of the areas around a point."""
        cell = self._cell_at(book, lon, lat)
        if cell is None:
            return []
        spot = book.spot_of(cell, {})
        return [book.areas[code].name for code in (spot.community, spot.street, spot.district) if code]

    def _regions_of(self, book: Book) -> Mapping[str, str]:
        """Return the names of a book's areas, made ready once."""
        if self._regions is None or self._regions[0].areas is not book.areas:
            self._regions = book, region_keys(area.name for area in book.areas.values())
        return self._regions[1]


def _names(phrase: Phrase) -> list[str]:
    """Return the few names whose like is looked for when nothing is known by exactly what was said."""
    named = [one.core for one in (*phrase.anchors, *phrase.beyond) if isinstance(one, Named)]
    return list(dict.fromkeys(named))[:_LIKE_NAMES]
