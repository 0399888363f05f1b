"""Completion: real bash completes a line; names come from the API, and seldom."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline.access import Access
from commandline.completion import FRESH_SECONDS, job_names
from commandline.exits import Exit, Failure
from tests.unit.commandline.scripted import Answer, ScriptedServer, problem, scripted

ROOT = Path(__file__).parents[3]
JOBS = Answer(body={"results": [{"key": "task:ping"}, {"key": "task:pong"}, {"key": "spark:rollup"}], "next": None})


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Somebody who is logged in, by the environment."""
    return {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "JOBS_URL": "http://127.0.0.1:1",
        "JOBS_WORKSPACE": "demo",
        "JOBS_TOKEN": "jobs_a-token",
    }


class TestNames:
    def test_they_are_asked_for_again_only_after_some_seconds(self, environment: dict[str, str]) -> None:
        asked: list[Access] = []

        def fetch(access: Access) -> list[str]:
            asked.append(access)
            return [f"task:{len(asked)}"]

        times = (100.0, 100.0 + FRESH_SECONDS / 2, 100.0 + FRESH_SECONDS, 50.0)
        found = [job_names(environment=environment, fetch=fetch, clock=lambda at=at: at) for at in times]  # type: ignore[misc]
        assert found == [["task:1"], ["task:1"], ["task:2"], ["task:3"]]

    def test_another_workspaces_are_others(self, environment: dict[str, str]) -> None:
        def fetch(access: Access) -> list[str]:
            return [f"task:{access.workspace}"]

        assert job_names(environment=environment, fetch=fetch) == ["task:demo"]
        assert job_names(environment=environment | {"JOBS_WORKSPACE": "acme"}, fetch=fetch) == ["task:acme"]

    def test_the_cache_is_its_owners_and_names_no_token(self, environment: dict[str, str]) -> None:
        job_names(environment=environment, fetch=lambda access: [])
        (cache,) = (Path(environment["XDG_CACHE_HOME"]) / "jobsctl").iterdir()
        assert stat.S_IMODE(cache.stat().st_mode) == 0o600
        assert "jobs_a-token" not in cache.name + cache.read_text()

    def test_where_they_cannot_be_had_there_are_none(self, environment: dict[str, str]) -> None:
        def fetch(access: Access) -> list[str]:
            raise Failure(Exit.UNREACHABLE, "away")

        assert job_names(environment=environment, fetch=fetch) == []
        assert job_names(environment={"XDG_CONFIG_HOME": environment["XDG_CONFIG_HOME"]}, fetch=fetch) == []

    def test_a_cache_that_is_nonsense_is_made_anew(self, environment: dict[str, str]) -> None:
        job_names(environment=environment, fetch=lambda access: ["task:old"])
        (cache,) = (Path(environment["XDG_CACHE_HOME"]) / "jobsctl").iterdir()
        cache.write_text('{"at": "now"}')
        assert job_names(environment=environment, fetch=lambda access: ["task:new"]) == ["task:new"]


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Iterator[tuple[dict[str, str], ScriptedServer]]:
    """The environment of a shell that has `jobsctl` on its path, and the API it asks."""
    program = tmp_path / "bin" / "jobsctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m commandline "$@"\n')
    program.chmod(0o755)
    with scripted(JOBS) as server:
        yield {**environment, "JOBS_URL": server.url, "PATH": f"{program.parent}:{os.environ['PATH']}"}, server


def completed(line: str, environment: dict[str, str], *, breaks: str = " \t\n\"'><=;|&(:") -> list[str]:
    """What bash puts in the place of the line's last word, as it would after Tab."""
    script = (
        'eval "$(jobsctl completion bash)"\n'
        "complete -p jobsctl >/dev/null || exit 9\n"
        "COMP_WORDBREAKS=$1; COMP_LINE=$2; COMP_POINT=${#2}\n"
        "compopt() { :; }\n"  # It takes readline, which a script has not.
        "_jobsctl_completion jobsctl\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", breaks, line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


class TestBash:
    def test_commands_and_options_are_completed(self, shell: tuple[dict[str, str], ScriptedServer]) -> None:
        assert completed("jobsctl sch", shell[0]) == ["schedules"]
        assert completed("jobsctl run pa", shell[0]) == ["payloads"]
        assert "--idempotency-key" in completed("jobsctl trigger --", shell[0])
        assert shell[1].asked == []

    def test_names_of_jobs_are_completed_behind_their_colon(self, shell: tuple[dict[str, str], ScriptedServer]) -> None:
        environment, server = shell
        assert completed("jobsctl trigger ta", environment) == ["task:ping", "task:pong"]
        assert completed("jobsctl trigger --wait task:pi", environment) == ["ping"]
        assert completed("jobsctl trigger task:pi", environment, breaks=" \t\n") == ["task:ping"]
        assert len(server.asked) == 1

    def test_an_api_that_refuses_completes_nothing_and_says_nothing(
        self, shell: tuple[dict[str, str], ScriptedServer]
    ) -> None:
        environment, server = shell
        server.answers = [problem(401, "it has expired")]
        assert completed("jobsctl trigger ta", environment) == []


@pytest.mark.parametrize(
    ("name", "words"), [("zsh", "#compdef jobsctl"), ("fish", "complete --no-files --command jobsctl")]
)
def test_zsh_and_fish_have_their_script(name: str, words: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "commandline", "completion", name],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (words in done.stdout, "_JOBSCTL_COMPLETE" in done.stdout) == (True, True)


@pytest.mark.parametrize(
    ("name", "environment_of_line", "expected"),
    [
        ("zsh", {"COMP_WORDS": "jobsctl trigger task:pi", "COMP_CWORD": "2"}, ["plain", "task:ping", "_"]),
        ("fish", {"COMP_WORDS": "jobsctl trigger ", "COMP_CWORD": "task:pi"}, ["plain,task:ping"]),
    ],
)
def test_what_their_scripts_ask_is_answered(
    name: str,
    environment_of_line: dict[str, str],
    expected: list[str],
    shell: tuple[dict[str, str], ScriptedServer],
) -> None:
    done = subprocess.run(
        ["jobsctl"],
        env={**shell[0], **environment_of_line, "_JOBSCTL_COMPLETE": f"{name}_complete"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == expected
