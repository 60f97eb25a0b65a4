"""Signing in by password or by refresh token: the OAuth2 password form."""

from typing import Annotated

from fastapi import APIRouter, Form

from app.api.deps import IdentityService
from app.api.problems import taking
from app.api.schemas.auth import TokenForm, TokenOut
from app.dispatch.errors import BadInput

router = APIRouter(prefix="/api/v1/auth", tags=["entry"])


@router.post("/token", operation_id="get_token", responses=taking(429))
async def get_token(form: Annotated[TokenForm, Form()], identity: IdentityService) -> TokenOut:
    """Give tokens for a password, or new ones for a refresh token."""
    if form.grant_type == "refresh_token":
        signed = await identity.refresh(_needed(form.refresh_token, "refresh_token"))
    else:
        signed = await identity.sign_in(_needed(form.username, "username"), _needed(form.password, "password"))
    return TokenOut.model_validate(signed)


def _needed(value: str | None, name: str) -> str:
    if not value:
        raise BadInput.at(("body", name), f"缺少 {name}")
    return value
