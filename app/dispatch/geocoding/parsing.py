"""Read a Chinese address: crossings, stretches, doors, names, and the metres and directions from there.

The words are those of hotline orders (house rule); see docs/geocoding.md for what is read and what is not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from app.dispatch.geocoding.keys import SHORTEST_KEY, as_key, fold
from app.dispatch.geocoding.phrases import HEADINGS, Anchor, Crossing, Door, Named, Offset, Phrase, Stretch

_END: Final = (
    r"(?:大道|大街|胡同|公路|高速|立交桥?|环路|环线|路|街(?!道)|巷|弄|(?<!街)道|线|环|桥)(?:[东南西北中]段|\d段)?"
)
_AND: Final = r"(?:与|和|及|跟|同|、|/|-|&|\+|,)"
_MEET: Final = (
    r"的?(?:十字|丁字|T型|T字|三岔)?(?:交叉路口|交叉口|交叉处|交汇处|交汇口|交汇路口|交会处|交会口|交界处|交界口"
    r"|交接处|交接口|相交处|交口|路口|交叉|交汇|交界|口)"
)
_CROSSINGS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<a>.*?{_END}){_AND}(?P<b>.{{1,30}}?{_END})(?:{_MEET})?$",
        rf"(?P<a>.*?{_END}){_AND}(?P<b>.{{1,30}}?){_MEET}$",
        rf"(?P<a>.{{1,60}}?{_END})(?P<b>.{{1,12}}?{_END}){_MEET}$",
    )
)
_STRETCH: Final = re.compile(
    rf"(?P<road>.*?{_END})[(,]?(?:从|自|由)?(?P<start>.{{1,20}}?{_END})(?:交叉口|路口|口)?(?:至|到|-)"
    rf"(?P<end>.{{1,20}}?{_END})(?:交叉口|路口|口)?之?间?的?(?:路段|段|区间)?\)?$"
)
_DOOR: Final = re.compile(
    r"(?P<base>.*?[^\d])(?P<number>\d{1,5})(?:[-之附]\d{1,4})?(?:号|號|#)"
    r"(?!楼|栋|幢|线|门|桥|井|杆|口|厅|机|厂|矿|店|站|公馆)(?:院|附\d{1,4}号?)?(?P<rest>.*)$"
)
_BUILDING: Final = re.compile(
    r"(?:\d{1,4}|[A-Z]\d{0,3})(?:号楼|号院|栋|幢|座|单元|室|层|楼|号(?!线)|门|排|户|区|期).*$"
)

_WAY: Final = rf"(?:{'|'.join(HEADINGS)})"
_METRES: Final = (
    r"(?:大约|约|大概|近|不到|不足)?(?P<metres>\d{1,5}(?:\.\d{1,2})?)(?:-(?P<most>\d{1,5}))?(?:余|多|来)?"
    r"(?P<unit>米|M(?![A-Z])|公里|千米|KM)(?:左右|开外|远|处|的地方|的位置|位置|范围内|以内)*"
)
_OFFSET: Final = re.compile(
    rf"(?:再|又|然后|并)?(?:(?:向|往|朝|以|偏|正)*(?P<way>{_WAY})(?:方向|方|侧|面|边|头|行驶|行走|行|走|步行)*)?{_METRES}"
    rf"|(?:(?:向|往|朝|以|正)+(?P<to>{_WAY})(?:方向|方|侧|面|边|头)*|(?P<side>{_WAY})(?:侧|面|边|方向|门口|门))$"
)
_KILOMETRES: Final = frozenset({"公里", "千米", "KM"})
_LEADING: Final = re.compile(
    r"^(?:(?:事发|案发|问题|详细|具体)?(?:地址|地点|位置)[是为:]*|我?家?住?在|位于|就在|靠近|距离|距|离|从|[,.:;、。;-])+"
)
_TRAILING: Final = re.compile(
    r"(?:[,.:;、。!?-]|附近|周边|一带|旁边|旁|边上|路边|对面|斜对面|对过|门口|门前|大门口?|里面|院内|内|处|这里|那里"
    r"|的地方|左右|路[东南西北]侧?|的)+$"
)
_PLAIN_TRAILING: Final = re.compile(r"(?:[,.:;、。!?-]|处|这里|那里|的)*$")
_PROVINCE: Final = re.compile(r"^[^省市区县路街]{2,8}(?:省|自治区)")
_CITY: Final = re.compile(r"^[^省市区县路街]{2,6}(?<![超门夜菜早集花])市(?!场|政|民)")
_DISTRICT: Final = re.compile(r"^[^省市区县路街]{1,4}(?:(?<![小社园景校厂院库])区|县)")
_TOWN: Final = re.compile(r"^[^省市区县路]{2,5}?(?:街道|镇|乡)(?!.{0,1}(?:路|街))(?!口|上|里|政府|办)")


_LONGEST_REGION: Final = 20
_NO_REGIONS: Final[Mapping[str, str]] = {}


def parse(text: str, regions: Mapping[str, str] = _NO_REGIONS) -> Phrase:
    """Return what an address says; `regions` are districts, streets and communities that may lead it, by key."""
    whole = _LEADING.sub("", fold(text))
    cut = _PLAIN_TRAILING.sub("", whole)
    rest, named = _without_regions(cut, regions)
    head, offsets, tail = _with_offsets(rest)
    bare = _TRAILING.sub("", head) if not offsets or tail == "" else head
    vague = bare != head
    anchors = tuple(_anchors(bare or head))
    beyond = tuple(_anchors(_TRAILING.sub("", tail))) if tail else ()
    return Phrase(anchors=anchors, beyond=beyond, offsets=offsets, regions=named, vague=vague)


def door_of(name: str) -> Door | None:
    """Return the road and number that a name consists of; None for any other name."""
    found = _DOOR.fullmatch(fold(name))
    if found is None or found["rest"] or len(as_key(found["base"])) < SHORTEST_KEY:
        return None
    return Door(base=as_key(found["base"]), number=int(found["number"]))


def region_keys(names: Iterable[str]) -> dict[str, str]:
    """Return the names of regions by what `parse` knows them by."""
    return {as_key(name): name for name in names}


def _without_regions(text: str, regions: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Take province, city, district, street and community off the front; return which known regions were named."""
    named: list[str] = []
    for pattern in (_PROVINCE, _CITY):
        text = _cut(pattern, text)
    while (key := _leading(text, regions)) is not None:
        named.append(regions[key])
        text = text[len(key) :]
    if not named:
        for pattern in (_DISTRICT, _TOWN):
            text = _cut(pattern, text)
    return text, tuple(named)


