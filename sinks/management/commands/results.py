"""Write the results of a run to standard output."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import GoneError, PermanentError, TransientError
from jobs.management.finding import run_named, workspace_named
from sinks.services.run_results import FORMATS, result_file


class Command(BaseCommand):
    """``results WORKSPACE RUN_ID [--format jsonl|csv|parquet]``"""

    help = "Write what the payloads of a run came to, to standard output: the file that the API gives for download."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("workspace")
        parser.add_argument("run_id", type=int)
        parser.add_argument("--format", choices=FORMATS, default="jsonl", help="(default: jsonl)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write piece by piece. What reads may leave when it has enough (``| head``)."""
        run = run_named(workspace_named(options["workspace"]), options["run_id"])
        if options["format"] == "parquet" and self.stdout.isatty():
            raise CommandError("a Parquet file is nothing for a terminal: write it to a file with > run.parquet")
        output: BinaryIO = self.stdout.buffer  # type: ignore[assignment]  # that of the stream within
        try:
            for piece in result_file(run=run, kind=options["format"]).pieces:
                output.write(piece)
            output.flush()
        except BrokenPipeError:
            _say_no_more()
        except GoneError as error:
            raise CommandError(str(error)) from error
        except (PermanentError, TransientError) as error:
            raise CommandError(f"this is not all: {error}") from error


def _say_no_more() -> None:
    """Python would write what is left when it ends, and complain."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
