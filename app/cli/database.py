"""Commands about the city's database."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.dispatch.errors import Unavailable

commands = typer.Typer(help="数据库。 The database.", no_args_is_help=True)

if TYPE_CHECKING:
    from app.runtime.cluster import Cluster


class As(StrEnum):
    """Whom `psql` signs in as."""

    APP = "app"
    OWNER = "owner"


@commands.command()
def install() -> None:
    """找到或安装 PostgreSQL 与 PostGIS。 Find PostgreSQL and PostGIS, or install them by apt."""
    from app.runtime.install import ensure_installed
    from app.settings import load_settings

    if load_settings().is_private:
        ensure_installed(_say)


@commands.command()
def start() -> None:
    """启动私有数据库并留着它。 Start the private cluster and leave it running."""
    cluster = _private_cluster()
    _say(f"{'已启动 / started' if cluster.start() else '已在运行 / running already'}: {cluster.dsn()}")


@commands.command()
def stop() -> None:
    """停止私有数据库。 Stop the private cluster."""
    _say("已停止 / stopped" if _private_cluster().stop() else "没有在运行 / not running")


@commands.command()
def status() -> None:
    """私有数据库是否在运行。 Say whether the private cluster runs (status 3 when not)."""
    cluster = _private_cluster()
    pid = cluster.pid()
    _say(f"运行中 / running, pid {pid}: {cluster.dsn()}" if pid else f"没有在运行 / not running: {cluster.data}")
    raise typer.Exit(code=0 if pid else 3)


@commands.command()
def upgrade() -> None:
    """建立缺少的模式与角色，执行迁移。 Create what the city lacks, then migrate it."""
    from app.runtime.lend import lend_cluster, prepare_city
    from app.settings import load_settings

    settings = load_settings()
    if settings.is_private:
        with lend_cluster(settings) as cluster:
            prepare_city(settings, cluster, _say)
    else:
        prepare_city(settings, None, _say)
    _say("数据库已是最新 / the database is up to date")


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    role: Annotated[As, typer.Option(help="以哪个角色 / as which role")] = As.APP,
) -> None:
    """打开 psql；多余的参数交给它。 Open psql; further arguments go to it."""
    import subprocess

    from app.runtime.clients import reach
    from app.runtime.lend import lend_database
    from app.settings import load_settings

    with lend_database(load_settings()) as settings:
        url = settings.database_url if role is As.APP else settings.admin_url
        if url is None:
            raise Unavailable("未设 GRIDCASE_ADMIN_URL。 GRIDCASE_ADMIN_URL is not set.")
        where, secret = reach(url)
        program = _psql_program()
        done = subprocess.run([program, where, *context.args], env={**os.environ, **secret}, check=False)  # noqa: S603  # our own list
    raise typer.Exit(code=done.returncode)


def _psql_program() -> str:
    import shutil

    from app.runtime.binaries import choose_server

    return shutil.which("psql") or choose_server().program("psql")


def _private_cluster() -> "Cluster":
    from app.runtime.cluster import Cluster
    from app.settings import load_settings

    settings = load_settings()
    if not settings.is_private:
        raise Unavailable("设了 GRIDCASE_DATABASE_URL：数据库不归本程序管。 The database is not ours to start or stop.")
    return Cluster(settings.home)


def _say(text: str) -> None:
    print(text, flush=True)
