"""The commands as docs/reference/command-line.md shows them: ``python -m commandline.reference`` prints them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from commandline.commands import cli

WIDTH = 100


def reference() -> str:
    """The help of every command, as Markdown."""
    return (
        "\n\n".join(
            _sections(
                click.Context(
                    cli,
                    info_name="jobsctl",
                    max_content_width=WIDTH,
                    terminal_width=WIDTH,
                    help_option_names=["-h", "--help"],
                )
            )
        )
        + "\n"
    )


def _sections(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, "it was in the list"
            yield from _sections(click.Context(found, info_name=name, parent=context))


if __name__ == "__main__":
    print(reference(), end="")
