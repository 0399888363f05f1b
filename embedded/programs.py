"""The project's own processes of `make up` and `make demo`."""

from __future__ import annotations

import sys

from embedded.errors import StartError
from embedded.supervisor import Program

MOST_BEATS = 9
_WEB = "-m gunicorn jobsproject.wsgi -k gthread -w 2 --threads 8 --no-control-socket -b 127.0.0.1:{port}"
_LIVE = "-m jobsproject.live --bind 127.0.0.1:{port}"
_BEAT = "-m celery -q -A jobsproject beat"
_WORKER = (
    "-m celery -q -A jobsproject worker -P threads -c 16 --without-mingle --without-gossip "
    "-Q default,http,datasource,spark,sinks -n {name}@%h"
)
_EXAMPLE = "-m embedded.example_service {port}"


def wanted_beats(text: str) -> int:
    """Read BEATS. Raises StartError when it is no number from 1 to `MOST_BEATS`."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_BEATS:
        raise StartError(f"BEATS must be a number from 1 to {MOST_BEATS}, not {text!r}")
    return int(text)


def programs(*, port: int, service: int, live: int, beats: int = 1) -> list[Program]:
    """What is to run, in the order in which it is started.

    Args:
        port: Of the web server.
        service: The port of the service that the examples call.
        live: The port of the live streams.
        beats: How many beats; they share the work.
    """
    names = ["beat", *(f"beat-{number}" for number in range(2, beats + 1))]
    return [
        Program("example", _python(_EXAMPLE.format(port=service)), "listening at"),
        Program("web", _python(_WEB.format(port=port)), "Listening at"),
        Program("live", _python(_LIVE.format(port=live)), "Uvicorn running on"),
        *(Program(name, _python(_BEAT), "beat: Starting") for name in names),
        *(Program(name, _python(_WORKER.format(name=name)), " ready.") for name in ("worker-1", "worker-2")),
    ]


def runs_our_python(command_line: str) -> bool:
    """Whether a process is one of them, by its command line."""
    ours = (
        "-m gunicorn jobsproject",
        "-m jobsproject.live",
        "-m celery -q -A jobsproject",
        "-m embedded.example_service",
    )
    return command_line.startswith(f"{sys.executable} ") and any(words in command_line for words in ours)


def _python(words: str) -> list[str]:
    return [sys.executable, *words.split()]
