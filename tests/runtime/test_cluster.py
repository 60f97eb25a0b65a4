import asyncio
import os
import signal
import stat

import asyncpg
import pytest

from app.dispatch.errors import Unavailable
from app.runtime.cluster import Cluster
from app.runtime.postmaster import live_pid, wait_until
from app.runtime.throwaway import throwaway_cluster


def _ask(cluster: Cluster, question: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(cluster.dsn())
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_is_made_with_checksums_and_a_locale_whose_trigrams_know_chinese(cluster: Cluster) -> None:
    assert _ask(cluster, "SELECT current_setting('data_checksums')") == "on"
    assert _ask(cluster, "SELECT datcollate FROM pg_database WHERE datname = 'template1'") == "C.UTF-8"
    assert _ask(cluster, "SELECT getdatabaseencoding()") == "UTF8"


def test_nothing_listens_outside_a_private_folder(cluster: Cluster) -> None:
    assert _ask(cluster, "SELECT current_setting('listen_addresses')") == ""
    assert stat.S_IMODE(cluster.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700


def test_its_log_takes_neither_statements_nor_values(cluster: Cluster) -> None:
    _ask(cluster, "CREATE TABLE people (phone text UNIQUE)")
    for _ in range(2):
        try:
            _ask(cluster, "INSERT INTO people VALUES ('13900001111') RETURNING 1")
        except asyncpg.UniqueViolationError:
            written = "".join(path.read_text() for path in (cluster.data / "log").glob("*.log"))
            assert "duplicate key" in written
            assert "13900001111" not in written
            return
    raise AssertionError("the second row was taken")


def test_a_running_server_is_adopted(cluster: Cluster) -> None:
    before = cluster.pid()
    assert Cluster(cluster.home).start() is False
    assert Cluster(cluster.home).pid() == before


def test_it_starts_again_after_its_postmaster_was_killed() -> None:
    with throwaway_cluster() as cluster:
        _ask(cluster, "CREATE TABLE kept AS SELECT 7 AS value")
        _ask(cluster, "CHECKPOINT")  # without synchronisation only what was written out is promised
        killed = cluster.pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: cluster.pid() is None, 5)
        assert cluster.start() is True
        assert _ask(cluster, "SELECT value FROM kept") == 7


def test_a_pid_file_that_names_somebody_else_does_not_hinder() -> None:
    with throwaway_cluster() as cluster:
        cluster.stop()
        lock = cluster.data / "postmaster.pid"
        lock.write_text(f"{os.getpid()}\n{cluster.data}\n0\n5432\n{cluster.sockets}\n")
        assert live_pid(cluster.data) is None
        assert cluster.start() is True


def test_data_that_went_away_are_not_replaced_by_empty_ones() -> None:
    with throwaway_cluster() as cluster:
        cluster.stop()
        cluster.data.rename(cluster.data.with_name("elsewhere"))
        with pytest.raises(Unavailable, match="gone"):
            cluster.restart()
        assert not cluster.data.exists()


def test_stopping_twice_is_no_error() -> None:
    with throwaway_cluster() as cluster:
        assert cluster.stop() is True
        assert cluster.stop() is False


def test_a_killed_initdb_leaves_nothing_that_looks_finished() -> None:
    with throwaway_cluster() as cluster:
        cluster.stop()
        draft = cluster.data.with_name("pg.new")
        cluster.data.rename(draft)
        (draft / "PG_VERSION").unlink()
        assert cluster.start() is True
        assert not draft.exists()


def test_a_home_with_quotes_spaces_commas_and_chinese_works() -> None:
    with throwaway_cluster() as outer:
        cluster = Cluster(outer.home / "a 'b\", $c `d` 数字城管", durable=False)
        try:
            cluster.start()
            assert _ask(cluster, "SELECT 1") == 1
            assert not cluster.sockets.is_relative_to(outer.home)
        finally:
            cluster.stop()
            cluster.sockets.rmdir()  # a comma in the path has sent it to the system's temporary folder
