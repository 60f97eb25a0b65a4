"""One spelling for the texts of addresses and the names of places, so that the two can be compared."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LONGEST_TEXT: Final = 200
"""Characters of an address that are read, as folded."""
LONGEST_KEY: Final = 60
SHORTEST_KEY: Final = 2

_GAPS: Final = re.compile(r"[\s\u0000-\u001f\u200b-\u200f\ufeff]+")
_DASHES: Final = re.compile(r"[‐‑‒–—―−~〜_]+")
_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_NUMERAL: Final = re.compile(
    r"(?:[零〇一二三四五六七八九]|十(?!字)|两(?=[百千]|米|公里|千米))[零〇一二三四五六七八九十百千]*"
)
_NO_KEY: Final = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Return a text as addresses are read: half width, capitals, Arabic numerals, no gaps, one kind of dash."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).upper()
    plain = _DASHES.sub("-", _GAPS.sub("", plain))[:LONGEST_TEXT]
    return _NUMERAL.sub(lambda found: _numeral(found[0]), plain)


def as_key(text: str) -> str:
    """Return what a name is found by: folded, letters and digits only."""
    return _NO_KEY.sub("", fold(text))[:LONGEST_KEY]


def _numeral(signs: str) -> str:
    """Return a Chinese numeral in Arabic digits: by value where it counts tens, else sign by sign."""
    if not any(sign in _TENS for sign in signs):
        return "".join(str(_DIGITS[sign]) for sign in signs)
    total = digit = 0
    for sign in signs:
        if sign in _TENS:
            total += (digit or (1 if total == 0 else 0)) * _TENS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return str(total + digit)


def parts_of(key: str, *, longest: int = 24) -> Iterator[str]:
    """Yield everything within a key that could be a name."""
    for start in range(len(key)):
        for end in range(start + SHORTEST_KEY, min(len(key), start + longest) + 1):
            yield key[start:end]


def endings_of(key: str) -> Iterator[str]:
    """Yield the ends of a key, the longest first: what stands before a name is mostly where it lies."""
    for start in range(len(key) - SHORTEST_KEY + 1):
        yield key[start:]
