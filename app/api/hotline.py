"""The entry of hotline platforms: signed bytes in, a receipt out."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request

from app.api.deps import taken
from app.api.problems import problems
from app.api.schemas.hotline import ORDER_SCHEMA, TakenOut
from app.dispatch.errors import TooLarge
from app.services.hotline import Hotline

MOST_BODY: Final = 1024 * 1024
"""Bytes of one event."""

router = APIRouter(prefix="/api/v1/hotline", tags=["hotline"])

HotlineService = Annotated[Hotline, Depends(taken(lambda wired: wired.hotline))]
PartnerCode = Annotated[str, Path(description="接入方代码", examples=["demo12345"])]

_SIGNED: Final = [
    {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
    for name, text in (
        ("webhook-id", "消息标识，不含“.”"),
        ("webhook-timestamp", "Unix 秒，与本机相差不超过 300 秒"),
        ("webhook-signature", "v1,base64(HMAC-SHA256(id.timestamp.body))；可用空格列出多个，最多看 8 个"),
    )
]


@router.post(
    "/{partner}/orders",
    operation_id="receive_hotline_order",
    responses=problems(400, 413),
    openapi_extra={
        "parameters": _SIGNED,
        "requestBody": {"required": True, "content": {"application/json": {"schema": ORDER_SCHEMA}}},
        "security": [],
    },
)
async def receive_hotline_order(partner: PartnerCode, request: Request, hotline: HotlineService) -> TakenOut:
    """Take an event of a partner's order: verified by its signature, done once, answered the same again."""
    return TakenOut.model_validate(await hotline.take(partner, request.headers, await _read(request)))


async def _read(request: Request) -> bytes:
    """Return the bytes as they came: they are what was signed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise TooLarge("来单超过 1 MiB", fields={"most": MOST_BODY})
    return bytes(body)
