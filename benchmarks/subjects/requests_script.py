"""The plain script that deliver_webhook is held against: requests, a session a thread, no retries, no history."""

from __future__ import annotations

from benchmarks.processes import end, start
from benchmarks.subjects.base import LIMIT_SECONDS, Sample


class RequestsScript:
    """One process; its start is not counted. A post is complete when its answer was read."""

    name = "requests"

    def install(self) -> None:
        """Nothing."""

    def remove(self) -> None:
        """Nothing."""

    def deliver(self, *, url: str, count: int, at_once: int, body_bytes: int) -> Sample:
        """Post a body of that size to ``url`` ``count`` times, ``at_once`` at a time."""
        arguments = ["benchmarks.apps.requests_script", url, str(count), str(at_once), str(body_bytes)]
        script = start(name="requests", arguments=arguments, environment={}, talk=True)
        try:
            output, _ = script.communicate(timeout=LIMIT_SECONDS)
        finally:
            end([script])
        if script.returncode:
            raise RuntimeError("the requests script failed: see .data/bench/requests.log")
        return {"deliveries_per_second": count / float(output)}
