"""Master data and accounts from files: one route a kind, for administrators of the whole city."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile, status
from fastapi.routing import APIRoute

from app.adapters.readers import Given
from app.api.deps import CurrentActor, IdempotencyKey, taken
from app.api.problems import problems, taking
from app.api.schemas.admin import CatalogueForm, ImportedOut, ShapeForm, TableForm
from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.importing.kinds import KINDS, WITH_SHAPES
from app.dispatch.set_codes import SetKind
from app.services.idempotency import KeyUse
from app.services.import_values import Brought
from app.services.imports import Imports

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_LONGEST_NAME: Final = 120


class _Administrators(APIRoute):
    """A route that asks who is calling before it reads what may be hundreds of megabytes."""

    def get_route_handler(self) -> Handler:
        """Return the handler behind the question."""
        handle = super().get_route_handler()

        async def ask_first(request: Request) -> Response:
            actor = request.scope.get("state", {}).get("actor")
            if isinstance(actor, Actor):  # the gate lets nobody else through
                office_holder(actor, Office.SETS)
            return await handle(request)

        return ask_first


router = APIRouter(prefix="/api/v1/admin", tags=["admin"], route_class=_Administrators)

ImportService = Annotated[Imports, Depends(taken(lambda wired: wired.imports))]


def _takes_tables(kind: str) -> Any:  # noqa: ANN401  # a route of FastAPI's
    async def take(
        form: Annotated[TableForm, Form(media_type="multipart/form-data")],
        actor: CurrentActor,
        imports: ImportService,
        key: IdempotencyKey,
    ) -> ImportedOut:
        return await _bring(kind, form.file, form.name, actor, imports, key)

    return take


def _takes_shapes(kind: str) -> Any:  # noqa: ANN401  # a route of FastAPI's
    async def take(
        form: Annotated[ShapeForm, Form(media_type="multipart/form-data")],
        actor: CurrentActor,
        imports: ImportService,
        key: IdempotencyKey,
    ) -> ImportedOut:
        more = {"datum": form.datum}
        return await _bring(
            kind, form.file, form.name, actor, imports, key, layer=form.layer, encoding=form.encoding, more=more
        )

    return take


async def _take_catalogue(
    form: Annotated[CatalogueForm, Form(media_type="multipart/form-data")],
    actor: CurrentActor,
    imports: ImportService,
    key: IdempotencyKey,
) -> ImportedOut:
    more = {"plain_is_continuous": form.plain_limits == "continuous"}
    return await _bring(SetKind.CATALOGUE, form.file, form.name, actor, imports, key, more=more)


async def _bring(
    kind: str,
    upload: UploadFile,
    name: str,
    actor: Actor,
    imports: Imports,
    key: str | None,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    more: dict[str, Any] | None = None,
) -> ImportedOut:
    """Put the file where readers can open it by path, import it, and delete it."""
    with tempfile.TemporaryDirectory(prefix="gridcase-upload-") as folder:
        path = Path(folder) / "file"
        digest = await asyncio.to_thread(_keep, upload, path)
        given = Given(path=path, name=_shown(upload.filename), layer=layer, encoding=encoding)
        brought = Brought(kind=kind, given=given, name=name, **(more or {}))
        use = None
        if key is not None:
            scope, route = str(actor.account_id), f"import_{kind}"
            use = KeyUse(scope=scope, route=route, key=key, body_digest=brought.digest(digest))
        return ImportedOut.told(await imports.bring(brought, actor, use))


def _keep(upload: UploadFile, path: Path) -> bytes:
    upload.file.seek(0)
    with path.open("wb") as sink:
        shutil.copyfileobj(upload.file, sink, 1024 * 1024)
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()


def _shown(filename: str | None) -> str:
    """Return a file's name without folders, for findings to name it by."""
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[-_LONGEST_NAME:] or "file"


_WHAT: Final = {
    "areas": "districts, streets and communities",
    "cells": "the grid of cells",
    "zones": "zones, as polygons or as lines with a width",
    "places": "named places that addresses are found by",
    "components": "components with their units",
    "units": "units",
    "rules": "the rule book",
    "catalogue": "the catalogue of categories with their limits",
    "calendar": "days that differ from Monday to Friday",
    "beats": "inspectors' beats",
    "accounts": "accounts, which are open at once",
}

for _kind in KINDS:
    if _kind in WITH_SHAPES:
        _take = _takes_shapes(_kind)
    else:
        _take = _take_catalogue if _kind == SetKind.CATALOGUE else _takes_tables(_kind)
    router.add_api_route(
        f"/{_kind}",
        _take,
        methods=["POST"],
        operation_id=f"import_{_kind}",
        status_code=status.HTTP_201_CREATED,
        response_model=ImportedOut,
        responses=taking(403, 409) | {422: {**problems()[422], "description": "文件有误；`findings` 列出全部问题"}},
        summary=f"Import {_kind}",
        description=f"Take a file of {_WHAT[_kind]}: whole, or not at all with every fault named.",
    )
