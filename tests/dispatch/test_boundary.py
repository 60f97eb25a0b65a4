"""Nothing is cut where everybody around is the same: the answer must be the one that cutting gives."""

from datetime import UTC, datetime
from random import Random

import pytest

from app.demo.simulation.matters import concerns
from app.dispatch import boundary
from app.dispatch.boundary import Alternative
from tests.demo.played import demo_city


def _doubts() -> list[tuple[Alternative, ...]]:
    city, book = demo_city()
    rng, at, found = Random(5), datetime(2026, 11, 1, tzinfo=UTC), []  # noqa: S311  # repeatable, not secret
    for _ in range(400):
        middle = rng.choice(city.cells).geometry.representative_point()
        lon, lat = middle.x + rng.uniform(-6e-4, 6e-4), middle.y + rng.uniform(-6e-4, 6e-4)
        concern, accuracy_m = rng.choice(concerns()), rng.choice((4.0, 9.0, 30.0, 150.0))
        spot = book.locate(lon, lat, at, tolerance_m=30).spot
        category = book.catalogue.find(concern.kind, concern.category)
        assert category is not None
        matter = category.matter(concern.condition)
        found.append(book.alternatives(spot, lon, lat, accuracy_m, matter, at, book.decide(spot, matter, at)))
    return found


def test_asking_before_cutting_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _doubts()
    monkeypatch.setattr(boundary, "_WORTH_ASKING", 0)
    assert asked == _doubts()
    assert any(asked)
    assert not all(asked)
