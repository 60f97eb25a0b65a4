"""What is found when sets are to come into force together: what forbids it, and what will have no effect.

Refused: rules that contradict each other, and rules without a complete coverage proof (which may be forced, with a
reason). Everything else that one set's change breaks in another is a warning. Source: docs/sets.md.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from app.dispatch.book import Book
from app.dispatch.codes import Scope
from app.dispatch.coverage import Coverage
from app.dispatch.errors import BadInput, Conflict
from app.dispatch.responsibility import Rule
from app.dispatch.set_codes import SetKind, SetState
from app.dispatch.tessellation import Severity

EXAMPLES: Final = 20
"""Codes told of one finding; `count` says how many there are."""
_CONFLICTS_TOLD: Final = 200
_GROUPS_TOLD: Final = 5
_PREFIX_OF_CELL: Final = 12
_STATES: Final = {
    SetState.ACTIVE: ("set_active", "该数据集已在启用中"),
    SetState.SUPERSEDED: ("set_superseded", "该数据集已被取代，不能再次启用；请重新导入"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found: `where` names sets, codes and counts."""

    code: str
    severity: Severity
    where: Mapping[str, Any] = field(default_factory=dict)
    message: str

    def told(self) -> dict[str, Any]:
        """Return it as it is stored and answered."""
        where = dict(self.where)
        return {"code": self.code, "severity": self.severity.value, "where": where, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A set that somebody wants in force; `findings` as they were told when it was imported."""

    kind: SetKind
    state: SetState
    valid: bool
    name: str
    findings: Sequence[Mapping[str, Any]] = ()


def refuse_unfit(wanted: Sequence[Candidate]) -> None:
    """Raise BadInput for two sets of one kind, Conflict for one that is not fit to come into force."""
    kinds = Counter(one.kind for one in wanted)
    twice = [kind.value for kind, count in kinds.items() if count > 1]
    if twice:
        raise BadInput.at(["body", "sets"], f"同一类数据集一次只能启用一个：{twice[0]}", code="two_of_a_kind")
    for one in wanted:
        if one.state in _STATES:
            code, text = _STATES[one.state]
            raise Conflict(f"{text}：{one.name}", code=code, fields={"kind": one.kind.value, "state": one.state.value})
        if not one.valid:
            message = f"数据集有错误，不能启用：{one.name}"
            errors = [found for found in one.findings if found["severity"] == Severity.ERROR]
            raise Conflict(message, code="set_not_valid", fields={"kind": one.kind.value, "findings": errors})


def instant_wanted(wanted: datetime | None, now: datetime) -> datetime:
    """Return when sets are to begin; raises BadInput for an instant that has passed."""
    if wanted is None:
        return now
    if wanted < now:
        raise BadInput.at(["body", "from"], "启用时间已过；请给出将来的时间，或留空立即启用", code="past_instant")
    return wanted


def examine(book: Book, maintainers: Mapping[str, int]) -> list[Finding]:
    """Return what is odd about a book; coverage is proven elsewhere.

    `maintainers` counts the active components by their maintenance unit.
    """
    gone = Counter({unit: count for unit, count in maintainers.items() if unit not in book.units})
    found = [*_conflicts(book), *_rules_astray(book), *_units_astray(book), *_grid_astray(book)]
    if gone:
        text = "部件的养护单位不在启用的单位表中，这些部件按其他依据派遣"
        found.append(_warning("component_of_inactive_unit", _counted(gone), text))
    return found


def unproven(book: Book, kinds: Collection[SetKind], proofs: Sequence[Coverage]) -> list[Finding]:
    """Return what incomplete proofs mean, the first of which is of the instant of activation.

    New rules need a complete one then; other sets, and gaps that open later when a rule ends, are only warned of.
    """
    found = []
    for number, proof in enumerate(proofs):
        if not proof.complete:
            fatal = number == 0 and SetKind.RULES in kinds
            code, when = ("coverage_incomplete", "") if number == 0 else ("coverage_lapses", "到那时")
            where = {"at": proof.at.isoformat(), "counts": asdict(proof.counts), "groups": _groups(book, proof)}
            message = f"{when}有地方、有类别没有责任单位，或有同等依据指向不同单位；详见 /dispatch/coverage"
            severity = Severity.ERROR if fatal else Severity.WARNING
            found.append(Finding(code=code, severity=severity, where=where, message=message))
    return found


def _groups(book: Book, proof: Coverage) -> list[dict[str, Any]]:
    """Return the largest groups of a proof in short."""
    return [
        {
            "fault": group.fault.value,
            "units": list(group.unit_codes),
            "rules": list(group.rule_ids),
            "categories": sorted({one.major + one.minor for one in group.matters})[:EXAMPLES],
            "conditions": len(group.matters),
            "faces": len(group.faces),
            "cells": sorted({book.cells.codes[one] for one in proof.faces.cells[group.faces].tolist()})[:EXAMPLES],
        }
        for group in proof.groups[:_GROUPS_TOLD]
    ]


def unprovable(kinds: Collection[SetKind], missing: Iterable[SetKind]) -> list[Finding]:
    """Return what is said where no book can be made yet, because sets of some kinds are not there."""
    severity = Severity.ERROR if SetKind.RULES in kinds else Severity.WARNING
    where = {"missing": sorted(kind.value for kind in missing)}
    message = "还缺少其他数据集，责任覆盖无法证明；请一并启用，或先启用所缺的数据集"
    return [Finding(code="coverage_unproven", severity=severity, where=where, message=message)]


FORCEABLE: Final = frozenset({"coverage_incomplete", "coverage_unproven"})


def forbidding(findings: Iterable[Finding], *, force: bool) -> list[Finding]:
    """Return the findings that forbid the activation; `force` overlooks the coverage proof, and nothing else."""
    errors = [one for one in findings if one.severity is Severity.ERROR]
    return [one for one in errors if not (force and one.code in FORCEABLE)]


def digest(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return what stands for the findings in the record: SHA-256 of their canonical JSON."""
    text = json.dumps(findings, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _conflicts(book: Book) -> Iterator[Finding]:
    conflicts = book.rules.conflicts
    for one in conflicts[:_CONFLICTS_TOLD]:
        a, b = one.rule_ids
        where = {"rules": [a, b], "units": list(one.unit_codes), "count": len(conflicts)}
        message = f"规则 {a} 与 {b} 同等具体、同时有效，却指向不同单位；请改其一"
        yield Finding(code="rule_conflict", severity=Severity.ERROR, where=where, message=message)
    if idle := book.rules.shadowed:
        where = _some([one.rule_id for one in idle])
        yield _warning("rule_shadowed", where, "这些规则永远不起作用：另有规则始终说同样的话")


def _rules(book: Book) -> Iterator[Rule]:
    for patterns in book.rules.rules.rows.values():
        for rows in patterns.values():
            yield from rows


def _rules_astray(book: Book) -> Iterator[Finding]:
    """Find rules that name a unit, a place or a category which is not there."""
    units, places, categories = Counter[str](), defaultdict[Scope, Counter[str]](Counter), Counter[str]()
    known = _known_places(book)
    minors = {(one.kind, one.major, one.minor) for one in book.catalogue.categories.values()}
    named = {key for kind, major, minor in minors for key in _prefixes(kind, major, minor)}
    for rule in _rules(book):
        if rule.unit_code not in book.units:
            units[rule.unit_code] += 1
        if rule.scope is not Scope.CITY and rule.scope_code not in known[rule.scope]:
            places[rule.scope][rule.scope_code or ""] += 1
        if (rule.kind, rule.major, rule.minor) not in named:
            categories[f"{rule.major or ''}{rule.minor or ''}"] += 1
    if units:
        yield _warning("rule_of_inactive_unit", _counted(units), "规则指向的单位不在启用的单位表中，这些规则不起作用")
    for scope, codes in sorted(places.items()):
        where = {"scope": scope.value, **_counted(codes)}
        yield _warning("rule_of_inactive_place", where, "规则的范围代码不在启用的数据中，这些规则不起作用")
    if categories:
        yield _warning("rule_of_unknown_category", _counted(categories), "规则的类别不在启用的目录中，这些规则不起作用")


def _prefixes(kind: str, major: str, minor: str) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Yield every way in which a rule may name a category."""
    for a in (kind, None):
        for b in (major, None):
            for c in (minor, None):
                yield a, b, c


def _known_places(book: Book) -> Mapping[Scope, Collection[str | None]]:
    areas: dict[str, set[str]] = defaultdict(set)
    for area in book.areas.values():
        areas[area.level.value].add(area.code)
    return {
        Scope.ZONE: book.zone_names.keys(),
        Scope.CELL: set(book.cells.codes),
        Scope.BEAT: book.beat_names.keys(),
        **{Scope(level): areas[level] for level in ("community", "street", "district")},
    }


def _units_astray(book: Book) -> Iterator[Finding]:
    """Find zones, rulings and units whose unit or region is not there."""
    managers = Counter(unit for _, unit in book.rules.managers.values() if unit not in book.units)
    if managers:
        yield _warning("zone_of_inactive_unit", _counted(managers), "管理单位不在启用的单位表中，这些地块不起作用")
    rulings = [row for patterns in book.rules.rulings.rows.values() for rows in patterns.values() for row in rows]
    ruled = Counter(row.unit_code for row in rulings if row.unit_code not in book.units)
    if ruled:
        yield _warning("ruling_of_inactive_unit", _counted(ruled), "裁定指向的单位不在启用的单位表中，这些裁定不起作用")
    units = book.units.values()
    regions = Counter(one.region_code for one in units if one.region_code and one.region_code not in book.areas)
    if regions:
        yield _warning("unit_of_inactive_region", _counted(regions), "单位的区域代码不在启用的区域中，兜底不起作用")


def _grid_astray(book: Book) -> Iterator[Finding]:
    """Find cells without their community, and beats without their cells."""
    lone = Counter(code[:_PREFIX_OF_CELL] for code in book.cells.codes if code[:_PREFIX_OF_CELL] not in book.areas)
    if lone:
        yield _warning("cell_of_inactive_area", _counted(lone), "单元网格的社区不在启用的区域中，其中的案件没有社区")
    used = {beat for code in book.cells.codes if (beat := book.cells.beat_of(code)) is not None}
    if idle := sorted(book.beat_names.keys() - used):
        yield _warning("beat_without_cells", _some(idle), "这些责任网格没有启用的单元网格")


def _warning(code: str, where: Mapping[str, Any], message: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, where=where, message=message)


def _counted(codes: Counter[str]) -> dict[str, Any]:
    """Return the most frequent codes and how many rows there are in all."""
    return {"codes": [code for code, _ in codes.most_common(EXAMPLES)], "count": codes.total()}


def _some(codes: Sequence[str]) -> dict[str, Any]:
    return {"codes": list(codes[:EXAMPLES]), "count": len(codes)}
