"""Claims: what is sent to take and to let go of a thing, and how a claim is answered."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from app.api.schemas.actions import ActionIn
from app.api.schemas.base import Answer, Instant
from app.dispatch.codes import Post


class ClaimOut(Answer):
    """Who has taken it from a queue, and until when."""

    post: Post = Field(description="At which post's stage", examples=["operator"])
    account_id: UUID = Field(description="The holder's account", examples=["0190a8b2-6c5e-7d31-9a55-0c1f1a6b2c3d"])
    name: str = Field(description="The holder", examples=["王敏"])
    until: Instant = Field(description="Ends by itself then", examples=["2026-03-02T09:15:00+08:00"])


class ClaimIn(ActionIn):
    """Take it from the queue for a while; claiming again prolongs. No step of the history, so no note is kept."""

    action: ClassVar[str] = "claim"


class ReleaseIn(ActionIn):
    """Let go of it; who leads the shift may release a colleague's. No step of the history, so no note is kept."""

    action: ClassVar[str] = "release"
