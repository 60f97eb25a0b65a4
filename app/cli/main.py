"""The command `gridcase`. Commands import what they need when they run: `--help` must not take seconds."""

import sys
from typing import Final, NoReturn

import typer

from app.cli import audit, backup, bench, database, demo, importing, processes, simulate
from app.dispatch.errors import GridcaseError
from app.runtime.leave import leave

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
cli.add_typer(bench.commands, name="bench")
cli.add_typer(demo.commands, name="demo")
cli.command("import")(importing.import_file)
cli.command()(processes.run)
cli.command()(processes.serve)
cli.command()(processes.work)
cli.command()(processes.doctor)
cli.command()(processes.openapi)
cli.command()(simulate.simulate)


def app() -> NoReturn:
    """Run the command line; an error of ours is a sentence and status 1, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # in the C locale Chinese text would end the program
    leave(_status())


def _status() -> int:
    try:
        cli()
    except GridcaseError as error:
        print(error.detail, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
