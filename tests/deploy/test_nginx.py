"""The example for nginx: whole, and true of the API behind it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from app.api.limit import MIB, most_bytes
from app.main import create_app
from app.settings import Settings

CONFIG: Final = Path(__file__).parents[2] / "deploy" / "nginx.conf"
_TOKEN: Final = re.compile(r"#[^\n]*|\"[^\"]*\"|'[^']*'|[{};]|[^\s{};]+")
Block = list[tuple[list[str], "Block | None"]]


def _blocks(tokens: list[str], *, inner: bool = False) -> Block:
    """Return directives with their blocks; raise ValueError where a brace or a semicolon is missing."""
    found: Block = []
    words: list[str] = []
    while tokens:
        token = tokens.pop(0)
        if token == ";":
            found.append((words, None))
            words = []
        elif token == "{":
            found.append((words, _blocks(tokens, inner=True)))
            words = []
        elif token == "}":
            if words or not inner:
                raise ValueError(f"a brace closes after {words}")
            return found
        else:
            words.append(token)
    if words or inner:
        raise ValueError(f"the file ends after {words}")
    return found


def _server() -> Block:
    tokens = [one for one in _TOKEN.findall(CONFIG.read_text(encoding="utf-8")) if not one.startswith("#")]
    [server] = [block for words, block in _blocks(tokens) if words == ["server"] and block is not None]
    return server


def _locations() -> dict[str, dict[str, list[str]]]:
    return {
        words[1]: {inside[0]: inside[1:] for inside, _ in block}
        for words, block in _server()
        if words[0] == "location" and block is not None
    }


@pytest.mark.parametrize("broken", ["server { listen 443; ", "server { listen 443 }", "listen 443; }"])
def test_a_missing_brace_or_semicolon_shows(broken: str) -> None:
    with pytest.raises(ValueError, match=r"ends after|closes after"):
        _blocks(_TOKEN.findall(broken))


def test_every_location_is_one_of_ours_and_goes_to_our_port() -> None:
    paths = [str(getattr(route, "path", "")) for route in create_app(Settings()).routes]
    paths += list(create_app(Settings()).openapi()["paths"])
    own = Settings.model_fields["port"].default
    for prefix, inside in _locations().items():
        if not prefix.startswith("/api/v1/admin/"):  # where grid files will come in; the limit is there already
            assert any(path.startswith(prefix) for path in paths), prefix
        assert inside.get("proxy_pass", [f"http://127.0.0.1:{own}"]) == [f"http://127.0.0.1:{own}"], prefix
        assert ("proxy_pass" in inside) is (prefix != "/metrics")
    assert _locations()["/metrics"] == {"deny": ["all"]}


def test_it_lets_through_what_the_api_takes_and_no_more() -> None:
    default = next(words[1] for words, _ in _server() if words[0] == "client_max_body_size")
    locations, taken = _locations(), dict[str, int]()
    for path in create_app(Settings()).openapi()["paths"]:
        nearest = max((prefix for prefix in locations if path.startswith(prefix)), key=len)
        taken[nearest] = max(taken.get(nearest, 0), most_bytes(path))
    assert len(taken) > 3
    for prefix, most in taken.items():
        [size] = locations[prefix].get("client_max_body_size", [default])
        assert int(size.removesuffix("m")) * MIB == most, prefix


def test_nothing_is_written_down_of_what_people_look_for() -> None:
    assert (["access_log", "off"], None) in _server()


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: braces and paths were checked")
def test_nginx_itself_takes_it(tmp_path: Path) -> None:
    (tmp_path / "proxy_params").write_text("proxy_set_header Host $http_host;\n")
    subprocess.run(  # noqa: S603  # a certificate for the trial
        [_which("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x",
         "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    text = CONFIG.read_text(encoding="utf-8").replace("/etc/ssl/gridcase", str(tmp_path))
    text = text.replace("/etc/nginx/proxy_params", str(tmp_path / "proxy_params"))
    (tmp_path / "whole.conf").write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {text} }}")
    tried = subprocess.run(  # noqa: S603  # the machine's own
        [_which("nginx"), "-t", "-c", tmp_path / "whole.conf", "-p", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr


def _which(program: str) -> str:
    found = shutil.which(program)
    assert found is not None, program
    return found
