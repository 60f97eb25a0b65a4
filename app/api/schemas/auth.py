"""The form of the token endpoint and its answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.base import Answer
from app.api.schemas.query import Code


class TokenForm(BaseModel):
    """The OAuth2 form; fields that other clients send along (`scope`, `client_id`, …) are let pass unread."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    grant_type: Literal["password", "refresh_token"] = Field(
        default="password", description="By password or by refresh token", examples=["password"]
    )
    username: Code | None = Field(default=None, description="Account", examples=["operator01"])
    password: str | None = Field(default=None, max_length=200, description="Password", examples=["gridcase-demo"])
    otp: str | None = Field(
        default=None, max_length=20, description="One-time code; unread while an account has none", examples=["123456"]
    )
    refresh_token: str | None = Field(
        default=None, max_length=200, description="The last refresh token; each is good for one use", examples=["kq3…"]
    )


class TokenOut(Answer):
    """Tokens."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`", examples=["eyJ…"])
    refresh_token: str = Field(description="Good for one use within 14 days", examples=["kq3…"])
    expires_in: int = Field(description="Seconds until the access token expires", examples=[1800])
    token_type: str = Field(default="bearer", description="Always `bearer`", examples=["bearer"])
