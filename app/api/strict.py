"""Refuse what a route does not know: query parameters it never declared, bodies that are not JSON."""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from starlette.exceptions import HTTPException

from app.dispatch.errors import BadInput

_JSON: Final = ("application/json",)
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

OPEN: Final = frozenset({"hotline"})
"""Tags of routes whose callers stand behind gateways that add parameters of their own."""


async def known_query(request: Request) -> None:
    """Refuse query parameters that the matched route does not declare: a typing error must not widen a list."""
    route = request.scope["route"]
    unknown = [] if OPEN.intersection(route.tags) else sorted(set(request.query_params) - _declared(route))
    if unknown:
        errors = [
            {"where": ["query", name[:80]], "message": "未知的查询参数", "code": "unknown"} for name in unknown[:20]
        ]
        raise BadInput("有未知的查询参数", code="unknown_parameter", fields={"errors": errors})


async def right_type(request: Request) -> None:
    """Refuse a body of another type than the route takes; no body at all is for the route to judge."""
    body = request.scope["route"].body_field
    if body is None:
        return
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and given not in (_FORMS if isinstance(body.field_info, params.Form) else _JSON):
        raise HTTPException(status_code=415)
    if not given and request.headers.get("content-length", "0") != "0":
        raise HTTPException(status_code=415)


_known: dict[Any, frozenset[str]] = {}


def _declared(route: Any) -> frozenset[str]:  # noqa: ANN401  # FastAPI's routes share no public base that has a dependant
    names = _known.get(route.endpoint)
    if names is None:
        names = _known[route.endpoint] = frozenset(_names(get_flat_params(route.dependant)))
    return names


def _names(fields: Iterable[Any]) -> Iterable[str]:
    for field in fields:
        # the fields of a query model are no parameters of FastAPI's own kinds
        if isinstance(field.field_info, params.Query) or not isinstance(field.field_info, params.Param):
            yield field.alias
