"""Errors as `application/problem+json` (RFC 9457): class → status once, for every router."""

import traceback
from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Scope

from app.api.precedence import earlier_refusal
from app.api.wording import wording
from app.dispatch import errors

log = structlog.get_logger()

STATUS: Final[Mapping[type[errors.GridcaseError], int]] = {
    errors.Unauthenticated: 401,
    errors.NotVisible: 404,
    errors.NotPermitted: 403,
    errors.BadInput: 422,
    errors.Unreadable: 400,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.Stale: 412,
    errors.Conflict: 409,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

TITLES: Final[Mapping[int, str]] = {
    400: "请求无法读取",
    401: "需要登录",
    403: "没有权限",
    404: "没有找到",
    405: "不支持的方法",
    409: "状态冲突",
    412: "版本已变",
    413: "内容过大",
    415: "不支持的类型",
    422: "内容有误",
    429: "过于频繁",
    500: "内部错误",
    503: "暂不可用",
}

_ABOUT_CONTENTS: Final = (400, 413, 415)
_MOST_FRAMES: Final = 12


class Problem(BaseModel):
    """What went wrong, for people (`detail`, Chinese) and for programs (`code`, English and stable)."""

    type: str = Field(description="URI of the kind of problem", examples=["urn:gridcase:problem:action_not_allowed"])
    title: str = Field(description="The kind of problem, in Chinese", examples=["状态冲突"])
    status: int = Field(description="The HTTP status", examples=[409])
    detail: str = Field(description="What happened here, in Chinese", examples=["当前状态“closed”不允许执行“dispose”"])
    instance: str = Field(description="Path of the request", examples=["/api/v1/cases/…/actions/dispose"])
    code: str = Field(description="Stable English code", examples=["action_not_allowed"])


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route: which refusals it may answer, besides 401, 422 and 503."""
    return {
        status: {"model": Problem, "description": TITLES[status], "content": {"application/problem+json": {}}}
        for status in sorted({*statuses, 401, 422, 503})
    }


def taking(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that takes a JSON body: it may be unreadable, too large or no JSON."""
    return problems(*statuses, *_ABOUT_CONTENTS)


def status_of(error: errors.GridcaseError) -> int:
    """Return the status of the nearest mapped ancestor; a class without one is a bug that a test finds."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def document(request: Request, error: errors.GridcaseError) -> dict[str, object]:
    """Return an error of ours as a problem document, for the items of a batch."""
    return _document(request, status_of(error), error.code, error.detail, error.fields)


def _document(request: Request, status: int, code: str, detail: str, fields: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": f"urn:gridcase:problem:{code}",
        "title": TITLES.get(status, "错误"),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        **fields,
    }


def respond(
    request: Request, status: int, code: str, detail: str, *, fields: Mapping[str, object], headers: Mapping[str, str]
) -> JSONResponse:
    """Build the answer; `fields` are the error's own and never personal."""
    body = _document(request, status, code, detail, fields)
    return JSONResponse(body, status_code=status, headers=dict(headers), media_type="application/problem+json")


def answer(request: Request, error: errors.GridcaseError) -> JSONResponse:
    """Build the answer to an error of ours."""
    headers = {"Retry-After": str(wait)} if (wait := getattr(error, "retry_after_s", None)) else {}
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return respond(request, status_of(error), error.code, error.detail, fields=error.fields, headers=headers)


async def _domain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.GridcaseError)  # noqa: S101  # registered for this class only
    if isinstance(error, errors.BadInput) and (earlier := await earlier_refusal(request)):
        return answer(request, earlier)
    return answer(request, error)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this class only
    if earlier := await earlier_refusal(request):
        return answer(request, earlier)
    unreadable = any(e["type"] == "json_invalid" for e in error.errors())
    found = [{"where": list(e["loc"]), "message": wording(e), "code": e["type"]} for e in error.errors()]
    status, code = (400, "unreadable") if unreadable else (422, "bad_input")
    return respond(request, status, code, "请求内容不符合约定", fields={"errors": found}, headers={})


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class only
    if error.status_code in _ABOUT_CONTENTS and (earlier := await earlier_refusal(request)):
        return answer(request, earlier)
    codes = {404: "not_found", 405: "method_not_allowed", 400: "unreadable", 413: "too_large", 415: "unsupported_type"}
    code = codes.get(error.status_code, "refused")
    detail = TITLES.get(error.status_code, "请求被拒绝")
    return respond(request, error.status_code, code, detail, fields={}, headers=error.headers or {})


async def _bug(request: Request, error: Exception) -> JSONResponse:
    # neither the message nor the locals: both may hold what a citizen wrote; nor the path, which holds ids and codes
    log.error("unhandled", route=route_of(request.scope), kind=type(error).__qualname__, frames=_frames(error))
    return respond(request, 500, "internal", "服务内部错误，已记录", fields={}, headers={})


def route_of(scope: Scope) -> str:
    """Return the template of the matched route, never the path itself: that may hold a receipt number."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def install(app: FastAPI) -> None:
    """Make every refusal of the application a problem document."""
    app.add_exception_handler(errors.GridcaseError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
