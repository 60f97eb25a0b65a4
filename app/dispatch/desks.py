"""How far a desk sends: the city's to every unit, a town's within its own subtree. Source: domain design §2, §6."""

from collections.abc import Mapping

from app.dispatch.access import CITY_DESK
from app.dispatch.errors import BadInput
from app.dispatch.responsibility import Unit


def is_below(units: Mapping[str, Unit], code: str, root: str) -> bool:
    """Tell whether a unit stands under another, or is it."""
    seen: set[str] = set()
    at: str | None = code
    while at is not None and at not in seen:
        if at == root:
            return True
        seen.add(at)
        at = units[at].parent_code if at in units else None
    return False


def sends_to(units: Mapping[str, Unit], code: str, desk: str) -> bool:
    """Tell whether a desk sends to a unit."""
    return desk == CITY_DESK or is_below(units, code, desk)


def send_within(units: Mapping[str, Unit], code: str, desk: str, *, field: str = "unit_code") -> None:
    """Refuse a unit that there is not, or that stands outside of what the desk sends to."""
    if code not in units:
        raise BadInput.at(["body", field], f"没有这个处置单位：{code}", code="unknown_unit")
    if not sends_to(units, code, desk):
        text = f"{code}不是本平台（{desk}）的下级单位；请派给下级单位，或把上报转出"
        raise BadInput.at(["body", field], text, code="unit_out_of_reach")
