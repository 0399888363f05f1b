"""Who this worker process is, in lanes, attempts and logs."""

import os
import socket


def worker_name() -> str:
    """``host:pid``; in a forked child the child's own."""
    return f"{socket.gethostname()}:{os.getpid()}"
