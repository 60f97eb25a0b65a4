"""The bending of the city's plan: a smooth, one-to-one map from a right-angled plan to the ground, in metres."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, radians, sin
from random import Random

import numpy as np

from app.demo.plane import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A sine along a direction that shifts the ground across it; lengths in metres."""

    height: float
    length: float
    phase: float
    heading: float = 0.0

    def at(self, way: Floats) -> Floats:
        """Return the shift at distances along the wave."""
        return self.height * np.sin(2 * pi * way / self.length + self.phase)

    def slope(self, way: Floats) -> Floats:
        """Return the slope at distances along the wave."""
        return self.height * 2 * pi / self.length * np.cos(2 * pi * way / self.length + self.phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swirl:
    """A quarter that was laid out at another angle; turning keeps areas."""

    east: float
    north: float
    radius: float
    angle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """How one city bends: its river's meanders, its turned quarters, its gentle waves."""

    meanders: tuple[Wave, ...]
    narrows: Wave
    swirls: tuple[Swirl, ...]
    waves: tuple[Wave, ...]

    def __call__(self, plan: Floats) -> Floats:
        """Return the ground for points of the plan, shape n×2; the river's middle is v = 0 of the plan."""
        u, v = plan[:, 0], plan[:, 1]
        v = v * (1 + self.narrows.at(u) * np.exp(-((v / 500) ** 2)))
        bend = np.sum([m.at(u) for m in self.meanders], axis=0)
        lean = np.sum([m.slope(u) for m in self.meanders], axis=0)
        # Streets near the river cross it at nearly a right angle, those far away have forgotten it.
        x = u - 0.8 * lean * v * np.exp(-((v / 900) ** 2))
        y = v + bend * np.exp(-((v / 2300) ** 2))
        for swirl in self.swirls:
            x, y = _turn(swirl, x, y)
        return _shift(self.waves, x, y)


def _turn(swirl: Swirl, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    dx, dy = x - swirl.east, y - swirl.north
    angle = swirl.angle * np.exp(-(dx**2 + dy**2) / swirl.radius**2)
    return (
        swirl.east + dx * np.cos(angle) - dy * np.sin(angle),
        swirl.north + dx * np.sin(angle) + dy * np.cos(angle),
    )


def _shift(waves: Sequence[Wave], x: Floats, y: Floats) -> Floats:
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for wave in waves:
        shift = wave.at(x * cos(wave.heading) + y * sin(wave.heading))
        dx -= shift * sin(wave.heading)
        dy += shift * cos(wave.heading)
    return np.column_stack([x + dx, y + dy])


def draw_warp(rng: Random) -> Warp:
    """Return a bending within bounds that keep it one-to-one."""

    def phase() -> float:
        return rng.uniform(0, 2 * pi)

    swirls = tuple(
        Swirl(
            east=east + rng.uniform(-250, 250),
            north=north + rng.uniform(-150, 150),
            radius=rng.uniform(1050, 1300),
            angle=radians(angle + rng.uniform(-4, 4)),
        )
        for east, north, angle in (
            (-1500, 1700, 28),
            (2300, 2000, -22),
            (-2500, -1700, -24),
            (1500, -2000, 26),
            (4100, -500, 14),
        )
    )
    return Warp(
        meanders=(
            Wave(height=430, length=6800, phase=phase()),
            Wave(height=150, length=2900, phase=phase()),
        ),
        narrows=Wave(height=0.25, length=3700, phase=phase()),
        swirls=swirls,
        waves=tuple(
            Wave(height=rng.uniform(40, 75), length=rng.uniform(2200, 4200), phase=phase(), heading=phase())
            for _ in range(4)
        ),
    )
