"""The demo accounts by the names the contract gives them; their password is the seeding's business."""

from collections.abc import Iterable
from itertools import product
from random import Random
from typing import Final

from app.demo.names import FAMILY, GIVEN
from app.demo.units import Directory
from app.dispatch.codes import Post
from app.dispatch.importing.organs import AccountRow

_DESK: Final = (
    ("inspector", 16, (Post.INSPECTOR,)),
    ("operator", 3, (Post.OPERATOR,)),
    ("lead", 2, (Post.SHIFT_LEAD,)),
    ("dispatcher", 2, (Post.DISPATCHER,)),
    ("supervisor", 1, (Post.SUPERVISOR,)),
    ("coordinator", 1, (Post.COORDINATOR,)),
    ("admin", 1, (Post.ADMIN,)),
    ("officer", 1, (Post.DATA_OFFICER,)),
)
_TOWN: Final = (
    ("town_operator01", (Post.OPERATOR,)),
    ("town_lead01", (Post.SHIFT_LEAD, Post.UNIT)),
    ("town_dispatcher01", (Post.DISPATCHER, Post.UNIT)),
)
"""The town's desk; by their unit's post two of them work on what the city hands to the town."""
_BUSIEST: Final = "enforcement"  # of the first district: it takes category 0101 there
_MOST: Final = 99


def open_accounts(rng: Random, units: Directory) -> tuple[AccountRow, ...]:
    """Return city-wide accounts for every post, those of the town's desk, and one account a unit.

    unit01 belongs to the busiest leaf; the units below the town come last.
    """
    people = (f"{family}{given}" for family, given in rng.sample(list(product(FAMILY, GIVEN)), 200))
    wide = [
        AccountRow(username=f"{stem}{number:02d}", name=next(people), posts=posts, desk=None, regions=(), units=())
        for stem, count, posts in _DESK
        for number in range(1, count + 1)
    ]
    of_units = [
        AccountRow(
            username=f"unit{number:02d}", name=next(people), posts=(Post.UNIT,), desk=None, regions=(), units=(unit,)
        )
        for number, unit in enumerate(_in_order(units), start=1)
    ]
    at_town = [
        AccountRow(
            username=username,
            name=next(people),
            posts=posts,
            desk=units.town,
            regions=(),
            units=(units.town,) if Post.UNIT in posts else (),
        )
        for username, posts in _TOWN
    ]
    return (*wide, *of_units[:_MOST], *at_town)


def _in_order(units: Directory) -> Iterable[str]:
    first = min(code for (trade, _), code in units.by_trade.items() if trade == _BUSIEST)
    yield first
    others = [row.code for row in units.rows if row.code != first]
    yield from sorted(others, key=units.below_town)
