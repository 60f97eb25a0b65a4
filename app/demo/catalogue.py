"""The shipped catalogue of categories: one city's practice, its conditions in our own words (docs/catalogue.md)."""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from app.dispatch.codes import Kind

EDITION: Final = "city-practice-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    """Hold one filing condition of one minor, as the catalogue file has it.

    `limit` is limit text such as `4工作时`; `limit_source` is `city practice` or `house default`.
    """

    kind: Kind
    major_code: str
    major_name: str
    minor_code: str
    minor_name: str
    condition: int
    filing_condition: str
    limit: str
    closing_condition: str
    limit_source: str


def load_catalogue() -> tuple[CatalogueRow, ...]:
    """Return every row of the shipped catalogue, in the order of the file."""
    with files("app.demo").joinpath("catalogue.csv").open(encoding="utf-8") as lines:
        return tuple(_row(fields) for fields in csv.DictReader(lines))


def _row(fields: dict[str, str]) -> CatalogueRow:
    return CatalogueRow(
        kind=Kind(fields["kind"]),
        major_code=fields["major_code"],
        major_name=fields["major_name"],
        minor_code=fields["minor_code"],
        minor_name=fields["minor_name"],
        condition=int(fields["condition"]),
        filing_condition=fields["filing_condition"],
        limit=fields["limit"],
        closing_condition=fields["closing_condition"],
        limit_source=fields["limit_source"],
    )
