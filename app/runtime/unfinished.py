"""What a restore has made so far, written down beforehand, so that it can be undone: at once, or after a kill."""

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.adapters.objects import Objects
from app.dispatch.errors import Conflict
from app.runtime.cluster import Cluster
from app.runtime.database import drop_city

NAME: Final = "restore.unfinished"


class Made(StrEnum):
    """What can be made."""

    HOME = "home"
    CLUSTER = "cluster"
    SCHEMA = "schema"
    ROLES = "roles"
    KEY = "key"
    OBJECT = "object"


class Unfinished:
    """A journal in the home, one line a thing made; it is gone when the restore is done."""

    def __init__(self, home: Path) -> None:
        """Look at the journal of `home`; nothing is written."""
        self._home = home
        self._path = home / NAME

    @property
    def exists(self) -> bool:
        """Tell whether a restore was begun and neither finished nor undone."""
        return self._path.exists()

    def note(self, made: Made, name: str = "") -> None:
        """Write down what is made next, so that a power cut does not forget it.

        Objects are too many for that; one that stays behind is taken for what it is when it is restored again.
        """
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([made, name]) + "\n")
            file.flush()
            if made is not Made.OBJECT:
                os.fsync(file.fileno())
        if made is not Made.OBJECT:
            _sync(self._home)

    def finish(self) -> None:
        """Forget the journal for good: everything is there and proven, and nothing of it may be taken back any more."""
        self._path.unlink()
        _sync(self._home)

    def has(self, made: Made) -> bool:
        """Tell whether such a thing was made."""
        return next(self._names(made), None) is not None

    def undo(self, objects: Objects, keys_dir: Path) -> None:
        """Take back objects and keys, and the whole private cluster or home if the restore made it."""
        asyncio.run(self._take_back(objects))
        for name in self._names(Made.KEY):
            (keys_dir / f"{name}.key").unlink(missing_ok=True)
        if self.has(Made.CLUSTER):
            _remove_cluster(Cluster(self._home))
        if self.has(Made.HOME):
            shutil.rmtree(self._home)
        else:
            self._path.unlink()

    async def undo_city(self, admin_dsn: str, city: str) -> None:
        """Drop the schema, and the roles if they were made with it."""
        if self.has(Made.SCHEMA):
            await drop_city(admin_dsn, city, roles=self.has(Made.ROLES))

    async def _take_back(self, objects: Objects) -> None:
        for key in self._names(Made.OBJECT):
            await objects.take_back(key)

    def _names(self, made: Made) -> Iterator[str]:
        if not self.exists:
            return
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                kind, name = json.loads(line) if line.endswith("\n") else ("", "")  # killed while it was writing
                if kind == made:
                    yield name


def refuse_unfinished(home: Path) -> None:
    """Raise Conflict where a restore was killed half-way: what is there is no city."""
    if (home / NAME).exists():
        raise Conflict(
            "上次恢复没有做完，请再执行一次 gridcase db restore。"
            " A restore was killed half-way: run `gridcase db restore` again.",
            code="restore_unfinished",
        )


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_cluster(cluster: Cluster) -> None:
    cluster.stop()
    places = cluster.places
    for folder in (places.data, places.data.with_name("pg.new"), places.sockets):
        shutil.rmtree(folder, ignore_errors=True)
    if places.data.parent != cluster.home:
        shutil.rmtree(places.data.parent, ignore_errors=True)
        (cluster.home / "where").unlink(missing_ok=True)
