"""Fill an empty city with the demo's master data, accounts and partner, in one transaction; a second call adds none."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.adapters.holidays import published_notices
from app.adapters.keys import Keys
from app.adapters.passwords import Passwords
from app.adapters.sealing import Sealer
from app.demo.catalogue import EDITION, load_catalogue
from app.demo.city import DemoCity
from app.dispatch.access import CITY_DESK
from app.dispatch.calendar import OFFICE_HOURS
from app.dispatch.codes import Source
from app.dispatch.importing.organs import AccountRow, reaches
from app.dispatch.limits import parse_limit
from app.dispatch.set_codes import SetKind, SetState
from app.models import people, sets
from app.repositories.seedings import SeedingRepository
from app.repositories.sets import SetRepository, wkb
from app.services.transaction import Sessions, writing

PASSWORD: Final = "gridcase-demo"  # the contract publishes it; refused in production
PARTNER: Final = "demo12345"
SECRET: Final = "whsec_" + base64.b64encode(b"gridcase-demo-secret-not-for-production").decode()

LIFE: Final = "life"
"""The mark of the living city: begun with the master data, finished when the days are played."""

Rows = Sequence[dict[str, Any]]


async def fill(
    sessions: Sessions,
    city: DemoCity,
    keys: Keys,
    *,
    passwords: Passwords | None = None,
    since: datetime | None = None,
    life_follows: bool = False,
) -> None:
    """Store a demo city, in force since an instant (default: now), and let its people in; a second call adds none.

    With `life_follows` the city counts as half filled until `LIFE` is marked as finished.
    """
    now = datetime.now(UTC)
    password_hash = await (passwords or Passwords()).hash(PASSWORD)
    async with writing(sessions) as session:
        if await SetRepository(session).book_number() > 0:
            return
        await _master_data(session, city, since or now)
        await _accounts(session, city.accounts, password_hash, since or now)
        await _partner(session, Sealer(keys))
        await SeedingRepository(session).begin(LIFE, now)
        if not life_follows:
            await SeedingRepository(session).finish(LIFE, now)


async def _master_data(session: AsyncSession, city: DemoCity, now: datetime) -> None:
    repository = SetRepository(session)
    activated = [await _add(repository, kind, name, rows, traits, now) for kind, name, rows, traits in _contents(city)]
    zones = next(one.id for one in activated if one.kind is SetKind.ZONES)
    takes = [{"number": number, **asdict(row)} for number, row in enumerate(city.takes)]
    await repository.add_rows(sets.ZoneTakes, zones, takes)
    await repository.activate((one.id for one in activated), now)


def _contents(city: DemoCity) -> Iterable[tuple[SetKind, str, Rows, dict[str, Any]]]:
    """Yield kind, name, rows and traits of every set."""
    notices = published_notices()
    slots = [[start.strftime("%H:%M"), end.strftime("%H:%M")] for start, end in OFFICE_HOURS]
    calendar = {"slots": slots, "published_until": notices.published_until.isoformat(), "work_day_rule": "hours"}
    days = [{"day": day, "working": one.working, "slots": None} for day, one in notices.days.items()]
    yield SetKind.AREAS, city.name, [_shaped(row) for row in city.areas], {}
    yield SetKind.CELLS, city.name, [_shaped(row, but=("beat_code",)) for row in city.cells], {}
    yield SetKind.BEATS, city.name, [asdict(row) for row in city.beats], {}
    yield SetKind.UNITS, city.name, [asdict(row) for row in city.units], {}
    yield SetKind.ZONES, city.name, [_shaped(row, but=("width_m",)) for row in city.zones], {}
    yield SetKind.COMPONENTS, city.name, [_shaped(row) for row in city.components], {}
    places = [{"number": number, **_shaped(row)} for number, row in enumerate(city.places, start=1)]
    yield SetKind.PLACES, city.name, places, {}
    rules = [{"id": f"r{number:04d}", **asdict(row)} for number, row in enumerate(city.rules, start=1)]
    yield SetKind.RULES, city.name, rules, {}
    yield SetKind.CATALOGUE, EDITION, [_condition(row) for row in load_catalogue()], {}
    yield SetKind.CALENDAR, "default", days, calendar


async def _add(
    repository: SetRepository, kind: SetKind, name: str, rows: Rows, traits: dict[str, Any], now: datetime
) -> sets.DataSet:
    one = sets.DataSet(
        id=uuid7(),
        kind=kind,
        name=name,
        version=await repository.next_version(kind),
        state=SetState.DRAFT,
        valid=True,
        findings=[],
        counts={"rows": len(rows)},
        traits=traits,
        source="city practice (demo)",
        active_from=None,
        active_to=None,
        created_at=now,
    )
    await repository.add(one, rows)
    return one


def _shaped(row: Any, *, but: tuple[str, ...] = ()) -> dict[str, Any]:  # noqa: ANN401  # any of the rows with a shape
    values = {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in (*but, "geometry")}
    return {**values, "geom": wkb(row.geometry)}


def _condition(row: Any) -> dict[str, Any]:  # noqa: ANN401  # a CatalogueRow
    limit = parse_limit(row.limit)
    values = {name: value for name, value in asdict(row).items() if name != "limit"}
    return {**values, "limit_value": limit.value, "limit_unit": limit.unit}


async def _accounts(session: AsyncSession, rows: Iterable[AccountRow], password_hash: str, now: datetime) -> None:
    accounts, posts = [], []
    for row in rows:
        account_id = uuid7()
        accounts.append(
            {
                "id": account_id,
                "username": row.username,
                "name": row.name,
                "password_hash": password_hash,
                "active": True,
                "demo": True,
                "epoch": 1,
                "failed_sign_ins": 0,
                "locked_until": None,
                "created_at": now,
            }
        )
        posts += [_post(account_id, row, post, reach) for post in row.posts for reach in reaches(row, post)]
    await session.execute(insert(people.Account), accounts)
    await session.execute(insert(people.Appointment), posts)


def _post(account_id: UUID, row: AccountRow, post: str, reach: tuple[str | None, str | None]) -> dict[str, Any]:
    region, unit = reach
    return {
        "id": uuid7(),
        "account_id": account_id,
        "post": post,
        "desk": row.desk or CITY_DESK,
        "region_code": region,
        "unit_code": unit,
    }


async def _partner(session: AsyncSession, sealer: Sealer) -> None:
    partner_id = uuid7()
    sealed = sealer.seal(SECRET, partner_id, "secret", 0)
    await session.execute(
        insert(people.Partner),
        [
            {
                "id": partner_id,
                "code": PARTNER,
                "name": "12345政务服务便民热线（示范）",
                "source": Source.HOTLINE_12345,
                "dialect": "standard_webhooks",
                "key_id": sealed.key_id,
                "secret": sealed.sealed,
                "callback_url": None,
                "active": True,
                "demo": True,
            }
        ],
    )
