"""The end of "not mine": the coordinator names the unit, now and, with a ruling, for the cases to come. Domain §2."""

from typing import Any
from uuid import NAMESPACE_OID, uuid5

from app.dispatch.case_life import CaseLife, Request
from app.dispatch.case_rulings import refusal, ruling_payload
from app.dispatch.catalogue import Catalogue
from app.dispatch.codes import Action, CaseState, LegEnd, RequestState, Scope
from app.dispatch.commands import Arbitrate, RulingPart
from app.dispatch.deciding import Scene, clock_json
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.ruling import RulingWanted
from app.dispatch.workflow import refuse

AT_WORK = frozenset({CaseState.FILED, CaseState.DISPATCHED})
"""States from which the named unit begins a turn; later than that, the ruling only says whose it was not."""


def arbitrate(life: CaseLife, wanted: Arbitrate, scene: Scene) -> Draft:
    """Name the unit: the same one keeps the case, another gets it with the full limit of its own."""
    pending = _in_dispute(life)
    texts = {"text": wanted.text} if wanted.text else {}
    ruling = {"ruling_id": ruling_id(life)} if wanted.ruling is not None else {}
    about: dict[str, Any] = {"unit_code": wanted.unit_code, **ruling}
    if pending is not None and wanted.unit_code == life.unit_code:
        payload = {**about, **_named(refusal(life, pending, scene)), "outcome": RequestState.REFUSED.value}
        return Draft(action=Action.ARBITRATE, target=life.state, payload=payload, texts=texts)
    if pending is not None:
        about |= {**_named(ruling_payload(life, pending, scene)), "outcome": RequestState.GRANTED.value}
        about = {name: value for name, value in about.items() if not name.startswith("given_back")}
    if life.state not in AT_WORK:
        return Draft(action=Action.ARBITRATE, target=life.state, payload=about, texts=texts)
    begun = {
        "leg": len(life.round.legs) + 1,
        "co_units": [],
        "leg_clock": clock_json(scene.now, life.round.clock.limit, scene.calendar),
    }
    return Draft(action=Action.ARBITRATE, target=CaseState.DISPATCHED, payload={**about, **begun}, texts=texts)


def ruling_id(life: CaseLife) -> str:
    """Return the id of the ruling that the next step of a case makes."""
    return str(uuid5(NAMESPACE_OID, f"{life.case_no}:{life.number + 1}:ruling"))


def ruling_wanted(life: CaseLife, part: RulingPart, unit_code: str, catalogue: Catalogue) -> RulingWanted:
    """Return the reusable ruling: the place of the case as far as `part` says, and its category.

    Raises BadInput where the case lies in no such place, in several, or has a category of another edition.
    """
    category = catalogue.find(life.kind, life.category) if life.catalogue == catalogue.edition else None
    if category is None:
        raise _unfit("scope", "案件的类别不在现行目录中，不能形成可沿用的裁定", "unknown_category")
    return RulingWanted(
        unit_code=unit_code,
        scope=part.scope,
        scope_code=_place_of(life, part),
        kind=category.kind,
        major=category.major,
        minor=category.minor,
        valid_from=part.valid_from,
        valid_to=part.valid_to,
    )


def _in_dispute(life: CaseLife) -> Request | None:
    """Return the request that waits for the coordinator; None for a filed case that a unit has given back."""
    pending = life.round.pending
    if pending is not None and pending.arbitrated:
        return pending
    returned = any(leg.end is LegEnd.RETURNED for leg in life.round.main_legs)
    if pending is None and life.state is CaseState.FILED and returned:
        return None
    raise refuse(life.state, Action.ARBITRATE, "没有待裁定的争议：须有裁定申请、第三次退件，或已退回未派的案件")


def _named(ruling: dict[str, Any]) -> dict[str, Any]:
    """Tell the leg that asked from the one that begins."""
    return {("asked_by" if name == "leg" else name): value for name, value in ruling.items()}


def _place_of(life: CaseLife, part: RulingPart) -> str | None:
    spot = life.spot
    places: dict[Scope, frozenset[str | None]] = {
        Scope.ZONE: frozenset(spot.zones.values()),
        Scope.CELL: frozenset({spot.cell_code}),
        Scope.BEAT: frozenset({spot.beat_code}),
        Scope.COMMUNITY: frozenset({spot.community}),
        Scope.STREET: frozenset({spot.street}),
        Scope.DISTRICT: frozenset({spot.district}),
    }
    if part.scope is Scope.CITY:
        return None
    found = places[part.scope] - {None}
    if part.scope_code is not None:
        found &= {part.scope_code}
    if not found:
        raise _unfit("scope", f"案件不在这样的范围内：{part.scope}", "unknown_place")
    if len(found) > 1:
        listed = "、".join(sorted(code for code in found if code))
        raise _unfit("scope_code", f"案件同时位于几个地块，请指明其一：{listed}", "scope_code_required")
    return next(iter(found))


def _unfit(field: str, message: str, code: str) -> BadInput:
    return BadInput.at(["body", "ruling", field], message, code=code)
