"""Components that a report may be about: those of its kind within reach."""

from app.dispatch.components import NearComponent, is_gone
from app.repositories.components import ComponentRepository
from app.services.transaction import Sessions, reading


class Components:
    """Questions about components."""

    def __init__(self, sessions: Sessions) -> None:
        """Take where to read from."""
        self._sessions = sessions

    async def near(
        self, lon: float, lat: float, *, radius_m: float, category: str | None, limit: int
    ) -> list[NearComponent]:
        """Return components around a canonical point, the nearest first, without those that were taken away."""
        async with reading(self._sessions) as session:
            found = await ComponentRepository(session).near(lon, lat, radius_m, category)
        return [one for one in found if not is_gone(one.state)][:limit]
