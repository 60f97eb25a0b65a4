"""Photos and films: in from inspectors, units, the desk and citizens; out to those who see where they are used."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response, status
from fastapi.responses import StreamingResponse

from app.api.deps import CurrentActor, CurrentBook, taken
from app.api.flood import LIMITED
from app.api.problems import problems, taking
from app.api.schemas.media import MediaForm, MediaOut
from app.services.media import Kept, MediaService

router = APIRouter(prefix="/api/v1", tags=["media"])

Upload = Annotated[MediaForm, Form(media_type="multipart/form-data")]
Media = Annotated[MediaService, Depends(taken(lambda wired: wired.media))]

_AGAIN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": MediaOut, "description": "The same id and bytes came before: the first answer"}
}
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The photo as a JPEG without metadata, or the film",
        "content": {mime: {"schema": {"type": "string", "format": "binary"}} for mime in ("image/jpeg", "video/mp4")},
    }
}


@router.post(
    "/media",
    operation_id="upload_media",
    status_code=status.HTTP_201_CREATED,
    responses=taking(409) | _AGAIN,
)
async def upload_media(form: Upload, actor: CurrentActor, media: Media, response: Response) -> MediaOut:
    """Keep a photo or film, for a report or an action to name."""
    return _told(await media.keep(form.file.file, media_id=form.id, account_id=actor.account_id), response)


@router.post(
    "/citizen/media",
    operation_id="upload_citizen_media",
    dependencies=LIMITED,
    status_code=status.HTTP_201_CREATED,
    responses=taking(409) | _AGAIN,
)
async def upload_citizen_media(form: Upload, media: Media, response: Response) -> MediaOut:
    """Keep a citizen's photo or film, for a report to name; citizens cannot read it back."""
    return _told(await media.keep(form.file.file, media_id=form.id, account_id=None), response)


@router.get(
    "/media/{media_id}", operation_id="read_media", response_class=StreamingResponse, responses=problems(404) | _BYTES
)
async def read_media(media_id: UUID, actor: CurrentActor, book: CurrentBook, media: Media) -> StreamingResponse:
    """Return the bytes, to one who uploaded them or sees a report or case that uses them."""
    shown = await media.show(media_id, actor, book)
    headers = {
        "Content-Disposition": f'inline; filename="{shown.filename}"',
        "Content-Length": str(shown.medium.size),
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(shown.chunks, media_type=shown.medium.mime, headers=headers)


def _told(kept: Kept, response: Response) -> MediaOut:
    response.status_code = status.HTTP_201_CREATED if kept.created else status.HTTP_200_OK
    return MediaOut.of(kept.medium)
