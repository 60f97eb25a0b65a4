"""`If-None-Match`: what the caller has already is not sent again."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Response

_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The tags that a caller knows; compared weakly (RFC 9110 §13.1.2)."""

    tags: frozenset[str]
    anything: bool

    def names(self, tag: str) -> bool:
        """Tell whether the caller has what `tag` stands for."""
        return self.anything or tag.removeprefix("W/") in self.tags


async def _known(
    if_none_match: Annotated[str | None, Header(description="`ETag` of the version known: 304 if unchanged")] = None,
) -> Known:
    given = if_none_match or ""
    tags = frozenset(tag.removeprefix("W/") for tag in _TAG.findall(given))
    return Known(tags=tags, anything=given.strip() == "*")


IfNoneMatch = Annotated[Known, Depends(_known)]


def unchanged(tag: str) -> Response:
    """Return the answer 304."""
    return Response(status_code=304, headers={"ETag": tag})
