"""Addresses as hotline orders write them, and what is read from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.geocoding.keys import LONGEST_TEXT, as_key, fold
from app.dispatch.geocoding.parsing import door_of, parse, region_keys
from app.dispatch.geocoding.phrases import Anchor, Crossing, Door, Heading, Named, Offset, Stretch

REGIONS = region_keys(["映月区", "听泉街道", "听雨社区", "钟楼里社区"])
CROSSING = Crossing(roads=("人民路", "新华路"))
WEST_50 = (Offset(heading=Heading.W, metres=50.0),)


def named(text: str, core: str | None = None) -> Named:
    return Named(text=text, core=core or text)


@pytest.mark.parametrize(
    ("address", "anchor", "offsets"),
    [
        ("人民路与新华路交叉口向西50米", CROSSING, WEST_50),
        ("人民路和新华路交汇处往西约50米处", CROSSING, WEST_50),
        ("人民路、新华路路口西侧五十米左右", CROSSING, WEST_50),
        ("人民路/新华路以西50m", CROSSING, WEST_50),
        ("人民路新华路口正西方向50余米", CROSSING, WEST_50),
        ("人民路—新华路西 50 米路北", CROSSING, WEST_50),
        ("景澜市映月区听泉街道人民路与新华路交叉口西50米", CROSSING, WEST_50),
        ("地址：人民路跟新华路十字路口朝西走50米", CROSSING, WEST_50),
        ("人民路与新华路口东北0.5公里", CROSSING, (Offset(heading=Heading.NE, metres=500.0),)),
        ("人民路与新华路口以南200-300米", CROSSING, (Offset(heading=Heading.S, metres=250.0),)),
        ("距人民路与新华路交叉口约两百米", CROSSING, (Offset(heading=None, metres=200.0),)),
        ("人民路与新华路交叉口东侧", CROSSING, (Offset(heading=Heading.E, metres=None),)),
        ("人民路与新华路交叉口向西50米再向北20米", CROSSING, (*WEST_50, Offset(heading=Heading.N, metres=20.0))),
        ("人民路和和平路路口", Crossing(roads=("人民路", "和平路")), ()),
        ("一环路与二环路北段交叉口", Crossing(roads=("1环路", "2环路北段")), ()),
        ("市场路与南市街交叉口", Crossing(roads=("市场路", "南市街")), ()),
        ("人民路（新华路至解放路段）", Stretch(road="人民路", start="新华路", end="解放路"), ()),
        ("人民路从新华路到解放路之间", Stretch(road="人民路", start="新华路", end="解放路"), ()),
        ("人民路１２８号附近", Door(base="人民路", number=128), ()),
        ("人民路一百二十八号", Door(base="人民路", number=128), ()),
        ("人民路128-2号向西50米", Door(base="人民路", number=128), WEST_50),
        ("人民路128弄5号", Door(base="人民路128弄", number=5), ()),
        ("钟楼里社区钟楼街5号", Door(base="钟楼街", number=5), ()),
        ("幸福小区3号楼2单元", named("幸福小区3号楼2单元", "幸福小区"), ()),
        ("幸福小区东门", named("幸福小区"), (Offset(heading=Heading.E, metres=None),)),
        ("万家超市对面", named("万家超市"), ()),
        ("北京东路50米", named("北京东路"), (Offset(heading=None, metres=50.0),)),
        ("地铁2号线口", named("地铁2号线口"), ()),
        ("听泉街道人民路口", named("人民路口"), ()),
        ("东风路", named("东风路"), ()),
    ],
)
def test_an_address_is_read(address: str, anchor: Anchor, offsets: tuple[Offset, ...]) -> None:
    phrase = parse(address, REGIONS)
    assert phrase.anchors[0] == anchor
    assert phrase.offsets == offsets


def test_regions_that_lead_an_address_are_told() -> None:
    assert parse("景澜市映月区听泉街道听雨社区幸福小区", REGIONS).regions == ("映月区", "听泉街道", "听雨社区")
    assert parse("四川省成都市武侯区幸福小区").anchors == (named("幸福小区"),)
    assert parse("听泉街道", REGIONS).anchors == (named("听泉街道"),)


def test_what_stands_behind_a_way_is_another_reading() -> None:
    phrase = parse("人民路与新华路交叉口向西50米幸福超市门口")
    assert phrase.beyond == (named("幸福超市"),)
    both = parse("人民路128号幸福小区3号楼")
    assert both.anchors[:2] == (Door(base="人民路", number=128), named("幸福小区3号楼", "幸福小区"))


def test_a_door_is_told_from_a_building_and_a_line() -> None:
    assert door_of("人民路128号") == Door(base="人民路", number=128)
    assert [door_of(name) for name in ("人民路128号楼", "幸福小区", "人民路128号幸福小区", "128号")] == [None] * 4


def test_one_spelling() -> None:
    assert as_key("人民路 １２８ 号") == as_key("人民路一百二十八号") == as_key("人民路128號").replace("號", "号")
    assert fold("五一路") == "51路"
    assert fold("二〇二六") == "2026"
    assert fold("十全街三千零五号") == "10全街3005号"
    assert fold("万家超市") == "万家超市"


WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


@given(st.integers(1, 99999), st.integers(1, 9999), st.sampled_from("东南西北"))
def test_full_width_says_the_same_as_half_width(door: int, metres: int, way: str) -> None:
    address = f"人民路{door}号向{way}{metres}米(B座)"
    assert parse(address.translate(WIDE)) == parse(address)
    assert parse("　".join(address)) == parse(address)


@given(st.text(alphabet="路街与和至-号米向东西北人民新华1２十(,口距约。 \u3000", max_size=240))
def test_whatever_is_written_is_read(text: str) -> None:
    phrase = parse(text, REGIONS)
    assert all(len(name) <= LONGEST_TEXT for name in phrase.names)


@pytest.mark.parametrize("text", ["路" * 200, "路与" * 100, "路至" * 100, "1号" * 100, "向东1米" * 60, "A路B" * 66])
def test_no_text_takes_a_pattern_for_ever(text: str) -> None:
    assert parse(text, REGIONS).anchors
