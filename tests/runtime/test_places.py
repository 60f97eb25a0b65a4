import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.dispatch.errors import Unavailable
from app.runtime import places
from app.runtime.cluster import Cluster
from app.runtime.places import LONGEST_SOCKET_PATH, SOCKET_NAME, ServerUser, as_user, find_places, make_private

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root hands the server to another user")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Lend a folder that every user may enter; pytest's own are closed to the server's user."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


def test_data_and_socket_lie_in_the_home(open_folder: Path) -> None:
    found = find_places(open_folder / "home")
    assert found.data == open_folder / "home" / "pg"
    assert found.sockets == open_folder / "home" / "run"


def test_a_long_path_gets_a_short_socket_folder(open_folder: Path) -> None:
    found = find_places(open_folder / ("x" * 90))
    assert len(os.fsencode(found.sockets / SOCKET_NAME)) <= LONGEST_SOCKET_PATH
    assert found.sockets != find_places(open_folder / ("x" * 91)).sockets


def test_bytes_are_counted_not_characters(open_folder: Path) -> None:
    home = open_folder / ("网" * 25)
    assert len(str(home / "run" / SOCKET_NAME)) < LONGEST_SOCKET_PATH
    assert find_places(home).sockets != home / "run"


@as_root
def test_a_home_closed_to_the_server_user_sends_the_data_elsewhere(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_SHARED_ROOT", open_folder / "shared")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "clone" / ".gridcase"
    cluster = Cluster(home, durable=False)
    cluster.start()
    try:
        assert cluster.data.is_relative_to(open_folder / "shared")
        assert (home / "where").read_text().strip() == str(cluster.data.parent)
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        cluster.stop()


@as_root
def test_data_of_a_deleted_home_at_the_same_path_is_set_aside(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_SHARED_ROOT", open_folder / "shared")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    first = Cluster(closed / ".gridcase", durable=False)
    first.start()
    (first.home / "where").unlink()
    second = Cluster(closed / ".gridcase", durable=False)
    assert second.start() is True
    second.stop()
    kept = sorted(path.name for path in (open_folder / "shared").iterdir())
    assert kept == [second.data.parent.name, f"{second.data.parent.name}.former-1"]


def test_a_folder_prepared_by_somebody_else_is_refused(tmp_path: Path) -> None:
    lax = tmp_path / "lax"
    lax.mkdir(mode=0o755)
    with pytest.raises(Unavailable):
        make_private(lax, None)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(Unavailable):
        make_private(link, None)


@as_root
def test_the_server_gets_none_of_roots_rights() -> None:
    nobody = ServerUser(name="nobody", uid=65534, gid=65534)
    command = as_user(nobody, ["/bin/sh", "-c", "id -u; id -G; echo $0 $1", "its", "words"])
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own words
    assert done.stdout.split("\n") == [
        "65534",
        "65534",
        "its words",
        "",
    ]


def test_who_is_not_root_runs_things_himself() -> None:
    assert as_user(None, ["/bin/true"]) == ["/bin/true"]
