"""What a log cleanup may say."""

from __future__ import annotations

from typing import Literal

from jobs.documents.cleanup import CleanupRequest


class LogCleanupParameters(CleanupRequest):
    """Which history is erased, and of which workspaces; None for the job's own."""

    workspaces: list[str] | Literal["all"] | None = None
