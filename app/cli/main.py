"""The command `gridcase`. Commands import what they need when they run: `--help` must not take seconds."""

import sys
from typing import Final

import typer

from app.cli import audit, backup, database, processes
from app.dispatch.errors import GridcaseError

cli: Final = typer.Typer(
    name="gridcase",
    help="网格派件 Gridcase：城市管理案件派遣服务。 Case dispatch for digital urban management.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
database.commands.command()(backup.backup)
database.commands.command()(backup.verify)
database.commands.command()(backup.restore)
cli.add_typer(database.commands, name="db")
cli.add_typer(audit.commands, name="audit")
cli.command()(processes.run)
cli.command()(processes.serve)
cli.command()(processes.work)
cli.command()(processes.doctor)
cli.command()(processes.openapi)


def app() -> None:
    """Run the command line; an error of ours is a sentence and status 1, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # in the C locale Chinese text would end the program
    try:
        cli()
    except GridcaseError as error:
        print(error.detail, file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
