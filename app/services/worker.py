"""The worker: sends what waits, fires what is due, forgets what is old; goes on when the database comes back."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from app.adapters.addresses import AllowedAddresses
from app.adapters.callbacks import Caller, HttpCaller
from app.adapters.keys import Keys, load_keys
from app.adapters.sealing import Sealer
from app.dispatch.policies import DEFAULTS
from app.repositories.engine import open_engine, open_sessions
from app.services.anchoring import anchoring
from app.services.books import Books
from app.services.outbox import Outbox
from app.services.partner_secrets import PartnerSecrets
from app.services.relocations import Relocations
from app.services.timers import Timers
from app.services.transaction import Sessions, sqlstate
from app.services.vault import Vault
from app.services.wiring import stepping
from app.settings import Mode, Settings

log = structlog.get_logger()

LOOK_EVERY: Final = timedelta(milliseconds=500)
RELOCATE_EVERY: Final = timedelta(seconds=2)
FORGET_EVERY: Final = timedelta(hours=1)
ANCHOR_EVERY: Final = timedelta(hours=1)
LONGEST_PAUSE: Final = timedelta(seconds=30)
"""How long a loop that keeps failing waits at most before it tries again."""
_MOST_DOUBLINGS: Final = 10
"""Beyond that the pause is the longest anyway, and after a long outage no timedelta could hold it."""


async def run_forever(settings: Settings, stop: asyncio.Event) -> None:
    """Work until told to stop; then finish what is under way."""
    if settings.database_url is None:
        raise RuntimeError("no database address: start by `gridcase run` or `gridcase work`")
    allowed = AllowedAddresses.of(settings.callback_networks, loopback=settings.mode is Mode.DEMO)
    engine = open_engine(settings.database_url)
    try:
        async with HttpCaller(allowed) as caller:
            sessions, keys = open_sessions(engine), load_keys(settings.keys_dir)
            books = Books(sessions)
            outbox, timers = build(settings, sessions, keys, caller, books)
            relocations = relocating(settings, sessions, keys, books)
            await asyncio.gather(
                repeat("outbox", LOOK_EVERY, outbox.look, stop),
                repeat("timers", LOOK_EVERY, timers.fire_due, stop),
                repeat("relocations", RELOCATE_EVERY, relocations.look, stop),
                repeat("schedules", LOOK_EVERY, books.begin_due, stop),
                repeat("forget", FORGET_EVERY, timers.forget, stop),
                *_anchors(settings, sessions, stop),
            )
            await outbox.close()
    finally:
        await engine.dispose()


def _anchors(settings: Settings, sessions: Sessions, stop: asyncio.Event) -> list[Awaitable[None]]:
    """Return the loop that writes anchors, where a folder is set for them."""
    if settings.anchor_dir is None:
        return []
    return [repeat("anchors", ANCHOR_EVERY, anchoring(settings, sessions).look, stop)]


def build(settings: Settings, sessions: Sessions, keys: Keys, caller: Caller, books: Books) -> tuple[Outbox, Timers]:
    """Put together what the loops call."""
    sealer = Sealer(keys)
    steps = stepping(sessions, books, Vault(sealer), DEFAULTS, _now, city=settings.city)
    outbox = Outbox(sessions, caller, PartnerSecrets(sealer), _now, demo=settings.mode is Mode.DEMO)
    return outbox, Timers(sessions, steps.acts, _now, steps.orders)


def relocating(settings: Settings, sessions: Sessions, keys: Keys, books: Books) -> Relocations:
    """Put together what locates open cases anew."""
    steps = stepping(sessions, books, Vault(Sealer(keys)), DEFAULTS, _now, city=settings.city)
    return Relocations(sessions, books, steps.acts, DEFAULTS, _now)


async def repeat(name: str, every: timedelta, work: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Do `work` again and again; after failures in a row at growing distances, because the database may be away."""
    failures = 0
    while not stop.is_set():
        try:
            await work()
            failures = 0
        except Exception as error:  # noqa: BLE001  # whatever it was, the next round may succeed; it is not swallowed
            failures += 1
            log.warning("loop_failed", loop=name, kind=type(error).__name__, sqlstate=sqlstate(error))
        pause = min(every * 2 ** min(failures, _MOST_DOUBLINGS), LONGEST_PAUSE) if failures else every
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause.total_seconds())


def _now() -> datetime:
    return datetime.now(UTC)
