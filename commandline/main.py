"""The script ``jobsctl``: reads the command line, and turns whatever ends a command into a sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from commandline import completion
from commandline.commands import cli
from commandline.exits import Exit, Failure
from commandline.terminal import abandon_output, forgiving_streams, plain


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit as `Exit` says."""
    forgiving_streams()
    completion.register()
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. What went wrong is on standard error."""
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = Exit.PIPE_CLOSED
    if code == Exit.PIPE_CLOSED:
        abandon_output()
    return code


def _invoke(arguments: Sequence[str] | None) -> int:
    try:
        ended = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="jobsctl",
            complete_var=completion.VARIABLE,
            standalone_mode=False,
        )
    except Failure as failure:
        if failure.code is Exit.PIPE_CLOSED:
            return failure.code
        return _told(failure.code, str(failure))
    except click.ClickException as error:
        return _misused(error)
    except (click.Abort, KeyboardInterrupt):
        return _told(Exit.INTERRUPTED, "interrupted")
    return int(ended or Exit.OK)


def _misused(error: click.ClickException) -> Exit:
    lines = [error.format_message()]
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        lines.append(f"see: {context.command_path} --help")
    return _told(Exit.USAGE, "\n".join(lines))


def _told(code: Exit, message: str) -> Exit:
    first, *others = message.splitlines() or [""]
    for line in (f"error: {first}", *others):
        sys.stderr.write(f"{plain(line)}\n")
    sys.stderr.flush()
    return code
