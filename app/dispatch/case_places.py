"""Where a case lies, told anew: the codes of a new grid for a point that stayed where it was."""

from dataclasses import asdict
from typing import Any

from app.dispatch.case_life import CaseLife, Spot
from app.dispatch.codes import Action
from app.dispatch.commands import Relocate
from app.dispatch.deciding import Scene
from app.dispatch.history import Draft
from app.dispatch.workflow import refuse


def relocate(life: CaseLife, wanted: Relocate, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Take over the codes that the point has in the grid now in force; the unit at work stays."""
    if same_codes(life.spot, wanted.spot):
        raise refuse(life.state, Action.RELOCATE, "位置编码没有变化")
    payload = {"spot": spot_json(wanted.spot), "versions": dict(wanted.versions)}
    return Draft(action=Action.RELOCATE, target=life.state, payload=payload)


def same_codes(one: Spot, other: Spot) -> bool:
    """Tell whether two spots name the same cell, areas, beat and zones."""
    return spot_json(one) == spot_json(other)


def spot_json(spot: Spot) -> dict[str, Any]:
    """Return a spot as it stands in payloads."""
    return {**asdict(spot), "zones": dict(spot.zones)}
