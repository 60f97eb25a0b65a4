"""Write down an exception without the values that caused it."""

import traceback
from typing import Final

from structlog.typing import EventDict, ExcInfo, WrappedLogger

_HARMLESS: Final = (OSError, ImportError, AttributeError, TypeError, NameError, AssertionError, RuntimeError)
"""Errors whose text speaks of code and machine; any other may quote what a citizen wrote."""


def describe(error: BaseException) -> str:
    """Return the frames of `error` and of its causes, with its text only where that cannot hold personal data."""
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{frames}{_headline(current)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nwas caused by\n".join(parts)


def replace_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn structlog's `exc_info` into the text of `describe`."""
    error = _taken(event)
    if error is not None:
        event["exception"] = describe(error)
    return event


def shorten_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn structlog's `exc_info` into one line, for the console."""
    error = _taken(event)
    if error is not None:
        event["error"] = _headline(error)
    return event


def _taken(event: EventDict) -> BaseException | None:
    info: ExcInfo | BaseException | bool | None = event.pop("exc_info", None)
    if isinstance(info, tuple):
        return info[1]
    return info if isinstance(info, BaseException) else None


def _headline(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    known = {key: getattr(error, key, None) for key in ("sqlstate", "constraint_name", "code")}
    facts = " ".join(f"{key}={value}" for key, value in known.items() if isinstance(value, str))
    text = f": {error}" if isinstance(error, _HARMLESS) and not facts else ""
    return f"{name} {facts}".strip() + text
