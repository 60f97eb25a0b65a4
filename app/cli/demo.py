"""Commands about the demo city."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.dispatch.errors import Conflict, NotPermitted, Unavailable

if TYPE_CHECKING:
    from app.settings import Settings

commands = typer.Typer(help="示范城市。 The demo city.", no_args_is_help=True)


@commands.command()
def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask")] = False,
) -> None:
    """清空示范城市并重新填充：案件、历史、照片都会丢失。 Empty the demo city and fill it anew: all in it is lost."""
    from app.runtime.locks import RunLock
    from app.runtime.logs import configure_logs
    from app.settings import Mode, load_settings

    settings = load_settings()
    if settings.mode is not Mode.DEMO:
        raise NotPermitted("生产模式下不能重置。 GRIDCASE_MODE=production: a city in use is not reset.")
    if not yes and not sys.stdin.isatty():
        raise NotPermitted("没有终端可询问；脚本请加 --yes。 No terminal to ask at: scripts say --yes.")
    configure_logs(settings, "demo")
    with RunLock(settings.home).hold(), _prepared(settings) as full:
        _refuse_if_used(full)
        if not yes and not typer.confirm(
            f"城市 {full.city} 的全部上报、案件、历史和照片都会丢失，继续吗？"
            f" Everything in the city {full.city} will be lost. Go on?"
        ):
            raise typer.Exit(code=1)
        asyncio.run(_empty(full))
        fill_demo(full)
    _say("已重置 / reset")


def fill_demo(settings: "Settings") -> None:
    """Fill the demo city unless it has been; say what is done and how far it is."""
    from app.cli.progress import shown
    from app.demo.first_start import Telling, first_start
    from app.settings import Mode

    if settings.mode is not Mode.DEMO:
        return
    with shown("演出 / playing") as played:
        asyncio.run(
            first_start(settings, empty=lambda: _empty(settings), telling=Telling(say=_say_aside, played=played))
        )


@contextmanager
def _prepared(settings: "Settings") -> Iterator["Settings"]:
    """Lend the settings of a city that is there, with its newest tables."""
    from app.runtime.lend import lend_cluster, prepare_city, with_addresses

    if settings.is_private:
        with lend_cluster(settings) as cluster:
            prepare_city(settings, cluster, _say_aside)
            yield with_addresses(settings, cluster)
    else:
        prepare_city(settings, None, _say_aside)
        yield settings


def _refuse_if_used(settings: "Settings") -> None:
    from app.runtime.empty import users

    if asyncio.run(users(_admin_url(settings), settings.city)):
        raise Conflict("这座城市正在提供服务，请先停止。 The city is being served: stop it first.", code="city_in_use")


async def _empty(settings: "Settings") -> None:
    """Take everything out of the city, and the photos out of its folder."""
    import shutil

    from app.runtime.empty import empty_city

    await empty_city(_admin_url(settings), settings.city)
    if settings.media_url is None:
        shutil.rmtree(settings.home / "media", ignore_errors=True)


def _admin_url(settings: "Settings") -> str:
    if settings.admin_url is None:
        raise Unavailable(
            "须以城市所有者的身份清空：请设 GRIDCASE_ADMIN_URL。 Emptying takes the owner: set GRIDCASE_ADMIN_URL.",
            code="admin_url_missing",
        )
    return settings.admin_url


def _say(text: str) -> None:
    print(text, flush=True)


def _say_aside(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
