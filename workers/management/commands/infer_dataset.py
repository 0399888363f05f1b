"""Propose a dataset from a sample file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import PermanentError
from workers.generate.infer import FORMATS, infer_dataset, read_sample
from workers.generate.locales import locales


class Command(BaseCommand):
    """``infer_dataset FILE``: YAML for the ``datasets`` of a generate payload."""

    help = "Propose a dataset that makes records like those of a sample file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=FORMATS, help="by default the file's suffix says it")
        parser.add_argument("--name", help="the dataset's; by default the file's")
        parser.add_argument("--locale", default="en", choices=locales(), metavar="LOCALE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the dataset, as an entry of a list."""
        path: Path = options["file"]
        try:
            records = read_sample(path=path, format=options["format"])
            name = options["name"] or re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-_") or "sample"
            dataset = infer_dataset(records=records, name=name, locale=options["locale"])
        except (PermanentError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(yaml.safe_dump([dataset], sort_keys=False, allow_unicode=True, width=120), ending="")
