"""Tags: short words that people hang on reports and cases, written one way whoever types them."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from app.dispatch.errors import BadInput

TAGS_AT_MOST: Final = 20
"""Tags a report or a case may have at once."""
TAG_LENGTH: Final = 50
"""Characters of one."""
TAGS_OF_REPORTS: Final = "tags_of_reports"
"""What the history names where a report brought its tags to the case it joined."""


def normal_tag(text: str) -> str:
    """Return a tag as it is kept: full-width letters made ordinary, no space around it, one where several were."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def normal_tags(texts: Iterable[str], *, where: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they are kept, each once and in order; empty ones are left out. Raises BadInput for long ones."""
    tags = dict.fromkeys(filter(None, map(normal_tag, texts)))
    for tag in tags:
        if len(tag) > TAG_LENGTH:
            raise BadInput.at(where, f"标签不能超过{TAG_LENGTH}个字：{tag[:TAG_LENGTH]}…", code="tag_too_long")
    return tuple(tags)


def retagged(present: Iterable[str], *, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
    """Return the tags after a change; raise BadInput where they would be too many."""
    gone = set(remove)
    kept = tuple(dict.fromkeys((*(tag for tag in present if tag not in gone), *add)))
    if len(kept) > TAGS_AT_MOST:
        raise BadInput.at(["body", "add"], f"标签最多{TAGS_AT_MOST}个，现为{len(kept)}个", code="too_many_tags")
    return kept


def joining(present: Iterable[str], brought: Iterable[str]) -> tuple[str, ...]:
    """Return those tags that a report brings along: what is not there yet, as far as there is room; long ones cut."""
    have = dict.fromkeys(present)
    cut = (normal_tag(text)[:TAG_LENGTH].rstrip() for text in brought)
    new = [tag for tag in dict.fromkeys(filter(None, cut)) if tag not in have]
    return tuple(new[: max(0, TAGS_AT_MOST - len(have))])
