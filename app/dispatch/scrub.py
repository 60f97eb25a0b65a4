"""Take what identifies a person out of texts and file names before they leave for a unit.

Searches through disguises (see `fold`). What is known of the reporter is removed wherever it stands; everything else
goes by its shape, so a stranger's name in free text stays. When in doubt a number is removed: a unit can ask the desk.
Every pattern repeats a bounded number of times: the time is linear in the text. House rule.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.dispatch.fold import fold, merged, numerals_as_digits, plain_text


class Personal(StrEnum):
    """What was found."""

    KNOWN = "known"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    EMAIL = "email"
    ACCOUNT = "account"


MARKS: Final = {
    Personal.KNOWN: "〔已隐去〕",
    Personal.PHONE: "〔电话〕",
    Personal.ID_NUMBER: "〔证件号〕",
    Personal.BANK_CARD: "〔银行卡号〕",
    Personal.PLATE: "〔车牌〕",
    Personal.EMAIL: "〔邮箱〕",
    Personal.ACCOUNT: "〔账号〕",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """The text with marks in place of what was found, and the kinds found, each once, in order."""

    text: str
    found: tuple[Personal, ...]


Span = tuple[int, int, str]

_GAP = r"[\s\-‐‑‒–—―_·•]{0,2}"
_NOT_AFTER_DIGIT = r"(?<![0-9])"
_NOT_BEFORE_DIGIT = r"(?![0-9])"
_EXTENSION = r"(?:\s{0,2}(?:转|分机|ext\.?)\s{0,2}[0-9]{1,6})?"

_MOBILES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NOT_AFTER_DIGIT}(?:(?:\+|00)?86{_GAP}|0)?1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}{_NOT_BEFORE_DIGIT}{_EXTENSION}",
        rf"{_NOT_AFTER_DIGIT}1[3-9][0-9]\.[0-9]{{4}}\.[0-9]{{4}}{_NOT_BEFORE_DIGIT}",
        rf"{_NOT_AFTER_DIGIT}(?:1[3-9][0-9]{{9}}){{2,5}}{_NOT_BEFORE_DIGIT}",  # several, written without a gap
        rf"\+(?:{_GAP}[0-9]){{8,15}}{_NOT_BEFORE_DIGIT}",  # abroad
    )
)
_LANDLINES: Final = (
    re.compile(
        rf"{_NOT_AFTER_DIGIT}\(?0(?:10|2[0-9]|[3-9][0-9]{{2}})\)?{_GAP}[2-9][0-9]{{2,3}}{_GAP}[0-9]{{4}}"
        rf"{_NOT_BEFORE_DIGIT}{_EXTENSION}",
        re.IGNORECASE,
    ),
)
_LOCAL_NUMBER: Final = re.compile(
    r"(?:电话|座机|固话|手机|号码|联系方式|致电|拨打|tel|phone)(?:号码|号)?\s{0,2}[:是为]?\s{0,2}"
    rf"([2-9][0-9]{{2,3}}{_GAP}[0-9]{{4}}){_NOT_BEFORE_DIGIT}",
    re.IGNORECASE,
)
_ID_18: Final = re.compile(rf"{_NOT_AFTER_DIGIT}[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9X](?![0-9A-Z])", re.IGNORECASE)
_ID_15: Final = re.compile(rf"{_NOT_AFTER_DIGIT}[1-9][0-9]{{14}}{_NOT_BEFORE_DIGIT}")
_DOCUMENT: Final = re.compile(
    r"(?:身份证|护照|通行证|居住证|驾驶证|证件)(?:号码|号)?\s{0,2}[:是为]?\s{0,2}([A-Z0-9]{6,32})", re.IGNORECASE
)
_CARD: Final = re.compile(
    rf"{_NOT_AFTER_DIGIT}[3-9][0-9]{{3}}(?:{_GAP}[0-9]{{4}}){{3}}(?:{_GAP}[0-9]{{1,3}})?{_NOT_BEFORE_DIGIT}"
)
_CARD_WORD: Final = re.compile(
    rf"(?:银行卡|储蓄卡|信用卡|卡号|账号|帐号|账户)(?:号码|号)?\s{{0,2}}[:是为]?\s{{0,2}}([0-9](?:{_GAP}[0-9]){{8,24}})"
)
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使]\s{0,2}[A-Z][\s·•.\-]{0,2}"
    r"(?:[A-HJ-NP-Z0-9]{5,6}|[A-HJ-NP-Z0-9]{4}[挂学警港澳试超])(?![A-Z0-9])",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(
    r"(?<![A-Z0-9._%+\-])[A-Z0-9._%+\-]{1,64}\s?@\s?[A-Z0-9\-]{1,63}(?:\.[A-Z0-9\-]{1,63}){1,4}", re.IGNORECASE
)
_ACCOUNT: Final = re.compile(
    r"(?:微信|薇信|威信|(?<![A-Z])(?:we\s?chat|weixin|wx|vx|v信|q\s?q)|扣扣|企鹅)(?:同号|账号|帐号|号码|号|群|id)?"
    r"\s{0,2}[:是为]?\s{0,2}([A-Z0-9][A-Z0-9_\-]{4,19})(?![A-Z0-9_\-])",
    re.IGNORECASE,
)
_OFFICIAL_WORD: Final = re.compile(
    r"(?:(?:案件|工单|受理|部件|网格|单元|设施|流水|订单)(?:编号|编码|代码|号码|号|码)?|[文案编单序]号|编码)"
    r"\s{0,2}[:是为]?\s{0,2}$"
)
_WORD_REACH: Final = 12
_PUBLIC_LINES: Final = frozenset({"12345", "12319"})
_WRITTEN_DATE: Final = re.compile(r"(?:19|20)[0-9]{2}[\-/. ][0-9]{1,2}[\-/. ][0-9]{1,2}")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SHORTEST_NUMBER: Final = 5
_PLATE_DIGITS: Final = 2


def scrub(text: str, known: Iterable[str] = ()) -> Scrubbed:
    """Replace personal values in `text` by marks; `known` are names, phones and addresses of the people concerned.

    A known value of one character, or of fewer than five digits, is not removed: it would tear up ordinary text.
    """
    folded = fold(text)
    spans = [
        (*folded.written(start, end), label)
        for start, end, label in (*_known(folded.text, known), *_shaped(folded.text), *_numbers(folded.text))
    ]
    parts: list[str] = []
    found: dict[Personal, None] = {}
    done = 0
    for start, end, label in merged(spans):
        kind = Personal(label)
        parts += [text[done:start], MARKS[kind]]
        found[kind] = None
        done = end
    return Scrubbed(text="".join([*parts, text[done:]]), found=tuple(found))


def _known(text: str, known: Iterable[str]) -> Iterator[Span]:
    for value in known:
        if pattern := _pattern_of(value):
            yield from ((match.start(), match.end(), Personal.KNOWN) for match in pattern.finditer(text))


def _pattern_of(value: str) -> re.Pattern[str] | None:
    """Return what finds `value` with gaps between its characters, or None where it is too short to be told apart."""
    letters = [character for character in plain_text(value) if character.isalnum()]
    if len(letters) < 2 or (len(letters) < _SHORTEST_NUMBER and "".join(letters).isdigit()):  # noqa: PLR2004  # see scrub
        return None
    before = "(?<![A-Z0-9])" if letters[0].isascii() else ""
    after = "(?![A-Z0-9])" if letters[-1].isascii() else ""
    return re.compile(before + r"[\W_]{0,3}".join(map(re.escape, letters)) + after, re.IGNORECASE)


def _shaped(text: str) -> Iterator[Span]:
    """Find what letters or a word before it give away."""
    yield from _spans(_EMAIL, text, Personal.EMAIL)
    yield from _spans(_PLATE, text, Personal.PLATE, lambda found: sum(map(str.isdigit, found)) >= _PLATE_DIGITS)
    yield from _spans(_ACCOUNT, text, Personal.ACCOUNT, _is_account)
    yield from _spans(_DOCUMENT, text, Personal.ID_NUMBER)


def _numbers(text: str) -> Iterator[Span]:
    """Find numbers by their shape, written in digits or in Chinese numerals."""
    for view in dict.fromkeys((text, numerals_as_digits(text))):
        for pattern in (*_MOBILES, *_LANDLINES):
            yield from _spans(pattern, view, Personal.PHONE, lambda found: not _WRITTEN_DATE.search(found))
        yield from _spans(_LOCAL_NUMBER, view, Personal.PHONE)
        yield from _spans(_CARD_WORD, view, Personal.BANK_CARD)
        yield from (span for span in _spans(_ID_18, view, Personal.ID_NUMBER, _is_id) if not _official(view, span))
        yield from _spans(_ID_18, view, Personal.ID_NUMBER, _is_checked_id)
        yield from (span for span in _spans(_ID_15, view, Personal.ID_NUMBER, _is_old_id) if not _official(view, span))
        yield from (span for span in _spans(_CARD, view, Personal.BANK_CARD, _is_card) if not _official(view, span))


def _spans(
    pattern: re.Pattern[str], text: str, kind: Personal, accept: Callable[[str], bool] = lambda _: True
) -> Iterator[Span]:
    """Yield the pattern's group, or all of it where it has none, wherever `accept` agrees."""
    group = 1 if pattern.groups else 0
    yield from ((*match.span(group), kind) for match in pattern.finditer(text) if accept(match[group]))


def _official(text: str, span: Span) -> bool:
    """Say whether a word such as 工单编号 before the number makes it one of ours."""
    return _OFFICIAL_WORD.search(text[max(0, span[0] - _WORD_REACH) : span[0]]) is not None


def _digits(found: str) -> str:
    return "".join(character for character in found.upper() if character in "0123456789X")


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _is_account(found: str) -> bool:
    return found not in _PUBLIC_LINES and not _WRITTEN_DATE.match(found)


def _is_id(found: str) -> bool:
    digits = _digits(found)
    return digits[6:8] in {"19", "20"} and _is_day(digits[6:10], digits[10:12], digits[12:14])


def _is_checked_id(found: str) -> bool:
    digits = _digits(found)
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return _is_id(found) and "10X98765432"[total % 11] == digits[17]


def _is_old_id(found: str) -> bool:
    return _is_day("19" + found[6:8], found[8:10], found[10:12])


def _is_card(found: str) -> bool:
    """Take a number for a card by its check digit, or by a usual beginning and length."""
    digits = _digits(found)
    doubled = (int(d) * 2 if at % 2 else int(d) for at, d in enumerate(reversed(digits)))
    checks = sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004  # sum of its digits
    return checks or (digits.startswith("62") and len(digits) in {16, 19})
