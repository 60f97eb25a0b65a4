"""Put the application together: the only place that wires."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from fastapi import Depends, FastAPI

from app.adapters.keys import Keys, load_keys
from app.adapters.objects import Objects
from app.adapters.passwords import Passwords
from app.adapters.sealing import Sealer
from app.adapters.tokens import Tokens
from app.api import appraisal, auth, docs, health, me, media, problems
from app.api.deps import Wired
from app.api.edge import Edge
from app.api.gate import Gate
from app.api.limit import Limit
from app.api.strict import known_query, right_type
from app.repositories.engine import open_engine, open_sessions
from app.services.books import Books
from app.services.identity import Identity
from app.services.media import MediaService
from app.services.readiness import RELEASE
from app.services.transaction import Sessions
from app.services.vault import Vault
from app.settings import Mode, Settings, load_settings

ROUTERS: Final = (auth.router, me.router, media.router, appraisal.router, health.router, docs.router)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; the database is touched when it starts, not before."""
    given = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if given.database_url is None:
            raise RuntimeError("no database address: start by `gridcase run` or `gridcase serve`")
        engine = open_engine(given.database_url)
        try:
            app.state.wired = wire(given, open_sessions(engine), load_keys(given.keys_dir))
            async with app.state.wired.books:
                yield
        finally:
            await engine.dispose()

    app = FastAPI(
        title="网格派件 Gridcase",
        description="城市管理案件派遣服务。 Case dispatch for digital urban management.",
        version=RELEASE,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(known_query), Depends(right_type)],
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it would record what citizens wrote
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Limit)
    app.add_middleware(Gate)
    app.add_middleware(Edge)  # the last one added is the outermost
    return app


def wire(
    settings: Settings,
    sessions: Sessions,
    keys: Keys,
    *,
    now: Callable[[], datetime] = _utc_now,
    passwords: Passwords | None = None,
) -> Wired:
    """Put the services together over a session factory."""
    sealer = Sealer(keys)
    return Wired(
        settings=settings,
        sessions=sessions,
        now=now,
        books=Books(sessions),
        identity=Identity(
            sessions,
            Tokens(keys.token, settings.city),
            passwords or Passwords(),
            now,
            demo=settings.mode is Mode.DEMO,
        ),
        vault=Vault(sealer),
        media=MediaService(sessions, Objects.at(settings.media_url, settings.home / "media"), sealer, now),
    )
