"""A local HTTP service that answers each GET or POST after a delay, and counts how many it serves at once.

``python -m benchmarks.http_server DELAY_SECONDS`` prints its port and serves until killed. ``/stats`` answers
``{"served", "most_at_once"}`` and begins to count anew.
"""

from __future__ import annotations

import asyncio
import socket
import sys

from aiohttp import web


class Service:
    """The handlers, with their counters."""

    def __init__(self, *, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._served = self._now = self._most = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer after the delay."""
        self._now += 1
        self._most = max(self._most, self._now)
        try:
            await request.read()
            await asyncio.sleep(self._delay_seconds)
            self._served += 1
            return web.Response(text="ok")
        finally:
            self._now -= 1

    async def stats(self, _: web.Request) -> web.Response:
        """Tell the counts, and reset them."""
        counts = {"served": self._served, "most_at_once": self._most}
        self._served = self._most = 0
        return web.json_response(counts)


def main(*, delay_seconds: float) -> None:
    """Serve on a free port of 127.0.0.1."""
    service = Service(delay_seconds=delay_seconds)
    app = web.Application()
    app.add_routes([web.get("/", service.answer), web.post("/", service.answer), web.get("/stats", service.stats)])
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listening.getsockname()[1], flush=True)
    web.run_app(app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main(delay_seconds=float(sys.argv[1]))
