"""Reports as an inspector brings them in, anywhere in the scratch city: as values and as bodies of requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, Self
from uuid import UUID, uuid4

import asyncpg
from uuid_utils.compat import uuid7

from app.bench.people import account_id
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Kind, LocationFrom, Post, Source
from app.dispatch.points import Point
from app.services.arrivals import Incoming
from app.services.ledger import Acting
from app.services.transaction import Sessions

INSPECTOR: Final = "inspector01"
_MIDDLES: Final = "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM cells ORDER BY code) AS m"
_TEXT: Final = "人行道上有暴露垃圾，占了半条路，已有两天"
_ADDRESS: Final = "幸福路东门往南五十米"
CATEGORY: Final = "0110"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """An inspector, and the middles of all cells."""

    account: UUID
    places: Sequence[tuple[float, float]]
    chance: Random

    @classmethod
    async def on(cls, sessions: Sessions, connection: asyncpg.Connection) -> Self:
        """Look up who reports, and where there is something to report."""
        return cls(
            account=await account_id(sessions, INSPECTOR),
            places=[(lon, lat) for lon, lat in await connection.fetch(_MIDDLES)],
            chance=Random(7),  # noqa: S311  # places of a benchmark
        )

    def incoming(self) -> Incoming:
        """Return a report at some place."""
        now, (lon, lat) = datetime.now(UTC), self.chance.choice(self.places)
        arrival = Arrival(
            id=uuid7(),
            source=Source.INSPECTOR,
            description=_TEXT,
            kind=Kind.EVENT,
            category=CATEGORY,
            condition=1,
            address=_ADDRESS,
            point=Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.DEVICE),
            client_id=uuid4(),
            body_digest=uuid4().bytes * 2,
            occurred_at=now,
            account_id=self.account,
        )
        return Incoming(arrival=arrival, acting=Acting(now=now, post=Post.INSPECTOR, actor_id=self.account))

    def body(self) -> Mapping[str, Any]:
        """Return the same as a client sends it."""
        lon, lat = self.chance.choice(self.places)
        return {
            "source": "inspector",
            "kind": "event",
            "category": CATEGORY,
            "condition": 1,
            "description": _TEXT,
            "location": {"lon": lon, "lat": lat, "datum": "cgcs2000", "address": _ADDRESS},
            "client_id": str(uuid4()),
            "occurred_at": datetime.now(UTC).isoformat(),
        }
