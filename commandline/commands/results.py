"""What runs came to: results and files, downloaded."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import click

from commandline import columns, targets
from commandline.commands.jobs import limited
from commandline.downloads import to_file, to_stream
from commandline.parameters import RUN
from commandline.session import Session, with_session
from commandline.words import size

_output = click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file, which is replaced once everything is there; else to standard output.",
)


@click.command()
@click.argument("run_id", type=RUN, metavar="RUN")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv", "parquet"]), help="Of all results; jsonl if not said."
)
@click.option(
    "--payload", type=click.IntRange(0), metavar="POSITION", help="The result of this payload alone, as JSON."
)
@_output
@with_session
def results(
    session: Session, *, run_id: targets.Run, form: str | None, payload: int | None, target: Path | None
) -> None:
    """Download what a run's payloads came to."""
    if payload is not None and form is not None:
        raise click.UsageError("--format is for all results, --payload for one")
    if payload is None:
        _download(session, f"{run_id.path}results/", {"format": form or "jsonl"}, target, binary=form == "parquet")
    else:
        _download(session, f"{run_id.path}payloads/{payload}/result/", {}, target)


@click.command()
@click.argument("run_id", type=RUN, metavar="RUN")
@limited
@with_session
def files(session: Session, *, run_id: targets.Run, limit: int) -> None:
    """List the files that a run's payloads have made."""
    page = session.api.page(f"{run_id.path}files/", limit=limit)
    session.output.listing(page, columns.FILES, name=columns.file_name)


@click.command()
@click.argument("run_id", type=RUN, metavar="RUN")
@click.argument("file", metavar="POSITION/NAME")
@_output
@with_session
def download(session: Session, *, run_id: targets.Run, file: str, target: Path | None) -> None:
    """Download a file that a payload has made. What came is held against its SHA-256."""
    position, _, name = file.partition("/")
    if not (position.isascii() and position.isdecimal() and name):
        raise click.BadParameter(f"{file!r}: expected a payload's position and a file's name, such as 0/people.csv")
    _download(session, f"{run_id.path}files/{position}/{quote(name, safe='')}/", {}, target, binary=True)


def _download(session: Session, path: str, query: dict[str, str], target: Path | None, *, binary: bool = False) -> None:
    """To the file; to standard output without one, unless that is a terminal and this is nothing to read."""
    if target is not None:
        count = to_file(session.api, path, query, target)
        document = {"file": str(target), "size_bytes": count}
        session.output.answer(document, text=lambda: session.output.note(f"{target}: {size(count)}"))
        return
    if binary and sys.stdout.isatty():
        raise click.UsageError("that is nothing for a terminal: name a file with --output, or redirect the output")
    to_stream(session.api, path, query, sys.stdout.buffer)
