"""The few calls of the HTTP API that the demo makes."""

from __future__ import annotations

from typing import Any

import requests

from embedded.errors import StartError

_TIMEOUT_SECONDS = 30


class ApiAway(StartError):
    """Nobody answers at the moment: the web process may be on its way back."""


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
        """Start a run of a job; the run.

        Raises:
            ApiAway: Whether it began is not known.
            StartError: It was refused.
        """
        return self._ask("POST", f"{self._base}/jobs/{key}/trigger/", about=f"{key} cannot be run", json={})

    def run(self, run_id: int) -> dict[str, Any]:
        """A run as it is now.

        Raises:
            ApiAway: Ask again.
        """
        return self._ask("GET", f"{self._base}/runs/{run_id}/", about=f"run {run_id} cannot be read")

    def payloads(self, run_id: int) -> list[dict[str, Any]]:
        """All payloads of a run, in the order of their positions."""
        found: list[dict[str, Any]] = []
        url: str | None = f"{self._base}/runs/{run_id}/payloads/"
        while url:
            page = self._ask("GET", url, about=f"the payloads of run {run_id} cannot be read")
            found += page["results"]
            url = page.get("next")
        return found

    def _ask(self, method: str, url: str, *, about: str, **arguments: Any) -> dict[str, Any]:
        try:
            response = self._session.request(method, url, timeout=_TIMEOUT_SECONDS, **arguments)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise ApiAway(f"{about}: {error}") from error
        if not response.ok:
            raise StartError(f"{about}: {_reason(response)}")
        return dict(response.json())


def _reason(response: requests.Response) -> str:
    """What the API says of it; its status where it says nothing."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the API answered {response.status_code}"
