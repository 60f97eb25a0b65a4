"""The rule book: who is responsible for what, where; compared with everything that it names."""

from collections.abc import Collection
from typing import Any, Final

from app.dispatch.codes import AreaLevel, Kind, Scope
from app.dispatch.importing.findings import Finding, Ledger, Where
from app.dispatch.importing.known import Known, known_unit
from app.dispatch.importing.tables import Reader, note_duplicates
from app.dispatch.importing.values import Unfit, as_code, as_instant, as_int, one_of
from app.dispatch.responsibility import Rule
from app.dispatch.rulebook import Pattern, faults, tabulate
from app.dispatch.tessellation import Severity

Rows = list[dict[str, Any]]

DIGITS: Final = 2
"""Length of a major's and of a minor's own code."""
_WHOLE: Final = 2 * DIGITS
KIND_NAMES: Final = {
    **{kind.value: kind for kind in Kind},
    "部件": Kind.COMPONENT,
    "事件": Kind.EVENT,
}
_KINDS: Final = one_of(KIND_NAMES)
_SCOPES: Final = one_of(
    {
        **{scope.value: scope for scope in Scope},
        "地块": Scope.ZONE,
        "网格": Scope.CELL,
        "责任区": Scope.BEAT,
        "社区": Scope.COMMUNITY,
        "街道": Scope.STREET,
        "区": Scope.DISTRICT,
        "区县": Scope.DISTRICT,
        "全市": Scope.CITY,
    }
)


def read_rules(reader: Reader, known: Known) -> Rows:
    """Return the rows of rules; what another set would have to know is warned of."""
    places, patterns = _places(known), _patterns(known)
    rows = [_rule(reader, at, known, places, patterns) for at in reader.rows()]
    note_duplicates(reader, [row["id"] for row in rows], "id")
    return rows


def _rule(
    reader: Reader, at: int, known: Known, places: dict[Scope, Collection[str]], patterns: frozenset[Pattern]
) -> dict[str, Any]:
    before = reader.ledger.errors
    scope = reader.needed(at, "scope", _SCOPES)
    row = {
        "id": reader.value(at, "id", as_code) or f"r{at + 1:04d}",
        "unit_code": known_unit(reader, at, "unit_code", known.units),
        "scope": scope,
        "scope_code": reader.value(at, "scope_code", lambda raw: as_code(raw, rounded=reader.table.rounded)),
        "kind": reader.value(at, "kind", _KINDS),
        **_category(reader, at),
        "valid_from": reader.value(at, "valid_from", as_instant),
        "valid_to": reader.value(at, "valid_to", as_instant),
    }
    if row["unit_code"] is None and reader.ledger.errors == before:
        reader.ledger.error("missing_value", reader.where(at, "unit_code"), "unit_code 不能为空，请填写责任单位")
    _check_span(reader, at, row)
    if scope is not None:
        _check_place(reader, at, row, places[scope])
    if reader.ledger.errors == before:
        _check_category(reader, at, row, patterns)
    return row


def _category(reader: Reader, at: int) -> dict[str, Any]:
    major = reader.value(at, "major", lambda raw: as_code(raw, width=DIGITS))
    minor = reader.value(at, "minor", lambda raw: own_minor(raw, major))
    condition = reader.value(at, "condition", as_int)
    if condition is not None and condition < 1:
        reader.ledger.error("bad_value", reader.where(at, "condition", condition), "立案条件序号从 1 起，请改正")
    if minor is not None and major is None:
        reader.ledger.error("missing_value", reader.where(at, "major"), "写了小类就须写大类，请填写 major")
    if condition is not None and minor is None:
        reader.ledger.error("missing_value", reader.where(at, "minor"), "写了立案条件就须写小类，请填写 minor")
    return {"major": major, "minor": minor, "condition": condition}


