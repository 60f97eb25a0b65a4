"""Send the log to a rotating file, and what matters of it to the console."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.runtime.tracebacks import replace_exception, shorten_exception
from app.settings import Settings

_FILE_BYTES: Final = 10_000_000
_FILES: Final = 5
_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logs(settings: Settings, name: str, *, to_file: bool = True) -> None:
    """Log as JSON lines to `<home>/log/<name>.log`, and warnings in short to the console.

    Without a file (containers, systemd) the JSON lines go to standard error, where the machine collects them.
    """
    if to_file:
        settings.log_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        file = RotatingFileHandler(
            settings.log_dir / f"{name}.log", maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8"
        )
        handlers = [_as_json(file), _as_console(logging.StreamHandler(sys.stderr))]
    else:
        handlers = [_as_json(logging.StreamHandler(sys.stderr))]
    logging.basicConfig(handlers=handlers, level=settings.log_level.value, force=True)
    logging.getLogger("uvicorn.access").disabled = True  # query strings hold what people looked for
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it names every address it calls
    structlog.configure(
        processors=[*_SHARED, _catch_exception, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _catch_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info=True` by the exception itself while it is still being handled."""
    if event.get("exc_info") is True:
        event["exc_info"] = sys.exc_info()
    return event


def _as_json(handler: logging.Handler) -> logging.Handler:
    handler.setFormatter(_formatter(replace_exception, structlog.processors.JSONRenderer(ensure_ascii=False)))
    return handler


def _as_console(handler: logging.Handler) -> logging.Handler:
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_formatter(shorten_exception, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)))
    return handler


def _formatter(*last: Processor) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
