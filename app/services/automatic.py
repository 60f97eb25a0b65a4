"""What policy does with a report that has just come in: a timer in the same transaction, due at once."""

from collections.abc import Mapping
from typing import Any

from uuid_utils.compat import uuid7

from app.dispatch.codes import Kind
from app.dispatch.commands import Accept
from app.dispatch.follow_ups import AUTO_ACCEPT, to_accept
from app.dispatch.policies import Policies
from app.dispatch.policy_about import about
from app.services.arrivals import Found


def automatic(one: Found, base: Policies) -> dict[str, Any] | None:
    """Return the timer that accepts a report by policy; None where a person should.

    It is never lost and takes effect once, as every timer does; what follows from accepting, follows then.
    """
    seen, book, now = one.triage, one.book, one.acting.now
    if not book.policies.rows and not base.auto_accept:
        return None  # as in most cities, and with every report: nothing need be worked out
    what = about(seen.category, one.arrival.source, one.arrival.desk, seen.decision.unit_code, book)
    if not book.policies.of(what, now, base).auto_accept:
        return None
    accept = to_accept(seen.category, seen.spot.cell_code, seen.attention)
    if accept is None:
        return None
    return {
        "id": uuid7(),
        "kind": AUTO_ACCEPT,
        "subject_id": one.arrival.id,
        "due_at": now,
        "payload": {"subject": "report", "kind": accept.kind.value, "category": accept.category},
        "claimed_until": None,
        "attempt": 0,
        "done_at": None,
    }


def accepting(payload: Mapping[str, Any]) -> Accept:
    """Return the acceptance that such a timer stands for."""
    return Accept(kind=Kind(payload["kind"]), category=payload["category"])
