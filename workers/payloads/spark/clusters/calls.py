"""HTTP calls to a cluster's own services, whose addresses the deployment gives: short, and never redirected elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from workers.payloads.spark.clusters.base import Unreachable

SECONDS = (3.0, 10.0)
"""To connect, and between two pieces of the answer."""


def call(
    method: str,
    url: str,
    *,
    json: Any = None,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    verify: str | bool = True,
) -> requests.Response:
    """The answer, whatever its status below 500.

    Raises:
        Unreachable: Nobody answered, or with a status of 500 or above.
    """
    try:
        answer = requests.request(
            method,
            url,
            json=json,
            params=parameters,
            headers=headers,
            verify=verify,
            timeout=SECONDS,
            allow_redirects=method == "GET",
        )
    except requests.RequestException as error:
        raise Unreachable(f"{method} {url}: {type(error).__name__}") from error
    if answer.status_code >= 500:
        raise Unreachable(f"{method} {url}: it answered {answer.status_code}")
    return answer


def json_of(answer: requests.Response) -> Any:
    """What it says. Raises Unreachable when that is no JSON: something else answers there."""
    try:
        return answer.json()
    except ValueError as error:
        raise Unreachable(f"{answer.url}: the answer is no JSON") from error
