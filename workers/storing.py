"""What becomes of a result: it stays in its payload's row, or goes to the storage of results, or is too large for either."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

from django.conf import settings

from jobs import large_results
from jobs.errors import PermanentError
from jobs.services import stored_results
from jobs.services.stored_files import Owner
from workers.outcomes import MAX_RESULT_BYTES
from workers.persistence import with_models


class Placed(NamedTuple):
    """For the payload's columns ``result`` and ``stored``, as JSON text."""

    result: str
    stored: str | None


def place(text: str, *, owner: Owner) -> Placed:
    """Store a result, as JSON text in ASCII without secrets, that is larger than JOBS_RESULT_INLINE_KIB.

    Without a storage it stays in the row, up to `MAX_RESULT_BYTES`.

    Raises:
        PermanentError: It is larger than what may be stored (code ``result_too_large``).
        TransientError: The storage does not answer (``result_storage``).
        LaneLost: The worker is stopping, and the database stays away.
    """
    is_kept = large_results.is_kept()
    most = settings.JOBS_RESULT_BYTES if is_kept else MAX_RESULT_BYTES
    if len(text) > most:
        raise PermanentError(f"the result has {len(text):,} bytes; at most {most:,} are kept", code="result_too_large")
    return _stored(text, owner) if is_kept else Placed(text, None)


def _stored(text: str, owner: Owner) -> Placed:
    key = stored_results.new_key(owner=owner)
    with_models(functools.partial(stored_results.announce, owner=owner, key=key))
    stored = large_results.put(key=key, text=text)
    return Placed(json.dumps(large_results.shown(text=text, stored=stored)), json.dumps(stored))
