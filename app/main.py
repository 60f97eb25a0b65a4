"""Put the application together: the only place that wires."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from fastapi import Depends, FastAPI

from app.adapters.keys import Keys, load_keys
from app.adapters.objects import Objects
from app.adapters.passwords import Passwords
from app.adapters.query_codes import QueryCodes
from app.adapters.sealing import Sealer
from app.adapters.tokens import Tokens
from app.api import (
    admin,
    admin_campaigns,
    admin_policies,
    admin_rosters,
    admin_rulings,
    admin_sets,
    appraisal,
    auth,
    case_actions,
    case_policies,
    cases,
    citizen,
    claims,
    clock,
    components,
    desk,
    dispatch,
    docs,
    geo,
    geocode,
    health,
    hotline,
    inspector,
    me,
    media,
    orders,
    problems,
    proofs,
    ref,
    report_actions,
    reports,
    stats,
)
from app.api.deps import Wired
from app.api.edge import Edge
from app.api.flood import Flood
from app.api.gate import Gate
from app.api.limit import Limit
from app.api.strict import known_query, right_type
from app.dispatch.policies import DEFAULTS
from app.repositories.engine import open_engine, open_sessions
from app.repositories.hints import Hints
from app.services.books import Books
from app.services.citizens import Citizens
from app.services.geocoding import Geocoding
from app.services.hotline import Hotline
from app.services.identity import Identity
from app.services.imports import Imports
from app.services.intake import Intake
from app.services.media import MediaService
from app.services.partner_secrets import PartnerSecrets
from app.services.precedence import Precedence
from app.services.readiness import RELEASE
from app.services.rulings import Rulings
from app.services.sets import Sets
from app.services.transaction import Sessions
from app.services.vault import Vault
from app.services.wiring import stepping
from app.settings import Mode, Settings, load_settings

ROUTERS: Final = (
    admin.router,
    admin_sets.router,
    admin_rulings.router,
    admin_rosters.router,
    admin_policies.router,
    admin_campaigns.router,
    auth.router,
    me.router,
    reports.router,
    report_actions.router,
    cases.router,
    case_actions.router,
    case_policies.router,
    orders.router,
    claims.router,
    desk.router,
    dispatch.router,
    components.router,
    proofs.router,
    clock.router,
    geo.router,
    geocode.router,
    ref.router,
    hotline.router,
    inspector.router,
    citizen.router,
    media.router,
    stats.router,
    appraisal.router,
    health.router,
    docs.router,
)


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
        replica = open_engine(given.replica_url) if given.replica_url else engine
        try:
            keys = load_keys(given.keys_dir)
            app.state.wired = wire(given, open_sessions(engine), keys, replica=open_sessions(replica))
            books = app.state.wired.books
            async with books, Hints(engine).heard(books.hint):
                yield
            await app.state.wired.intake.drain()
        finally:
            await replica.dispose()
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
    replica: Sessions | None = None,
    now: Callable[[], datetime] = _utc_now,
    passwords: Passwords | None = None,
) -> Wired:
    """Put the services together over a session factory."""
    sealer, policies, demo = Sealer(keys), DEFAULTS, settings.mode is Mode.DEMO
    books, vault, codes = Books(sessions, now=now), Vault(sealer), QueryCodes(keys.search.secret)
    steps = stepping(sessions, books, vault, policies, now, city=settings.city)
    intake = Intake(sessions, books, vault, codes, policies)
    return Wired(
        settings=settings,
        sessions=sessions,
        replica=replica or sessions,
        now=now,
        books=books,
        identity=Identity(sessions, Tokens(keys.token, settings.city), passwords or Passwords(), now, demo=demo),
        vault=vault,
        intake=intake,
        acts=steps.acts,
        cases=steps.cases,
        reports=steps.reports,
        orders=steps.orders,
        query_codes=codes,
        precedence=Precedence(sessions, books),
        media=MediaService(sessions, Objects.at(settings.media_url, settings.home / "media"), sealer, now),
        flood=Flood(settings.citizen_rate),
        citizens=Citizens(sessions, intake, steps.reports, codes, now),
        sets=Sets(sessions, books, now),
        imports=Imports(sessions, passwords or Passwords(), now),
        rulings=Rulings(sessions, books, now),
        geocoding=Geocoding(replica or sessions, books, vault, policies, now),
        hotline=Hotline(
            sessions=sessions,
            intake=intake,
            reports=steps.reports,
            cases=steps.cases,
            orders=steps.orders,
            vault=vault,
            secrets=PartnerSecrets(sealer),
            now=now,
            demo=demo,
        ),
    )