def _leading(text: str, regions: Mapping[str, str]) -> str | None:
    """Return the longest region that a text begins with, as long as something is left behind it."""
    ends = range(min(len(text) - SHORTEST_KEY, _LONGEST_REGION), 0, -1)
    return next((text[:end] for end in ends if text[:end] in regions), None)


def _cut(pattern: re.Pattern[str], text: str) -> str:
    rest = pattern.sub("", text)
    return rest if len(as_key(rest)) >= SHORTEST_KEY else text


def _with_offsets(text: str) -> tuple[str, tuple[Offset, ...], str]:
    """Return what stands before the first way from somewhere, the ways in a row, and what follows them."""
    head, at = text, 0
    offsets: list[Offset] = []
    for found in _OFFSET.finditer(text):
        if found.start() < SHORTEST_KEY or (offsets and found.start() - at > 1):
            continue
        if not offsets:
            head = text[: found.start()]
        offsets.append(_offset(found))
        at = found.end()
    tail = text[at:] if offsets else ""
    side = re.match(r"(?:路|街|马路|道路)?[东南西北](?:侧|边|面)?$", tail)
    return head.rstrip(",、"), tuple(offsets), "" if side else tail.lstrip(",、处的")


def _offset(found: re.Match[str]) -> Offset:
    word = found["way"] or found["to"] or found["side"]
    heading = HEADINGS[word] if word else None
    if found["metres"] is None:
        return Offset(heading=heading, metres=None)
    metres = float(found["metres"])
    if found["most"] is not None and float(found["most"]) > metres:
        metres = (metres + float(found["most"])) / 2
    return Offset(heading=heading, metres=metres * (1000 if found["unit"] in _KILOMETRES else 1))


def _anchors(text: str) -> Iterator[Anchor]:
    """Yield the ways to read a text without its ways from there."""
    stretch = _STRETCH.fullmatch(text)
    if stretch:
        yield Stretch(**{name: as_key(stretch[name]) for name in ("road", "start", "end")})
    for pattern in () if stretch else _CROSSINGS:
        crossing = pattern.fullmatch(text)
        if crossing and as_key(crossing["a"]) and as_key(crossing["b"]):
            yield Crossing(roads=(as_key(crossing["a"]), as_key(crossing["b"])))
            break
    door = _DOOR.fullmatch(text)
    if door and len(as_key(door["base"])) >= SHORTEST_KEY:
        yield Door(base=as_key(door["base"]), number=int(door["number"]))
        rest = as_key(_TRAILING.sub("", door["rest"]))
        if len(rest) >= SHORTEST_KEY:
            yield _named(rest)
    whole = as_key(text)
    if len(whole) >= SHORTEST_KEY:
        yield _named(whole)


def _named(key: str) -> Named:
    core = _BUILDING.sub("", key)
    return Named(text=key, core=core if len(core) >= SHORTEST_KEY else key)
