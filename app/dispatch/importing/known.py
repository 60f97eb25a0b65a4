"""What the other sets hold, active or in draft: a file is compared with it, and what is not there is warned of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.dispatch.codes import AreaLevel, Kind
from app.dispatch.importing.tables import Reader
from app.dispatch.importing.values import as_code
from app.dispatch.responsibility import Takes

_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Codes of the active sets and of the newest drafts; an empty collection: nothing to compare with."""

    areas: Mapping[str, AreaLevel] = field(default_factory=dict)
    cells: Collection[str] = _NOTHING
    zones: Collection[str] = _NOTHING
    beats: Collection[str] = _NOTHING
    units: Collection[str] = _NOTHING
    desks: Collection[str] = _NOTHING
    """The units among them that have a desk."""
    categories: Collection[tuple[Kind, str, str, int]] = frozenset()
    takes: tuple[Takes, ...] = ()
    accounts: Collection[str] = _NOTHING

    def of_level(self, level: AreaLevel) -> frozenset[str]:
        """Return the codes of the areas of one level."""
        return frozenset(code for code, own in self.areas.items() if own is level)


def known_unit(reader: Reader, at: int, name: str, units: Collection[str]) -> str | None:
    """Return the unit that a field names, with the zeros a spreadsheet took; one that nobody knows is warned of."""
    code = reader.value(at, name, lambda raw: as_code(raw, rounded=reader.table.rounded))
    if code is None or not units or code in units:
        return code
    padded = [one for one in units if one.lstrip("0") == code] if code.isdigit() else []
    if len(padded) == 1:
        return padded[0]
    text = f"单位 {code} 既不在现行单位表，也不在单位草稿中；请改正代码，或先导入单位"
    reader.ledger.warn("unknown_unit", reader.where(at, name, code, codes=(code,)), text)
    return code
