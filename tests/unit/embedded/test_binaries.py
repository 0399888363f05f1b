"""Finding PostgreSQL and Redis, and saying what to install where there are none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from embedded.binaries import find_postgres, find_redis, version_of
from embedded.errors import StartError


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As on a platform without wheels; the folder is the whole PATH."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr("embedded.binaries._MACHINE_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path, *, says: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


class TestFindPostgres:
    def test_without_any_it_says_what_to_install(self, no_wheels: Path) -> None:
        with pytest.raises(StartError, match=r"apt-get install postgresql.*DATABASE_URL"):
            find_postgres()

    def test_the_machines_own_is_taken_where_there_is_no_wheel(self, no_wheels: Path) -> None:
        program(no_wheels / "initdb", says="")
        program(no_wheels / "postgres", says="postgres (PostgreSQL) 16.3 (Debian 16.3-1)")
        found = find_postgres()
        assert (found.version, found.programs, found.parts) == (16, no_wheels, ())

    def test_one_that_is_too_old_is_not_taken(self, no_wheels: Path) -> None:
        program(no_wheels / "initdb", says="")
        program(no_wheels / "postgres", says="postgres (PostgreSQL) 14.9")
        with pytest.raises(StartError):
            find_postgres()

    def test_a_version_that_is_asked_for_and_not_there_is_named(self, no_wheels: Path) -> None:
        with pytest.raises(StartError, match="no PostgreSQL 15 is here"):
            find_postgres("15")


class TestFindRedis:
    def test_without_any_it_says_what_to_install(self, no_wheels: Path) -> None:
        with pytest.raises(StartError, match=r"apt-get install redis-server.*BROKER_URL"):
            find_redis()

    def test_an_old_one_is_passed_over(self, no_wheels: Path) -> None:
        program(no_wheels / "redis-server", says="Redis server v=6.0.16 sha=00000000:0")
        with pytest.raises(StartError):
            find_redis()

    def test_valkey_will_do(self, no_wheels: Path) -> None:
        valkey = program(no_wheels / "valkey-server", says="Valkey server v=8.0.1 sha=00000000:0")
        assert find_redis() == valkey


class TestVersionOf:
    def test_a_program_that_does_not_run_has_none(self, tmp_path: Path) -> None:
        assert version_of(tmp_path / "none") == ()
