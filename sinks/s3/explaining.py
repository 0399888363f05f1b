"""What S3 and botocore say, in our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import PermanentError, TransientError

_MENDED = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Refusals that somebody can mend on the other side while the delivery waits: rights, a bucket that is missing; or that pass."""
_PASSING = frozenset({"RequestTimeout", "ExpiredToken", "BadDigest", "IncompleteBody", "TokenRefreshRequired"})
"""Errors of status 400 that say nothing against the request. Source: Amazon S3, list of error codes."""


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn their errors into ours. Raises TransientError (``s3``) and, for what stays wrong, PermanentError (``s3``)."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(what, error) from error
    except BotoCoreError as error:
        raise TransientError(f"{what}: {type(error).__name__}: {error}", code="s3") from error


def refusal_of(error: ClientError) -> tuple[int, str]:
    """Status and code of an answer."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    return status, str(error.response.get("Error", {}).get("Code", "")) or str(status)


def _of_answer(what: str, error: ClientError) -> TransientError | PermanentError:
    status, code = refusal_of(error)
    message = f"{what}: S3 answered {code}: {error.response.get('Error', {}).get('Message', '')}"
    details: dict[str, object] = {"status": status, "answer": code}
    if (status >= 500 and status != 501) or status in _MENDED or code in _PASSING:
        return TransientError(message, code="s3", details=details, retry_after_seconds=_retry_after(error))
    return PermanentError(message, code="s3", details=details)


def _retry_after(error: ClientError) -> float | None:
    asked = str(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", ""))
    return float(asked) if asked.isdecimal() else None
