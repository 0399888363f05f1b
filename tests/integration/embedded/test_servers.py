"""The private PostgreSQL and Redis: they start, keep their data, belong to one owner, and come back after a crash."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.binaries import find_postgres, find_redis
from embedded.errors import AlreadyRunning, StartError
from embedded.home import open_home
from embedded.postgres import Postgres
from embedded.processes import command_line, spawn, stop, wait_until
from embedded.redis_server import RedisServer
from embedded.run import run
from embedded.servers import CHECKOUT, Servers, running_servers
from embedded.stopping import reset
from embedded.stopping import stop as stop_all


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[Path]:
    """Root's data goes to a folder of these tests, and the session's own servers are out of sight."""
    folder = Path(tempfile.mkdtemp(prefix="jobs-test-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMBEDDED_STORE", str(folder))
        for name in ("DATABASE_URL", "BROKER_URL", "EMBEDDED_POSTGRES"):
            patch.delenv(name, raising=False)
        yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for most tests, since to create a database takes longer than all the rest."""
    return tmp_path_factory.mktemp("servers") / "data"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A folder in which nothing was started before."""
    return tmp_path / "data"


def execute(servers: Servers, sql: str) -> str:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    return str(row[0]) if row else ""


def broker(servers: Servers) -> redis.Redis:
    return redis.Redis(unix_socket_path=servers.broker_url.removeprefix("redis+socket://"), decode_responses=True)


def leave_something(servers: Servers) -> str:
    """Leave a new word in both; the word."""
    word = secrets.token_hex(4)
    execute(servers, f"CREATE TABLE word_{word} AS SELECT '{word}' AS word")
    with broker(servers) as client:
        client.set(word, word)
    return word


def still_has(servers: Servers, word: str) -> bool:
    with broker(servers) as client:
        return (execute(servers, f"SELECT word FROM word_{word}"), client.get(word)) == (word, word)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestRunningServers:
    def test_data_survives_a_stop(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            word = leave_something(servers)
        with running_servers(folder) as servers:
            assert still_has(servers, word)

    def test_nothing_runs_after_the_block(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            pids = servers.pids()
        assert sorted(pids) == ["postgres", "redis"]
        assert not any(map(command_line, pids.values()))

    def test_without_keep_nothing_is_left_on_the_disk(self, fresh: Path) -> None:
        with running_servers(fresh, keep=False):
            data = open_home(fresh).data
        assert not fresh.exists()
        assert not data.exists()

    def test_folders_and_secrets_are_closed_to_others(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            socket = Path(servers.broker_url.removeprefix("redis+socket://"))
            assert mode(folder) == mode(socket.parent) == mode(socket.parent.parent / "postgres-18") == 0o700
            assert mode(folder / "secrets.json") == 0o600

    def test_no_secret_is_on_a_command_line(self, folder: Path) -> None:
        with running_servers(folder):
            private = [value for name, value in open_home(folder).secrets.items() if name != "id"]
            lines = [command_line(int(path.name)) for path in Path("/proc").glob("[0-9]*")]
            assert any("postgres -D" in line for line in lines)
            assert not [line for line in lines for secret in private if secret in line]

    def test_they_listen_on_no_network(self, folder: Path) -> None:
        with running_servers(folder) as servers, broker(servers) as client:
            assert execute(servers, "SHOW listen_addresses") == ""
            assert client.config_get("port") == {"port": "0"}

    def test_a_wrong_password_is_refused(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            password = open_home(folder).postgres_password
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                execute(replace(servers, database_url=servers.database_url.replace(password, "guess")), "SELECT 1")

    def test_they_are_as_safe_as_a_deployments(self, folder: Path) -> None:
        with running_servers(folder) as servers, broker(servers) as client:
            settings = [
                execute(servers, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")
            ]
            assert settings == ["on", "on", "on"]
            assert execute(servers, "SHOW max_connections") == "200"
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}

    def test_a_second_owner_is_refused_and_the_first_goes_on(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            with (
                pytest.raises(AlreadyRunning, match=rf"already running here \(process {os.getpid()}\)"),
                running_servers(folder),
            ):
                pass
            assert execute(servers, "SELECT 1") == "1"

    def test_a_path_too_long_or_too_odd_for_a_socket_will_do(self, tmp_path: Path) -> None:
        folder = tmp_path / ("a long name with blanks, and more " * 4) / "data"
        home = open_home(folder)
        odd = replace(home, data=folder)
        assert len(str(odd.sockets())) < 100
        assert mode(odd.sockets()) == 0o700
        with running_servers(folder, keep=False) as servers:
            assert still_has(servers, leave_something(servers))

    @pytest.mark.skipif(
        not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="this machine has no PostgreSQL 15"
    )
    def test_another_version_has_data_of_its_own(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with running_servers(folder) as servers:
            word = leave_something(servers)
        monkeypatch.setenv("EMBEDDED_POSTGRES", "15")
        with running_servers(folder) as servers:
            assert execute(servers, "SHOW server_version_num")[:2] == "15"
            assert execute(servers, f"SELECT to_regclass('word_{word}')") == "None"


class TestGivenServers:
    def test_both_addresses_are_used_and_nothing_is_started(self, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://them/db")
        monkeypatch.setenv("BROKER_URL", "redis://them")
        with running_servers(fresh) as servers:
            assert servers.environment["DATABASE_URL"] == "postgresql://them/db"
            assert servers.environment["BROKER_URL"] == "redis://them"
            assert servers.environment["SECRET_KEY"]
            assert servers.pids() == {}
        assert [path.name for path in fresh.iterdir()] == ["secrets.json"]

    @pytest.mark.parametrize(("given", "missing"), [("DATABASE_URL", "BROKER_URL"), ("BROKER_URL", "DATABASE_URL")])
    def test_one_address_alone_is_refused(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, given: str, missing: str
    ) -> None:
        monkeypatch.setenv(given, "redis://them")
        with pytest.raises(StartError, match=f"{missing} is not set"), running_servers(folder):
            pass


class TestAfterACrash:
    def test_killed_servers_are_revived_with_their_data(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            word = leave_something(servers)
            for pid in servers.pids().values():
                os.kill(pid, signal.SIGKILL)
            assert wait_until(lambda: not servers.pids(), seconds=5)
            assert servers.revive() == ["postgres", "redis"]
            assert still_has(servers, word)
            assert servers.revive() == []

    def test_servers_that_were_left_behind_are_ended_by_the_next_start(self, folder: Path) -> None:
        home = open_home(folder)
        postgres = Postgres(home=home, installed=find_postgres())
        redis_server = RedisServer(home=home, program=find_redis())
        postgres.start()
        redis_server.start()
        with running_servers(folder) as servers:
            assert postgres.pid is None
            assert redis_server.pid is None
            assert execute(servers, "SELECT 1") == "1"

    def test_stop_ends_what_was_left_behind_and_reset_removes_it(self, fresh: Path) -> None:
        home = open_home(fresh)
        postgres = Postgres(home=home, installed=find_postgres())
        postgres.start()
        stop_all(data=fresh)
        assert postgres.pid is None
        assert home.data.exists()
        inner = open_home(fresh / "check")
        reset(data=fresh)
        assert not fresh.exists()
        assert not home.data.exists()
        assert not inner.data.exists()

    def test_a_stale_pid_file_does_not_cost_another_process_its_life(self, folder: Path) -> None:
        with running_servers(folder):
            pass
        home = open_home(folder)
        bystander = spawn(
            ["sleep", "600"], output=subprocess.DEVNULL, death_signal=signal.SIGKILL, account=home.account
        )
        (home.data / "postgres-18" / "postmaster.pid").write_text(f"{bystander.pid}\n{home.data / 'postgres-18'}\n")
        (home.data / "redis" / "redis.pid").write_text(f"{bystander.pid}\n")
        with running_servers(folder) as servers:
            assert execute(servers, "SELECT 1") == "1"
        assert bystander.poll() is None
        stop(bystander, ask=signal.SIGTERM, grace_seconds=5)

    def test_kill_9_of_the_owner_leaves_nothing_behind_and_loses_nothing(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            word = leave_something(servers)
        script = (
            "import os, signal; from pathlib import Path; from embedded.servers import running_servers\n"
            f"with running_servers(Path({str(folder)!r})) as servers:\n"
            "    print(*servers.pids().values(), flush=True); signal.pause()"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as owner:
            assert owner.stdout
            pids = list(map(int, owner.stdout.readline().split()))
            assert len(pids) == 2
            owner.kill()
        assert wait_until(lambda: not any(map(command_line, pids)), seconds=20)
        with running_servers(folder) as servers:
            assert still_has(servers, word)

    def test_an_initdb_that_was_cut_short_is_done_again(self, fresh: Path) -> None:
        (open_home(fresh).folder("postgres-18.unfinished") / "PG_VERSION").write_text("18")
        with running_servers(fresh) as servers:
            assert execute(servers, "SELECT 1") == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter a folder that is closed to the servers' account")
class TestAsRoot:
    def test_the_servers_run_as_somebody_else(self, folder: Path) -> None:
        with running_servers(folder) as servers:
            owners = {Path(f"/proc/{pid}").stat().st_uid for pid in servers.pids().values()}
        assert owners == {65534}

    def test_programs_behind_a_closed_folder_are_copied_and_run(self, folder: Path, tmp_path: Path) -> None:
        home = open_home(folder)
        installed = find_postgres()
        closed = tmp_path / "closed"
        wheel = installed.parts[0].parent.parent
        for part in installed.parts:
            shutil.copytree(part, closed / part.relative_to(wheel), symlinks=True)
        closed.chmod(0o700)
        moved = replace(
            installed,
            programs=closed / installed.programs.relative_to(wheel),
            parts=tuple(closed / part.relative_to(wheel) for part in installed.parts),
        )
        postgres = Postgres(home=home, installed=moved)
        postgres.start()
        assert str(closed) not in command_line(postgres.pid or 0)
        postgres.stop()
        assert home.reachable(moved).is_relative_to(home.data)


class TestRun:
    def test_the_command_gets_the_addresses_and_its_exit_code_is_ours(self, folder: Path) -> None:
        script = (
            "import os, psycopg, sys; psycopg.connect(os.environ['DATABASE_URL']).close();"
            "sys.exit(7 if os.environ['BROKER_URL'].startswith('redis+socket://') and os.environ['SECRET_KEY'] else 1)"
        )
        assert run([sys.executable, "-c", script], data=folder) == 7

    def test_a_command_that_a_signal_ended_shows_it_in_its_code(self, folder: Path) -> None:
        assert run(["sh", "-c", "kill -TERM $$"], data=folder) == 128 + signal.SIGTERM

    def test_a_command_that_is_not_there_is_named(self, folder: Path) -> None:
        with pytest.raises(StartError, match="cannot run no-such-command"):
            run(["no-such-command"], data=folder)
