"""What people of the demo city complain of: filing conditions with how common they are, where, and in what words."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from app.dispatch.codes import Kind

COMPONENT: Final = "component"
ANYWHERE: Final = "anywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One filing condition as it comes up: `weight` in ordinary times, `storm` where a typhoon brings more of it.

    `ground` is a zone class, `component` or `anywhere`; `texts` have a gap for the place.
    """

    kind: Kind
    category: str
    condition: int
    weight: float
    ground: str
    storm: bool
    texts: tuple[str, ...]


@cache
def concerns() -> tuple[Concern, ...]:
    """Return every concern, in the order of the file."""
    with files("app.demo.simulation").joinpath("matters.csv").open(encoding="utf-8") as lines:
        return tuple(_concern(fields) for fields in csv.DictReader(lines))


def _concern(fields: dict[str, str]) -> Concern:
    return Concern(
        kind=Kind(fields["kind"]),
        category=fields["category"],
        condition=int(fields["condition"]),
        weight=float(fields["weight"]),
        ground=fields["ground"],
        storm=fields["storm"] == "yes",
        texts=tuple(fields["texts"].split("/")),
    )
