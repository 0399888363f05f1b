"""What the child processes of test_child_extending.py do; `run` is called in the child."""

from __future__ import annotations

from typing import Any

from jobs.errors import TransientError
from workers.child_main import Channel


def run(*, spec: dict[str, Any], channel: Channel) -> Any:
    """Add payloads in two calls, then end as ``spec["then"]`` says."""
    channel.extend_payload({"kind": "noop", "name": "first"}, {"kind": "noop", "key": "a"})
    channel.extend_payload(*({"kind": "noop", "parameters": {"text": "x" * spec["size"]}} for _ in range(spec["many"])))
    if spec["then"] == "fail":
        raise TransientError("not today")
    return "done"
