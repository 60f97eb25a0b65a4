"""The people of the demo city: who sits at the desk at an instant, who walks a community, who answers for a unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from app.demo.city import DemoCity
from app.demo.names import FAMILY, GIVEN
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import AreaLevel, Post

_SHIFTS: Final = ((14, 1), (22, 2))
"""Until which local hour the first and the second of a post are on; the third, where there is one, has the night."""
_MORNING: Final = 7


@dataclass(frozen=True, slots=True)
class Crew:
    """Accounts by the names that the contract gives them. `partner_id` is the demo hotline's."""

    ids: Mapping[str, UUID]
    of_units: Mapping[str, str]
    beats: Mapping[str, str]
    partner_id: UUID
    partner_code: str

    @classmethod
    def of(cls, city: DemoCity, ids: Mapping[str, UUID], partner_id: UUID, partner_code: str) -> "Crew":
        """Tell the communities out among the inspectors, and find each unit's account."""
        inspectors = [one.username for one in city.accounts if Post.INSPECTOR in one.posts]
        communities = [area.code for area in city.areas if area.level is AreaLevel.COMMUNITY]
        beats = {code: inspectors[n * len(inspectors) // len(communities)] for n, code in enumerate(communities)}
        of_units = {code: one.username for one in city.accounts for code in one.units}
        return cls(ids, of_units, beats, partner_id, partner_code)

    def operator(self, at: datetime) -> UUID:
        """Return the operator on shift."""
        return self.ids[f"operator{_shift(at, night=3):02d}"]

    def lead(self, at: datetime) -> UUID:
        """Return the shift lead."""
        return self.ids[f"lead{_shift(at, night=2):02d}"]

    def other_lead(self, at: datetime) -> UUID:
        """Return the shift lead who is off: the second person."""
        return self.ids[f"lead{3 - _shift(at, night=2):02d}"]

    def dispatcher(self, at: datetime) -> UUID:
        """Return the dispatcher on shift."""
        return self.ids[f"dispatcher{_shift(at, night=2):02d}"]

    def inspector(self, community: str | None) -> UUID:
        """Return who walks a community; the first one where the place is unknown."""
        return self.ids[self.beats.get(community or "", next(iter(self.beats.values())))]

    def other_inspector(self, community: str | None) -> UUID:
        """Return who walks a beat not far from a community, and not it."""
        own, walked = self.inspector(community), list(dict.fromkeys(self.beats.values()))
        ids = [self.ids[username] for username in walked]
        return ids[(ids.index(own) + 1) % len(ids)]

    def unit(self, code: str) -> UUID:
        """Return the account of a unit."""
        return self.ids[self.of_units[code]]


def somebody(rng: Random) -> tuple[str, str]:
    """Draw a name and a telephone number of the block that belongs to nobody."""
    return f"{rng.choice(FAMILY)}{rng.choice(GIVEN)}", f"1380000{rng.randrange(10_000):04d}"


def _shift(at: datetime, *, night: int) -> int:
    hour = at.astimezone(LOCAL_ZONE).hour
    if hour < _MORNING:
        return night
    return next((number for until, number in _SHIFTS if hour < until), night)
