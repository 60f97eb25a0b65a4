"""The least that a stored report needs."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def report_row(report_id: UUID, **given: object) -> dict[str, Any]:
    """Return the columns of a received report; `given` ones win."""
    return {
        "id": report_id,
        "receipt_no": str(report_id),
        "query_digest": b"",
        "state": "received",
        "source": "inspector",
        "catalogue": "test",
        "description": "",
        "tags": [],
        "attention": [],
        "zones": {},
        "routing": {},
        "duplicates": [],
        "contact": "via_desk",
        "anonymous": False,
        "received_at": NOON,
        "updated_at": NOON,
        "version": 1,
        **given,
    }
