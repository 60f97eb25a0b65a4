"""Show as much of a personal value as the desk needs to recognise it, and the one form a phone is searched by.

House rule; see docs/policies.md for who may ask for the whole value.
"""

import re
from typing import Final

from app.dispatch.fold import fold, numerals_as_digits, plain_text

STAR: Final = "*"
_MOST_STARS: Final = 3
_HIDDEN: Final = STAR * 4
_COMPOUND_SURNAMES: Final = re.compile(
    "欧阳|太史|上官|端木|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|"
    "钟离|长孙|宇文|司徒|鲜于|司空|闾丘|子车|亓官|司寇|巫马|公西|颛孙|壤驷|公良|漆雕|乐正|宰父|谷梁|拓跋|轩辕|令狐|段干|百里|呼延|"
    "东郭|南门|羊舌|微生|公户|公玉|梁丘|左丘|东门|西门|南荣|第五|纳兰|完颜"
)
_HAN: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE: Final = re.compile(r"(0(?:10|2[0-9]|[3-9][0-9]{2}))([2-9][0-9]{6,7})")
_EXTENSION: Final = re.compile(r"(?:转|分机|ext\.?)\s{0,2}[0-9]{1,6}\s*$", re.IGNORECASE)
_HOUSE: Final = re.compile(
    r"[0-9一二三四五六七八九十百零〇]{1,8}\s{0,2}(?:号|弄|幢|栋|座|单元|楼|层|室|户|组|队)(?!线)"
)
_ROAD: Final = re.compile(r"路|街(?!道|坊|区)|大道|国道|省道|县道|巷|胡同|(?<![街味轨])道(?=$|[0-9\s])")
_REGION: Final = re.compile(r"省|市|县|旗|(?<![小社园校片新厂])区|镇|乡|街道")
_SHORTEST_WITH_TAIL: Final = 7


def mask_name(name: str) -> str:
    """Keep the surname, 张三 → 张*, 欧阳娜娜 → 欧阳**; of other names the first letter, John → J***.

    A name of one letter is hidden whole; nothing stays nothing.
    """
    letters = name.strip()
    if len(letters) <= 1:
        return STAR * len(letters)
    if not _HAN.match(letters):
        return letters[0] + STAR * _MOST_STARS
    kept = letters[:2] if _COMPOUND_SURNAMES.match(letters) and letters[2:] else letters[0]
    return kept + STAR * min(len(letters) - len(kept), _MOST_STARS)


def mask_phone(phone: str) -> str:
    """Keep a mobile's first three and last four digits, a landline's area code and last digits: 138****1234."""
    number = normal_phone(phone)
    if _MOBILE.fullmatch(number):
        return number[:3] + _HIDDEN + number[-4:]
    if landline := _LANDLINE.fullmatch(number):
        return f"{landline[1]}-{_HIDDEN}{landline[2][4:]}"
    if len(number) < _SHORTEST_WITH_TAIL:
        return STAR * len(number)
    return _HIDDEN + number[-2:]


def mask_address(address: str) -> str:
    """Keep an address to its street, 人民路8号3幢 → 人民路***; without a street to its last region; else nothing."""
    text = address.strip()
    folded = fold(text)
    house = _HOUSE.search(folded.text)
    head = text[: folded.origin[house.start()]] if house else text
    ends = [match.end() for match in _ROAD.finditer(head)] or [match.end() for match in _REGION.finditer(head)]
    return (head[: ends[-1]] if ends else "") + STAR * _MOST_STARS if text else ""


def normal_phone(phone: str) -> str:
    """Return the form a phone is searched by: digits alone, without +86, a leading 0 before a mobile, or an extension.

    Landlines keep their area code, numbers abroad their `+`. Without any digit: empty.
    """
    text = _EXTENSION.sub("", numerals_as_digits(plain_text(phone)).strip())
    digits = re.sub(r"[^0-9]", "", text)
    abroad = text.lstrip("( ").startswith("+") or digits.startswith("00")
    bare = digits.removeprefix("00")
    if abroad and not bare.startswith("86"):
        return f"+{bare}" if bare else ""
    national = bare.removeprefix("86")
    for number in (bare, bare.removeprefix("0"), national, national.removeprefix("0"), "0" + national):
        if _MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number):
            return number
    return national if abroad else digits
