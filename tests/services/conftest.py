"""Fixtures of services that several modules ask for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.adapters.passwords import Passwords
from app.adapters.readers import Given
from app.services.import_values import Brought, Imported
from app.services.imports import Imports
from app.services.transaction import Sessions
from tests.conftest import CHEAP
from tests.services.importing import Bring


@pytest.fixture
def bring(sessions: Sessions) -> Bring:
    """Return a function that imports a file of a kind."""
    imports = Imports(sessions, Passwords(CHEAP), lambda: datetime(2026, 11, 21, tzinfo=UTC))

    async def do(kind: str, path: Path, **said: Any) -> Imported:
        layer, encoding = said.pop("layer", None), said.pop("encoding", None)
        given = Given(path=path, name=path.name, layer=layer, encoding=encoding)
        return await imports.bring(Brought(kind=kind, given=given, **{"name": "test-2", **said}))

    return do
