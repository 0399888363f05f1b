"""Doing what somebody waits for: whatever it comes to, they are told, and no secret is told with it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import structlog

from jobs.errors import PermanentError, TransientError

JSON = dict[str, Any]

log = structlog.get_logger(__name__)


def answered(do: Callable[[], Any], *, clean: Callable[[Any], Any], **about: object) -> JSON:
    """What a worker writes down of an operation. Never raises.

    Args:
        do: Does it; its JSON-ready result is the answer.
        clean: Takes the secrets that were read out of JSON-ready data.
        about: For the log, where it crashes.

    Returns:
        ``{"result": ...}``, or ``{"error": {"message": ..., "code": ...}}``.
    """
    try:
        return {"result": clean(do())}
    except (PermanentError, TransientError) as error:
        return {"error": clean({"message": str(error), "code": error.code})}
    except Exception as error:  # whoever waits is told, whatever it was
        log.error("operation.crashed", **about, traceback=clean("".join(traceback.format_exception(error))))
        return {"error": {"message": "this is an error of the system, and it was logged", "code": "crash"}}
