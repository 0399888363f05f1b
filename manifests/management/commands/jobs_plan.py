"""Show what applying manifests would do."""

from __future__ import annotations

import json
from typing import Any

from manifests.management.arguments import CHANGES, ManifestCommand, lines
from manifests.services import applying

WORDS = {"create": "create", "change": "change", "delete": "delete", "unchanged": "unchanged"}


class Command(ManifestCommand):
    """``jobs_plan WORKSPACE PATH... [--source NAME] [--prune] [--unmanaged] [--json]``: 0 nothing to do, 2 changes, 1 errors."""

    help = "Show what applying manifests would do, and change nothing: 0 nothing to do, 2 changes, 1 errors."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the plan with its digest."""
        plan = self.carried_out(applying.plan, options)
        if options["json"]:
            self.stdout.write(json.dumps(plan.to_dict(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join([*lines(plan, words=WORDS), f"plan {plan.digest}"]))
        if not plan.is_empty:
            raise SystemExit(CHANGES)
