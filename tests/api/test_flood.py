"""Citizens are slowed down, by address; whoever signs in is not."""

import pytest

from app.api.flood import Flood
from app.dispatch.errors import TooMany

pytestmark = pytest.mark.anyio


async def test_an_address_is_let_in_as_often_as_the_rate_says_and_told_when_to_come_back() -> None:
    flood = Flood("2/hour")
    assert [(await flood.let_in("192.0.2.1"))[0] for _ in range(2)] == [1, 0]
    with pytest.raises(TooMany) as refused:
        await flood.let_in("192.0.2.1")
    assert 0 < refused.value.retry_after_s <= 3600


async def test_one_address_does_not_use_up_what_another_has() -> None:
    flood = Flood("1/hour")
    await flood.let_in("192.0.2.1")
    assert (await flood.let_in("192.0.2.2"))[0] == 0
