"""Run pg_dump, pg_restore and psql on a city, byte streams in and out; no password ever stands in a command line."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from sqlalchemy.engine import make_url

from app.dispatch.errors import Unavailable
from app.runtime.binaries import installed_clients
from app.runtime.database import CityNames

CHUNK_BYTES: Final = 4 * 1024 * 1024
_TOO_NEW: Final = b"SET transaction_timeout = 0;\n"
"""What pg_restore 17 and later write for every server, also for those that do not know it."""
_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The client programs of one installation, and whose tables they work on."""

    major: int
    folder: Path
    address: str
    names: CityNames

    @classmethod
    def to_dump(cls, address: str, names: CityNames, server_major: int) -> "Clients":
        """Take the programs of the server's own major, else the next newer ones: older ones refuse."""
        return cls._choose(address, names, server_major, newest=False)

    @classmethod
    def to_restore(cls, address: str, names: CityNames, dump_major: int) -> "Clients":
        """Take the newest programs: they read every older dump."""
        return cls._choose(address, names, dump_major, newest=True)

    @classmethod
    def _choose(cls, address: str, names: CityNames, least: int, *, newest: bool) -> "Clients":
        fit = [one for one in installed_clients("pg_dump", "pg_restore", "psql") if one[0] >= least]
        if not fit:
            raise Unavailable(
                f"没有找到 PostgreSQL ≥ {least} 的 pg_dump、pg_restore、psql。 They were not found.\n"
                f"  Debian/Ubuntu:  sudo apt-get install postgresql-client-{least}",
                code="postgresql_clients_missing",
            )
        major, folder = fit[0] if newest else fit[-1]
        return cls(major=major, folder=folder, address=address, names=names)

    @asynccontextmanager
    async def dump(self, snapshot: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield the dump of the city's schema in pieces; raise Unavailable with what pg_dump said if it failed."""
        command = self._command(
            "pg_dump", "--format=custom", "--compress=1", f"--schema={self.names.schema}", f"--snapshot={snapshot}",
            "--no-owner", "--no-tablespaces", "--no-publications", "--no-subscriptions", "--lock-wait-timeout=60s",
            *self._as_owner(),
        )  # fmt: skip
        async with _started(command, self._environment(), stdout=PIPE) as program:
            yield _pieces(program.output)
            await program.ended()

    @asynccontextmanager
    async def restore(self) -> AsyncIterator[asyncio.StreamWriter]:
        """Take a dump in pieces and bring it in as one transaction; raise Unavailable if any statement failed."""
        # by way of psql, not by pg_restore's own connection: a newer one would end at a setting that an older server
        # does not know; rights are those of the dump, the roles are there already
        unpack = [str(self.folder / "pg_restore"), "--no-owner", f"--schema={self.names.schema}", "--file=-"]
        load = self._command("psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-f", "-")
        async with (
            _started(load, self._environment(), stdin=PIPE) as loader,
            _started([*unpack, *self._as_owner()], self._environment(), stdin=PIPE, stdout=PIPE) as unpacker,
        ):
            pump = asyncio.create_task(_pump(unpacker, loader))
            try:
                yield unpacker.input
                unpacker.input.close()
                await pump
            except (BrokenPipeError, ConnectionResetError):
                await pump  # one of them ended first, and says why
            except BaseException:
                loader.process.kill()
                unpacker.process.kill()
                await asyncio.wait({pump})
                raise
            for each in (loader, unpacker):
                await each.process.wait()
            for each in sorted((loader, unpacker), key=lambda one: one.process.returncode == -signal.SIGKILL):
                await each.ended()  # what was killed by us, because the other had failed, comes last

    def _as_owner(self) -> list[str]:
        is_owner = make_url(self.address).username == self.names.owner
        return [] if is_owner else [f"--role={self.names.owner}"]

    def _command(self, program: str, *options: str) -> list[str]:
        return [str(self.folder / program), "-d", reach(self.address)[0], "-w", *options]

    def _environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        return {**clean, "LC_ALL": "C.UTF-8", **reach(self.address)[1]}


def reach(address: str) -> tuple[str, dict[str, str]]:
    """Return an address as PostgreSQL's programs take it, and the environment that carries its password.

    The command line is open to every user of the machine.
    """
    url = make_url(address)
    bare = url._replace(drivername="postgresql", password=None)  # `set` would leave the password where it is
    return bare.render_as_string(), {"PGPASSWORD": str(url.password)} if url.password else {}


async def _pieces(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what comes in pieces of one length, the last one shorter."""
    while True:
        try:
            yield await stream.readexactly(CHUNK_BYTES)
        except asyncio.IncompleteReadError as error:
            if error.partial:
                yield error.partial
            return


async def _pump(source: "_Program", sink: "_Program") -> None:
    """Hand on what one program says to the other, whose end is a commit: it comes only after all went well."""
    try:
        sink.input.write((await _at_least(source.output, _HEAD_BYTES)).replace(_TOO_NEW, b"", 1))
        while chunk := await source.output.read(CHUNK_BYTES):
            sink.input.write(chunk)
            await sink.input.drain()
        if await source.process.wait():
            sink.process.kill()
        sink.input.close()
    except (BrokenPipeError, ConnectionResetError):
        source.process.kill()  # else it would wait for ever to be read
    except asyncio.CancelledError:
        sink.process.kill()
        raise


async def _at_least(source: asyncio.StreamReader, size: int) -> bytes:
    try:
        return await source.readexactly(size)
    except asyncio.IncompleteReadError as error:
        return error.partial


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A program that runs, and where its complaints go."""

    name: str
    process: Process
    said: IO[bytes]

    @property
    def input(self) -> asyncio.StreamWriter:
        """Return its standard input."""
        assert self.process.stdin is not None  # noqa: S101  # it was asked for
        return self.process.stdin

    @property
    def output(self) -> asyncio.StreamReader:
        """Return its standard output."""
        assert self.process.stdout is not None  # noqa: S101  # it was asked for
        return self.process.stdout

    async def ended(self) -> None:
        """Wait for its end; raise Unavailable with what it said if that was no good one."""
        if await self.process.wait():
            self.said.seek(0)
            text = self.said.read()[-2000:].decode("utf-8", "replace").strip()
            raise Unavailable(f"{self.name} 失败 / failed:\n{text}", code="postgresql_failed")


@asynccontextmanager
async def _started(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: int | None = None, stdout: int | None = None
) -> AsyncIterator[_Program]:
    """Lend a program that runs; it is killed if the block ends before it."""
    with TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=stdin or asyncio.subprocess.DEVNULL, stdout=stdout, stderr=said, env=environment, cwd="/"
        )
        try:
            yield _Program(name=Path(command[0]).name, process=process, said=said)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
