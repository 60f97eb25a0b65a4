"""Commands that run, examine or describe the service."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from app.settings import Settings

_OPENAPI = Path(__file__).parents[2] / "openapi" / "openapi.json"


def run() -> None:
    """启动整套服务：数据库、建表、演示城市、接口、后台。 Run everything: database, tables, demo city, API, worker."""
    from app.cli.demo import fill_demo
    from app.runtime.launch import run_city
    from app.settings import load_settings

    settings = load_settings()
    run_city(settings, seed=fill_demo, say=_say, greet=lambda address: _greet(settings, address))


def serve() -> None:
    """只启动接口。 Answer requests only; GRIDCASE_WORKERS processes."""
    from app.runtime.alone import serve_alone
    from app.settings import load_settings

    serve_alone(load_settings())


def work() -> None:
    """只启动后台：计时、外发。 Fire timers and send what waits only."""
    from app.runtime.alone import work_alone
    from app.settings import load_settings

    work_alone(load_settings())


def doctor() -> None:
    """检查本机与设置：有什么、缺什么、哪里不安全。 Say what is found, missing or unsafe."""
    from app.runtime.doctor import examine
    from app.runtime.findings import Level
    from app.settings import load_settings

    findings = asyncio.run(examine(load_settings()))
    console = Console(highlight=False)
    for finding in findings:
        console.print(f"{finding.level.value:>2}  {finding.text}", markup=False, soft_wrap=True)
    raise typer.Exit(code=int(any(finding.level is Level.BAD for finding in findings)))


def openapi(
    output: Annotated[Path, typer.Option(help="写到哪里 / the file to write")] = _OPENAPI,
) -> None:
    """由代码生成接口说明。 Write the API's description, generated from the code."""
    import json

    from app.main import create_app

    text = json.dumps(create_app().openapi(), ensure_ascii=False, indent=2)
    output.write_text(f"{text}\n", encoding="utf-8")
    _say(f"{output}")


def _greet(settings: "Settings", address: str) -> None:
    from app.settings import Mode

    _say(f"\n就绪 / ready: {address}    接口文档 / API page: {address}/docs")
    if settings.mode is Mode.DEMO:
        _say("演示账号 / demo accounts (口令 / password: gridcase-demo)")
        _say("  inspector01 operator01 lead01 dispatcher01 unit01… supervisor01 coordinator01 officer01 admin01")
        _say("  镇街平台 / a town's desk: town_operator01 town_lead01 town_dispatcher01")
    _say(f"日志 / logs: {settings.log_dir}    停止 / stop: Ctrl-C\n")


def _say(text: str) -> None:
    print(text, flush=True)
