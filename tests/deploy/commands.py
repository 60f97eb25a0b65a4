"""Which commands and options `gridcase` really has."""

from collections.abc import Sequence
from typing import Any

from typer.main import get_command

from app.cli.main import cli


def complaint(words: Sequence[str]) -> str | None:
    """Return what is wrong with a command line after the word `gridcase`, or None. Values of options are not judged."""
    command: Any = get_command(cli)
    rest = list(words)
    while hasattr(command, "commands"):
        if not rest or rest[0] in {"--help", "-h"}:
            return None  # a whole group is spoken of
        if rest[0] not in command.commands:
            return f"{command.name} has no command {rest[0]!r}"
        command, rest = command.commands[rest[0]], rest[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    lenient = command.context_settings.get("ignore_unknown_options", False)
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    return f"{command.name} has no option {unknown[0]!r}" if unknown and not lenient else None
