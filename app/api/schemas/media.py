"""Photos and films as they come in, and what is told of them."""

from typing import Annotated
from uuid import UUID

from fastapi import UploadFile
from pydantic import ConfigDict, Field

from app.api.schemas.base import Answer, Body, Instant
from app.repositories.media import Medium


class MediaForm(Body):
    """The form of an upload."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: Annotated[
        UploadFile, Field(description="JPEG, PNG, WebP or HEIC up to 15 MiB and 50 million pixels; MP4 up to 100 MiB")
    ]
    id: Annotated[
        UUID | None,
        Field(
            description="Made by the client; the same id with the same bytes answers 200 with the first answer",
            examples=["0199f2c4-7a10-7cc3-9e5b-2b8f0f4a6d11"],
        ),
    ] = None


class MediaOut(Answer):
    """A photo or film that is kept."""

    id: UUID = Field(
        description="What reports and actions name it by", examples=["0199f2c4-7a10-7cc3-9e5b-2b8f0f4a6d11"]
    )
    sha256: str = Field(
        description="SHA-256 of the bytes that were sent, hexadecimal",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    width: int | None = Field(description="Pixels of what is served, upright; null for films", examples=[1920])
    height: int | None = Field(description="Pixels of what is served, upright; null for films", examples=[2560])
    taken_at: Instant | None = Field(
        description="When the camera says it was taken; null where it does not say",
        examples=["2026-03-02T09:15:00+08:00"],
    )
    distance_m: float | None = Field(
        description="Metres between where it was taken and its case; null while no case is known", examples=[None]
    )
    flags: list[str] = Field(
        description="`no_exif`, `broken_exif`: says nothing of itself; `edited`: a program that changes pictures wrote "
        "it; `reused`: the same bytes came in before",
        examples=[["reused"]],
    )

    @classmethod
    def of(cls, medium: Medium) -> "MediaOut":
        """Return the answer; the place stays inside, it may be somebody's home."""
        return cls(
            id=medium.id,
            sha256=medium.sha256,
            width=medium.width,
            height=medium.height,
            taken_at=medium.taken_at,
            distance_m=None,
            flags=list(medium.flags),
        )
