"""Store partners, and sign what they send."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app.adapters.dialects import STANDARD_WEBHOOKS, StandardWebhooks
from app.adapters.keys import Keys
from app.adapters.sealing import Sealer
from app.dispatch.codes import Source
from app.models.people import Partner
from app.services.partner_secrets import PartnerSecrets
from app.services.transaction import Sessions, writing

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()


@dataclass(slots=True)
class Clock:
    """Our clock, moved by hand."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **units: float) -> None:
        self.at += timedelta(**units)


async def store_partner(
    sessions: Sessions,
    keys: Keys,
    code: str,
    *,
    callback_url: str | None = None,
    active: bool = True,
    demo: bool = False,
) -> UUID:
    """Store a partner that signs with `SECRET`."""
    partner_id = uuid7()
    sealed = PartnerSecrets(Sealer(keys)).seal(partner_id, SECRET)
    row = {
        "id": partner_id,
        "code": code,
        "name": "热线",
        "source": Source.HOTLINE_12345.value,
        "dialect": STANDARD_WEBHOOKS,
        "key_id": sealed.key_id,
        "secret": sealed.sealed,
        "callback_url": callback_url,
        "active": active,
        "demo": demo,
    }
    async with writing(sessions) as session:
        await session.execute(insert(Partner), [row])
    return partner_id


def order(order_no: str, action: str = "create", **fields: object) -> bytes:
    """Return the bytes of an event."""
    return json.dumps({"order_no": order_no, "action": action, **fields}, ensure_ascii=False).encode()


def signed(body: bytes, at: datetime, message_id: str = "m-1") -> dict[str, str]:
    """Return the headers that make the bytes believable."""
    return StandardWebhooks().sign(SECRET, message_id, at, body)
