"""The page on the command line says what the commands say of themselves, and names every exit code."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from commandline.commands import cli
from commandline.exits import Exit
from commandline.main import main, run
from commandline.reference import reference

ROOT = Path(__file__).parents[3]
TASKS = (ROOT / "docs" / "how-to" / "the-ten-commonest-tasks.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


def test_the_page_ends_with_what_the_commands_say() -> None:
    """If not: python -m commandline.reference prints what is to stand there."""
    assert PAGE[PAGE.index("## `jobsctl`") :] == reference()


def test_every_exit_code_has_its_line() -> None:
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)] == [int(code) for code in Exit]


def test_the_script_that_is_declared_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["scripts"]["jobsctl"].partition(":")
    assert getattr(importlib.import_module(module), name) is main


def test_every_package_of_it_is_installed() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {folder.parent.relative_to(ROOT) for folder in (ROOT / "commandline").rglob("__init__.py")}
    assert set(setup["packages"]) == {".".join(folder.parts) for folder in found}


def test_the_script_of_the_checkout_runs_its_own_code_wherever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "commandline").symlink_to(ROOT / "commandline")
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (bin_folder / "python").chmod(0o755)
    shutil.copy(ROOT / "commandline" / "jobsctl.sh", bin_folder / "jobsctl")
    (bin_folder / "jobsctl").chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "requests.py").write_text("raise SystemExit('not this one')")
    done = subprocess.run([bin_folder / "jobsctl", "-h"], cwd=elsewhere, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[:1]) == (0, ["Usage: jobsctl [OPTIONS] COMMAND [ARGS]..."])


def test_no_command_takes_the_token_as_an_argument() -> None:
    options = {option for _, command in every() for parameter in command.params for option in parameter.opts}
    assert {option for option in options if "token" in option or "password" in option} == set()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["triger"], "error: No such command 'triger'"),
        (["show"], "error: Missing argument"),
        (["show", "ping"], "expected a job's key"),
        (["list", "--limit", "0"], "0 is not in the range"),
        (["logs", "1", "--level", "loud"], "'loud' is not one of"),
        (["logs", "1", "--since", "lately"], "expected an instant"),
        (["trigger", "task:a", "--wait", "--timeout", "soon"], "expected a span"),
        (["run", "extend", "1", "--payload", "/none/such"], "cannot be read: No such file"),
    ],
)
def test_a_command_line_that_is_wrong_is_2_and_says_how(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == Exit.USAGE
    out, err = capsys.readouterr()
    assert (out, told in err, "--help" in err.splitlines()[-1]) == ("", True, True)


@pytest.mark.parametrize("line", re.findall(r"`jobsctl ([^`]+)`", TASKS))
def test_what_the_ten_tasks_are_called_here_is_understood(line: str) -> None:
    # With the settings of the whole: a command keeps the help option that it is first asked for.
    context = click.Context(cli, info_name="jobsctl", **cli.context_settings)
    name, command, rest = cli.resolve_command(context, shlex.split(line))
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name, parent=context)
        name, command, rest = command.resolve_command(context, rest)
    assert command is not None
    command.make_context(name, rest, parent=context)


def test_nearly_every_task_is_called_something_here() -> None:
    tasks = re.split(r"^## \d", TASKS, flags=re.MULTILINE)[1:]
    assert (len(tasks), sum("`jobsctl " in task for task in tasks)) == (10, 8)


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trigger", "-h"]) == Exit.OK
    assert capsys.readouterr().out.startswith("Usage: jobsctl trigger")


def test_every_command_takes_the_options_that_all_take() -> None:
    without = {"login", "logout", "completion", "run"}
    for name, command in every():
        options = {option for parameter in command.params for option in parameter.opts}
        assert name in without or {"--json", "--quiet", "--workspace"} <= options, name


def every() -> list[tuple[str, click.Command]]:
    """All commands by their names."""
    group = cli.commands["run"]
    assert isinstance(group, click.Group)
    return [*cli.commands.items(), *((f"run {name}", command) for name, command in group.commands.items())]
