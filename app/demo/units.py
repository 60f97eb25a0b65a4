"""The units of the demo city, one tree per authority or company, and a directory of who does which trade where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.demo.names import CITY
from app.demo.rows import AreaRow, UnitRow
from app.dispatch.codes import AreaLevel

# (code, trade, name, kind); trade names the unit for rules, zones and components of the whole city
_CITY: Final = (
    ("10", "bureau", "{city}城市管理局", "主管部门"),
    ("1001", "works", "市政设施维护中心", "市政"),
    ("1002", "lighting", "城市照明管理处", "照明"),
    ("1003", "drainage", "排水设施管理处", "排水"),
    ("1004", "sweeping", "机械化清扫大队", "环卫"),
    ("1005", "rivers", "{city}河道管理处", "河道"),
    ("11", "police", "{city}交通警察支队", "交管"),
    ("12", "water_company", "景澜水务集团", "供水"),
    ("13", "gas_company", "景澜燃气公司", "燃气"),
    ("1301", "gas", "燃气管网抢修所", "燃气"),
    ("14", "heat_company", "景澜热力公司", "热力"),
    ("1401", "heat", "热力管网运行所", "热力"),
    ("15", "power_company", "景澜供电公司", "供电"),
    ("1501", "power", "配电设施运维所", "供电"),
    ("16", "telecom_company", "景澜通信设施公司", "通信"),
    ("1601", "telecom", "通信线路维护站", "通信"),
    ("17", "bus_company", "景澜公交集团", "公交"),
    ("1701", "bus", "公交站务中心", "公交"),
    ("18", "market_east", "丰登农贸市场管理公司", "市场"),
    ("19", "market_west", "同福农贸市场管理公司", "市场"),
)
# the same in each district; {n} is the district's place (1, 2)
_DISTRICT: Final = (
    ("1005{n:02d}", "river", "{name}河道管理所", "河道"),
    ("11{n:02d}", "traffic", "{name}交警大队设施中队", "交管"),
    ("12{n:02d}", "water", "{name}供水管理所", "供水"),
    ("2{n}", "district_bureau", "{name}城市管理局", "主管部门"),
    ("2{n}01", "enforcement", "{name}综合执法直属中队", "执法"),
    ("2{n}02", "sanitation", "{name}环境卫生管理所", "环卫"),
    ("2{n}03", "roads", "{name}市政道路管养所", "市政"),
    ("2{n}04", "green", "{name}园林绿化管理所", "园林"),
    ("2{n}05", "adverts", "{name}户外广告管理所", "市容"),
    ("3{n}", "market_bureau", "{name}市场监督管理局", "主管部门"),
    ("3{n}01", "market_first", "{name}市场监管一所", "市场监管"),
    ("3{n}02", "market_second", "{name}市场监管二所", "市场监管"),
    ("4{n}", "housing_bureau", "{name}住房和城乡建设局", "主管部门"),
    ("4{n}01", "sites", "{name}建设工地管理站", "建设"),
    ("4{n}02", "housing", "{name}物业管理站", "住建"),
    ("6{n}", "government", "{name}人民政府", "政府"),
)
# of the first street's office, which has a desk of its own; {name} is the street's
_TOWN: Final = (
    ("town_enforcement", "{name}综合执法队", "执法"),
    ("town_sanitation", "{name}环境卫生服务站", "环卫"),
    ("town_works", "{name}市政维护站", "市政"),
)
_PROPERTY: Final = ("安和", "佳邻", "万象", "柏悦", "怡居", "同心", "恒景", "绿野", "宜家园", "远亲", "瑞庭", "春晖")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """All units, and who does a trade: in the whole city, in an area by its code, or as a property company."""

    rows: tuple[UnitRow, ...]
    by_trade: Mapping[tuple[str, str], str]
    property_companies: tuple[str, ...]
    town: str

    def below_town(self, code: str) -> bool:
        """Tell whether a unit belongs to the town with a desk, and is not its office itself."""
        return code.startswith(self.town) and code != self.town

    def who(self, trade: str, area: str = "") -> str:
        """Return the code of the unit that does a trade in exactly this area (empty: the city)."""
        return self.by_trade[trade, area]


def found_units(areas: Sequence[AreaRow]) -> Directory:
    """Return the units for the districts and streets of the city; street offices are the fallback units.

    The office of the first street has a desk and units of its own: 6101, and 610101 … below it.
    """
    rows: list[UnitRow] = []
    trades: dict[tuple[str, str], str] = {}

    def add(
        code: str, trade: str, name: str, kind: str, region: str = "", *, fallback: bool = False, desk: bool = False
    ) -> None:
        parent = next((code[:size] for size in (4, 2) if size < len(code) and _is_parent(rows, code[:size])), None)
        row = UnitRow(
            code=code,
            name=name,
            parent_code=parent,
            kind=kind,
            region_code=region or None,
            fallback=fallback,
            desk=desk,
        )
        rows.append(row)
        trades[trade, region] = code

    for code, trade, name, kind in _CITY:
        add(code, trade, name.format(city=CITY), kind)
    districts = [area for area in areas if area.level is AreaLevel.DISTRICT]
    for n, district in enumerate(districts, start=1):
        for code, trade, name, kind in _DISTRICT:
            add(code.format(n=n), trade, name.format(name=district.name), kind, district.code)
        streets = [area for area in areas if area.parent_code == district.code]
        for place, street in enumerate(streets, start=1):
            short = street.name.removesuffix("街道")
            add(f"2{n}1{place}", "squad", f"{short}执法中队", "执法", street.code)
            office, first = f"6{n}{place:02d}", not any(trade == "office" for trade, _ in trades)
            add(office, "office", f"{street.name}办事处", "街道", street.code, fallback=True, desk=first)
            for number, (trade, name, kind) in enumerate(_TOWN if first else (), start=1):
                add(f"{office}{number:02d}", trade, name.format(name=short), kind, street.code)
    companies = [f"5{place:02d}" for place in range(1, len(_PROPERTY) + 1)]
    for code, name in zip(companies, _PROPERTY, strict=True):
        add(code, f"property_{code}", f"{name}物业服务公司", "物业")
    return Directory(
        rows=tuple(sorted(rows, key=lambda row: row.code)),
        by_trade=trades,
        property_companies=tuple(companies),
        town=next(row.code for row in rows if row.desk),
    )


def _is_parent(rows: Sequence[UnitRow], code: str) -> bool:
    return any(row.code == code for row in rows)
