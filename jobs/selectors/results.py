"""The whole result of a payload."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass

from jobs import large_results
from jobs.errors import GoneError, NotFoundError, PermanentError
from jobs.models import Payload, Run


@dataclass(frozen=True, slots=True)
class FoundResult:
    """A result as JSON. Of one that is stored, size and checksum are known before it is read.

    ``pieces`` are read once. They raise PermanentError or TransientError, as `jobs.large_results.whole` does, where that shows only
    later.
    """

    pieces: Iterable[bytes]
    size_bytes: int | None = None
    sha256: str | None = None


def find_result(*, run: Run, position: int) -> FoundResult:
    """The result of one payload, in one query.

    Raises:
        GoneError: A cleanup has erased the run's results.
        NotFoundError: There is no such payload, it has no result, or that is not in the storage any more.
        TransientError: The storage does not answer.
    """
    row = Payload.objects.filter(run=run, position=position).values("result", "stored").first()
    if row is not None and row["result"] is None:
        refuse_erased(run=run)
    if row is None or row["result"] is None:
        raise NotFoundError(f"payload {position} of run {run.pk} has no result")
    stored = row["stored"]
    if stored is None:
        return FoundResult([json.dumps(row["result"], ensure_ascii=False).encode()])
    pieces = large_results.pieces(stored=stored)
    try:
        first = next(pieces)  # so that what is missing is told before the answer has begun
    except PermanentError as error:
        raise NotFoundError(str(error)) from error
    return FoundResult(itertools.chain([first], pieces), stored["size_bytes"], stored["sha256"])


def refuse_erased(*, run: Run) -> None:
    """Raise GoneError when a cleanup has erased the run's results, in words for who wants to read them."""
    if run.results_erased_at is not None:
        raise GoneError(f"the results of run {run.pk} were erased on {run.results_erased_at:%Y-%m-%d %H:%M:%S} UTC")