def own_minor(raw: object, major: str | None) -> str | None:
    """Return a minor's own two digits; four digits are taken where they begin with the major's. Raises Unfit."""
    code = as_code(raw, width=DIGITS)
    if code is None or len(code) <= DIGITS or not code.isdigit():
        return code
    whole = code.zfill(_WHOLE)
    if major is not None and len(whole) == _WHOLE and whole.startswith(major):
        return whole[DIGITS:]
    raise Unfit(
        f"小类代码“{code}”不是大类 {major or '（空）'} 之下的两位代码，请填小类自己的两位数字", "ambiguous_code"
    )


def _check_span(reader: Reader, at: int, row: dict[str, Any]) -> None:
    if row["valid_from"] and row["valid_to"] and row["valid_from"] >= row["valid_to"]:
        reader.ledger.error("bad_value", reader.where(at, "valid_to"), "失效时间须晚于生效时间，请改正")


def _places(known: Known) -> dict[Scope, Collection[str]]:
    """Return what each scope's codes may be; nothing where there is nothing to compare with."""
    return {
        Scope.ZONE: known.zones,
        Scope.CELL: known.cells,
        Scope.BEAT: known.beats,
        Scope.COMMUNITY: known.of_level(AreaLevel.COMMUNITY),
        Scope.STREET: known.of_level(AreaLevel.STREET),
        Scope.DISTRICT: known.of_level(AreaLevel.DISTRICT),
        Scope.CITY: (),
    }


def _check_place(reader: Reader, at: int, row: dict[str, Any], places: Collection[str]) -> None:
    scope, code = row["scope"], row["scope_code"]
    if scope is Scope.CITY:
        row["scope_code"] = None
    elif code is None:
        text = f"范围是 {scope} 的规则须写明 scope_code，请填写"
        reader.ledger.error("missing_value", reader.where(at, "scope_code"), text)
    elif places and code not in places:
        text = f"{scope} {code} 不在现行或草稿的数据中，规则不会起作用；请改正代码，或先导入"
        reader.ledger.warn("unknown_place", reader.where(at, "scope_code", code, codes=(code,)), text)


def _check_category(reader: Reader, at: int, row: dict[str, Any], patterns: frozenset[Pattern]) -> None:
    wanted = (row["kind"], row["major"], row["minor"], row["condition"])
    if patterns and wanted not in patterns:
        said = "-".join(str(part) for part in wanted if part is not None)
        text = f"类别 {said} 不在现行或草稿的目录中，规则不会起作用；请改正，或先导入目录"
        reader.ledger.warn("unknown_category", reader.where(at, "minor", said), text)


def _patterns(known: Known) -> frozenset[Pattern]:
    """Return everything that a rule may say of a category, each part of it being optional."""
    return frozenset(
        pattern
        for kind, major, minor, number in known.categories
        for own in (kind, None)
        for pattern in (
            (own, None, None, None),
            (own, major, None, None),
            (own, major, minor, None),
            (own, major, minor, number),
        )
    )


def note_conflicts(rows: Rows, file: str, ledger: Ledger) -> None:
    """Note rules that contradict an equal, and those that can never act; the draft is kept, but not valid."""
    book = tabulate(Rule(**{name: row[name] for name in Rule.__dataclass_fields__}) for row in rows)
    units = {row["unit_code"]: None for row in rows}
    conflicts, shadowed = faults(book, units)
    for one in conflicts:
        text = f"规则 {' 与 '.join(one.rule_ids)} 同等具体，却指向 {' 与 '.join(one.unit_codes)}；请删去或写得更具体"
        where = Where(file=file, codes=one.rule_ids)
        ledger.add(Finding(code="rule_conflict", severity=Severity.ERROR, where=where, message=text))
    for idle in shadowed:
        text = f"规则 {idle.rule_id} 永远不起作用，{idle.by_rule_id} 已说了同样的话；可以删去"
        ledger.warn("rule_shadowed", Where(file=file, codes=(idle.rule_id, idle.by_rule_id)), text)
