"""The API page: our own HTML over our own description, no foreign host."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE: Final = files("app.api").joinpath("docs.html").read_text(encoding="utf-8")
_INLINE: Final = "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_POLICY: Final = f"default-src 'none'; {_INLINE}; connect-src 'self'; frame-ancestors 'none'"


@router.get("/docs", response_class=HTMLResponse)
async def show_docs() -> HTMLResponse:
    """Show every call with its fields and errors."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})
