"""The catalogue of categories: kinds, majors, minors, filing conditions with their limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.dispatch.codes import Kind
from app.dispatch.errors import BadInput
from app.dispatch.importing.rules import DIGITS, KIND_NAMES, own_minor
from app.dispatch.importing.tables import Reader
from app.dispatch.importing.values import as_code, as_int, as_text, one_of
from app.dispatch.limits import Limit, parse_limit

Rows = list[dict[str, Any]]

_KINDS: Final = one_of(KIND_NAMES)


@dataclass(slots=True, kw_only=True)
class _Above:
    """Codes and names of the row above, which blank cells of these columns continue."""

    major: str | None = None
    major_name: str | None = None
    minor: str | None = None
    minor_name: str | None = None


def read_catalogue(readers: Sequence[Reader], *, edition: str, plain_is_continuous: bool = False) -> Rows:
    """Return the rows of all sheets; a sheet without a column of kinds is named after its kind."""
    rows = Rows()
    for reader in readers:
        kind = sheet_kind(reader.table.sheet)
        if kind is None and not reader.has("kind"):
            text = f"工作表“{reader.table.sheet or '（无名）'}”看不出是部件还是事件；请在表名中写明，或加一列 kind"
            reader.ledger.error("unknown_sheet", reader.table.where(column="kind"), text)
            continue
        rows += _sheet(reader, kind, edition, plain_is_continuous=plain_is_continuous)
    _note_repeats(rows)
    for row in rows:
        del row["at"]
    return rows


def sheet_kind(sheet: str | None) -> Kind | None:
    """Return the kind that a sheet's name tells."""
    name = (sheet or "").lower()
    found = {kind for word, kind in KIND_NAMES.items() if word in name}
    return found.pop() if len(found) == 1 else None


def _sheet(reader: Reader, kind: Kind | None, edition: str, *, plain_is_continuous: bool) -> Rows:
    above, rows = _Above(), Rows()
    last: tuple[object, ...] = ()
    number = 0
    for at in reader.rows():
        own = reader.value(at, "kind", _KINDS) or kind
        if own is None and reader.text(at, "kind") is None:
            reader.ledger.error("missing_value", reader.where(at, "kind"), "kind 不能为空，请填写 component 或 event")
        _go_on(reader, at, above)
        category = (own, above.major, above.minor)
        number = number + 1 if category == last else 1
        last = category
        said = reader.value(at, "condition", as_int)
        number = said if said is not None else number
        if number < 1:
            reader.ledger.error("bad_value", reader.where(at, "condition", number), "立案条件序号从 1 起，请改正")
        limit = _limit(reader, at, plain_is_continuous=plain_is_continuous)
        rows.append(
            {
                "at": (reader, at),
                "kind": own,
                "major_code": above.major,
                "minor_code": above.minor,
                "condition": number,
                "major_name": above.major_name,
                "minor_name": above.minor_name,
                "filing_condition": reader.needed(at, "filing_condition", as_text),
                "limit_value": limit and limit.value,
                "limit_unit": limit and limit.unit,
                "closing_condition": reader.needed(at, "closing_condition", as_text),
                "limit_source": reader.text(at, "limit_source") or edition,
            }
        )
    return rows


def _go_on(reader: Reader, at: int, above: _Above) -> None:
    """Take codes and names of this row over those above; a name is continued only together with its code."""
    major = reader.value(at, "major_code", lambda raw: as_code(raw, width=DIGITS))
    new_major = major is not None and major != above.major
    if new_major:
        above.major, above.major_name, above.minor, above.minor_name = major, None, None, None
    minor = reader.value(at, "minor_code", lambda raw: own_minor(raw, above.major))
    if minor is not None and minor != above.minor:
        above.minor, above.minor_name = minor, None
    above.major_name = reader.text(at, "major_name") or above.major_name
    above.minor_name = reader.text(at, "minor_name") or above.minor_name
    for name, value in (
        ("major_code", above.major),
        ("major_name", above.major_name),
        ("minor_code", above.minor),
        ("minor_name", above.minor_name),
    ):
        if value is None:
            text = f"{name} 为空，上面也没有可以沿用的值，请填写"
            reader.ledger.error("missing_value", reader.where(at, name), text)
        elif name.endswith("code") and not (value.isdigit() and len(value) == DIGITS):
            text = f"{name}“{value}”须为 {DIGITS} 位数字，请改正"
            reader.ledger.error("bad_code", reader.where(at, name, value), text)


def _limit(reader: Reader, at: int, *, plain_is_continuous: bool) -> Limit | None:
    text = reader.text(at, "limit")
    where = reader.where(at, "limit", text)
    if text is None:
        reader.ledger.error("limit_missing", where, "缺少处置时限，请填写，如 4工作时、2紧急工作时、5工作日")
        return None
    try:
        return parse_limit(text, plain_is_continuous=plain_is_continuous)
    except BadInput:
        known = "分钟、紧急工作时、紧急工作日、工作时、工作日、小时、天"
        reader.ledger.error("limit_unreadable", where, f"时限“{text}”无法识别；请写成数字加单位（{known}）")
        return None


def _note_repeats(rows: Rows) -> None:
    """Note conditions that come twice, and codes that have two names."""
    seen: set[tuple[object, ...]] = set()
    names: dict[tuple[object, ...], str] = {}
    for row in rows:
        reader, at = row["at"]
        kind, major, minor = row["kind"], row["major_code"], row["minor_code"]
        if None in (kind, major, minor):
            continue
        key = (kind, major, minor, row["condition"])
        said = f"{kind} {major}{minor} 第 {row['condition']} 条"
        if key in seen:
            where = reader.where(at, "minor_code", minor, codes=(f"{major}{minor}",))
            reader.ledger.error("duplicate_code", where, f"{said}出现了两次，请只保留一个")
        seen.add(key)
        for code, column in (((kind, major), "major_name"), ((kind, major, minor), "minor_name")):
            name = row[column]
            if name and names.setdefault(code, name) != name:
                text = f"{column}“{name}”与上文“{names[code]}”是同一代码的两个名称，请统一"
                reader.ledger.error("code_conflict", reader.where(at, column, name), text)
