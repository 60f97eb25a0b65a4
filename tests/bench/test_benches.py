"""Every benchmark runs, at a size at which its figures mean nothing."""

import pytest

from app.bench import pgbench
from app.bench.frame import Ground
from app.bench.registry import BENCHES
from app.bench.rounds import measure
from app.dispatch.errors import Unavailable

SIZES = {"locate": 0.005, "dispatch": 0.004, "geocode": 0.004, "intake": 0.05, "actions": 0.02, "closure": 0.005}


@pytest.mark.parametrize("bench", [one for one in BENCHES if one.name in SIZES], ids=lambda one: one.name)
async def test_a_benchmark_gives_a_figure_for_each_side(ground: Ground, bench: object) -> None:
    chosen = next(one for one in BENCHES if one is bench)
    told: list[str] = []
    outcome = await measure(
        chosen, ground, rounds=1, warm_up=0, scale=SIZES[chosen.name], step=told.append, total=lambda _: None
    )
    assert len(outcome.results) == len(chosen.comparisons)
    for one in outcome.results:
        assert one.ours > 0
        assert one.limit is not None
        assert one.limit > 0
    assert set(told) == set(outcome.figures)


def test_without_pgbench_it_says_so() -> None:
    with pytest.raises(Unavailable, match="pgbench"):
        pgbench.needed(None)
