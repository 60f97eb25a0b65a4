"""The two query parameters of every list."""

from typing import Annotated

from fastapi import Query

from app.repositories.paging import LIMIT_AT_MOST

PageSize = Annotated[int, Query(ge=1, le=LIMIT_AT_MOST, description="Items a page")]
Behind = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
