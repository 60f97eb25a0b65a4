"""Days of a calendar that differ from Monday to Friday: holidays, make-up days, days with hours of their own."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from app.dispatch.errors import BadInput
from app.dispatch.importing.tables import Reader, note_duplicates
from app.dispatch.importing.values import as_bool, as_day, as_slots
from app.dispatch.slots import read_slots

Rows = list[dict[str, Any]]


def read_calendar(reader: Reader) -> Rows:
    """Return the rows of days."""
    rows = Rows()
    for at in reader.rows():
        day = reader.needed(at, "date", as_day)
        working = reader.needed(at, "working", as_bool)
        slots = reader.value(at, "slots", as_slots)
        if slots is not None:
            _check_slots(reader, at, slots)
            slots = [[opening, "00:00" if closing == "24:00" else closing] for opening, closing in slots]
        rows.append({"day": day, "working": working, "slots": slots})
    note_duplicates(reader, [row["day"] and row["day"].isoformat() for row in rows], "date")
    return rows


def _check_slots(reader: Reader, at: int, slots: Sequence[Sequence[str]]) -> None:
    try:
        read_slots(slots)
    except BadInput as error:
        said = ";".join("-".join(pair) for pair in slots)
        reader.ledger.error("bad_value", reader.where(at, "slots", said), f"slots：{error.detail}，请改正")


def carried_over(rows: Rows, active: Iterable[dict[str, Any]]) -> Rows:
    """Return the active calendar's days of years that the file does not name: a new notice forgets no old one."""
    years = {row["day"].year for row in rows}
    return [row for row in active if row["day"].year not in years]


def published_until(rows: Rows, active: date | None) -> date:
    """Return the last day that a notice covers: a year of the file counts as published if no year before is missing."""
    years = sorted({row["day"].year for row in rows})
    last = active or date(years[0] - 1, 12, 31)
    for year in years:
        if year == last.year + 1:
            last = date(year, 12, 31)
    return last
