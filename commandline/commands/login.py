"""Logging in and out, and what a shell loads."""

from __future__ import annotations

import os
import sys

import click
from click.shell_completion import get_completion_class

from commandline.access import Access, checked_token, checked_url, forget_access, store_access
from commandline.api import Api
from commandline.completion import VARIABLE
from commandline.exits import Exit, Failure

_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@click.command()
@click.option("--url", metavar="URL", default="", help="Where the system is.")
@click.option("-w", "--workspace", metavar="SLUG", default="", help="The workspace.")
def login(url: str, workspace: str) -> None:
    """Store the address, the workspace and a token, after a look whether they are right.

    The token is asked for on the terminal, or read from standard input. It is never an argument: everybody
    on the machine could read it.
    """
    url = url or _asked("Address of the system", option="--url")
    workspace = workspace or _asked("Workspace", option="--workspace")
    access = Access(checked_url(url), workspace, checked_token(_token()))
    with Api(access) as api:
        api.get("jobs/", limit=1)
    file = store_access(access, environment=os.environ)
    click.echo(f"logged in to {access.url}, workspace {workspace}: {file}", err=True)
    if access.url.startswith("http://") and not access.url.startswith(_LOOPBACK):
        click.echo("the token travels unencrypted: use https", err=True)


@click.command()
def logout() -> None:
    """Forget what login has stored. The token stays good: take it back in the admin."""
    click.echo("logged out" if forget_access(environment=os.environ) else "nothing was stored", err=True)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL loads to complete commands, options and the names of jobs.

    \b
    bash: eval "$(jobsctl completion bash)"            in ~/.bashrc
    zsh:  eval "$(jobsctl completion zsh)"             in ~/.zshrc, after compinit
    fish: jobsctl completion fish > ~/.config/fish/completions/jobsctl.fish
    """
    maker = get_completion_class(shell)
    assert maker is not None, "the three are click's"
    click.echo(maker(context.find_root().command, {}, "jobsctl", VARIABLE).source())


def _asked(what: str, *, option: str) -> str:
    if not sys.stdin.isatty():  # what comes there is the token
        raise Failure(Exit.USAGE, f"there is no terminal to ask at: {option} is needed")
    return str(click.prompt(what, err=True))


def _token() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Token", hide_input=True, err=True)).strip()
    token = sys.stdin.readline().strip()
    if not token:
        raise Failure(Exit.USAGE, "there is no token on standard input")
    return token
