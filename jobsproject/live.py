"""``python -m jobsproject.live``: the process that serves streams and long polls, by uvicorn."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence

import uvicorn

from jobs import memory
from jobsproject.asgi import application

STOP_SECONDS = 5
"""Streams end at once; whatever else is being answered has so long."""


class LiveServer(uvicorn.Server):
    """Tells the streams when it is to stop. uvicorn waits for its answers to end before it tells the application anything, and
    streams have none."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything."""
        application.close()
        await super().shutdown(sockets)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m jobsproject.live", description="Serve streams and long polls.")
    parser.add_argument("--bind", default="127.0.0.1:8002", metavar="HOST:PORT")
    host, _, port = parser.parse_args(arguments).bind.rpartition(":")
    if not (host and port.isdecimal()):
        parser.error("--bind: expected HOST:PORT")
    config = uvicorn.Config(
        application,
        host=host,
        port=int(port),
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    memory.keep_what_is_loaded()
    server = LiveServer(config)
    server.run()
    return 0 if server.started else 3


if __name__ == "__main__":
    sys.exit(main())
