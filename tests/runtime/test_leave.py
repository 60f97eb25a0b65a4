"""A process that used the object store ends with its own status, its words told, and without tearing Python down."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_WORK = """
import asyncio, atexit, sys
from app.runtime.leave import leave
atexit.register(print, 'torn down')
{use}
sys.stdout.write('done')
leave({status})
"""
_USES_STORE = "from app.adapters.objects import Objects; asyncio.run(Objects.in_memory().put('a', b'x'))"


@pytest.mark.parametrize(
    ("use", "status", "said"),
    [(_USES_STORE, 0, "done"), (_USES_STORE, 3, "done"), ("", 3, "donetorn down\n")],
    ids=["store", "store_status", "no_store"],
)
def test_the_status_and_every_word_get_out(use: str, status: int, said: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", _WORK.format(use=use, status=status)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, said, "")
