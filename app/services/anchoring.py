"""Write roots of the history where the database's keepers cannot reach, and read them back for an audit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.adapters.anchor_files import AnchorFolder, Signer
from app.adapters.keys import anchor_key
from app.dispatch.anchors import UNDER_WAY, Anchor, Anchored, AnchorFinding, unlinked
from app.dispatch.errors import Unavailable
from app.repositories.anchors import AnchorRepository
from app.services.transaction import Sessions, reading, writing
from app.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What the anchors of a folder say, and what is wrong with them."""

    anchored: Anchored
    anchors: int
    findings: tuple[AnchorFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchoring:
    """Make anchors; several workers may try at once, one does it."""

    sessions: Sessions
    folder: AnchorFolder
    signer: Signer
    city: str
    now: Callable[[], datetime]

    async def anchor(self) -> Anchor | None:
        """Write what has grown since the last anchor; None where nothing has, or another is at it.

        The file is written before its row: after a crash between the two the file is taken over the next time.
        Raises Unavailable where the folder cannot be written.
        """
        async with writing(self.sessions) as session:
            anchors = AnchorRepository(session)
            if not await anchors.alone() or await anchors.filling():
                return None
            last = await anchors.last()
            number, previous = (last.number + 1, last.root) if last else (1, None)
            made = await self._left_behind(anchors, number, previous)
            if made is None:
                at, since = self.now(), last.at - UNDER_WAY if last else None
                chains = await anchors.grown(since)
                if not chains:
                    return None
                made = Anchor(city=self.city, number=number, at=at, since=since, previous=previous, chains=chains)
                self.folder.write(made, self.signer)
            await anchors.add(made)
            return made

    async def look(self) -> None:
        """Make an anchor and say so in the log."""
        made = await self.anchor()
        if made is not None:
            log.info("anchored", number=made.number, chains=len(made.chains), root=made.root)

    async def _left_behind(self, anchors: AnchorRepository, number: int, previous: str | None) -> Anchor | None:
        """Return the anchor of this number that lies in the folder already; raise Unavailable where it is not ours."""
        found = self.folder.one(number, self.signer.public)
        if found is None:
            return None
        if isinstance(found, Anchor) and found.previous == previous and await anchors.knows(found.chains[0]):
            return found
        raise Unavailable(
            f"目录里的第{number}号锚点不是本库所写；一座城市一个目录。 Anchor {number} there is not of this database.",
            code="anchor_of_another",
        )


def anchoring(settings: Settings, sessions: Sessions) -> Anchoring:
    """Put together who makes anchors; raises ValueError where no folder is set."""
    if settings.anchor_dir is None:
        raise ValueError("no folder for anchors")
    signer = Signer(anchor_key(settings.keys_dir))
    folder = AnchorFolder(path=settings.anchor_dir)
    return Anchoring(sessions=sessions, folder=folder, signer=signer, city=settings.city, now=_now)


def _now() -> datetime:
    return datetime.now(UTC)


async def believed(sessions: Sessions, folder: AnchorFolder, public: Ed25519PublicKey, city: str) -> Believed:
    """Read all anchors of a folder, check them against each other and against what the database remembers."""
    read = [*folder.read(public)]
    anchors = [one for one in read if isinstance(one, Anchor) and one.city == city]
    wrong = [one for one in read if isinstance(one, AnchorFinding)]
    async with reading(sessions) as session:
        known = await AnchorRepository(session).roots()
    named = {one.number for one in wrong}
    wrong += [one for one in unlinked(anchors, known) if one.number not in named]
    ordered = tuple(sorted(wrong, key=lambda one: one.number))
    return Believed(anchored=Anchored.of(anchors), anchors=len(anchors), findings=ordered)
