"""What happened to watched jobs, kept for whoever tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from jobs import hotpath
from jobs.claims.shapes import Connection


def note_ends(connection: Connection, *, run_ids: Sequence[int]) -> None:
    """Keep that these runs have ended, within the transaction that ends them; their jobs are watched. Replays are left out."""
    hotpath.execute(connection, "note_ends", {"run_ids": list(run_ids)})
