"""The shipped definitions of the rates: one default each, and the others that cities use.

Source: city practice, as far as published figures could be recomputed; see docs/figures.md.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.dispatch.appraisal import DEFAULT, Definition, Rate, RateName, missing, rate
from app.dispatch.errors import BadInput

_PRACTICE: Final = "城市惯例"
_BULLETINS: Final = "城市惯例：天门、郑州、淮安、湖州、达州、连云港、开州、许昌等通报"


def _define(of: RateName, numerator: str, denominator: str, name: str = DEFAULT, source: str = _PRACTICE) -> Definition:
    return Definition(rate=of, numerator=numerator, denominator=denominator, name=name, source=source)


_ALL: Final = (
    _define(RateName.CLOSURE, "closed", "to_close", source=_BULLETINS),
    _define(RateName.CLOSURE, "closed", "filed", "by_filed", "城市惯例：南宁"),
    _define(RateName.CLOSURE, "closed", "accepted", "by_accepted", "城市惯例：江门"),
    _define(RateName.CLOSURE, "closed", "dispatched", "by_dispatched", "城市惯例：三门峡"),
    _define(RateName.CLOSURE, "closed", "disposed", "by_disposed", "城市惯例：太仓"),
    _define(RateName.ON_TIME_CLOSURE, "closed_on_time", "to_close", source=_BULLETINS),
    _define(RateName.ON_TIME_CLOSURE, "closed_on_time", "closed", "by_closed", "城市惯例：值班长岗位考核"),
    _define(RateName.DISPOSAL, "disposed", "to_dispose", source=_BULLETINS),
    _define(RateName.DISPOSAL, "disposed", "filed", "by_filed", "城市惯例：太仓"),
    _define(RateName.ON_TIME_DISPOSAL, "disposed_on_time", "to_dispose", source="城市惯例：淮安"),
    _define(RateName.ON_TIME_DISPOSAL, "disposed_on_time", "disposed", "by_disposed"),
    _define(RateName.REWORK, "reworked", "to_close", source="城市惯例：郑州"),
    _define(RateName.REWORK, "reworked", "disposed", "by_disposed"),
    _define(RateName.EXTENSION, "extended", "to_close", source="城市惯例：郑州"),
    _define(RateName.EXTENSION, "extended", "disposed", "by_disposed"),
    _define(RateName.FIRST_PASS, "not_reworked", "to_close", source="城市惯例：连云港"),
    _define(RateName.FIRST_PASS, "not_reworked", "disposed", "by_disposed"),
    _define(RateName.DISPATCH, "dispatched", "filed", source="城市惯例：郑州"),
    _define(RateName.ACCURATE_DISPATCH, "dispatched_accurately", "dispatched"),
    _define(RateName.FILING, "taken_up", "accepted", source="本系统口径：立案与并单均计"),
    _define(RateName.FILING, "filed", "accepted", "by_accepted", "城市惯例：郑州"),
    _define(RateName.FILING, "filed", "reported", "by_reported", "城市惯例：达州"),
    _define(RateName.VALID_REPORT, "valid_reported", "reported", source="城市惯例：达州"),
    _define(RateName.SATISFACTION, "satisfied", "opinion_given"),
    _define(RateName.SOLVED, "solved", "opinion_given"),
)


def definitions() -> tuple[Definition, ...]:
    """Return every shipped definition, grouped by rate, the default first in its group."""
    return _ALL


def definitions_of(rate_name: str) -> tuple[Definition, ...]:
    """Return the definitions of one rate, default first; empty for an unknown one."""
    return tuple(definition for definition in _ALL if definition.rate == rate_name)


def default_of(rate_name: str, where: Sequence[str | int] = ("rates",)) -> Definition:
    """Return the default definition of `rate_name`; raise BadInput at `where` for an unknown one."""
    if known := definitions_of(rate_name):
        return known[0]
    raise BadInput.at(where, f"没有名为“{rate_name}”的指标", code="rate_unknown")


def chosen(name: str = DEFAULT) -> tuple[Definition, ...]:
    """Return one definition a rate: the one called `name` where the rate has it, else its default.

    Raises BadInput for a name that no rate has.
    """
    named = {definition.rate: definition for definition in _ALL if definition.name == name}
    if not named:
        raise BadInput.at(["definition"], f"没有名为“{name}”的口径", code="definition_unknown")
    return tuple(named.get(each, default_of(each)) for each in RateName)


def rates_of(counts: Mapping[str, int], name: str = DEFAULT) -> dict[str, Rate]:
    """Return every rate that `counts` suffice for, by the definitions `chosen(name)`."""
    return {d.rate: rate(d, counts) for d in chosen(name) if not missing(d, counts)}
