"""One batch of a bulk action, whatever goes wrong in it: neither the other actions nor who asked for it are to pay for that."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError

AWAY = (OperationalError, InterfaceError)
"""The database is away, and nothing can be done about any action: that is for the caller to hear."""

log = structlog.get_logger(__name__)


def try_batch(work: Callable[[int], None], *, action_id: int) -> bool:
    """Do a batch. What nobody foresaw is logged, with nothing of the batch done; the next sweep tries again.

    Returns:
        False when it failed.

    Raises:
        django.db.OperationalError, django.db.InterfaceError: The database is away.
    """
    try:
        work(action_id)
    except AWAY:
        raise
    except Exception:  # an error of ours in one action must not keep all the others from being worked off
        log.exception("bulk.failed", action=action_id)
        return False
    return True
