"""The plain script that http_50ms is held against: aiohttp, one session, so many GETs at once, no history."""

from __future__ import annotations

from benchmarks.processes import end, start
from benchmarks.subjects.base import LIMIT_SECONDS, Sample


class AiohttpScript:
    """One process; its start is not counted. A GET is complete when its body was read."""

    name = "aiohttp"

    def install(self) -> None:
        """Nothing."""

    def remove(self) -> None:
        """Nothing."""

    def get(self, *, url: str, count: int, at_once: int) -> Sample:
        """GET ``url`` ``count`` times, ``at_once`` at a time."""
        arguments = ["benchmarks.apps.aiohttp_script", url, str(count), str(at_once)]
        script = start(name="aiohttp", arguments=arguments, environment={}, talk=True)
        try:
            output, _ = script.communicate(timeout=LIMIT_SECONDS)
        finally:
            end([script])
        if script.returncode:
            raise RuntimeError("the aiohttp script failed: see .data/bench/aiohttp.log")
        return {"done_per_second": count / float(output)}
