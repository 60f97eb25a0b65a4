"""All SQL about who may be sent to look: reach, rosters and what each has in hand, in one statement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.drawing import Inspector
from app.dispatch.rosters import Roster, slot_of

_INSPECTORS: Final = text(
    """
    SELECT staff.id, staff.reaches, roster.account_id IS NOT NULL AS rostered, roster.lasting, coalesce(hand.tasks, 0)
    FROM (
      SELECT a.id, jsonb_agg(jsonb_build_array(p.desk, p.region_code)) AS reaches
      FROM accounts AS a JOIN appointments AS p ON p.account_id = a.id
      WHERE a.active AND p.post = 'inspector'
      GROUP BY a.id
    ) AS staff
    LEFT JOIN (
      SELECT account_id,
             jsonb_agg(jsonb_build_object('since', valid_from, 'until', valid_to, 'beats', beat_codes, 'slots', slots))
               FILTER (WHERE valid_to IS NULL OR valid_to > :since) AS lasting
      FROM rosters GROUP BY account_id
    ) AS roster ON roster.account_id = staff.id
    LEFT JOIN (
      SELECT holder, count(*) AS tasks
      FROM (
        SELECT inspector_id AS holder FROM cases WHERE inspector_id IS NOT NULL
        UNION ALL
        SELECT verifier_id FROM reports WHERE verifier_id IS NOT NULL
      ) AS task
      GROUP BY holder
    ) AS hand ON hand.holder = staff.id
    ORDER BY staff.id
    """
)
"""Who holds the post; the two indexes over open tasks hold nothing else."""


class InspectorReading:
    """Inspectors within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def all(self, since: datetime) -> list[Inspector]:
        """Return every active inspector, with the rosters that have not ended before `since`."""
        found = await self._session.execute(_INSPECTORS, {"since": since})
        return [
            Inspector(
                account_id=account_id,
                reaches=frozenset((desk, region) for desk, region in reaches),
                rostered=rostered,
                rosters=tuple(_roster(one) for one in lasting or ()),
                load=load,
            )
            for account_id, reaches, rostered, lasting, load in found
        ]


def _roster(value: Mapping[str, Any]) -> Roster:
    return Roster(
        since=datetime.fromisoformat(value["since"]),
        until=datetime.fromisoformat(value["until"]) if value["until"] else None,
        beat_codes=frozenset(value["beats"]),
        slots=tuple(slot_of(one) for one in value["slots"]),
    )
