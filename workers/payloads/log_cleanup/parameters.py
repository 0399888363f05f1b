"""What a log cleanup may say."""

from __future__ import annotations

from typing import Literal

from jobs.documents.cleanup import CleanupRequest


class LogCleanupParameters(CleanupRequest):
    """Which history is erased, and of which workspaces.

    Args:
        workspaces: A list of others than the job's own, or all, where the deployment lets this workspace.
    """

    workspaces: list[str] | Literal["all"] | None = None
