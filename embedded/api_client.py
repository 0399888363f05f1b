"""The few calls of the HTTP API that the demo makes."""

from __future__ import annotations

from typing import Any

import requests

_TIMEOUT_SECONDS = 30


class ApiClient:
    """Calls the API of one workspace with a token."""

    def __init__(self, *, url: str, token: str, workspace: str) -> None:
        """Prepare; ``url`` without a slash at the end."""
        self._base = f"{url}/api/v1/workspaces/{workspace}"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy is not asked for what is on this machine
        self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def trigger(self, key: str) -> dict[str, Any]:
        """Start a run of a job; the run."""
        return self._read(self._session.post(f"{self._base}/jobs/{key}/trigger/", json={}, timeout=_TIMEOUT_SECONDS))

    def run(self, run_id: int) -> dict[str, Any]:
        """A run as it is now."""
        return self._get(f"{self._base}/runs/{run_id}/")

    def payloads(self, run_id: int) -> list[dict[str, Any]]:
        """All payloads of a run, in the order of their positions."""
        found: list[dict[str, Any]] = []
        url: str | None = f"{self._base}/runs/{run_id}/payloads/"
        while url:
            page = self._get(url)
            found += page["results"]
            url = page.get("next")
        return found

    def _get(self, url: str) -> dict[str, Any]:
        return self._read(self._session.get(url, timeout=_TIMEOUT_SECONDS))

    def _read(self, response: requests.Response) -> dict[str, Any]:
        response.raise_for_status()
        return dict(response.json())
