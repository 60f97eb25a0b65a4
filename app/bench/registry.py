"""Every benchmark, by name. To add one: write a module that ends in a `Bench`, and name it here."""

from typing import Final

from app.bench.actions import ACTIONS
from app.bench.closure import CLOSURE
from app.bench.dispatch import DISPATCH
from app.bench.frame import Bench
from app.bench.geocode import GEOCODE
from app.bench.intake import INTAKE
from app.bench.locate import LOCATE

BENCHES: Final[tuple[Bench, ...]] = (LOCATE, DISPATCH, GEOCODE, INTAKE, ACTIONS, CLOSURE)
