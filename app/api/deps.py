"""What routes ask for: who is calling, the book in force, the time, the services, and three headers."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Request
from fastapi.security import OAuth2PasswordBearer

from app.adapters.query_codes import QueryCodes
from app.api.flood import Flood
from app.dispatch.access import Actor
from app.dispatch.book import Book
from app.dispatch.errors import BadInput, Unauthenticated
from app.services.acts import Acts
from app.services.books import Books
from app.services.cases import Cases
from app.services.citizens import Citizens
from app.services.geocoding import Geocoding
from app.services.hotline import Hotline
from app.services.identity import Identity
from app.services.imports import Imports
from app.services.intake import Intake
from app.services.media import MediaService
from app.services.orders import Orders
from app.services.precedence import Precedence
from app.services.reports import Reports
from app.services.rulings import Rulings
from app.services.sets import Sets
from app.services.transaction import Sessions
from app.services.vault import Vault
from app.settings import Settings

TOKEN_PATH: Final = "/api/v1/auth/token"
_LONGEST_KEY: Final = 255
UNKNOWN_VERSION: Final = -1
"""What an `If-Match` that is none of ours means: no version has this number, so it is always stale."""
_ETAG: Final = re.compile(r'\s*(?:W/)?"?(?P<version>[0-9]{1,9})"?\s*')


@dataclass(slots=True, kw_only=True)
class Wired:
    """Everything `create_app` puts together; routes get single fields of it.

    `replica` serves lists, figures and maps; it is `sessions` where there is none. No write is decided on its answer.
    """

    settings: Settings
    sessions: Sessions
    replica: Sessions
    now: Callable[[], datetime]
    books: Books
    identity: Identity
    vault: Vault
    intake: Intake
    acts: Acts
    cases: Cases
    reports: Reports
    orders: Orders
    query_codes: QueryCodes
    precedence: Precedence
    media: MediaService
    citizens: Citizens
    flood: Flood
    hotline: Hotline
    sets: Sets
    imports: Imports
    rulings: Rulings
    geocoding: Geocoding


def wired(request: Request) -> Wired:
    """Return what the application was wired with."""
    state: Wired = request.app.state.wired
    return state


T = TypeVar("T")


def taken(pick: Callable[[Wired], T]) -> Callable[[Request], Awaitable[T]]:
    """Return a dependency that picks one thing: `Annotated[Cases, Depends(taken(lambda wired: wired.cases))]`."""

    async def take(request: Request) -> T:
        return pick(wired(request))

    return take


_bearer = OAuth2PasswordBearer(
    tokenUrl=TOKEN_PATH, refreshUrl=TOKEN_PATH, auto_error=False, scheme_name="password", description="用户名与口令"
)


async def current_actor(request: Request, _token: Annotated[str | None, Depends(_bearer)]) -> Actor:
    """Return who is calling, as the gate found; nobody gets past this without a token that is believed."""
    actor = request.scope.get("state", {}).get("actor")
    if not isinstance(actor, Actor):
        raise Unauthenticated("请先登录")
    return actor


async def _now(request: Request) -> datetime:
    return wired(request).now()


async def _if_match(
    if_match: Annotated[str | None, Header(description="`ETag` of the version known")] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match)
    return int(match["version"]) if match else UNKNOWN_VERSION


async def _idempotency_key(
    idempotency_key: Annotated[
        str | None, Header(description="Made by the client; the same key never acts twice within seven days")
    ] = None,
) -> str | None:
    if idempotency_key is None:
        return None
    key = idempotency_key.strip()
    key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not key or len(key) > _LONGEST_KEY:
        where = ("header", "Idempotency-Key")
        raise BadInput.at(where, f"Idempotency-Key 须为 1 至 {_LONGEST_KEY} 个字符", code="bad_idempotency_key")
    return key


def etag(version: int) -> str:
    """Return the `ETag` of a version."""
    return f'"{version}"'


CurrentActor = Annotated[Actor, Depends(current_actor)]
CurrentBook = Annotated[Book, Depends(taken(lambda wired: wired.books.current))]
Now = Annotated[datetime, Depends(_now)]
IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that the caller believes in; None: any. Services raise Stale where it is another."""
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
CaseService = Annotated[Cases, Depends(taken(lambda wired: wired.cases))]
ReportService = Annotated[Reports, Depends(taken(lambda wired: wired.reports))]
IntakeService = Annotated[Intake, Depends(taken(lambda wired: wired.intake))]
IdentityService = Annotated[Identity, Depends(taken(lambda wired: wired.identity))]
