"""Make a workspace what manifests say."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from manifests.management.arguments import ManifestCommand, lines
from manifests.services import applying

WORDS = {"create": "created", "change": "changed", "delete": "deleted", "unchanged": "unchanged"}


class Command(ManifestCommand):
    """``jobs_apply WORKSPACE PATH... [--expect DIGEST]`` and what `jobs_plan` takes: all of it or, when one is refused, nothing."""

    help = "Make a workspace what manifests say: all of it, or nothing when one is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        super().add_arguments(parser)
        parser.add_argument("--expect", metavar="DIGEST", help="of the plan that was reviewed: nothing else is applied")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was done."""
        plan = self.carried_out(applying.apply, options, expect=options["expect"])
        if options["json"]:
            self.stdout.write(json.dumps(plan.to_dict(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(lines(plan, words=WORDS)))
