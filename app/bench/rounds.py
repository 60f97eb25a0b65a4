"""Run a benchmark in rounds, ours and the limit by turns, and say what came out."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.bench.frame import Bench, Better, Comparison, Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A comparison's medians. `low` and `high` are the least and greatest ratio of a single round."""

    comparison: Comparison
    ours: float
    limit: float | None
    ratio: float | None
    low: float | None
    high: float | None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.comparison.goal is None or self.ratio is None:
            return None
        return self.ratio >= self.comparison.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a benchmark measured: every figure of every round, by the run's name, and the results."""

    bench: str
    about: str
    scale: float
    rounds: int
    figures: Mapping[str, Sequence[float]]
    results: Sequence[Result]


async def measure(
    bench: Bench,
    ground: Ground,
    *,
    rounds: int,
    scale: float,
    step: Callable[[str], None],
    total: Callable[[int], None],
    warm_up: int = 1,
) -> Outcome:
    """Measure in rounds; every second one the other way round, so that what else happens here hits both sides alike.

    The rounds of `warm_up` are not counted. `step` is told before every run, `total` how many there will be.
    """
    async with bench.open(ground, scale) as runs:
        names = list(runs)
        total(len(names) * (warm_up + rounds))
        figures: dict[str, list[float]] = {name: [] for name in names}
        for number in range(-warm_up, rounds):
            for name in names if number % 2 == 0 else reversed(names):
                step(name)
                figure = await runs[name]()
                if number >= 0:
                    figures[name].append(figure)
    results = [result(one, figures) for one in bench.comparisons if one.ours in figures]
    return Outcome(bench=bench.name, about=bench.about, scale=scale, rounds=rounds, figures=figures, results=results)


def result(comparison: Comparison, figures: Mapping[str, Sequence[float]]) -> Result:
    """Return medians of a comparison; the ratio is the median of the rounds' ratios, each of its own minute."""
    ours = figures[comparison.ours]
    limits = figures.get(comparison.limit or "", ())
    ratios = [ratio(mine, limit, comparison.better) for mine, limit in zip(ours, limits, strict=False)]
    return Result(
        comparison=comparison,
        ours=statistics.median(ours),
        limit=statistics.median(limits) if limits else None,
        ratio=statistics.median(ratios) if ratios else None,
        low=min(ratios, default=None),
        high=max(ratios, default=None),
    )


def ratio(ours: float, limit: float, better: Better) -> float:
    """Return how near ours comes to the limit: 1 is as good, more is better than the limit."""
    return ours / limit if better is Better.MORE else limit / ours
