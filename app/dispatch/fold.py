"""Read through disguises: one view of a text for matching, with the way back to the text as written.

Full-width, circled and other digits become 0–9, letters their plain form, invisible characters vanish.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_NUMERALS: Final = str.maketrans("〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "0001234567891123456789")
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me"})
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")  # letters by category, blank to the eye
_BRAILLE_BLANK: Final = "\u2800"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text to match in; character `i` of it was written at `origin[i]`."""

    text: str
    origin: tuple[int, ...]

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text as written that the non-empty folded span came from."""
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """Return the view of `text` in which look-alikes are plain and invisible characters are gone."""
    characters: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        plain = _plain(character)
        characters.append(plain)
        origin.extend([at] * len(plain))
    return Folded("".join(characters), tuple(origin))


def plain_text(text: str) -> str:
    """Return the folded text alone."""
    return "".join(map(_plain, text))


def numerals_as_digits(text: str) -> str:
    """Read Chinese numerals (一 … 九, 〇, 幺, 壹 …) as digits, each in its place."""
    return text.translate(_NUMERALS)


def merged(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Join overlapping spans in order; the label of the earliest, then longest one stays."""
    joined: list[tuple[int, int, str]] = []
    for start, end, label in sorted(spans, key=lambda span: (span[0], -span[1])):
        if joined and start < joined[-1][1]:
            first, last, kept = joined[-1]
            joined[-1] = (first, max(last, end), kept)
        else:
            joined.append((start, end, label))
    return joined


@lru_cache(maxsize=65_536)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if character == _BRAILLE_BLANK:
        return " "
    if character in _FILLERS or unicodedata.category(character) in _INVISIBLE:
        return ""
    return unicodedata.normalize("NFKC", character)
