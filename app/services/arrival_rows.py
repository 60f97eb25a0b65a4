"""What an arrival becomes in the tables: the report's row, the first step of its history, the vault's values."""

import secrets
from typing import Any, Final

from shapely import Point

from app.adapters.query_codes import QueryCodes
from app.dispatch.arrival import Arrival, Triage, contact_mode
from app.dispatch.book import Book
from app.dispatch.case_life import Spot
from app.dispatch.codes import Action, Attention, ReportState
from app.dispatch.duplicates import PossibleDuplicate
from app.dispatch.history import Draft
from app.dispatch.report_life import received_payload
from app.dispatch.scrub import scrub
from app.repositories.sets import wkb
from app.services.arrivals import Found
from app.services.vault import Personal

RECEIPT_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RECEIPT_LENGTH: Final = 14


def report_row(found: Found, codes: QueryCodes) -> dict[str, Any]:
    """Return the report's row, with a receipt number of its own."""
    arrival, seen, now = found.arrival, found.triage, found.acting.now
    point, known = arrival.point, arrival.reporter.known
    return {
        "id": arrival.id,
        "receipt_no": "".join(secrets.choice(RECEIPT_ALPHABET) for _ in range(RECEIPT_LENGTH)),
        "query_digest": codes.digest(codes.code_of(arrival.id)),
        "state": ReportState.RECEIVED,
        "source": arrival.source,
        "kind": arrival.kind,
        "category": arrival.category,
        "condition": seen.condition,
        "catalogue": arrival.catalogue or found.book.catalogue.edition,
        "description": scrub(arrival.description, known).text,
        "address": scrub(arrival.address, known).text if arrival.address else None,
        "component_code": arrival.component_code,
        "tags": list(arrival.tags),
        "campaign": arrival.campaign,
        "attention": _attention(found),
        "datum": point.datum if point else None,
        "raw_lon": point.raw_lon if point else None,
        "raw_lat": point.raw_lat if point else None,
        "accuracy_m": point.accuracy_m if point else None,
        "located_from": point.located_from if point else None,
        "geom": point_wkb(point.lon, point.lat) if point else None,
        **_spot(seen.spot),
        "routing": routing_json(seen, found.book),
        "duplicates": [_duplicate_json(one) for one in found.duplicates],
        "desk": arrival.desk,
        "contact": contact_mode(arrival.source, arrival.reporter.contact),
        "anonymous": arrival.reporter.anonymous,
        "asks_call": arrival.reporter.asks_call,
        "called_back_at": None,
        "opinions": [],
        "public_answer": None,
        "end_reason": None,
        "answer_due_at": arrival.answer_due_at,
        "account_id": arrival.account_id,
        "verifier_id": None,
        "partner_id": arrival.partner_id,
        "order_no": arrival.order_no,
        "client_id": arrival.client_id,
        "body_digest": arrival.body_digest,
        "occurred_at": arrival.occurred_at,
        "received_at": now,
        "waiting_since": now,
        "updated_at": now,
        "version": 1,
    }


def _attention(found: Found) -> list[str]:
    raised = set(found.triage.attention)
    if found.duplicates:
        raised.add(Attention.POSSIBLE_DUPLICATE)
    return sorted(raised)


def first_step(found: Found) -> Draft:
    """Return the step with which the report's history begins."""
    arrival, seen = found.arrival, found.triage
    payload = received_payload(
        source=arrival.source,
        kind=arrival.kind,
        category=arrival.category,
        campaign=arrival.campaign,
        desk=arrival.desk,
        spot=_spot(seen.spot),
        unit_code=seen.decision.unit_code,
        author_id=arrival.account_id,
        answer_due_at=arrival.answer_due_at,
        attention=_attention(found),
    )
    return Draft(action=Action.RECEIVE, target=ReportState.RECEIVED, payload=payload)


def _spot(spot: Spot) -> dict[str, Any]:
    """Return a spot as it is stored; `asdict` would copy deeply, and take half of the time of a report."""
    return {
        "cell_code": spot.cell_code,
        "beat_code": spot.beat_code,
        "community": spot.community,
        "street": spot.street,
        "district": spot.district,
        "zones": dict(spot.zones),
    }


def personal_values(arrival: Arrival) -> dict[Personal, str | None]:
    """Return what belongs to the vault: who reports, and everything as it was said."""
    return {
        Personal.NAME: arrival.reporter.name,
        Personal.PHONE: arrival.reporter.phone,
        Personal.CALLBACK_PHONE: arrival.reporter.callback_phone,
        Personal.ADDRESS: arrival.address,
        Personal.ORIGINAL_TEXT: arrival.description,
        Personal.RAW_PAYLOAD: arrival.raw_payload,
    }


def point_wkb(lon: float, lat: float) -> str:
    """Return a canonical point as a geometry column takes it."""
    return wkb(Point(lon, lat))


def routing_json(seen: Triage, book: Book) -> dict[str, Any]:
    """Return what was decided, as it is kept with the report."""
    decision = seen.decision
    return {
        "unit_code": decision.unit_code,
        "decided_by": decision.decided_by.value,
        "rule_id": decision.rule_id,
        "alternatives": [{"unit_code": one.unit_code, "cell_code": one.cell_code} for one in seen.alternatives],
        "versions": {"book": book.number, **book.versions},
        "considered": [
            {"ground": c.ground, "rule_id": c.rule_id, "unit_code": c.unit_code, "lost_because": c.lost_because}
            for c in decision.considered
        ],
    }


def _duplicate_json(one: PossibleDuplicate) -> dict[str, Any]:
    return {
        "case_id": str(one.case_id),
        "case_no": one.case_no,
        "distance_m": round(one.distance_m, 1),
        "age_hours": round(one.age.total_seconds() / 3600, 1),
        "score": one.score,
    }
