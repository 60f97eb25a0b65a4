"""A key in another's hands is waited for so long, then refused; whoever comes after its end is told what it led to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch.errors import IdempotencyInProgress
from app.services import idempotency
from app.services.idempotency import KeyUse, Replay
from app.services.transaction import writing
from tests.hotline_city import open_city
from tests.towns import Town

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


async def test_a_key_in_use_is_waited_for_and_then_refused(
    fresh_city: Town, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", "100ms")
    use, subject = KeyUse(scope="s", route="accept:1", key=str(uuid7()), body_digest=b"x"), uuid7()
    async with open_city(fresh_city, keys, tmp_path) as city:
        async with writing(city.sessions) as first:
            assert await idempotency.take(first, {use: subject}, status=200, now=NOW) == {}
            with pytest.raises(IdempotencyInProgress):
                async with writing(city.sessions) as second:
                    await idempotency.take(second, {use: subject}, status=200, now=NOW)
        async with writing(city.sessions) as third:
            found = await idempotency.take(third, {use: subject}, status=200, now=NOW)
        assert found == {use: Replay(resource_id=subject, status=200)}
