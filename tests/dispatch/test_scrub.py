"""What identifies a person goes, in every disguise; dates, amounts, roads and case numbers stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.scrub import MARKS, Personal, scrub

PHONE = MARKS[Personal.PHONE]
KNOWN = MARKS[Personal.KNOWN]

mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(str.isascii)
DISGUISES: tuple[dict[int, int], ...] = (
    {},
    str.maketrans("0123456789", "０１２３４５６７８９"),
    str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨"),
    str.maketrans("0123456789", "⓿❶❷❸❹❺❻❼❽❾"),
    str.maketrans("0123456789", "〇一二三四五六七八九"),
    str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖"),
    str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"),
)


@pytest.mark.parametrize(
    ("text", "kind", "left"),
    [
        pytest.param("请回电13812345678谢谢", Personal.PHONE, "请回电〔电话〕谢谢", id="mobile"),
        pytest.param("138 1234 5678", Personal.PHONE, "〔电话〕", id="mobile with spaces"),
        pytest.param("138-1234-5678。", Personal.PHONE, "〔电话〕。", id="mobile with hyphens"),
        pytest.param("138.1234.5678", Personal.PHONE, "〔电话〕", id="mobile with dots"),
        pytest.param("1 3 8 1 2 3 4 5 6 7 8", Personal.PHONE, "〔电话〕", id="mobile digit by digit"),
        pytest.param("+86-13812345678", Personal.PHONE, "〔电话〕", id="mobile from abroad"),
        pytest.param("tel:008613812345678转12", Personal.PHONE, "tel:〔电话〕", id="mobile with extension"),
        pytest.param("1381234567813987654321", Personal.PHONE, "〔电话〕", id="two mobiles in one run"),
        pytest.param("电话:0512-57301234", Personal.PHONE, "电话:〔电话〕", id="landline"),
        pytest.param("（010）6552 1234", Personal.PHONE, "〔电话〕", id="landline in brackets"),
        pytest.param("05577301234家里", Personal.PHONE, "〔电话〕家里", id="landline of seven digits"),
        pytest.param("座机 5730-1234", Personal.PHONE, "座机 〔电话〕", id="local number after its word"),
        pytest.param("+852 9123 4567", Personal.PHONE, "〔电话〕", id="abroad"),
        pytest.param("身份证11010519491231002X", Personal.ID_NUMBER, "身份证〔证件号〕", id="id of 18"),
        pytest.param("本人110105 19491231 002x", Personal.ID_NUMBER, "本人〔证件号〕", id="id with spaces"),
        pytest.param("本人110105194912310021", Personal.ID_NUMBER, "本人〔证件号〕", id="id with a slip"),
        pytest.param("编号11010519491231002X", Personal.ID_NUMBER, "编号〔证件号〕", id="id passed off as a number"),
        pytest.param("本人130503670401001", Personal.ID_NUMBER, "本人〔证件号〕", id="id of 15"),
        pytest.param("护照号：E12345678", Personal.ID_NUMBER, "护照号：〔证件号〕", id="passport"),
        pytest.param("卡4111 1111 1111 1111", Personal.BANK_CARD, "卡〔银行卡号〕", id="card by its check digit"),
        pytest.param("6222021234567890123", Personal.BANK_CARD, "〔银行卡号〕", id="card by its beginning"),
        pytest.param("卡号：123456789012", Personal.BANK_CARD, "卡号：〔银行卡号〕", id="card after its word"),
        pytest.param("苏E·12A45乱停", Personal.PLATE, "〔车牌〕乱停", id="plate"),
        pytest.param("车牌苏e12345", Personal.PLATE, "车牌〔车牌〕", id="plate in small letters"),
        pytest.param("沪AD12345占道", Personal.PLATE, "〔车牌〕占道", id="plate of an electric car"),
        pytest.param("粤B1234学", Personal.PLATE, "〔车牌〕", id="plate of a driving school"),
        pytest.param("发到zhang.san@example.com", Personal.EMAIL, "发到〔邮箱〕", id="e-mail"),
        pytest.param("ｚｓ＠ｅｘａｍｐｌｅ．ｃｏｍ", Personal.EMAIL, "〔邮箱〕", id="e-mail full-width"),
        pytest.param("微信号:zhang_san-88", Personal.ACCOUNT, "微信号:〔账号〕", id="wechat"),
        pytest.param("加vx zs20011", Personal.ACCOUNT, "加vx 〔账号〕", id="wechat by its nickname"),
        pytest.param("QQ：1234567", Personal.ACCOUNT, "QQ：〔账号〕", id="qq"),
        pytest.param("张三13812345678.jpg", Personal.PHONE, "张三〔电话〕.jpg", id="file name"),
        pytest.param("138\u200b1234\u200d56\ufe0f78", Personal.PHONE, "〔电话〕", id="invisible characters inside"),
        pytest.param("1️⃣3️⃣8️⃣12345678", Personal.PHONE, "〔电话〕", id="keycaps"),
        pytest.param("一三八幺二三四五六七八", Personal.PHONE, "〔电话〕", id="chinese numerals"),
        pytest.param("138一二三四5678", Personal.PHONE, "〔电话〕", id="numerals among digits"),
        pytest.param("联系我一13812345678", Personal.PHONE, "联系我一〔电话〕", id="a numeral just before"),
    ],
)
def test_a_personal_value_is_replaced(text: str, kind: Personal, left: str) -> None:
    scrubbed = scrub(text)
    assert scrubbed.text == left
    assert scrubbed.found == (kind,)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 08:30至2026-11-22 18:00",
        "2024年11月15日、2024.11.15、20241115",
        "二〇二六年十一月二十一日上午九点三十分",
        "时间14-18 2024-1-15",
        "罚款1500元，预算138,123,456.78元",
        "长13.5米宽2.4米，面积1380㎡",
        "312国道K138+200处，G15与S58交叉口，人民路138号3幢1单元502室",
        "工单号20261121000123，案件编号 3205832026112100012",
        "工单编号110105194912310021",
        "部件编码3205830010010123，网格320583001001023",
        "IMG_20241101_123456789.jpg 与 mmexport1699999999999.jpg",
        "拨打12345或12319，报警110",
        "通过微信12345反映，微信2024-11-15反映",
        "井盖编号A0138-1234，路灯杆57301234",
        "第一二三四五六七八号楼，三三两两",
        "新建A区5号楼12345平方米",
        "坐标121.138123,31.451234",
        "沿宁G15方向2公里，京广线",
        "",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert scrub(text).text == text
    assert scrub(text).found == ()


@pytest.mark.parametrize(
    ("text", "known", "left"),
    [
        ("我叫张三，张 三家", ["张三"], f"我叫{KNOWN}，{KNOWN}家"),
        ("张\u200b三", ["张三"], KNOWN),
        ("古丽米热阿不都来过", ["古丽米热·阿不都"], f"{KNOWN}来过"),
        ("ask JOHN  smith, not Johnsmithson", ["John Smith"], f"ask {KNOWN}, not Johnsmithson"),
        ("家住人民路 8号3幢", ["人民路8号3幢"], f"家住{KNOWN}"),
        ("短号５７３０-１２３４", ["57301234"], f"短号{KNOWN}"),
        ("张家港的张三丰", ["张"], "张家港的张三丰"),
        ("8号楼", ["8", " ", "", "·"], "8号楼"),
        ("2026年", ["2026"], "2026年"),
    ],
)
def test_what_is_known_goes_wherever_it_stands(text: str, known: list[str], left: str) -> None:
    assert scrub(text, known).text == left


def test_kinds_are_named_once_in_order() -> None:
    scrubbed = scrub("张三13812345678，13987654321，苏E12345", ["张三"])
    assert scrubbed.text == f"{KNOWN}{PHONE}，{PHONE}，〔车牌〕"
    assert scrubbed.found == (Personal.KNOWN, Personal.PHONE, Personal.PLATE)


def test_overlapping_finds_leave_nothing_between_them() -> None:
    assert scrub("13812345678@qq.com").text in {"〔邮箱〕", "〔电话〕"}


@given(
    mobiles,
    st.sampled_from(DISGUISES),
    st.sampled_from(["", " ", "-", "\u200b", "\u2060 "]),
    st.text("路边有人摆摊。,"),
)
def test_no_disguise_saves_a_mobile(mobile: str, disguise: dict[int, int], gap: str, around: str) -> None:
    written = gap.join(mobile.translate(disguise))
    assert scrub(f"{around}，{written}，{around}").text == f"{around}，{PHONE}，{around}"


@given(
    st.text("张三王小明李", min_size=2, max_size=4),
    st.text("路边有人摆摊，。"),
    st.sampled_from(["", " ", "\u3000", "·"]),
)
def test_a_known_name_never_survives(name: str, around: str, gap: str) -> None:
    assert gap.join(name) not in scrub(f"{around}{gap.join(name)}{around}", [name]).text


@given(st.text("0123456789 -+1386一五〇苏EAX@a.Q微信号卡身份证电话转年月\u200b", max_size=60))
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub(text).text
    assert scrub(once).text == once


@given(st.text(max_size=40))
def test_text_without_finds_is_returned_as_written(text: str) -> None:
    scrubbed = scrub(text)
    assert (scrubbed.text == text) is (scrubbed.found == ())


def test_long_text_of_near_misses_comes_back_whole() -> None:
    for piece in ("1", "1-", "1 3", "a@", "微信", "0", "苏E", "62 ", "张 "):
        text = piece * (50_000 // len(piece))
        assert len(scrub(text, ["张三"]).text) <= len(text)
