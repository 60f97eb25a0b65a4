"""Masks keep what the desk needs and no more; one phone has one search form however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.mask import mask_address, mask_name, mask_phone, normal_phone

mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(str.isascii)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧*"),
        ("诸葛亮", "诸葛*"),
        ("古丽米热·阿不都热依木", "古***"),
        ("张", "*"),
        ("John Smith", "J***"),
        ("  李四 ", "李*"),
        ("", ""),
        ("𠮷田", "𠮷*"),
    ],
)
def test_a_name_keeps_its_surname(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(min_size=2, max_size=12).filter(lambda text: len(text.strip()) > 1))
def test_a_name_is_never_shown_whole(name: str) -> None:
    assert mask_name(name).endswith("*")
    assert len(mask_name(name).rstrip("*")) < len(name.strip()) or name.strip().endswith("*")


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+86 138-1234-1234", "138****1234"),
        ("0512-57301234", "0512-****1234"),
        ("(010) 6552 1234", "010-****1234"),
        ("0557-3021234", "0557-****234"),
        ("+852 9123 4567", "****67"),
        ("57301234", "****34"),
        ("12345", "*****"),
        ("没有", ""),
    ],
)
def test_a_phone_keeps_its_ends(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("江苏省昆山市人民路8号3幢501室", "江苏省昆山市人民路***"),
        ("昆山市玉山镇人民路阳光小区3幢", "昆山市玉山镇人民路***"),
        ("昆山市玉山镇张家村12组5号", "昆山市玉山镇***"),
        ("人民路８８号", "人民路***"),
        ("建设一路十二号", "建设一路***"),
        ("312国道15号", "312国道***"),
        ("朝阳区建国门外街道永安里东里8号楼", "朝阳区建国门外街道***"),
        ("中山路100号新华街口", "中山路***"),
        ("河西区友谊道 20 号", "河西区友谊道***"),
        ("某小区5栋", "***"),
        ("", ""),
    ],
)
def test_an_address_ends_at_its_street(address: str, masked: str) -> None:
    assert mask_address(address) == masked


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("１３８ １２３４ ５６７８", "13812345678"),
        ("一三八一二三四五六七八", "13812345678"),
        ("013812345678", "13812345678"),
        ("0086-13812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("138\u200b1234\u200b5678 转 12", "13812345678"),
        ("+86 512 5730 1234", "051257301234"),
        ("0512-57301234转8", "051257301234"),
        ("+852 9123 4567", "+85291234567"),
        ("00852 9123 4567", "+85291234567"),
        ("57301234", "57301234"),
        ("无", ""),
    ],
)
def test_a_phone_has_one_search_form(written: str, normal: str) -> None:
    assert normal_phone(written) == normal


@given(mobiles, st.sampled_from(["", "+86", "+86 ", "0086", "86", "0"]), st.sampled_from(["", " ", "-", "\u200b"]))
def test_every_writing_of_a_mobile_is_searched_alike(mobile: str, prefix: str, gap: str) -> None:
    assert normal_phone(prefix + gap.join(mobile)) == mobile
    assert normal_phone(normal_phone(mobile)) == mobile


@given(st.text("0123456789+-() ", max_size=24))
def test_a_search_form_is_its_own_search_form(written: str) -> None:
    assert normal_phone(normal_phone(written)) == normal_phone(written)


@given(mobiles)
def test_the_middle_of_a_mobile_is_hidden(mobile: str) -> None:
    assert mask_phone(mobile) == mobile[:3] + "****" + mobile[7:]
