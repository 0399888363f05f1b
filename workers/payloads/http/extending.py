"""What lets the other side of a call add payloads to the run: headers to call back with, and a list in its answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings

from jobs.errors import PermanentError
from jobs.services import run_tokens
from workers.payloads.base import Work
from workers.payloads.http.received import is_json

TOKEN_HEADER = "Jobs-Run-Token"  # noqa: S105 - the header's name
URL_HEADER = "Jobs-Extend-Url"
FIELD = "extend_payload"

_ADDRESS = "{public_url}/api/v1/workspaces/{workspace}/runs/{run_id}/payloads/"
"""Not by Django's reverse(): it would load the whole site into the worker. A test compares the two."""


def callback_headers(work: Work) -> dict[str, str]:
    """Where payloads can be added while the attempt lasts, and with which token. None when the deployment has no public address."""
    if not settings.JOBS_PUBLIC_URL:
        return {}
    token = run_tokens.issue(
        run_id=work.run_id,
        position=work.position,
        attempt=work.attempt,
        expires_seconds=max(work.timeout_seconds, work.ceiling_seconds),
        now=dt.datetime.now(dt.UTC),
    )
    address = _ADDRESS.format(public_url=settings.JOBS_PUBLIC_URL, workspace=work.workspace, run_id=work.run_id)
    return {TOKEN_HEADER: token, URL_HEADER: address}


def take_added(*, result: dict[str, Any], work: Work) -> None:
    """Hand the payloads that a 2xx answer lists to the attempt; of the result's body they are taken out, and counted as ``added``.

    Raises:
        PermanentError: code ``extend_payload``: they are no list, or the answer was not kept whole.
    """
    if not 200 <= result["status"] <= 299:
        return
    if result["body_truncated"] and is_json(result["headers"].get("content-type", "")):
        raise PermanentError(
            f"{FIELD}: the answer has {result['body_bytes']:,} bytes, more than max_response_bytes: what it adds cannot be read",
            code="extend_payload",
        )
    body = result["body"]
    if not isinstance(body, dict) or FIELD not in body:
        return
    items = body.pop(FIELD)
    if not isinstance(items, list):
        raise PermanentError(f"{FIELD}: expected a list of payloads", code="extend_payload")
    work.extend_payload(*items)
    result["added"] = len(items)
