from pathlib import Path

import pytest

from app.dispatch.errors import Unavailable
from app.runtime import install
from app.runtime.binaries import Server


class Machine:
    """A machine whose installer only notes what it is told."""

    def __init__(self, servers: list[Server], offered: list[int]) -> None:
        self.servers = servers
        self.offered = offered
        self.ran: list[str] = []
        self.said: list[str] = []

    def run(self, command: list[str], text: str = "") -> None:
        line = " ".join(command)
        self.ran.append(f"{line} <<< {text}" if text else line)
        if " install " in line:
            self.servers = [Server(major=max(self.offered), folder=Path("/pg"), has_postgis=True)]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(servers=[], offered=[15])
    monkeypatch.setattr(install, "installed_servers", lambda: made.servers)
    monkeypatch.setattr(install, "offered_majors", lambda: made.offered)
    monkeypatch.setattr(install, "run_step", made.run)
    monkeypatch.setattr("app.runtime.install.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("app.runtime.install.os.getuid", lambda: 0)
    return made


def test_nothing_is_done_where_all_is_there(machine: Machine) -> None:
    machine.servers = [Server(major=15, folder=Path("/pg"), has_postgis=True)]
    assert install.ensure_installed(machine.said.append) is False
    assert machine.ran == []


def test_the_package_is_forbidden_to_start_a_server_before_it_is_installed(machine: Machine) -> None:
    assert install.ensure_installed(machine.said.append) is True
    forbidding = next(n for n, line in enumerate(machine.ran) if "create_main_cluster = false" in line)
    installing = next(n for n, line in enumerate(machine.ran) if "postgresql-15-postgis-3" in line)
    assert forbidding < installing
    assert any("create_main_cluster = false" in said for said in machine.said)


def test_a_server_that_only_lacks_postgis_is_left_as_it_is(machine: Machine) -> None:
    machine.servers = [Server(major=15, folder=Path("/pg"), has_postgis=False)]
    machine.offered = [15, 17]
    install.ensure_installed(machine.said.append)
    assert machine.ran[-1].endswith(" install postgresql-15-postgis-3")
    assert not any("create_main_cluster" in line for line in machine.ran)


def test_an_archive_that_is_too_old_ends_in_the_command_that_helps(machine: Machine) -> None:
    machine.offered = [13]
    with pytest.raises(Unavailable, match=r"apt\.postgresql\.org"):
        install.ensure_installed(machine.said.append)


def test_a_machine_without_apt_is_told_what_to_type(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.runtime.install.shutil.which", lambda _: None)
    with pytest.raises(Unavailable, match="dnf install"):
        install.ensure_installed(machine.said.append)
    assert machine.ran == []


def test_without_root_and_sudo_nothing_is_tried(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.runtime.install.os.getuid", lambda: 1000)
    monkeypatch.setattr("app.runtime.install.shutil.which", lambda name: None if name == "sudo" else name)
    with pytest.raises(Unavailable, match="sudo apt-get install"):
        install.ensure_installed(machine.said.append)
    assert machine.ran == []
